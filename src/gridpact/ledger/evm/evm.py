"""The ledger on a chain: the port's second adapter, over contracts that check everything again.

A commit is one transaction of an authority's account. It is journalled before it is sent, so a
crash neither loses it nor sends it twice; the answer comes once its block is final. What is read
comes from a storage that a follower keeps, each block recomputed from what the chain shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.ledger.chain import Block
from gridpact.ledger.entries import Entry, canonical
from gridpact.ledger.evm.artifacts import contract
from gridpact.ledger.evm.batches import unfit
from gridpact.ledger.evm.flow import Flow
from gridpact.ledger.evm.following import Fold, Follower, told_blocks
from gridpact.ledger.evm.node import Mined, Node, NodeLies, Reverted, disagreement
from gridpact.ledger.evm.sealing import Sealer, call
from gridpact.ledger.evm.sending import Sender
from gridpact.ledger.evm.signing import genesis_of
from gridpact.ledger.examination import check_tiles
from gridpact.ledger.flowing import Told
from gridpact.ledger.merkle import Edge, leaf_hash
from gridpact.ledger.port import Head, Receipt, Refused
from gridpact.ledger.state.state import State
from gridpact.ledger.storage.opening import open_storage
from gridpact.ledger.stored import StoredLedger, faulty, refusal

_READING = Refused("opened without an account: for reading and verification only")


class EvmLedger(StoredLedger):
    """A ledger kept by a front contract on a chain; a context manager.

    Parameters
    ----------
    node
        A node of the chain, preferably one's own.
    front
        Address of the front contract [20 bytes].
    storage
        Where blocks are kept that were followed: a file, ``":memory:"`` or ``postgresql://…``.
    sender
        Sends from the account of an authority that seals; without one, the ledger is read only.
    second
        Another node, whose view of what is final is compared when all is verified.
    since
        A block of the chain before which there is nothing of this ledger.
    """

    def __init__(
        self,
        node: Node,
        front: bytes,
        storage: Path | str = ":memory:",
        *,
        sender: Sender | None = None,
        second: Node | None = None,
        since: int = 0,
    ) -> None:
        start = Head(0, 0, Edge().root(), genesis_of(node.chain, front))
        super().__init__(open_storage(storage, writable=True, wait_s=5.0), start)
        self._node, self._front, self._second, self._since = node, front, second, since
        self._sealer = Sealer(front, sender) if sender else None
        self._follower = Follower(node, front, self._storage, start, since)
        try:
            self._identify()
        except BaseException:
            self._storage.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def state(self) -> State:
        """Return what the entries have come to; do not write to it."""
        self._follower.follow()
        return self._follower.admission.state

    def head(self) -> Head:
        """Return where the ledger stands, by what is final."""
        self._follower.follow()
        return super().head()

    def kept(self, key: str) -> Receipt | None:
        """Return what the committer under a key was told, after waiting for what was journalled."""
        if self._sealer is not None:
            self._sealer.order(key)
        self._follower.follow()
        return super().kept(key)

    def block(self, height: int) -> Block:
        """Return a block; IndexError where there is none."""
        self._follower.follow()
        found = self._storage.block(height)
        if found is None:
            raise IndexError(f"there is no block {height}")
        return found

    def rehearse(self, key: str, entries: Sequence[Entry], at: int) -> Refused | None:
        """Return why :meth:`commit` would refuse new entries, or None; nothing is sent."""
        if self._sealer is None:
            return _READING
        refused = refusal(key, entries, at) or faulty(unfit(entries))
        if refused:
            return refused
        self._follower.follow()
        return faulty(self._follower.admission.tried(self._sealer.offered(entries, at)))

    def commit(self, key: str, entries: Sequence[Entry], at: int) -> Receipt | Refused:
        """Put entries on the ledger as one block; see :meth:`.port.Ledger.commit`."""
        refused = refusal(key, entries, at)
        if refused or self._sealer is None:
            return refused or _READING
        self._sealer.finish_left()
        order = self._sealer.order(key)
        known = self._known(key, entries)
        if known is not None:
            return known
        refused = self.rehearse(key, entries, at)
        if refused:
            return refused
        data = call(key, entries, at)
        answer = self._sealer.sender.run(order, self._front, data)
        if isinstance(answer, Mined) and answer.ok:
            found = self._known(key, entries)
            if found is None:
                raise NodeLies(f"node {self._node.place} took {key!r} and does not show its block")
            return found
        return self._known(key, entries) or self._sealer.refused(answer, data)

    def untold(self, begins: str) -> list[tuple[str, Receipt]]:
        """Return what is here under keys that begin so and nobody was told of, the newest last.

        Of what was sent from this outbox only; what is under way is waited for.
        """
        if self._sealer is None:
            return []
        self._sealer.finish_left()
        self._follower.follow()
        found = ((key, super(EvmLedger, self).kept(key)) for key in self._sealer.untold(begins))
        return [(key, kept) for key, kept in found if kept is not None]

    def tell(self, key: str) -> None:
        """Note that whoever committed under a key was told what came of it."""
        if self._sealer is not None:
            self._sealer.tell(key)

    @contextmanager
    def flowing(self, told: Told) -> Iterator[Flow]:
        """Let commits go through without waiting for each; see :func:`..flowing.flowing`."""
        if self._sealer is None:
            raise StoreError(_READING.reason)
        flow = Flow(self._sealer, self._follower, self._answered, told)
        yield flow
        flow.finish()

    def _known(self, key: str, entries: Sequence[Entry]) -> Receipt | Refused | None:
        """Answer for a key that was used, None for a new one."""
        self._follower.follow()
        return self._answered(key, [leaf_hash(canonical(entry)) for entry in entries])

    def verify(self, expected: Head | None = None) -> Head:
        """Recompute everything from the chain; see :meth:`.port.Ledger.verify`.

        What is kept here must be the same, the front contract must tell the same head, and so
        must the second node.
        """
        self._follower.follow()
        last, fold = self._node.final(), Fold(self._start)
        seen = {0: self._start}
        for told in told_blocks(self._node, self._front, self._since, last):
            taken = fold.told(told)
            seen[fold.head.height] = fold.head
            low, high = taken.block.first_index, taken.block.size
            kept = self._storage.block(fold.head.height), self._storage.entry_rows(low, high)
            if kept != (taken.block, taken.rows):
                raise LedgerDamaged(f"block {fold.head.height} is not kept as the chain has it")
        self._compare(fold.head, expected, seen)
        self._follower.check(fold)
        self._check_contract(fold.head, last)
        check_tiles(self._storage, fold.head, derived=False)
        self._storage.check()
        return fold.head

    def _compare(self, head: Head, expected: Head | None, seen: dict[int, Head]) -> None:
        kept = super().head()
        if kept != head:
            raise LedgerDamaged(f"the chain ends with block {head.height}, {kept.height} was kept")
        if expected is None:
            return
        if expected.height > head.height:
            raise LedgerDamaged(
                f"cut short: block {head.height} is last, {expected.height} was seen"
            )
        if seen.get(expected.height) != expected:
            raise LedgerDamaged(
                f"block {expected.height} is not the one seen before: another history"
            )

    def _check_contract(self, head: Head, last: int) -> None:
        """Hold the contract's own head, and a second node's blocks, against what was recomputed."""
        at = None if self._node.head().number == last else last
        answer = self._node.call(self._front, contract("Ledger").data("head"), at)
        if isinstance(answer, Reverted) or not answer:
            raise NodeLies(f"node {self._node.place} does not show the front contract")
        said = Head(*contract("Ledger").returned("head", answer))
        if said != head:
            raise NodeLies(
                f"node {self._node.place}: the contract says block {said.height} with root "
                f"{said.root.hex()}, its events give block {head.height} with {head.root.hex()}"
            )
        wrong = disagreement(self._node, self._second) if self._second else ""
        if wrong:
            raise NodeLies(wrong)

    def close(self) -> None:
        """Release the storage."""
        self._storage.archive.close()
        self._storage.close()

    def _identify(self) -> None:
        """Record which contract's blocks are kept, or check it."""
        own = (f"evm:{self._node.chain}:0x{self._front.hex()}", self._start.hash.hex())
        found = self._storage.identity()
        if not found:
            self._storage.claim(*own)
        elif found != [own]:
            raise StoreError(
                f"storage {self._storage.place} keeps {found[0][0]}, not {own[0]}; give another"
            )
