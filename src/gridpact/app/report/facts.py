"""What a report says about the run that its record does not hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunFacts:
    """Where a run came from and where it ended. Hashes and keys are hex.

    ``command`` makes the run again and ``verify`` checks its folder; ``version`` is gridpact's.
    ``timings`` are wall seconds and turns by phase, the only part of a report that differs between
    runs of the same scenario.
    """

    scenario: str
    command: str
    seed: int
    version: str
    state_hash: str
    journal_head: str
    ledger_height: int
    ledger_root: str
    ledger_key: str
    verify: str = "gridpact verify DIR"
    timings: tuple[tuple[str, float, int], ...] = ()
    warnings: tuple[str, ...] = ()
