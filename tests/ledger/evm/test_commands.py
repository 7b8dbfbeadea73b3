"""Commands on a ledger on a chain, whose node is within this process."""

import json
from functools import partial

import pytest
from click.testing import CliRunner

from gridpact.agreements.keys import WalletKey
from gridpact.app.cli.commands import cli
from gridpact.app.ledgers import chains as app_chains
from gridpact.app.ledgers import governing as app_governing
from gridpact.app.ledgers import home
from gridpact.base.errors import GridpactError
from gridpact.ledger.acts import drafted
from gridpact.ledger.evm.artifacts import contract
from gridpact.ledger.evm.sending import Policy, Sender
from gridpact.ledger.evm.signing import signed
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.money import TokensMinted, TokensTransferred
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.port import Receipt

AT = 1_700_000_000


class Folder:
    """A ledger's folder, and commands that are given there."""

    def __init__(self, lane, chains, place):
        lane.rewind()
        self.lane, self.chains, self.place = lane, chains, place
        for name in ("auth-a", "auth-b", "ada"):
            WalletKey(chains.secret_of(name)).save(place / f"{name}.key")
        deployed = lane.deployed
        where = app_chains.Chain(
            "http://here", lane.node.chain, f"0x{deployed.front.hex()}", deployed.since
        )
        home.note(place, "lane", where, chains.key_of("auth-a"))
        names = tuple((name, chains.key_of(name).public.raw) for name in ("auth-a", "auth-b"))
        with lane.ledger() as ledger:
            self.commit(ledger, LedgerFounded(names, 2, 300))
            self.act(ledger, "auth-a", *self.admitted())
            self.act(ledger, "ada", TokensMinted("eur", "ada", 50, "in-1"))
            self.act(ledger, "ada", TokensTransferred("eur", "ada", "bob", 20))

    def admitted(self):
        key = self.chains.key_of("ada").public.raw
        yield ParticipantAuthorised("ada", "operator")
        yield ParticipantAuthorised("bob", "prosumer")
        yield KeyBound("ada", key)

    def act(self, ledger, name, *entries):
        sequence = ledger.state().sequences.at(name, 0) + 1
        act = drafted((name,), entries, sequence=sequence, at=AT, why="as agreed")
        key = self.chains.key_of(name)
        self.commit(ledger, signed(act, ledger.genesis, name, key, entries), *entries)

    def commit(self, ledger, *entries):
        answer = ledger.commit(f"block/{ledger.head().height}", entries, AT)
        assert isinstance(answer, Receipt), answer

    def __call__(self, *words, code=0):
        """Give a command of ``gridpact ledger``; what it prints, or is refused with."""
        words = [str(word).replace("@", f"{self.place}/") for word in words]
        done = CliRunner().invoke(cli, ["ledger", *words])
        assert bool(done.exit_code) == bool(code), done.exception or done.output
        assert isinstance(done.exception, GridpactError | SystemExit | None), done.exc_info
        return done.output if not code else f"{done.output}{done.exception}"


@pytest.fixture
def ledger(lane, chains, tmp_path, monkeypatch):
    sending = partial(Sender, policy=Policy(gas=chains.GAS, poll_s=0))  # estimates take long here
    monkeypatch.setattr(app_chains, "connect", lambda *_: lane.node)
    for module in (app_chains, app_governing):
        monkeypatch.setattr(module, "Sender", sending)
    return Folder(lane, chains, tmp_path)


def test_a_room_is_replaced_by_command_with_the_money_in_it(ledger, lane, chains):
    both = ("--as", "auth-a=@auth-a.key", "--as", "auth-b=@auth-b.key")
    tokens = ("--room", "tokens")
    told = ledger("govern", "pause", "@", *tokens, *both[:2], code=2)
    assert "1 of 2 authorities signed" in told
    told = ledger("govern", "adopt", "@", *tokens, *both[:2], code=2)
    assert "is open, and goes on while rows are taken over" in told
    ledger("govern", "pause", "@", *tokens, *both[:2], "--draft", "@pause.json")
    ledger("govern", "sign", "@pause.json", "--as", "auth-b=@ada.key")
    told = ledger("govern", "commit", "@", "@pause.json", *both[:2], code=2)
    assert "is not made with its key" in told
    ledger("govern", "sign", "@pause.json", *both[2:])
    for _ in range(2):  # as after a crash: it is done once
        told = ledger("govern", "commit", "@", "@pause.json", *both[:2])
        assert told == "✓ pause the room tokens: done, by auth-a, auth-b\n"
    pay = ("token", "transfer", "@", "ada", "bob", "--token", "eur", "--units", 5)
    pay = (*pay, "--as", "ada=@ada.key", "--seal", "@auth-a.key", "--why", "x")
    assert "room closed" in ledger(*pay, code=2)

    for _ in range(2):
        told = json.loads(ledger("govern", "adopt", "@", *tokens, *both[2:], "--json"))
        assert (told["rows"], told["of"]) == (3, 3)
    after = told["successor"]
    replaced = ("govern", "replace", "@", *tokens, "--successor")
    wrong = f"0x{lane.deployed.rooms[5].hex()}"
    assert "has other code" in ledger(*replaced, wrong, *both, code=2)
    old = f"0x{lane.deployed.rooms[4].hex()}"
    assert "is no successor" in ledger(*replaced, old, *both, code=2)
    assert "done, by auth-a, auth-b" in ledger(*replaced, after, *both)

    shown = json.loads(ledger("govern", "show", "@", "--json"))
    assert shown["rooms"]["tokens"] == {"contract": after, "stage": "open", "rows": 3}
    assert (shown["paused"], shown["decisions"]) == (False, 2)
    assert "5 eur" in ledger(*pay)
    room = bytes.fromhex(after[2:])
    for name, units in (("ada", 25), ("bob", 25)):
        data = contract("Tokens").data("balance_of", id_of("eur"), id_of(name))
        assert lane.node.call(room, data) == units.to_bytes(32, "big")
    assert "recomputed" in ledger("verify", "@")


def test_the_whole_ledger_is_stopped_and_resumed(ledger):
    both = ("--as", "auth-a=@auth-a.key", "--as", "auth-b=@auth-b.key")
    ledger("govern", "resume", "@", *both[:2], "--draft", "@late.json")
    ledger("govern", "pause", "@", *both)
    assert "is paused after 1 decisions" in ledger("govern", "show", "@")
    ledger("govern", "sign", "@late.json", *both[2:])
    told = ledger("govern", "commit", "@", "@late.json", *both[:2], code=2)
    assert "is decision 0, and 1 is next" in told
    ledger("govern", "resume", "@", *both)
    assert "is open after 2 decisions" in ledger("govern", "show", "@")
