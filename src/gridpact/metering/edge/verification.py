"""Verification of signed readings in batches: what is wrong, at which reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gridpact.base.slots import iso
from gridpact.base.units import Bools, Ints
from gridpact.metering.edge.contents import impossible
from gridpact.metering.edge.findings import DOUBTED, OF_OTHERS, Finding, Head, Kind, Placed
from gridpact.metering.edge.records import (
    DOMAIN,
    HASH_BYTES,
    Digests,
    Records,
    Stream,
    bodies,
    digest,
    encoded_point,
)
from gridpact.metering.edge.remembered import Remembered, nothing_remembered, times
from gridpact.metering.edge.standing import Message, Standing
from gridpact.metering.edge.statements import Statement, Term, terms

_FORK = 1 + DOUBTED.index("fork")
BATCH = 1 << 16
"""Readings whose signed bytes are held at a time."""
_LATEST = np.iinfo(np.int64).max


class Verified(msgspec.Struct, frozen=True):
    """Findings by row, which readings nothing is wrong with, and where the chains now end.

    ``sound`` is bool [readings]; a reading after a gap is sound itself when its signature holds and
    nothing but the gap is told of it. ``pauses`` are readings that begin after the one before them
    ended, though none is missing between: the device signed nothing of that time. ``known`` are the
    rows of readings that were remembered word for word.
    """

    sound: Bools
    found: tuple[Finding, ...]
    heads: tuple[Head, ...]
    placed: Placed
    pauses: tuple[Finding, ...] = ()
    known: tuple[int, ...] = ()


def verify(
    stream: Stream,
    statements: Sequence[Statement],
    *,
    heads: Sequence[Head] = (),
    due: Sequence[Head] = (),
    known: Remembered | None = None,
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
    known : Remembered, optional
        Messages that came before, around those of the stream.

    Notes
    -----
    Every signature is checked by itself. A reading whose signature does not hold, or that another
    device signed than the point's, takes no further part: the sequence then lacks one. Of several
    readings of one sequence the first to come holds it, those after it are the other side of a
    fork, and so is what points back to them.
    """
    chain = _Chains(stream.records, terms(statements), heads, known or nothing_remembered())
    chain.check_signatures()
    chain.check_sequences()
    chain.check_links()
    chain.check_contents()
    chain.check_ends(due)
    if stream.left_over:
        words = f"{stream.left_over} bytes make no whole reading"
        chain.found.append(Finding(len(stream.records), "left-over", "", words))
    wrong = [each.row for each in chain.found if each.kind not in OF_OTHERS]
    sound = np.ones(len(stream.records), np.bool_)
    sound[np.array(wrong, dtype=np.int64)] = False
    found, pauses = tuple(sorted(chain.found)), tuple(sorted(chain.pauses))
    return Verified(
        sound, found, chain.heads(), chain.placed(), pauses, tuple(chain.standing.known)
    )


