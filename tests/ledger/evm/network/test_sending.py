"""Bad input on a real node process: a clear outcome each, nothing lost and nothing sent twice."""

from contextlib import closing

import pytest

from gridpact.base.errors import StoreError
from gridpact.ledger.evm.accounts import Account, Call
from gridpact.ledger.evm.node import NodeDown, NodeTrouble, Reverted, WrongChain
from gridpact.ledger.evm.outbox import Outbox, State
from gridpact.ledger.evm.rpc import connect
from gridpact.ledger.evm.sending import Sender, Unfinished

TO = bytes(range(20))
GAS = 30_000


def states(sender, key):
    return [attempt.state for attempt in sender.outbox.attempts(key)]


def done_once(chain, sender, *keys):
    """Each key is done by a mined transaction of its own, and the account sent no other."""
    mined = [sender.run(key, TO, key.encode(), GAS) for key in keys]
    assert all(each.ok for each in mined)
    assert len({each.hash for each in mined}) == len(keys) == chain.count(sender.account)
    for key, each in zip(keys, mined, strict=True):
        assert sender.node.transaction(each.hash).data == key.encode()


def test_an_order_is_done_once_however_often_it_is_given(chain, sender):
    first = sender()
    mined = first.run("a", TO, b"a", GAS)
    again = sender()
    assert again.run("a", TO, b"a", GAS) == mined
    assert states(again, "a") == [State.FINAL]
    with pytest.raises(StoreError, match="'a' was sent as another call"):
        again.run("a", TO, b"b", GAS)
    done_once(chain, again, "a", "b")


def test_gas_is_estimated_with_a_margin(chain, sender):
    made = sender(gas_margin=500)
    made.run("a", TO, b"a")
    assert made.outbox.find("a").call.gas == 21_016 * 3 // 2


def test_a_call_that_would_be_refused_is_never_journalled(chain, sender):
    made = sender()
    refusing = bytes.fromhex("60006000fd")  # reverts whatever it is asked
    assert made.submit("a", b"", refusing) == Reverted("")
    assert made.outbox.find("a") is None


def test_wrong_chain(chain, sender, account):
    with pytest.raises(WrongChain, match="serves chain 4713, not 4714"):
        connect(chain.address, 4714)
    made = sender()
    made.submit("a", TO, b"a", GAS)
    made.node.chain = 4714
    with pytest.raises(NodeTrouble, match="was submitted on chain 4713"):
        made.advance("a")


def test_underpriced(chain, sender):
    made = sender(price_margin=-999)
    done_once(chain, made, "a")
    prices = [attempt.price for attempt in made.outbox.attempts("a")]
    assert states(made, "a") == [State.REPLACED, State.FINAL]
    assert prices[1] > prices[0]


def test_no_price_above_the_most_allowed(chain, sender):
    made = sender(price_margin=-999, most=10**6)
    with pytest.raises(NodeTrouble, match="above the most allowed, 1000000"):
        made.run("a", TO, b"a", GAS)
    done_once(chain, sender(), "a")


def test_stuck(chain, sender):
    made = sender(patience=3)
    made.submit("a", TO, b"a", GAS)
    made.advance("a")
    chain.base_fee(10**11)
    for _ in range(3):
        chain.mine()
        chain.base_fee(10**11)
    made.advance("a")
    assert states(made, "a") == [State.SENT, State.SENT]
    done_once(chain, made, "a")
    assert states(made, "a") == [State.REPLACED, State.FINAL]
    chain.base_fee(10**9)
    chain.mine()


def test_dropped(chain, sender):
    made = sender()
    for key in "ab":
        made.submit(key, TO, key.encode(), GAS)
        made.advance(key)
    (first,) = made.outbox.attempts("a")
    chain.drop(first.hash)
    assert made.node.transaction(first.hash) is None
    done_once(chain, made, "a", "b")
    assert made.outbox.find("a").final == first.hash


