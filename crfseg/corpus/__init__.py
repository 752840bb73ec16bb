"""Annotated text: corpora, their formats, word lists, tag schemes and label schemes.

May import: common, text.
"""
