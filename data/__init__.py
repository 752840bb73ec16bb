"""The default model and the sample corpora of crfseg, as package data."""
