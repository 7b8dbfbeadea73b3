"""The ledger of a run: a log in its folder, or contracts on a chain that its scenario names."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import msgspec

from gridpact.app import folder
from gridpact.app.ledgers import home, keys
from gridpact.app.ledgers.acted import AUTHORITY, Acted
from gridpact.app.ledgers.chains import Chain, ChainLedger, on_chain
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.ledger.entries import Entry
from gridpact.ledger.evm.signing import ChainKey, demonstration_key
from gridpact.ledger.kinds.founding import Act
from gridpact.ledger.port import Taking
from gridpact.simulation.scenarios.model import OnChain, Scenario


class Hand(NamedTuple):
    """Keys of a simulated run on a chain: the account's is the authority's, others are drawn."""

    ledger: ChainLedger
    seed: int
    account: ChainKey

    def key_of(self, name: str) -> bytes:
        """Public key of somebody, as entries carry it [32 bytes]."""
        return self._key(name).public.raw

    def signed(self, act: Act, entries: Sequence[Entry]) -> Act:
        """Let all sign who are named."""
        made = tuple(
            keys.signature(self._key(name), self.ledger.genesis, act, entries) for name in act.by
        )
        return msgspec.structs.replace(act, signatures=made)

    def _key(self, name: str) -> ChainKey:
        return self.account if name == AUTHORITY else demonstration_key(self.seed, name)


def begin(path: Path, scenario: Scenario) -> None:
    """Deploy the ledger of a run that is to be on a chain, and note where it is."""
    where = scenario.on_chain
    if not isinstance(where, OnChain) or (path / home.ABOUT).exists():
        return
    account = (Path(scenario.file).parent / where.account).resolve()
    key = keys.chain_key(keys.load(account))
    chain = on_chain(path, Chain(where.node, where.chain, account=str(account)), key)
    about = home.About("ledger/1", "gridpact", keys.shown(key.public.raw), chain=chain)
    folder.write_json(path / home.ABOUT, about)


def opened(path: Path, seed: int) -> AbstractContextManager[AnyLedger]:
    """Open a run's ledger to read."""
    return home.opened(path) if (path / home.ABOUT).exists() else folder.ledger(path, seed)


def writable(path: Path, seed: int) -> AbstractContextManager[AnyLedger]:
    """Open a run's ledger to write."""
    if not (path / home.ABOUT).exists():
        return folder.ledger(path, seed, writable=True)
    chain = home.read(path).chain
    account = chain.account if isinstance(chain, Chain) else ""
    return home.opened(path, keys.load(Path(account)))


def taking(ledger: AnyLedger, seed: int, operator: str) -> Taking:
    """Return what takes in what the loop commits: the log itself, or what makes acts of it."""
    if not isinstance(ledger, ChainLedger):
        return ledger
    return Acted(ledger, Hand(ledger, seed, ledger.key), operator)
