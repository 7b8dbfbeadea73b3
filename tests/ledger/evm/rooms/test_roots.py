"""Roots, final periods and net positions: each rule as in Python (agreed.py, holdings.py)."""

import numpy as np
import pytest

from gridpact.base.units import INT64_MAX
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import ParticipantAuthorised, ParticipantBarred
from gridpact.ledger.kinds.roots import ANCHORED, PeriodClosed, RootAnchored
from gridpact.ledger.merkle import EMPTY_ROOT

ROOT = bytes(range(32))
EUR = id_of("EUR")
GAS_PER_PARTY = 6_500


def anchored(period="2026-06-15", root=ROOT, kind="readings", subject="lane", count=3):
    return RootAnchored(kind, subject, period, count, root)


def paid(period, *amounts, currency="EUR"):
    return NetSettled(period, currency, tuple(zip(("ada", "bob", "cyd"), amounts, strict=False)))


def positions(twin, currency=EUR):
    names = ("ada", "bob", "cyd")
    return [twin.ask("Roots", "position", currency, id_of(name)) for name in names]


def test_a_root_is_revised_until_its_period_is_final(twin):
    for kind in ANCHORED:
        assert twin.do("lane", anchored(kind=kind)) == ""
    assert "same root" in twin.do("lane", anchored())
    assert twin.do("lane", anchored(root=ROOT[::-1]), anchored()) == ""
    found = twin.ask("Roots", "anchor", 0, id_of("lane"), id_of("2026-06-15"))
    assert found == ROOT
    assert twin.do("lane", anchored("2026", EMPTY_ROOT, count=0)) == ""
    assert twin.do("lane", PeriodClosed("lane", "2026-06")) == ""
    for period in ("2026-06-15", "2026-06", "2026-06-x-y", "2026-06-"):
        assert "final" in twin.do("lane", anchored(period, ROOT[::-1]))
    for period in ("2026-060", "2026", "2026-07-01", "2026--06"):
        assert twin.do("lane", anchored(period, ROOT[::-1])) == ""
    assert "final" in twin.do("lane", PeriodClosed("lane", "2026-06-30"))
    longest = "2" * 126 + "-"
    assert twin.do("lane", anchored(longest), PeriodClosed("lane", "2" * 126)) == ""
    assert "final" in twin.do("lane", anchored(longest, ROOT[::-1]))


def test_who_may_and_about_whom(twin):
    assert twin.do("auth-a", ParticipantAuthorised("cyd", "dso")) == ""
    assert twin.do("cyd", anchored(subject="cyd")) == ""
    for by in ("ada", "auth-a"):
        assert "not for you" in twin.do(by, anchored())
    for entry in (PeriodClosed("cyd", "2026"), paid("2026", -1, 1)):
        assert "not for you" in twin.do("cyd", entry)
    assert "unknown" in twin.do("lane", anchored(subject="moon"))
    assert "unknown" in twin.do("lane", PeriodClosed("moon", "2026"))
    assert "count" in twin.do("lane", anchored(count=0))
    assert "count" in twin.do("lane", anchored(root=EMPTY_ROOT))


def test_positions_add_up_in_each_currency(twin):
    assert twin.do("lane", paid("2026-06-01", -5, 2, 3)) == ""
    assert (
        twin.do("lane", paid("2026-06-02", 4, -4), paid("2026-06-02", 7, -7, currency="CHF")) == ""
    )
    assert positions(twin) == [-1, -2, 3]
    assert positions(twin, id_of("CHF")) == [7, -7, 0]
    rows = twin.ask("Roots", "rows")
    assert twin.do("lane", paid("2026-06-03", 1, 2, -3)) == ""
    assert positions(twin) == [0, 0, 0]
    assert twin.ask("Roots", "rows") == rows - 1  # a word of zeros is no row


def test_positions_that_leave_64_bits_are_carried(twin):
    for day in range(3):
        most = paid(f"2026-06-0{day + 1}", INT64_MAX, -INT64_MAX, 0)
        assert twin.do("lane", most) == ""
        assert positions(twin) == [INT64_MAX * (day + 1), -INT64_MAX * (day + 1), 0]
    rows = twin.ask("Roots", "rows")
    for day in range(3):
        assert twin.do("lane", paid(f"2026-07-0{day + 1}", -INT64_MAX, INT64_MAX, 0)) == ""
    assert positions(twin) == [0, 0, 0]
    assert twin.ask("Roots", "rows") == rows - 3  # two carries and the word


REFUSED = [
    (paid("2026-06", -1, 2), "sum"),
    (paid("2026-06", -(2**63), 2**62, 2**62), "amount"),
    (NetSettled("2026-06", "EUR", (("ada", -1), ("zoe", 1))), "unknown"),
    (NetSettled("2026-06", "EUR", (("auth-a", -1), ("bob", 1))), "unknown"),
    (NetSettled("2026-06", "EUR", (("ada", -1), ("ada", 1))), "order"),
    (NetSettled("2026-05-31", "EUR", (("ada", -1), ("bob", 1))), "final"),
]


def test_what_python_refuses_the_contract_refuses(twin):
    assert twin.do("lane", PeriodClosed("lane", "2026-05")) == ""
    for entry, why in REFUSED:
        assert why in twin.do("lane", entry), entry
    assert positions(twin) == [0, 0, 0]


def test_those_who_were_barred_are_settled_with(twin):
    assert twin.do(("auth-a", "auth-b"), ParticipantBarred("ada")) == ""
    assert twin.do("lane", paid("2026-06", -1, 1)) == ""
    assert twin.do("lane", NetSettled("2026-06", "EUR", ())) == ""


@pytest.mark.slow
def test_a_settlement_of_200_costs_what_was_promised(twin):
    parties = [f"member-{number:03d}" for number in range(200)]
    for start in range(0, 200, 50):
        admitted = [ParticipantAuthorised(name, "prosumer") for name in parties[start : start + 50]]
        assert twin.do("auth-a", *admitted) == ""
    drawn, due, used = np.random.default_rng(7), [0] * 200, []
    for day in ("2026-06-01", "2026-06-02"):
        amounts = drawn.integers(-50_000, 50_000, 200).tolist()
        amounts[-1] -= sum(amounts)
        due = [have + more for have, more in zip(due, amounts, strict=True)]
        rows = tuple(zip(parties, amounts, strict=True))
        assert twin.do("lane", NetSettled(day, "EUR", rows)) == ""
        used.append(twin.latest["gas_used"] / 200)
    assert [twin.ask("Roots", "position", EUR, id_of(name)) for name in parties] == due
    assert used[1] <= GAS_PER_PARTY, used
