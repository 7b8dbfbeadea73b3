"""Lines of a run in sum, as they are told: taxes at two rates are two lines."""

import re

from gridpact.app.cli.booking_words import line_table
from gridpact.app.report.text import Money
from gridpact.app.reporting.bookings import lines_sheet

RATES = (
    "rates: [{percent: 19, from: 2026-01-01}]",
    "rates: [{percent: 19, from: 2026-01-01, until: 2026-03-02}, {percent: 7.5, from: 2026-03-02}]",
)


EXPECTED = {
    ("member", "power", 190_000),
    ("member", "power", 75_000),
    ("member", "green", 75_000),  # which supplies from the second day on
    ("green", "member", 75_000),
}


def test_taxes_at_two_rates_are_told_apart(lane):
    made = lane.settle(RATES)
    rows = [re.split("  +", row.strip()) for row in line_table(made.booked, made.rules)]
    told = [row[:3] for row in rows if row[0].startswith("vat")]
    assert sorted(told) == sorted(
        [f"vat.tax {rate / 10_000:g} %", payer, payee] for payer, payee, rate in EXPECTED
    )


def test_a_report_tells_the_rate_of_each_tax_and_none_of_what_is_no_tax(lane):
    made = lane.settle(RATES)
    sheet = lines_sheet(made.lines)
    assert {row[1:4] for row in sheet.rows if row[0] == "vat.tax"} == EXPECTED
    assert {row[3] for row in sheet.rows if row[0] != "vat.tax"} == {None}
    told = sheet.csv(Money("EUR", 10**7)).decode().splitlines()
    assert told[0] == "line,payer,payee,rate_percent,lines,energy_kwh,amount_eur"
    assert any(row.startswith("vat.tax,member,power,19.0000,2,,") for row in told)
    assert any(row.startswith("power.supply,member,power,,") for row in told)
