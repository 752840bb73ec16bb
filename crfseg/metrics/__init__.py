"""Scores of predicted against gold words and labels: precision, recall, F1, OOV recall.

May import: common, corpus.
"""
