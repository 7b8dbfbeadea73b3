"""A room hands what it keeps to its successor, with money in it; a wrong one cannot open."""

from types import SimpleNamespace

import pytest

from gridpact.contracts.canonical import keccak256
from gridpact.ledger.evm.adopting import MOST_ADOPTED, Past, adoptions
from gridpact.ledger.evm.artifacts import ROOMS, contract
from gridpact.ledger.evm.signing import demonstration_key
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.kinds.certificates import (
    CertificateCancelled,
    CertificateExpired,
    CertificateIssued,
    CertificateTransferred,
)
from gridpact.ledger.kinds.money import NetSettled, TokensBurnt, TokensMinted, TokensTransferred
from gridpact.ledger.kinds.participants import WalletBound
from gridpact.ledger.kinds.patches import PatchActivated, PatchApproved, PatchProposed
from gridpact.ledger.kinds.roots import PeriodClosed, RootAnchored
from gridpact.ledger.kinds.terms import (
    AgreementCommitted,
    AgreementEnded,
    FormCertified,
    FormWithdrawn,
    TermsCommitted,
)

PAUSE, RESUME, REPLACE = 1, 2, 3
ROOT = bytes(range(32))
ADA, BOB, EUR, GO = id_of("ada"), id_of("bob"), id_of("eur"), id_of("go/1")
TRUNK = int.from_bytes(GO, "big")


def payment(token, way, name):
    return keccak256(id_of(token) + way.to_bytes(32, "big") + id_of(name))


def wallet(name):
    return "0x" + demonstration_key(23, name).address.hex()


def signed(*names):
    return tuple((name, demonstration_key(23, name).wallet.sign(ROOT)) for name in names)


class Handover:
    """A room, what goes in before, the calls that take it over, and what may be done after."""

    def __init__(self, room, before, adoptions, refused, after, read):
        self.room, self.before, self.adoptions = room, before, adoptions
        self.refused, self.after, self.read = refused, after, read


