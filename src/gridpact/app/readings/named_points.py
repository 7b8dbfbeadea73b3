"""Metering points that a file names, looked for in a store before anything is read of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from gridpact.base.errors import BadInput, Fault

if TYPE_CHECKING:
    from gridpact.metering.store.store import Store


class NamedPoint(msgspec.Struct, frozen=True):
    """A metering point, and where its file names it: such as ``points[1].point`` on line 6."""

    point: str
    where: str
    line: int


def check_points(store: Store, file: str, named: Iterable[NamedPoint]) -> None:
    """Raise BadInput for all points of a file that a store lacks, each with its line."""
    there, lacks = {point.id for point in store.points}, "the store has no such metering point"
    faults = [
        Fault(file, each.line, each.where, f"{each.point}: {lacks}", store.hint)
        for each in named
        if each.point not in there
    ]
    if faults:
        raise BadInput(faults)
