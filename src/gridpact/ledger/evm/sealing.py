"""How an authority seals blocks on a chain: as orders of its account, one for each commit."""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.ledger.entries import Entry, canonical
from gridpact.ledger.evm.artifacts import contract
from gridpact.ledger.evm.batches import packed
from gridpact.ledger.evm.node import Mined, Reverted
from gridpact.ledger.evm.sending import Sender
from gridpact.ledger.evm.signing import padded
from gridpact.ledger.merkle import leaf_hash
from gridpact.ledger.port import Refused
from gridpact.ledger.state.admission import Offered


class Sealer:
    """An authority's account before a front contract [20 bytes]."""

    def __init__(self, front: bytes, sender: Sender) -> None:
        self.front, self.sender = front, sender
        self._commits = f"commit {front.hex()} "

    @property
    def place(self) -> str:
        """The node that it sends to."""
        return self.sender.node.place

    def offered(self, entries: Sequence[Entry], at: int) -> Offered:
        """Return a block as the rules look at it."""
        leaves = [leaf_hash(canonical(entry)) for entry in entries]
        return Offered(entries, leaves, at, padded(self.sender.account.address))

    def finish_left(self) -> None:
        """Wait until all is final that was journalled, such as what a crash left under way."""
        for order in self.sender.left():
            self.sender.wait(order)

    def order(self, key: str) -> str:
        """Name the order that is to carry a commit, after waiting for any sent under its key."""
        number = 0
        while True:
            order = f"{self._commits}{key} {number}"
            if self.sender.outbox.find(order) is None:
                return order
            if self.sender.wait(order).ok:
                return order
            number += 1  # that one was refused, and changed nothing

    def untold(self, begins: str) -> list[str]:
        """Return the keys that begin so of commits sent here whose end nobody was told of."""
        orders = self.sender.outbox.untold(f"{self._commits}{begins}")
        keys = (order.removeprefix(self._commits).rpartition(" ")[0] for order in orders)
        return list(dict.fromkeys(keys))

    def tell(self, key: str) -> None:
        """Note that whoever committed under a key was told what came of it."""
        self.sender.outbox.tell(f"{self._commits}{key} ")

    def refused(self, answer: Mined | Reverted, data: bytes) -> Refused:
        """Say in the contract's words why it refused."""
        if isinstance(answer, Mined):
            again = self.sender.node.estimate(self.sender.account.address, self.front, data)
            answer = again if isinstance(again, Reverted) else Reverted("")
        reason = answer.reason or "it gave no reason; perhaps the gas did not suffice"
        return Refused(f"the chain refused: {reason}")


def call(key: str, entries: Sequence[Entry], at: int, after: str = "") -> bytes:
    """Return the data that commits entries; see :func:`.batches.packed` for ``after``."""
    return contract("Ledger").data("commit", key.encode(), at, packed(entries, after))
