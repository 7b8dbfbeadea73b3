"""Agreements of a scenario: what parties sign before a run begins, and what they decide on the way.

A contract file names the terms, which name the parties.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from gridpact.agreements.documents import Conditions, propose
from gridpact.agreements.model import ADDRESS_BYTES
from gridpact.agreements.record import choice_of
from gridpact.base.documents import Document, Path
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots
from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.files import read_contract
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import factors, nodes
from gridpact.contracts.observables import Choice
from gridpact.contracts.terms import Contract
from gridpact.scheduling.contracted.own_terms import unplannable
from gridpact.simulation.scenarios.access import Group, count, entries, group, text, texts
from gridpact.simulation.scenarios.data import window
from gridpact.simulation.scenarios.instants import local_instant
from gridpact.simulation.scenarios.model import Agreement, Decision, Scenario

WHERE = "agreements"
DELEGATED = "plans_choose_for"
_LOOKED_AT_S = 2 * 86_400
"""How much of an agreement is read to see whether plans can make its choices."""


def check_agreements(document: Document, root: Group) -> None:
    """Identifiers are given once, and times are those of slots, that the clock shows once."""
    seen = set[str]()
    for place, node in entries(root, WHERE):
        path, name = (WHERE, place), text(node, "id")
        if name in seen:
            document.fault((*path, "id"), f"the agreement '{name}' is listed before", "rename it")
        seen.add(name)
        for key in ("from", "until"):
            _check_time(document, root, (*path, key), text(node, key))
        for position, own in entries(node, "decisions"):
            where: Path = (*path, "decisions", position)
            _check_time(document, root, (*where, "at"), text(own, "at"))
            _check_time(document, root, (*where, "told"), text(own, "told"))
            minutes = count(group(root, "community"), "slot_minutes")
            if minutes and count(own, "lasts_minutes") % minutes:
                problem = f"{count(own, 'lasts_minutes')} minutes are not whole slots"
                fix = f"write a multiple of {minutes}"
                document.fault((*where, "lasts_minutes"), problem, fix)


def _check_time(document: Document, root: Group, path: Path, written: str) -> None:
    top = group(root, "community")
    minutes = count(top, "slot_minutes")
    if not written:
        return
    try:
        at = local_instant(written, ZoneInfo(text(top, "timezone")))
    except (ZoneInfoNotFoundError, OSError):  # told where the time zone is checked
        return
    except ValueError as error:
        document.fault(path, str(error), "write another time")
        return
    if minutes and at % (minutes * 60):
        problem = f"{written} is not the start of a slot of {minutes} minutes"
        document.fault(path, problem, "give the start of one")


def with_agreements(
    scenario: Scenario, root: Group, beside: FilePath, data_root: str | None
) -> Scenario:
    """Return a scenario with its agreements, whose files are sought as those of data are.

    Raises BadInput with every fault of their terms, times and decisions.
    """
    faults, found = list[Fault](), list[Agreement]()
    for place, node in entries(root, WHERE):
        where = f"{WHERE}[{place}]"
        try:
            contract = _contract(text(node, "contract"), beside, data_root)
            one = _agreement(scenario, node, contract)
        except BadInput as error:
            faults += error.faults
            continue
        faults += (
            Fault(scenario.file, 0, f"{where}.{field}".rstrip("."), problem, fix)
            for field, problem, fix in _problems(scenario, one, contract)
        )
        found.append(one)
    if faults:
        raise BadInput(faults)
    return msgspec.structs.replace(scenario, agreements=tuple(found)) if found else scenario


def sought(name: str, beside: FilePath, data_root: str | None) -> FilePath:
    """Path of a file that a scenario names: beside it, else in the data folder."""
    own = beside / name
    return own if own.is_file() or not data_root else FilePath(data_root) / name


def _contract(name: str, beside: FilePath, data_root: str | None) -> Contract:
    return read_contract(sought(name, beside, data_root)).contract


def _agreement(scenario: Scenario, node: Group, contract: Contract) -> Agreement:
    zone = ZoneInfo(scenario.timezone)
    run, begin, end = window(scenario), text(node, "from"), text(node, "until")
    found = Agreement(
        id=text(node, "id"),
        terms=to_bytes(contract),
        parties=parties_of(contract),
        start=local_instant(begin, zone) if begin else run.start,
        end=local_instant(end, zone) if end else run.end,
        authority=text(node, "authority"),
        decisions=(),
        delegated=tuple(texts(node, DELEGATED)),
    )
    made = tuple(_decision(scenario, own, found, zone) for _, own in entries(node, "decisions"))
    return msgspec.structs.replace(found, decisions=made)


def _decision(scenario: Scenario, node: Group, of: Agreement, zone: ZoneInfo) -> Decision:
    """Read a decision; by default it is told two slots before its notice ends."""
    label, begin = text(node, "choice"), local_instant(text(node, "at"), zone)
    choice = choice_of(of.terms, label)
    notice = 0 if choice is None else choice.notice_s
    told = text(node, "told")
    return Decision(
        label=label,
        begin=begin,
        count=count(node, "lasts_minutes") * 60 // scenario.step_s,
        value=count(node, "value"),
        told=local_instant(told, zone) if told else begin - notice - 2 * scenario.step_s,
    )


def parties_of(contract: Contract) -> tuple[str, ...]:
    """Names of all who give, take or decide, in the order in which terms name them."""
    names = {name: None for leg in legs(contract) for name in (leg.giver, leg.taker)}
    for node in nodes(factors(contract)):
        if isinstance(node, Choice):
            names[node.by] = None
    return tuple(names)


def _problems(scenario: Scenario, one: Agreement, contract: Contract) -> list[tuple[str, str, str]]:
    """Say why an agreement cannot be signed as the run begins, or something not be decided."""
    found = list[tuple[str, str, str]]()
    if one.start < window(scenario).start:
        found.append(("from", "begins before the run", "begin on its first day, or later"))
    if one.end <= one.start:
        found.append(("until", "ends before it begins", "end later"))
        return found
    slots = Slots(one.start, scenario.step_s, (one.end - one.start) // scenario.step_s)
    addresses = {
        name: place.to_bytes(ADDRESS_BYTES, "big") for place, name in enumerate(one.parties, 1)
    }
    try:
        propose(contract, one.id, addresses, slots, Conditions(authority=one.authority))
    except BadInput as error:
        found += [(fault.where, fault.problem, fault.fix) for fault in error.faults]
    for place, own in enumerate(one.decisions):
        if choice_of(one.terms, own.label) is None:
            problem = f"the terms leave no choice {own.label!r} open"
            found.append((f"decisions[{place}].choice", problem, "name one of theirs"))
        if not (one.start <= own.begin and own.begin + own.count * scenario.step_s <= one.end):
            found.append((f"decisions[{place}].at", "is outside the agreement's time", "move it"))
    return [*found, *_delegated(scenario, one, slots)]


def _delegated(scenario: Scenario, one: Agreement, slots: Slots) -> Iterator[tuple[str, str, str]]:
    """Yield why plans cannot choose for somebody."""
    some = Slots(slots.start, slots.step, min(slots.count, _LOOKED_AT_S // slots.step))
    members = {each.id for each in scenario.members}
    for place, name in enumerate(one.delegated):
        where = f"{DELEGATED}[{place}]"
        if name not in members:
            problem = f"{name!r} is no member, whom plans could choose for"
            yield where, problem, "name a member of the community"
        elif reason := unplannable(one.terms, name, some, scenario.currency):
            yield where, f"plans cannot choose for {name}: {reason}", "leave it out, and decide it"
