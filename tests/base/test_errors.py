"""What a person reads when an input is refused, and that errors cross process borders."""

import copy
import pickle

import pytest

from gridpact.base.errors import (
    BadInput,
    Fault,
    GridpactError,
    JournalDamaged,
    LedgerDamaged,
    MissingSeries,
    NumberOverflow,
    ReplayDiverged,
    StoreError,
)

LATE = Fault("meters.csv", 12, "withdrawal", "'x' is no number", "write a whole number of Wh")
EARLY = Fault("meters.csv", 3, "", "the row has 4 fields, not 5", "add the missing field")
WHOLE = Fault("prices.csv", 0, "", "the file is empty", "export it again")


def test_every_fault_is_listed_once_in_reading_order():
    error = BadInput([WHOLE, LATE, EARLY, LATE])
    assert error.faults == [EARLY, LATE, WHOLE]
    assert str(error).splitlines() == [
        "3 faults; nothing was changed",
        "  meters.csv:3: the row has 4 fields, not 5. Fix: add the missing field.",
        "  meters.csv:12: withdrawal: 'x' is no number. Fix: write a whole number of Wh.",
        "  prices.csv: the file is empty. Fix: export it again.",
    ]
    assert str(BadInput([WHOLE])).startswith("1 fault; nothing")


def test_a_missing_series_names_itself_and_its_slots():
    assert str(MissingSeries("metered:m1")) == "series 'metered:m1' has no value"
    assert str(MissingSeries("p", [900])) == "series 'p' has no value at 900"
    many = MissingSeries("p", range(7))
    assert str(many) == "series 'p' has no value at 0, 1, 2, 3, 4 and 2 more"
    assert many.slots == tuple(range(7))


@pytest.mark.parametrize("error", [BadInput([LATE, EARLY]), MissingSeries("p", [900, 1800])])
@pytest.mark.parametrize("travel", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301 - our own bytes
def test_errors_survive_the_way_out_of_a_worker_process(error, travel):
    arrived = travel(error)
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)


def test_a_fault_of_many_lines_is_told_once():
    alike = [
        Fault("a.csv", line, "point", "nobody knows mill.", "add it") for line in range(9, 5, -1)
    ]
    other = Fault("a.csv", 8, "point", "nobody knows inn", "add it")
    error = BadInput([*alike, other])
    assert str(error).splitlines() == [
        "5 faults; nothing was changed",
        "  a.csv:6: point: nobody knows mill (and on 3 more lines). Fix: add it.",
        "  a.csv:8: point: nobody knows inn. Fix: add it.",
    ]
    assert len(error.faults) == 5
    assert "more lines" not in str(BadInput(alike[1:]))


def test_the_tree_is_the_one_drawn():
    for kind in (BadInput, MissingSeries, NumberOverflow, StoreError, ReplayDiverged):
        assert kind.__bases__ == (GridpactError,)
    for kind in (JournalDamaged, LedgerDamaged):
        assert kind.__bases__ == (StoreError,)


def test_numbers_in_places_are_in_order_of_size():
    places = ["row[10].x", "row[9].x, slot 11", "row[9].x, slot 2", "a", "row[9]", "7", ""]
    found = BadInput([Fault("file", 1, place, "", "") for place in places])
    expected = ["", "7", "a", "row[9]", "row[9].x, slot 2", "row[9].x, slot 11", "row[10].x"]
    assert [fault.where for fault in found.faults] == expected
