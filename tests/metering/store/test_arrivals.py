"""Late, duplicate, out-of-order and corrected arrivals leave the same store behind."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.metering.readings import Quality

MEASURED, SUSPECT, ESTIMATED = (
    int(q) for q in (Quality.MEASURED, Quality.SUSPECT, Quality.ESTIMATED)
)
value = st.one_of(
    st.tuples(st.integers(0, 2), st.just(MEASURED), st.just("")),
    st.tuples(st.integers(0, 2), st.just(SUSPECT), st.sampled_from(("spike.v1", "range.v1"))),
    st.tuples(st.integers(0, 2), st.just(ESTIMATED), st.just("linear.v1")),
)


def model(arrivals, as_of):
    """Fold of all that was told: an estimate counts where nothing but suspect values was told."""
    told, guessed, found = {}, {}, {}
    for known_s, cells in sorted(arrivals, key=lambda each: each[0]):
        for key, each in cells.items() if known_s <= as_of else ():
            if each[1] != ESTIMATED:
                told[key] = each
            else:
                guessed[key] = each
            doubtful = key not in told or told[key][1] == SUSPECT
            found[key] = guessed[key] if doubtful and key in guessed else told[key]
    return found


@pytest.fixture(scope="module")
def arrivals(stores):
    cells = st.dictionaries(
        st.tuples(st.sampled_from((stores.BAKERY, stores.SCHOOL)), st.sampled_from((0, 1, 50))),
        value,
        min_size=1,
    )
    return st.lists(
        st.tuples(st.integers(1, 5), cells), min_size=1, max_size=4, unique_by=lambda e: e[0]
    )


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_arrivals_in_any_order_end_in_the_same_state(stores, arrivals, data):
    told = data.draw(arrivals)
    order = data.draw(st.permutations(told + told[:1]))
    compacted = data.draw(st.integers(0, len(order)))
    store, names = stores.fresh(), iter("abcdefgh")
    for number, (known_s, cells) in enumerate(order):
        store.commit(stores.readings(f"file {next(names)}", cells), known_s)
        if number == compacted:
            store.compact()
    for as_of in (0, 1, 2, 3, 4, 5):
        assert stores.state(store, as_of) == model(told, as_of)
    assert stores.state(store) == model(told, 9)
    _check_versions(stores, store, told)


@settings(deadline=None, max_examples=15)
@given(st.data())
def test_what_a_store_said_after_a_commit_can_be_asked_later(stores, arrivals, data):
    told = data.draw(arrivals)
    order = data.draw(st.permutations(told))
    compacted = data.draw(st.integers(0, len(order)))
    store, said = stores.fresh(), {}
    for number, (known_s, cells) in enumerate(order):
        store.commit(stores.readings(f"file {number}", cells), known_s)
        if number == compacted:
            store.compact()
        said[store.log.last] = {at: stores.state(store, at) for at in (1, 2, 3, 4, 5)}
    for commit, states in said.items():
        then = store.until(commit)
        assert {at: stores.state(then, at) for at in states} == states
        assert all(one.number <= commit for one in then.log.imports)


def _check_versions(stores, store, told):
    """Each slot's history: what was told, whether it counted from then on, and what until then."""
    for channel, slot in model(told, 9):
        found = store.versions(channel, stores.DAY + slot * 1800)
        for each in found:
            counts = model(told, each.known_s)[channel, slot]
            assert each.counted == ((each.wh, int(each.quality), each.rule) == counts)
            before = model(told, each.known_s - 1).get((channel, slot))
            assert each.replaced_wh == (before[0] if before and each.counted else None)
        _check_what_counts_when(told, (channel, slot), found)
        claims = [
            (at, cells[channel, slot])
            for at, cells in sorted(told, key=lambda e: e[0])
            if (channel, slot) in cells
        ]
        lanes = {False: None, True: None}
        expected = []
        for at, each in claims:
            if lanes[each[1] == ESTIMATED] != each:
                expected.append((at, *each))
                lanes[each[1] == ESTIMATED] = each
        once = [v for v in found if not v.again]
        assert [(v.known_s, v.wh, int(v.quality), v.rule) for v in once] == expected


def _check_what_counts_when(told, key, found):
    """At every instant the one version that says it counts is the value that the store gives."""
    for instant in range(10):
        counts = [
            (each.wh, int(each.quality), each.rule)
            for each in found
            if each.counted and each.known_s <= instant < (each.until_s or 99)
        ]
        assert counts == [each for each in (model(told, instant).get(key),) if each]
    assert [each.counted and each.until_s is None for each in found] == [
        each.in_force for each in found
    ]
    assert sum(each.in_force for each in found) == 1
