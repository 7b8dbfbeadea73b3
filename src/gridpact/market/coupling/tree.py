"""A tree of markets, such as communities in a region in a price zone, and its interconnections.

Every market but a root has one link, to its parent; the link is known by the market's row. What
crosses it is bounded in each direction and pays a fee per kWh, such as a network charge, which
may be another one for each direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Ints
from gridpact.registry.model import Zones

NO_LIMIT = -1
LARGEST_LIMIT_WH = 2**60
LARGEST_FEE_MICRO_PER_KWH = 2**50

Amount: TypeAlias = int | tuple[int, ...]


class Market(msgspec.Struct, frozen=True):
    """One market as a person writes it, with the link to its parent.

    ``parent`` is None for a root, a limit [Wh per slot] is None where there is none. Limits and
    fees [µ¤/kWh] are one number for all slots or one for each.
    """

    id: str
    parent: str | None = None
    import_limit_wh: Amount | None = None
    export_limit_wh: Amount | None = None
    import_fee_micro_per_kwh: Amount = 0
    export_fee_micro_per_kwh: Amount = 0


class Tree(msgspec.Struct, frozen=True):
    """Markets as columns. ``parent`` [markets] is a row, -1 for a root.

    Limits [Wh per slot], -1 for none, and fees [µ¤/kWh] are [markets, slots], or [markets, 1]
    where all slots have the same. What they hold for a root means nothing.
    """

    ids: tuple[str, ...]
    parent: Ints
    import_limit_wh: Ints
    export_limit_wh: Ints
    import_fee_micro_per_kwh: Ints
    export_fee_micro_per_kwh: Ints

    @property
    def count(self) -> int:
        """How many markets there are."""
        return len(self.ids)


def tree(markets: Sequence[Market], slots: int, file: str = "markets") -> Tree:
    """Put markets into columns.

    Raises
    ------
    BadInput
        Lists all faults: an empty or repeated identifier, an unknown parent, markets in a circle,
        negative or absurd limits and fees, numbers of another count than the slots, a link of a
        market that has no parent.
    """
    rows = {market.id: row for row, market in reversed(list(enumerate(markets)))}
    parent = np.array(
        [-1 if at.parent is None else rows.get(at.parent, -1) for at in markets], dtype=np.int64
    )
    found = [
        Fault(file, row + 1, f"{market.id or '(no id)'}.{field}", problem, fix)
        for row, market in enumerate(markets)
        for field, problem, fix in [*_names(market, row, rows), *_link(market, slots)]
    ]
    found += [
        Fault(file, row + 1, f"{markets[row].id}.parent", "is part of a circle", _ROOT)
        for row in _in_circles(parent)
    ]
    if found:
        raise BadInput(found)
    return Tree(
        tuple(market.id for market in markets),
        parent,
        column([market.import_limit_wh for market in markets], slots),
        column([market.export_limit_wh for market in markets], slots),
        column([market.import_fee_micro_per_kwh for market in markets], slots),
        column([market.export_fee_micro_per_kwh for market in markets], slots),
    )


def of_zones(zones: Zones, step_s: int, import_fee: Ints, export_fee: Ints) -> Tree:
    """Make every network zone a market; power limits become energy per slot, rounded down.

    Fees [zones] are those of the link to the parent zone [µ¤/kWh].
    """

    def energy(limit_w: Ints) -> Ints:
        return np.where(limit_w < 0, NO_LIMIT, limit_w * step_s // 3600)[:, None]

    return Tree(
        zones.ids,
        zones.parent,
        energy(zones.import_limit_w),
        energy(zones.export_limit_w),
        import_fee[:, None],
        export_fee[:, None],
    )


def locate(tree: Tree, markets: Sequence[str], file: str = "orders") -> Ints:
    """Return the row of the market that each order names [orders].

    Raises :class:`~gridpact.base.errors.BadInput` listing every order in an unknown market.
    """
    rows = {name: row for row, name in enumerate(tree.ids)}
    fix = "name one of the tree's markets, or add the market to the tree"
    unknown = [
        Fault(file, line, "market", f"{name!r} is not known", fix)
        for line, name in enumerate(markets, 1)
        if name not in rows
    ]
    if unknown:
        raise BadInput(unknown)
    return np.array([rows[name] for name in markets], dtype=np.int64)


def levels(tree: Tree) -> list[Ints]:
    """Rows of the markets by distance from their root, the roots first; ValueError in a circle."""
    depth = np.where(tree.parent < 0, 0, -1)
    found, placed = [np.flatnonzero(depth == 0)], int((depth == 0).sum())
    while placed < tree.count:
        below = (depth < 0) & (depth[tree.parent] == len(found) - 1)
        if not below.any():
            raise ValueError("markets must form a tree")
        depth[below] = len(found)
        found.append(np.flatnonzero(below))
        placed += found[-1].size
    return found


def subtree(tree: Tree, top: int) -> tuple[Tree, Ints]:
    """Return a market with all below it as a tree of its own, and the rows they had [markets].

    ``top`` becomes the root; its link's limits and fees stay in its row.
    """
    inside = np.arange(tree.count) == top
    for rows in levels(tree)[1:]:
        inside[rows] |= inside[tree.parent[rows]]
    rows = np.flatnonzero(inside)
    place = np.full(tree.count + 1, -1, dtype=np.int64)  # the last one is for a root's parent, -1
    place[rows] = np.arange(rows.size)
    parent = place[tree.parent[rows]]
    parent[place[top]] = -1
    return Tree(
        tuple(tree.ids[row] for row in rows.tolist()),
        parent,
        tree.import_limit_wh[rows],
        tree.export_limit_wh[rows],
        tree.import_fee_micro_per_kwh[rows],
        tree.export_fee_micro_per_kwh[rows],
    ), rows


def link_columns(tree: Tree) -> tuple[Ints, ...]:
    """Return what is known of the links: import and export limit, import and export fee."""
    return (
        tree.import_limit_wh,
        tree.export_limit_wh,
        tree.import_fee_micro_per_kwh,
        tree.export_fee_micro_per_kwh,
    )


def written_out(tree: Tree, slots: int, first: int = 0, last: int | None = None) -> Tree:
    """Return the tree over slots ``first`` to ``last``, its columns as [markets, those slots].

    A link without a limit gets one that nothing reaches, above ``LARGEST_LIMIT_WH``.
    """

    def cut(column: Ints) -> Ints:
        return np.broadcast_to(column, (tree.count, slots))[:, first:last]

    def limit(column: Ints) -> Ints:
        return cut(np.where(column < 0, 2 * LARGEST_LIMIT_WH, column))

    return msgspec.structs.replace(
        tree,
        import_limit_wh=limit(tree.import_limit_wh),
        export_limit_wh=limit(tree.export_limit_wh),
        import_fee_micro_per_kwh=cut(tree.import_fee_micro_per_kwh),
        export_fee_micro_per_kwh=cut(tree.export_fee_micro_per_kwh),
    )


_ROOT = "let one market of the circle be below another one, or a root"
_Found: TypeAlias = list[tuple[str, str, str]]


def _names(market: Market, row: int, rows: dict[str, int]) -> _Found:
    found: _Found = []
    if not market.id:
        found.append(("id", "is empty", "give the market an identifier"))
    elif rows[market.id] != row:
        found.append(("id", "is taken by an earlier market", "give each market its own"))
    if market.parent is not None and market.parent not in rows:
        fix = "name one of the markets, or leave the parent out"
        found.append(("parent", f"{market.parent!r} is not known", fix))
    return found


def _link(market: Market, slots: int) -> _Found:
    """Faults of limits and fees."""
    given: dict[str, Amount | None] = {
        "import_limit_wh": market.import_limit_wh,
        "export_limit_wh": market.export_limit_wh,
        "import_fee_micro_per_kwh": market.import_fee_micro_per_kwh or None,
        "export_fee_micro_per_kwh": market.export_fee_micro_per_kwh or None,
    }
    found: _Found = []
    for field, amount in given.items():
        if amount is None:
            continue
        if market.parent is None:
            found.append((field, "is that of a link which a root does not have", "leave it out"))
        largest = LARGEST_FEE_MICRO_PER_KWH if "_fee_" in field else LARGEST_LIMIT_WH
        found += [(field, *fault) for fault in amount_faults(amount, slots, largest)]
    return found


def amount_faults(amount: Amount, slots: int, largest: int) -> list[tuple[str, str]]:
    """What is wrong with a limit or fee, each with its fix."""
    found: list[tuple[str, str]] = []
    if isinstance(amount, tuple) and len(amount) != slots:
        problem = f"has {len(amount)} numbers for {slots} slots"
        found.append((problem, "give one number, or one for each slot"))
    values = amount if isinstance(amount, tuple) else (amount,)
    if any(value < 0 for value in values):
        found.append(("is negative", "give zero or more"))
    if any(value > largest for value in values):
        found.append((f"is beyond {largest}", "check the unit"))
    return found


def _in_circles(parent: Ints) -> list[int]:
    """Rows that are their own ancestor."""
    state = [0] * parent.size  # 0 not seen, 1 on the way up, 2 done
    found: list[int] = []
    for start in range(parent.size):
        way, at = [], start
        while at >= 0 and state[at] == 0:
            state[at] = 1
            way.append(at)
            at = int(parent[at])
        if at >= 0 and state[at] == 1:
            found += way[way.index(at) :]
        for row in way:
            state[row] = 2
    return found


def column(amounts: Sequence[Amount | None], slots: int) -> Ints:
    """Amounts as [markets, slots], or [markets, 1] where none differs by slot."""
    plain = [NO_LIMIT if amount is None else amount for amount in amounts]
    width = slots if any(isinstance(amount, tuple) for amount in plain) else 1
    filled = np.empty((len(plain), width), dtype=np.int64)
    for row, amount in enumerate(plain):
        filled[row] = amount
    return filled
