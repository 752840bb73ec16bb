"""How the command ends when it is told to: after whole lines, and with its files tidied up."""

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
    """Have Ctrl-C and SIGTERM wait for what is being written; a second one does not wait."""
    # Who is started in the background does not hear of Ctrl-C.
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
    """Signals that come meanwhile are heeded at the end."""
    global _writing
    _writing = True
    try:
        yield
    finally:
        _writing = False
    if _asked is not None:
        _stop(_asked, None)
