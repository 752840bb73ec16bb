"""Judging models: evaluation, cross-validation, tuning.

May import: training and the rooms below it.
"""
