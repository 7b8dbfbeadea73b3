"""Roots by attesters: leaves are those of gridpact.ledger.leaves, claims pay each of them once."""

import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.ledger.evm.attested import Leaf, Payouts, Root, decision, what
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.leaves import LeafBody, demonstration_secrets, encode, leaf, salt
from gridpact.ledger.merkle import Tree, leaf_hash, root

NAMED = ("operator", "payouts", "2026-03-run-1", "eur")
NAMES = [f"home-{number}" for number in range(11)]
UNITS = {name: 100 + number for number, name in enumerate(NAMES)}
SECRETS = demonstration_secrets(3, NAMES)


@pytest.fixture(scope="module")
def payouts():
    return Payouts(NAMED, UNITS, SECRETS)


@pytest.fixture
def attested(chain, payouts):
    """Attested, with a root that is funded and whose window has just begun."""
    chain.endow("operator", payouts.root.total, 0)
    where = chain.attested
    where.send("attest", payouts.root, chain.signed(payouts.root.digest(where.domain())))
    where.send("fund", *payouts.root[:3], id_of("operator"))
    return where


def test_the_root_is_over_the_projects_own_salted_leaves(payouts):
    bodies = [
        leaf(
            salt(SECRETS[name], "payouts", name, "2026-03-run-1"),
            encode(LeafBody("payouts", name, "2026-03-run-1", np.array([place, UNITS[name]]))),
        )
        for place, name in enumerate(NAMES)
    ]
    assert payouts.root.root == root(bodies)
    assert (payouts.root.total, payouts.root.leaves) == (sum(UNITS.values()), len(NAMES))


def test_each_leaf_is_paid_once_after_the_window(chain, beside, attested, payouts, refused):
    with refused("in its window"):
        attested.send("claim", *payouts.claim("home-0"))
    chain.wait(beside.WINDOW)
    for name in NAMES:
        attested.send("claim", *payouts.claim(name), by=9)  # whoever claims, its account is paid
        attested.send("collect", chain.room.address, beside.EUR, id_of(name), by=9)
    with refused("claimed already"):
        attested.send("claim", *payouts.claim("home-4"))
    with refused("nothing owed"):
        attested.send("collect", chain.room.address, beside.EUR, id_of("home-4"))
    assert {name: chain.has(name) for name in NAMES} == UNITS
    assert chain.held_by(attested) == 0


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, id_of("other")),
        (1, what("payouts", "2026-04")),
        (2, id_of("usd")),
        (3, b"home-5"),
        (4, 5),
        (5, 105),
        (5, 2**63),
        (6, bytes(32)),
        (7, ()),
    ],
)
def test_a_claim_altered_in_any_part_is_refused(
    chain, beside, attested, payouts, refused, place, wrong
):
    chain.wait(beside.WINDOW)
    claim = list(payouts.claim("home-4"))
    claim[place] = wrong
    with refused("attested: "):
        attested.send("claim", *claim)
    assert chain.held_by(attested) == sum(UNITS.values())


def test_roots_need_a_quorum_of_attesters_and_count_once(chain, payouts, refused):
    where, digest = chain.attested, payouts.root.digest(chain.attested.domain())
    for keys, reason in (
        (chain.keys[:2], "no quorum"),
        (chain.keys[2:5], "not a member"),
    ):
        with refused(reason):
            where.send("attest", payouts.root, chain.signed(digest, keys))
    twice = chain.signed(digest, chain.keys[:2])
    with refused("order"):
        where.send("attest", payouts.root, [twice[0], *twice])
    elsewhere = payouts.root.digest(chain.escrow.domain())
    with refused("council"):
        where.send("attest", payouts.root, chain.signed(elsewhere))
    where.send("attest", payouts.root, chain.signed(digest, chain.keys[1:4]), by=7)
    with refused("there already"):
        where.send("attest", payouts.root, chain.signed(digest))


def forged(rows):
    """A root over leaves (account, index it states, units) at will, and its leaves opened."""
    salts = [bytes([number]) * 32 for number in range(len(rows))]
    bodies = [
        leaf(each, encode(LeafBody("payouts", account, "p", np.array([stated, units]))))
        for each, (account, stated, units) in zip(salts, rows, strict=True)
    ]
    tree = Tree(map(leaf_hash, bodies))
    shown = [
        Leaf(account.encode(), place, stated, units, salts[place], tree.inclusion(place))
        for place, (account, stated, units) in enumerate(rows)
    ]
    return tree.root(), shown


def named(made, total, count):
    from gridpact.contracts.canonical import keccak256

    kind = keccak256(what("payouts", "p"))
    return Root(id_of("operator"), kind, id_of("eur"), count, total, made)


