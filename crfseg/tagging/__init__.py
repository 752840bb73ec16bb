"""Labels of tokens: taggers of columns, of attributes, and parts of speech.

May import: model, crf and the rooms below them.
"""
