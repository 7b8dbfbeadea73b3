"""Sends what the outbox holds until it is final: never twice, and nothing is lost.

An order keeps its nonce whatever happens, and an account's nonce is used once on a chain, so all
that is ever sent for it are further attempts of the same nonce: the same bytes again where the
chain lost them (dropped, or a reorganisation), or signed anew at a higher price where they are
stuck. Only where a transaction from elsewhere took the nonce for good is a new one given.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import msgspec

from gridpact.ledger.evm.accounts import Account, Call
from gridpact.ledger.evm.node import Answer, Mined, Node, NodeLies, NodeTrouble, Reverted, Sent
from gridpact.ledger.evm.outbox import Attempt, Order, Outbox, Sign, State

T = TypeVar("T")
PERMILLE = 1000
GAP = "gap "
"""Keys of orders that only fill a nonce begin so; no other key may."""
PLAIN_GAS = 21_000


class Policy(msgspec.Struct, frozen=True):
    """How transactions are priced and how long one waits for them.

    The gas asked for is ``gas``, by default the estimate plus ``gas_margin`` ‰; the first price
    is the node's plus ``price_margin`` ‰. After ``patience`` further blocks without it, an attempt
    is signed anew at a price higher by ``bump`` ‰ (nodes ask for 100 at least), up to ``most`` wei.
    ``wait_s`` is how long :meth:`Sender.run` waits, looking every ``poll_s``.
    """

    gas_margin: int = 250
    price_margin: int = 250
    bump: int = 125
    patience: int = 5
    most: int = 10**13
    wait_s: float = 60.0
    poll_s: float = 0.25
    gas: int | None = None


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


class _Seen(NamedTuple):
    """The newest final block, and the account's transactions up to it and up to the head."""

    final: int
    settled: int
    now: int


