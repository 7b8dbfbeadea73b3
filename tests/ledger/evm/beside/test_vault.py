"""Tokens of a ledger in the contracts beside it: on a ledger whose Tokens.vy is the real one."""

import pytest

from gridpact.agreements.keys import WalletKey
from gridpact.ledger.acts import drafted
from gridpact.ledger.evm.escrow import Trade, Unpaid
from gridpact.ledger.evm.signing import signed
from gridpact.ledger.evm.vaults import Brought, Sent, registration
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.kinds.certificates import CertificateIssued, CertificateTransferred
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.money import TokensMinted, TokensTransferred
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.port import Receipt

AT, EUR, MILL, PUB = 1_000, id_of("eur"), id_of("mill"), id_of("pub")
NAMES = ("mill", "pub", "vault", "operator")


@pytest.fixture
def act(lane, chains):
    """Commits what somebody does; the place of its first entry."""
    lane.rewind()
    ledger = lane.ledger()
    key = chains.key_of("auth-a")
    founded = LedgerFounded((("auth-a", key.public.raw),), 1, 300)
    assert isinstance(ledger.commit("found", [founded], AT), Receipt)

    def commit(name, sequence, *entries):
        draft = drafted((name,), entries, sequence=sequence, at=AT, why="as agreed")
        block = [signed(draft, ledger.genesis, name, chains.key_of(name), entries), *entries]
        receipt = ledger.commit(f"{name}/{sequence}", block, AT)
        assert isinstance(receipt, Receipt), receipt
        return receipt.first_index + 1

    commit.ledger = ledger
    roles = [ParticipantAuthorised(name, "prosumer") for name in NAMES[:3]]
    keys = [KeyBound(name, chains.key_of(name).public.raw) for name in ("mill", "pub", "operator")]
    commit("auth-a", 1, *roles, ParticipantAuthorised("operator", "operator"), *keys)
    mints = [TokensMinted("eur", name, 1_000, f"in/{name}") for name in ("mill", "pub")]
    commit("operator", 1, *mints)
    yield commit
    ledger.close()


@pytest.fixture
def around(lane, chains, beside, act):
    """The lane's chain with a vault and an escrow; accounts 3 and 4 are mill's and pub's."""
    keys = [WalletKey(bytes([number]) * 32) for number in (1, 2, 3)]
    keys += [chains.key_of(name).wallet for name in ("mill", "pub")]
    tester = lane.tester
    known = set(tester.get_accounts())
    for key in keys:
        lane.fund(key.address)
    chain = beside.Chain.over(tester, keys)
    chain.council = keys[:3]
    chain.members = [key.address for key in keys[:3]]
    for each, secret in zip(chain.accounts, secrets(chains), strict=True):
        if each not in known:
            tester.add_account("0x" + secret.hex())
    own = (chain.members, 3, beside.NOBODY)
    chain.vault = chain.deploy("Vault", *own, lane.deployed.front, 4, id_of("vault"))
    place = bytes.fromhex(chain.vault.address[2:])
    chain.escrow = chain.deploy("Escrow", *own, place, place, beside.NOTICE)
    contract = bytes.fromhex(chain.escrow.address[2:])
    agreed = chain.signed(registration(chain.vault.domain(), contract))
    chain.vault.send("register", contract, agreed)
    return chain


def secrets(chains):
    return [bytes([n]) * 32 for n in (1, 2, 3)] + [chains.secret_of(n) for n in ("mill", "pub")]


def bring(chain, brought, vault=None):
    where = vault or chain.vault
    return where.send("bring", *brought, chain.signed(brought.digest(where.domain())))


