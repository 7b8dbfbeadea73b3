"""A ledger on a chain, as its folder describes it: which node, which contract, whose account."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gridpact.agreements.addresses import checksummed
from gridpact.app import folder
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.ledger.evm.deploying import begins, deploy
from gridpact.ledger.evm.evm import EvmLedger
from gridpact.ledger.evm.node import Finality, Node
from gridpact.ledger.evm.outbox import Outbox
from gridpact.ledger.evm.rpc import connect
from gridpact.ledger.evm.sending import Say, Sender
from gridpact.ledger.evm.signing import ChainKey
from gridpact.ledger.examination import Examined
from gridpact.ledger.keys import Contract
from gridpact.ledger.port import Head

OUTBOX = "outbox.db"
_DEPLOYED = "ledger"


class Chain(msgspec.Struct, frozen=True):
    """Where a ledger on a chain is.

    ``node`` is the address of a node's JSON-RPC and ``second`` that of another, to hold its view
    against; ``chain`` the id of the chain, ``front`` the front contract's address (0x…), before
    whose deployment in block ``since`` there is nothing. ``finality`` is ``immediate``,
    ``finalized`` or a number of blocks. Of a simulated run, ``account`` is the file of the key
    that seals.
    """

    node: str
    chain: int
    front: str = ""
    since: int = 0
    finality: str = "immediate"
    second: str = ""
    account: str = ""


def node_of(chain: Chain, address: str) -> Node:
    """Connect to a node of a chain; BadInput where the chain is not described rightly."""
    try:
        finality = Finality.parse(chain.finality)
    except ValueError as error:
        fix = "write immediate, finalized, or a number of blocks"
        raise BadInput([Fault("arguments", 0, "--finality", str(error), fix)]) from error
    return connect(address, chain.chain, finality)


def on_chain(place: Path, chain: Chain, key: ChainKey, say: Say | None = None) -> Chain:
    """Put a new ledger's contracts on a chain from the account that will found it.

    Repeated after a crash with the same folder, it goes on with what was begun. ``say`` hears of
    a chain that takes long.
    """
    node = node_of(chain, chain.node)
    folder.make(place)
    outbox = outbox_of(place)
    try:
        _check_begun(outbox, place, chain, key)
        found = deploy(Sender(node, outbox, key.account(), say=say), _DEPLOYED)
    finally:
        outbox.close()
    return msgspec.structs.replace(chain, front=f"0x{found.front.hex()}", since=found.since)


def outbox_of(place: Path) -> Outbox:
    """Open the outbox in a ledger's folder."""
    writable(place)
    return Outbox(place / OUTBOX)


def writable(place: Path) -> None:
    """Raise StoreError where nothing can be kept in a ledger's folder."""
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        raise StoreError(
            f"folder {place} cannot be written, and what is sent to a chain and read of it is kept "
            "there; make it writable, or copy it and use the copy"
        )


def _check_begun(outbox: Outbox, place: Path, chain: Chain, key: ChainKey) -> None:
    """Refuse to go on with what was begun by another account, or on another chain."""
    begun = outbox.find(begins(_DEPLOYED))
    if begun is None:
        return
    faults, other = [], "or name another folder"
    if begun.account != key.address:
        said = f"{place} was begun from the account {checksummed(begun.account)}"
        problem = f"{said}, and this is the key of {checksummed(key.address)}"
        fix = f"go on with the file of that account's key, {other}"
        faults.append(Fault("arguments", 0, "--as", problem, fix))
    if begun.chain != chain.chain:
        problem = f"{place} was begun on chain {begun.chain}, not on {chain.chain}"
        fix = f"go on with a node of that chain, {other}"
        faults.append(Fault("arguments", 0, "--chain", problem, fix))
    if faults:
        raise BadInput(faults)


class ChainLedger(EvmLedger):
    """A ledger on a chain with the outbox of its folder; closes what it opened."""

    def __init__(
        self,
        place: Path,
        rows: Path | str,
        chain: Chain,
        key: ChainKey | None,
        say: Say | None = None,
    ) -> None:
        if key or not str(rows).startswith("postgresql://"):
            writable(place)
        node = node_of(chain, chain.node)
        second = node_of(chain, chain.second) if chain.second else None
        self._outbox = Outbox(place / OUTBOX) if key else None
        outbox = self._outbox
        sender = Sender(node, outbox, key.account(), say=say) if key and outbox else None
        front = bytes.fromhex(chain.front.removeprefix("0x"))
        super().__init__(node, front, rows, sender=sender, second=second, since=chain.since)

        self.public_key = Contract(chain.chain, front)
        self._key = key

    @property
    def key(self) -> ChainKey:
        """Key whose account seals; ValueError where the ledger was opened to read."""
        if self._key is None:
            raise ValueError("opened to read")
        return self._key

    def keys(self) -> Sequence[Contract]:
        """Return the contract that takes all blocks."""
        return (self.public_key,)

    def examine(self, expected: Head | None = None, *, jobs: int = 1) -> Examined:
        """Recompute everything from the chain, in one process whatever ``jobs`` are asked for."""
        head = self.verify(expected)
        return Examined(head, head.size, ())

    def close(self) -> None:
        """Release storage and outbox."""
        super().close()
        if self._outbox is not None:
            self._outbox.close()
