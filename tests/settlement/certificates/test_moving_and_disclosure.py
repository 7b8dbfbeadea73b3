"""Transfers and cancellations by energy, hours matched to the Wh, and what a member is told."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.settlement.certificates.disclosure import disclose, straddling
from gridpact.settlement.certificates.issuing import Metered, Terms, issue
from gridpact.settlement.certificates.matching import match_hours, score_ppm
from gridpact.settlement.certificates.moving import (
    Use,
    Wanted,
    cancel,
    chosen,
    spelled,
    transfer,
    withdraw,
)
from gridpact.settlement.certificates.operations import Device, Refused, Span, merged
from gridpact.settlement.certificates.regimes import EU
from gridpact.settlement.certificates.register import Register

APRIL = "2026-04-02"
HOUR = 3600


def test_certificates_that_expire_first_are_taken_first(lane):
    lane.issued(lane.months(2_000_000, first=2), APRIL)
    lane.issued(lane.months(2_000_000), APRIL)
    wanted = Wanted(holder="school", wh=3_000_000)
    found = chosen(lane.register, lane.instant(APRIL), wanted, moving=True)
    assert found == (Span(1, 2), Span(3, 5))


def test_what_cannot_be_made_up_is_told(lane):
    lane.issued(lane.months(3_000_000), APRIL)
    at = lane.instant(APRIL)
    few = transfer(lane.register, "x", at, Wanted(holder="school", wh=4_000_000), "bakery")
    assert few == Refused(("school has 3,000,000 Wh of such certificates, not enough",))
    odd = transfer(lane.register, "x", at, Wanted(holder="school", wh=1_500_000), "bakery")
    assert odd == Refused(("whole certificates make up 1,000,000 Wh of it, not 1,500,000 Wh",))
    wind = Wanted(holder="school", wh=1_000_000, source="wind")
    assert isinstance(transfer(lane.register, "x", at, wind, "bakery"), Refused)
    assert isinstance(chosen(lane.register, 0, Wanted(holder="school"), moving=False), Refused)


def test_after_twelve_months_only_cancellation_and_after_eighteen_nothing(lane):
    lane.issued(lane.months(3_000_000), APRIL)
    wanted, use = Wanted(holder="school", spans=(Span(1, 2),)), Use("bakery", "supply", 0, 1)
    late = lane.instant("2027-02-01")
    moved = transfer(lane.register, "x", late, wanted, "bakery")
    assert moved == Refused(("1: since 2027-02-01T00:00:00Z they may only be cancelled",))
    assert not isinstance(transfer(lane.register, "x", late - 1, wanted, "bakery"), Refused)
    over = lane.instant("2027-08-01")
    assert not isinstance(cancel(lane.register, "x", over - 1, wanted, use), Refused)
    for done in (
        cancel(lane.register, "x", over, wanted, use),
        withdraw(lane.register, "x", over, (Span(1, 2),), "error"),
    ):
        assert done == Refused(("1: they are expired",))


def test_every_reason_of_named_serials_is_told(lane):
    lane.issued(lane.months(10_000_000), APRIL)
    at = lane.instant(APRIL)
    wanted = Wanted(holder="school", spans=(Span(2, 4),))
    lane.done(transfer(lane.register, "sold", at, wanted, "bakery"))
    lane.done(cancel(lane.register, "used", at, Wanted(holder="school", spans=(Span(5, 6),)),
                     Use("school", "own use", 0, 1)))  # fmt: skip
    asked = Wanted(holder="school", spans=(Span(1, 8), Span(7, 9), Span(10, 13)))
    found = cancel(lane.register, "x", at - 1, asked, Use("", "", 5, 5))
    assert found.reasons == (
        "the period of consumption is empty",
        "a cancellation names a beneficiary and a purpose",
        "the register has an operation of 2026-04-02T00:00:00Z, later than this one",
        "2-3: bakery holds them, not school",
        "5: they are cancelled",
        "7-8: these serials are not in order, or named twice",
        "11-12: never issued",
    )
    assert withdraw(lane.register, "x", at, (), "").reasons == (
        "no certificates are named",
        "a withdrawal names its reason",
    )


@settings(deadline=None)
@given(st.sets(st.integers(1, 60)))
def test_spans_are_merged_and_spelled(serials):
    spans = merged(Span(one, one + 1) for one in serials)
    assert [s for span in spans for s in range(span.first, span.end)] == sorted(serials)
    assert all(a.end < b.first for a, b in pairwise(spans))
    told = spelled(spans).split(", ") if spans else []
    assert len(told) == len(spans)


def hourly(lane, energies, at=APRIL, **others):
    """Certificates of hours from 1 March on."""
    first = lane.instant("2026-03-01")
    starts = [first + HOUR * row for row in range(len(energies))]
    lane.issued(Metered(starts, [s + HOUR for s in starts], energies, 0, ""), at, **others)
    return starts


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), size=st.sampled_from([1, 10, 1000]))
def test_hours_are_matched_to_the_wh(seed, size):
    """Against a loop over hours that knows only how many certificates each hour has."""
    random, register, first = Random(seed), Register(), 1772323200  # noqa: S311
    roof = Device(
        id="roof", owner="school", point="roof", source="solar", technology="", site="",
        country="DE", capacity_w=1, support="none", commissioned="2021-05-01",
    )  # fmt: skip
    produced = [random.choice([0, random.randrange(5_000)]) for _ in range(30)]
    used = [random.choice([0, random.randrange(5_000)]) for _ in range(30)]
    starts = [first + HOUR * row for row in range(30)]
    terms = Terms(regime=EU, timezone="UTC", country="DE", issuer="lane", size_wh=size)
    metered = Metered(starts, [s + HOUR for s in starts], produced, 0, "")
    at = first + 40 * HOUR
    register.apply(issue(register, "i", at, roof, terms, metered))
    # certificates of an hour by the running sum, one by one
    total, there = 0, []
    for wh in produced:
        before, total = total // size, total + wh
        there.append(total // size - before)
    expected = [min(count, wh // size) * size for count, wh in zip(there, used, strict=True)]
    wanted = Wanted(holder="school")
    consumed = dict(zip(starts, used, strict=True))
    found = match_hours(register, at, wanted, "bakery", consumed)
    assert [hour.matched_wh for hour in found.hours] == expected
    if found.spans:
        wanted = Wanted(holder="school", spans=found.spans)
        use = Use("bakery", "hourly", first, first + 30 * HOUR)
        register.apply(cancel(register, "c", at, wanted, use, found.hours))
        again = match_hours(register, at, Wanted(holder="school"), "bakery", consumed)
        assert sum(hour.matched_wh for hour in again.hours) == 0
    assert score_ppm(found.hours) == 10**6 * sum(expected) // max(sum(used), 1)
    assert all(hour.matched_wh <= hour.consumption_wh for hour in found.hours)


def test_an_hour_that_is_matched_twice_is_not_covered_twice(lane):
    starts = hourly(lane, [500, 500], size=1)
    at = lane.instant(APRIL)
    consumed = {starts[0]: 300, starts[1]: 900}
    found = match_hours(lane.register, at, Wanted(holder="school"), "bakery", consumed)
    use = Use("bakery", "hourly", starts[0], starts[1] + HOUR)
    wanted = Wanted(holder="school", spans=found.spans)
    lane.done(cancel(lane.register, "one", at, wanted, use, found.hours))
    assert [hour.matched_wh for hour in found.hours] == [300, 500]
    more = match_hours(lane.register, at, Wanted(holder="school"), "bakery", {starts[0]: 350})
    assert [hour.matched_wh for hour in more.hours] == [50]
    # certificates of months do not prove an hour
    lane.issued(lane.months(5_000_000), APRIL, size=1)
    none = match_hours(lane.register, at, Wanted(holder="school"), "bakery", {starts[1]: 999})
    assert [hour.matched_wh for hour in none.hours] == [0]
    assert score_ppm(()) == 0


MIX = {"gas": 400_000, "coal": 350_000, "wind": 250_000}


def test_a_disclosure_adds_up_to_the_consumption(lane):
    lane.issued(lane.months(2_000_000), APRIL)
    lane.issued(lane.months(1_000_000), APRIL, device=lane.device("mill", source="wind"))
    at, period = lane.instant(APRIL), (lane.instant("2026-01-01"), lane.instant("2027-01-01"))
    use = Use("bakery", "own use", *period)
    lane.done(cancel(lane.register, "c", at, Wanted(holder="school", wh=3_000_000), use))
    told = disclose(lane.register, "bakery", period, 5_000_001, MIX)
    assert [(each.source, each.certified_wh, each.residual_wh) for each in told.shares] == [
        ("coal", 0, 700_000),
        ("gas", 0, 800_001),
        ("solar", 2_000_000, 0),
        ("wind", 1_000_000, 500_000),
    ]
    assert sum(each.energy_wh for each in told.shares) == 5_000_001
    assert sum(each.ppm for each in told.shares) == 1_000_000
    assert (told.cancelled_wh, told.excess_wh, told.operations) == (3_000_000, 0, ("c",))
    less = disclose(lane.register, "bakery", period, 2_500_000, MIX)
    assert less.excess_wh == 500_000
    assert [(each.source, each.energy_wh) for each in less.shares] == [
        ("solar", 1_666_667),
        ("wind", 833_333),
    ]
    nobody = disclose(lane.register, "school", period, 1_000, MIX)
    assert {each.source: each.energy_wh for each in nobody.shares} == {
        "gas": 400, "coal": 350, "wind": 250,
    }  # fmt: skip
    assert disclose(lane.register, "bakery", period, 0, MIX).shares == ()
    half = (lane.instant("2026-03-01"), period[1])
    assert disclose(lane.register, "bakery", half, 1_000, MIX).cancelled_wh == 0
    assert straddling(lane.register, "bakery", *half) == ["c"]
    assert straddling(lane.register, "bakery", *period) == []
    with pytest.raises(ValueError, match="million"):
        disclose(lane.register, "bakery", period, 1, {"gas": 1})


def test_sums_beyond_64_bits_are_divided_exactly(lane):
    lane.issued(lane.months(7 * 10**12), APRIL)
    lane.issued(lane.months(3 * 10**12), APRIL, device=lane.device("mill", source="wind"))
    at, period = lane.instant(APRIL), (lane.instant("2026-01-01"), lane.instant("2027-01-01"))
    use = Use("bakery", "own use", *period)
    lane.done(cancel(lane.register, "c", at, Wanted(holder="school", wh=10**13), use))
    told = disclose(lane.register, "bakery", period, 10**12 + 1, MIX)
    assert [each.energy_wh for each in told.shares] == [700_000_000_001, 300_000_000_000]
