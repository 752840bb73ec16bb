"""Judging and explaining models: evaluation, cross-validation, tuning, explanations.

May import: training and the rooms below it.
"""
