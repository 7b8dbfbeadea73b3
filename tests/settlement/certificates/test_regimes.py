"""Residuals, sizes and deadlines of both regimes, against cases worked by hand."""

from datetime import UTC, datetime

import pytest

from gridpact.settlement.certificates.issuing import issue
from gridpact.settlement.certificates.operations import Refused
from gridpact.settlement.certificates.regimes import (
    EU,
    UK,
    claim_fault,
    claimable,
    size_fault,
    tradable_until,
    usable_until,
)

YEAR = (1_499_999, 1_500_000, 499_999, 500_000, 700_000, 2_400_000)
"""Wh of six months: 7.099998 MWh."""
CARRIED = (1, 1, 1, 0, 1, 3)
"""Whole MWh of the running sums 1.499999, 2.999999, 3.499998, 3.999998, 4.699998, 7.099998."""
ROUNDED = (1, 2, 0, 1, 1, 2)


def counts(operation):
    return tuple(row.count for row in operation.rows)


def plan(lane, regime, energies):
    """Certificates of months from April 2026 on, planned a year later."""
    asked = (lane.register, "a", lane.instant("2027-04-02"), lane.device())
    return issue(*asked, lane.terms(regime), lane.months(*energies, first=4))


def test_the_same_energy_gives_other_certificates_where_residuals_are_rounded(lane):
    assert counts(plan(lane, EU, YEAR)) == CARRIED
    assert counts(plan(lane, UK, YEAR)) == ROUNDED


@pytest.mark.parametrize(("wh", "eu", "uk"), [(500_000, 6, 12), (499_999, 5, 0)])
def test_totals_of_a_year_differ_by_the_rule_of_residuals(lane, wh, eu, uk):
    assert sum(counts(plan(lane, EU, [wh] * 12))) == eu
    assert sum(counts(plan(lane, UK, [wh] * 12))) == uk


@pytest.mark.parametrize(
    ("wh", "certified"),
    [(0, 0), (499_999, 0), (500_000, 1), (1_499_999, 1), (1_500_000, 2), (2_000_000, 2)],
)
def test_halves_round_up_in_the_uk(wh, certified):
    assert claimable(UK, wh) == certified * 1_000_000
    assert claimable(EU, wh) == wh


def utc(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("end", "tradable", "usable"),
    [
        ("2026-04-01T00:00", "2027-04-01T00:00", "2027-10-01T00:00"),
        ("2027-09-01T00:00", "2028-09-01T00:00", "2029-03-01T00:00"),
        ("2026-08-31T00:00", "2027-08-31T00:00", "2028-02-29T00:00"),
    ],
)
def test_deadlines_of_the_eu_count_from_production(end, tradable, usable):
    assert tradable_until(EU, utc(end), "UTC") == utc(tradable)
    assert usable_until(EU, utc(end), "UTC") == utc(usable)


@pytest.mark.parametrize(
    ("end", "usable"),
    [
        ("2026-03-31T23:00", "2026-07-01T11:00"),  # local midnight: the year to 31 March 2026
        ("2026-04-30T23:00", "2027-07-01T11:00"),
        ("2027-01-01T00:00", "2027-07-01T11:00"),
    ],
)
def test_deadlines_of_the_uk_are_noon_of_the_first_of_july(end, usable):
    assert usable_until(UK, utc(end), "Europe/London") == utc(usable)
    assert tradable_until(UK, utc(end), "Europe/London") == utc(usable)


def test_sizes(lane):
    assert size_fault(EU, 1) == size_fault(EU, 250_000) == size_fault(UK, 1_000_000) == ""
    assert "whole fraction" in size_fault(EU, 3)
    assert "whole fraction" in size_fault(EU, 2_000_000)
    assert "1,000,000 Wh at least" in size_fault(UK, 1_000)
    assert "1 Wh at least" in size_fault(EU, 0)


def test_the_uk_claims_whole_local_months(lane):
    zone = "Europe/London"
    assert not claim_fault(UK, utc("2026-06-30T23:00"), utc("2026-07-31T23:00"), zone)
    for end in ("2026-07-31T22:00", "2026-08-31T23:00", "2026-07-15T23:00"):
        assert claim_fault(UK, utc("2026-06-30T23:00"), utc(end), zone)
    refused = issue(
        lane.register, "a", lane.instant("2026-07-02"), lane.device(),
        lane.terms(UK, 1_000, "Europe/Berlin"), lane.months(YEAR[0], first=5),
    )  # fmt: skip
    assert isinstance(refused, Refused)
    assert len(refused.reasons) == 2
