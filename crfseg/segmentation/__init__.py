"""Text in, words out: `Segmenter`, its compiled tables and its kernels.

May import: tagging, crf, model and the rooms below them.
"""
