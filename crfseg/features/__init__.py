"""From text to ids: templates, alphabets, lexicons, feature tables, n-gram indexes.

May import: common, text, jit, corpus.
"""
