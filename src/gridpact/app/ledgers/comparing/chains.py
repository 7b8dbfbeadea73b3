"""A ledger on a chain, deployed anew for a comparison: on one node, or a network of validators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gridpact.app.ledgers import keys
from gridpact.app.ledgers.chains import Chain, ChainLedger, node_of, on_chain
from gridpact.app.ledgers.comparing.engines import Kind
from gridpact.app.ledgers.comparing.month import AUTHORITIES
from gridpact.app.ledgers.hands import ChainHand
from gridpact.app.networks.processes import address_of, pid_of
from gridpact.ledger.entries import Entry
from gridpact.ledger.evm.network.folders import read_network
from gridpact.ledger.evm.signing import ChainKey
from gridpact.ledger.kinds.founding import Act

ACCOUNT = "account.key"
_HASH = 32


@dataclass
class ChainEngine:
    """A ledger on a chain. ``nodes`` are folders of validators on this machine, if they are."""

    name: str
    kind: Kind
    chain: Chain
    folder: Path
    account: ChainKey
    seed: int = 0
    nodes: Sequence[Path] = ()
    validators: int = 1

    def __post_init__(self) -> None:
        """Deploy the ledger's contracts, which is not measured."""
        self._stored = self._bytes()
        where = on_chain(self.folder, self.chain, self.account)
        rows = str(self.folder / "followed.db")
        self.ledger = ChainLedger(self.folder, rows, where, self.account)

    def key_of(self, name: str) -> bytes:
        """Public key of somebody: the account's is the first authority's."""
        return self._hand().key_of(name)

    def signed(self, act: Act, entries: Sequence[Entry]) -> Act:
        """Let all sign who are named."""
        return self._hand().signed(act, entries)

    def stored_bytes(self) -> int | None:
        """Bytes that all validators' folders have grown by, and the follower's rows."""
        if not self.nodes:
            return None
        return self._bytes() - self._stored + _size(self.folder)

    def gas(self) -> int | None:
        """Gas of all blocks of the ledger, read off their receipts."""
        node, spent = node_of(self.chain, self.chain.node), 0
        for height in range(1, self.ledger.head().height + 1):
            found = node.receipt(self.ledger.block(height).signature[-_HASH:])
            spent += found.gas if found else 0
        return spent

    def processes(self) -> Sequence[int]:
        """Processes of the validators on this machine."""
        found = (pid_of(place) for place in self.nodes)
        return tuple(pid for pid in found if pid is not None)

    def close(self) -> None:
        """Close what is kept here; the chain stays as it is."""
        self.ledger.close()

    def _hand(self) -> ChainHand:
        return ChainHand(self.ledger.genesis, self.seed, AUTHORITIES[0], self.account)

    def _bytes(self) -> int:
        return sum(map(_size, self.nodes))


def _size(place: Path) -> int:
    return sum(each.stat().st_size for each in place.rglob("*") if each.is_file())


def node_engine(folder: Path, chain: Chain, account: Path, seed: int) -> ChainEngine:
    """Deploy on one node that somebody runs."""
    folder.mkdir()
    key = keys.chain_key(keys.load(account))
    return ChainEngine("one EVM node", "node", chain, folder, key, seed)


def network_engine(folder: Path, place: Path, seed: int) -> ChainEngine:
    """Deploy on a test network whose folder 'gridpact network up' made, and that runs."""
    folder.mkdir()
    network = read_network(place)
    count = len(network.validators)
    chain = Chain(address_of(network.validators[0]), network.chain)
    return ChainEngine(
        "one validator" if count == 1 else f"{count} validators",
        "node" if count == 1 else "validators",
        chain,
        folder,
        keys.chain_key(keys.load(place / ACCOUNT)),
        seed,
        [place / each.name for each in network.validators],
        count,
    )