TOKENS = Handover(
    "Tokens",
    [
        ("lane", [TokensMinted("eur", "ada", 10, "d1"), TokensMinted("kwh", "bob", 7, "d1")]),
        ("ada", [TokensTransferred("eur", "ada", "bob", 4)]),
        ("lane", [TokensBurnt("eur", "bob", 1, "w1")]),
    ],
    [
        ("adopt", [EUR, EUR], [ADA, BOB]),
        ("adopt", [id_of("kwh")], [BOB]),
        ("adopt_payments", [payment("eur", 1, "d1"), payment("kwh", 1, "d1")]),
        ("adopt_payments", [payment("eur", 2, "w1")]),
    ],
    [("lane", TokensMinted("eur", "ada", 1, "d1")), ("lane", TokensBurnt("eur", "ada", 1, "w1"))],
    [
        ("lane", TokensBurnt("eur", "ada", 6, "w2")),
        ("bob", TokensTransferred("kwh", "bob", "ada", 7)),
    ],
    [("balance_of", EUR, ADA), ("balance_of", EUR, BOB), ("supply", EUR), ("holds", ADA)],
)
CERTIFICATES = Handover(
    "Certificates",
    [
        ("auth-a", [CertificateIssued("go/1", "roof", "ada", "2026-06", "solar", 100)]),
        ("ada", [CertificateTransferred("go/1", "ada", "bob", 40)]),
        ("bob", [CertificateCancelled("go/1", "bob", 10, "2026-06")]),
        ("auth-a", [CertificateExpired("go/1", "ada", 5)]),
    ],
    [
        ("adopt_issues", [GO]),
        ("adopt_holdings", [GO, GO], [ADA, BOB]),
        ("adopt_claims", [GO], [wallet("bob")]),
    ],
    [
        ("auth-a", CertificateIssued("go/1", "attic", "ada", "2026", "solar", 1)),
        ("auth-a", CertificateIssued("go/2", "roof", "ada", "2026-06", "solar", 1)),
    ],
    [
        ("ada", CertificateTransferred("go/1", "ada", "bob", 55)),
        ("bob", CertificateCancelled("go/1", "bob", 85, "2026-07")),
    ],
    [
        ("issued", GO),
        ("balanceOf", wallet("ada"), TRUNK),
        ("balanceOf", wallet("bob"), TRUNK),
        ("claimedBalanceOf", wallet("bob"), TRUNK),
        ("holds", ADA),
    ],
)
POSITIONS = Handover(
    "Roots",
    [
        ("lane", [NetSettled("2026-05-01", "EUR", (("ada", -(2**63) + 1), ("bob", 2**63 - 1)))]),
        ("lane", [NetSettled("2026-05-02", "EUR", (("ada", -(2**63) + 1), ("bob", 2**63 - 1)))]),
        ("lane", [NetSettled("2026-05-02", "CHF", (("bob", -5), ("cyd", 5)))]),
        ("lane", [RootAnchored("readings", "lane", "2026-05-01", 3, ROOT)]),
        ("lane", [PeriodClosed("lane", "2026-05")]),
    ],
    [
        ("adopt_places", [ADA, BOB, id_of("cyd")], [id_of("EUR"), id_of("CHF")]),
        ("adopt_positions", [1 << 128, 2 << 128]),
        ("adopt_carries", "carries"),
        (
            "adopt_roots",
            [keccak256(bytes(32) + id_of("lane") + id_of("2026-05-01"))],
            [keccak256(id_of(who) + id_of("2026-05")) for who in ("lane", "*")],
        ),
    ],
    [
        ("lane", NetSettled("2026-05-03", "EUR", (("ada", -1), ("bob", 1)))),
        ("lane", PeriodClosed("lane", "2026-05-07")),
    ],
    [("lane", NetSettled("2026-06", "EUR", (("ada", 2**63 - 1), ("bob", -(2**63) + 1))))],
    [
        *(("position", id_of("EUR"), id_of(name)) for name in ("ada", "bob", "cyd")),
        *(("position", id_of("CHF"), id_of(name)) for name in ("ada", "bob", "cyd")),
        ("anchor", 0, id_of("lane"), id_of("2026-05-01")),
    ],
)
TERMS = Handover(
    "Terms",
    [
        ("auth-a", [FormCertified(ROOT, "lease"), FormCertified(ROOT[::-1], "old")]),
        ("auth-a", [FormWithdrawn(ROOT[::-1])]),
        ("lane", [TermsCommitted("s", 3, ROOT)]),
        ("lane", [AgreementCommitted("one", 1, ROOT, ROOT, ROOT, signed("ada", "bob"))]),
        ("lane", [AgreementCommitted("two", 1, ROOT, ROOT, ROOT, signed("ada", "cyd"))]),
        ("lane", [AgreementEnded("two", 5, "moved")]),
    ],
    [
        ("adopt_forms", [ROOT, ROOT[::-1]]),
        ("adopt_sessions", [id_of("s")]),
        ("adopt_agreements", [id_of("one"), id_of("two")]),
    ],
    [
        ("lane", TermsCommitted("s", 3, ROOT)),
        ("lane", AgreementCommitted("two", 2, ROOT, ROOT, ROOT, signed("ada", "cyd"))),
        ("auth-a", FormCertified(ROOT, "lease")),
    ],
    [("lane", AgreementCommitted("one", 2, ROOT, ROOT, ROOT, signed("ada", "bob")))],
    [("agreement", id_of("one")), ("agreement", id_of("two")), ("session", id_of("s"))],
)
PATCHES = Handover(
    "Patches",
    [
        ("auth-a", [PatchProposed("p", ROOT), PatchProposed("q", ROOT)]),
        ("auth-b", [PatchApproved("p", "activate"), PatchActivated("p")]),
        ("auth-c", [PatchApproved("p", "undo")]),
    ],
    [("adopt", [id_of("p"), id_of("q")])],
    [("auth-a", PatchProposed("p", ROOT)), ("auth-a", PatchActivated("q"))],
    [("auth-b", PatchApproved("q", "activate")), ("auth-b", PatchActivated("q"))],
    [("patch", id_of("p")), ("patch", id_of("q")), ("approvals", id_of("p"), 1)],
)
HANDOVERS = (
    *(TOKENS, CERTIFICATES, POSITIONS),
    *(pytest.param(how, marks=pytest.mark.slow) for how in (TERMS, PATCHES)),
)

