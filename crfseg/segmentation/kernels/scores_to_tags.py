"""Viterbi decoding specialised for the four-tag and the six-tag scheme.

Tags are constants here, so that the scores of all tags stay in registers. The general version
is `crf.kernels.viterbi.viterbi`.
"""

from __future__ import annotations

import numpy as np

from crfseg.jit.decorators import part


@part
def viterbi_of_words(scores, n, transitions, back, path):
    """Viterbi decoding for the tags s, b, m, e (0 .. 3).

    Tags that begin a word (s, b) follow s or e; the others (m, e) follow b or m. That is two
    predecessors per tag instead of four, and takes a third of the time of the general version.
    back uint8 [n]: a bit per tag, set if the second predecessor is the better one.
    """
    ss, es, sb, eb = transitions[0, 0], transitions[3, 0], transitions[0, 1], transitions[3, 1]
    bm, mm, be, me = transitions[1, 2], transitions[2, 2], transitions[1, 3], transitions[2, 3]
    never = np.int32(-(1 << 28))
    s, b, m, e = scores[0, 0], scores[0, 1], never, never
    for i in range(1, n):
        if i % 64 == 0:  # int32 would overflow in a very long sequence
            top = max(max(s, b), max(m, e))
            s, b, m, e = s - top, b - top, m - top, e - top
        s0, s1, b0, b1 = s + ss, e + es, s + sb, e + eb
        m0, m1, e0, e1 = b + bm, m + mm, b + be, m + me
        begins = np.uint8(s1 > s0) | (np.uint8(b1 > b0) << 1)
        back[i] = begins | (np.uint8(m1 > m0) << 2) | (np.uint8(e1 > e0) << 3)
        s, b = scores[i, 0] + max(s0, s1), scores[i, 1] + max(b0, b1)
        m, e = scores[i, 2] + max(m0, m1), scores[i, 3] + max(e0, e1)
    tag = 3 if e > s else 0
    for i in range(n - 1, -1, -1):
        path[i] = tag
        second = (back[i] >> tag) & 1
        tag = 3 * second if tag < 2 else 1 + second


@part
def viterbi_of_long_words(scores, n, transitions, back, path):
    """Viterbi decoding for the tags s, b, c, d, m, e (0 .. 5).

    c tags the second and d the third character of a word: c follows b, d follows c, m follows d
    or m, e follows b, c, d or m. back uint8 [n]: one bit each for s, b and m, two bits for e.
    """
    ss, es, sb, eb = transitions[0, 0], transitions[5, 0], transitions[0, 1], transitions[5, 1]
    bc, cd, dm, mm = transitions[1, 2], transitions[2, 3], transitions[3, 4], transitions[4, 4]
    be, ce, de, me = transitions[1, 5], transitions[2, 5], transitions[3, 5], transitions[4, 5]
    never = np.int32(-(1 << 28))
    s, b, c, d, m, e = scores[0, 0], scores[0, 1], never, never, never, never
    for i in range(1, n):
        if i % 64 == 0:  # int32 would overflow in a very long sequence
            top = max(max(max(s, b), max(c, d)), max(m, e))
            s, b, c, d, m, e = s - top, b - top, c - top, d - top, m - top, e - top
        s0, s1, b0, b1, m0, m1 = s + ss, e + es, s + sb, e + eb, d + dm, m + mm
        e0, e1, e2, e3 = b + be, c + ce, d + de, m + me
        early, late = max(e0, e1), max(e2, e3)
        begins = np.uint8(s1 > s0) | (np.uint8(b1 > b0) << 1) | (np.uint8(m1 > m0) << 2)
        which = np.uint8(e3 > e2) if late > early else np.uint8(e1 > e0)
        back[i] = begins | (which << 3) | (np.uint8(late > early) << 4)
        c, d = scores[i, 2] + b + bc, scores[i, 3] + c + cd
        s, b = scores[i, 0] + max(s0, s1), scores[i, 1] + max(b0, b1)
        m, e = scores[i, 4] + max(m0, m1), scores[i, 5] + max(early, late)
    tag = 5 if e > s else 0
    for i in range(n - 1, -1, -1):
        path[i] = tag
        if tag < 2:
            tag = 5 * ((back[i] >> tag) & 1)
        elif tag == 4:
            tag = 3 + ((back[i] >> 2) & 1)
        else:
            tag = tag - 1 if tag < 4 else 1 + (back[i] >> 3)
