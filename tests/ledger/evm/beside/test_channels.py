"""Channels on the chain: two operations for any number of payments, and the later update stands."""

import pytest

from gridpact.ledger.evm.channels import Channel
from gridpact.ledger.evm.tills import Till
from gridpact.ledger.evm.typed import digest
from gridpact.ledger.evm.words import id_of

EUR, CAR, POLE = id_of("eur"), id_of("car"), id_of("pole")
HOUR = 3_600


@pytest.fixture
def terms(chain):
    """Car (account 1) pays in 600 and pole (2) 100."""
    chain.endow("car", 1_000, 1)
    chain.endow("pole", 1_000, 2)
    keys = chain.keys[1].address, chain.keys[2].address
    return Channel(CAR, POLE, *keys, EUR, 600, 100, HOUR, bytes(32))


@pytest.fixture
def opened(chain, beside, terms):
    signed = chain.keys[2].sign(digest(chain.channels.domain().separator, terms.id))
    chain.channels.send("open", terms.row, beside.one(signed), by=1)
    return terms


@pytest.fixture
def tills(chain, opened, tmp_path):
    found = []
    for number in (1, 2):
        till = Till(tmp_path / f"{number}.journal", chain.keys[number], chain.channels.domain())
        till.open(opened)
        found.append(till)
    yield found
    for till in found:
        till.close()


@pytest.fixture
def show(chain, beside, opened):
    def call(function, signed, by):
        update, signature = signed
        arguments = update.sequence, update.first, update.second, beside.one(signature)
        return chain.channels.send(function, opened.row, *arguments, by=by)

    return call


def pay(giver, taker, channel, *units):
    """Pay several times; the updates that were taken."""
    found = []
    for each in units:
        (given,) = giver.pay({channel.id: each})
        assert taker.receive([given]) == [given]
        found.append(given)
    return found


def purses(chain):
    return chain.has("car"), chain.has("pole"), chain.held_by(chain.channels)


def test_many_payments_take_two_operations(chain, beside, opened, tills):
    car, pole = tills
    assert chain.channels.ask("id_of", opened.row) == opened.id
    pay(car, pole, opened, *[1] * 20)
    pay(pole, car, opened, 5)
    (update, first), (same, second) = car.closing(opened.id), pole.closing(opened.id)
    assert update == same
    before = chain.tester.get_block_by_number("latest")["number"]
    signatures = [beside.one(first), beside.one(second)]
    chain.channels.send("close", opened.row, update.first, update.second, signatures, by=9)
    assert chain.tester.get_block_by_number("latest")["number"] == before + 1
    assert purses(chain) == (1_000 - 15, 1_000 + 15, 0)


def test_only_the_first_party_opens_with_the_seconds_consent_to_pay_in(
    chain, beside, terms, refused
):
    sign = chain.keys[2].sign
    right = beside.one(sign(digest(chain.channels.domain().separator, terms.id)))
    wrong = beside.one(sign(terms.id))
    for row, signature, by, reason in (
        (terms.row, right, 2, "not the first party"),
        (terms.row, wrong, 1, "signature"),
        ((*terms.row[:6], 101, *terms.row[7:]), right, 1, "signature"),
        ((*terms.row[:7], 59, terms.row[8]), right, 1, "period"),
        ((*terms.row[:5], 0, 0, *terms.row[7:]), right, 1, "nothing"),
        ((*terms.row[:3], terms.row[2], *terms.row[4:]), right, 1, "one party"),
        ((*terms.row[:3], bytes(20), *terms.row[4:]), right, 1, "no second party"),
        ((POLE, *terms.row[1:]), right, 1, "may not act"),
        ((*terms.row[:5], 1_001, *terms.row[6:]), right, 1, "not so much"),
    ):
        with refused(reason):
            chain.channels.send("open", row, signature, by=by)
    chain.channels.send("open", terms.row, right, by=1)
    with refused("opened before"):
        chain.channels.send("open", terms.row, right, by=1)
    chain.channels.send("open", (*terms.row[:5], 400, 0, *terms.row[7:]), beside.NONE, by=1)
    assert purses(chain) == (0, 900, 1_100)


