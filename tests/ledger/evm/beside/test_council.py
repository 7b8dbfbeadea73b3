"""A council decides by signatures, each decision once; contracts stop and are replaced."""

import pytest

from gridpact.contracts.canonical import keccak256
from gridpact.ledger.evm.escrow import Trade
from gridpact.ledger.evm.typed import digest, words
from gridpact.ledger.evm.words import id_of

PAUSE, RESUME, RETIRE, ADD, REMOVE, QUORUM = range(1, 7)
GOVERN = keccak256(b"Govern(uint256 act,address member,uint256 quorum,uint256 nonce)")
NOBODY = bytes(20)


@pytest.fixture
def govern(chain):
    def carry_out(where, act, member=NOBODY, quorum=0, keys=None, nonce=None):
        number = where.ask("nonce") if nonce is None else nonce
        struct = keccak256(GOVERN + words(act, member, quorum, number))
        signed = chain.signed(digest(where.domain().separator, struct), keys)
        return where.send("govern", act, member, quorum, signed, by=9)

    return carry_out


def test_members_come_and_go_and_the_quorum_stays_within_them(chain, govern, refused):
    where, new = chain.escrow, chain.keys[6]
    govern(where, ADD, new.address, 4)
    assert [where.ask(each) for each in ("members", "quorum", "nonce")] == [5, 4, 1]
    with refused("no quorum"):
        govern(where, REMOVE, new.address, 3)
    four = [*chain.council[:3], new]
    for act, member, quorum in (
        (ADD, new.address, 4),
        (ADD, NOBODY, 4),
        (REMOVE, chain.keys[7].address, 4),
        (REMOVE, new.address, 5),
        (QUORUM, NOBODY, 0),
        (QUORUM, new.address, 2),
        (PAUSE, new.address, 0),
        (RESUME, NOBODY, 0),
        (7, NOBODY, 3),
        (0, NOBODY, 0),
    ):
        with refused("council: "):
            govern(where, act, member, quorum, four)
    govern(where, REMOVE, chain.council[0].address, 3, four)
    with refused("not a member"):
        govern(where, PAUSE)
    govern(where, PAUSE, keys=[*chain.council[1:3], new])
    assert where.ask("stage") == 1


def test_a_decision_counts_once_and_in_one_contract(chain, govern, refused):
    govern(chain.escrow, PAUSE, nonce=0)
    govern(chain.escrow, RESUME)
    with refused("not a member|order"):
        govern(chain.escrow, PAUSE, nonce=0)
    struct = keccak256(GOVERN + words(PAUSE, NOBODY, 0, 0))
    elsewhere = chain.signed(digest(chain.escrow.domain().separator, struct))
    with refused("not a member|order"):
        chain.channels.send("govern", PAUSE, NOBODY, 0, elsewhere)


def test_the_ledger_that_was_named_decides_without_signatures(chain, beside, refused):
    room = bytes.fromhex(chain.room.address[2:])
    ledger = chain.keys[8].address
    where = chain.deploy("Channels", chain.members, 3, ledger, room)
    with refused("no quorum"):
        where.send("govern", PAUSE, NOBODY, 0, [], by=7)
    where.send("govern", PAUSE, NOBODY, 0, [], by=8)
    assert where.ask("stage") == 1
    with refused("no quorum"):  # where none was named, the zero address decides nothing
        chain.channels.send("govern", PAUSE, NOBODY, 0, [])


@pytest.mark.parametrize(
    ("members", "quorum"), [([0, 1], 3), ([0, 1], 0), ([0, 0], 1), ([], 0), ([None], 1)]
)
def test_a_council_that_cannot_decide_is_not_deployed(chain, beside, members, quorum):
    keys = [NOBODY if each is None else chain.keys[each].address for each in members]
    with pytest.raises(beside.Refused):
        chain.deploy("Shards", keys, quorum, NOBODY, NOBODY)


def test_a_retired_escrow_gives_everything_back_and_its_successor_takes_it(
    chain, beside, govern, refused
):
    """The rehearsal: collateral and half a trade are in when the contract is replaced."""
    old, eur = chain.escrow, beside.EUR
    for name, account in (("mill", 1), ("pub", 2)):
        chain.endow(name, 1_000, account)
    old.send("lock", eur, id_of("mill"), 700, by=1)
    trade = Trade(
        *(id_of(each) for each in ("mill", "pub", "go-1")),
        5, eur, 300, chain.now() + 10**6, False, bytes(32),
    )  # fmt: skip
    old.send("pay", trade, by=2)
    govern(old, PAUSE)
    for call in (
        lambda: old.send("lock", eur, id_of("mill"), 1, by=1),
        lambda: old.send("pay", trade._replace(price=1), by=2),
    ):
        with refused("stopped"):
            call()
    govern(old, RETIRE)
    with refused("retired"):
        govern(old, RESUME)
    room, goods = (bytes.fromhex(each.address[2:]) for each in (chain.room, chain.goods))
    new = chain.deploy("Escrow", chain.members, 3, NOBODY, room, goods, beside.NOTICE)
    chain.room.send("register", new.address)
    old.send("refund", trade)  # long before its deadline
    old.send("give_notice", eur, id_of("mill"), 700, by=1)
    with refused("notice runs"):
        old.send("take_back", eur, id_of("mill"))
    chain.wait(beside.NOTICE)
    old.send("take_back", eur, id_of("mill"))
    new.send("lock", eur, id_of("mill"), 700, by=1)
    new.send("pay", trade, by=2)
    assert (chain.held_by(old), chain.held_by(new)) == (0, 1_000)
    assert (chain.has("mill"), chain.has("pub")) == (300, 700)
