"""Taggers: for tokens with columns, for items with attributes, and for parts of speech.

May import: model, crf and the rooms below them.
"""
