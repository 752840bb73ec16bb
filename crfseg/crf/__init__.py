"""From scores to tags, for any labels: objectives, forward-backward, Viterbi, LinearChain.

May import: common, text, jit, corpus, features.
"""
