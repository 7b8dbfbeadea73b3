"""How a comparison reads in a terminal: one line a mechanism."""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.app.cli.layout import aligned, wrapped
from gridpact.app.compare.books import BooksCompared
from gridpact.app.compare.mechanisms import Outcome
from gridpact.app.compare.models import Model
from gridpact.app.compare.orders import OrdersCompared
from gridpact.app.compare.whole import RunsCompared
from gridpact.app.report.comparison.amounts import (
    energy_digits,
    fitting,
    gini,
    leaving,
    nano,
    price_cell,
    share,
    stable,
    starred,
    who_gains,
)
from gridpact.app.report.comparison.orders import money_of
from gridpact.app.report.comparison.rows import gain_cells, parties_of, received_row, run_row
from gridpact.app.report.text import Money, counted, kwh
from gridpact.app.summary import plain


def lines(found: BooksCompared | OrdersCompared | RunsCompared) -> list[str]:
    """Return the tables of a comparison, ready to print."""
    match found:
        case BooksCompared():
            made = _books(found)
        case OrdersCompared():
            made = _orders(found)
        case RunsCompared():
            made = _runs(found)
    return [plain(line) for line in made]


def _orders(found: OrdersCompared) -> list[str]:
    head = (
        f"{found.file}: {counted(found.orders, 'order', 'orders')} of "
        f"{counted(len(found.members), 'member', 'members')} in "
        f"{counted(found.slots, 'slot', 'slots')}; "
        f"kWh and {found.currency}; gained beside the orders' limits"
    )
    money = money_of(found)
    return [
        head,
        "",
        *_outcomes(found.mechanisms, money),
        *(line for remark in found.remarks for line in ("", *wrapped(remark))),
    ]


def _books(found: BooksCompared) -> list[str]:
    money = Money(found.currency, found.minor_nano)
    head = (
        f"{found.community}: {counted(found.orders, 'order', 'orders')} in "
        f"{counted(len(found.sessions), 'session', 'sessions')}, {_days(found.days)}; "
        f"kWh and {found.currency}; gained beside the supplier alone"
    )
    bills = (
        f"Bills      settled {money.minor(sum(found.bill_minor))} {found.currency}, "
        f"with the supplier alone {money.minor(sum(found.supplier_only_minor))} {found.currency}"
    )
    return [
        head,
        "",
        *_outcomes(found.mechanisms, money),
        "* in force when the run was made",
        "",
        *_models(found, money),
        bills,
        *(line for remark in found.remarks for line in wrapped(remark)),
    ]


def _models(found: BooksCompared, money: Money) -> list[str]:
    if not found.models:
        return []
    return [*_table(_MODEL, [_model(each, money) for each in found.models]), ""]


_OUTCOME = (
    "mechanism",
    "traded",
    "of asked %",
    "local %",
    "welfare",
    "mean price",
    "lowest",
    "highest",
    "fees",
    "charges",
    "gained",
    "gain / lose",
    "Gini",
)


def _outcomes(found: Sequence[Outcome], money: Money) -> list[str]:
    """One line a mechanism; without the local share where no meter was read."""
    money = fitting(money, [each.welfare_nano for each in found])
    digits = energy_digits(each.volume_wh for each in found)
    rows = [_OUTCOME, *(_outcome(each, money, digits) for each in found)]
    if all(each.local_share_ppm is None for each in found):
        at = _OUTCOME.index("local %")
        rows = [(*row[:at], *row[at + 1 :]) for row in rows]
    return _table(rows[0], rows[1:])


def _outcome(found: Outcome, money: Money, digits: int) -> tuple[str, ...]:
    prices = (
        found.mean_price_micro_per_kwh,
        found.lowest_price_micro_per_kwh,
        found.highest_price_micro_per_kwh,
    )
    return (
        starred(found.name, recorded=found.recorded),
        kwh(found.volume_wh, digits),
        share(found.share_of_asked_ppm),
        share(found.local_share_ppm),
        nano(money, found.welfare_nano),
        *(price_cell(value) for value in prices),
        *gain_cells(found, money),
    )


_MODEL = ("model", "traded", "welfare", "gain / lose", "Gini", "stable", "would leave for")


def _model(found: Model, money: Money) -> tuple[str, ...]:
    return (
        found.name,
        kwh(found.volume_wh, 1),
        nano(money, found.welfare_nano),
        who_gains(found.spread),
        gini(found.spread),
        stable(found),
        leaving(found, money),
    )


def _runs(found: RunsCompared) -> list[str]:
    money = Money(found.currency, found.minor_nano)
    parties = parties_of(found)
    received = [received_row(run, parties, money) for run in found.runs]
    head = (
        f"{found.community}: {len(found.members)} members, {_days(found.days)}, seed {found.seed}; "
        f"kWh and {found.currency}"
    )
    return [
        head,
        "",
        *_table(_RUN, [run_row(run, money) for run in found.runs]),
        "* as the scenario says",
        "",
        "Received by",
        *_table(("mechanism", *parties), received),
        *(line for remark in found.remarks for line in ("", *wrapped(remark))),
    ]


_RUN = (
    "mechanism",
    "traded",
    "shared",
    "supplied",
    "local %",
    "bills",
    "supplier only",
    "saving",
    "save / lose",
    "Gini",
)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return aligned([head, *rows], right=range(1, len(head)))


def _days(days: tuple[str, ...]) -> str:
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
