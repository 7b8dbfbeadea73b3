"""A portfolio gives what each of its contracts gives alone, whatever the order and the chunks."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.base.errors import GridpactError
from gridpact.contracts.canonical import from_bytes, to_bytes
from gridpact.contracts.evaluate import Known
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.portfolio import MatrixWorld, Portfolio, PortfolioFaults
from gridpact.contracts.terms import sale

SEEDS = st.integers(0, 10**6)
quick = settings(
    deadline=None,
    max_examples=120,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def outcome(many, contracts, world, slots, chunk=None):
    """Cash flows by contract, or (contract, error) pairs."""
    portfolio = Portfolio.of(contracts)
    try:
        return many.gathered(portfolio.cashflows(world, slots, chunk=chunk))
    except PortfolioFaults as faults:
        return {fault.contract: fault.error for fault in faults.faults}


def expected(many, contracts, world, slots):
    alone = [many.alone(contract, world, slots) for contract in contracts]
    faulty = {row: found for row, found in enumerate(alone) if isinstance(found, GridpactError)}
    return faulty or {
        row: {key: amounts.tolist() for key, amounts in found.items()}
        for row, found in enumerate(alone)
        if found
    }


def shown(found):
    """Errors as what they say, cash flows as they are."""
    return {
        row: (type(value), str(value), getattr(value, "slots", None))
        if isinstance(value, GridpactError)
        else value
        for row, value in found.items()
    }


@quick
@given(data=st.data(), seed=SEEDS, gaps=st.booleans(), missing=st.booleans())
def test_each_contract_is_as_alone(gen, many, data, seed, gaps, missing):
    contracts = data.draw(many.portfolios())
    world = many.world(seed, gaps=gaps, missing=missing)
    found = outcome(many, contracts, world, gen.slots, data.draw(st.sampled_from([None, 1, 2, 3])))
    assert shown(found) == shown(expected(many, contracts, world, gen.slots))


@quick
@given(data=st.data(), seed=SEEDS)
def test_neither_order_nor_chunks_change_anything(gen, many, data, seed):
    contracts = data.draw(many.portfolios())
    order = data.draw(st.permutations(range(len(contracts))))
    world = many.world(seed, gaps=data.draw(st.booleans()))
    found = shown(outcome(many, contracts, world, gen.slots))
    for chunk in (1, 2, 5):
        assert shown(outcome(many, contracts, world, gen.slots, chunk)) == found
    moved = shown(outcome(many, [contracts[row] for row in order], world, gen.slots, 2))
    assert {order[row]: value for row, value in moved.items()} == found


@quick
@given(data=st.data(), seed=SEEDS)
def test_signed_bytes_and_values_are_one(gen, many, data, seed):
    contracts = data.draw(many.portfolios())
    world = many.world(seed)
    values = [from_bytes(c) if isinstance(c, bytes) else c for c in contracts]
    signed = [to_bytes(contract) for contract in values]
    found = shown(outcome(many, contracts, world, gen.slots))
    assert shown(outcome(many, values, world, gen.slots)) == found
    assert shown(outcome(many, signed, world, gen.slots)) == found


@quick
@given(data=st.data(), seed=SEEDS, gaps=st.booleans())
def test_a_matrix_is_a_world_like_another(gen, many, data, seed, gaps):
    contracts = data.draw(many.portfolios())
    world = many.world(seed, gaps=gaps)
    names = data.draw(st.permutations(sorted(world)))
    cut = data.draw(st.sampled_from([len(names), len(names) // 2]))
    entries = [world[name] for name in names[:cut]]
    whole = np.ones(gen.slots.count, dtype=bool)
    values = [entry.values if isinstance(entry, Known) else entry for entry in entries]
    present = [entry.present if isinstance(entry, Known) else whole for entry in entries]
    rows = {name: row for row, name in enumerate(names[:cut])}
    others = {name: world[name] for name in names[cut:]}
    matrix = np.stack(values).astype(np.int32) if seed % 2 else np.stack(values)
    made = MatrixWorld(rows, matrix, np.stack(present), others)
    found = shown(outcome(many, contracts, world, gen.slots))
    assert shown(outcome(many, contracts, made, gen.slots, 2)) == found
    assert shown(expected(many, contracts, made, gen.slots)) == found
    assert set(made) == set(world)
    assert len(made) == len(world)


@quick
@given(data=st.data(), seed=SEEDS)
def test_totals_are_the_sums_and_positions_balance(gen, many, data, seed):
    contracts = data.draw(many.portfolios())
    world = many.world(seed)
    alone = expected(many, contracts, world, gen.slots)
    if any(isinstance(value, GridpactError) for value in alone.values()):
        with pytest.raises(PortfolioFaults):
            Portfolio.of(contracts).totals(world, gen.slots)
        return
    totals = Portfolio.of(contracts).totals(world, gen.slots, chunk=2)
    net = {}
    for row in range(len(contracts)):
        sums = {key: sum(amounts) for key, amounts in alone.get(row, {}).items()}
        assert list(totals.of(row).items()) == list(sums.items())
        for (payer, payee, currency, _), amount in sums.items():
            net[payer, currency] = net.get((payer, currency), 0) + amount
            net[payee, currency] = net.get((payee, currency), 0) - amount
    assert totals.net() == net
    assert list(totals.net()) == sorted(net)


@quick
@given(
    rows=st.lists(st.integers(0, 20), min_size=1, max_size=12)
    | st.builds(
        lambda a, step, n: [(a + step * i) % 21 for i in range(n)], *[st.integers(0, 20)] * 3
    ),
    chunk=st.integers(1, 12),
)
def test_rows_of_a_matrix_in_any_order(gen, many, rows, chunk):
    matrix = np.arange(21 * gen.slots.count).reshape(21, -1) ** 2 % 10007
    names = {f"load-{at}": row for at, row in enumerate(rows)}
    contracts = [
        sale(Series(name, "Wh"), Const(1 + at, "micro/kWh"), "a", "b", "energy", "EUR")
        for at, name in enumerate(names)
    ]
    world = MatrixWorld(names, matrix)
    batches = Portfolio.of(contracts).cashflows(world, gen.slots, chunk=chunk)
    found = [amounts for batch in batches for amounts in batch.amounts.tolist()]
    assert found == [(matrix[row] * (1 + at)).tolist() for at, row in enumerate(rows)]
