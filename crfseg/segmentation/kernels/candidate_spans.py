"""Find candidate spans for addresses and grouped numbers, which `protected_spans` then checks."""

from __future__ import annotations

import numpy as np

from crfseg.jit.bits import low_zeros
from crfseg.jit.decorators import part
from crfseg.jit.memory import load_word
from crfseg.segmentation.kernels.layout import ADDRESS, NUMBER

_OTHER, _DIGIT, _SIGN, _AROUND = 0, 1, 2, 3
_ZERO, _NINE, _AT, _COLON, _SLASH, _STOP = 0x30, 0x39, 0x40, 0x3A, 0x2F, 0x2E
_COMMA, _HYPHEN, _PERCENT = 0x2C, 0x2D, 0x25
_LOW, _HIGH, _EF = (np.uint64(byte * 0x0101010101010101) for byte in (0x01, 0x80, 0xEF))
_FIRST, _LAST = 0x21, 0x7E  # printable ASCII


@part
def zeros(word):
    """Set the high bit of each zero byte (and of some bytes above a zero byte)."""
    return (word - _LOW) & ~word


@part
def kind_of(text, at):
    """The role of a character in a number, and its length in bytes; EF BC .. is full-width."""
    byte, length = text[at], 1
    if byte == 0xEF and at + 2 < len(text) and text[at + 1] == 0xBC and text[at + 2] <= 0xBF:
        byte, length = text[at + 2] - 0x60, 3
        if byte in (_HYPHEN, _SLASH):
            return _OTHER, length
    if _ZERO <= byte <= _NINE:
        return _DIGIT, length
    if byte in (_COMMA, _COLON, _HYPHEN, _SLASH):
        return _SIGN, length
    if byte in (_STOP, _PERCENT):
        return _AROUND, length
    return _OTHER, length


@part
def find_runs(text, runs):
    """List candidate runs of characters; returns their number.

    text uint8 [n]; runs int32 [n // 2 + 2, 3] out: first byte, end, kind. ADDRESS: a run of
    printable ASCII that contains "@", "://" or "w."; NUMBER: a run of digits and characters
    allowed among them, with a sign between two digits.
    """
    found = 0
    ascii_run = number_run = -1
    address = number = False
    before, last = _OTHER, _OTHER  # the kinds of the two preceding characters
    i = 0
    while i <= len(text):
        if ascii_run < 0 and number_run < 0:
            # Skip bytes that are neither ASCII nor EF, eight at a time: most text has few.
            while i + 8 <= len(text):
                word = load_word(text, i)
                looked_for = (~word | zeros(word ^ _EF)) & _HIGH
                step = low_zeros(looked_for) >> 3
                i += step
                if step < 8:
                    break
            last = _OTHER
        byte = text[i] if i < len(text) else 0
        if _FIRST <= byte <= _LAST:
            if ascii_run < 0:
                ascii_run = i
            address |= byte == _AT
            address |= byte == _SLASH and i > ascii_run + 1 and (
                text[i - 1] == _SLASH and text[i - 2] == _COLON
            )  # fmt: skip
            address |= byte == _STOP and i > ascii_run and text[i - 1] | 0x20 == 0x77
        elif ascii_run >= 0:
            if address:
                runs[found, 0], runs[found, 1], runs[found, 2] = ascii_run, i, ADDRESS
                found += 1
            ascii_run, address = -1, False
        kind, length = _OTHER, 1
        if i < len(text):
            kind, length = kind_of(text, i)
        if kind == _OTHER:
            if number:
                runs[found, 0], runs[found, 1], runs[found, 2] = number_run, i, NUMBER
                found += 1
            number_run, number = -1, False
        else:
            if number_run < 0 and kind == _DIGIT:
                number_run = i
            number |= kind == _DIGIT and last == _SIGN and before == _DIGIT
        before, last = last, kind
        i += length
    return found
