"""Which reading of a member's day is not the one committed, found by the leaf that was kept.

A leaf is a hash of the whole day. Where one value changed, the energy that the kept lines counted
more or less than those made again says by how much, and only the right slot gives the leaf.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.app.books.branches import Branch
from gridpact.app.books.remaking import Remade
from gridpact.base.slots import iso
from gridpact.base.units import Ints
from gridpact.settlement.lines import Lines

_REGISTERS = ("withdrawal", "injection")


def reading_told(again: Remade, branch: Branch, subject: str, was: bytes, secret: bytes) -> str:
    """Say which one reading gives the leaf that ``was`` kept, and what it was; "" for none."""
    if branch.slots is None or not was:
        return ""
    now = branch.values[subject]
    for register, slot, values in _candidates(now, _moved(again, subject)):
        one = branch._replace(values={subject: values})
        if one.leaves({subject: secret}, subject)[subject] == was:
            at = iso(branch.slots.start + slot * branch.slots.step)
            before, after = _said(values, register, slot), _said(now, register, slot)
            return f": {_REGISTERS[register]} at {at} was {before} and is {after}"
    return ""


def _candidates(now: Ints, moved: set[int]) -> Iterator[tuple[int, int, Ints]]:
    """Yield the day with one value other than it is: moved, missing, or there."""
    for register in range(len(_REGISTERS)):
        for slot in range(now.shape[1]):
            there, wh = bool(now[register + 2, slot]), int(now[register, slot])
            others = {(wh + by, 1) for by in moved if wh + by >= 0}
            others |= {(0, 0)} if there else set()
            for value, known in others:
                values = now.copy()
                values[register, slot], values[register + 2, slot] = value, known
                yield register, slot, values


def _moved(again: Remade, subject: str) -> set[int]:
    """Return by how much lines of a member counted more energy than they do now, either way."""
    was, now = (_energy(lines, subject) for lines in (again.made.lines, again.lines))
    by = {was.get(key, 0) - now.get(key, 0) for key in was.keys() | now.keys()} - {0}
    return by | {-each for each in by}


def _energy(lines: Lines, subject: str) -> dict[tuple[str, int], int]:
    if subject not in lines.owners:
        return {}
    own = lines.of(subject)
    names = [lines.heads[head].name for head in own.head.tolist()]
    keys = zip(names, own.first_s.tolist(), strict=True)
    return dict(zip(keys, np.asarray(own.energy_wh).tolist(), strict=True))


def _said(values: Ints, register: int, slot: int) -> str:
    return f"{values[register, slot]} Wh" if values[register + 2, slot] else "missing"
