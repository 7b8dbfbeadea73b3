"""A month of a community's ledger work, drawn from a seed: who does what, day by day.

What is drawn is the same for every ledger. Signatures differ from ledger to ledger, so acts are
drafted and signed where they are handed in (:mod:`.running`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from gridpact.base.randomness import stream
from gridpact.ledger.entries import Entry
from gridpact.ledger.kinds.certificates import (
    CertificateCancelled,
    CertificateIssued,
    CertificateTransferred,
)
from gridpact.ledger.kinds.money import NetSettled, TokensMinted, TokensTransferred
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.kinds.roots import PeriodClosed, RootAnchored
from gridpact.ledger.kinds.terms import TermsCommitted

AUTHORITIES = ("auth-a", "auth-b", "auth-c")
QUORUM = 2
OPERATOR, COMMUNITY = "operator", "lane"
DAY_S = 86_400
_DAILY_KINDS = ("readings", "schedules", "executions", "statements")
_DEPOSIT = 10_000
_TOKEN = "eur-cent"  # noqa: S105 - the name of a utility token


@dataclass(frozen=True)
class Doing:
    """Entries that ``by`` put on the ledger at an instant [epoch s], as one act in one block."""

    key: str
    by: str
    at: int
    why: str
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Month:
    """How many members and days there are, and what the work is drawn from.

    ``per_act`` bounds the entries of one act; a chain takes transactions of a bounded size.
    """

    members: int = 40
    days: int = 30
    first: date = date(2026, 6, 1)
    seed: int = 0
    per_act: int = 40

    @property
    def energy_wh(self) -> int:
        """Energy that the members draw and that is settled [Wh]."""
        return sum(self._drawn_wh(day) for day in range(self.days))

    @property
    def name(self) -> str:
        """The month as a period, such as ``2026-06``."""
        return f"{self.first:%Y-%m}"

    def work(self) -> Iterator[Doing]:
        """Yield what is done, in order, after the ledger is founded and the operator admitted."""
        yield from self._parts("join", "auth-a", self._at(0) - DAY_S, "they join", self._joining())
        yield from self._parts("mint", OPERATOR, self._at(0), "deposits came in", self._minting())
        for day in range(self.days):
            yield from self._day(day)
        yield from self._closing()

    def _day(self, day: int) -> Iterator[Doing]:
        when, at = self.first + timedelta(days=day), self._at(day + 1)
        roots: list[Entry] = [
            RootAnchored(kind, COMMUNITY, str(when), self.members, self._root(kind, day))
            for kind in _DAILY_KINDS
        ]
        sessions = TermsCommitted(f"{when}.day-ahead", self.members, self._root("terms", day))
        yield from self._parts(f"{when}", OPERATOR, at, "the day is settled", [sessions, *roots])
        paid = self._trades(day)
        yield from self._parts(f"{when}/paid", OPERATOR, at, "neighbours paid", paid)

    def _closing(self) -> Iterator[Doing]:
        at = self._at(self.days)
        made, used = self._certificates()
        yield from self._parts("issue", "auth-a", at, "solar energy was metered", made)
        yield from self._parts("use", OPERATOR, at, "members used solar energy", used)
        settled: list[Entry] = [self._net(), PeriodClosed(COMMUNITY, self.name)]
        yield Doing("closed", OPERATOR, at, "the month is final", settled)

    def _parts(
        self, key: str, by: str, at: int, why: str, entries: Sequence[Entry]
    ) -> Iterator[Doing]:
        for part, start in enumerate(range(0, len(entries), self.per_act)):
            yield Doing(f"{key}/{part}", by, at, why, entries[start : start + self.per_act])

    def _joining(self) -> list[Entry]:
        names = (COMMUNITY, *map(home, range(self.members)))
        return [ParticipantAuthorised(name, "prosumer") for name in names]

    def _minting(self) -> list[Entry]:
        return [
            TokensMinted(_TOKEN, home(row), _DEPOSIT, f"{self.name}/deposit-{row}")
            for row in range(self.members)
        ]

    def _trades(self, day: int) -> list[Entry]:
        """Let half of the members pay a neighbour a small amount."""
        drawn = stream(self.seed, "compare", "trades", day)
        order = drawn.permutation(self.members)
        amounts = drawn.integers(1, 100, self.members)
        return [
            TokensTransferred(_TOKEN, home(int(giver)), home(int(taker)), int(amounts[giver]))
            for giver, taker in zip(order[::2], order[1::2], strict=False)
        ]

    def _certificates(self) -> tuple[list[Entry], list[Entry]]:
        """Issue what every third member's roof gave; a part goes to a neighbour, who uses it."""
        made, used = list[Entry](), list[Entry]()
        for row in range(0, self.members - 1, 3):
            name, owner, other = f"{self.name}/go-{row}", home(row), home(row + 1)
            made.append(
                CertificateIssued(name, f"roof-{row:03}", owner, self.name, "solar", 300_000)
            )
            used += [
                CertificateTransferred(name, owner, other, 100_000),
                CertificateCancelled(name, other, 100_000, self.name),
            ]
        return made, used

    def _net(self) -> NetSettled:
        """Draw net positions [cents] of all members that sum to zero."""
        drawn = stream(self.seed, "compare", "net").integers(-4000, 4000, self.members)
        amounts = [int(each) for each in drawn]
        amounts[-1] -= sum(amounts)
        pairs = sorted((home(row), amount) for row, amount in enumerate(amounts))
        return NetSettled(self.name, "EUR", tuple(pairs))

    def _drawn_wh(self, day: int) -> int:
        each = stream(self.seed, "compare", "energy", day).integers(5_000, 15_000, self.members)
        return int(each.sum())

    def _root(self, kind: str, day: int) -> bytes:
        return sha256(f"{self.seed}/{kind}/{day}".encode()).digest()

    def _at(self, day: int) -> int:
        begins = datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)
        return int(begins.timestamp()) + day * DAY_S


def home(row: int) -> str:
    """Name of a member."""
    return f"home-{row:04}"
