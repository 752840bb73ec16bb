"""SIGINT/SIGTERM handling: exit after whole output lines, with temporary files removed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATED = 143

_writing = False
_asked: int | None = None


def handle_signals() -> None:
    """Make Ctrl-C and SIGTERM wait for the current write; a second signal does not wait."""
    # Leave SIGINT alone if it is ignored, as for background processes of a shell script.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    global _asked
    if _writing and _asked is None:
        _asked = number
    elif number == signal.SIGINT:
        raise KeyboardInterrupt
    else:
        sys.exit(TERMINATED)


@contextmanager
def unbroken() -> Iterator[None]:
    """Defer signals until the end of the block."""
    global _writing
    _writing = True
    try:
        yield
    finally:
        _writing = False
    if _asked is not None:
        _stop(_asked, None)
