"""Compiled loops of `crfseg.crf`: they read and write arrays only."""
