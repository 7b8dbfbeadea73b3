"""What a scenario says about operation: schedules made anew, what goes wrong, the ledger."""

from __future__ import annotations

import msgspec

from gridpact.base.documents import Document, Path
from gridpact.registry.model import COMMITS, OperationRules
from gridpact.simulation.faults import Lost, Rates
from gridpact.simulation.scenarios.access import (
    Group,
    clock_s,
    count,
    entries,
    group,
    share,
    text,
    texts,
)
from gridpact.simulation.scenarios.model import OnChain

_EVM = "evm"


def rules(root: Group) -> OperationRules | msgspec.UnsetType:
    """Return when schedules are made anew; unset where only sessions make them."""
    if "operation" not in root:
        return msgspec.UNSET
    node = group(root, "operation")
    return OperationRules(
        replan_s=count(node, "replan_minutes") * 60,
        replan_on=tuple(texts(node, "replan_on")),
        solve_s=count(node, "solve_seconds"),
        stale_s=count(node, "stale_minutes") * 60,
    )


def commits(root: Group) -> str | msgspec.UnsetType:
    """Return when the ledger is told; unset where a day goes on it as a whole."""
    found = text(group(root, "ledger"), "commit")
    return msgspec.UNSET if found in ("", COMMITS[0]) else found


def on_chain(root: Group) -> OnChain | msgspec.UnsetType:
    """Return which chain the ledger is on; unset for a log."""
    node = group(root, "ledger")
    if text(node, "kind") != _EVM:
        return msgspec.UNSET
    return OnChain(text(node, "node"), count(node, "chain"), text(node, "account"))


def check_ledger(document: Document, root: Group) -> None:
    """A ledger on a chain says which; agreements, which wallets sign, are not simulated there."""
    node = group(root, "ledger")
    if text(node, "kind") != _EVM:
        return
    for key in ("node", "chain", "account"):
        if key not in node:
            document.fault(("ledger", key), "is missing", "say which node, chain and account")
    if list(entries(root, "agreements")):
        fix = "leave agreements out, or keep a log"
        document.fault(("agreements",), "need a log: on a chain wallets of parties sign", fix)


def rates(node: Group) -> Rates:
    """Return what goes wrong, from the group of faults."""
    return Rates(
        missing=float(share(node, "readings_missing_percent")),
        late=float(share(node, "readings_late_percent")),
        late_slots=count(node, "late_slots"),
        refusal=float(share(node, "device_refusal_percent")),
        drift=float(share(node, "device_drift_percent")),
        silent=float(share(node, "device_silent_percent")),
        lost=tuple(
            Lost(text(each, "asset"), clock_s(each, "from"), clock_s(each, "until"))
            for _, each in entries(node, "lost")
        ),
    )


def check_operation(document: Document, root: Group) -> None:
    """Times of rolling operation against slots, and hours in which devices are lost."""
    minutes, node = count(group(root, "community"), "slot_minutes"), group(root, "operation")
    if node and count(node, "replan_minutes") % minutes:
        problem = f"schedules change from slot to slot, which last {minutes} minutes"
        fix = f"write a multiple of {minutes}, or 0 for events alone"
        document.fault(("operation", "replan_minutes"), problem, fix)
    if node and count(node, "solve_seconds") >= minutes * 60:
        problem = f"a schedule is made within one slot, which lasts {minutes * 60} s"
        document.fault(("operation", "solve_seconds"), problem, f"write less than {minutes * 60}")
    for place, lost in entries(group(root, "faults"), "lost"):
        if clock_s(lost, "until") <= clock_s(lost, "from"):
            path: Path = ("faults", "lost", place, "until")
            problem = f"until {text(lost, 'until')} is not after from {text(lost, 'from')}"
            document.fault(path, problem, "write two entries for hours across midnight")
