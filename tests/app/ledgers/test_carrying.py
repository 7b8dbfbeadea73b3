"""What a register comes to on a ledger, held against the register itself after every operation."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from gridpact.app.ledgers.carrying import carried, left
from gridpact.base.errors import BadInput
from gridpact.ledger.entries import faults
from gridpact.ledger.kinds.certificates import CertificateExpired, CertificateIssued
from gridpact.ledger.state import holdings
from gridpact.ledger.state.state import Participant, State
from gridpact.settlement.certificates.issuing import Metered, Terms, issue
from gridpact.settlement.certificates.operations import (
    Cancel,
    Device,
    Span,
    Transfer,
    Withdraw,
)
from gridpact.settlement.certificates.regimes import EU
from gridpact.settlement.certificates.register import Register

ROOF = Device(
    id="roof", owner="school", point="roof", source="solar", technology="photovoltaic",
    site="Lane 2", country="DE", capacity_w=30_000, support="none", commissioned="2021-05-01",
)  # fmt: skip
TERMS = Terms(regime=EU, timezone="UTC", country="DE", issuer="lane", size_wh=1000)
FOLDS = {"CertificateIssued": holdings.issued, "CertificateTransferred":
         holdings.certificate_transferred}  # fmt: skip


def at(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def issued(register, *wh, now, known=""):
    edges = [at(f"2026-{month:02}-01") for month in range(1, len(wh) + 2)]
    metered = Metered(edges[:-1], edges[1:], wh, at(now), known)
    return issue(register, f"issue-{len(register.operations)}", at(now), ROOF, TERMS, metered)


@pytest.fixture
def register():
    """Issued, moved, used, taken out, and corrected both ways."""
    found = Register()
    found.apply(issued(found, 9500, 6000, now="2026-03-02"))
    found.apply(Transfer(id="t", at_s=at("2026-03-03"), source="school", target="mill",
                         spans=(Span(8, 12),)))  # fmt: skip
    found.apply(issued(found, 9500, 8000, now="2026-03-04", known="b"))
    found.apply(issued(found, 7000, 8000, now="2026-03-05", known="c"))
    found.apply(Cancel(id="c", at_s=at("2026-03-06"), holder="mill", beneficiary="mill",
                       purpose="supply", start_s=0, end_s=1, spans=(Span(8, 11),)))  # fmt: skip
    found.apply(Withdraw(id="w", at_s=at("2026-03-07"), reason="fraud", spans=(Span(1, 3),)))
    return found


def folded(entries):
    """The ledger's own rules, which know nothing of serials."""
    state = State()
    for name in ("school", "mill"):
        state.participants.put(name, Participant("authorised", ("member",)))
    assert faults(entries) == ()
    for entry in entries:
        assert FOLDS.get(type(entry).__name__, holdings.ended)(state, entry) == ()
    return {(name, who): wh for (name, who), wh in state.holdings.rows.items()}


def told(register, now):
    found = Counter()
    for each in register.holdings(now):
        if each.status in ("held", "locked"):
            found[f"lane/{each.lot.serials.first}", each.piece.owner] += each.energy_wh
    return dict(found)


def test_after_every_operation_the_ledger_holds_what_the_register_holds(register):
    operations, again, before = list(register.operations.values()), Register(), []
    for operation in operations:
        again.apply(operation)
        entries = list(carried(operations, "lane", operation.at_s))
        assert folded(entries) == told(again, operation.at_s)
        assert entries[: len(before)] == before
        before = entries
    assert {type(each).__name__ for each in before} == {
        "CertificateIssued", "CertificateTransferred", "CertificateCancelled",
        "CertificateWithdrawn",
    }  # fmt: skip


def test_what_nobody_used_expires_when_its_time_is_over(register):
    operations = list(register.operations.values())
    for now in ("2027-07-31T23:59:59", "2027-08-01", "2027-08-31T23:59:59", "2027-09-01"):
        entries = list(carried(operations, "lane", at(now)))
        assert folded(entries) == told(register, at(now))
    assert folded(entries) == {}
    assert isinstance(entries[-1], CertificateExpired)


def test_a_correction_is_a_period_of_its_own(register):
    entries = list(carried(register.operations.values(), "lane", at("2026-04-01")))
    periods = [each.period for each in entries if isinstance(each, CertificateIssued)]
    assert len(set(periods)) == len(periods) == 3
    assert periods[2] == f"{periods[1]}/2"


def test_only_the_rest_is_carried_and_another_story_is_named(register):
    entries = list(carried(register.operations.values(), "lane", at("2026-04-01")))
    for count in range(len(entries) + 1):
        assert left(entries[:count], entries, "lane") == entries[count:]
    with pytest.raises(BadInput, match="certificate_issued of lane/1, 9000 Wh is on the ledger"):
        left(entries[:1], entries[1:], "lane")
    with pytest.raises(BadInput, match="the register has no more"):
        left(entries, entries[:-1], "lane")
    assert left(entries, entries, "lan") == entries, "those of another register"
