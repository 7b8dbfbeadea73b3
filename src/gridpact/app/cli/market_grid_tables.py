"""A market on a grid, as small tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.app.cli.layout import aligned, counted, wrapped
from gridpact.app.cli.market_tables import NOTHING
from gridpact.app.cli.output import mark
from gridpact.app.grids.clearing import (
    Cleared,
    NodeResult,
    SlotResult,
    by_node,
    by_slot,
    full_branches,
    overruns,
)
from gridpact.app.grids.relieving import (
    Account,
    LimitResult,
    Relieved,
    accounts,
    called,
    limit_results,
)
from gridpact.app.orders.instants import local
from gridpact.app.orders.words import energy, money, price

SHOWN_NODES = 3
SHOWN_ROWS = 40
"""Rows of branches and limits that are listed; what follows is counted, and in --json."""


def cleared_lines(cleared: Cleared) -> list[str]:
    """Show what is traded in every slot, at which prices where, and which branches are full."""
    return [
        *_slot_lines(cleared),
        "",
        *_node_lines(cleared),
        "",
        *_full_lines(cleared),
        *_overrun_lines(cleared),
        *_left_out(cleared),
    ]


def relieved_lines(relieved: Relieved) -> list[str]:
    """Show what the AC power flow finds, what is called, and who pays whom."""
    limits = limit_results(relieved)
    slots = counted(relieved.cleared.window.count, "slot")
    lines = [f"AC power flow of {slots}"]
    if limits:
        head = ("limit", "slot", "bound", "cleared", "in the end", "")
        rows = [_limit_row(each) for each in limits[:SHOWN_ROWS]]
        lines += [*aligned([head, *rows], right=(2, 3, 4)), *_more(len(limits))]
    for slot in relieved.limits.unsolved:
        start = relieved.cleared.window.start + slot * relieved.cleared.window.step
        lines.append(f"{mark(good=False)} {_at(start)}: the power flow has no solution")
    others = "every other limit" if limits else "every limit"
    if len(relieved.limits.unsolved) < relieved.cleared.window.count:
        lines.append(f"{mark(good=True)} {others} is kept{_but(relieved)}")
    currency = relieved.cleared.files.currency
    for each in [each for each in limits if each.why][:SHOWN_ROWS]:
        lines += _explained(each, currency)
    return [*lines, *_called_lines(relieved)]


def _but(relieved: Relieved) -> str:
    return " wherever there is a solution" if relieved.limits.unsolved else ""


def _slot_lines(cleared: Cleared) -> list[str]:
    currency, results = cleared.files.currency, by_slot(cleared)
    head = ("slot", "volume", "welfare", "lowest price", "highest price", "rent")
    rows = [
        (
            _at(each.slot_start),
            energy(each.volume_wh),
            money(each.welfare_nano, currency),
            _price(each.lowest_micro_per_kwh, currency),
            _price(each.highest_micro_per_kwh, currency),
            money(each.rent_nano, currency),
        )
        for each in results
    ]
    table = aligned([head, *rows, _total(results, currency)], right=range(1, 6))
    paid, received, rent = (
        money(sum(amounts), currency)
        for amounts in (
            [each.paid_nano for each in results],
            [each.received_nano for each in results],
            [each.rent_nano for each in results],
        )
    )
    return [*table, f"buyers pay {paid}, sellers receive {received}, the grid has {rent} of rent"]


def _total(results: Sequence[SlotResult], currency: str) -> tuple[str, ...]:
    low = [each.lowest_micro_per_kwh for each in results if each.lowest_micro_per_kwh is not None]
    high = [
        each.highest_micro_per_kwh for each in results if each.highest_micro_per_kwh is not None
    ]
    return (
        "total",
        energy(sum(each.volume_wh for each in results)),
        money(sum(each.welfare_nano for each in results), currency),
        _price(min(low, default=None), currency),
        _price(max(high, default=None), currency),
        money(sum(each.rent_nano for each in results), currency),
    )


def _node_lines(cleared: Cleared) -> list[str]:
    """Show prices, with nodes that have the same in every slot in one row."""
    groups: dict[tuple[int | None, ...], list[NodeResult]] = {}
    for each in by_node(cleared):
        groups.setdefault(each.price_micro_per_kwh, []).append(each)
    currency = cleared.files.currency
    rows = []
    for prices, nodes in groups.items():
        known = [each for each in prices if each is not None]
        rows.append(
            (
                _names([each.node for each in nodes]),
                _price(min(known, default=None), currency),
                _price(max(known, default=None), currency),
                energy(sum(sum(each.bought_wh) for each in nodes)),
                energy(sum(sum(each.sold_wh) for each in nodes)),
            )
        )
    head = ("nodes", "lowest price", "highest price", "bought", "sold")
    return aligned([head, *rows], right=range(1, 5))


def _names(nodes: Sequence[str]) -> str:
    more = len(nodes) - SHOWN_NODES
    return ", ".join(nodes[:SHOWN_NODES]) + (f" and {more:,} more" if more > 0 else "")


def _full_lines(cleared: Cleared) -> list[str]:
    found, currency = full_branches(cleared), cleared.files.currency
    if not found:
        return ["no branch is full"]
    head = ("full branch", "slot", "flow of trade", "another kWh is worth")
    rows = [
        (
            each.branch,
            _at(each.slot_start),
            energy(round(each.flow_wh)),
            price(round(each.worth_micro_per_kwh), currency),
        )
        for each in found[:SHOWN_ROWS]
    ]
    return [*aligned([head, *rows], right=(2, 3)), *_more(len(found))]


def _overrun_lines(cleared: Cleared) -> list[str]:
    found = overruns(cleared)
    lines = [
        f"{mark(good=False)} {each.branch}, {_at(each.slot_start)}: the baseline alone is "
        f"{energy(each.beyond_wh)} beyond the limit"
        for each in found[:SHOWN_ROWS]
    ]
    return [*lines, *_more(len(found))]


def _left_out(cleared: Cleared) -> list[str]:
    rows, offers = cleared.files.baseline.left_out, cleared.files.offered.left_out
    lines = []
    if rows:
        lines.append(f"{counted(rows, 'row')} of the baseline for slots without orders left out")
    if offers:
        lines.append(f"{counted(offers, 'offer')} for slots without orders left out")
    return lines


def _limit_row(each: LimitResult) -> tuple[str, ...]:
    is_current = each.kind == "current"
    what = "current" if is_current else "voltage"
    values = (
        _va(value) if is_current else _share(value)
        for value in (each.bound, each.before, each.after)
    )
    return (f"{what} of {each.element}", _at(each.slot_start), *values, each.fate)


def _explained(each: LimitResult, currency: str) -> list[str]:
    """Say why a limit is not kept."""
    is_current = each.kind == "current"
    beyond = abs(each.after - each.bound)
    by = _va(beyond) if is_current else f"{_share(beyond)} of the rated voltage"
    text = f"{each.element}, {_at(each.slot_start)}: {each.kind} beyond by {by}; {each.why}"
    for word, offers in (("bought in full", each.exhausted), ("left over", each.left)):
        if offers:
            text += f"; {word}: {', '.join(offers)}"
    if each.lacking_w:
        text += f"; {each.lacking_w:,} W of relief are missing"
    if each.lacking_w and each.would_cost_nano is not None:
        text += f", {each.would_cost_nano / 1e9:.4f} {currency} at the price of the last W"
    if each.worse:
        text += "; worse than without redispatch"
    first, *rest = wrapped(text)
    return [f"{mark(good=False)} {first}", *(f"    {line}" for line in rest)]


def _called_lines(relieved: Relieved) -> list[str]:
    found, currency = called(relieved), relieved.cleared.files.currency
    if not found:
        return []
    head = ("called", "line", "node", "slot", "power")
    rows = [
        (each.provider, str(each.line), each.node, _at(each.slot_start), f"{each.power_w:+,} W")
        for each in found[:SHOWN_ROWS]
    ]
    table = aligned([head, *rows], right=(1, 4))
    return ["", *table, *_more(len(found)), "", *_account_lines(accounts(relieved), currency)]


def _account_lines(found: Sequence[Account], currency: str) -> list[str]:
    rows = [(each.party, money(each.receives_nano, currency)) for each in found]
    total = ("together", money(sum(each.receives_nano for each in found), currency))
    return aligned([("redispatch", "receives"), *rows, total], right=(1,))


def _more(count: int) -> list[str]:
    return [f"and {count - SHOWN_ROWS:,} more: --json"] if count > SHOWN_ROWS else []


def _price(micro_per_kwh: int | None, currency: str) -> str:
    return NOTHING if micro_per_kwh is None else price(micro_per_kwh, currency)


def _va(value: int) -> str:
    return f"{value:,} VA"


def _share(ppm: int) -> str:
    return f"{ppm / 1e4:.4f} %"


def _at(start: int) -> str:
    return local(start, "UTC")
