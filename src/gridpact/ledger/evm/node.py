"""What the ledger asks of a node of an EVM chain, and what can go wrong with one.

The capability is narrow on purpose: read blocks, call, estimate, send, and look transactions up.
A node may be down, serve another chain or lie; each has an error of its own. What a transaction
came to is an answer, never an error.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from gridpact.base.errors import BadInput, LedgerDamaged, StoreError


class NodeTrouble(StoreError):  # noqa: N818 - reads as what it is
    """A node cannot be used, or answered with an error; nothing was lost."""


class NodeDown(NodeTrouble):
    """A node does not answer, or not in time; what was sent may have arrived."""


class WrongChain(BadInput):
    """A node serves another chain than the one asked for."""


class NodeLies(LedgerDamaged):
    """A node's answers contradict each other, or those of another node."""


class Finality(msgspec.Struct, frozen=True):
    """When a block counts as final.

    On a chain whose validators vote on each block (QBFT, Istanbul) that is at once: no
    ``confirmations``. Elsewhere, so many blocks on top of it; or, with ``tag``, what the node
    calls "finalized".
    """

    confirmations: int = 0
    tag: bool = False

    @classmethod
    def parse(cls, text: str) -> Finality:
        """Read ``immediate``, ``finalized`` or a number of blocks; ValueError otherwise."""
        if text == "immediate":
            return cls()
        if text == "finalized":
            return cls(tag=True)
        if not (text.isascii() and text.isdecimal()) or int(text) > 100_000:
            raise ValueError("finality is immediate, finalized, or blocks up to 100000")
        return cls(int(text))


IMMEDIATE = Finality()


class Block(msgspec.Struct, frozen=True):
    """A block's header, as far as it is needed, and the hashes of its transactions in order.

    ``hash`` and ``parent`` are of 32 bytes, ``at`` is its time [epoch s], ``limit`` the gas that
    a block may use.
    """

    number: int
    hash: bytes
    parent: bytes
    at: int
    transactions: tuple[bytes, ...] = ()
    limit: int = 0


class Log(msgspec.Struct, frozen=True):
    """An event of a contract. ``address`` has 20 bytes, each topic and hash 32."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    block_hash: bytes
    transaction: bytes
    index: int


class Mined(msgspec.Struct, frozen=True):
    """What a transaction came to in a block; ``ok`` is False where it was reverted.

    ``contract`` is the address of the contract that it made [20 bytes], empty for none.
    """

    hash: bytes
    block: int
    block_hash: bytes
    ok: bool
    gas: int
    logs: tuple[Log, ...] = ()
    contract: bytes = b""


class Transaction(msgspec.Struct, frozen=True):
    """A transaction as a node knows it; ``block`` is None while it waits."""

    hash: bytes
    sender: bytes
    to: bytes
    nonce: int
    data: bytes
    block: int | None = None


class Reverted(msgspec.Struct, frozen=True):
    """A contract refused; ``reason`` is what it said, perhaps nothing."""

    reason: str


class Answer(enum.Enum):
    """What a node said to a transaction handed to it."""

    TAKEN = "taken"
    KNOWN = "known"
    """It has this very transaction already."""
    PAST = "past"
    """The account's nonce is beyond it: this one or another of the nonce was mined."""
    UNDERPRICED = "underpriced"
    REFUSED = "refused"


class Sent(msgspec.Struct, frozen=True):
    """The answer to a transaction, and the node's own words."""

    answer: Answer
    said: str = ""


class Node(Protocol):
    """One node of a chain. Addresses have 20 bytes, hashes 32; amounts are in wei.

    All methods raise NodeDown where it does not answer in time, NodeTrouble for an error of it,
    NodeLies where its answers contradict each other.
    """

    @property
    def chain(self) -> int:
        """The chain's id."""
        ...

    @property
    def place(self) -> str:
        """Where the node is, for messages."""
        ...

    def head(self) -> Block:
        """Return the newest block."""
        ...

    def final(self) -> int:
        """Return the number of the newest block that is final; the first block always is."""
        ...

    def block(self, number: int) -> Block | None:
        """Return a block of the chain as it is now, None beyond its head."""
        ...

    def call(self, to: bytes, data: bytes, block: int | None = None) -> bytes | Reverted:
        """Run a contract's function without a transaction, upon the head or an older block."""
        ...

    def estimate(self, sender: bytes, to: bytes, data: bytes) -> int | Reverted:
        """Estimate the gas of a transaction; to nowhere (``b""``) it makes a contract."""
        ...

    def price(self) -> int:
        """Return what the node would pay for a unit of gas now, at least the base fee [wei]."""
        ...

    def nonce(self, address: bytes, *, waiting: bool = False, block: int | None = None) -> int:
        """Count an account's transactions: now, with those that wait, or up to a block."""
        ...

    def balance(self, address: bytes) -> int:
        """Return what an account can pay with [wei]."""
        ...

    def code(self, address: bytes) -> bytes:
        """Return a contract's code, empty where there is none."""
        ...

    def send(self, raw: bytes) -> Sent:
        """Hand a signed transaction to the node."""
        ...

    def transaction(self, hash_: bytes) -> Transaction | None:
        """Look a transaction up, mined or waiting."""
        ...

    def receipt(self, hash_: bytes) -> Mined | None:
        """Return what a transaction came to; None where it is in no block of the chain now.

        The block is read too: it must hold the transaction, else NodeLies.
        """
        ...

    def logs(
        self, address: bytes, first: int, last: int, topics: Sequence[bytes] = ()
    ) -> Iterator[Log]:
        """Yield a contract's events of blocks ``first`` to ``last``, asked for in bounded ranges.

        ``topics`` are those the event must begin with.
        """
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


def disagreement(node: Node, other: Node) -> str:
    """Say how two nodes of a chain contradict each other about what is final; ``""`` if not."""
    if node.chain != other.chain:
        return f"{node.place} serves chain {node.chain}, {other.place} chain {other.chain}"
    number = min(node.final(), other.final())
    first, second = node.block(number), other.block(number)
    if first is None or second is None:
        silent = node if first is None else other
        return f"{silent.place} calls block {number} final and does not have it"
    if first.hash == second.hash:
        return ""
    said = f"{node.place} says {first.hash.hex()}, {other.place} says {second.hash.hex()}"
    return f"block {number} is final: {said}"
