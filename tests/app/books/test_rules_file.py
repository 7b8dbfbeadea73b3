"""Rules of a book: what they say, and every fault of them told at once, with its line."""

import re

import pytest

from gridpact.app.books.rules_file import read_rules
from gridpact.base.errors import BadInput
from gridpact.settlement.lines import received


def test_rules_are_read(lane):
    found = read_rules(lane.write())
    rules = found.rules
    assert [member.id for member in rules.members] == ["bakery", "school"]
    assert [member.registers for member in rules.members] == [
        ("withdrawal",),
        ("withdrawal", "injection"),
    ]
    assert [supply.supplier for supply in rules.members[1].supplies] == ["power", "green"]
    assert {clause.name: clause.of for clause in rules.clauses} == {
        "power": "members",
        "green": "members",
        "imbalance": "members",
        "imbalance-groups": "groups",
        "imbalance-activations": "activations",
    }
    assert found.own == {"plan:net": "plan.csv", "activated:grid": "activated.csv"}
    assert rules.groups[0].members == ("bakery", "school")
    assert found.files == ("prices.csv", "plan.csv", "activated.csv")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("books/1", "books/2", "gridpact: this is not books/1"),
        ("name: lane\n", "name: lane\nnames: x\n", "names: nothing is called so here"),
        ("currency: EUR", "currency: euro", "currency: 'euro' is not a currency"),
        ("Europe/Berlin", "Europe/Berlim", "timezone: there is no time zone 'Europe/Berlim'"),
        ("slot_minutes: 60", "slot_minutes: 7", "slot_minutes: slots do not divide an hour"),
        ("grid: dso", "grid: dos", "parties.grid: 'dos' is no role"),
        ("id: school", "id: bakery", "members[1].id: bakery is there already"),
        ("id: school", "id: grid", "members[1].id: grid is a party as well"),
        ("role: consumer", "role: eater", "members[0].role: 'eater' is none of those"),
        ("consumer, supplier: power", "consumer, supplier: grid", "grid is no supplier"),
        ("from: 2026-03-02}", "from: 2026-03-01}", "power and green supply at the same time"),
        ("until: 2026-03-02", "until: 2026-3-2", "'2026-3-2' is not a day"),
        ("product: supplier-tariff\n    with: {member: member, supplier: power",
         "product: suplier\n    with: {member: member, supplier: power", "there is no product"),
        ("supplier: power, import_price: 0.30 EUR/kWh",
         "supplier: power, import_price: 0.30 EUR", "power import_price: "),
        ("supplier: green, import", "supplier: gren, import", "it names 'gren', who is no party"),
        ("green], rates", "gren], rates", "taxes[0].on: there is no line 'gren'"),
        ("{percent: 19, from: 2026-01-01}", "{percent: 19}", "the rate has no first day"),
        ("percent: 19,", "percent: many,", "'many' is not a percentage"),
        ("{percent: 19, from: 2026-01-01}",
         "{percent: 19, from: 2026-01-01}, {percent: 7, from: 2026-02-01}",
         "two rates are in force at the same time"),
        ("pricing: single", "pricing: triple", "imbalance.pricing: 'triple' is none of those"),
        ("operator: tso", "operator: tos", "there is no party 'tos'"),
        ("responsible: power", "responsible: powr", "there is no party 'powr'"),
        ("activations: {grid", "activations: {grit", "there is no party 'grit'"),
        ("consumer, supplier: power}", "consumer, supplier: power, deposit: 5 CHF}",
         "'5 CHF' is not an amount"),
    ],
)  # fmt: skip
def test_a_fault_is_told_where_it_is(lane, old, new, said):
    path = lane.write((old, new))
    with pytest.raises(BadInput) as refused:
        read_rules(path)
    told = [fault for fault in refused.value.faults if said in f"{fault.where}: {fault.problem}"]
    assert told
    line = next(
        n for n, text in enumerate(path.read_text().splitlines(), 1) if new.split("\n")[-1] in text
    )
    assert any(abs(fault.line - line) <= 6 and fault.line for fault in told)


def test_all_faults_are_told_at_once(lane):
    path = lane.write(
        ("currency: EUR", "currency: euro"),
        ("role: consumer", "role: eater"),
        ("percent: 19", "percent: x"),
        ("price: imbalance:price", "price: 3 apples"),
    )
    with pytest.raises(BadInput) as refused:
        read_rules(path)
    assert len(refused.value.faults) == 4
    assert [fault.line for fault in refused.value.faults] == sorted(
        fault.line for fault in refused.value.faults
    )


