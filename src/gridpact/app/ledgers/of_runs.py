"""The ledger of a run: a log in its folder, or contracts on a chain that its scenario names."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from gridpact.app import folder
from gridpact.app.ledgers import home, keys
from gridpact.app.ledgers.acted import AUTHORITY, Acted
from gridpact.app.ledgers.chains import Chain, ChainLedger, on_chain
from gridpact.app.ledgers.hands import ChainHand
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.ledger.port import Taking
from gridpact.simulation.scenarios.model import OnChain, Scenario


def begin(path: Path, scenario: Scenario, beside: Path) -> None:
    """Deploy the ledger of a run that is to be on a chain, and note where it is.

    The account's file is named from ``beside``. Where a ledger was begun, nothing is done; where
    its deployment was, that goes on.
    """
    where = scenario.on_chain
    begun = any((path / name).exists() for name in (home.ABOUT, folder.LEDGER))
    if not isinstance(where, OnChain) or begun:
        return
    account = (beside / where.account).resolve()
    key = keys.chain_key(keys.load(account))
    chain = on_chain(path, Chain(where.node, where.chain, account=str(account)), key)
    home.note(path, "gridpact", chain, key)


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
    hand = ChainHand(ledger.genesis, seed, AUTHORITY, ledger.key)
    return Acted(ledger, hand, operator)
