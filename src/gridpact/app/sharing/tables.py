"""Coefficients that rules name, from their files, for the slots of a period."""

from __future__ import annotations

import numpy as np

from gridpact.app.sharing.rules import SharingFile
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.settlement.sharing.coefficients import POOL, Coefficients
from gridpact.settlement.sharing.files.folder import Files, read_coefficients
from gridpact.settlement.sharing.files.monthly import Wanted


def declared(rules: SharingFile, slots: Slots) -> Coefficients | None:
    """Return the coefficients that rules declare for slots; None for keys that have none.

    ``ppm`` is [producers, consumers, slots], of the points in the order of the rules; a pooled key
    has one producer. BadInput lists every fault of every file that the period needs.
    """
    producers = rules.producers if rules.key == "full-dynamic" else (POOL,)
    wanted = Wanted(producers, rules.consumers, slots)
    if rules.coefficients:
        return read_coefficients(_files(rules), wanted)
    if rules.key in ("static", "spanish-fixed"):
        shares = np.array([each.share_ppm for each in rules.members if each.consumes], np.int64)
        ppm = np.broadcast_to(shares[None, :, None], (1, len(shares), slots.count))
        return Coefficients(producers, rules.consumers, slots, np.asarray(ppm, np.int64))
    return None


def rows_of(rules: SharingFile, points: tuple[str, ...], found: Coefficients) -> Ints:
    """Lay coefficients over all points: int64 [producers, points, slots], 0 for who has none."""
    ppm = np.zeros((len(found.producers), len(points), found.slots.count), np.int64)
    place = {point: row for row, point in enumerate(points)}
    ppm[:, [place[name] for name in rules.consumers]] = found.ppm
    return ppm


def _files(rules: SharingFile) -> Files:
    return Files(
        rules.coefficients,
        rules.layout,
        rules.timezone,
        whole=rules.key.startswith("spanish"),
        find=lambda name: rules.folder / name,
    )
