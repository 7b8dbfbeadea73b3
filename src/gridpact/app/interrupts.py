"""Ctrl-C that asks: the first one sets a mark that work looks at, the second one ends it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from gridpact.base.errors import GridpactError


class Interrupted(GridpactError):  # noqa: N818 - reads as what it is
    """A person stopped the run; the journal holds what was done, and a command goes on with it."""

    def __init__(self, resuming: str) -> None:
        super().__init__(f"stopped; what was done is kept. Go on with: {resuming}")


class Stop(Protocol):
    """Something that can be asked to stop where it does no harm."""

    asked: bool


@contextmanager
def interruptible(stop: Stop) -> Iterator[None]:
    """Let the first ctrl-C ask ``stop``; a second one raises KeyboardInterrupt at once."""

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    try:
        before = signal.signal(signal.SIGINT, ask)
    except ValueError:  # not the main thread: whoever runs us handles signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
