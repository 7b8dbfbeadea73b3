"""Gets the attempts of orders to a node, and sees what becomes of them.

What was dropped is sent again as it was, what is stuck is signed anew at a higher price; where a
transaction from elsewhere took an order's nonce for good, the order gets the next one.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from gridpact.ledger.evm.accounts import Account
from gridpact.ledger.evm.node import Answer, Node, NodeLies, NodeTrouble, Sent
from gridpact.ledger.evm.outbox import Attempt, Order, Outbox, Sign, State

PERMILLE = 1000


class Policy(msgspec.Struct, frozen=True):
    """How transactions are priced and how long one waits for them.

    The gas asked for is ``gas``, by default the estimate plus ``gas_margin`` ‰; the first price
    is the node's plus ``price_margin`` ‰. After ``patience`` further blocks without it, an attempt
    is signed anew at a price higher by ``bump`` ‰ (nodes ask for 100 at least), up to ``most`` wei.
    ``wait_s`` is how long :meth:`Sender.run` waits, looking every ``poll_s``; after ``patience_s``
    it says what it waits for.
    """

    gas_margin: int = 250
    price_margin: int = 250
    bump: int = 125
    patience: int = 5
    most: int = 10**13
    wait_s: float = 60.0
    poll_s: float = 0.25
    patience_s: float = 8.0
    gas: int | None = None


class _Seen(NamedTuple):
    """The newest final block, and the account's transactions up to it and up to the head."""

    final: int
    settled: int
    now: int


class Delivery:
    """Delivers the orders of an account; :class:`.sending.Sender` says which, and waits."""

    def __init__(self, node: Node, outbox: Outbox, account: Account, policy: Policy) -> None:
        self.node, self.outbox, self.account, self.policy = node, outbox, account, policy

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
            named = f"{order.key!r} of account 0x{account.hex()}"
            raise NodeLies(f"node {node.place} {what} {named}, in block {low}")

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
        most = self.outbox.attempts(order.key)[-1].price * order.call.gas
        lacks = f"; send it {most - balance} wei at least" if balance < most else ""
        return NodeTrouble(
            f"node {self.node.place} refuses {order.key!r} of account "
            f"0x{self.account.address.hex()}, which holds {balance} wei: {sent.said}{lacks}; "
            "it is journalled, and doing it again goes on with it"
        )

    def _raise_price(self, order: Order, attempt: Attempt, why: str) -> None:
        """Sign an order anew at a higher price, its nonce the same, and send it."""
        bumped = attempt.price + max(1, -(-attempt.price * self.policy.bump // PERMILLE))
        dearer = self._signer(max(bumped, self.node.price()))(order)
        if dearer.price > self.policy.most:
            raise NodeTrouble(
                f"node {self.node.place}: {order.key!r} of account 0x{order.account.hex()} {why} "
                f"at {attempt.price} wei; the next price, {dearer.price}, is above the most "
                f"allowed, {self.policy.most}; if another command uses the account, let it end"
            )
        self.outbox.add(dearer)
        sent = self.node.send(dearer.raw)
        if sent.answer in (Answer.TAKEN, Answer.KNOWN):
            self.outbox.mark(dearer, State.SENT, None, None)
        elif sent.answer is Answer.REFUSED:
            raise self._refused(order, sent)
