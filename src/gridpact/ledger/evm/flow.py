"""Commits to a ledger on a chain, many of them under way at once.

Each is looked at by the rules upon the state as it will be once those before it are on the ledger,
journalled in the outbox, and handed to the node at the next nonce. It names the one before it, so
that the contract refuses it where that one is not there (:func:`.batches.packed`). What is final is
read and recomputed as always, and told in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gridpact.ledger.entries import Entry
from gridpact.ledger.evm.accounts import Call
from gridpact.ledger.evm.batches import FOLLOWS_BYTES, MOST_BYTES, packed, unfit
from gridpact.ledger.evm.following import Follower
from gridpact.ledger.evm.gas import most_gas
from gridpact.ledger.evm.node import NodeLies
from gridpact.ledger.evm.sealing import Sealer, call
from gridpact.ledger.evm.signing import SCHEME
from gridpact.ledger.flowing import Told
from gridpact.ledger.port import Receipt, Refused
from gridpact.ledger.state.admission import Admission
from gridpact.ledger.state.snapshot import frozen, thawed
from gridpact.ledger.stored import faulty, refusal

MOST_UNDER_WAY = 32
"""Blocks that are under way at once; a node keeps so many of an account waiting."""


class _Begun(NamedTuple):
    """A commit under way: the order that carries it, the leaves of its entries, what was sent."""

    key: str
    order: str
    leaves: Sequence[bytes]
    data: bytes


class Flow:
    """Takes commits of one authority's account; see :class:`gridpact.ledger.flowing.Flowing`.

    ``answered`` tells of a key and leaves what the ledger holds, None for a key that is new.
    """

    def __init__(
        self,
        sealer: Sealer,
        follower: Follower,
        answered: Callable[[str, Sequence[bytes]], Receipt | Refused | None],
        told: Told,
    ) -> None:
        self._sealer, self._follower = sealer, follower
        self._answered, self._told = answered, told
        self._begun = deque[_Begun]()
        self._stopped = ""  # the key of a block that was refused, or whose sending failed
        self._final, self._quote = -1, sealer.sender.quote()
        sealer.finish_left()
        self._refresh()

    def commit(self, key: str, entries: Sequence[Entry], at: int) -> Refused | None:
        """Hand a block in; see :meth:`gridpact.ledger.flowing.Flowing.commit`."""
        wrong = refusal(key, entries, at) or faulty(unfit(entries))
        if wrong:
            return wrong
        self._make_room(len(packed(entries)))
        if self._stopped:
            return Refused(f"not taken in: {self._stopped!r} before it did not go through")
        offered = self._sealer.offered(entries, at)
        before = next((each for each in self._begun if each.key == key), None)
        if before is not None:
            same = list(before.leaves) == offered.leaves
            return None if same else Refused(f"key {key!r} is under way for other entries")
        known = self._answered(key, offered.leaves)
        if isinstance(known, Receipt):
            self._drain()
            self._told(key, known)
            return None
        wrong = known or faulty(self._ahead.take(offered))
        if not wrong:
            self._begin(key, entries, at, offered.leaves)
        return wrong

    def finish(self) -> None:
        """Wait until all that is under way is final; raises Unfinished, or as a node does."""
        self._drain()
        self._sealer.finish_left()

    def _make_room(self, size: int) -> None:
        """Wait where too much is under way for a further block, a batch of so many bytes."""
        final = self._sealer.sender.node.final()
        if final != self._final:
            self._look()
            self._final, self._quote = final, self._sealer.sender.quote()
        while len(self._begun) >= MOST_UNDER_WAY:
            self._wait()
        if self._others or size + FOLLOWS_BYTES > MOST_BYTES:  # or it cannot name the one before it
            self._drain()
        if self._others:
            self._refresh()

    def _begin(self, key: str, entries: Sequence[Entry], at: int, leaves: Sequence[bytes]) -> None:
        """Journal and send what the rules allow; where that fails, nothing may follow it."""
        sender, after = self._sealer.sender, self._begun[-1].key if self._begun else ""
        self._stopped = key
        order, data = self._sealer.order(key), call(key, entries, at, after)
        gas = sender.policy.gas or most_gas(entries, len(data))
        sender.begin(order, Call(self._sealer.front, data, gas), self._quote)
        self._begun.append(_Begun(key, order, leaves, data))
        self._stopped = ""

    def _refresh(self) -> None:
        """Go on from what is final, with what another authority has sealed."""
        self._follower.follow()
        now = self._follower.admission
        self._ahead = Admission(now.ledger, thawed(frozen(now.state)), SCHEME)
        self._size, self._others = now.state.size, False

    def _drain(self) -> None:
        while self._begun:
            self._wait()

    def _wait(self) -> None:
        """Wait until what was handed in first is final."""
        first = self._begun[0]

        def gone() -> bool | None:
            self._look()
            return True if not self._begun or self._begun[0] is not first else None

        self._sealer.sender.until(gone, first.key)

    def _look(self) -> None:
        """Send what is missing, and tell in order of what is final."""
        self._sealer.sender.look()
        self._follower.follow()
        while self._begun and self._settled(self._begun[0]):
            self._begun.popleft()
        self._others = self._follower.admission.state.size != self._size

    def _settled(self, first: _Begun) -> bool:
        """Tell what became of a commit, if that is known."""
        answer = self._answered(first.key, first.leaves)
        if isinstance(answer, Receipt):
            self._size += answer.count
        elif answer is None:
            mined = self._sealer.sender.done(first.order)
            if mined is None:
                return False
            if mined.ok:
                raise NodeLies(f"node {self._sealer.place} took {first.key!r} and hides its block")
            answer = self._sealer.refused(mined, first.data)
            self._stopped = self._stopped or first.key
        self._told(first.key, answer)
        return True
