"""Tokens: each rule taken and refused on the chain as in Python (state/holdings.py)."""

from gridpact.base.units import INT64_MAX
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.kinds.money import TokensBurnt, TokensMinted, TokensTransferred
from gridpact.ledger.kinds.participants import (
    ParticipantBarred,
    ParticipantSuspended,
    SubjectErased,
)

EUR = id_of("eur")
MINT = TokensMinted("eur", "ada", 10, "d1")


def balances(twin):
    return {name: twin.ask("Tokens", "balance_of", EUR, id_of(name)) for name in ("ada", "bob")}


def test_tokens_are_made_moved_and_taken_back(twin):
    assert twin.do("lane", MINT) == ""
    assert twin.do("ada", TokensTransferred("eur", "ada", "bob", 4)) == ""
    assert twin.do("lane", TokensTransferred("eur", "ada", "bob", 5)) == ""
    assert twin.do("lane", TokensBurnt("eur", "bob", 9, "w1")) == ""
    assert balances(twin) == {"ada": 1, "bob": 0}
    assert twin.ask("Tokens", "supply", EUR) == twin.ask("Tokens", "total") == 1
    assert twin.ask("Tokens", "rows") == 3  # one balance, two payments
    assert [twin.ask("Tokens", "holds", id_of(name)) for name in ("ada", "bob")] == [True, False]


def test_what_happens_is_told_in_events(twin):
    twin.do("lane", MINT)
    expected = {"token": EUR, "holder": id_of("ada"), "units": 10, "deposit": id_of("d1")}
    assert twin.chain.events(twin.latest, "Tokens") == [("TokensMinted", expected)]
    twin.do("ada", TokensTransferred("eur", "ada", "bob", 4))
    ((name, values),) = twin.chain.events(twin.latest, "Tokens")
    assert (name, values["units"], values["receiver"]) == ("TokensTransferred", 4, id_of("bob"))


REFUSED = [
    ("ada", TokensMinted("eur", "ada", 1, "d2"), "not for you"),
    ("auth-a", TokensMinted("eur", "ada", 1, "d2"), "not for you"),
    ("lane", TokensMinted("eur", "ada", 1, "d1"), "paid before"),
    ("lane", TokensMinted("eur", "zoe", 1, "d2"), "may not act"),
    ("lane", TokensMinted("eur", "ada", 0, "d2"), "units"),
    ("lane", TokensMinted("eur", "ada", -1, "d2"), "units"),
    ("lane", TokensMinted("eur", "ada", INT64_MAX, "d2"), "supply"),
    ("ada", TokensBurnt("eur", "ada", 1, "w2"), "not for you"),
    ("lane", TokensBurnt("eur", "ada", 11, "w2"), "too little"),
    ("lane", TokensBurnt("eur", "bob", 1, "w2"), "too little"),
    ("lane", TokensBurnt("kwh", "ada", 1, "w2"), "too little"),
    ("lane", TokensBurnt("eur", "zoe", 1, "w2"), "too little"),
    ("bob", TokensTransferred("eur", "ada", "bob", 1), "not for you"),
    ("auth-a", TokensTransferred("eur", "ada", "bob", 1), "not for you"),
    ("ada", TokensTransferred("eur", "ada", "bob", 11), "too little"),
    ("ada", TokensTransferred("eur", "ada", "ada", 1), "receiver"),
    ("ada", TokensTransferred("eur", "ada", "zoe", 1), "may not act"),
    ("ada", TokensTransferred("eur", "ada", "bob", 0), "units"),
]


def test_what_python_refuses_the_contract_refuses(twin):
    twin.do("lane", MINT)
    for by, entry, why in REFUSED:
        assert why in twin.do(by, entry), (by, entry)


def test_a_payment_counts_once_in_each_way_and_token(twin):
    for entry in (MINT, TokensMinted("kwh", "ada", 1, "d1"), TokensBurnt("eur", "ada", 1, "d1")):
        assert twin.do("lane", entry) == ""
    assert "paid before" in twin.do("lane", TokensBurnt("eur", "ada", 1, "d1"))


def test_the_supply_ends_where_it_leaves_64_bits(twin):
    assert twin.do("lane", TokensMinted("eur", "ada", INT64_MAX, "d1")) == ""
    assert twin.do("ada", TokensTransferred("eur", "ada", "bob", INT64_MAX)) == ""
    assert "supply" in twin.do("lane", TokensMinted("eur", "ada", 1, "d2"))
    assert twin.do("lane", TokensBurnt("eur", "bob", 1, "w1")) == ""
    assert twin.do("lane", TokensMinted("eur", "ada", 1, "d2")) == ""


def test_whoever_is_suspended_neither_pays_nor_is_paid_and_whoever_is_barred_is_paid_out(twin):
    twin.do("lane", MINT, TokensMinted("eur", "bob", 3, "d2"))
    assert twin.do("auth-a", ParticipantSuspended("bob")) == ""
    for pair in (("ada", "bob"), ("bob", "ada")):
        assert "may not act" in twin.do("lane", TokensTransferred("eur", *pair, 1))
    assert "may not sign" in twin.do("bob", TokensTransferred("eur", "bob", "ada", 1))
    assert twin.do(("auth-a", "auth-b"), ParticipantBarred("bob")) == ""
    assert "holds something" in twin.do("lane", SubjectErased("bob"))
    assert twin.do("lane", TokensBurnt("eur", "bob", 3, "w1"), SubjectErased("bob")) == ""


def test_an_act_is_taken_whole_or_not_at_all(twin):
    twin.do("lane", MINT)
    moves = [TokensTransferred("eur", "ada", "bob", units) for units in (4, 4, 4)]
    assert "too little" in twin.do("ada", *moves)
    assert balances(twin) == {"ada": 10, "bob": 0}
    assert twin.do("ada", *moves[:2]) == ""
    assert balances(twin) == {"ada": 2, "bob": 8}
