"""Commands on a ledger on a chain, whose node is within this process."""

import json
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from gridpact.agreements.addresses import checksummed
from gridpact.agreements.keys import WalletKey
from gridpact.app.cli.commands import cli
from gridpact.app.ledgers import acting, home
from gridpact.app.ledgers import chains as app_chains
from gridpact.app.ledgers import governing as app_governing
from gridpact.base.errors import BadInput, GridpactError, StoreError
from gridpact.ledger.acts import drafted
from gridpact.ledger.evm.accounts import Account
from gridpact.ledger.evm.artifacts import contract
from gridpact.ledger.evm.node import Answer, NodeDown, Sent
from gridpact.ledger.evm.outbox import Outbox
from gridpact.ledger.evm.sending import Policy, Sender
from gridpact.ledger.evm.signing import ChainKey, signed
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


def strangely_signed(path, name, key):
    """Add what a program of before took: a signature of somebody who is no authority."""
    found = app_governing.read(path)
    made = {**found.signatures, name: ChainKey.load(key).sign(found.message)}
    app_governing.write(path, msgspec.structs.replace(found, signatures=made))


def test_a_room_is_replaced_by_command_with_the_money_in_it(ledger, lane, chains):
    both = ("--as", "auth-a=@auth-a.key", "--as", "auth-b=@auth-b.key")
    tokens = ("--room", "tokens")
    told = ledger("govern", "pause", "@", *tokens, *both[:2], code=2)
    assert "1 of 2 authorities signed" in told
    told = ledger("govern", "adopt", "@", *tokens, *both[:2], code=2)
    assert "is open, and goes on while rows are taken over" in told
    ledger("govern", "pause", "@", *tokens, *both[:2], "--draft", "@pause.json")
    told = ledger("govern", "sign", "@pause.json", "--as", "auth-b=@ada.key", code=2)
    assert "auth-b signs with 0x" in told
    told = ledger("govern", "sign", "@pause.json", "--as", "ada=@ada.key", code=2)
    assert "ada is no authority; there are auth-a, auth-b" in told
    strangely_signed(ledger.place / "pause.json", "ada", ledger.place / "ada.key")
    ledger("govern", "sign", "@pause.json", *both[2:])
    done = "✓ pause the room tokens: done, by auth-a, auth-b\n"
    for _ in range(2):  # as after a crash: it is done once
        told = ledger("govern", "commit", "@", "@pause.json", *both[:2])
        assert told == f"{done}  left out: the signature of ada, who is no authority here\n"
    assert "stopped: the room tokens; see" in ledger("status", "@")
    assert json.loads(ledger("status", "@", "--json"))["stopped"] == ["tokens"]
    elsewhere = shutil.copytree(ledger.place, ledger.place / "other")
    (elsewhere / "outbox.db").unlink()
    told = ledger("govern", "commit", elsewhere, "@pause.json", *both[2:])
    assert told.startswith("✓ pause the room tokens: done already, in block ")
    told = json.loads(ledger("govern", "pause", "@", *tokens, *both, "--json"))
    assert (told["already"], told["block"]) == (True, None)
    again = ledger("govern", "pause", "@", *tokens, *both[:2])
    assert again == "✓ the room tokens is paused already\n"
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
    assert ledger(*replaced, after, *both) == f"✓ the room tokens is {after} already\n"
    told = ledger("govern", "adopt", "@", *tokens, *both[2:])
    assert told == f"✓ {after} is the room tokens already, with all rows of the one before\n"
    assert "room" not in ledger("status", "@")

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
    assert json.loads(ledger("status", "@", "--json"))["stopped"] == ["ledger"]
    told = ledger("govern", "commit", "@", "@nothing.json", *both[:2], code=2)
    assert "cannot be read: No such file" in told
    ledger("govern", "resume", "@", *both)
    assert ledger("govern", "resume", "@", *both) == "✓ the ledger is open already\n"
    assert "is open after 2 decisions" in ledger("govern", "show", "@")


def test_a_deployment_goes_on_with_the_account_that_began_it(ledger, lane, tmp_path):
    new = tmp_path / "new"
    new.mkdir()
    outbox = Outbox(new / app_chains.OUTBOX)
    sender = Sender(lane.node, outbox, Account(ledger.chains.secret_of("auth-a")))
    sender.submit("deploy ledger front", b"", contract("Ledger").creation(), 6_000_000)
    outbox.close()
    chain = lane.node.chain
    words = ("deploy", new, "--name", "n", "--node", "http://x", "--chain", chain)
    told = ledger(*words, "--as", "b=@auth-b.key", code=2)
    first, other = (ledger.chains.key_of(name).address for name in ("auth-a", "auth-b"))
    assert f"{new} was begun from the account {checksummed(first)}, and this is the key of" in told
    assert checksummed(other) in told
    assert "go on with the file of that account's key, or name another folder" in told
    told = ledger(*words[:-1], chain + 1, "--as", "a=@auth-a.key", code=2)
    assert f"{new} was begun on chain {chain}, not on {chain + 1}" in told


def refused_to_nobody(call):
    """What a call raises for a user who owns nothing here, in a process of its own."""
    ours, theirs = os.pipe()
    if (child := os.fork()) == 0:
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 65534)
        try:
            call()
        except StoreError as error:
            os.write(theirs, str(error).encode())
        os._exit(0)
    os.close(theirs)
    os.waitpid(child, 0)
    said = os.read(ours, 4096).decode()
    os.close(ours)
    return said


