"""Issue, correction and refusal, worked by hand."""

import msgspec
import pytest

from gridpact.settlement.certificates.issuing import Metered, issue
from gridpact.settlement.certificates.moving import Wanted, transfer, withdraw
from gridpact.settlement.certificates.operations import Refused, Span, canonical
from gridpact.settlement.certificates.register import folded

APRIL = "2026-04-02"


def test_what_is_short_of_a_certificate_is_carried_to_the_next_claim(lane):
    first = lane.issued(lane.months(2_700_000), APRIL)
    assert [(row.first, row.count) for row in first.rows] == [(1, 2)]
    assert lane.register.account("roof").balance_wh == 700_000
    second = lane.issued(lane.months(300_000, first=2), APRIL)
    assert [(row.first, row.count) for row in second.rows] == [(3, 1)]
    assert lane.register.account("roof").balance_wh == 0


def test_a_million_certificates_are_one_row(lane):
    lane.issued(lane.months(1_000_000), APRIL, size=1)
    (one,) = lane.register.holdings(lane.instant(APRIL))
    assert one.piece.span == Span(1, 1_000_001)
    at = lane.instant("2026-04-03")
    for row in range(20):
        wanted = Wanted(holder="school", spans=(Span(1 + row * 10, 11 + row * 10),))
        lane.done(transfer(lane.register, f"move-{row}", at, wanted, "bakery"))
    pieces = [(each.piece.span, each.piece.owner) for each in lane.register.holdings(at)]
    assert pieces == [(Span(1, 201), "bakery"), (Span(201, 1_000_001), "school")]
    assert len(canonical(lane.register.operations["issue-0"])) < 2_000


def test_the_same_energy_is_not_issued_for_twice(lane):
    lane.issued(lane.months(2_000_000), APRIL)
    asked = (lane.register, "again", lane.instant(APRIL), lane.device(), lane.terms())
    again = issue(*asked, lane.months(2_000_000))
    assert again == Refused(
        ("roof: all of this energy was issued for, and no reading changed since",), idle=True
    )
    start = lane.instant("2026-01-15")
    part = issue(*asked, Metered([start], [start + 86400], [2_000_000], 0, ""))
    assert "part of it was claimed already, 2026-01-01T00:00:00Z" in part.reasons[0]
    around = issue(
        *asked, Metered([lane.instant("2025-12-01")], [lane.instant("2026-03-01")], [5], 0, "")
    )
    assert "part of it was claimed already" in around.reasons[0]
    other = lane.device("other", point="roof")
    asked = (lane.register, "again", lane.instant(APRIL), other, lane.terms())
    found = issue(*asked, lane.months(1, first=2))
    assert found == Refused(("other: what roof counts is issued for to roof",))


def test_a_higher_reading_gives_the_difference(lane):
    lane.issued(lane.months(2_000_000), APRIL)
    more = lane.issued(lane.months(3_500_000), APRIL)
    assert [(row.first, row.count, row.withdrawn) for row in more.rows] == [(3, 1, ())]
    assert lane.held("school", APRIL) == 3_000_000


def test_a_lower_reading_takes_back_the_last_certificates_of_its_month(lane):
    lane.issued(lane.months(5_000_000, 2_000_000), APRIL)
    less = lane.issued(lane.months(3_200_000), APRIL)
    assert less.rows[0].withdrawn == (Span(4, 6),)
    assert lane.register.account("roof").balance_wh == 200_000
    assert lane.held("school", APRIL) == 5_000_000


def test_what_was_sold_is_not_taken_back_but_made_good_by_the_next_energy(lane):
    lane.issued(lane.months(5_000_000), APRIL)
    wanted = Wanted(holder="school", wh=4_000_000)
    lane.done(transfer(lane.register, "sold", lane.instant(APRIL), wanted, "bakery"))
    less = lane.issued(lane.months(3_000_000), APRIL)
    assert less.rows[0].withdrawn == (Span(5, 6),)
    assert lane.register.account("roof").balance_wh == -1_000_000
    assert lane.held("bakery", APRIL) == 4_000_000
    later = lane.issued(lane.months(2_500_000, first=2), APRIL)
    assert (later.rows[0].count, later.rows[0].withdrawn) == (1, ())
    assert lane.register.account("roof").balance_wh == 500_000


def test_energy_of_withdrawn_certificates_is_not_certified_again(lane):
    lane.issued(lane.months(5_000_000), APRIL)
    lane.done(withdraw(lane.register, "out", lane.instant(APRIL), (Span(1, 3),), "issued in error"))
    again = issue(
        lane.register, "x", lane.instant(APRIL), lane.device(), lane.terms(), lane.months(5_000_000)
    )
    assert isinstance(again, Refused)


def test_every_reason_is_told(lane):
    lane.issued(lane.months(1), "2027-06-01", device=lane.device("mill"))
    starts, ends = [0, lane.instant("2027-04-01")], [86400, lane.instant("2027-05-02")]
    done = issue(
        lane.register, "x", lane.instant("2027-05-01"), lane.device(), lane.terms(size=7),
        Metered(starts, ends, [-1, 1], 0, ""),
    )  # fmt: skip
    assert [reason.rpartition(": ")[2] for reason in done.reasons] == [
        "the register has an operation of 2027-06-01T00:00:00Z, later than this one",
        "7 Wh are no whole fraction of 1 MWh",
        "energy is negative",
        "certificates of it would have expired",
        "not all of it is over at 2027-05-01T00:00:00Z",
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda row: {"count": row.count + 1},
        lambda row: {"first": row.first + 1},
        lambda row: {"measured_wh": row.measured_wh - 1_000_000},
        lambda row: {"withdrawn": (Span(1, 2),)},
    ],
)
def test_an_operation_that_certifies_too_much_is_not_taken_in(lane, change):
    lane.issued(lane.months(2_000_000), APRIL)
    good = issue(
        lane.register, "next", lane.instant(APRIL), lane.device(), lane.terms(),
        lane.months(2_000_000, first=2),
    )  # fmt: skip
    row = msgspec.structs.replace(good.rows[0], **change(good.rows[0]))
    with pytest.raises(ValueError, match="operation next"):
        lane.register.apply(msgspec.structs.replace(good, rows=(row,)))
    assert list(lane.register.operations) == ["issue-0"]
    lane.register.apply(good)


def test_one_operation_cannot_claim_a_span_twice(lane):
    good = issue(
        lane.register, "x", lane.instant(APRIL), lane.device(), lane.terms(), lane.months(1)
    )
    twice = msgspec.structs.replace(good, rows=good.rows * 2)
    with pytest.raises(ValueError, match="twice"):
        folded([twice])
    with pytest.raises(ValueError, match="there already"):
        folded([good, good])
    with pytest.raises(ValueError, match="earlier"):
        folded([good, msgspec.structs.replace(good, id="y", at_s=0)])
