import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.units import INT64_MAX
from gridpact.ledger.entries import canonical, faults, parse, parse_all
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.kinds.roots import ANCHORED, RootAnchored
from gridpact.ledger.kinds.terms import AgreementSigned, TermsCommitted
from gridpact.ledger.merkle import EMPTY_ROOT

ROOT = bytes(range(32))
identifiers = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,20}", fullmatch=True)
roots = st.binary(min_size=32, max_size=32)
counts = st.integers(1, INT64_MAX)


@st.composite
def settled(draw):
    parties = sorted(draw(st.sets(identifiers, min_size=1, max_size=6)))
    limit = INT64_MAX // 8
    amounts = [draw(st.integers(-limit, limit)) for _ in parties[1:]]
    amounts.append(-sum(amounts))
    return NetSettled(draw(names), "EUR", tuple(zip(parties, amounts, strict=True)))


valid = st.one_of(
    st.builds(ParticipantAuthorised, identifiers, identifiers),
    st.builds(TermsCommitted, names, counts, roots),
    st.builds(RootAnchored, st.sampled_from(ANCHORED), identifiers, names, counts, roots),
    settled(),
    st.builds(AgreementSigned, names, counts, roots, roots),
)


@settings(deadline=None)
@given(valid)
def test_bytes_and_entry_determine_each_other(entry):
    body = canonical(entry)
    assert faults([entry]) == ()
    assert parse(body) == entry
    assert canonical(parse(body)) == body
    assert body.isascii()
    assert b" " not in body


@settings(deadline=None)
@given(valid, valid)
def test_different_entries_have_different_bytes(one, other):
    assert (canonical(one) == canonical(other)) == (one == other)


@settings(deadline=None)
@given(valid, st.data())
def test_no_changed_byte_reads_as_the_same_entry(entry, data):
    body = bytearray(canonical(entry))
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        read = parse(bytes(body))
    except ValueError:
        return
    assert read != entry
    assert canonical(read) == body


@settings(deadline=None, max_examples=50)
@given(st.lists(valid, min_size=1, max_size=8), st.data())
def test_many_are_read_as_one_by_one(entries, data):
    bodies = [canonical(entry) for entry in entries]
    assert parse_all(bodies) == [parse(body) for body in bodies] == entries
    row = data.draw(st.integers(0, len(bodies) - 1))
    changed = bytearray(bodies[row])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    bodies[row] = bytes(changed)
    try:
        single = parse(bodies[row])
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            parse_all(bodies)
    else:
        assert parse_all(bodies)[row] == single


def test_what_runs_over_from_one_body_to_the_next_is_not_read():
    body = canonical(ParticipantAuthorised("ada", "dso"))
    assert len(parse_all([body, body])) == 2
    for bodies in ([body + b"," + body, b""], [body[:20], body[20:]], [body, b" " + body]):
        with pytest.raises(ValueError, match=r"."):
            parse_all(bodies)


def test_the_wire_form_stays_as_it_is():
    """Bytes already hashed into ledgers; a change here would break every one of them."""
    frozen = json.loads((Path(__file__).parent / "wire_form_1.json").read_text())
    entries = [
        ParticipantAuthorised("ada", "prosumer"),
        TermsCommitted("day-ahead/2026-06-15", 3, ROOT),
        RootAnchored("statements", "community", "2026-06", 2**53 + 1, ROOT),
        NetSettled("2026-06", "EUR", (("ada", -250), ("bob", 250))),
        AgreementSigned("roof-2026", 2, ROOT, ROOT[::-1]),
    ]
    assert [canonical(entry).decode() for entry in entries] == frozen


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000,
        b'{"entry":"participant_authorised","participant":"a","role":"b"}',
        b'{"entry":"participant_authorised","participant":"a","role":"b","version":"2"}',
        b'{"entry":"participant_authorised","participant":"a","role":"b","version":1}',
        b'{"entry":"participant_authorised","participant":"a","role":"b","version":"1"} ',
        b'{"entry":"participant_authorised","participant":"a","role":"b","role":"b","version":"1"}',
        b'{"entry":"participant_authorised","participant":"a","role":"b","version":"1","x":"1"}',
        b'{"entry":"terms_committed","session":"a","count":3,"root":"00","version":"1"}',
        b'{"count":"03","entry":"terms_committed","root":"00","session":"a","version":"1"}',
        b'{"count":"3","entry":"terms_committed","root":"0G","session":"a","version":"1"}',
        b'{"count":"3","entry":"terms_committed","root":"AA","session":"a","version":"1"}',
        b'{"entry":"unknown","version":"1"}',
        b'{"entry":["terms_committed"],"version":"1"}',
    ],
)  # fmt: skip
def test_anything_but_canonical_bytes_is_refused(body):
    with pytest.raises(ValueError, match="not a ledger entry"):
        parse(body)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (ParticipantAuthorised("Ada", "pro sumer"), ["participant", "role"]),
        (ParticipantAuthorised("ada\n", ""), ["participant", "role"]),
        (TermsCommitted("a b", -1, b"short"), ["session", "count", "root"]),
        (TermsCommitted("a", 0, ROOT), ["count"]),
        (TermsCommitted("a", 1, EMPTY_ROOT), ["count"]),
        (TermsCommitted("a", True, ROOT), ["count"]),
        (
            RootAnchored("weather", "Ö", "", INT64_MAX + 1, ROOT),
            ["kind", "subject", "period", "count"],
        ),
        (AgreementSigned("a b", 0, b"", ROOT), ["agreement", "revision", "terms_hash"]),
        (NetSettled("p", "eur", ()), ["currency"]),
        (NetSettled("p", "EUR", (("a", 1), ("b", -2))), ["positions"]),
        (NetSettled("p", "EUR", (("b", 1), ("a", -1))), ["positions"]),
        (NetSettled("p", "EUR", (("a", 1), ("a", -1))), ["positions"]),
        (NetSettled("p", "EUR", (("a", 1.0), ("B", -1))), ["positions[0]", "positions[1]"]),
        (NetSettled("p", "EUR", (("a", 2**63), ("b", -(2**63)))), ["positions[0]", "positions[1]"]),
    ],
)  # fmt: skip
def test_every_fault_of_an_entry_is_named(entry, expected):
    found = faults([ParticipantAuthorised("ada", "dso"), entry])
    assert [fault.where.split(".", 1)[1] for fault in found] == expected
    assert {fault.file for fault in found} == {"entry 1"}
    assert all(fault.fix for fault in found)


@pytest.mark.parametrize("odd", [True, 1.0, "1", [1]])
def test_a_value_of_another_type_is_told_from_its_equal(odd):
    entries = [TermsCommitted(name, 1, ROOT) for name in ("a", "b", "c")]
    assert faults(entries) == ()
    entries[1] = TermsCommitted("b", odd, ROOT)
    assert [(each.file, each.where) for each in faults(entries)] == [
        ("entry 1", "terms_committed.count")
    ]


def test_an_anchor_over_nothing_has_the_empty_root():
    assert faults([RootAnchored("readings", "c", "2026", 0, EMPTY_ROOT)]) == ()
    assert "sum to -1, not to zero" in str(faults([NetSettled("p", "EUR", (("a", -1),))])[0])
