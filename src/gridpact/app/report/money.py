"""Money: savings against the supplier alone, who settled what with whom, and members' bills."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gridpact.app.report import drawing, member_bills
from gridpact.app.report.member_bills import HEADS, head_of
from gridpact.app.report.parts import Figure, Notes, Section, Table
from gridpact.app.report.text import MISSING, number
from gridpact.app.report.view import View
from gridpact.base.units import Floats, checked_sum
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.messages import CommitRequested
from gridpact.settlement.billing import MEMBERS, name_of, received
from gridpact.settlement.messages import DaySettled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NAMED, LONGEST_NAME = 40, 22
MOST_DRAWN = 1000
"""Members that are drawn one by one; of more, neighbours are drawn by their mean."""
ASSUMPTION = (
    "“Supplier only” is what each member would have paid with the same physical behaviour and the "
    "same readings, but without the community: all energy withdrawn and injected is settled at "
    "the supplier’s tariff of the scenario, with full network charges and levies, rounded once a "
    "day. Storage and appliances are not planned anew, and the supplier carries imbalance itself."
)


def section(view: View) -> Section:
    """Savings, settlement and bills; a sentence where nothing was settled yet."""
    title = "Money"
    if not view.bills.days:
        note = Notes(("No day has been settled yet, so there are no statements and no bills.",))
        return Section("money", title, "", (note,))
    days = view.bills.days
    period = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    lead = f"Statements of {period} in {view.money.currency}. {ASSUMPTION}"
    return Section(
        "money",
        title,
        lead,
        (_figure(view), _settlement(view), _checks(view), member_bills.table(view)),
    )


def _figure(view: View) -> Figure:
    value = view.money.value(1)
    saving = view.bills.saving_minor
    order = np.argsort(-saving, kind="stable")
    alone = np.asarray(view.bills.supplier_only_minor[order] * value, np.float64)
    paid = np.asarray(view.bills.total_minor[order] * value, np.float64)
    better = int((saving > 0).sum())
    caption = (
        "Each member’s bill beside what the supplier alone would have charged (below zero: earned) "
        "and the saving, largest first: "
        f"{number(better)} of {number(saving.size)} members pay less, "
        f"{number(float((saving < 0).sum()))} pay more."
    )
    names = [view.community.members.ids[row] for row in order]
    svg = bills_figure(names, alone, paid, view.money.currency)
    return Figure("savings", "Savings by member", caption, svg)


def bills_figure(names: Sequence[str], alone: Floats, paid: Floats, currency: str) -> str:
    """Draw members' bills beside those with the supplier alone, and their savings, as inline SVG.

    ``alone`` and ``paid`` [members] are in the currency, in the order in which they are drawn.
    """
    few = len(names) <= MOST_NAMED
    short = [_short(name) for name in names] if few else []
    together = -(-len(names) // MOST_DRAWN)
    alone, paid = (means(each, together) for each in (alone, paid))

    def paint(panels: list[Axes]) -> None:
        _paint_bills(panels[0], alone, paid)
        _paint_saving(panels[1], alone - paid)
        for panel in panels:
            panel.axhline(0, color=drawing.ACTUAL, linewidth=0.6)
            panel.set_xlim(-0.7, alone.size - 0.3)
            panel.set_ylabel(currency)
            panel.set_xticks([])
            drawing.legend(panel)
        if few:
            panels[1].set_xticks(range(len(short)), short, rotation=90, fontsize=7.5)
        else:
            told = f", means of {number(together)} each" if together > 1 else ""
            panels[1].set_xlabel(f"members, largest saving first{told}")

    foot = 0.2 + 0.065 * max(map(len, short), default=0) if few else 0.45
    return drawing.draw("savings", (1.8, 0.9), paint, foot=foot)


def means(values: Floats, together: int) -> Floats:
    """Return the means of so many neighbours each; the last may be of fewer."""
    if together <= 1:
        return values
    begins = np.arange(0, values.size, together)
    counts = np.diff(begins, append=values.size)
    return np.asarray(np.add.reduceat(values, begins) / counts, np.float64)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _paint_bills(panel: Axes, alone: Floats, paid: Floats) -> None:
    places = np.arange(alone.size)
    if alone.size <= 2 * MOST_NAMED:
        panel.bar(places - 0.21, alone, 0.4, color=drawing.QUIET, label="supplier only")
        panel.bar(places + 0.21, paid, 0.4, color=drawing.SUPPLIER, label="with gridpact")
        return
    # Too many for bars: a dot each.
    panel.plot(places, alone, ".", color=drawing.QUIET, markersize=2, label="supplier only")
    panel.plot(places, paid, ".", color=drawing.SUPPLIER, markersize=2, label="with gridpact")


def _paint_saving(panel: Axes, saving: Floats) -> None:
    places, few = np.arange(saving.size), saving.size <= 2 * MOST_NAMED
    edges = np.arange(saving.size + 1) - 0.5
    for label, colour, values in (
        ("saving", drawing.LOCAL, np.maximum(saving, 0)),
        ("extra cost", drawing.LIMIT, np.minimum(saving, 0)),
    ):
        if values.any() and few:
            panel.bar(places, values, 0.82, color=colour, label=label)
        elif values.any():
            panel.stairs(values, edges, fill=True, color=colour, label=label)


def _settlement(view: View) -> Table:
    """Parties by kinds of lines; every column and the whole sum to zero."""
    table = received(view.bills, exact=False)
    names = [name_of(kind) for kind in (*view.bills.kinds, *view.bills.operator_kinds)]
    columns = sorted(
        dict.fromkeys((head_of(name), name.rsplit(".", 1)[1]) for name in names),
        key=lambda column: (
            list(HEADS.values()).index(column[0]) if column[0] in HEADS.values() else len(HEADS)
        ),
    )
    money, rows = view.money, []
    for party, lines in table.items():
        found = [[lines[name] for name in lines if _column(name) == column] for column in columns]
        shown = [money.minor(sum(amounts)) if amounts else MISSING for amounts in found]
        rows.append((_party(view, party), *shown, money.minor(sum(lines.values()))))
    whole = [(name, amount) for lines in table.values() for name, amount in lines.items()]
    totals = [sum(amount for name, amount in whole if _column(name) == each) for each in columns]
    heads = [column[0] for column in columns]
    groups = [(head, heads.count(head)) for head in dict.fromkeys(heads)]
    return Table(
        "settlement",
        f"Settlement [{money.currency}]: positive is received, negative is paid",
        ("party", *(column[1] for column in columns), "total"),
        tuple(rows),
        ("total", *map(money.minor, totals), money.minor(sum(totals))),
        groups=(("", 1), *groups, ("", 1)),
    )


def _column(name: str) -> tuple[str, str]:
    return head_of(name), name.rsplit(".", 1)[1]


def _party(view: View, party: str) -> str:
    if party == MEMBERS:
        return f"{number(len(view.community.members.ids))} members"
    parties = view.community.parties
    roles = [
        role for role in ("operator", "supplier", "dso", "state") if getattr(parties, role) == party
    ]
    return f"{party} ({', '.join(roles)})" if roles and roles != [party] else party


def _checks(view: View) -> Notes:
    """Say in words that the books balance, exactly and rounded, and agree with the ledger."""
    bills, money = view.bills, view.money
    exact = sum(sum(lines.values()) for lines in received(bills, exact=True).values())
    rounded = sum(sum(lines.values()) for lines in received(bills, exact=False).values())
    moved = int(checked_sum(bills.paid_minor)) * money.minor_nano - int(
        checked_sum(bills.paid_nano)
    )
    rule = view.community.settlement.rounding
    lines = sum(day.nano.size + day.operator_nano.size for day in view.record.all(DaySettled))
    rounding = (
        f"Rounding ({rule}, once per line) changed what members pay by {money.exact(moved)} "
        f"{money.currency} in all, over {number(lines)} lines."
    )
    return Notes(
        (
            f"Exact total over all parties: {number(exact)} nano-{money.currency}.",
            f"Rounded total over all parties: {money.minor(rounded)} {money.currency}.",
            rounding,
            _ledger_check(view),
        )
    )


def _ledger_check(view: View) -> str:
    """Compare members' and parties' totals with the net positions given to the ledger."""
    committed: dict[str, int] = {}
    days = set()
    for request in view.record.all(CommitRequested):
        for entry in request.entries:
            if isinstance(entry, NetSettled) and entry.period in view.bills.days:
                days.add(entry.period)
                for party, amount in entry.positions:
                    committed[party] = committed.get(party, 0) + amount
    if len(days) < len(view.bills.days):
        return "The ledger does not hold net positions for every settled day."
    found = {
        party: sum(lines.values()) for party, lines in received(view.bills, exact=False).items()
    }
    found.pop(MEMBERS)
    for member, amount in zip(
        view.community.members.ids, view.bills.total_minor.tolist(), strict=True
    ):
        found[member] = found.get(member, 0) - amount
    same = {p: a for p, a in found.items() if a} == {p: a for p, a in committed.items() if a}
    return (
        "The net positions committed to the ledger are these, to the minor unit."
        if same
        else "The net positions committed to the ledger DIFFER from these statements."
    )
