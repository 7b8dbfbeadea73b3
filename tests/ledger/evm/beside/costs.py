"""What operations of the contracts beside the ledger take, for ../gas.py."""

import importlib.util
from pathlib import Path

from gridpact.contracts.canonical import keccak256
from gridpact.ledger.evm.attested import Payouts, Root, decision
from gridpact.ledger.evm.channels import Channel, Update
from gridpact.ledger.evm.escrow import Trade, Unpaid
from gridpact.ledger.evm.shards import Epoch, Shard
from gridpact.ledger.evm.typed import digest
from gridpact.ledger.evm.vaults import Brought, Sent, registration
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.leaves import demonstration_secrets
from gridpact.ledger.merkle import node_hash

MILL, PUB, EUR, GO = (id_of(each) for each in ("mill", "pub", "eur", "go-1"))


def costs():
    """Yield each operation's name and gas."""
    spec = importlib.util.spec_from_file_location("c", Path(__file__).with_name("chain.py"))
    beside = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(beside)
    chain = beside.Chain()
    for contract in (chain.attested, chain.escrow, chain.channels, chain.shards):
        yield f"{contract.name}: deployment", contract.made["gas_used"]
    for name, account in (("mill", 5), ("pub", 6), ("operator", 4)):
        chain.endow(name, 10**9, account)
    chain.endow("mill", 10**9, 5, GO, chain.goods)
    for part in (attested, deep, escrow, channels, shards, vault):
        for name, receipt in part(chain, beside):
            yield name, receipt["gas_used"]


def attested(chain, beside):
    where, names = chain.attested, [f"home-{number:04}" for number in range(1_024)]
    secrets = demonstration_secrets(1, names)
    units = dict.fromkeys(names, 5)
    first, second = (Payouts(("operator", "p", at, "eur"), units, secrets) for at in ("1", "2"))
    for number, made in enumerate((first, second)):
        signed = chain.signed(made.root.digest(where.domain()))
        receipt = where.send("attest", made.root, signed)
        if not number:
            yield "Attested.attest, 3 signatures, 1,024 leaves", receipt
        receipt = where.send("fund", *made.root[:3], id_of("operator"), by=4)
        if number:
            yield "Attested.fund", receipt
    yield "Attested.object", where.send("object", second.root.id, by=1)
    signed = chain.signed(decision(where.domain(), second.root.id, void=False))
    yield "Attested.decide", where.send("decide", second.root.id, False, signed)
    chain.wait(beside.WINDOW)
    for made, account, note in (
        (first, "home-0001", ", new account, first of its 256 leaves"),
        (first, "home-0002", ", new account"),
        (second, "home-0001", ", first of its 256 leaves"),
        (second, "home-0002", ""),
    ):
        yield f"Attested.claim, 1,024 leaves{note}", where.send("claim", *made.claim(account))
    room = chain.room.address
    yield "Attested.collect", where.send("collect", room, EUR, id_of("home-0001"))
    chain.wait(beside.LAPSE)
    yield "Attested.refund", where.send("refund", *first.root[:3])


def deep(chain, beside):
    """A tree of 65,536 leaves of which two are known; the rest are hashes at will."""
    where, accounts = chain.attested, ["home-0001", "home-0002"]
    secrets = demonstration_secrets(1, accounts)
    two = Payouts(("operator", "p", "3", "eur"), dict.fromkeys(accounts, 5), secrets)
    rest = tuple(bytes([level]) * 32 for level in range(1, 16))
    top = two.tree.root()
    for sibling in rest:
        top = node_hash(top, sibling)
    made = Root(*two.root[:3], 65_536, 10, top)
    signed = chain.signed(made.digest(where.domain()))
    yield "Attested.attest, 3 signatures, 65,536 leaves", where.send("attest", made, signed)
    where.send("fund", *made[:3], id_of("operator"), by=4)
    chain.wait(beside.WINDOW)
    for account, note in zip(accounts, (", first of its 256 leaves", ""), strict=True):
        *claim, path = two.claim(account)
        receipt = where.send("claim", *claim, path + rest)
        if not note:
            yield "Attested.claim, 65,536 leaves", receipt