def test_a_folder_that_cannot_be_written_is_told_once(lane, chains):
    folder = Path(tempfile.mkdtemp())
    chain = app_chains.Chain("http://x", lane.node.chain, "0x" + "11" * 20)
    try:
        folder.chmod(0o555)
        for key in (None, chains.key_of("auth-a")):
            said = refused_to_nobody(
                lambda key=key: app_chains.ChainLedger(folder, folder / "ledger.db", chain, key)
            )
            assert said.startswith(f"folder {folder} cannot be written"), said
            assert "make it writable, or copy it" in said
    finally:
        folder.rmdir()


def test_a_proof_is_not_written_over_another_unless_told_to(ledger):
    proof = ledger.place / "p.proof"
    ledger("prove", "@", "--entry", 1, "--out", proof)
    kept = proof.read_bytes()
    told = ledger("prove", "@", "--entry", 2, "--out", proof, code=2)
    assert "p.proof: the file exists already. Fix: choose another name, or add --force" in told
    assert proof.read_bytes() == kept
    ledger("prove", "@", "--entry", 2, "--out", proof, "--force")
    assert proof.read_bytes() != kept


@pytest.mark.parametrize("reached", [False, True], ids=["journalled", "in a block"])
def test_a_transfer_that_was_cut_off_is_done_once(ledger, lane, monkeypatch, reached):
    pay = ("token", "transfer", "@", "ada", "bob", "--token", "eur", "--as", "ada=@ada.key")
    pay = (*pay, "--seal", "@auth-a.key", "--why", "x", "--once", "rent", "--units")
    send = lane.node.send

    def cut_off(raw):
        if reached:
            send(raw)
        raise NodeDown("cut off")

    monkeypatch.setattr(lane.node, "send", cut_off)
    assert "cut off" in ledger(*pay, 5, code=2)
    monkeypatch.setattr(lane.node, "send", send)
    for _ in range(2):
        assert ledger(*pay, 5) == "✓ 5 eur go from ada to bob, by ada, in block 5\n"
    assert "key 'rent' was used for other entries, in block 5" in ledger(*pay, 6, code=2)
    with lane.ledger(None) as follower:
        state = follower.state()
        assert [state.balances.at(("eur", name), 0) for name in ("ada", "bob")] == [25, 25]


def test_what_nobody_was_told_the_end_of_is_not_done_twice(ledger, lane, monkeypatch):
    """A command ends once its transfer is with the node; the block is made before the next one."""
    pay = ("token", "transfer", "@", "ada", "bob", "--token", "eur", "--units", 5)
    pay = (*pay, "--as", "ada=@ada.key", "--seal", "@auth-a.key", "--why")
    send = lane.node.send

    def cut_off(raw):
        send(raw)
        raise NodeDown("cut off")

    monkeypatch.setattr(lane.node, "send", cut_off)
    assert "cut off" in ledger(*pay, "rent", code=2)
    monkeypatch.setattr(lane.node, "send", send)
    assert "in block 6" in ledger(*pay, "another")
    told = ledger(*pay, "rent", code=2)
    assert "this was begun before, as 3 of ada, and is in block 5 now. Fix: leave it" in told
    assert ledger(*pay, "rent") == "✓ 5 eur go from ada to bob, by ada, in block 7\n"
    assert "in block 8" in ledger(*pay, "rent")
    with lane.ledger(None) as follower:
        state = follower.state()
        assert [state.balances.at(("eur", name), 0) for name in ("ada", "bob")] == [10, 40]


def test_a_chain_that_stands_still_is_told_of(ledger, lane, monkeypatch):
    """Below its most seconds, and after them; then blocks are made, and it is not done twice."""
    policy = Policy(gas=ledger.chains.GAS, poll_s=4.0)
    monkeypatch.setattr(app_chains, "Sender", partial(Sender, policy=policy, sleep=lambda _: None))
    pay = ("token", "transfer", "@", "ada", "bob", "--token", "eur", "--units", 5)
    pay = (*pay, "--as", "ada=@ada.key", "--seal", "@auth-a.key", "--why", "rent")
    where = f"chain {lane.node.chain} at {lane.node.place}"
    slow = f"{where} has made no block for 8 s; what was sent is journalled; waiting up to 60 s\n"
    send, held = lane.node.send, set()
    monkeypatch.setattr(lane.node, "send", lambda raw: held.add(raw) or Sent(Answer.TAKEN))
    told = ledger(*pay, code=2)
    assert told.startswith(slow)
    assert f"{where}: 'commit " in told
    end = "not final after 60 s; it is journalled, and the same command goes on with it"
    assert told.endswith(end)
    for silent in ("--quiet", "--json"):
        told = ledger(*pay, silent, code=2)
        assert end in told
        assert slow not in told
    (raw,) = held
    send(raw)
    assert "this was begun before, as 3 of ada, and is in block 5 now" in ledger(*pay, code=2)


def test_an_answer_that_got_lost_is_given_before_it_is_done_once_more(ledger):
    """The process ends between the block and its answer; another one opens the same outbox."""
    ada, auth = (acting.Signer(name, ledger.chains.key_of(name)) for name in ("ada", "auth-a"))
    transfer = [TokensTransferred("eur", "ada", "bob", 5)]

    def pay(at):
        with home.opened(ledger.place, auth.key) as opened:
            found = acting.sign(acting.draft(opened, ["ada"], transfer, "rent", at), ada)
            return found, acting.commit(opened, found, at).height

    first, height = pay(AT)
    with home.opened(ledger.place, auth.key) as opened:  # the very same act is answered as before
        assert acting.commit(opened, first, AT).height == height
    with pytest.raises(BadInput, match=f"as 3 of ada, and is in block {height} now"):
        pay(AT + 1)
    again, later = pay(AT + 1)
    assert later == height + 1
    with home.opened(ledger.place, auth.key) as opened:
        acting.told(opened, again)
    assert pay(AT + 2)[1] == height + 2
