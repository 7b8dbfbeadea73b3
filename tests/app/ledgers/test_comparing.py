"""The same month on several ledgers: the work, what is measured, and what is said of it."""

import pytest

from gridpact.app.ledgers.comparing.engines import sqlite_engine
from gridpact.app.ledgers.comparing.found import compared
from gridpact.app.ledgers.comparing.month import Month
from gridpact.app.ledgers.comparing.running import Taken, run, wh_per_mwh
from gridpact.app.ledgers.comparing.trust import faulty, needs
from gridpact.app.report.comparison import build_comparison
from gridpact.base.errors import StoreError
from gridpact.ledger.entries import faults
from gridpact.ledger.kinds.money import NetSettled, TokensMinted, TokensTransferred

SMALL = Month(members=7, days=2, seed=3)


@pytest.fixture
def taken(tmp_path):
    engine = sqlite_engine(tmp_path, 3)
    found = run(engine, SMALL)
    yield found, engine
    engine.close()


def test_the_work_is_sound_and_drawn_from_the_seed():
    work = list(SMALL.work())
    assert work == list(Month(members=7, days=2, seed=3).work())
    assert work != list(Month(members=7, days=2, seed=4).work())
    assert len({doing.key for doing in work}) == len(work)
    assert [doing.at for doing in work] == sorted(doing.at for doing in work)
    for doing in work:
        assert faults(doing.entries) == ()
        assert 1 <= len(doing.entries) <= SMALL.per_act
    (net,) = [each for doing in work for each in doing.entries if isinstance(each, NetSettled)]
    assert sum(amount for _, amount in net.positions) == 0


def test_a_month_leaves_the_state_that_its_entries_add_up_to(taken):
    found, engine = taken
    entries = [each for doing in SMALL.work() for each in doing.entries]
    assert found.operations == len(entries)
    state = engine.ledger.state()
    paid = {name: 0 for (_, name) in state.balances.rows}
    for each in entries:
        if isinstance(each, TokensMinted):
            paid[each.holder] += each.units
        if isinstance(each, TokensTransferred):
            paid[each.sender] -= each.units
            paid[each.receiver] += each.units
    assert paid == {name: units for (_, name), units in state.balances.rows.items()}
    assert state.is_closed("lane", "2026-06-02")
    assert found.root == engine.ledger.head().root.hex()


def test_what_is_measured_is_of_the_blocks_alone(taken):
    found, engine = taken
    assert found.blocks == len(found.final_s) == engine.ledger.head().height - 2
    assert max(found.final_s) <= sum(found.final_s) <= found.wall_s  # one after the other
    assert list(found.final_s) == sorted(found.final_s)
    assert found.final_at(0.5) <= found.final_at(0.95) <= found.final_s[-1] == found.final_at(1)
    assert found.bytes_stored > 0
    assert found.gas is None


def test_energy_is_seconds_at_a_power_for_the_energy_settled():
    # 3.6 s at 10 W is 0.01 Wh; of 2 MWh settled, 0.005 Wh each
    assert wh_per_mwh(3.6 * 10, 2_000_000) == pytest.approx(0.005)


@pytest.mark.parametrize(("validators", "some"), [(0, 0), (1, 0), (3, 0), (4, 1), (6, 1), (7, 2)])
def test_as_many_may_fail_as_voting_allows(validators, some):
    assert faulty(validators) == some


def test_a_ledger_that_is_too_slow_is_named():
    slow = Taken("slow", "node", 1, 100, 10, 50.0, 1.0, (5.0,), None, 7, None, "")
    quick = Taken("quick", "file", 0, 100, 10, 0.1, 0.1, (0.01,), 10, None, None, "")
    assert "All but slow" in needs([slow, quick], 20.0)[0].answer
    assert "All of them" in needs([slow, quick], 1.0)[0].answer


def test_a_refusal_ends_the_comparison(tmp_path):
    engine = sqlite_engine(tmp_path, 3)
    run(engine, SMALL)
    size = engine.ledger.head().size
    run(engine, SMALL)  # the same keys with the same entries: nothing is doubled
    assert engine.ledger.head().size == size
    with pytest.raises(StoreError, match=r"SQLite refused join/0: .*used"):
        run(engine, Month(members=8, days=2, seed=3))
    assert engine.ledger.head().size == size
    engine.close()


def test_the_page_shows_every_ledger_and_what_may_fail(taken):
    four = Taken("four", "validators", 4, 52, 9, 9.0, 4.0, (1.0, 2.0), 1000, 5200, None, "")
    page = build_comparison(compared(SMALL, 10.0, [taken[0], four], ["no database was named"]))
    assert "local log, SQLite" in page
    assert "1 of 4 may fail or lie; with 2 gone it stands still." in page
    assert "no database was named" in page
    assert "http" not in page.replace("http://www.w3.org", "")
