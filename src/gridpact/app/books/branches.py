"""What of a run goes on a ledger: terms, readings day by day, and lines, under salted leaves.

A branch is one root. Its leaves have subjects: members, owners of lines, and the parts of the rules
that all have in common, which the operator's secret salts. The subject of such a part begins with
a slash, as no identifier does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.app.books.inputs import digest_of
from gridpact.app.books.remaking import Remade
from gridpact.app.books.sharing import sharing_digest
from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Ints
from gridpact.ledger.leaves import LeafBody, encode, leaf, salt
from gridpact.settlement.lines import Head, Lines
from gridpact.settlement.periods.rules import Rules
from gridpact.settlement.runs.run import Run

PART = "/"
_WORDS = 4


class Branch(NamedTuple):
    """Leaves under one root: subjects in their order, each with its values, int64.

    ``slots`` are those of the day that readings are of.
    """

    kind: str
    period: str
    values: dict[str, Ints]
    slots: Slots | None = None

    def leaves(self, secrets: Mapping[str, bytes], operator: str) -> dict[str, bytes | None]:
        """Return each subject's leaf [32 bytes], None for one whose secret is no more."""
        return {subject: self._leaf(subject, secrets, operator) for subject in self.values}

    def body(self, subject: str) -> bytes:
        """Return what a subject's leaf commits to."""
        return encode(LeafBody(self.kind, subject, self.period, self.values[subject]))

    def salt(self, subject: str, secret: bytes) -> bytes:
        """Return the salt of a subject's leaf."""
        return salt(secret, self.kind, subject, self.period)

    def _leaf(self, subject: str, secrets: Mapping[str, bytes], operator: str) -> bytes | None:
        secret = secrets.get(operator if subject.startswith(PART) else subject)
        return None if secret is None else leaf(self.salt(subject, secret), self.body(subject))


def name_of(run: Run) -> str:
    """Return the period that a run's roots are anchored for; it lies within the run's own."""
    return f"{run.period}-run-{run.number}"


def operator_of(rules: Rules) -> str:
    """Return the party that keeps the books; "" where the rules name none."""
    return next((name for name, role in rules.parties.items() if role == "operator"), "")


def branches(again: Remade) -> Iterator[Branch]:
    """Yield the branches of a run: terms, readings of each local day, lines."""
    name = name_of(again.made.run)
    yield Branch("terms", name, dict(_terms(again)))
    for day, slots in _days(again):
        yield Branch("readings", f"{name}-{day}", _readings(again, slots), slots)
    yield statements(again.made.run, again.booked)


def statements(run: Run, booked: Lines) -> Branch:
    """Return the branch of lines, by owner.

    Rows of a leaf are exact amount, rounded amount, energy, begin and end of the span, and the
    SHA-256 of the line's head as four numbers.
    """
    found = {}
    words = np.array([_words(_digest(head)) for head in booked.heads], np.int64)
    for owner in booked.owners:
        own = booked.of(owner)
        columns = (own.nano, own.minor, own.energy_wh, own.first_s, own.end_s)
        heads = words.reshape(-1, _WORDS)[own.head].T
        found[owner] = np.ascontiguousarray(np.concatenate([np.stack(columns), heads]))
    return Branch("statements", name_of(run), found)


def _terms(again: Remade) -> Iterator[tuple[str, Ints]]:
    """Yield digests of rules, series and sharing rules, and of what each member has of its own."""
    made, rules = again.made, again.made.rules
    yield f"{PART}rules", _words(_digest(msgspec.structs.replace(rules, members=())))
    for series, known in sorted({**made.prices, **made.own}.items()):
        yield f"{PART}series/{series}", _words(digest_of(known))
    if made.sharing:
        yield f"{PART}sharing", _words(sharing_digest(Path(made.sharing[0])))
    for member in rules.members:
        yield member.id, _words(_digest(member))


def _readings(again: Remade, slots: Slots) -> dict[str, Ints]:
    """Return withdrawal and injection [Wh] of members in a day, and where each is known."""
    found = again.source.read(slots, slice(0, len(again.made.rules.members)))
    all_known = (np.ones_like(found.withdrawal_wh),) * 2
    known = all_known if found.present is None else tuple(p.astype(np.int64) for p in found.present)
    values = np.stack([found.withdrawal_wh, found.injection_wh, *known], axis=1)
    rows = zip(again.made.rules.members, values, strict=True)
    return {member.id: np.ascontiguousarray(row, np.int64) for member, row in rows}


def _days(again: Remade) -> Iterator[tuple[date, Slots]]:
    calendar = Calendar(again.made.rules.timezone, again.made.rules.step_s)
    day = calendar.date_of(again.period.start)
    while (slots := calendar.day(day)).start < again.period.end:
        yield day, slots
        day += timedelta(days=1)


def _digest(value: Rules | Head | msgspec.Struct) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def _words(digest: str) -> Ints:
    return np.frombuffer(bytes.fromhex(digest), "<i8").astype(np.int64)
