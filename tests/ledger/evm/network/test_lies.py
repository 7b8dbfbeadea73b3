"""A node whose answers contradict each other, or another node's, is told from an honest one."""

import pytest

from gridpact.ledger.evm.node import Finality, NodeLies, NodeTrouble, disagreement
from gridpact.ledger.evm.outbox import State
from gridpact.ledger.evm.rpc import connect

TO = bytes(range(20))
OTHER = "0x" + "ab" * 32


def receipt_with(**changes):
    def tamper(method, _, answer):
        if method == "eth_getTransactionReceipt" and answer["result"]:
            answer["result"] |= changes

    return tamper


def no_receipt(method, _, answer):
    if method == "eth_getTransactionReceipt":
        answer["result"] = None


def block_without_transactions(method, _, answer):
    if method == "eth_getBlockByNumber" and answer["result"]:
        answer["result"]["transactions"] = []


def other_block(method, _, answer):
    if method == "eth_getBlockByNumber" and answer["result"]:
        answer["result"]["hash"] = OTHER


def another_number(method, parameters, answer):
    if method == "eth_getBlockByNumber" and parameters[0] != "latest":
        answer["result"]["number"] = "0x1"


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (receipt_with(blockHash=OTHER), "names another block"),
        (receipt_with(transactionHash=OTHER), "it gave one of abab"),
        (receipt_with(blockNumber="0xfffff"), "which it does not have"),
        (block_without_transactions, "does not hold the transaction"),
        (another_number, "it gave 1"),
    ],
)
def test_receipts_are_held_against_their_blocks(chain, sender, proxy, tamper, told):
    chain.mine(2)
    made = sender(proxy.address)
    made.submit("a", TO, b"a", 30_000)
    made.advance("a")
    chain.mine()
    proxy.tamper = tamper
    with pytest.raises(NodeLies, match=told):
        made.advance("a")
    assert made.outbox.attempts("a")[0].state is State.SENT
    proxy.tamper = None
    assert made.advance("a").ok
    assert chain.count(made.account) == 1


def test_a_made_up_receipt(chain, sender, proxy):
    """A transaction that was never mined is not taken for done."""
    made = sender(proxy.address)
    real = made.run("real", TO, b"r", 30_000)
    made.submit("a", TO, b"a", 30_000)
    (attempt,) = made.outbox.attempts("a")
    forged = chain("eth_getTransactionReceipt", f"0x{real.hash.hex()}")

    def tamper(method, parameters, answer):
        if method == "eth_getTransactionReceipt" and attempt.hash.hex() in parameters[0]:
            answer["result"] = {**forged, "transactionHash": f"0x{attempt.hash.hex()}"}

    proxy.tamper = tamper
    with pytest.raises(NodeLies, match="does not hold the transaction"):
        made.advance("a")
    proxy.tamper = None
    assert made.wait("a").ok
    assert chain.count(made.account) == 2


@pytest.mark.parametrize("finality", ["immediate", "3"])
def test_receipts_kept_back_send_nothing_twice(chain, sender, proxy, finality):
    made = sender(proxy.address, finality=finality)
    made.submit("a", TO, b"a", 30_000)
    made.advance("a")
    proxy.tamper = no_receipt
    for _ in range(4):
        chain.mine()
        if made.node.final() >= made.outbox.attempts("a")[0].seen + 1:
            with pytest.raises(NodeLies, match="keeps back the receipt of 'a'"):
                made.advance("a")
        else:
            assert made.advance("a") is None
    assert len(made.outbox.attempts("a")) == 1
    proxy.tamper = None
    assert made.wait("a").ok
    assert chain.count(made.account) == 1


def test_a_nonce_that_nothing_took(chain, sender, proxy):
    made = sender(proxy.address)
    made.submit("a", TO, b"a", 30_000)

    def tamper(method, _, answer):
        if method == "eth_getTransactionCount":
            answer["result"] = hex(int(answer["result"], 16) + 1)

    proxy.tamper = tamper
    with pytest.raises(NodeLies, match="does not show what took the nonce of 'a'"):
        made.advance("a")
    proxy.tamper = None
    assert made.wait("a").ok
    assert chain.count(made.account) == 1


def test_events_that_were_not_asked_for(chain, proxy):
    node = connect(proxy.address, 4713)
    log = {
        "address": "0x" + "11" * 20,
        "topics": [OTHER],
        "data": "0x",
        "blockNumber": "0x1",
        "blockHash": OTHER,
        "transactionHash": OTHER,
        "transactionIndex": "0x0",
        "logIndex": "0x0",
        "removed": False,
    }

    def tamper(method, _, answer):
        if method == "eth_getLogs":
            answer["result"] = [log]

    proxy.tamper = tamper
    with pytest.raises(NodeLies, match="not asked for"):
        list(node.logs(TO, 0, 5))
    log["address"] = "0x" + TO.hex()
    assert [each.address for each in node.logs(TO, 1, 1)] == [TO]
    with pytest.raises(NodeLies, match="not asked for"):
        list(node.logs(TO, 1, 1, [bytes(32)]))


def test_two_nodes_are_compared(chain, proxy):
    honest = connect(chain.address, 4713, Finality(2))
    other = connect(proxy.address, 4713, Finality(2))
    chain.mine(3)
    assert disagreement(honest, other) == ""
    proxy.tamper = other_block
    assert "says abababab" in disagreement(honest, other)
    other.chain = 1
    assert "serves chain 4713" in disagreement(honest, other)


def test_nonsense(chain, proxy):
    node = connect(proxy.address, 4713)
    proxy.tamper = lambda *_: {"jsonrpc": "2.0", "id": 1, "result": "nonsense"}
    for ask in (
        node.head,
        node.final,
        node.price,
        lambda: node.nonce(TO),
        lambda: node.receipt(TO),
    ):
        with pytest.raises(NodeTrouble, match="asked for"):
            ask()
    proxy.tamper = lambda *_: {
        "jsonrpc": "2.0",
        "id": 1,
        "error": {"code": -32000, "message": "no"},
    }
    with pytest.raises(NodeTrouble, match="asked for its head, no"):
        node.head()