def test_node_down(chain, sender, proxy):
    made = sender(proxy.address)
    made.submit("a", TO, b"a", GAS)
    proxy.down = True
    with pytest.raises(NodeDown, match="does not answer"):
        made.wait("a")
    with pytest.raises(NodeDown):
        sender(proxy.address)
    proxy.down = False
    done_once(chain, made, "a")


def test_an_answer_that_gets_lost(chain, sender, proxy):
    made = sender(proxy.address)
    proxy.swallow = "eth_sendRawTransaction"
    with pytest.raises(NodeDown):
        made.run("a", TO, b"a", GAS)
    assert states(made, "a") == [State.JOURNALLED]
    proxy.swallow = None
    done_once(chain, sender(proxy.address), "a")


@pytest.mark.parametrize("depth", [1, 2])
def test_reorganisation(chain, sender, depth):
    made = sender(finality="3")
    made.submit("a", TO, b"a", GAS)
    made.advance("a")
    before = chain("evm_snapshot")
    chain.mine(depth)
    assert made.advance("a") is None
    assert states(made, "a") == [State.MINED]
    chain("evm_revert", before)
    chain("anvil_dropAllTransactions")
    assert made.advance("a") is None
    assert states(made, "a") == [State.SENT]
    done_once(chain, made, "a")


def test_a_chain_that_goes_back_and_on(chain, sender):
    made = sender(finality="2")
    made.submit("a", TO, b"a", GAS)
    made.advance("a")
    chain.mine(2)
    assert made.advance("a") is None
    chain("anvil_reorg", 2, [])
    chain("anvil_dropAllTransactions")
    done_once(chain, made, "a", "b")


def test_a_gap_below_the_own_nonces(chain, sender, account):
    """Another program's transaction was counted, and vanished before it was mined."""
    made = sender()
    other = sign(made, account, nonce=0)
    made.node.send(other)
    made.submit("a", TO, b"a", GAS)
    assert made.outbox.find("a").nonce == 1
    chain("anvil_dropAllTransactions")
    mined = made.wait("a")
    assert mined.ok
    assert chain.count(account) == 2  # one did nothing but fill the gap
    assert made.run("a", TO, b"a", GAS) == mined


def test_a_nonce_taken_from_elsewhere(chain, sender, account):
    made = sender()
    made.submit("a", TO, b"a", GAS)
    made.node.send(sign(made, account, nonce=0))
    chain.mine()
    mined = made.wait("a")
    assert mined.ok
    assert states(made, "a") == [State.DROPPED, State.FINAL]
    assert chain.count(account) == 2
    assert made.node.transaction(mined.hash).data == b"a"


def sign(made, account, nonce):
    price = 2 * made.node.price()
    return account.sign(made.node.chain, nonce, price, Call(TO, b"elsewhere", GAS))[0]


def test_no_fuel(chain, sender, tmp_path):
    made = sender()
    with closing(Outbox(tmp_path / "poor")) as outbox:
        poor = Sender(made.node, outbox, Account(b"\7" * 32), sleep=lambda _: chain.mine())
        with pytest.raises(
            NodeTrouble, match=r"holds 0 wei.*send it \d+ wei at least; it is journalled"
        ):
            poor.run("a", TO, b"a", GAS)
        chain.fund(poor.account)
        assert poor.run("a", TO, b"a", GAS).ok


def test_no_blocks(chain, sender):
    made = sender(wait_s=1.0, poll_s=0.5)
    made._sleep = lambda _: None
    with pytest.raises(Unfinished, match="not final after 1 s; it is journalled"):
        made.run("a", TO, b"a", GAS)
    done_once(chain, sender(), "a")


def test_keys_of_accounts(tmp_path):
    path = tmp_path / "account.key"
    with pytest.raises(StoreError, match="No such file"):
        Account.load(path)
    Account(b"\1" * 32).save(path)
    assert Account.load(path).address.hex() == "1a642f0e3c3af545e7acbd38b07251b3990914f1"
    path.chmod(0o640)
    with pytest.raises(StoreError, match="open to others"):
        Account.load(path)
    for text in ("0x12", "00" * 32):
        path.unlink()
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(StoreError, match="holds no private key"):
            Account.load(path)