def test_both_must_sign_the_end_and_it_comes_once(chain, beside, opened, tills, refused):
    car, pole = tills
    (paid,) = pay(car, pole, opened, 50)
    (update, first), (_, second) = car.closing(opened.id), pole.closing(opened.id)
    right = [beside.one(first), beside.one(second)]
    row, where = opened.row, chain.channels
    for units, signatures, reason in (
        ((550, 150), right[::-1], "signature"),
        ((550, 150), [right[0], right[0]], "signature"),
        ((550, 150), [beside.one(paid.signature), right[1]], "signature"),
        ((551, 149), right, "signature"),
        ((551, 150), right, "sum"),
        ((2**256 - 1, 701), right, "."),
    ):
        with refused(reason):
            where.send("close", row, *units, signatures)
    where.send("close", row, update.first, update.second, right)
    with refused("not open"):
        where.send("close", row, update.first, update.second, right)
    assert purses(chain) == (950, 1_050, 0)


def test_who_shows_a_stale_update_is_answered_with_the_later(chain, opened, tills, show, refused):
    car, pole = tills
    pay(car, pole, opened, 10)
    (stale,) = pay(pole, car, opened, 1)
    *_, last = pay(car, pole, opened, 100, 200)
    with refused("nobody leaves"):
        show("challenge", last, by=2)
    with refused("not a party"):
        show("leave", stale, by=3)
    with refused("signature"):
        show("leave", last, by=1)  # it is car's own, so pole has not agreed to it
    show("leave", stale, by=1)
    with refused("not open"):
        show("leave", stale, by=1)
    with refused("period runs"):
        chain.channels.send("finish", opened.row)
    with refused("stale"):
        show("challenge", stale, by=1)
    show("challenge", last, by=2)
    with refused("stale"):
        show("challenge", last, by=2)
    chain.wait(HOUR)
    with refused("period is over"):
        show("challenge", last, by=2)
    chain.channels.send("finish", opened.row, by=9)
    with refused("nobody leaves"):
        chain.channels.send("finish", opened.row)
    assert purses(chain) == (691, 1_309, 0)


def test_a_party_whose_other_is_gone_leaves_with_the_deposits(
    chain, beside, opened, tills, show, refused
):
    begun = opened.begun()
    for by, units, reason in ((1, (601, 99), "sum"), (3, (600, 100), "not a party")):
        with refused(reason):
            chain.channels.send("leave", opened.row, 0, *units, beside.NONE, by=by)
    chain.channels.send("leave", opened.row, 0, begun.first, begun.second, beside.NONE, by=2)
    (paid,) = pay(tills[0], tills[1], opened, 7)
    show("challenge", paid, by=2)
    chain.wait(HOUR)
    chain.channels.send("finish", opened.row)
    assert purses(chain) == (993, 1_007, 0)


def test_leaving_parties_can_still_agree_on_the_end(chain, beside, opened, tills, show):
    car, pole = tills
    (paid,) = pay(car, pole, opened, 7)
    show("leave", paid, by=2)
    (update, first), (_, second) = car.closing(opened.id), pole.closing(opened.id)
    signatures = [beside.one(first), beside.one(second)]
    chain.channels.send("close", opened.row, update.first, update.second, signatures)
    assert purses(chain) == (993, 1_007, 0)


def test_a_party_that_cannot_be_paid_holds_up_only_its_own(chain, beside, opened, tills):
    chain.room.send("bar", POLE, True)
    (update, first), (_, second) = tills[0].closing(opened.id), tills[1].closing(opened.id)
    signatures = [beside.one(first), beside.one(second)]
    chain.channels.send("close", opened.row, update.first, update.second, signatures)
    assert purses(chain) == (1_000, 900, 100)
    chain.room.send("bar", POLE, False)
    chain.channels.send("collect", chain.room.address, EUR, POLE)
    assert purses(chain) == (1_000, 1_000, 0)
