"""Progress and timings: what a person sees while a run goes on."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

PHASES = {
    "history-requested": "reading history",
    "forecast-due": "forecasting",
    "needs-requested": "asking owners",
    "prices-requested": "fetching prices",
    "plan-due": "scheduling",
    "replan-due": "scheduling",
    "gate-closed": "clearing",
    "session-cleared": "contracting",
    "dispatch-issued": "dispatching and metering",
    "day-metered": "settling",
    "day-settled": "billing and proving",
    "commit-requested": "committing to the ledger",
}
"""Name of the phase of the loop in which a kind of message is worked on."""
OTHER = "keeping the books"


class Stopwatch:
    """Counts wall time [s] and turns by phase; tells when a phase begins."""

    def __init__(self, tell: Callable[[str, int], None] | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self.turns: dict[str, int] = {}
        self._tell = tell
        self._phase = OTHER
        self._since = perf_counter()

    def turn(self, kind: str, time: int, *, effect: bool) -> None:
        """Note that the loop turns to a message; see :class:`gridpact.kernel.loop.Watch`."""
        phase = PHASES.get(kind, OTHER)
        self._account()
        if self._tell and phase != self._phase and phase != OTHER:
            self._tell(phase, time)
        self._phase = phase
        self.turns[phase] = self.turns.get(phase, 0) + 1

    def enter(self, phase: str) -> None:
        """Begin a phase outside the loop, such as writing the report."""
        self._account()
        if self._tell:
            self._tell(phase, 0)
        self._phase = phase
        self.turns[phase] = self.turns.get(phase, 0) + 1

    def _account(self) -> None:
        now = perf_counter()
        self.seconds[self._phase] = self.seconds.get(self._phase, 0.0) + now - self._since
        self._since = now

    def summary(self) -> list[tuple[str, float, int]]:
        """Phase, seconds and turns, longest first."""
        self._account()
        rows = [(name, spent, self.turns.get(name, 0)) for name, spent in self.seconds.items()]
        return sorted(rows, key=lambda row: -row[1])
