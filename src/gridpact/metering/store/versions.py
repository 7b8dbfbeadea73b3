"""Which of many told values is in force, and what another one told changes.

A cell is what has one value at a time, such as a slot of a channel. Each value told for it is a
claim, known from an instant on. The claims are a set: whichever order they arrive in, the value
in force at an instant is the one known last. A claim of the value that is in force already is not
stored again but confirmed, so that an older claim which arrives late does not displace it.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints

NEVER = np.int64(2**62)


class Claims(msgspec.Struct, frozen=True):
    """Stored values [fields, claims] of cells [claims], known from ``known_s`` on [claims]."""

    cell: Ints
    known_s: Ints
    commit: Ints
    values: Ints


class Confirmed(msgspec.Struct, frozen=True):
    """Cells [confirmed] told again at ``known_s`` with the value then in force, by ``commit``."""

    cell: Ints
    known_s: Ints
    commit: Ints


class Decision(msgspec.Struct, frozen=True):
    """What one claim for each told cell changes; all but ``again`` are bool [cells].

    ``new`` cells had no value, ``corrected`` had another and ``same`` had this one; ``overlapping``
    were told another value at the same instant. ``again`` are values to be stored anew, because
    they were confirmed after the older claim that is inserted before.
    """

    new: Bools
    corrected: Bools
    same: Bools
    overlapping: Bools
    again: Claims


def nothing_known(fields: int) -> tuple[Claims, Confirmed]:
    """No claims and nothing confirmed, of values with a number of fields."""
    none = np.zeros(0, np.int64)
    return Claims(none, none, none, np.zeros((fields, 0), np.int64)), Confirmed(none, none, none)


def in_force(claims: Claims, cells: int, as_of: int) -> Ints:
    """Row of the claim in force at an instant for each cell [cells], -1 where there is none."""
    found = np.full(cells, -1, np.int64)
    rows = np.flatnonzero(claims.known_s <= as_of)
    rows = rows[np.argsort(claims.known_s[rows], kind="stable")]
    found[claims.cell[rows]] = rows  # of repeated cells numpy keeps the last
    return found


def decide(
    values: Ints, told: Bools, known_s: int, claims: Claims, confirmed: Confirmed
) -> Decision:
    """Compare values [fields, cells], where ``told`` [cells], with all that is known of them."""
    cells = len(told)
    if not len(claims.cell):
        none = np.zeros(cells, np.bool_)
        return Decision(told, none, none, none, claims)
    found = in_force(claims, cells, known_s)
    known = told & (found >= 0)
    equal = known & (values == claims.values[:, found]).all(axis=0)
    changed = known & ~equal
    at_once = np.zeros(cells, np.bool_)
    at_once[claims.cell[claims.known_s == known_s]] = True
    at_once[confirmed.cell[confirmed.known_s == known_s]] = True
    again = _again(changed, found, known_s, claims, confirmed)
    return Decision(told & (found < 0), changed, equal, changed & at_once, again)


def _again(
    changed: Bools, found: Ints, known_s: int, claims: Claims, confirmed: Confirmed
) -> Claims:
    """Values that were confirmed after ``known_s`` and before anything else was claimed."""
    cells = len(changed)
    following = _first_after(claims.cell, claims.known_s, known_s, cells)
    later = confirmed.known_s > known_s
    rows = np.flatnonzero(later & changed[confirmed.cell])
    rows = rows[confirmed.known_s[rows] < following[confirmed.cell[rows]]]
    rows = rows[np.argsort(confirmed.known_s[rows], kind="stable")]
    cell, first = np.unique(confirmed.cell[rows], return_index=True)
    rows = rows[first]
    return Claims(
        cell, confirmed.known_s[rows], confirmed.commit[rows], claims.values[:, found[cell]]
    )


def _first_after(cell: Ints, known_s: Ints, instant: int, cells: int) -> Ints:
    """Earliest instant after another one at which each cell was claimed [cells]."""
    found = np.full(cells, NEVER)
    rows = np.flatnonzero(known_s > instant)
    np.minimum.at(found, cell[rows], known_s[rows])
    return found
