"""A month's lines are what plain Python with fractions says, to the unit."""

from collections import defaultdict
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gridpact.settlement.lines import digest, joined, nonzero, received
from gridpact.settlement.periods.energy import SOURCES
from gridpact.settlement.periods.settling import settle
from gridpact.settlement.periods.tracing import alone, depends_on_others, trace
from gridpact.settlement.runs.run import difference

GENERATE = (Phase.explicit, Phase.reuse, Phase.generate)  # a seed cannot be made simpler
BERLIN, STEP, MICRO = ZoneInfo("Europe/Berlin"), 3600, 10**6


def shares(total, weights):
    """Divide a whole number in proportion, by largest remainder, ties to the first."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    exact = [Fraction(total * weight, whole) for weight in weights]
    found = [int(each) for each in exact]
    order = sorted(range(len(weights)), key=lambda row: (found[row] - exact[row], row))
    for row in order[: total - sum(found)]:
        found[row] += 1
    return found


def energy_by_slot(made):
    """Energy of every member by source, ``{series: [members][slots]}``."""
    rules, numbers, period = made.rules, made.numbers, made.period
    count = len(rules.members)
    found = defaultdict(lambda: [[0] * period.count for _ in range(count)])
    for slot in range(period.count):
        at = period.start + slot * STEP
        here = [m.span.first_s <= at < m.span.end_s for m in rules.members]
        taken, given, plan, changed = (
            [numbers[name][row][slot] if here[row] else 0 for row in range(count)]
            for name in ("metered:withdrawal", "metered:injection", "plan:net", "activated:grid")
        )
        over = [max(g - t, 0) for g, t in zip(given, taken, strict=True)]
        need = [max(t - g, 0) for g, t in zip(given, taken, strict=True)]
        shared = min(sum(over), sum(need))
        into, out = shares(shared, need), shares(shared, over)
        for row in range(count):
            outside = min(need[row] - into[row], taken[row])
            held = plan[row] + changed[row]
            for name, value in (
                ("metered:withdrawal", taken[row]),
                ("metered:injection", given[row]),
                ("shared:in", into[row]),
                ("shared:out", out[row]),
                ("supplier:in", need[row] - into[row]),
                ("supplier:out", over[row] - out[row]),
                ("network:outside", outside),
                ("network:local", taken[row] - outside),
                ("metered:net", given[row] - taken[row]),
                ("plan:held", held),
                ("activated:grid", changed[row]),
            ):
                found[name][row][slot] = value
    return found


class Terms:
    """What contracts pay in some slots, by the name of the contract.

    Each yields kind, from, to, ¤ and Wh by slot. ``series`` gives a member's Wh by slot.
    """

    def __init__(self, made, series, at):
        self.numbers, self.period, self.series, self.at = made.numbers, made.period, series, at
        self.low, self.mid, self.high = (
            Fraction(made.prices[each], MICRO) for each in ("low", "mid", "high")
        )
        self.step, self.fee = made.prices["step"], Fraction(made.prices["fee"], 10**9)

    def sold(self, kind, payer, payee, name, unit):
        energy = [self.series(name)[slot] for slot in self.at]
        pairs = zip(energy, self.at, strict=True)
        money = [
            Fraction(wh, 1000) * (unit(slot) if callable(unit) else unit) for wh, slot in pairs
        ]
        return kind, payer, payee, money, energy

    def listed(self, name):
        return lambda slot: Fraction(self.numbers[name][slot], MICRO)

    def at_end(self, kind, payee, amount):
        money = [amount * (slot == self.at[-1]) for slot in self.at]
        return kind, "member", payee, money, [0] * len(self.at)

    def supply(self):
        yield self.sold("supply", "member", "power", "supplier:in", self.mid)
        yield self.sold("feed-in", "power", "member", "supplier:out", self.low)

    def green(self):
        yield self.sold("supply", "member", "green", "supplier:in", self.high)
        yield self.sold("feed-in", "green", "member", "supplier:out", self.mid)

    def evening(self):
        def unit(slot):
            local = datetime.fromtimestamp(self.period.start + slot * STEP, UTC).astimezone(BERLIN)
            late = local.isoweekday() < 6 and 17 <= local.hour < 20
            return self.high if late else self.low

        yield self.sold("energy", "member", "green", "supplier:in", unit)
        yield self.at_end("standing-charge", "green", self.fee)

    def stepped(self):
        money, before = [], 0
        energy = [self.series("supplier:in")[slot] for slot in self.at]
        for used in energy:
            after = before + used
            edges = [0, self.step, 3 * self.step, max(after, 3 * self.step)]
            parts = [max(min(after, b) - max(before, a), 0) for a, b in pairwise(edges)]
            prices = (self.low, self.mid, self.high)
            pairs = zip(parts, prices, strict=True)
            money.append(sum(Fraction(part, 1000) * each for part, each in pairs))
            before = after
        yield "energy", "member", "green", money, energy
        yield self.at_end("standing-charge", "green", self.fee)

    def network(self):
        yield self.sold("network", "member", "grid", "network:outside", self.low)
        yield self.sold("network-local", "member", "grid", "network:local", self.mid)
        yield self.sold("levy", "member", "state", "metered:withdrawal", self.high)

    def peak(self):
        peak = max(100, *(self.series("metered:withdrawal")[slot] for slot in self.at))
        yield self.at_end("capacity", "grid", Fraction(7 * peak, 1000))

    def sharing(self):
        unit = self.listed("shared:price")
        yield self.sold("sharing", "member", "lane", "shared:in", unit)
        yield self.sold("sharing", "lane", "member", "shared:out", unit)

    def deviations(self):
        net, held = self.series("metered:net"), self.series("plan:held")
        return [net[slot] - held[slot] for slot in self.at]

    def priced(self, kind, payer, payee, energy, unit):
        pairs = zip(energy, self.at, strict=True)
        return kind, payer, payee, [Fraction(wh, 1000) * unit(slot) for wh, slot in pairs], energy

    def single(self):
        unit = self.listed("imbalance:price")
        yield self.priced("imbalance", "tso", "member", self.deviations(), unit)

    def dual(self):
        long, short = (self.listed(f"imbalance:{name}") for name in ("long", "short"))
        found = self.deviations()
        yield self.priced("surplus", "tso", "member", [max(d, 0) for d in found], long)
        yield self.priced("shortage", "member", "tso", [max(-d, 0) for d in found], short)

    def reward(self):
        bonus, helping, harming = [], [], []
        each = Fraction(self.fee * 10**9 // 100, 10**9)
        for deviation, slot in zip(self.deviations(), self.at, strict=True):
            beyond = max(abs(deviation) - 40, 0)
            helps = deviation * self.numbers["system:net"][slot] < 0
            bonus.append(each if abs(deviation) <= 40 else 0)
            helping.append(beyond if helps else 0)
            harming.append(0 if helps else beyond)
        yield "bonus", "tso", "member", bonus, [0] * len(bonus)
        yield self.priced("reward", "tso", "member", helping, lambda _: self.low)
        yield self.priced("penalty", "member", "tso", harming, lambda _: self.mid)


def cents(amount):
    """Round an amount of money to cents, ties away from zero."""
    scaled = abs(amount) * 100
    whole = scaled.numerator // scaled.denominator + (
        2 * (scaled.numerator % scaled.denominator) >= scaled.denominator
    )
    return whole if amount >= 0 else -whole


def owed(made):
    """Every line that is not nothing: ``{(owner, line, from, to, first, end): (Wh, ¤, cents)}``."""
    found = {}
    for key, (money, energy) in by_slot(made).items():
        exact = sum(money, Fraction(0))
        if exact or sum(energy):
            found[key] = (sum(energy), exact, cents(exact))
    return found | taxes(made, found)


def by_slot(made):
    """¤ and Wh of every line slot by slot: ``{(owner, line, from, to, first, end): (¤, Wh)}``."""
    rules, period = made.rules, made.period
    series = energy_by_slot(made)
    found = {}
    for clause in rules.clauses:
        for owner, who, rows, span in owners(made, clause):
            first, end = max(span[0], period.start), min(span[1], period.end)
            at = range((first - period.start) // STEP, (end - period.start) // STEP)
            if not at:
                continue
            mine = series_of(series, clause, rows)
            for kind, *sides, money, energy in getattr(Terms(made, mine, at), clause.name)():
                payer, payee = (who if side == "member" else side for side in sides)
                for rate in rates_of(rules, clause) or [(first, end)]:
                    a, b = max(rate[0], first), min(rate[1], end)
                    keep = [n for n, slot in enumerate(at) if a <= period.start + slot * STEP < b]
                    if keep:
                        key = (owner, f"{clause.name}.{kind}", payer, payee, a, b)
                        found[key] = [money[n] for n in keep], [energy[n] for n in keep]
    return found


def owners(made, clause):
    """Yield who is under a clause: owner, party, members and span."""
    span = (clause.span.first_s, clause.span.end_s)
    members = made.rules.members
    if clause.of == "groups":
        for group in made.rules.groups:
            rows = [row for row, member in enumerate(members) if member.id in group.members]
            yield f"group:{group.name}", group.responsible, rows, span
    elif clause.of == "activations":
        yield "activation:grid", "grid", list(range(len(members))), span
    else:
        for row, member in enumerate(members):
            if clause.members is None or member.id in clause.members:
                for cut in spans(member, clause, span):
                    yield member.id, member.id, [row], cut


def spans(member, clause, span):
    """Yield the times in which a member is under a clause."""
    first, end = max(span[0], member.span.first_s), min(span[1], member.span.end_s)
    if not clause.supplier:
        yield first, end
    for supply in member.supplies:
        if clause.supplier == supply.supplier:
            yield max(first, supply.span.first_s), min(end, supply.span.end_s)


def series_of(series, clause, rows):
    def of(name):
        if clause.of == "activations":
            name = {"metered:net": "activated:grid"}.get(name, "")
        if not name:
            return [0] * len(series["metered:net"][0])
        return [sum(values) for values in zip(*(series[name][row] for row in rows), strict=True)]

    return of


def rates_of(rules, clause):
    return [
        (rate.span.first_s, rate.span.end_s)
        for tax in rules.taxes
        if clause.name in tax.on
        for rate in tax.rates
    ]


def taxes(made, lines):
    """The tax on what one owes another under one rate, on rounded lines."""
    period, found = made.period, {}
    for tax in made.rules.taxes:
        for rate in tax.rates:
            a, b = max(rate.span.first_s, period.start), min(rate.span.end_s, period.end)
            bases = defaultdict(int)
            for (owner, line, payer, payee, first, end), (_, _, minor) in lines.items():
                if line.split(".")[0] in tax.on and a <= first and end <= b:
                    bases[owner, payer, payee] += minor
            for (owner, payer, payee), base in bases.items():
                exact = Fraction(base, 100) * Fraction(rate.ppm, MICRO)
                if exact:
                    found[owner, f"{tax.name}.tax", payer, payee, a, b] = (0, exact, cents(exact))
    return found


@settings(deadline=None, max_examples=10, phases=GENERATE)
@given(st.integers(0, 2**32))
def test_lines_are_those_of_fractions_and_money_adds_up(plain, seed):
    made = plain.community(seed)
    found = settle(made.rules, made.period, plain.inputs_of(made))
    assert plain.told(found.lines) == owed(made)
    for exact in (True, False):
        for table in received(found.lines, exact=exact).values():
            assert sum(table.values()) == 0
    energy = energy_by_slot(made)
    for name, row in zip(SOURCES, found.energy_wh, strict=True):
        expected = [sum(each) for each in energy[name]] if name in energy else 0
        assert np.array_equal(row, np.broadcast_to(expected, row.shape))


@settings(deadline=None, max_examples=4, phases=GENERATE)
@given(st.integers(0, 2**32))
def test_a_line_is_traced_to_the_slots_of_fractions(plain, seed):
    made = plain.community(seed)
    rules, inputs = made.rules, plain.inputs_of(made)
    lines = settle(rules, made.period, inputs).lines
    slots, energy = by_slot(made), energy_by_slot(made)
    names = {member.id: row for row, member in enumerate(rules.members)}
    for row, key in enumerate(plain.told(lines)):
        if lines.heads[lines.head[row]].category == "tax":
            continue
        traced = trace(rules, made.period, inputs, lines, row)
        money, wh = slots[key]
        assert traced.nano.tolist() == [each * 10**9 for each in money]
        assert traced.energy_wh.tolist() == wh
        if key[0] in names:
            first = (traced.slots.start - made.period.start) // STEP
            for name in traced.series.keys() & energy.keys():
                own = energy[name][names[key[0]]][first : first + traced.slots.count]
                assert traced.series[name].tolist() == own
            head, shared = lines.heads[lines.head[row]], inputs.share is not None
            if not depends_on_others(rules, inputs, head, shared=shared):
                one = alone(rules, names[key[0]]), made.period, plain.only(made, names[key[0]])
                assert trace(*one, lines, row).nano.tolist() == traced.nano.tolist()


@settings(deadline=None, max_examples=4, phases=GENERATE)
@given(st.integers(0, 2**32), st.integers(1, 3_000), st.randoms(use_true_random=False))
def test_neither_blocks_nor_the_order_of_members_change_a_line(plain, seed, cells, random):
    made = plain.community(seed)
    rules, inputs = made.rules, plain.inputs_of(made)
    whole = settle(rules, made.period, inputs)
    assert digest(settle(rules, made.period, inputs, cells=cells).lines) == digest(whole.lines)
    alone = msgspec.structs.replace(inputs, share=None)
    rows = list(range(len(rules.members)))
    random.shuffle(rows)
    other = SimpleNamespace(period=made.period, prices=made.prices)
    other.rules = msgspec.structs.replace(
        rules,
        members=tuple(rules.members[row] for row in rows),
        clauses=tuple(random.sample(rules.clauses, len(rules.clauses))),
    )
    other.numbers = {
        name: [each[row] for row in rows] if isinstance(each[0], list) else each
        for name, each in made.numbers.items()
    }
    moved = msgspec.structs.replace(plain.inputs_of(other), share=None)
    one = settle(rules, made.period, alone, cells=cells)
    assert digest(settle(other.rules, made.period, moved).lines) == digest(one.lines)


@settings(deadline=None, max_examples=4, phases=GENERATE)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_what_was_booked_and_its_corrections_are_the_corrected_run(plain, seed, random):
    made = plain.community(seed)
    booked = []
    for _ in range(3):
        run = settle(made.rules, made.period, plain.inputs_of(made)).lines
        correction = difference(run, booked)
        for table in received(correction).values():
            assert sum(table.values()) == 0
        booked.append(correction)
        assert digest(nonzero(joined(booked))) == digest(run)
        table = made.numbers[random.choice(("metered:withdrawal", "metered:injection"))]
        row = random.choice(table)
        row[random.randrange(len(row))] += random.randrange(1, 5_000)


@pytest.mark.data
def test_a_month_of_real_homes_is_settled_to_the_unit(plain, data_root):
    """Loads and roofs of eleven Californian homes, on tariffs, taxes and suppliers of ours."""
    table = pl.read_parquet(data_root / "homes_pv_fontana_1h.parquet")
    table = table.filter(pl.col("timestamp_local_std") >= datetime(2017, 3, 1))  # noqa: DTZ001
    homes = sorted(name.removesuffix("_pv_kwh") for name in table.columns if "_pv_" in name)
    load, roof = (
        np.rint(table.select(f"{home}_{kind}_kwh" for home in homes).to_numpy().T * 1000)
        for kind in ("load", "pv")
    )
    made = plain.community(7)
    count, hours = len(homes), made.period.count
    net = (load - roof)[:, :hours].astype(np.int64)
    assert net.shape == (count, hours)
    made.numbers["metered:withdrawal"] = np.maximum(net, 0).tolist()
    made.numbers["metered:injection"] = np.maximum(-net, 0).tolist()
    for name in ("plan:net", "activated:grid"):
        made.numbers[name] = [made.numbers[name][0]] * count
    seen = made.rules.members
    members = [
        msgspec.structs.replace(seen[row % len(seen)], id=home, point=home)
        for row, home in enumerate(homes)
    ]
    clauses = [msgspec.structs.replace(clause, members=None) for clause in made.rules.clauses]
    group = msgspec.structs.replace(made.rules.groups[0], members=tuple(homes))
    made.rules = msgspec.structs.replace(
        made.rules, members=tuple(members), clauses=tuple(clauses), groups=(group,)
    )
    found = settle(made.rules, made.period, plain.inputs_of(made))
    assert plain.told(found.lines) == owed(made)
    assert min(found.energy_wh[:2].sum(axis=1)) > 100_000
