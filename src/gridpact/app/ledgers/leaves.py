"""Leaves of a run under the roots that its ledger holds, opened for one member."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gridpact.app import folder
from gridpact.app.record import Record
from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Ints
from gridpact.kernel.messages import Message
from gridpact.ledger.handlers import DAY
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.leaves import LeafBody, demonstration_secrets, encode, leaves, salt
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import Tree, leaf_hash
from gridpact.ledger.messages import Committed
from gridpact.ledger.proofs.making import of_leaf
from gridpact.ledger.proofs.model import Opened, ProofFile
from gridpact.metering.messages import DayMetered
from gridpact.scheduling.messages import ScheduleSolved
from gridpact.settlement.messages import DaySettled


class _Kind(NamedTuple):
    """Messages that hold a kind's values, how its period and key are called, and the values."""

    message: type[Message]
    period: Callable[[Any], str]
    key: Callable[[str], str]
    values: Callable[[Any], Ints]


def _readings(day: DayMetered) -> Ints:
    estimated = day.estimated.astype(np.int64)
    return np.stack([day.withdrawal_wh, day.injection_wh, estimated], axis=1)


def _planned(solved: ScheduleSolved) -> Ints:
    return solved.plan.net_wh[:, : solved.window.count]


def _statements(day: DaySettled) -> Ints:
    found: Ints = np.stack([day.nano.T, day.minor.T, day.energy_wh.T], axis=1)
    return found


KINDS = {
    "readings": _Kind(DayMetered, lambda each: each.day, lambda day: f"{DAY}{day}", _readings),
    "schedules": _Kind(
        ScheduleSolved, lambda each: each.session, lambda name: f"schedules/{name}", _planned
    ),
    "statements": _Kind(DaySettled, lambda each: each.day, lambda day: f"{DAY}{day}", _statements),
}


def prove(run: Path, ledger: LocalLedger, kind: str, period: str, member: str) -> ProofFile:
    """Prove what a run's ledger anchored of a member; BadInput names what there is not."""
    record = folder.record(run)
    community, rule = record.opening().community, KINDS[kind]
    found = {rule.period(each): each for each in record.all(rule.message)}
    names = community.members.ids
    wrong = [
        Fault("arguments", 0, option, f"this run has no {value!r}", _among(options))
        for option, value, options in (
            (f"--{kind}", period, list(found)),
            ("--member", member, names),
        )
        if value not in options
    ]
    if wrong:
        raise BadInput(wrong)
    secrets = demonstration_secrets(record.opening().seed, names)
    values, row = rule.values(found[period]), names.index(member)
    values = np.ascontiguousarray(values)
    tree = Tree(map(leaf_hash, leaves(kind, period, names, secrets, values)))
    body = encode(LeafBody(kind, member, period, values[row]))
    opened = Opened(salt(secrets[member], kind, member, period), body)
    index = _index(record, ledger, rule.key(period), kind)
    return of_leaf(ledger, index, tree, row, opened)


def _among(options: Sequence[str]) -> str:
    shown = ", ".join(options[:3])
    return f"name one of {shown}{' …' if len(options) > 3 else ''}" if options else "let it go on"


def _index(record: Record, ledger: LocalLedger, key: str, kind: str) -> int:
    receipts = [each.receipt for each in record.all(Committed) if each.key == key]
    for receipt in receipts:
        first = receipt.first_index
        for at, entry in enumerate(ledger.entries(first, first + receipt.count), first):
            if isinstance(entry, RootAnchored) and entry.kind == kind:
                return at
    fix = "let the run go on with 'gridpact run --resume'"
    raise BadInput([Fault("arguments", 0, f"--{kind}", "is not on the ledger yet", fix)])
