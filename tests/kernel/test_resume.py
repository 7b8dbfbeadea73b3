"""A run that was stopped anywhere and resumed is the run that never stopped, byte for byte."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.kernel.journal import Journal, Origin
from gridpact.kernel.loop import Loop
from gridpact.kernel.rooms import Room

programs = st.integers(0, 10**6)


def whole_run(toy, program, path=":memory:"):
    """Run a program to its end; return rows, head, state hash and the effects performed."""
    play, journal = toy.Toy(program), Journal(path)
    loop = toy.loop(play, journal)
    toy.drive(loop, journal, toy.inputs_of(program))
    rows = list(journal.rows())
    result = rows, journal.head, loop.state_hash(), play.performed
    journal.close()
    return result


def resumed(toy, program, path, *, from_snapshot):
    """Recover from a journal file and run on to the end."""
    play, journal = toy.Toy(program), Journal(path)
    loop = toy.loop(play, journal)
    loop.recover(from_snapshot=from_snapshot)
    assert play.performed == []
    toy.drive(loop, journal, toy.inputs_of(program))
    result = list(journal.rows()), journal.head, loop.state_hash()
    journal.close()
    return result


def killed_before(toy, program, path, writes):
    """Run until the process ends before a write; tell whether it did."""
    journal = toy.Mortal(path, writes)
    loop = toy.loop(toy.Toy(program), journal)
    try:
        toy.drive(loop, journal, toy.inputs_of(program))
    except toy.Killed:
        return True
    finally:
        journal._db.close()
    return False


@given(programs)
@settings(deadline=None, max_examples=100)
def test_replay_gives_the_same_state_and_performs_nothing(toy, tmp_path_factory, program):
    path = tmp_path_factory.mktemp("run") / "journal.db"
    rows, head, state, performed = whole_run(toy, program, path)
    assert len(performed) <= sum(row.origin is Origin.ANSWER for row in rows)
    for from_snapshot in (True, False):
        assert resumed(toy, program, path, from_snapshot=from_snapshot) == (rows, head, state)


@pytest.mark.parametrize("program", [92, 178, 67])
def test_resume_after_an_end_at_every_write(toy, tmp_path, program):
    rows, head, state, _ = whole_run(toy, program)
    writes = 0
    while True:
        for from_snapshot in (True, False):
            path = tmp_path / f"{writes}-{from_snapshot}.db"
            if not killed_before(toy, program, path, writes):
                assert writes > 10
                return
            got = resumed(toy, program, path, from_snapshot=from_snapshot)
            assert got == (rows, head, state), f"ended before write {writes}"
        writes += 1


@given(programs, st.lists(st.integers(0, 25), max_size=5), st.booleans())
@settings(deadline=None, max_examples=100)
def test_resume_after_several_ends(toy, tmp_path_factory, program, ends, from_snapshot):
    path = tmp_path_factory.mktemp("run") / "journal.db"
    rows, head, state, _ = whole_run(toy, program)
    for writes in ends:
        journal = toy.Mortal(path, writes)
        loop = toy.loop(toy.Toy(program), journal)
        try:
            loop.recover(from_snapshot=from_snapshot)
            toy.drive(loop, journal, toy.inputs_of(program))
        except toy.Killed:
            pass
        finally:
            journal._db.close()
    assert resumed(toy, program, path, from_snapshot=not from_snapshot) == (rows, head, state)


def test_programs_are_worth_running(toy):
    """The toy programs above do use timers, effects with several answers, and snapshots."""
    runs = [whole_run(toy, program)[0] for program in range(60)]
    rows = [row for run in runs for row in run]
    assert max(len(run) for run in runs) > 40
    assert sum(row.origin is Origin.ANSWER for row in rows) > 100
    assert sum(row.answers > 0 for row in rows) > 50
    assert sum(row.kind == "closed" for row in rows) > 100
    assert {row.time % 2 for row in rows} == {0, 1}


@pytest.mark.parametrize("from_snapshot", [True, False])
def test_a_room_added_later_leaves_an_older_run_as_it_was(toy, tmp_path, from_snapshot):
    programs_tried = range(60)
    paths = [tmp_path / f"{program}.db" for program in programs_tried]
    hashes = [whole_run(toy, p, path)[2] for p, path in zip(programs_tried, paths, strict=True)]
    kept = 0
    for program, path, expected in zip(programs_tried, paths, hashes, strict=True):
        journal = Journal(path)
        kept += journal.snapshot() is not None
        rooms = (*toy.Toy(program).rooms(), Room("newer", {"unheard": 0}, {}))
        loop = Loop(rooms, toy.VOCABULARY, journal)
        loop.recover(from_snapshot=from_snapshot)
        assert loop.state_hash() == expected
        assert loop.states["newer"] == {"unheard": 0}
    assert kept > 10, "too few of the runs left a snapshot"
