"""Verification of signed readings in batches: what is wrong, at which reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gridpact.base.slots import iso
from gridpact.base.units import Bools, Ints
from gridpact.metering.edge.contents import impossible
from gridpact.metering.edge.records import (
    DOMAIN,
    HASH_BYTES,
    Records,
    Stream,
    bodies,
    digest,
    encoded_point,
)
from gridpact.metering.edge.statements import Statement, Term, terms

Kind: TypeAlias = Literal[
    "bad-signature",
    "wrong-device",
    "replay",
    "fork",
    "broken-chain",
    "gap",
    "out-of-order",
    "clock-back",
    "impossible",
    "pause",
    "cut-off",
    "left-over",
]
_OF_OTHERS: tuple[Kind, ...] = ("gap", "cut-off", "left-over")
"""What is told at a reading, but of those that are not there."""
BATCH = 1 << 16
"""Readings whose signed bytes are held at a time."""
_LATEST = np.iinfo(np.int64).max


class Finding(msgspec.Struct, frozen=True, order=True):
    """Something wrong: ``row`` is the reading's place in the stream, its length at the end."""

    row: int
    kind: Kind
    point: str
    words: str


class Head(msgspec.Struct, frozen=True, order=True):
    """How far a device's chain is known: its last sequence, that reading's digest, its slot's end.

    A device of which nothing is known yet has no head.
    """

    point: str
    device: bytes
    sequence: int
    digest: bytes
    end_s: int


class Verified(msgspec.Struct, frozen=True):
    """Findings by row, which readings nothing is wrong with, and where the chains now end.

    ``sound`` is bool [readings]; a reading after a gap is sound itself when its signature holds and
    nothing but the gap is told of it. ``pauses`` are readings that begin after the one before them
    ended, though none is missing between: the device signed nothing of that time.
    """

    sound: Bools
    found: tuple[Finding, ...]
    heads: tuple[Head, ...]
    pauses: tuple[Finding, ...] = ()


def verify(
    stream: Stream,
    statements: Sequence[Statement],
    *,
    heads: Sequence[Head] = (),
    due: Sequence[Head] = (),
) -> Verified:
    """Verify signed readings of any number of devices.

    Parameters
    ----------
    stream : Stream
        Readings in the order in which they came.
    statements : sequence of Statement
        Which devices read which points; their signatures are checked by
        :func:`~gridpact.metering.edge.statements.problems`.
    heads : sequence of Head
        Where chains ended before: the stream goes on from there.
    due : sequence of Head
        How far chains must reach at least, as others know it: without it nobody can tell that the
        end of a stream was cut off.

    Notes
    -----
    Every signature is checked by itself. A reading whose signature does not hold, or that another
    device signed than the point's, takes no further part: the sequence then lacks one.
    """
    chain = _Chains(stream.records, terms(statements), heads)
    chain.check_signatures()
    chain.check_sequences()
    chain.check_links()
    chain.check_contents()
    chain.check_ends(due)
    if stream.left_over:
        words = f"{stream.left_over} bytes make no whole reading"
        chain.found.append(Finding(len(stream.records), "left-over", "", words))
    wrong = [each.row for each in chain.found if each.kind not in _OF_OTHERS]
    sound = np.ones(len(stream.records), np.bool_)
    sound[np.array(wrong, dtype=np.int64)] = False
    return Verified(sound, tuple(sorted(chain.found)), chain.heads(), tuple(sorted(chain.pauses)))


