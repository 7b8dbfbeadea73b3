"""Calldata at random, and real calls changed at random, move no money whoever sends them."""

import random

import pytest

from gridpact.ledger.evm.attested import Payouts
from gridpact.ledger.evm.channels import Channel, Update
from gridpact.ledger.evm.escrow import Trade, Unpaid
from gridpact.ledger.evm.shards import Epoch, Shard
from gridpact.ledger.evm.vaults import Brought, Sent, registration
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.leaves import demonstration_secrets

MILL, PUB, EUR, GO = (id_of(each) for each in ("mill", "pub", "eur", "go-1"))
STRANGERS = [0, 1, 2, 3, 7, 8, 9]
"""The council's own keys and others; 5 and 6 are the parties'."""


@pytest.fixture
def calls(chain, beside):
    """Money in every contract, and calls that would move it: (contract, function, arguments)."""
    chain.endow("mill", 1_000, 5)
    chain.endow("pub", 1_000, 6)
    chain.endow("mill", 1_000, 5, GO, chain.goods)
    vault = chain.vault = chain.vaulted({"mill": 5, "pub": 6})
    others = [*attested(chain), *escrow(chain), *channels(chain, beside), *shards(chain)]
    return [*others, *vaulted(chain, vault)]


def attested(chain):
    where = chain.attested
    names = ("operator", "payouts", "2026-03", "eur")
    payouts = Payouts(names, {"mill": 70, "pub": 30}, demonstration_secrets(1, ["mill", "pub"]))
    chain.endow("operator", 100, 4)
    signed = chain.signed(payouts.root.digest(where.domain()))
    where.send("attest", payouts.root, signed)
    where.send("fund", *payouts.root[:3], id_of("operator"), by=4)
    disputed = payouts.root.subject, payouts.claim("pub")[1], payouts.root.asset
    yield where, "attest", (payouts.root, signed)
    yield where, "fund", (*payouts.root[:3], id_of("operator"))
    yield where, "claim", payouts.claim("pub")
    yield where, "dispute", (*disputed, [payouts.leaf("mill"), payouts.leaf("pub")])
    yield where, "decide", (payouts.root.id, True, signed)
    yield where, "refund", payouts.root[:3]
    yield where, "collect", (chain.room.address, EUR, PUB)


def escrow(chain):
    where = chain.escrow
    where.send("lock", EUR, MILL, 500, by=5)
    where.send("give_notice", EUR, MILL, 200, by=5)
    trade = Trade(MILL, PUB, GO, 400, EUR, 30, chain.now() + 10**6, False, bytes(32))
    where.send("pay", trade, by=6)
    unpaid = Unpaid(id_of("2026-03"), EUR, MILL, PUB, 50)
    signed = chain.signed(unpaid.digest(where.domain()), chain.keys[:2])
    energy = trade._replace(receipt=True)
    where.send("pay", energy, by=6)
    yield where, "lock", (EUR, MILL, 100)
    yield where, "give_notice", (EUR, MILL, 100)
    yield where, "take_back", (EUR, MILL)
    yield where, "draw", (*unpaid, signed)
    yield where, "deliver", (trade,)
    yield (
        where,
        "acknowledge",
        (energy, chain.signed(energy.received(where.domain()), chain.keys[:2])),
    )
    yield where, "pay", (trade._replace(price=31),)
    yield where, "refund", (trade,)
    yield where, "govern", (3, bytes(20), 0, signed)


def channels(chain, beside):
    where = chain.channels
    keys = chain.keys[5].address, chain.keys[6].address
    terms = Channel(MILL, PUB, *keys, EUR, 300, 0, 3_600, bytes(32))
    where.send("open", terms.row, beside.NONE, by=5)
    update = Update(terms.id, 1, 0, 300)
    one = beside.one(chain.keys[5].sign(update.digest(where.domain().separator)))
    yield where, "open", ((*terms.row[:8], b"\x01" * 32), beside.NONE)
    yield where, "close", (terms.row, 0, 300, [one, one])
    yield where, "leave", (terms.row, 1, 0, 300, one)
    yield where, "challenge", (terms.row, 1, 0, 300, one)
    yield where, "finish", (terms.row,)


def shards(chain):
    (batch,) = Epoch(1, [Shard("lane", 5, bytes(32), bytes(32))]).batches()
    signed = chain.signed(batch.digest(chain.shards.domain()), chain.keys[:2])
    yield chain.shards, "anchor", (batch.rows, True, signed)