class _Chains:
    """Readings in columns, by the chain (term of a device) that each belongs to.

    Rows count from the first reading remembered; the stream's begin at ``begin``.
    """

    def __init__(
        self, records: Records, stated: list[Term], heads: Sequence[Head], known: Remembered
    ) -> None:
        self._begin = len(known.records)
        self._records, self._terms = np.concatenate([known.records, records]), stated
        self._points = [term.statement.point for term in stated]
        self._sequence = self._records["body"]["sequence"].astype(np.int64)
        self._start, self._end = times(self._records)
        self._digest = np.zeros(len(self._records), f"V{HASH_BYTES}")
        self._digest[: self._begin] = known.digest
        self._remembered = known
        self._chain = self._chains_of(self._records)
        self._known = {(head.point, head.device): head for head in heads}
        self._last = [self._head_of(term) for term in stated]
        self._rows: Ints = np.zeros(0, np.int64)  # one row of each chain and sequence, in order
        self._touched = np.zeros(len(self._records), np.bool_)
        self._doubt = np.zeros(len(self._records), np.int64)
        self._back = np.zeros(len(self._records), np.bool_)
        self.standing = Standing()
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
        within[: self._begin] = True  # as it was stated when they came
        return np.where(within, chain, -1)

    def _head_of(self, term: Term) -> Head:
        each = term.statement
        begin = Head(each.point, each.device, -1, each.genesis, each.from_s)
        return self._known.get((each.point, each.device), begin)

    def check_signatures(self) -> None:
        """Check who signed, and hash what was signed; only what holds stays in a chain."""
        new = np.arange(len(self._records)) >= self._begin
        for row in np.flatnonzero(new & (self._chain < 0)).tolist():
            point = self._records["body"]["point"][row].decode(errors="replace")
            self._tell(row, "wrong-device", "no statement puts the device there then", point)
        keys = [Ed25519PublicKey.from_public_bytes(t.statement.device) for t in self._terms]
        rows = np.flatnonzero(new & (self._chain >= 0))
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
        known = np.array([head.sequence for head in self._last], dtype=np.int64)
        if rows.size:
            before = (self._sequence[rows] <= known[self._chain[rows]]) & (rows >= self._begin)
            for row in rows[before].tolist():
                self._tell(row, "replay", f"sequence {self._sequence[row]} was told before")
            rows = rows[~before]
        rows = rows[np.argsort(self._chain[rows], kind="stable")]
        order = rows[np.lexsort((rows, self._sequence[rows], self._chain[rows]))]
        alike = self._follows(order, 0)
        several = np.union1d(self._chain[order[1:]][alike], self._chain[rows[rows < self._begin]])
        apart = np.isin(self._chain[rows], several)
        held = [rows[~apart], self._stand(rows[apart])] if several.size else [rows]
        self._find_late(rows, order)
        kept = np.concatenate(held)
        self._rows = kept[np.lexsort((self._sequence[kept], self._chain[kept]))]
        self._touched[self._rows[self._rows >= self._begin]] = True

    def _find_late(self, rows: Ints, order: Ints) -> None:
        """Tell which readings of the stream came after one with a later sequence."""
        place_of = np.zeros(len(self._records), np.int64)
        place_of[order] = np.cumsum(np.r_[1, ~self._follows(order, 0)]) if order.size else 0
        rows = rows[
            (rows >= self._begin) & ~np.isin(rows, self._begin + _array(self.standing.known))
        ]
        latest = np.maximum.accumulate(place_of[rows])
        for row in rows[place_of[rows] < latest].tolist():
            self._tell(row, "out-of-order", "it came after a reading with a later sequence")

    def _stand(self, rows: Ints) -> Ints:
        """Let readings of chains in which sequences repeat take their places one by one."""
        side = self._remembered.side
        columns = (rows, self._chain[rows], self._sequence[rows], self._digest[rows])
        previous = self._records["body"]["previous"][rows]
        for row, chain, *told in zip(
            *(each.tolist() for each in (*columns, previous)), strict=True
        ):
            message = Message(row, (chain, told[0]), told[1], told[2])
            if row < self._begin:
                self.standing.remember(message, side=bool(side[row]))
                continue
            place = self.standing.place(message, self._begin)
            if place is not None:
                self._tell(row, *place)
        touched = [*self.standing.told, *self.standing.forked]
        self._touched[_array(touched)] = True
        self._doubt[_array(self.standing.forked)] = _FORK
        return _array(self.standing.kept.values())

    def check_links(self) -> None:
        """Find gaps, links that do not point back to the reading before, and clocks gone back."""
        links = self._links()
        rows, new = self._rows, self._rows >= self._begin
        for place in np.flatnonzero(~links.follows & new).tolist():
            told, row = int(self._sequence[rows[place]]), int(rows[place])
            lacking = f"sequences {links.due[place]} to {told - 1} are missing before it"
            self._tell(row, "gap", lacking)
        previous = self._records["body"]["previous"][rows]
        unlinked = links.judged & links.follows & (previous != links.parent)
        for place in np.flatnonzero(unlinked).tolist():
            words = "it points back to another reading than the one before it"
            self._contradict(int(rows[place]), int(links.before[place]), "broken-chain", words)
        back = links.judged & (self._start[rows] < links.ended)
        for place in np.flatnonzero(back).tolist():
            words = "its slot begins before the one before it ended"
            self._contradict(int(rows[place]), int(links.before[place]), "clock-back", words)
        self._find_pauses(links, new)

    def _links(self) -> _Links:
        """Hold each reading against the one before it in its chain, or where the chain ended."""
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
        after_new = ~first & (before >= self._begin)
        self._touched[rows[after_new]] = True
        judged = (rows >= self._begin) | after_new | follows
        return _Links(np.where(first, -1, before), parent, ended, due, follows, judged)

    def _find_pauses(self, links: _Links, new: Bools) -> None:
        rows = self._rows
        paused = new & links.follows & (self._start[rows] > links.ended) & (links.due > 0)
        for place in np.flatnonzero(paused).tolist():
            row, since = int(rows[place]), iso(int(links.ended[place]))
            words = f"nothing was signed from {since} to {iso(int(self._start[row]))}"
            point = self._points[int(self._chain[row])]
            self.pauses.append(Finding(row - self._begin, "pause", point, words))

    def check_contents(self) -> None:
        """Find readings that say what no meter measures."""
        for row, words in impossible(self._records):
            if self._chain[row] >= 0:
                self._doubts(row, "impossible")
                if row >= self._begin:
                    self._tell(row, "impossible", words)

    def _contradict(self, row: int, before: int, kind: Kind, words: str) -> None:
        """Tell a contradiction with the reading before, at that one where it came after."""
        self._doubts(row, kind)
        self._back[row] |= kind == "clock-back"
        if row >= self._begin:
            self._tell(row, kind, words)
        elif before >= self._begin:
            words = f"the reading of sequence {self._sequence[row]}, known before: {words}"
            self._tell(before, kind, words)

    def _doubts(self, row: int, kind: Kind) -> None:
        if self._doubt[row] != _FORK:
            self._doubt[row] = max(self._doubt[row], 1 + DOUBTED.index(kind))

    def check_ends(self, due: Sequence[Head]) -> None:
        """Find chains that end before they must, or by another reading than others know."""
        for each in due:
            chain = next((c for c, t in enumerate(self._terms) if _of(t, each)), None)
            mine = self._rows if chain is None else self._rows[self._chain[self._rows] == chain]
            last = self._last[chain] if chain is not None else None
            reached = int(self._sequence[mine].max(initial=last.sequence if last else -1))
            row = len(self._records)  # the end
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

    def placed(self) -> Placed:
        """Return what becomes of the readings."""
        kept = np.zeros(len(self._records), np.bool_)
        kept[self._rows] = True
        new = np.arange(len(self._records)) >= self._begin
        known_s = np.r_[self._remembered.known_s, np.zeros(int(new.sum()), np.int64)]
        return Placed(
            records=self._records,
            digest=self._digest,
            known_s=known_s,
            kept=kept,
            fresh=kept & new,
            touched=kept & self._touched,
            doubt=self._doubt,
            back=self._back,
            sides=_array(self.standing.sides),
            begin=self._begin,
        )

    def _tell(self, row: int, kind: Kind, words: str, point: str | None = None) -> None:
        name = self._points[int(self._chain[row])] if point is None else point
        self.found.append(Finding(row - self._begin, kind, name, words))


class _Links(NamedTuple):
    """Of each kept reading the one before it [readings]: its row, digest and end of slot.

    ``due`` is the sequence that follows it, which the reading ``follows`` or not; ``judged`` are
    readings of which that is known.
    """

    before: Ints
    parent: Digests
    ended: Ints
    due: Ints
    follows: Bools
    judged: Bools


def _array(rows: Iterable[int]) -> Ints:
    return np.array(list(rows), dtype=np.int64)


def _of(term: Term, head: Head) -> bool:
    return (term.statement.point, term.statement.device) == (head.point, head.device)


def _holds(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
