"""The book of needs: what it takes, what it refuses and names, and what stays in force."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.scheduling.needs.book import Book, Rules, add, change, remove, standing
from gridpact.scheduling.needs.contradictions import Placed, contradiction
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.needs.model import Assets, Quiet, Run
from gridpact.scheduling.needs.overlaps import meet
from gridpact.scheduling.needs.times import DAY_S, Window

BERLIN = "Europe/Berlin"


@pytest.fixture
def rules(directory):
    return Rules(directory, BERLIN, interventions_per_hour=3)


@pytest.fixture
def written(said, rules):
    """A book with the needs of home-1 that these sentences say."""

    def write(*sentences, owner="home-1", book=None):
        book = book or Book()
        for sentence in sentences:
            need = parse(sentence, said.at(said.now, owner=owner))
            book = add(book, need, owner, said.now, rules)
            assert isinstance(book, Book), [str(fault) for fault in book]
        return book

    return write


def test_what_is_added_is_given_a_name_and_found_again(written, said, rules):
    book = written("car-11 >= 80% by 07:30", "heat 20..22 C 06:00-22:00")
    assert [need.id for need in book.needs] == ["need-1", "need-2"]
    assert book.needs[1].subject == Assets(("heat-1",))
    assert book.get("need-2") is book.needs[1]
    assert book.get("need-3") is None
    assert book.of("home-2") == ()
    assert [(v.number, v.by, v.at) for v in book.history("need-1")] == [(1, "home-1", said.now)]


def test_versions_say_who_changed_what_and_when(written, said, rules):
    book = written("car-11 >= 80% by 07:30")
    later = parse("car-11 >= 60% by 08:00", said.context)
    changed = change(book, "need-1", later, "home-1", said.now + 60, rules)
    gone = remove(changed, "need-1", "dso", said.now + 120, rules)
    assert [need.id for need in changed.needs] == ["need-1"]
    assert gone.needs == ()
    assert [(v.number, v.need and v.need.least_ppm, v.by, v.at - said.now)
            for v in gone.history("need-1")] == [
        (1, 800_000, "home-1", 0),
        (2, 600_000, "home-1", 60),
        (3, None, "dso", 120),
    ]  # fmt: skip
    again = add(gone, later, "home-1", said.now + 180, rules)
    assert [need.id for need in again.needs] == ["need-2"]
    assert book.needs[0].least_ppm == 800_000  # books are values


def test_a_book_survives_its_json(written):
    book = written("car-11 >= 80% by 07:30", "washing 2 h 09:00-17:00, cost <= 0.60")
    assert msgspec.json.decode(msgspec.json.encode(book), type=Book) == book


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("battery >= 80% at 06:30", "battery <= 50% at 06:30", "more than the other allows"),
        ("battery >= 80% at 06:30", "battery <= 5 kWh at 06:30", "more than the other allows"),
        ("battery <= 5 kWh at 06:30", "battery >= 6 kWh at 06:30 on Mon", "more than"),
        ("battery <= 20% at 06:00", "battery >= 80% at 07:00", "2000 Wh to 8000 Wh takes 72 min"),
        ("battery <= 2 kWh at 23:30", "battery >= 8 kWh at 00:30 on Mon", "takes 72 minutes"),
        ("battery <= 20% at 06:00 on 3 May", "battery >= 81% by 07:10", "at 5000 W"),
        ("heat 20..22 C 06:00-22:00", "heat <= 18 C 21:00-23:00", "bands do not meet"),
        ("heat 20..22 C 06:00-22:00", "heat 15..17 C 22:00-06:00", "ends count"),
        ("car-11 <= 3 kW 18:00-20:00", "car-11 >= 4 kW 19:00-21:00", "4000 W at least"),
        ("battery takes >= 1 kW all day", "battery gives >= 1 kW 12:00-13:00", "one takes"),
        ("battery gives >= 2 kWh all day", "battery gives <= 1 kWh all day", "2000 Wh at least"),
        ("car-11 >= 9 kWh 18:00-20:00", "car-11 <= 4 kW all day", "do not pass at 4000 W"),
        ("washing 2 h 09:00-17:00", "washing quiet 10:00-16:00 on Sun", "no room for it on"),
        ("washing 4 h 09:00-17:00", "washing away 12:00-14:00", "no room for it on"),
        ("washing 2 h 20:00-23:00 on 3 May", "washing quiet 21:30-06:00", "on 2026-05-03"),
        ("washing 1 h 09:00-17:00", "washing runs >= 90 min", "once on it stays on"),
        ("washing 2 h 3 times 09:00-17:00", "washing rests >= 90 min", "longer than the window"),
        ("car-11 stop until 20:00", "car-11 charge until 18:00", "they overlap"),
    ],
)  # fmt: skip
def test_what_contradicts_is_refused_naming_both(first, second, why, written, said, rules):
    for one, other in ((first, second), (second, first)):
        book = written(one)
        need = parse(other, said.context)
        (fault,) = add(book, need, "home-1", said.now, rules)
        assert "need-1" in fault.problem
        assert "the new" in fault.problem
        assert why in fault.problem
        assert "need-1 stays in force" in fault.problem
        assert "need-1" in fault.fix
        assert len(book.needs) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("battery >= 80% at 06:30", "battery <= 50% at 06:31"),
        ("battery >= 80% at 06:30 on Mon", "battery <= 50% at 06:30 on Tue"),
        ("battery >= 80% at 06:30 on 3 May", "battery <= 50% at 06:30 on 4 May"),
        ("battery >= 50% at 06:30", "battery <= 50% at 06:30"),
        ("battery <= 20% at 06:00", "battery >= 80% at 07:12"),
        ("battery <= 20% at 06:00 on 3 May", "battery >= 80% at 06:30 on 4 May"),
        ("car-11 <= 20% at 06:00", "car-11 >= 80% at 06:01"),  # its power is not known
        ("battery >= 50% at 06:30", "battery <= 5 kWh at 06:30"),
        ("heat 20..22 C 06:00-22:00", "heat 15..20 C 22:00-06:00"),
        ("heat 20..22 C 06:00-22:00", "heat 15..17 C 22:30-05:30"),
        ("car-11 <= 3 kW 18:00-20:00", "car-12 >= 4 kW 19:00-21:00"),
        ("car-11 <= 3 kW 18:00-20:00", "car-11 >= 4 kW 20:00-21:00"),
        ("battery takes <= 1 kW all day", "battery gives >= 2 kW all day"),
        ("car-11 >= 8 kWh 18:00-20:00", "car-11 <= 4 kW all day"),
        ("washing 2 h 09:00-17:00", "washing quiet 10:00-15:00"),
        ("washing 2 h 09:00-17:00 on weekends", "washing quiet all day on weekdays"),
        ("washing 6 h 09:00-17:00 interruptible", "washing away 12:00-14:00"),
        ("car-11 stop until 20:00", "car-12 charge until 20:00"),
        ("car-11 stop until 20:00", "car-11 charge from 20:00 until 21:00"),
    ],
)
def test_what_goes_together_is_taken(first, second, written):
    assert len(written(first, second).needs) == 2
    assert len(written(second, first).needs) == 2


def test_two_quiet_hours_that_together_leave_no_room_are_both_named(written, said, rules):
    book = written("washing 3 h 09:00-17:00", "washing quiet 09:00-12:00")
    need = parse("washing away 14:00-17:00", said.context)
    (fault,) = add(book, need, "home-1", said.now, rules)
    assert "need-1" in fault.problem
    assert "need-2" in fault.problem
    assert "stay in force" in fault.problem


def test_needs_of_others_are_never_looked_at(written):
    book = written("zone PL <= 3 kW all day", owner="dso")
    assert len(written("zone PL >= 4 kW all day", book=book).needs) == 2


@pytest.mark.parametrize(
    ("sentence", "by", "problem"),
    [
        ("car-21 >= 80% by 07:30", "home-1", "you have no asset 'car-21'"),
        ("car >= 80% by 07:30", "home-1", "may be 2 assets"),
        ("zone XY <= 4 kW all day", "home-1", "no zone 'XY'"),
        ("battery >= 80% by 07:30", "home-2", "is home-1, not home-2"),
        ("battery >= 80% by 07:30, grid", "home-1", "only an operator limits the grid"),
        ("battery <= 1 kW all day, contract", "home-1", "only an operator limits the contracts"),
    ],
)
def test_what_is_not_ones_own_is_refused(sentence, by, problem, said, rules):
    need = parse(sentence, said.context)
    (fault,) = add(Book(), need, by, said.now, rules)
    assert problem in fault.problem


def test_only_the_owner_or_an_operator_changes_a_need(written, said, rules):
    book = written("battery >= 80% by 07:30")
    need = parse("battery >= 60% by 07:30", said.at(said.now, owner="home-2"))
    unknown = remove(book, "need-7", "home-2", said.now, rules)
    assert remove(book, "need-1", "home-2", said.now, rules)[0].problem == unknown[0].problem
    (fault,) = change(book, "need-1", need, "home-2", said.now, rules)
    assert fault.problem == unknown[0].problem
    (fault,) = change(book, "need-1", need, "dso", said.now, rules)
    assert "keep the owner" in fault.fix
    named = msgspec.structs.replace(book.needs[0], id="mine")
    assert add(book, named, "home-1", said.now, rules)[0].where == "mine.id"


def test_a_flood_of_interventions_is_refused_with_what_stays_in_force(written, said, rules):
    book = written(*(f"car-11 stop from {h}:00 until {h}:30" for h in (12, 13, 14)))
    need = parse("car-11 stop from 15:00 until 15:30", said.context)
    (fault,) = add(book, need, "home-1", said.now + 600, rules)
    assert "3 interventions within an hour; need-3, need-2, need-1 in force" in fault.problem
    assert fault.fix == "wait until 2026-01-01 02:00"  # by the clock in Berlin
    assert isinstance(add(book, need, "home-1", said.now + 3600, rules), Book)
    other = parse("car-21 stop from 15:00 until 15:30", said.at(said.now, owner="home-2"))
    assert isinstance(add(book, other, "home-2", said.now, rules), Book)
    asked = parse("car-11 >= 80% by 07:30", said.context)
    assert isinstance(add(book, asked, "home-1", said.now, rules), Book)


def test_what_is_over_is_standing_no_more(written, said):
    book = written("battery >= 80% at 07:30 on 3 January", "battery >= 20% at 06:30")
    after = int(datetime(2026, 1, 4, tzinfo=UTC).timestamp())
    assert len(standing(book, said.now, BERLIN)) == 2
    assert [need.id for need in standing(book, after, BERLIN)] == ["need-2"]


HALF_HOURS = st.integers(0, 47).map(lambda half: half * 1800)
DAYS = st.sampled_from([None, "2026-03-03", "2026-03-06", "2026-03-15"])
WEEK = st.sampled_from([(), (1, 2), (3,), (6, 7), (2, 4, 6)])


@st.composite
def windows(draw):
    begin, end = draw(HALF_HOURS), draw(HALF_HOURS)
    if (begin, end) == (0, 0):
        end = DAY_S
    first, last = draw(DAYS), draw(DAYS)
    if first and last:
        first, last = sorted((first, last))
    return Window(begin, end, first, last, () if first and first == last else draw(WEEK))


def half_hours_of(window, today):
    """Every half hour within a window in four months around, one by one."""
    found = set()
    for day in range(today.toordinal() - 40, today.toordinal() + 100):
        on = date.fromordinal(day)
        if window.weekdays and on.isoweekday() not in window.weekdays:
            continue
        if (window.first_date or "0") <= on.isoformat() <= (window.last_date or "9"):
            end = window.end_s if window.end_s > window.begin_s else window.end_s + DAY_S
            start = day * DAY_S
            found |= set(range(start + window.begin_s, start + end, 1800))
    return found


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(one=windows(), other=windows())
def test_windows_meet_where_any_half_hour_is_in_both(one, other):
    today = date(2026, 3, 1)
    a, b = (Quiet(owner="a", subject=Assets(("x",)), window=w) for w in (one, other))
    shared = half_hours_of(one, today) & half_hours_of(other, today)
    future = {at for at in shared if at >= today.toordinal() * DAY_S}
    if future:
        assert meet(a, b, today)
    if meet(a, b, today):
        assert shared


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    run=windows(), closed=st.lists(windows(), min_size=1, max_size=3),
    halves=st.integers(1, 8), apart=st.booleans(), times=st.integers(1, 2),
)  # fmt: skip
def test_a_run_has_room_unless_some_day_leaves_it_none(run, closed, halves, apart, times):
    today, x = date(2026, 3, 1), Assets(("x",))
    work = min(halves * 1800, run.length_s // times)
    asked = Run(owner="a", subject=x, window=run, duration_s=work, times=times, interruptible=apart)
    quiet = [Quiet(owner="a", subject=x, id=str(n), window=w) for n, w in enumerate(closed)]
    placed = [Placed(need, frozenset({0})) for need in quiet]
    found = contradiction(Placed(asked, frozenset({0})), placed, today)
    shut = set().union(*(half_hours_of(window, today) for window in closed))
    crowded = []
    for day in range(today.toordinal(), today.toordinal() + 60):
        on = date.fromordinal(day)
        inside = (run.first_date or "0") <= on.isoformat() <= (run.last_date or "9")
        if inside and (not run.weekdays or on.isoweekday() in run.weekdays):
            begin = day * DAY_S + run.begin_s
            free = [at not in shut for at in range(begin, begin + run.length_s, 1800)]
            if not all(free) and not fits(free, work, times, apart):
                crowded.append(on.isoformat())
    assert (found is not None) == bool(crowded)
    if found is not None:
        assert found.why == f"there is no room for it on {crowded[0]}"


def fits(free, work, times, apart):
    """Half hours one by one; work is laid as early as possible."""
    if apart:
        return sum(free) * 1800 >= work * times
    done, room = 0, 0
    for one in free:
        room = room + 1800 if one else 0
        if room >= work:
            runs, room = room // work, room % work
            done += runs
    return done >= times
