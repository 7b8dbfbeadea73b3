"""Admission of orders by the column, as members' agents place them: one reason for each refused.

What members may still have on order and come to owe, and what a mechanism can clear, are budgets:
an order is refused where its need does not fit what is left, and a refused order uses none.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import INT64_MAX, Bools, Ints
from gridpact.market.orders import LARGEST_ORDER_WH, Orders, Refusal

NO_LIMIT = INT64_MAX
_SLACK = 1e-9  # relative, beyond what a sum of floats can be wrong by


class Admission(msgspec.Struct, frozen=True):
    """What an order must satisfy when it is placed.

    ``open_slots`` [slots] tells whose gate is open; ``authorised``, ``suspended`` and ``rated``
    [members] who may trade. Limit prices are inclusive [µ¤/kWh]. ``volume_wh`` [members, slots, 2]
    is what a member may still order, to sell and to buy; ``funds_nano`` [members] what it may
    still come to owe; ``places`` [slots] how many orders a slot still takes, and ``capacity_wh``
    the book. :data:`NO_LIMIT` is none.
    """

    open_slots: Bools
    authorised: Bools
    suspended: Bools
    rated: Bools
    lowest_micro_per_kwh: int
    highest_micro_per_kwh: int
    volume_wh: Ints
    funds_nano: Ints
    places: Ints
    capacity_wh: int = NO_LIMIT
    largest_wh: int = LARGEST_ORDER_WH


class _Budget(NamedTuple):
    """A reason to refuse: each order draws a need [orders] on what is left in its cell."""

    code: Refusal
    cell: Ints
    need: Ints
    left: Ints


def refusals(orders: Orders, rules: Admission, owed_nano: Ints) -> Ints:
    """Judge new orders; return a code of :class:`Refusal` for each, shape [orders].

    ``owed_nano`` [orders] is what each may make its member owe. Where several reasons apply the
    first of these is given: unknown slot, gate closed, not authorised, suspended, rating,
    quantity, price limit, volume limit, collateral, book full. Budgets are drawn in row order.
    """
    codes = _single_reasons(orders, rules)
    rows = np.flatnonzero(codes == Refusal.NONE)
    for row, code in _over_budget(rows, _budgets(orders.take(rows), rules, owed_nano[rows])):
        codes[row] = code
    return codes


def _single_reasons(orders: Orders, rules: Admission) -> Ints:
    """Reasons that need no look at any other order."""
    if np.any(np.abs(orders.side) != 1):
        raise ValueError("an order's side must be +1 or -1")
    known = (orders.slot >= 0) & (orders.slot < rules.open_slots.size)
    member = (orders.member >= 0) & (orders.member < rules.authorised.size)
    limit, quantity = orders.limit_micro_per_kwh, orders.quantity_wh
    reasons = {
        Refusal.UNKNOWN_SLOT: ~known,
        Refusal.GATE_CLOSED: ~_looked_up(rules.open_slots, orders.slot, known),
        Refusal.NOT_AUTHORISED: ~_looked_up(rules.authorised, orders.member, member),
        Refusal.SUSPENDED: _looked_up(rules.suspended, orders.member, member),
        Refusal.RATING: ~_looked_up(rules.rated, orders.member, member),
        Refusal.QUANTITY: (quantity < 1) | (quantity > rules.largest_wh),
        Refusal.PRICE_LIMIT: (limit < rules.lowest_micro_per_kwh)
        | (limit > rules.highest_micro_per_kwh),
    }
    codes = np.select(list(reasons.values()), [int(code) for code in reasons], Refusal.NONE)
    return np.asarray(codes, dtype=np.int64)


def _looked_up(table: Bools, at: Ints, known: Bools) -> Bools:
    """Read a table where the position is known; False elsewhere."""
    found = np.zeros(at.size, dtype=np.bool_)
    found[known] = table[at[known]]
    return found


def _budgets(orders: Orders, rules: Admission, owed_nano: Ints) -> list[_Budget]:
    """What sound orders draw on, in the order in which reasons are given."""
    one = np.ones_like(orders.slot)
    place = (orders.member * rules.open_slots.size + orders.slot) * 2 + (orders.side > 0)
    capacity = np.array([rules.capacity_wh], dtype=np.int64)
    drawn = [
        _Budget(Refusal.VOLUME_LIMIT, place, orders.quantity_wh, rules.volume_wh.ravel()),
        _Budget(Refusal.COLLATERAL, orders.member, owed_nano, rules.funds_nano),
        _Budget(Refusal.BOOK_FULL, orders.slot, one, rules.places),
        _Budget(Refusal.BOOK_FULL, one - 1, orders.quantity_wh, capacity),
    ]
    return [budget for budget in drawn if (budget.left < NO_LIMIT).any()]


def _over_budget(rows: Ints, budgets: list[_Budget]) -> list[tuple[int, Refusal]]:
    """Rows that need more than is left, and of what."""
    scarce = np.zeros(rows.size, dtype=np.bool_)
    for budget in budgets:
        # in floats, which do not wrap; too many to walk does no harm
        wanted = np.bincount(budget.cell, budget.need, minlength=budget.left.size)
        scarce |= (wanted * (1 + _SLACK) + 1 > budget.left)[budget.cell]
    # Only orders that share a budget which might not do are walked one by one.
    left: dict[tuple[int, int], int] = {}
    over: list[tuple[int, Refusal]] = []
    for at in np.flatnonzero(scarce).tolist():
        code = _draw(at, budgets, left)
        if code is not Refusal.NONE:
            over.append((int(rows[at]), code))
    return over


def _draw(at: int, budgets: list[_Budget], left: dict[tuple[int, int], int]) -> Refusal:
    """Draw an order's needs on all budgets, or on none where one does not do."""
    draws = []
    for number, budget in enumerate(budgets):
        cell, need = int(budget.cell[at]), int(budget.need[at])
        rest = left.get((number, cell), int(budget.left[cell]))
        if need > max(rest, 0):
            return budget.code
        draws.append(((number, cell), rest - need))
    left.update(draws)
    return Refusal.NONE
