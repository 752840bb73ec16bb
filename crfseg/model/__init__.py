"""Saved models of every kind, their files, text dumps and summaries.

May import: common, text, jit, corpus, features.
"""

from crfseg.model.dump import files as files  # gives SavedModel its text form
