"""The sharing key of a scenario: its checks, and the files of coefficients or terms it names."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path as FilePath

import msgspec
import numpy as np

from gridpact.base.documents import Document
from gridpact.base.errors import BadInput, Fault, GridpactError
from gridpact.base.slots import Calendar, Slots
from gridpact.contracts.files import read_contract
from gridpact.contracts.terms import Contract
from gridpact.contracts.wire import to_bytes
from gridpact.registry.model import SharingCoefficients, SharingRules
from gridpact.settlement.sharing.coefficients import POOL, Coefficients
from gridpact.settlement.sharing.contracts import claims, problems
from gridpact.settlement.sharing.files.folder import Files, read_coefficients
from gridpact.settlement.sharing.files.monthly import Wanted
from gridpact.settlement.sharing.files.spanish import RULES as SPANISH
from gridpact.simulation.scenarios.access import Group, entries, group, share, text
from gridpact.simulation.scenarios.agreements import sought
from gridpact.simulation.scenarios.model import Scenario

_OF_TABLES = ("simple-dynamic", "full-dynamic", "spanish-hourly")
_OWNED = ("spanish-fixed", "spanish-hourly")


def check_sharing(document: Document, root: Group) -> None:
    """The key's files: those that it needs, and none besides; shares of owners are the whole."""
    node = group(root, "sharing")
    key = text(node, "key")
    takes = (*_OF_TABLES, "spanish-fixed")
    for name, needed, taken in (
        ("coefficients", key in _OF_TABLES, key in takes),
        ("contract", key == "contract", key == "contract"),
    ):
        if needed and not text(node, name):
            fix = f"add {name}: FILE"
            document.fault(("sharing", "key"), f"the key {key} needs {name}", fix)
        elif text(node, name) and not taken:
            fix = "remove it, or take another key"
            document.fault(("sharing", name), f"the key {key} has no {name}", fix)
    if text(node, "layout") in SPANISH and key not in _OWNED:
        fix = "leave it out, or take a layout of tables by slot"
        document.fault(("sharing", "layout"), "this layout is of Spanish keys", fix)
    if key == "spanish-fixed" and not text(node, "coefficients") and not group(root, "generate"):
        total = sum(share(member, "static_share_percent") for _, member in entries(root, "members"))
        if total < 1:
            problem = f"static shares add up to {float(total * 100):g} percent, not 100"
            document.fault(("sharing", "key"), problem, "give members all of it")


def with_sharing(
    scenario: Scenario, root: Group, beside: FilePath, data_root: str | None
) -> Scenario:
    """Return a scenario with the coefficients or the contract that its key names.

    BadInput lists every fault of those files, for the days of the run.
    """
    node = group(root, "sharing")
    if text(node, "coefficients"):
        rules = _with_coefficients(scenario, node, beside, data_root)
    elif text(node, "contract"):
        rules = _with_contract(scenario, sought(text(node, "contract"), beside, data_root))
    else:
        return scenario
    return msgspec.structs.replace(scenario, sharing=rules)


def _with_coefficients(
    scenario: Scenario, node: Group, beside: FilePath, data_root: str | None
) -> SharingRules:
    key = scenario.sharing.key
    layout = text(node, "layout") or ("spain-6.v1" if key in _OWNED else "long.v1")
    # a Spanish file writes metering points in capitals
    written = str.upper if layout in SPANISH else str
    point = {written(each.metering_point): row for row, each in enumerate(scenario.members)}
    roles = [each.role for each in scenario.members]
    consumers = tuple(name for name, row in point.items() if roles[row] != "producer")
    producers = tuple(name for name, row in point.items() if roles[row] != "consumer")
    wanted = Wanted(producers if key == "full-dynamic" else (POOL,), consumers, _run(scenario))
    files = Files(
        text(node, "coefficients"),
        layout,
        scenario.timezone,
        whole=key in _OWNED,
        find=lambda name: sought(name, beside, data_root),
    )
    found = _of_members(read_coefficients(files, wanted), point, len(scenario.members))
    return msgspec.structs.replace(scenario.sharing, coefficients=found)


def _of_members(found: Coefficients, row: dict[str, int], members: int) -> SharingCoefficients:
    ppm = np.zeros((len(found.producers), members, found.slots.count), np.int64)
    ppm[:, [row[name] for name in found.consumers]] = found.ppm
    producers = np.array([row.get(name, -1) for name in found.producers], dtype=np.int64)
    return SharingCoefficients(found.slots.start, found.slots.step, producers, ppm)


def _run(scenario: Scenario) -> Slots:
    """Slots of all days of the run."""
    calendar = Calendar(scenario.timezone, scenario.step_s)
    last = scenario.run.first_day + timedelta(days=scenario.run.days)
    start, end = calendar.midnight(scenario.run.first_day), calendar.midnight(last)
    return Slots(start, scenario.step_s, (end - start) // scenario.step_s)


def _with_contract(scenario: Scenario, path: FilePath) -> SharingRules:
    try:
        contract = read_contract(path).contract
    except OSError as error:
        problem = f"the contract cannot be read: {error.strerror or error}"
        raise BadInput([Fault(str(path), 0, "", problem, "correct its name")]) from error
    wrong = problems(contract) or _on_a_day(scenario, contract)
    if wrong:
        raise BadInput([Fault(str(path), 0, "terms", *each) for each in wrong])
    return msgspec.structs.replace(scenario.sharing, contract=to_bytes(contract))


def _on_a_day(scenario: Scenario, contract: Contract) -> list[tuple[str, str]]:
    """Read a contract on a day without energy, as settlement will read it day by day."""
    day = Calendar(scenario.timezone, scenario.step_s).day(scenario.run.first_day)
    nothing = np.zeros((1, day.count), np.int64)
    try:
        claims(contract, day, nothing, nothing[0], np.zeros(1, np.int64))
    except GridpactError as error:
        return [(f"it cannot be read day by day: {error}", "let its periods be days, or shorter")]
    return []
