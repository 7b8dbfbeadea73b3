"""Whom one must trust for what, on each kind of ledger, and which of them a community needs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gridpact.app.ledgers.comparing.engines import Kind
from gridpact.app.ledgers.comparing.running import Taken

_FAULTY_PART = 3
"""Of n validators that agree by voting, (n − 1) // 3 may be faulty (Castro and Liskov, 1999)."""


class Trust(msgspec.Struct, frozen=True):
    """What holds on a kind of ledger, and who must be trusted for it, in sentences."""

    stands: str
    keeps: str
    rewrites: str
    rules: str
    asks: str


_LOG_REWRITES = (
    "Whoever keeps it could write another past; any member or witness who kept a head finds out "
    "and proves it."
)
_LOG_RULES = (
    "Signatures of all who act are checked by whoever keeps it, and by everybody who verifies. "
    "Nobody can act in another's name."
)
TRUST: dict[Kind, Trust] = {
    "file": Trust(
        "No machine may fail: it stands still until the one machine, or a copy of its file, runs.",
        "One operator, for taking in what is handed in.",
        _LOG_REWRITES,
        _LOG_RULES,
        "A machine, and a copy of one file elsewhere.",
    ),
    "database": Trust(
        "The database's own replicas take over where they are set up; else no machine may fail.",
        "One operator and who runs its database, for taking in what is handed in.",
        _LOG_REWRITES,
        _LOG_RULES,
        "A database server, which many communities can share.",
    ),
    "node": Trust(
        "No machine may fail: it stands still until the one node runs.",
        "Who runs the node, for taking in what is handed in.",
        "Who runs the node could begin another chain; whoever kept a head finds out.",
        "Contracts check every rule as well; no program of the operator can leave one out.",
        "A node, an account with a key for each authority, and contracts to keep up.",
    ),
    "validators": Trust(
        "",
        "Nobody alone: what one validator leaves out, the next takes in.",
        "Only validators that vote together, more than two thirds of them, could write another "
        "past.",
        "Contracts check every rule on every validator; no operator's program can leave one out.",
        "Validators run by parties that do not depend on one another, day and night.",
    ),
}


def faulty(validators: int) -> int:
    """How many of so many validators may fail, or lie, while the others go on."""
    return max(validators - 1, 0) // _FAULTY_PART


def stands(taken: Taken) -> str:
    """Say what may fail before a ledger stands still."""
    if taken.kind != "validators":
        return TRUST[taken.kind].stands
    some = faulty(taken.validators)
    return f"{some} of {taken.validators} may fail or lie; with {some + 1} gone it stands still."


class Need(msgspec.Struct, frozen=True):
    """A question whose answer points to a kind of ledger."""

    question: str
    answer: str


def needs(found: Sequence[Taken], peak: float) -> tuple[Need, ...]:
    """Say plainly which ledger answers which need; ``peak`` is what the work asks [1/s]."""
    slow = [each.name for each in found if each.per_second < peak]
    fast = (
        f"All of them: the work asks {peak:,.2f} operations a second at its busiest."
        if not slow
        else f"All but {', '.join(slow)}: the work asks {peak:,.2f} operations a second."
    )
    return (
        Need("Which is fast enough for us?", fast),
        Need(
            "Do members trust the operator to take in what they hand in?",
            "Then a local log is enough: nobody can change the past unseen, or act in another's "
            "name. Let one other party witness it, and keep a copy elsewhere.",
        ),
        Need(
            "Do many communities keep their logs in one place?",
            "Then keep them in PostgreSQL, which backs up and replicates them all in one way.",
        ),
        Need(
            "Could the operator leave entries out, or stop, to somebody's harm?",
            "Then a chain of validators that different parties run. Below four, no failure is "
            "tolerated, and a single node is trusted as an operator's log is.",
        ),
        Need(
            "Must money move by itself when both sides have signed (escrow, channels)?",
            "Then contracts on a chain hold it; on a log an operator does, and can be held to it "
            "afterwards alone.",
        ),
    )
