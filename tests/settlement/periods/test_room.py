"""How much room a period takes: a few columns for each line, however it came about."""

import tracemalloc

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.observables import Const
from gridpact.contracts.products.network import local_network_tariff
from gridpact.contracts.products.supplier import supplier_tariff
from gridpact.settlement.lines import COLUMNS
from gridpact.settlement.periods.energy import Inputs, Metered
from gridpact.settlement.periods.rules import ALWAYS, Clause, Member, Rate, Rules, Supply, Tax
from gridpact.settlement.periods.settling import settle

MEMBERS = 20_000
DAY = Slots(1_772_319_600, 3600, 24)  # 1 March 2026 in Berlin


def rules():
    prices = [Const(micro, "micro/kWh") for micro in (300_000, 80_000, 30_000)]
    clauses = {
        "supply": supplier_tariff("member", "power", "EUR", *prices[:2]),
        "grid": local_network_tariff("member", "grid", "state", *prices, "EUR"),
    }
    supplies = (Supply(ALWAYS, "power"),)
    names = [f"m{row:06}" for row in range(MEMBERS)]
    return Rules(
        name="many",
        currency="EUR",
        minor_nano=10**7,
        rounding="half-away",
        timezone="Europe/Berlin",
        step_s=3600,
        parties={"power": "supplier", "grid": "dso", "state": "state"},
        members=tuple(Member(name, name, supplies=supplies) for name in names),
        clauses=tuple(Clause(name, to_bytes(each)) for name, each in clauses.items()),
        taxes=(Tax("vat", ("supply", "grid"), (Rate(ALWAYS, 190_000),)),),
    )


def read(slots, rows):
    need = np.arange(rows.start, rows.stop)[:, None] % 900 + np.arange(slots.count)
    given = need[:, ::-1] * (np.arange(slots.count) % 3)
    return Metered(need, given)


def test_a_line_takes_few_more_bytes_than_its_columns_while_a_period_is_settled():
    book = rules()
    first = msgspec.structs.replace(book, members=book.members[:1])
    settle(first, DAY, Inputs(read, {}))  # what is imported and remembered is there before
    tracemalloc.start()
    try:
        found = settle(book, DAY, Inputs(read, {}), cells=1 << 12)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.lines) > 7 * MEMBERS
    assert most / len(found.lines) < 2.5 * 8 * len(COLUMNS)