FEWER = (TOKENS, *(pytest.param(getattr(how, "values", [how])[0], marks=pytest.mark.slow)
         for how in HANDOVERS[1:]))  # fmt: skip


def filled(twin, how):
    for by, entries in how.before:
        assert twin.do(by, *entries) == ""


def successor(twin, room):
    return twin.chain.deploy(room, twin.chain.front, twin.chain.rooms[room], by=4)


def called(twin, to, how, name, *arguments):
    """Let anybody call a successor; return "" or why it is refused."""
    if arguments == ("carries",):
        places = [twin.ask("Roots", "places", who) for who in (ADA, BOB)]
        arguments = ([(1 << 128) | place for place in places],)
    data = contract(how.room).data(name, *arguments)
    if twin.chain.send(to, data, by=5)["status"]:
        return ""
    return twin.chain.why(to, data, by=5)


def as_read(twin, how):
    return [twin.ask(how.room, *each) for each in how.read]


@pytest.mark.parametrize("how", HANDOVERS, ids=lambda how: how.room)
def test_a_successor_takes_all_over_and_goes_on(twin, how):
    """Pause, deploy, adopt in batches, replace, go on; nothing is lost on the way."""
    filled(twin, how)
    was, total, rows = as_read(twin, how), *(twin.ask(how.room, each) for each in ("total", "rows"))
    after = successor(twin, how.room)
    assert "predecessor runs" in called(twin, after, how, *how.adoptions[0])
    assert twin.govern(PAUSE, how.room) == ""
    for n, adoption in enumerate(how.adoptions):
        # one that has not taken all over cannot open
        assert "rows missing" in twin.govern(REPLACE, how.room, after), n
        assert called(twin, after, how, *adoption) == ""
        assert "adopted before" in called(twin, after, how, *adoption)
    assert twin.govern(REPLACE, how.room, after) == ""
    assert twin.chain.rooms[how.room] == after
    assert as_read(twin, how) == was
    assert [twin.ask(how.room, each) for each in ("total", "rows")] == [total, rows]
    for by, entry in how.refused:  # what counts once has counted
        assert twin.do(by, entry) != ""
    for by, entry in how.after:
        assert twin.do(by, entry) == ""


@pytest.mark.parametrize("how", FEWER, ids=lambda how: how.room)
def test_all_rows_follow_from_the_entries(twin, how):
    """Nobody names a row: the calls are made of the state and the entries, and none is missing."""
    filled(twin, how)
    if how.room == "Certificates":  # what was claimed stays with the wallet of then
        assert twin.do("bob", WalletBound("bob", bytes([9] * 20))) == ""
    was, after = as_read(twin, how), successor(twin, how.room)
    (number,) = (number for number, name in ROOMS.items() if name == how.room)
    past = Past(twin.state, twin.entries, lambda *asked: twin.ask(how.room, *asked))
    calls = list(adoptions(number, past))
    assert twin.govern(PAUSE, how.room) == ""
    for call in calls:
        assert twin.chain.send(after, call, by=5)["status"], twin.chain.why(after, call, by=5)
    assert twin.govern(REPLACE, how.room, after) == ""
    assert as_read(twin, how) == was
    by, entry = how.after[0]
    assert twin.do(by, entry) == ""