def test_anybody_voids_a_root_with_two_leaves_of_one_index(chain, refused):
    made, shown = forged([("ann", 0, 5), ("bob", 1, 5), ("cid", 1, 5)])
    found, where = named(made, 15, 3), chain.attested
    chain.endow("operator", 15, 0)
    where.send("attest", found, chain.signed(found.digest(where.domain())))
    where.send("fund", *found[:3], id_of("operator"))
    disputed = found.subject, what("payouts", "p"), found.asset
    with refused("disproves nothing"):
        where.send("dispute", *disputed, shown[:2], by=8)
    with refused("no such leaf"):
        where.send("dispute", *disputed, [shown[2]._replace(stated=2)], by=8)
    where.send("dispute", *disputed, shown[1:], by=8)
    where.send("refund", *found[:3], by=8)
    assert chain.has("operator") == 15
    with refused("nothing to refund"):
        where.send("refund", *found[:3])


def test_a_right_leaf_shown_at_another_place_voids_nothing(chain, attested, payouts, refused):
    """The last of 11 leaves has the path of two left siblings that place 3 would have too."""
    last = payouts.leaf("home-10")
    disputed = payouts.root.subject, payouts.claim("home-10")[1], payouts.root.asset
    with refused("attested: path"):
        attested.send("dispute", *disputed, [last._replace(place=3)])
    with refused("disproves nothing"):
        attested.send("dispute", *disputed, [last])


def test_anybody_voids_a_root_whose_leaves_are_more_than_its_total(chain, beside, refused):
    made, shown = forged([("ann", 0, 5), ("bob", 1, 5), ("cid", 2, 6)])
    found, where = named(made, 10, 3), chain.attested
    where.send("attest", found, chain.signed(found.digest(where.domain())))
    disputed = found.subject, what("payouts", "p"), found.asset
    for some in (shown[:2], [shown[0], shown[0], shown[1]], [shown[2], shown[0]]):
        with refused("disproves nothing|order"):
            where.send("dispute", *disputed, some, by=8)
    where.send("dispute", *disputed, [shown[1], shown[2]], by=8)
    with refused("not to be funded"):
        where.send("fund", *found[:3], id_of("operator"))
    with refused("not there"):
        where.send("dispute", *disputed, shown[1:], by=8)


@pytest.mark.parametrize("void", [True, False])
def test_an_attester_objects_and_the_quorum_decides(
    chain, beside, attested, payouts, refused, void
):
    root_id = payouts.root.id
    with refused("not an attester"):
        attested.send("object", root_id, by=8)
    attested.send("object", root_id, by=3)
    chain.wait(beside.WINDOW + beside.LAPSE)
    for call in (
        lambda: attested.send("claim", *payouts.claim("home-1")),
        lambda: attested.send("refund", *payouts.root[:3]),
    ):
        with refused("not open|not to be refunded"):
            call()
    signed = chain.signed(decision(attested.domain(), root_id, void=void))
    with refused("council"):
        attested.send("decide", root_id, not void, signed)
    attested.send("decide", root_id, void, signed)
    with refused("nothing to decide"):
        attested.send("decide", root_id, void, signed)
    with refused("not there|window is over"):
        attested.send("object", root_id, by=3)
    if void:
        attested.send("refund", *payouts.root[:3])
        assert chain.has("operator") == payouts.root.total
    else:
        attested.send("claim", *payouts.claim("home-1"))
        assert attested.ask("owed", chain.room.address, beside.EUR, id_of("home-1")) == 101


def test_what_nobody_claims_goes_back_and_no_more_than_the_total_is_paid(
    chain, beside, attested, payouts, refused
):
    chain.wait(beside.WINDOW)
    attested.send("claim", *payouts.claim("home-10"))
    with refused("not to be refunded"):
        attested.send("refund", *payouts.root[:3])
    chain.wait(beside.LAPSE)
    attested.send("refund", *payouts.root[:3])
    assert chain.has("operator") == payouts.root.total - 110
    with refused("not open"):
        attested.send("claim", *payouts.claim("home-1"))
    attested.send("collect", chain.room.address, beside.EUR, id_of("home-10"))
    assert (chain.has("home-10"), chain.held_by(attested)) == (110, 0)


def test_more_than_the_total_is_never_paid(chain, beside, refused):
    """Nobody disputed a root whose leaves are more than its total: the deposit bounds it."""
    made, shown = forged([("ann", 0, 6), ("bob", 1, 6)])
    found, where = named(made, 10, 2), chain.attested
    chain.endow("operator", 10, 0)
    where.send("attest", found, chain.signed(found.digest(where.domain())))
    where.send("fund", *found[:3], id_of("operator"))
    chain.wait(beside.WINDOW)
    claims = [
        (found.subject, what("payouts", "p"), found.asset, *each[:1], *each[2:]) for each in shown
    ]
    where.send("claim", *claims[1])
    with refused("over the total"):
        where.send("claim", *claims[0])


def test_payouts_that_no_contract_takes_are_refused_with_every_fault():
    wrong = {"ann": 0, "bö": 5, "": 1, "x" * 65: 1}
    with pytest.raises(BadInput) as error:
        Payouts(("operator", "k" * 100, "p" * 100, "eur"), wrong, {"ann": bytes(32)})
    assert len(error.value.faults) == 8
    with pytest.raises(BadInput):
        Payouts(NAMED, {}, {})