def test_two_days_with_plans_are_settled(lane):
    made = lane.settle()
    lines = {
        (made.booked.owners[made.booked.owner[row]], made.booked.heads[made.booked.head[row]].name):
        int(made.booked.nano[row])
        for row in range(len(made.booked))
    }  # fmt: skip
    used = sum(500 + slot for slot in range(48))
    assert lines["bakery", "power.supply"] == used * 300_000
    assert lines["school", "power.supply"] == 18 * 100 * 300_000
    assert lines["school", "green.supply"] == 18 * 100 * 250_000
    assert lines["school", "green.feed-in"] == 6 * 800 * 80_000
    # each uses what was planned but for a Wh more by the hour; 10 Wh less were asked of it at 5
    bakery = -sum(range(48)) - 10
    school = 12 * 900
    assert lines["bakery", "imbalance.imbalance"] == bakery * 100_000
    assert lines["school", "imbalance.imbalance"] == school * 100_000
    assert lines["group:all", "imbalance-groups.imbalance"] == (bakery + school) * 100_000
    assert lines["activation:grid", "imbalance-activations.imbalance"] == 10 * 100_000
    assert lines["bakery", "vat.tax"] == round(used * 300_000 / 10**7) * 10**7 * 19 // 100
    assert not any(sum(table.values()) for table in received(made.booked).values())


def test_what_is_missing_is_told_all_at_once(lane):
    short = lane.table({"spot": lambda slot: 1, "imbalance:price": lambda slot: 1}, slots=40)
    told = lane.faults(
        ("      - {supplier: green, from: 2026-03-02}\n", ""),
        ("{percent: 19, from: 2026-01-01}", "{percent: 19, from: 2026-03-02}"),
        ("spot: prices.csv, ", ""),
        prices=short,
    )
    assert any("members.school: no supplier on 2026-03-02" in each for each in told)
    assert any("taxes.vat: no rate on 2026-03-01" in each for each in told)
    assert any("contracts.power: no series 'spot'" in each for each in told)
    told = lane.faults(prices=short)
    assert any("8 slots have no value of spot" in each for each in told)
    assert any("imbalance: 8 slots have no value of imbalance:price" in each for each in told)


def test_a_supplier_without_a_tariff_is_told(lane):
    told = lane.faults(
        ("  - name: green\n    supplier: green\n", "  - name: green\n    supplier: power\n")
    )
    assert told == ["members.school: green has no tariff for school on 2026-03-02"]


def test_gaps_of_readings_and_plans_are_told_together(lane):
    holes = lane.table(
        {
            "bakery:withdrawal": lambda slot: "" if slot in (3, 4) else 1,
            "school:withdrawal": lambda slot: 1,
            "school:injection": lambda slot: "" if slot == 47 else 0,
        }
    )
    plans = lane.table({"bakery": lambda slot: 0, "school": lambda slot: "" if slot == 9 else 0})
    told = lane.faults(readings=holes, plan=plans)
    assert [re.sub(r", the first.*", "", each) for each in told] == [
        "members.bakery (bakery): 2 slots have no sound value of metered:withdrawal",
        "members.school (school): a slot has no sound value of metered:injection",
        "members.school (school): a slot has no sound value of plan:net",
    ]


def test_negative_readings_are_refused(lane):
    negative = lane.table(
        {
            "bakery:withdrawal": lambda slot: -1 if slot == 3 else 1,
            "school:withdrawal": lambda slot: 1,
            "school:injection": lambda slot: 0,
        }
    )
    assert lane.faults(readings=negative) == ["bakery:withdrawal: energy must not be negative"]


def test_a_tax_that_changes_divides_lines_or_is_refused(lane):
    rates = "{percent: 19, from: 2026-01-01, until: 2026-03-02}, {percent: 7, from: 2026-03-02}"
    change = ("{percent: 19, from: 2026-01-01}", rates)
    made = lane.settle(change)
    heads = {head.rate_ppm for head in made.booked.heads if head.category == "tax"}
    assert heads == {190_000, 70_000}
    told = lane.faults(change, ("rates: [", "change: refuse, rates: ["))
    assert [each.partition(",")[0] for each in told] == [
        "taxes.vat: the rate changes within the period"
    ]


def test_a_fold_over_more_than_the_period_is_refused(lane):
    flat = """  - name: fee
    product: flat-tariff
    with:
      consumer: member
      supplier: power
      consumption: supplier:in
      price: 0 EUR/kWh
      standing_charge: 1 EUR
      period: month@Europe/Berlin
taxes:"""
    told = lane.faults(("taxes:", flat))
    (only,) = told
    assert only.startswith("contracts.fee: its terms count by month@Europe/Berlin, of which")


def test_where_nobody_belongs_to_the_community_nothing_is_owed(lane):
    made = lane.settle(
        ("role: consumer, supplier: power}", "role: consumer, supplier: power, from: 2027-01-01}"),
        ("  - id: school\n", "  - id: school\n    from: 2027-01-01\n"),
    )
    assert len(made.lines) == 0
