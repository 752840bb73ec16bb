"""From a corpus to weights: settings, L-BFGS, checkpoints, export, teaching.

May import: segmentation, metrics and the rooms below them.
"""