def escrow(chain, beside):
    where = chain.escrow
    yield "Escrow.lock, new", where.send("lock", EUR, MILL, 500, by=5)
    yield "Escrow.lock, more", where.send("lock", EUR, MILL, 500, by=5)
    yield "Escrow.give_notice", where.send("give_notice", EUR, MILL, 200, by=5)
    unpaid = Unpaid(id_of("2026-03"), EUR, MILL, PUB, 50)
    signed = chain.signed(unpaid.digest(where.domain()))
    yield "Escrow.draw, 3 signatures", where.send("draw", *unpaid, signed)
    chain.wait(beside.NOTICE)
    yield "Escrow.take_back", where.send("take_back", EUR, MILL)
    until = chain.now() + 3_600
    trade = Trade(MILL, PUB, GO, 400, EUR, 30, until, False, bytes(32))
    yield "Escrow.deliver", where.send("deliver", trade, by=5)
    yield "Escrow.pay, settles", where.send("pay", trade, by=6)
    energy, late = trade._replace(receipt=True), trade._replace(price=31)
    where.send("pay", energy, by=6)
    signed = chain.signed(energy.received(where.domain()))
    yield "Escrow.acknowledge, settles", where.send("acknowledge", energy, signed)
    where.send("pay", late, by=6)
    chain.wait(7_200)
    yield "Escrow.refund", where.send("refund", late)


def channels(chain, beside):
    where, separator = chain.channels, chain.channels.domain().separator
    keys = chain.keys[5:7]
    ends = MILL, PUB, keys[0].address, keys[1].address, EUR
    one = Channel(*ends, 300, 0, 3_600, bytes(32))
    where.send("open", one.row, beside.NONE, by=5)
    both = Channel(*ends, 300, 200, 3_600, bytes(32))
    signature = beside.one(keys[1].sign(digest(separator, both.id)))
    yield "Channels.open, both pay in", where.send("open", both.row, signature, by=5)
    third = Channel(*ends, 300, 0, 3_600, keccak256(b"third"))
    yield "Channels.open, one pays in", where.send("open", third.row, beside.NONE, by=5)
    update = Update(one.id, 1, 100, 200)
    signed = [beside.one(key.sign(update.closing(separator))) for key in keys]
    yield "Channels.close", where.send("close", one.row, 100, 200, signed)
    for number, (function, by) in enumerate((("leave", 5), ("challenge", 6)), 1):
        update = Update(both.id, number, 100, 400)
        other = beside.one(keys[2 - number].sign(update.digest(separator)))
        receipt = where.send(function, both.row, *update[1:], other, by=by)
        yield f"Channels.{function}", receipt
    chain.wait(3_600)
    yield "Channels.finish", where.send("finish", both.row)


def shards(chain, beside):
    where = chain.shards
    for number in (1, 2):
        heads = [Shard(f"lane-{at}", number, bytes([number]) * 32, bytes(32)) for at in range(16)]
        (batch,) = Epoch(number, heads).batches()
        signed = chain.signed(batch.digest(where.domain()))
        note = ("16 new communities", "16 communities")[number - 1]
        yield f"Shards.anchor, {note}", where.send("anchor", batch.rows, True, signed)
    struct = keccak256(
        keccak256(b"Govern(uint256 act,address member,uint256 quorum,uint256 nonce)")
        + (1).to_bytes(32, "big") + bytes(96)
    )  # fmt: skip
    signed = chain.signed(digest(where.domain().separator, struct))
    yield "Council.govern, pause", where.send("govern", 1, bytes(20), 0, signed)


def vault(chain, beside):
    """With the plain room in place of a ledger."""
    front = bytes.fromhex(chain.room.address[2:])
    chain.room.send("bind", MILL, chain.keys[5].address)
    chain.endow("vault", 10**6, 4)
    where = chain.deploy("Vault", chain.members, 3, bytes(20), front, 4, id_of("vault"))
    yield "Vault: deployment", where.made

    def signed(made):
        return chain.signed(made.digest(where.domain()))

    contract = front
    agreed = chain.signed(registration(where.domain(), contract))
    yield "Vault.register, 3 signatures", where.send("register", contract, agreed)
    for entry, note in ((7, "new"), (8, "more")):
        brought = Brought(EUR, MILL, 100, entry)
        receipt = where.send("bring", *brought, signed(brought))
        yield f"Vault.bring, 3 signatures, {note}", receipt
    yield "Vault.take_out", where.send("take_out", EUR, MILL, 50, by=5)
    sent = Sent(1, 9)
    yield "Vault.sent, 3 signatures", where.send("sent", *sent, signed(sent))