class _Chains:
    """Readings in columns, by the chain (term of a device) that each belongs to."""

    def __init__(self, records: Records, stated: list[Term], heads: Sequence[Head]) -> None:
        body = records["body"]
        self._records, self._terms = records, stated
        self._points = [term.statement.point for term in stated]
        self._sequence = body["sequence"].astype(np.int64)
        self._start = body["slot_start"].astype(np.int64)
        self._end = self._start + body["step"].astype(np.int64)
        self._digest = np.zeros(len(records), f"V{HASH_BYTES}")
        self._chain = self._chains_of(records)
        self._known = {(head.point, head.device): head for head in heads}
        self._last = [self._head_of(term) for term in stated]
        self._rows: Ints = np.zeros(0, np.int64)  # one row of each chain and sequence, in order
        self._told: dict[tuple[int, int], set[bytes]] = {}  # digests of repeated sequences
        self.found: list[Finding] = []
        self.pauses: list[Finding] = []

    def _chains_of(self, records: Records) -> Ints:
        """Chain of every reading, -1 where no statement puts its device there at the time."""
        keys = [encoded_point(t.statement.point) + t.statement.device for t in self._terms]
        place = {key: chain for chain, key in enumerate(keys)}
        names = zip(
            records["body"]["point"].tolist(), records["body"]["device"].tolist(), strict=True
        )
        chain = np.array([place.get(p + d, -1) for p, d in names], dtype=np.int64)
        if not self._terms:
            return chain
        first = np.array([term.statement.from_s for term in self._terms], dtype=np.int64)
        until = np.array([t.until_s if t.until_s is not None else _LATEST for t in self._terms])
        within = (self._start >= first[chain]) & (self._end <= until[chain])
        return np.where(within, chain, -1)

    def _head_of(self, term: Term) -> Head:
        each = term.statement
        begin = Head(each.point, each.device, -1, each.genesis, each.from_s)
        return self._known.get((each.point, each.device), begin)

    def check_signatures(self) -> None:
        """Check who signed, and hash what was signed; only what holds stays in a chain."""
        for row in np.flatnonzero(self._chain < 0).tolist():
            point = self._records["body"]["point"][row].decode(errors="replace")
            self._tell(row, "wrong-device", "no statement puts the device there then", point)
        keys = [Ed25519PublicKey.from_public_bytes(t.statement.device) for t in self._terms]
        rows = np.flatnonzero(self._chain >= 0)
        for begin in range(0, rows.size, BATCH):
            part = rows[begin : begin + BATCH]
            signed, signatures = bodies(self._records[part]), self._records["signature"][part]
            chains = self._chain[part].tolist()
            held = [
                _holds(keys[chain], signature, DOMAIN + body)
                for chain, signature, body in zip(chains, signatures.tolist(), signed, strict=True)
            ]
            self._digest[part] = np.frombuffer(b"".join(map(digest, signed)), f"V{HASH_BYTES}")
            for row in part[~np.array(held, dtype=np.bool_)].tolist():
                self._tell(row, "bad-signature", "the signature is not the device's")
                self._chain[row] = -1

    def check_sequences(self) -> None:
        """Find replays, forks, and readings that came late; keep one of each sequence."""
        rows = np.flatnonzero(self._chain >= 0)
        rows = rows[np.argsort(self._chain[rows], kind="stable")]
        known = np.array([head.sequence for head in self._last], dtype=np.int64)
        if rows.size:
            before = self._sequence[rows] <= known[self._chain[rows]]
            for row in rows[before].tolist():
                self._tell(row, "replay", f"sequence {self._sequence[row]} was told before")
            rows = rows[~before]
        order = rows[np.lexsort((rows, self._sequence[rows], self._chain[rows]))]
        same = self._follows(order, 0)
        for place in np.flatnonzero(same).tolist():
            self._repeated(order, place + 1)
        place_of = np.zeros(len(self._records), np.int64)
        place_of[order] = np.cumsum(np.r_[1, ~same]) if order.size else 0
        latest = np.maximum.accumulate(place_of[rows])
        for row in rows[place_of[rows] < latest].tolist():
            self._tell(row, "out-of-order", "it came after a reading with a later sequence")
        self._rows = order[np.r_[True, ~same]] if order.size else order

    def _repeated(self, order: Ints, place: int) -> None:
        """Tell a replay from a fork: a row repeats the sequence of the row before it."""
        row, before = int(order[place]), int(order[place - 1])
        key = (int(self._chain[row]), int(self._sequence[row]))
        told = self._told.setdefault(key, {bytes(self._digest[before])})
        if bytes(self._digest[row]) in told:
            self._tell(row, "replay", f"sequence {key[1]} was told before, word for word")
        else:
            self._tell(row, "fork", f"the device signed another reading of sequence {key[1]}")
        told.add(bytes(self._digest[row]))

    def check_links(self) -> None:
        """Find gaps, links that do not point back to the reading before, and clocks gone back."""
        rows = self._rows
        follows = np.r_[False, self._follows(rows, 1)] if rows.size else np.zeros(0, np.bool_)
        first = np.r_[True, np.diff(self._chain[rows]) != 0] if rows.size else follows
        before = np.r_[rows[:1], rows[:-1]]
        parent, ended = self._digest[before], self._end[before]
        due = self._sequence[before] + 1
        for place in np.flatnonzero(first).tolist():
            head = self._last[int(self._chain[rows[place]])]
            parent[place] = np.frombuffer(head.digest, f"V{HASH_BYTES}")[0]
            due[place], ended[place] = head.sequence + 1, head.end_s
        follows = np.where(first, self._sequence[rows] == due, follows)
        previous = self._records["body"]["previous"][rows]
        for place in np.flatnonzero(~follows).tolist():
            told, row = int(self._sequence[rows[place]]), int(rows[place])
            self._tell(row, "gap", f"sequences {due[place]} to {told - 1} are missing before it")
        for place in np.flatnonzero(follows & (previous != parent)).tolist():
            self._unlinked(int(rows[place]), bytes(previous[place]))
        for row in rows[self._start[rows] < ended].tolist():
            self._tell(row, "clock-back", "its slot begins before the one before it ended")
        paused = follows & (self._start[rows] > ended) & (due > 0)
        for place in np.flatnonzero(paused).tolist():
            row, since = int(rows[place]), iso(int(ended[place]))
            words = f"nothing was signed from {since} to {iso(int(self._start[row]))}"
            point = self._points[int(self._chain[row])]
            self.pauses.append(Finding(row, "pause", point, words))

    def check_contents(self) -> None:
        """Find readings that say what no meter measures."""
        for row, words in impossible(self._records):
            if self._chain[row] >= 0:
                self._tell(row, "impossible", words)

    def _unlinked(self, row: int, previous: bytes) -> None:
        """A link may point to the other side of a fork, which has been told already."""
        before = (int(self._chain[row]), int(self._sequence[row]) - 1)
        if previous not in self._told.get(before, set()):
            words = "it points back to another reading than the one before it"
            self._tell(row, "broken-chain", words)

    def check_ends(self, due: Sequence[Head]) -> None:
        """Find chains that end before they must, or by another reading than others know."""
        for each in due:
            chain = next((c for c, t in enumerate(self._terms) if _of(t, each)), None)
            mine = self._rows if chain is None else self._rows[self._chain[self._rows] == chain]
            last = self._last[chain] if chain is not None else None
            reached = int(self._sequence[mine].max(initial=last.sequence if last else -1))
            row = len(self._records)
            if chain is None or reached < each.sequence:
                words = f"others know readings up to sequence {each.sequence}"
                self._tell(row, "cut-off", words, each.point)
            else:
                self._hold_end(mine, each, last)

    def _hold_end(self, mine: Ints, due: Head, last: Head | None) -> None:
        at = mine[self._sequence[mine] == due.sequence]
        known = bytes(self._digest[at[0]]) if at.size else b""
        if last is not None and last.sequence == due.sequence:
            known = last.digest
        if known and known != due.digest:
            row = int(at[0]) if at.size else len(self._records)
            self._tell(row, "fork", f"others know another sequence {due.sequence}", due.point)

    def heads(self) -> tuple[Head, ...]:
        """Return where every chain ends, of those with any reading."""
        found = list(self._last)
        for row in self._rows.tolist():
            chain = int(self._chain[row])
            each = self._terms[chain].statement
            found[chain] = Head(
                each.point,
                each.device,
                int(self._sequence[row]),
                bytes(self._digest[row]),
                int(self._end[row]),
            )
        return tuple(sorted(head for head in found if head.sequence >= 0))

    def _follows(self, rows: Ints, by: int) -> Bools:
        """Tell of each row but the first whether it is ``by`` sequences after the one before."""
        alike = np.diff(self._chain[rows]) == 0
        return np.asarray(alike & (np.diff(self._sequence[rows]) == by), dtype=np.bool_)

    def _tell(self, row: int, kind: Kind, words: str, point: str | None = None) -> None:
        name = self._points[int(self._chain[row])] if point is None else point
        self.found.append(Finding(row, kind, name, words))


def _of(term: Term, head: Head) -> bool:
    return (term.statement.point, term.statement.device) == (head.point, head.device)


def _holds(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
