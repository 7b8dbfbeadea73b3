"""A witness: follows a ledger, checks all that is new, and signs what follows from what it saw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from gridpact.base.errors import BadInput, Fault, LedgerDamaged
from gridpact.ledger.chain import Block, EntryRow, Walk, check_seal
from gridpact.ledger.keys import AuthorityKey, PublicKey
from gridpact.ledger.merkle import EMPTY_ROOT
from gridpact.ledger.port import Head
from gridpact.ledger.witness.diary import Diary, Seen
from gridpact.ledger.witness.forks import Fork, forked
from gridpact.ledger.witness.heads import Cosigned, Ledger, cosign


class Source(Protocol):
    """What a witness asks of a ledger."""

    @property
    def genesis(self) -> bytes:
        """Hash of the empty ledger."""

    @property
    def public_key(self) -> PublicKey:
        """Key that the ledger began with."""

    def keys(self) -> Sequence[PublicKey]:
        """Return the keys of all who may have sealed a block, as the ledger says."""

    def head(self) -> Head:
        """Return where the ledger stands."""

    def block(self, height: int) -> Block:
        """Return a block."""

    def rows(self, block: Block) -> list[EntryRow]:
        """Return the entries of a block."""


class Followed(msgspec.Struct, frozen=True):
    """What came of following: new ``blocks``, and the last head, signed by the witness.

    Where the ledger shows another history than before, ``fork`` proves it, or ``told`` says what
    was seen where there is no proof for others: a ledger cut short may have been shown late.
    """

    blocks: int
    head: Cosigned | None
    fork: Fork | None = None
    told: str = ""

    @property
    def holds(self) -> bool:
        """Whether the ledger only grew."""
        return self.fork is None and not self.told


class Witness:
    """Somebody who follows one ledger, under a name and with a key, and keeps a folder of it.

    BadInput where the folder was kept by another, or with another key, unless ``anew`` says that
    this one takes it over: what others hold is signed with the key of before.
    """

    def __init__(self, folder: Path, name: str, key: AuthorityKey, *, anew: bool = False) -> None:
        self._diary, self._name, self._key = Diary(folder), name, key
        owner, own = self._diary.owner, (name, str(key.public))
        if owner not in (("", ""), own) and not anew:
            said = f"was kept by {owner[0]} with {owner[1]}, not by {name} with {own[1]}"
            fix = "give that name and key, or another folder; --new-key takes this one over"
            raise BadInput([Fault(str(folder), 0, "", said, fix)])
        self._diary.hand_over(own)

    def follow(self, source: Source) -> Followed:
        """Check what is new and sign the last head.

        Raises LedgerDamaged where something new does not hold by itself, BadInput where the
        folder is of another ledger.
        """
        ledger = Ledger(source.genesis, source.public_key)
        self._same(ledger)
        seen, height = self._diary.seen, source.head().height
        if seen:
            at = min(height, len(seen))
            if not at or source.block(at).hash != seen[at - 1].block.hash:
                return self._other_history(source, ledger, at)
            if height < len(seen):
                said = f"the ledger ends at block {height}, and block {len(seen)} was seen"
                return Followed(0, self.latest(), told=said)
        new = self._walked(source, ledger, height)
        return Followed(new, self.latest())

    def latest(self) -> Cosigned | None:
        """Return the last head that was seen, signed."""
        return self.at(len(self._diary.seen))

    def at(self, height: int) -> Cosigned | None:
        """Return the head of a block that was seen, signed; None where it was not."""
        ledger = self._diary.ledger
        if ledger is None or not 1 <= height <= len(self._diary.seen):
            return None
        seen = self._diary.seen[height - 1]
        return cosign(ledger, seen.block, PublicKey(seen.sealer), self._name, self._key)

    def meet(self, other: Cosigned) -> Fork | None:
        """Hold another witness's head against what was seen here; the proof of a fork or None.

        BadInput where it is of another ledger, or of a block that was not seen here yet.
        """
        ledger, height = self._diary.ledger, other.header.height
        if ledger is None or (other.genesis, other.founder) != (
            ledger.genesis.hex(),
            str(ledger.founder),
        ):
            fix = "meet those who follow the same ledger"
            raise BadInput([Fault(other.witness, 0, "", "follows another ledger", fix)])
        mine = self.at(height)
        if mine is None:
            fix = f"follow the ledger up to block {height}, then meet again"
            said = f"saw block {height}, and here {len(self._diary.seen)} is the last"
            raise BadInput([Fault(other.witness, 0, "", said, fix)])
        self._known_sealer(other)
        return forked(mine, other)

    def _known_sealer(self, other: Cosigned) -> None:
        """Refuse a head that no authority sealed: else anybody could accuse a ledger."""
        walk = self._diary.walk(Head(0, 0, EMPTY_ROOT, bytes.fromhex(other.genesis)),
                                PublicKey.parse(other.founder))  # fmt: skip
        known = {other.founder}
        if walk.admission is not None:
            known |= {str(PublicKey(key)) for key in walk.admission.state.sealed_by}
        if other.sealer not in known:
            fix = "no authority of this ledger has that key: it proves nothing"
            raise BadInput([Fault(other.witness, 0, "sealer", "is no authority's key", fix)])

    def _same(self, ledger: Ledger) -> None:
        if self._diary.ledger not in (None, ledger):
            fix = "give each ledger a folder of its own"
            folder = str(self._diary.folder)
            raise BadInput([Fault(folder, 0, "", "is of another ledger", fix)])

    def _walked(self, source: Source, ledger: Ledger, height: int) -> int:
        start = Head(0, 0, EMPTY_ROOT, ledger.genesis)
        walk: Walk = self._diary.walk(start, ledger.founder)
        new = list[Seen]()
        for at in range(walk.head.height + 1, height + 1):
            block = source.block(at)
            before = list(walk.keys)
            walk.take(block, iter(source.rows(block)))
            new.append(Seen(block, check_seal(block, *before).raw))
        if new:
            self._diary.add(ledger, walk, new)
        return len(new)

    def _other_history(self, source: Source, ledger: Ledger, at: int) -> Followed:
        """Find the first block that is not the one seen, and prove that both were sealed."""
        low, high, seen = 0, at, self._diary.seen  # block low is the same, block high is not
        while high - low > 1:
            middle = (low + high) // 2
            same = source.block(middle).hash == seen[middle - 1].block.hash
            low, high = (middle, high) if same else (low, middle)
        if not high:
            return Followed(0, self.latest(), told="the ledger is empty, and blocks were seen")
        block, mine = source.block(high), self.at(high)
        said = f"block {high} is not the one seen before: another history"
        known = {each.sealer for each in seen[:high]} | {ledger.founder.raw}
        try:
            sealer = check_seal(block, *(PublicKey(key) for key in sorted(known)))
        except LedgerDamaged as error:
            return Followed(0, self.latest(), told=f"{said}; {error}")
        theirs = cosign(ledger, block, sealer, self._name, self._key)
        fork = forked(mine, theirs) if mine else None
        return Followed(0, self.latest(), fork, said)