def test_tokens_of_the_ledger_are_collateral_and_come_back(chains, act, around, refused):
    chain, vault, escrow = around, around.vault, around.escrow
    entry = act("operator", 2, TokensTransferred("eur", "mill", "vault", 400))
    with refused("not on the ledger"):
        bring(chain, Brought(EUR, MILL, 401, entry))
    bring(chain, Brought(EUR, MILL, 400, entry))
    with refused("vault: entry"):
        bring(chain, Brought(EUR, MILL, 400, entry))
    with refused("not on the ledger"):
        bring(chain, Brought(EUR, MILL, 1, entry + 1))
    with refused("may not act"):
        escrow.send("lock", EUR, MILL, 300, by=4)
    with refused("not registered"):
        vault.send("hold", EUR, MILL, chain.keys[3].address, 1, by=3)
    escrow.send("lock", EUR, MILL, 300, by=3)
    unpaid = Unpaid(id_of("2026-03"), EUR, MILL, PUB, 50)
    escrow.send("draw", *unpaid, chain.signed(unpaid.digest(escrow.domain())))
    for units, by, reason in (
        (50, 3, "may not act"),
        (51, 4, "not so much"),
        (0, 4, "not so much"),
    ):
        with refused(reason):
            vault.send("take_out", EUR, PUB, units, by=by)
    vault.send("take_out", EUR, PUB, 50, by=4)
    with refused("not on the ledger"):  # what is on its way out still counts
        bring(chain, Brought(EUR, MILL, 1, entry + 1))
    back = act("operator", 3, TokensTransferred("eur", "vault", "pub", 50))
    sent = Sent(1, back)
    agreed = chain.signed(sent.digest(vault.domain()))
    vault.send("sent", *sent, agreed)
    with refused("vault: entry"):
        vault.send("sent", *sent, agreed)
    assert vault.ask("total", EUR) == 350
    assert vault.ask("balance_of", EUR, MILL) == 100
    held = bytes.fromhex(escrow.address[2:]).rjust(32, b"\0")
    assert vault.ask("balance_of", EUR, held) == 250
    balances = act.ledger.state().balances
    found = [balances.get(("eur", name)) for name in NAMES[:3]]
    assert found == [600, 1_050, 350]
    act.ledger.verify()


def test_certificates_of_the_ledger_are_swapped_against_its_tokens(
    lane, act, around, beside, refused
):
    chain, wait = around, around.now() + 3_600
    front, own = lane.deployed.front, (around.members, 3, beside.NOBODY)
    goods = chain.deploy("Vault", *own, front, 5, id_of("vault"))
    places = [bytes.fromhex(each.address[2:]) for each in (chain.vault, goods)]
    escrow = chain.deploy("Escrow", *own, *places, beside.NOTICE)
    contract = bytes.fromhex(escrow.address[2:])
    for vault in (chain.vault, goods):
        vault.send("register", contract, chain.signed(registration(vault.domain(), contract)))
    act("auth-a", 2, CertificateIssued("go-1", "turbine", "mill", "2026-06", "hydro", 500))
    entry = act(
        "operator",
        2,
        CertificateTransferred("go-1", "mill", "vault", 500),
        TokensTransferred("eur", "pub", "vault", 40),
    )
    with refused("not on the ledger"):
        bring(chain, Brought(beside.GO, MILL, 501, entry), goods)
    bring(chain, Brought(beside.GO, MILL, 500, entry), goods)
    bring(chain, Brought(EUR, PUB, 40, entry + 1))
    trade = Trade(MILL, PUB, beside.GO, 300, EUR, 40, wait, False, bytes(32))
    escrow.send("deliver", trade, by=3)
    escrow.send("pay", trade, by=4)
    assert [goods.ask("balance_of", beside.GO, each) for each in (MILL, PUB)] == [200, 300]
    assert [chain.vault.ask("balance_of", EUR, each) for each in (MILL, PUB)] == [40, 0]


def test_a_retired_vault_lets_everybody_take_out(chain, beside, refused):
    """With the plain room of the other tests in place of a ledger."""
    front, own = bytes.fromhex(chain.room.address[2:]), id_of("vault")
    chain.room.send("bind", MILL, chain.keys[5].address)
    chain.endow("vault", 100, 4)
    ledger = chain.keys[8].address
    chain.vault = chain.deploy("Vault", chain.members, 3, ledger, front, 4, own)
    vault, brought = chain.vault, Brought(EUR, MILL, 90, 1)
    escrow = chain.deploy(
        "Escrow",
        chain.members,
        3,
        beside.NOBODY,
        *[bytes.fromhex(vault.address[2:])] * 2,
        beside.NOTICE,
    )
    contract = bytes.fromhex(escrow.address[2:])
    agreed = chain.signed(registration(vault.domain(), contract))
    vault.send("register", contract, agreed)
    bring(chain, brought)
    escrow.send("lock", EUR, MILL, 60, by=5)
    escrow.send("give_notice", EUR, MILL, 60, by=5)
    chain.wait(beside.NOTICE)
    vault.send("govern", 3, beside.NOBODY, 0, [], by=8)
    for call in (
        lambda: bring(chain, brought._replace(units=1, entry=2)),
        lambda: escrow.send("lock", EUR, MILL, 1, by=5),
    ):
        with refused("stopped"):
            call()
    escrow.send("take_back", EUR, MILL)
    with refused("may not act"):
        vault.send("take_out", EUR, MILL, 90, by=6)
    vault.send("take_out", EUR, MILL, 90, by=5)
    sent = Sent(1, 3)
    vault.send("sent", *sent, chain.signed(sent.digest(vault.domain())))
    assert (vault.ask("total", EUR), vault.ask("balance_of", EUR, MILL)) == (0, 0)
