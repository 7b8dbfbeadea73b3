"""Clocks. Domain code never asks for the time: it is told, with every message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Decides when the loop may go on to an instant."""

    def reach(self, instant: int) -> int:
        """Wait until ``instant`` [s since the epoch] and return the time it then is.

        An instant that has come is reached without a wait. A clock that was interrupted by
        :meth:`wake` may return earlier.
        """

    def wake(self) -> None:
        """End a wait early, because a message has come in from outside. Safe from any thread."""


class VirtualClock:
    """Jumps to the next instant at once; simulations and replays run on it."""

    def reach(self, instant: int) -> int:
        """Return ``instant`` immediately."""
        return instant

    def wake(self) -> None:
        """Nothing to wake: this clock never waits."""


class WallClock:
    """Real time, from functions handed in so that no other module can read the time by itself.

    ``read() -> seconds since the epoch``; ``wait(seconds)`` sleeps at most that long and returns
    early once ``wake`` was called (``threading.Event`` does both).
    """

    def __init__(
        self,
        read: Callable[[], float],
        wait: Callable[[float], object],
        wake: Callable[[], None],
    ) -> None:
        self._read, self._wait, self._wake = read, wait, wake

    def reach(self, instant: int) -> int:
        """Sleep until ``instant`` or until woken; return the current whole second."""
        now = self._read()
        if now < instant:
            self._wait(instant - now)
        return int(self._read())

    def wake(self) -> None:
        """End the current wait."""
        self._wake()
