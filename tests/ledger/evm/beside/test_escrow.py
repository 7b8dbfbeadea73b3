"""Collateral is drawn on for what is owed, and trades are settled on both sides or on none."""

import pytest

from gridpact.ledger.evm.escrow import Trade, Unpaid
from gridpact.ledger.evm.words import id_of

MILL, PUB, ZOE, EUR, GO = (id_of(each) for each in ("mill", "pub", "zoe", "eur", "go-1"))


@pytest.fixture
def escrow(chain):
    """Mill (account 1) has 1000 Wh of a certificate, and so have mill and pub (2) of money."""
    chain.endow("mill", 1_000, 1)
    chain.endow("pub", 1_000, 2)
    chain.endow("mill", 1_000, 1, GO, chain.goods)
    return chain.escrow


@pytest.fixture
def trade(chain):
    return Trade(MILL, PUB, GO, 400, EUR, 30, chain.now() + 3_600, False, bytes(32))


def purses(chain):
    money = [chain.has(each) for each in ("mill", "pub", "zoe")]
    return *money, chain.held_by(chain.escrow), chain.has("pub", GO, chain.goods)


def draw(chain, unpaid, keys=None):
    signed = chain.signed(unpaid.digest(chain.escrow.domain()), keys)
    return chain.escrow.send("draw", *unpaid, signed, by=8)


def test_collateral_comes_back_after_notice_alone(chain, beside, escrow, refused):
    with refused("may not act"):
        escrow.send("lock", EUR, MILL, 500, by=2)
    with refused("not so much"):
        escrow.send("lock", EUR, MILL, 1_001, by=1)
    escrow.send("lock", EUR, MILL, 500, by=1)
    escrow.send("lock", EUR, MILL, 100, by=1)
    for units, by, reason in ((500, 2, "not the holder"), (601, 1, "not so much")):
        with refused(reason):
            escrow.send("give_notice", EUR, MILL, units, by=by)
    with refused("no notice"):
        escrow.send("take_back", EUR, MILL)
    escrow.send("give_notice", EUR, MILL, 600, by=1)
    escrow.send("give_notice", EUR, MILL, 200, by=1)  # in place of the first
    chain.wait(beside.NOTICE - 10)
    with refused("notice runs"):
        escrow.send("take_back", EUR, MILL)
    chain.wait(10)
    escrow.send("take_back", EUR, MILL)
    with refused("no notice"):
        escrow.send("take_back", EUR, MILL)
    assert purses(chain) == (600, 1_000, 0, 400, 0)


def test_what_is_unpaid_is_drawn_up_to_what_is_owed(chain, escrow, refused):
    escrow.send("lock", EUR, MILL, 100, by=1)
    escrow.send("give_notice", EUR, MILL, 100, by=1)
    unpaid = Unpaid(id_of("2026-03"), EUR, MILL, ZOE, 130)
    for keys in (chain.keys[:2], chain.keys[3:6]):
        with refused("council"):
            draw(chain, unpaid, keys)
    draw(chain, unpaid)
    assert purses(chain) == (900, 1_000, 100, 0, 0)
    with refused("no collateral"):
        draw(chain, unpaid)
    escrow.send("lock", EUR, MILL, 100, by=1)
    draw(chain, unpaid)
    with refused("nothing owed"):
        draw(chain, unpaid)
    draw(chain, unpaid._replace(units=140))  # a later run found that more was owed
    assert purses(chain) == (800, 1_000, 140, 60, 0)
    chain.wait(8 * 86_400)
    escrow.send("take_back", EUR, MILL)  # notice was for 100: what was drawn is gone
    assert purses(chain) == (860, 1_000, 140, 0, 0)


@pytest.mark.parametrize("seller_first", [True, False])
def test_a_certificate_and_its_price_change_hands_together(
    chain, escrow, trade, refused, seller_first
):
    steps = [("deliver", 1), ("pay", 2)][:: 1 if seller_first else -1]
    for function, by in steps:
        with refused("may not act"):
            escrow.send(function, trade, by=3)
        assert chain.has("mill") == 1_000
        escrow.send(function, trade, by=by)
        with refused("in already"):
            escrow.send(function, trade, by=by)
    assert purses(chain) == (1_030, 970, 0, 0, 400)
    chain.wait(7_200)
    with refused("nothing to refund"):
        escrow.send("refund", trade)
    assert escrow.ask("id_of", trade) == trade.id


@pytest.mark.parametrize(("function", "by"), [("deliver", 1), ("pay", 2)])
def test_one_part_alone_goes_back_after_the_deadline(chain, escrow, trade, refused, function, by):
    before = purses(chain)
    escrow.send(function, trade, by=by)
    with refused("in time yet"):
        escrow.send("refund", trade)
    chain.wait(3_600)
    other = ("pay", 2) if by == 1 else ("deliver", 1)
    with refused("too late"):
        escrow.send(other[0], trade, by=other[1])
    escrow.send("refund", trade, by=9)
    with refused("nothing to refund"):
        escrow.send("refund", trade)
    assert purses(chain) == before


def test_parties_that_mean_different_terms_do_not_meet(chain, escrow, trade):
    escrow.send("deliver", trade, by=1)
    escrow.send("pay", trade._replace(price=29), by=2)
    assert purses(chain) == (1_000, 971, 0, 29, 0)


def test_energy_is_paid_for_by_a_receipt_that_a_quorum_signed(chain, escrow, trade, refused):
    energy = trade._replace(goods=id_of("2026-03-15 feeder 7"), receipt=True)
    with refused("needs a receipt"):
        escrow.send("deliver", energy, by=1)
    with refused("needs no receipt"):
        escrow.send("acknowledge", trade, chain.signed(trade.received(escrow.domain())))
    escrow.send("pay", energy, by=2)
    signed = chain.signed(energy.received(escrow.domain()))
    with refused("not a member|order"):
        escrow.send("acknowledge", energy._replace(price=1), signed)
    escrow.send("acknowledge", energy, signed, by=9)
    assert purses(chain) == (1_030, 970, 0, 0, 0)


def test_a_receipt_that_nobody_paid_for_moves_nothing(chain, escrow, trade):
    energy = trade._replace(receipt=True)
    before = purses(chain)
    escrow.send("acknowledge", energy, chain.signed(energy.received(escrow.domain())))
    chain.wait(7_200)
    escrow.send("refund", energy)
    assert purses(chain) == before


def test_one_who_cannot_be_paid_holds_up_nobody_else(chain, escrow, trade, refused):
    escrow.send("deliver", trade, by=1)
    chain.room.send("bar", MILL, True)
    escrow.send("pay", trade, by=2)
    assert purses(chain) == (1_000, 970, 0, 30, 400)
    with refused("barred"):
        escrow.send("collect", chain.room.address, EUR, MILL)
    chain.room.send("bar", MILL, False)
    escrow.send("collect", chain.room.address, EUR, MILL, by=9)
    with refused("nothing owed"):
        escrow.send("collect", chain.room.address, EUR, MILL)
    assert purses(chain) == (1_030, 970, 0, 0, 400)