def test_more_rows_than_one_call_takes_go_in_several(twin):
    holders = [f"p{n}" for n in range(MOST_ADOPTED + 1)]
    table = dict.fromkeys([("eur", name) for name in holders], 1)
    past = Past(SimpleNamespace(balances=table, payments={("eur", "in/a/b"): 1}), (), None)
    calls = list(adoptions(4, past))
    read = [contract("Tokens").arguments("adopt", call) for call in calls[:2]]
    assert [len(each[0]) for each in read] == [MOST_ADOPTED, 1]
    assert [who for each in read for who in each[1]] == [id_of(name) for name in holders]
    (paid,) = contract("Tokens").arguments("adopt_payments", calls[2])
    assert paid == (payment("eur", 1, "a/b"),)


def test_what_was_not_there_is_not_adopted(twin):
    filled(twin, TOKENS)
    after = successor(twin, "Tokens")
    assert twin.govern(PAUSE, "Tokens") == ""
    assert "holds nothing" in called(twin, after, TOKENS, "adopt", [EUR], [id_of("cyd")])
    assert "not in pairs" in called(twin, after, TOKENS, "adopt", [EUR, EUR], [ADA])
    assert "not paid" in called(twin, after, TOKENS, "adopt_payments", [payment("eur", 1, "d9")])
    assert "adopted before" in called(twin, after, TOKENS, "adopt", [EUR, EUR], [ADA, ADA])


def test_what_went_on_in_between_shuts_the_successor_out(twin):
    """Totals would be equal: money only moved. The room was resumed, and that is seen."""
    filled(twin, TOKENS)
    after = successor(twin, "Tokens")
    assert twin.govern(PAUSE, "Tokens") == ""
    for adoption in TOKENS.adoptions:
        assert called(twin, after, TOKENS, *adoption) == ""
    assert twin.govern(RESUME, "Tokens") == ""
    assert twin.do("ada", TokensTransferred("eur", "ada", "bob", 2)) == ""
    assert twin.govern(REPLACE, "Tokens", after) != ""
    assert twin.govern(PAUSE, "Tokens") == ""
    assert "changed since" in twin.govern(REPLACE, "Tokens", after)
    assert "changed since" in called(twin, after, TOKENS, *TOKENS.adoptions[0])
    assert twin.govern(RESUME, "Tokens") == ""
    assert twin.do("bob", TokensTransferred("eur", "bob", "ada", 5)) == ""


def test_a_paused_room_takes_nothing_and_a_retired_one_never_again(twin):
    filled(twin, TOKENS)
    before = twin.chain.rooms["Tokens"]
    assert twin.govern(PAUSE, "Tokens") == ""
    act = twin.act("ada", TokensTransferred("eur", "ada", "bob", 1))
    assert "room closed" in twin.chain.why(twin.chain.front, twin.data(*act))
    after = successor(twin, "Tokens")
    for adoption in TOKENS.adoptions:
        assert called(twin, after, TOKENS, *adoption) == ""
    # fewer than a quorum replace nothing
    assert "no quorum" in twin.govern(REPLACE, "Tokens", after, by=("auth-a",))
    assert twin.govern(REPLACE, "Tokens", after) == ""
    assert twin.chain.ask("Tokens", "stage", to=before) == 3
    assert twin.hand_in(*act) == ""
    assert twin.chain.ask("Tokens", "balance_of", EUR, ADA, to=before) == 6
    assert twin.ask("Tokens", "balance_of", EUR, ADA) == 5


def test_a_stranger_for_a_successor_is_not_let_in(twin):
    filled(twin, TOKENS)
    assert twin.govern(PAUSE, "Tokens") == ""
    for predecessor in (twin.chain.rooms["Patches"], "0x" + "00" * 20):
        strange = twin.chain.deploy("Tokens", twin.chain.front, predecessor, by=4)
        assert "not its successor" in twin.govern(REPLACE, "Tokens", strange)
