"""Lists the labels each slot of a family was seen with."""

from __future__ import annotations

from crfseg.jit.decorators import kernel


@kernel
def seen_labels(family, codes, inside, stamps, slot, counts, labels):
    """Count the labels each slot of a family was seen with; list them unless `labels` is empty.

    family: the tuple (starts int64 [n + 1], places int32, shifts int64 [W] descending); codes
    uint16 [N]: the label of each place; inside uint8 [N]: which places count; stamps int32, one
    for each label, scratch, all below `slot`; slot: the number of the first slot; counts int32
    [n * W] out; labels uint16 out: those of each slot in order of first occurrence.
    """
    starts, places, shifts = family
    W = len(shifts)
    total = 0
    for g in range(len(starts) - 1):
        for k in range(W):
            before = total
            for o in range(starts[g], starts[g + 1]):
                i = places[o] - shifts[k]
                if inside[i] and stamps[codes[i]] != slot + g * W + k:
                    stamps[codes[i]] = slot + g * W + k
                    if len(labels) > 0:
                        labels[total] = codes[i]
                    total += 1
            counts[g * W + k] = total - before
