"""What is wrong with a node, a key or a network is told as bad input, with its place and a fix."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from gridpact.agreements.keys import WalletKey
from gridpact.app.cli.commands import cli
from gridpact.app.cli.ledgering_options import signers_of
from gridpact.app.cli.output import exit_code
from gridpact.app.ledgers import keys
from gridpact.app.networks.processes import find_kcn, keep_program
from gridpact.base.errors import BadInput, GridpactError
from gridpact.ledger.evm import rpc
from gridpact.ledger.evm.accounts import Account, Call
from gridpact.ledger.evm.delivering import Delivery, Policy
from gridpact.ledger.evm.governing import Action, Decision
from gridpact.ledger.evm.node import Answer, NodeTrouble, Sent, WrongChain
from gridpact.ledger.evm.outbox import Attempt, Order, Outbox
from gridpact.ledger.evm.signing import ChainKey


def told(*words):
    """What a command is refused with, and its exit code."""
    done = CliRunner().invoke(cli, [str(word) for word in words])
    assert isinstance(done.exception, GridpactError), done.output
    return exit_code(done.exception), str(done.exception)


def test_a_node_is_named_by_its_address(monkeypatch):
    with pytest.raises(BadInput, match=r"node localhost:8545: is no address of a node\."):
        rpc.connect("localhost:8545", 1)
    monkeypatch.setattr(rpc, "Web3Node", lambda *_: SimpleNamespace(chain=5))
    with pytest.raises(WrongChain, match="node http://x: serves chain 5, not 4711") as refused:
        rpc.connect("http://x", 4711)
    assert exit_code(refused.value) == 2


def test_keys_that_cannot_be_used(tmp_path):
    path = tmp_path / "b.key"
    with pytest.raises(BadInput, match=r"b\.key: No such file"):
        keys.load(path)
    WalletKey(b"\7" * 32).save(path)
    with pytest.raises(BadInput, match=r"account\. Fix: name .* address, such as b\.address"):
        keys.public_of(path)
    path.chmod(0o644)
    with pytest.raises(BadInput, match=r"is open to others\. Fix: run: chmod 600"):
        keys.load(path)


def test_all_keys_that_are_not_there_are_told_at_once(tmp_path):
    with pytest.raises(BadInput) as refused:
        signers_of([f"a={tmp_path}/a.key", f"b={tmp_path}/b.key"])
    assert [fault.file for fault in refused.value.faults] == [
        f"{tmp_path}/{name}.key" for name in "ab"
    ]


def test_networks_that_are_not_there(tmp_path):
    for command in (("status",), ("down",), ("vote", "--by", "mill"), ("up", "--program", "/no")):
        place = ("--out", tmp_path) if command[0] == "up" else (tmp_path,)
        code, said = told("network", command[0], *place, *command[1:])
        assert code == 2
        assert "/no is no program" in said if command[0] == "up" else "holds no network" in said


def test_the_program_of_a_network_is_kept(tmp_path):
    program = tmp_path / "kcn-of-mine"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_kcn(program, tmp_path) == program
    keep_program(tmp_path, program)
    assert find_kcn(None, tmp_path) == program
    with pytest.raises(BadInput, match="is no program"):
        find_kcn(tmp_path / "another", tmp_path)


def test_an_account_without_wei_is_told_how_much_it_lacks(tmp_path):
    account = Account(b"\7" * 32)
    node = SimpleNamespace(
        place="http://x",
        balance=lambda _: 1_000,
        send=lambda _: Sent(Answer.REFUSED, "insufficient funds"),
    )
    order = Order("rent", 1, account.address, 0, Call(bytes(20), b"", 21_000))
    outbox = Outbox(tmp_path / "outbox.db")
    order = outbox.book(order, lambda one: Attempt(b"h" * 32, one.key, 7, b"raw", seen=1))
    delivery = Delivery(node, outbox, account, Policy())
    with pytest.raises(NodeTrouble, match="insufficient funds; send it 146000 wei at least"):
        delivery._send(order)
    outbox.close()


def test_only_authorities_sign_a_decision():
    op, a = ChainKey(b"\1" * 32), ChainKey(b"\2" * 32)
    known = {"auth-a": a.public.raw}
    drafted = Decision(bytes(32), 0, Action.PAUSE, 0, authorities=known)
    with pytest.raises(ValueError, match="op is no authority; there are auth-a"):
        drafted.signed("op", op)
    with pytest.raises(ValueError, match="auth-a signs with 0x"):
        drafted.signed("auth-a", op)
    assert list(drafted.signed("auth-a", a).signatures) == ["auth-a"]
    before = Decision(bytes(32), 0, Action.PAUSE, 0)  # of a file that names no authorities
    assert list(before.signed("op", op).signatures) == ["op"]
