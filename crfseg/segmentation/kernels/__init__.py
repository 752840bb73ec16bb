"""Compiled loops of `crfseg.segmentation`: they read and write arrays only."""
