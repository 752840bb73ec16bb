"""Saved models of every kind, their files, text dumps and summaries.

May import: common, text, jit, corpus, features.
"""

from crfseg.model import text_form as text_form
