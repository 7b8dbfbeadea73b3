"""Killed at any write or request, or on a chain that misbehaves: all is done, each thing once."""

import random
from functools import partial

import pytest

from gridpact.ledger.evm.node import Finality
from gridpact.ledger.evm.outbox import Outbox, State
from gridpact.ledger.evm.rpc import connect
from gridpact.ledger.evm.sending import Policy, Sender

TO = bytes(range(20))
STEPS = 3


def test_killed_at_each_step(chain, account, tmp_path, killed_at):
    """Before and after each write to the outbox and each transaction handed to the node."""

    def run(made, key):
        return made.run(key, TO, key.encode(), 30_000)

    def sender():
        node = connect(chain.address, 4713)
        outbox = Outbox(tmp_path / "outbox")
        return Sender(node, outbox, account, sleep=lambda _: chain.mine())

    killed, made, point = True, sender(), -1
    while killed:
        point += 1
        key, before = f"k{point}", chain.count(account)
        killed = killed_at(point, sender, partial(run, key=key))
        assert run(made, key).ok
        assert chain.count(account) == before + 1
    assert point >= 2 * STEPS
    made.outbox.close()


class Chaos:
    """Orders on a chain where transactions vanish, blocks are taken back and prices jump."""

    def __init__(self, chain, account, path, seed):
        self.chain, self.account, self.path = chain, account, path
        self.draw = random.Random(seed)  # noqa: S311
        self.keys, self.opened = [], []
        chain.mine(5)
        self.anew()

    def anew(self):
        """The process begins anew."""
        node = connect(self.chain.address, 4713, Finality(4))
        self.opened.append(Outbox(self.path))
        mine = self.chain.mine
        self.sender = Sender(
            node, self.opened[-1], self.account, Policy(patience=2), sleep=lambda _: mine()
        )

    def order(self):
        key = f"k{len(self.keys)}"
        self.keys.append(key)
        self.sender.submit(key, TO, key.encode(), 30_000)

    def look(self):
        for key in self.draw.sample(self.keys, min(1, len(self.keys))):
            self.sender.advance(key)

    def mine(self):
        self.chain.mine()

    def drop(self):
        self.chain("anvil_dropAllTransactions")

    def back(self):
        self.chain("anvil_reorg", self.draw.randrange(1, 4), [])
        self.drop()

    def price(self):
        self.chain.base_fee(self.draw.choice((10**9, 10**10)))

    def act(self):
        acts = (self.order, self.look, self.look, self.mine, self.drop, self.back, self.price)
        self.draw.choice((*acts, self.anew))()


@pytest.mark.parametrize("seed", range(2))
def test_a_chain_that_misbehaves(chain, account, tmp_path, seed):
    chaos = Chaos(chain, account, tmp_path / "outbox", seed)
    for _ in range(25):
        chaos.act()
    chain.base_fee(10**9)
    made = chaos.sender
    mined = {key: made.run(key, TO, key.encode(), 30_000) for key in chaos.keys}
    assert all(each.ok for each in mined.values())
    assert chain.count(account) == len(mined) == len({each.hash for each in mined.values()})
    for key, each in mined.items():
        states = [attempt.state for attempt in made.outbox.attempts(key)]
        assert states.count(State.FINAL) == 1
        assert set(states) <= {State.FINAL, State.REPLACED}
        assert made.node.transaction(each.hash).data == key.encode()
    for outbox in chaos.opened:
        outbox.close()