def vaulted(chain, vault):
    """Units of mill and pub in the vault, some of them on their way out, some held."""
    chain.endow("vault", 500, 4)
    domain, few = vault.domain(), chain.keys[:2]
    goods = bytes.fromhex(chain.goods.address[2:])
    other = bytes.fromhex(chain.escrow.address[2:])
    vault.send("register", goods, chain.signed(registration(domain, goods)))
    come = Brought(EUR, MILL, 300, 1)
    whole = chain.signed(come.digest(domain))
    vault.send("bring", *come, whole)
    vault.send("take_out", EUR, MILL, 50, by=5)
    vault.send("take_out", EUR, MILL, 40, by=5)
    gone = Sent(1, 2)
    yield vault, "register", (other, chain.signed(registration(domain, other), few))
    yield vault, "bring", (*come, whole)
    for more in (Brought(EUR, PUB, 100, 3), Brought(EUR, PUB, 1, 1), come):
        yield vault, "bring", (*more, chain.signed(more.digest(domain), few))
    for number in (1, 2):
        signed = chain.signed(Sent(number, 4).digest(domain), few)
        yield vault, "sent", (number, 4, signed)
    signed = chain.signed(gone.digest(domain))
    vault.send("sent", *gone, signed)
    yield vault, "sent", (*gone, signed)
    yield vault, "take_out", (EUR, MILL, 10)
    yield vault, "hold", (EUR, MILL, chain.keys[5].address, 10)
    yield vault, "release", (EUR, MILL, 10)
    yield vault, "govern", (3, bytes(20), 0, signed)


def in_vault(chain):
    """What the vault says of everybody, of contracts, and of itself."""
    contracts = (chain.attested, chain.escrow, chain.channels, chain.shards, chain.goods)
    places = [bytes.fromhex(each.address[2:]) for each in contracts]
    holders = [
        MILL,
        PUB,
        id_of("vault"),
        id_of("operator"),
        *(each.rjust(32, b"\0") for each in places),
    ]
    holders += [each.address.rjust(32, b"\0") for each in chain.keys]
    ask = chain.vault.ask
    found = [ask("balance_of", asset, each) for asset in (EUR, GO) for each in holders]
    found += [ask("registered", each) for each in places]
    found += [ask("used", entry) for entry in range(5)]
    return [*found, ask("total", EUR), ask("total", GO), ask("taken_out"), ask("stage")]


def money(chain):
    """What everybody has, what contracts hold, and what they owe."""
    contracts = (chain.attested, chain.escrow, chain.channels)
    people = ("mill", "pub", "operator", *(each.address.rjust(32, b"\0") for each in chain.keys))
    found = [chain.has(each) for each in people]
    found += [chain.has(each, GO, chain.goods) for each in people[:2]]
    found += [chain.held_by(each) for each in contracts]
    found += [
        each.ask("owed", chain.room.address, EUR, holder)
        for each in contracts
        for holder in (MILL, PUB)
    ]
    return found, [each.ask("stage") for each in (*contracts, chain.shards)], in_vault(chain)


def mutated(data, draw):
    """Change a call: flip a bit, cut it, swap two words, repeat one, or set one to an extreme."""
    made, kind = bytearray(data), draw.randrange(5)
    place = draw.randrange(len(made))
    word = 4 + 32 * draw.randrange((len(made) - 4) // 32)
    if kind == 0:
        made[place] ^= 1 << draw.randrange(8)
    elif kind == 1:
        del made[place:]
    elif kind == 2:
        other = 4 + 32 * draw.randrange((len(made) - 4) // 32)
        made[word : word + 32], made[other : other + 32] = (
            made[other : other + 32],
            made[word : word + 32],
        )
    elif kind == 3:
        made[word:word] = made[word : word + 32]
    else:
        made[word : word + 32] = draw.choice([bytes(32), b"\xff" * 32, bytes(31) + b"\x01"])
    return bytes(made)


def at_random(calls, draw):
    """A selector with random words, or random bytes alone."""
    where = draw.choice(calls)[0]
    words = draw.randbytes(32 * draw.randrange(12))
    selector = draw.choice(list(where.kind.functions.values())).selector
    return where, (selector if draw.random() < 0.9 else draw.randbytes(4)) + words


def fuzz(chain, beside, calls, count, seed):
    """Send what does not revert; how many calls did not."""
    draw, passed = random.Random(seed), 0  # noqa: S311
    for _ in range(count):
        if draw.random() < 0.8:
            where, function, arguments = draw.choice(calls)
            data = where.kind.data(function, *arguments)
            data = mutated(data, draw) if draw.random() < 0.9 else data
        else:
            where, data = at_random(calls, draw)
        by = draw.choice(STRANGERS)
        try:
            chain.call(by, where.address, data)
            chain.send(by, where.address, data)
        except beside.Refused:
            continue
        passed += 1
    return passed


@pytest.mark.parametrize(("count", "seed"), [(80, 1), pytest.param(600, 2, marks=pytest.mark.slow)])
def test_no_calldata_moves_money_or_stops_a_contract(chain, beside, calls, count, seed):
    before = money(chain)
    passed = fuzz(chain, beside, calls, count, seed)
    assert money(chain) == before
    assert passed  # views, and what an attester or anybody may do


def test_the_fuzz_sees_money_move_where_it_may(chain, beside, calls):
    """The same calls by whom they are for do move money: what is watched is what counts."""
    before = money(chain)
    trade = next(arguments for _, function, arguments in calls if function == "deliver")
    chain.escrow.send("deliver", *trade, by=5)
    assert money(chain) != before
    middle = money(chain)
    chain.wait(beside.WINDOW)
    claim = next(arguments for _, function, arguments in calls if function == "claim")
    chain.attested.send("claim", *claim, by=9)
    assert money(chain) != middle
    last = money(chain)
    chain.vault.send("take_out", EUR, MILL, 10, by=5)
    assert money(chain) != last
