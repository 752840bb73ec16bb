"""Compiled loops of `crfseg.training`: they read and write arrays only."""
