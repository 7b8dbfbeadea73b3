"""Sends what the outbox holds until it is final: never twice, and nothing is lost.

An order keeps its nonce whatever happens, and an account's nonce is used once on a chain, so all
that is ever sent for it are further attempts of the same nonce (:mod:`.delivering`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple, TypeAlias, TypeVar

import msgspec

from gridpact.ledger.evm.accounts import Account, Call
from gridpact.ledger.evm.delivering import PERMILLE, Delivery, Policy
from gridpact.ledger.evm.node import Mined, Node, NodeTrouble, Reverted
from gridpact.ledger.evm.outbox import Order, Outbox

__all__ = ["GAP", "Policy", "Quote", "Say", "Sender", "Unfinished"]

T = TypeVar("T")
Say: TypeAlias = Callable[[str], object]
"""Hears what is waited for, in a line."""
GAP = "gap "
"""Keys of orders that only fill a nonce begin so; no other key may."""
PLAIN_GAS = 21_000


class Unfinished(NodeTrouble):
    """A transaction is journalled and not final yet; sending under the same key goes on with it."""


class Quote(NamedTuple):
    """What a node said: the account's next nonce, the price of gas [wei], the chain's height.

    ``limit`` is the gas that a block may use, 0 where it does not say.
    """

    nonce: int
    price: int
    height: int
    limit: int


class Sender(Delivery):
    """Sends an account's orders through a node; an outbox keeps them.

    ``say`` hears once of a chain that takes long.
    """

    def __init__(
        self,
        node: Node,
        outbox: Outbox,
        account: Account,
        policy: Policy | None = None,
        sleep: Callable[[float], object] | None = None,
        say: Say | None = None,
    ) -> None:
        super().__init__(node, outbox, account, policy or Policy())
        # others' blocks are waited for; what is decided does not depend on how long
        self._sleep = sleep or threading.Event().wait
        self._say = say

    def submit(self, key: str, to: bytes, data: bytes, gas: int | None = None) -> Order | Reverted:
        """Journal a call under a key, to be sent; a key that is known gives its order.

        ``to`` is empty for a new contract; ``gas`` saves the estimate. Reverted where the contract
        would refuse: then nothing was journalled. StoreError where the key has another call.
        """
        if key.startswith(GAP):
            raise ValueError(f"keys that begin with {GAP!r} fill gaps")
        gas = gas or self.policy.gas
        if gas is None and self.outbox.find(key) is None:
            estimate = self.node.estimate(self.account.address, to, data)
            if isinstance(estimate, Reverted):
                return estimate
            gas = self._with_margin(estimate)
        return self._book(key, Call(to, data, gas or 0))

    def advance(self, key: str) -> Mined | None:
        """Look once after an order and those before it, send what is missing.

        Return what it came to when that is final, else None.
        """
        order = self._known(key)
        if not order.final:
            self.look(order.nonce)
        return self.done(key)

    def done(self, key: str) -> Mined | None:
        """Return what an order came to, None where that was not final at the last look."""
        order = self._known(key)
        return self.node.receipt(order.final) if order.final else None

    def look(self, last: int | None = None) -> None:
        """Look once after all that is under way, up to a nonce, and send what is missing."""
        waiting = self.outbox.waiting(self.node.chain, self.account.address)
        if waiting:
            self._fill(waiting[0])
            seen, there = self._seen(), False
            for each in waiting:
                if last is None or each.nonce <= last:
                    there = self._look(each, seen, there)

    def quote(self) -> Quote:
        """Ask the node what is needed to begin orders."""
        head, nonce = self.node.head(), self.node.nonce(self.account.address, waiting=True)
        return Quote(nonce, self._price(), head.number, head.limit)

    def begin(self, key: str, call: Call, quote: Quote) -> None:
        """Journal a call under a key and hand it to the node, without waiting for any before."""
        gas = min(call.gas, quote.limit or call.gas)
        order = self._order(key, msgspec.structs.replace(call, gas=gas), quote.nonce)
        order = self.outbox.book(order, self._signs(quote.price, quote.height))
        if not order.final:
            self._send(order)

    def left(self) -> list[str]:
        """Return the keys of what was journalled and is not final, in its order."""
        waiting = self.outbox.waiting(self.node.chain, self.account.address)
        return [each.key for each in waiting]

    def run(self, key: str, to: bytes, data: bytes, gas: int | None = None) -> Mined | Reverted:
        """Submit a call and wait until it is final; see :meth:`submit`.

        Raises Unfinished where that takes too long: the same key then goes on with it.
        """
        order = self.submit(key, to, data, gas)
        return order if isinstance(order, Reverted) else self.wait(key)

    def wait(self, key: str) -> Mined:
        """Wait until an order that was submitted is final; raises Unfinished, or as a node does."""
        return self.until(lambda: self.advance(key), key)

    def until(self, look: Callable[[], T | None], key: str) -> T:
        """Look again and again until something is found; Unfinished names the key."""
        waited, height = 0.0, None
        while True:
            for _ in range(2):  # where blocks are made at once, the second look finds it
                if (found := look()) is not None:
                    return found
            if waited >= self.policy.wait_s:
                raise Unfinished(
                    f"{self._chain}: {key!r} is not final after {waited:.0f} s; it is journalled, "
                    "and the same command goes on with it"
                )
            if self._say and height is None:
                height = self.node.head().number
            if self._say and height is not None and waited >= self.policy.patience_s:
                self._say(self._slowness(waited, height))
                self._say = None
            self._sleep(self.policy.poll_s)
            waited += self.policy.poll_s

    @property
    def _chain(self) -> str:
        return f"chain {self.node.chain} at {self.node.place}"

    def _slowness(self, waited: float, height: int) -> str:
        """Say why one waits, by the chain's height of before."""
        so_far = "makes blocks, and what was sent is in none that is final"
        if self.node.head().number == height:
            so_far = f"has made no block for {waited:.0f} s"
        up_to = f"waiting up to {self.policy.wait_s:.0f} s"
        return f"{self._chain} {so_far}; what was sent is journalled; {up_to}"

    def _with_margin(self, gas: int) -> int:
        limit = self.node.head().limit
        return max(gas, min(gas + gas * self.policy.gas_margin // PERMILLE, limit))

    def _book(self, key: str, call: Call, least: int | None = None) -> Order:
        nonce = self.node.nonce(self.account.address, waiting=True) if least is None else least
        return self.outbox.book(self._order(key, call, nonce), self._signer())

    def _order(self, key: str, call: Call, nonce: int) -> Order:
        return Order(key, self.node.chain, self.account.address, nonce, call)

    def _known(self, key: str) -> Order:
        order = self.outbox.find(key)
        if order is None:
            raise KeyError(f"nothing was submitted under {key!r}")
        if order.chain != self.node.chain or order.account != self.account.address:
            raise NodeTrouble(
                f"{key!r} was submitted on chain {order.chain} by 0x{order.account.hex()}, "
                f"not on {self.node.chain} by 0x{self.account.address.hex()}"
            )
        return order

    def _fill(self, order: Order) -> None:
        """Fill nonces below the account's first order that no transaction waits with."""
        taken = self.node.nonce(order.account, waiting=True)
        for nonce in range(taken, order.nonce):
            key = f"{GAP}{order.chain} {order.account.hex()} {nonce}"
            filler = Order(key, order.chain, order.account, nonce, _nothing(order.account))
            self.outbox.fill(filler, self._signer())


def _nothing(account: bytes) -> Call:
    """What fills a nonce: a transfer of nothing to oneself."""
    return Call(account, b"", PLAIN_GAS)
