"""A simulated run on a ledger of authorities: what the loop commits is put into signed acts.

The loop hands in entries and knows nobody's keys. Here each becomes part of an act of whoever may
do it: one authority, which admits participants, and the operator, who anchors and settles. On a
ledger of a run that is real, people sign with keys of their own (``gridpact ledger``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from gridpact.app.ledgers.hands import Hand
from gridpact.app.ledgers.opened import Kept
from gridpact.ledger.acts import drafted
from gridpact.ledger.entries import Entry
from gridpact.ledger.kinds.founding import SKEW_S, Act, LedgerFounded
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.port import Receipt, Refused
from gridpact.ledger.state.rights import RIGHTS
from gridpact.ledger.stored import used_otherwise

AUTHORITY = "ledger-authority"
"""Name of the one authority of a simulated run's ledger; no participant's."""
_OPERATOR = "operator"
_WHY = "the day of a simulated community"
_ACTING = (Act, LedgerFounded, KeyBound)
"""Kinds that are added here, beside what the loop hands in."""


class Acted:
    """Commits what the loop hands in, as acts of the ``authority`` and of the ``operator``."""

    def __init__(self, ledger: Kept, hand: Hand, operator: str, authority: str = AUTHORITY) -> None:
        self._ledger, self._hand = ledger, hand
        self._operator, self._authority = operator, authority

    def commit(self, key: str, entries: Sequence[Entry], at: int) -> Receipt | Refused:
        """Put entries on the ledger, all or none; see :meth:`.port.Ledger.commit`."""
        found = self._ledger.kept(key)
        if found is not None:
            return self._again(key, found, entries)
        begun = [] if self._ledger.head().size else [self._founding()]
        return self._ledger.commit(key, [*begun, *self._acts(entries, at)], at)

    def _again(self, key: str, found: Receipt, entries: Sequence[Entry]) -> Receipt | Refused:
        """Answer as before where a key comes again with the same entries."""
        held = self._ledger.entries(found.first_index, found.first_index + found.count)
        if handed_in(held) == list(entries):
            return found
        return used_otherwise(key, found.height)

    def _founding(self) -> Entry:
        return LedgerFounded(((self._authority, self._hand.key_of(self._authority)),), 1, SKEW_S)

    def _acts(self, entries: Sequence[Entry], at: int) -> Iterator[Entry]:
        turns = dict[str, int]()
        for by, group in groupby(entries, self._actor):
            covered = [*group]
            covered += [
                KeyBound(entry.participant, self._hand.key_of(entry.participant))
                for entry in covered
                if isinstance(entry, ParticipantAuthorised) and entry.role == _OPERATOR
            ]
            before = turns.get(by, self._ledger.state().sequences.at(by, 0))
            turns[by] = before + 1
            act = drafted([by], covered, sequence=turns[by], at=at, why=_WHY)
            yield self._hand.signed(act, covered)
            yield from covered

    def _actor(self, entry: Entry) -> str:
        right = RIGHTS[type(entry)]
        return self._authority if right.authority or right.quorum else self._operator


def handed_in(entries: Sequence[Entry]) -> list[Entry]:
    """Return those entries of a run's ledger that its loop handed in."""
    return [entry for entry in entries if not isinstance(entry, _ACTING)]
