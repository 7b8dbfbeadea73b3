"""Every product of the catalogue settles to what its contract's cash flows add up to."""

from datetime import date

import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.base.slots import Calendar, Slots
from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.files import read_arguments
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import factors, needs, nodes
from gridpact.contracts.observables import Fold
from gridpact.contracts.products import CATALOGUE
from gridpact.contracts.terms import bind
from gridpact.settlement.lines import received
from gridpact.settlement.periods.energy import OF_FILES, OF_MEMBERS, Inputs, Metered, of_all
from gridpact.settlement.periods.rules import Clause, Member, Rules
from gridpact.settlement.periods.settling import settle

ZONE = "Europe/Berlin"
START = Calendar(ZONE, 900).midnight(date(2026, 3, 1))
PERIOD = Slots(START, 900, 31 * 96 - 4)


def world_of(contract, draw):
    """Numbers for all that a contract needs, choices at nothing."""
    needed = needs(contract)
    series = {
        each.name: draw.integers(0, 2 if each.unit == "1" else 900, PERIOD.count)
        for each in needed.series
    }
    return series | {f"choice:{c.label}": np.zeros(PERIOD.count, np.int64) for c in needed.choices}


def yearly(contract):
    folds = [node.period for node in nodes(factors(contract)) if isinstance(node, Fold)]
    return any(period.partition("@")[0] in ("quarter", "year") for period in folds)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_a_product_settles_to_its_cash_flows(name):
    """One member under the product, beside a party that stays as the product's example has it."""
    given = {each.name: each.example for each in CATALOGUE[name].parameters}
    contract = read_arguments(name, given)
    paid = [leg for leg in legs(contract) if leg.currency]
    contract = bind(contract, {paid[0].giver: "member"}) if paid else contract
    parties = {side for leg in legs(contract) for side in (leg.giver, leg.taker)} - {"member"}
    world = world_of(contract, np.random.default_rng(7))
    rules = Rules(
        "all", "EUR", 10**7, "half-even", ZONE, 900, dict.fromkeys(parties, "other"),
        (Member("home", "home"),), (Clause("it", to_bytes(contract)),),
    )  # fmt: skip
    nothing = np.zeros((1, PERIOD.count), np.int64)

    def row(name):
        def read(slots, rows):
            at = (slots.start - PERIOD.start) // 900
            return world[name][None, at : at + slots.count][rows]

        return read

    computed = [name for name in world if of_all(name) in {*OF_MEMBERS} - {*OF_FILES}]
    world |= dict.fromkeys([*computed, "plan:net"], nothing[0])
    own = {name: row(name) for name in world if name not in computed}
    mixed = {name: each for name, each in world.items() if len(name) % 2}
    metered = lambda slots, rows: Metered(*[nothing[rows, : slots.count]] * 2)  # noqa: E731
    for prices, mine in (
        (world, {"plan:net": own["plan:net"]}),
        ({}, own),
        (mixed, own),
    ):
        inputs = Inputs(metered, prices, mine)
        if yearly(contract):
            with pytest.raises(BadInput, match="of which the billing period has only a part"):
                settle(rules, PERIOD, inputs)
            continue
        lines = settle(rules, PERIOD, inputs).lines
        expected = {
            (
                f"it.{kind}",
                payer.replace("member", "home"),
                payee.replace("member", "home"),
            ): amount.sum()
            for (payer, payee, _, kind), amount in cashflows(contract, world, PERIOD).items()
            if amount.sum()
        }
        found = {
            (lines.heads[lines.head[each]].name, lines.payer(each), lines.payee(each)): lines.nano[
                each
            ]
            for each in range(len(lines))
            if lines.nano[each]
        }
        assert found == expected
        for exact in (True, False):
            assert not any(sum(t.values()) for t in received(lines, exact=exact).values())
