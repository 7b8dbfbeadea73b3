"""The ledger of a run: a log in its folder, or contracts on a chain that its scenario names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from gridpact.app import folder
from gridpact.app.ledgers import home, keys
from gridpact.app.ledgers.acted import AUTHORITY, Acted
from gridpact.app.ledgers.chains import Chain, ChainLedger, node_of, on_chain
from gridpact.app.ledgers.hands import ChainHand
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.base.errors import BadInput, Fault, GridpactError, StoreError
from gridpact.ledger.evm.node import NodeTrouble, WrongChain
from gridpact.ledger.evm.signing import ChainKey
from gridpact.ledger.port import Taking
from gridpact.simulation.scenarios.model import OnChain, Scenario


def check(scenario: Scenario, beside: Path) -> None:
    """Check the account, node and chain of a run's ledger before anything is written.

    BadInput lists what the scenario says wrongly; NodeTrouble where its node does not answer.
    """
    where = scenario.on_chain
    if not isinstance(where, OnChain):
        return
    file, down = scenario.file, ""
    faults = [*_account_faults(file, where, beside)]
    try:
        faults += _node_faults(file, where)
    except NodeTrouble as error:
        down = str(error)
    if faults and down:
        faults.append(Fault(file, 0, "ledger.node", down, "start it, or name another"))
    if faults:
        raise BadInput(faults)
    if down:
        raise NodeTrouble(f"{file}: ledger.node: {down}; nothing was begun")


def _account_faults(file: str, where: OnChain, beside: Path) -> Iterator[Fault]:
    try:
        _account(where, beside)
    except (BadInput, StoreError) as error:
        fix = "name a key that 'gridpact contract key new' made, by its place beside the scenario"
        yield from _placed(file, "ledger.account", error, fix)


def _node_faults(file: str, where: OnChain) -> Iterator[Fault]:
    try:
        node_of(Chain(where.node, where.chain), where.node)
    except WrongChain as error:
        yield from _placed(file, "ledger.chain", error, "write the id of its chain")
    except BadInput as error:
        yield from _placed(file, "ledger.node", error)


def _placed(file: str, where: str, error: GridpactError, fix: str = "") -> Iterator[Fault]:
    """Put what is wrong in its place in the scenario."""
    if not isinstance(error, BadInput):
        yield Fault(file, 0, where, str(error), fix)
        return
    for each in error.faults:
        problem = each.problem if each.file == "arguments" else f"{each.file}: {each.problem}"
        yield Fault(file, 0, where, problem, each.fix)


def _account(where: OnChain, beside: Path) -> tuple[Path, ChainKey]:
    path = (beside / where.account).resolve()
    return path, keys.chain_key(keys.load(path))


def begin(path: Path, scenario: Scenario, beside: Path) -> None:
    """Deploy the ledger of a run that is to be on a chain, and note where it is.

    The account's file is named from ``beside``. Where a ledger was begun, nothing is done; where
    its deployment was, that goes on.
    """
    where = scenario.on_chain
    begun = any((path / name).exists() for name in (home.ABOUT, folder.LEDGER))
    if not isinstance(where, OnChain) or begun:
        return
    account, key = _account(where, beside)
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
