"""Compiled loops of `crfseg.features`: they read and write arrays only."""
