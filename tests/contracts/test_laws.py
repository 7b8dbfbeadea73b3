"""The laws of the algebra on random contracts and worlds."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gridpact.base.errors import MissingSeries
from gridpact.base.slots import Slots
from gridpact.contracts.canonical import from_bytes, terms_hash, to_bytes
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.evaluate import Known
from gridpact.contracts.legs import as_contract, legs
from gridpact.contracts.needs import needs
from gridpact.contracts.obligations import obligations
from gridpact.contracts.terms import All, bind, give, sale

SEEDS = st.integers(0, 10**6)
quick = settings(
    deadline=None,
    max_examples=120,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def by_name(contract):
    required = needs(contract)
    return [n.name for n in required.series] + [f"choice:{n.label}" for n in required.choices]


def equal(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


@quick
@given(data=st.data(), seed=SEEDS)
def test_flows_equal_a_plain_python_evaluation(gen, oracle, data, seed):
    contract, world = data.draw(gen.contracts()), gen.world(seed)
    flows = cashflows(contract, world, gen.slots)
    for row in range(3):
        expected = oracle.flows(contract, world, row)
        assert flows.keys() == expected.keys()
        for key, amounts in flows.items():
            cells = amounts[row] if amounts.ndim > 1 else amounts
            assert cells.tolist() == expected[key]


@quick
@given(data=st.data(), seed=SEEDS)
def test_a_gap_stops_evaluation_exactly_where_it_is_needed(gen, oracle, data, seed):
    contract, world = data.draw(gen.contracts()), gen.world(seed, gaps=True)
    expected = [oracle.flows(contract, world, row) for row in range(3)]
    shape = np.broadcast_shapes((6,), *[world[name].values.shape for name in by_name(contract)])
    rows = expected[: shape[0]] if len(shape) > 1 else expected[:1]
    lacking = any(None in amounts for flows in rows for amounts in flows.values())
    if lacking:
        with pytest.raises(MissingSeries) as caught:
            cashflows(contract, world, gen.slots)
        absent = ~np.atleast_2d(world[caught.value.name].present).all(axis=0)
        assert caught.value.slots
        assert set(caught.value.slots) <= set(gen.slots.starts()[absent].tolist())
    else:
        flows = cashflows(contract, world, gen.slots)
        for row, plain in enumerate(rows):
            for key, amounts in flows.items():
                assert np.atleast_2d(amounts)[row].tolist() == plain[key]


@quick
@given(data=st.data(), seed=SEEDS)
def test_balances_sum_to_zero_per_currency(gen, data, seed):
    flows = cashflows(data.draw(gen.contracts()), gen.world(seed), gen.slots)
    balances = defaultdict(lambda: defaultdict(int))
    for (payer, payee, currency, _), amounts in flows.items():
        balances[currency][payer] -= int(amounts.sum())
        balances[currency][payee] += int(amounts.sum())
    assert all(sum(parties.values()) == 0 for parties in balances.values())


@quick
@given(data=st.data(), seed=SEEDS)
def test_the_normal_form_preserves_cashflows_and_obligations(gen, data, seed):
    contract, world = data.draw(gen.contracts()), gen.world(seed)
    normal = as_contract(legs(contract))
    assert legs(normal) == legs(contract)
    assert equal(cashflows(contract, world, gen.slots), cashflows(normal, world, gen.slots))
    pairs = zip(
        obligations(contract, world, gen.slots), obligations(normal, world, gen.slots), strict=True
    )
    assert all(np.array_equal(a.low, b.low) and np.array_equal(a.high, b.high) for a, b in pairs)


@quick
@given(data=st.data(), seed=SEEDS, cut=st.integers(0, 6))
def test_two_parts_of_time_make_the_whole_without_folds(gen, data, seed, cut):
    contract, world = data.draw(gen.contracts(folds=False)), gen.world(seed)
    slots = gen.slots
    whole = cashflows(contract, world, slots)
    early = {name: values[..., :cut] for name, values in world.items()}
    late = {name: values[..., cut:] for name, values in world.items()}
    first = cashflows(contract, early, Slots(slots.start, slots.step, cut))
    second = cashflows(contract, late, Slots(slots.start + cut * slots.step, slots.step, 6 - cut))
    joined = {key: np.concatenate([first[key], second[key]], axis=-1) for key in first}
    assert equal(joined, whole)


@quick
@given(data=st.data(), seed=SEEDS)
def test_giving_swaps_flows_and_giving_twice_gives_back(gen, data, seed):
    contract, world = data.draw(gen.contracts()), gen.world(seed)
    given_away = give(contract)
    assert give(given_away) == contract
    assert needs(given_away) == needs(contract)  # who decides stays
    flows = cashflows(contract, world, gen.slots)
    swapped = {(b, a, cur, kind): amounts for (a, b, cur, kind), amounts in flows.items()}
    assert equal(cashflows(given_away, world, gen.slots), swapped)


@quick
@given(data=st.data(), seed=SEEDS)
def test_a_sum_of_contracts_has_the_sum_of_the_flows(gen, data, seed):
    one, other = data.draw(gen.contracts(1)), data.draw(gen.contracts(1))
    world = gen.world(seed)
    apart = [cashflows(c, world, gen.slots) for c in (one, other)]
    together = cashflows(one + other, world, gen.slots)
    for key, amounts in together.items():
        parts = sum(flows[key] for flows in apart if key in flows)
        assert np.array_equal(np.broadcast_to(parts, amounts.shape), amounts)
    assert one + All() == (one if isinstance(one, All) else All((one,)))


@quick
@given(data=st.data())
def test_writing_and_reading_back_is_byte_identical(gen, data):
    contract = data.draw(gen.contracts())
    written = to_bytes(contract)
    read = from_bytes(written)
    assert read == contract
    assert to_bytes(read) == written
    assert terms_hash(read) == terms_hash(contract)


@quick
@given(data=st.data(), seed=SEEDS)
def test_read_back_terms_evaluate_the_same(gen, data, seed):
    contract, world = data.draw(gen.contracts()), gen.world(seed)
    read = from_bytes(to_bytes(contract))
    assert equal(cashflows(read, world, gen.slots), cashflows(contract, world, gen.slots))


@quick
@given(data=st.data(), seed=SEEDS)
def test_needs_are_exact(gen, data, seed):
    contract, world = data.draw(gen.contracts()), gen.world(seed)
    required = by_name(contract)
    flows = cashflows(contract, world, gen.slots)
    for name in required:
        rest = {key: values for key, values in world.items() if key != name}
        with pytest.raises(MissingSeries) as caught:
            cashflows(contract, rest, gen.slots)
        assert caught.value.name == name
        assert caught.value.slots == tuple(gen.slots.starts().tolist())
    enough = {name: world[name] for name in required}
    assert equal(cashflows(contract, enough, gen.slots), flows)
    assert all(need.unit == gen.unit_of[need.name] for need in needs(contract).series)


@quick
@given(data=st.data(), seed=SEEDS)
def test_one_row_alone_is_its_row_of_many(gen, data, seed):
    contract, world = data.draw(gen.contracts()), gen.world(seed)
    many = cashflows(contract, world, gen.slots)
    alone = {name: values[1] if values.ndim > 1 else values for name, values in world.items()}
    for key, amounts in cashflows(contract, alone, gen.slots).items():
        assert np.array_equal(np.broadcast_to(many[key], (3, 6))[1], amounts)


@quick
@given(data=st.data(), seed=SEEDS)
def test_binding_roles_renames_parties_and_authors_alone(gen, data, seed):
    contract, world = data.draw(gen.contracts()), gen.world(seed)
    names = {"a": "alpha", "member": "m-1"}
    bound = bind(contract, names)
    renamed = {
        (names.get(a, a), names.get(b, b), cur, kind): amounts
        for (a, b, cur, kind), amounts in cashflows(contract, world, gen.slots).items()
    }
    assert equal(cashflows(bound, world, gen.slots), renamed)
    assert all(need.by != "a" for need in needs(bound).choices)


@quick
@given(data=st.data(), seed=SEEDS)
def test_bounds_hold_whatever_is_chosen(gen, data, seed):
    contract = data.draw(gen.contracts())
    world = gen.world(seed)
    free = {name: values for name, values in world.items() if not name.startswith("choice:")}
    decided = obligations(contract, world, gen.slots)
    for bound, fixed in zip(obligations(contract, free, gen.slots), decided, strict=True):
        assert fixed.is_fixed
        assert (bound.low <= fixed.low).all()
        assert (fixed.high <= bound.high).all()


@quick
@given(data=st.data(), seed=SEEDS)
def test_masks_are_zero_or_one(gen, oracle, data, seed):
    mask = data.draw(gen.masks(2, True))
    assume(mask.is_mask)
    assert set(oracle.values(mask, oracle.row_of(gen.world(seed), 0))) <= {0, 1}


@quick
@given(data=st.data(), seed=SEEDS)
def test_a_full_presence_mask_is_the_same_as_none(gen, data, seed):
    contract, world = data.draw(gen.contracts()), gen.world(seed)
    masked = {name: Known(v, np.ones(6, dtype=bool)) for name, v in world.items()}
    assert equal(cashflows(contract, masked, gen.slots), cashflows(contract, world, gen.slots))


@quick
@given(data=st.data(), seed=SEEDS)
def test_decided_obligations_are_what_a_plain_evaluation_delivers(gen, oracle, data, seed):
    contract, world = data.draw(gen.contracts()), gen.world(seed)
    physical = [leg for leg in legs(contract) if not leg.currency]
    found = obligations(contract, world, gen.slots)
    assert [(f.asset, f.giver, f.taker) for f in found] == [
        (leg.asset, leg.giver, leg.taker) for leg in physical
    ]
    for row in range(3):
        lists = oracle.row_of(world, row)
        for leg, obligation in zip(physical, found, strict=True):
            amounts = obligation.low if obligation.low.ndim == 1 else obligation.low[row]
            assert amounts.tolist() == oracle.values(leg.amount, lists)


@quick
@given(data=st.data(), seed=SEEDS)
def test_what_is_paid_for_is_what_is_delivered(gen, oracle, data, seed):
    """With all choices fixed, a sale's money is its delivered energy times its price."""
    energy = data.draw(gen.observables("Wh", 2, True))
    price = data.draw(gen.observables("micro/kWh", 1, True))
    world = gen.world(seed)
    contract = sale(energy, price, "seller", "buyer", "energy", "EUR")
    (paid,) = cashflows(contract, world, gen.slots).values()
    (delivered,) = obligations(contract, world, gen.slots)
    for row in range(3):
        moved, money = (a if a.ndim == 1 else a[row] for a in (delivered.low, paid))
        prices = oracle.values(price, oracle.row_of(world, row))
        assert [m * p for m, p in zip(moved.tolist(), prices, strict=True)] == money.tolist()


@quick
@given(data=st.data(), seed=SEEDS)
def test_a_contract_and_its_mirror_leave_nobody_with_anything(gen, data, seed):
    contract = data.draw(gen.contracts())
    balances = defaultdict(int)
    for delivery in obligations(contract + give(contract), gen.world(seed), gen.slots):
        balances[delivery.asset, delivery.giver] -= int(delivery.low.sum())
        balances[delivery.asset, delivery.taker] += int(delivery.low.sum())
    assert not any(balances.values())


@quick
@given(data=st.data(), seed=SEEDS, order=st.permutations(range(3)))
def test_the_order_of_parts_and_of_rows_changes_nothing(gen, data, seed, order):
    parts = [data.draw(gen.contracts(1)) for _ in range(3)]
    world = gen.world(seed)
    flows = cashflows(All(tuple(parts)), world, gen.slots)
    moved = {n: v[list(order)] if v.ndim > 1 else v for n, v in world.items()}
    other = cashflows(All(tuple(parts[at] for at in order)), moved, gen.slots)
    assert other.keys() == flows.keys()
    for key, amounts in flows.items():
        expected = amounts[list(order)] if amounts.ndim > 1 else amounts
        assert np.array_equal(other[key], expected)
