"""Constants shared by all hash tables."""

from __future__ import annotations

import numpy as np

#: No key is this large: keys are mixed-radix numbers below 2^63.
EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
#: The multiplier of hash functions (Knuth: 2^64 over the golden ratio).
SPREAD = np.uint64(0x9E3779B97F4A7C15)