class Sender:
    """Sends an account's orders through a node; an outbox keeps them."""

    def __init__(
        self,
        node: Node,
        outbox: Outbox,
        account: Account,
        policy: Policy | None = None,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        # others' blocks are waited for; what is decided does not depend on how long
        self.node, self.outbox, self.account = node, outbox, account
        self.policy = policy or Policy()
        self._sleep = sleep or threading.Event().wait

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
        waited = 0.0
        while True:
            for _ in range(2):  # where blocks are made at once, the second look finds it
                if (found := look()) is not None:
                    return found
            if waited >= self.policy.wait_s:
                raise Unfinished(
                    f"node {self.node.place}: {key!r} is not final after {waited:.0f} s; "
                    "it is journalled, and doing it again goes on with it"
                )
            self._sleep(self.policy.poll_s)
            waited += self.policy.poll_s

    def _with_margin(self, gas: int) -> int:
        limit = self.node.head().limit
        return max(gas, min(gas + gas * self.policy.gas_margin // PERMILLE, limit))

    def _book(self, key: str, call: Call, least: int | None = None) -> Order:
        nonce = self.node.nonce(self.account.address, waiting=True) if least is None else least
        return self.outbox.book(self._order(key, call, nonce), self._signer())

    def _order(self, key: str, call: Call, nonce: int) -> Order:
        return Order(key, self.node.chain, self.account.address, nonce, call)

    def _price(self) -> int:
        asked = self.node.price()
        return asked + asked * self.policy.price_margin // PERMILLE

    def _signer(self, price: int | None = None) -> Sign:
        """Return what signs an order's next attempt, at the node's price of now unless told."""
        return self._signs(max(self._price(), price or 0), self.node.head().number)

    def _signs(self, asked: int, height: int) -> Sign:
        """Return what signs an order at a price, at a height of the chain."""

        def sign(order: Order) -> Attempt:
            raw, hash_ = self.account.sign(order.chain, order.nonce, asked, order.call)
            return Attempt(hash_, order.key, asked, raw, seen=height)

        return sign

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

    def _seen(self) -> _Seen:
        """Count the account's transactions; before the look at receipts, so never too many."""
        final, account = self.node.final(), self.account.address
        return _Seen(final, self.node.nonce(account, block=final), self.node.nonce(account))

    def _look(self, order: Order, seen: _Seen, there: bool) -> bool:
        """See what became of an order, and send the attempt that should be under way.

        Where one before it waits at the node (``there``), one that was sent does too, or is looked
        at once that one is mined. Return whether this one waits there.
        """
        attempts = self.outbox.attempts(order.key)
        if there and [each.state for each in attempts] == [State.SENT]:
            return True
        if any(self._mined(attempt, seen.final) for attempt in reversed(attempts)):
            return False
        if seen.settled > order.nonce:
            self._check_taken(order, attempts, seen.final)
            self._send(self.outbox.book_again(order, self._signer()))
        elif seen.now <= order.nonce:
            return self._push(order, attempts[-1], next_one=seen.now == order.nonce)
        return False

    def _check_taken(self, order: Order, attempts: list[Attempt], final: int) -> None:
        """Check that it is another's transaction that used an order's nonce.

        A node that keeps back the receipt of ours would otherwise have it sent again.
        """
        node, account = self.node, order.account
        low, high = min(attempt.seen for attempt in attempts), final
        if low > high or node.nonce(account, block=low) > order.nonce:
            low = 0  # blocks were taken back since it was signed
        while low < high:  # the first block with which the nonce is used
            middle = (low + high) // 2
            if node.nonce(account, block=middle) > order.nonce:
                high = middle
            else:
                low = middle + 1
        block = node.block(low)
        found = [node.transaction(hash_) for hash_ in block.transactions] if block else []
        own = {attempt.hash for attempt in attempts}
        used = [
            each for each in found if each and (each.sender, each.nonce) == (account, order.nonce)
        ]
        if not used or used[0].hash in own:
            what = "keeps back the receipt of" if used else "does not show what took the nonce of"
            raise NodeLies(f"node {node.place} {what} {order.key!r}, in block {low}")

    def _mined(self, attempt: Attempt, final: int) -> bool:
        """Note where an attempt was mined, or that its block is gone."""
        if attempt.state is State.DROPPED:
            return False
        mined = self.node.receipt(attempt.hash)
        if mined is None:
            if attempt.state is State.MINED:
                self.outbox.mark(attempt, State.SENT, None, None)
            return False
        state = State.FINAL if mined.block <= final else State.MINED
        if (attempt.state, attempt.block_hash) != (state, mined.block_hash):
            self.outbox.mark(attempt, state, mined.block, mined.block_hash)
        return True

    def _push(self, order: Order, attempt: Attempt, *, next_one: bool) -> bool:
        """Send an attempt that the node does not have, or a dearer one where it is stuck.

        Return whether the node had it.
        """
        if self.node.transaction(attempt.hash) is None:
            self._deliver(order, attempt)
            return False
        if next_one and self.node.head().number - attempt.seen >= self.policy.patience:
            self._raise_price(order, attempt, "is stuck")
        return True

    def _send(self, order: Order) -> None:
        self._deliver(order, self.outbox.attempts(order.key)[-1])

    def _deliver(self, order: Order, attempt: Attempt) -> None:
        sent = self.node.send(attempt.raw)
        if sent.answer in (Answer.TAKEN, Answer.KNOWN):
            if attempt.state is not State.SENT:
                self.outbox.mark(attempt, State.SENT, None, None)
        elif sent.answer is Answer.UNDERPRICED:
            self._raise_price(order, attempt, f"is underpriced ({sent.said})")
        elif sent.answer is Answer.REFUSED:
            raise self._refused(order, sent)

    def _refused(self, order: Order, sent: Sent) -> NodeTrouble:
        balance = self.node.balance(self.account.address)
        return NodeTrouble(
            f"node {self.node.place} refuses {order.key!r} of account "
            f"0x{self.account.address.hex()}, which holds {balance} wei: {sent.said}; "
            "it is journalled, and doing it again goes on with it"
        )

    def _raise_price(self, order: Order, attempt: Attempt, why: str) -> None:
        """Sign an order anew at a higher price, its nonce the same, and send it."""
        bumped = attempt.price + max(1, -(-attempt.price * self.policy.bump // PERMILLE))
        dearer = self._signer(max(bumped, self.node.price()))(order)
        if dearer.price > self.policy.most:
            raise NodeTrouble(
                f"node {self.node.place}: {order.key!r} {why} at {attempt.price} wei; the next "
                f"price, {dearer.price}, is above the most allowed, {self.policy.most}"
            )
        self.outbox.add(dearer)
        sent = self.node.send(dearer.raw)
        if sent.answer in (Answer.TAKEN, Answer.KNOWN):
            self.outbox.mark(dearer, State.SENT, None, None)
        elif sent.answer is Answer.REFUSED:
            raise self._refused(order, sent)


def _nothing(account: bytes) -> Call:
    """What fills a nonce: a transfer of nothing to oneself."""
    return Call(account, b"", PLAIN_GAS)
