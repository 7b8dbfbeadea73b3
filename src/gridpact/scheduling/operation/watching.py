"""What telemetry tells beyond stored energy: who refuses, who came or went, who is silent."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.registry.model import Community, OperationRules
from gridpact.scheduling.messages import Cause, TelemetryReceived
from gridpact.scheduling.operation.in_force import at
from gridpact.scheduling.operation.model import Operation
from gridpact.scheduling.state import InForce


def watched(
    operation: Operation,
    rules: OperationRules,
    plans: tuple[InForce, ...],
    message: TelemetryReceived,
) -> Operation:
    """Take note of a slot's telemetry."""
    end = message.slot + message.step
    heard = heard_of(message)
    there = np.where(heard, there_in(message), operation.there)
    awaited = stated_there(plans, message.slot)
    awaited = there if awaited is None else awaited
    came = there & ~operation.there
    seen_at = np.where(heard, end, operation.seen_at)
    return msgspec.structs.replace(
        operation,
        seen_at=seen_at,
        refusing=np.where(heard, message.refused, operation.refusing),
        there=there,
        early=there & ~awaited & (operation.early | came),
        missing=awaited & ~there,
        stale=end - seen_at > rules.stale_s,
    )


def events(
    before: Operation,
    after: Operation,
    community: Community,
    plans: tuple[InForce, ...],
    message: TelemetryReceived,
) -> Iterator[Cause]:
    """Name what changed with a slot's telemetry, so that the schedule in force may not fit.

    Assets that begin or cease to refuse, that became or are no longer stale, and that came, went
    or stayed away otherwise than their owners said.
    """
    ids = community.storage.ids
    for kind, rows in (
        ("refusal", np.flatnonzero(before.refusing != after.refusing)),
        ("silence", np.flatnonzero(before.stale != after.stale)),
        ("arrival", _astray(before, after, plans, message)),
    ):
        if rows.size:
            yield Cause(kind, tuple(ids[row] for row in rows.tolist()))


def _astray(
    before: Operation, after: Operation, plans: tuple[InForce, ...], message: TelemetryReceived
) -> Ints:
    """Rows of assets whose coming, going or staying away in a slot was not as their owners said."""
    awaited = stated_there(plans, message.slot)
    earlier = stated_there(plans, message.slot - message.step)
    if awaited is None or earlier is None:
        return np.zeros(0, np.int64)
    came, went = after.there & ~before.there, before.there & ~after.there
    on_time = awaited & ~earlier
    late = ~after.there & on_time
    return np.flatnonzero((came & ~on_time) | (went & awaited) | late)


def heard_of(message: TelemetryReceived) -> Bools:
    """Assets of which something was heard."""
    if isinstance(message.reported, msgspec.UnsetType):
        return np.ones(len(message.state_wh), np.bool_)
    return message.reported


def there_in(message: TelemetryReceived) -> Bools:
    """Assets that were connected; all of them where that is not reported."""
    if isinstance(message.there, msgspec.UnsetType):
        return np.ones(len(message.state_wh), np.bool_)
    return message.there


def stated_there(plans: tuple[InForce, ...], slot: int) -> Bools | None:
    """Assets [assets] that owners said to be connected in a slot; None where no schedule tells."""
    item = at(plans, slot)
    if item is None or item.there is None:
        return None
    return item.there[:, item.window.index(slot)]
