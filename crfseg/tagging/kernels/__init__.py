"""Compiled loops of `crfseg.tagging`: they read and write arrays only."""
