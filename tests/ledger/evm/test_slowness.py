"""What is said while one waits for a chain."""

import itertools

import pytest

from gridpact.ledger.evm.accounts import Account
from gridpact.ledger.evm.node import Block
from gridpact.ledger.evm.outbox import Outbox
from gridpact.ledger.evm.sending import Policy, Sender, Unfinished


class Chain:
    """A node that counts what it is asked, and makes a block every ``every`` heads."""

    chain, place = 7, "http://here"

    def __init__(self, every):
        self.heads, self.every = itertools.count(), every

    def head(self):
        return Block(next(self.heads) // self.every, b"", b"", 0)


def waited(chain, say, looks=999):
    """Wait for what is found at a certain look; a second passes between two of them."""
    found = itertools.chain([None] * looks, itertools.repeat("found"))
    policy = Policy(poll_s=1.0)
    sender = Sender(chain, Outbox(":memory:"), Account(b"\1" * 32), policy, lambda _: None, say)
    return sender.until(lambda: next(found), "k")


@pytest.mark.parametrize(
    ("every", "words"),
    [
        (99, "has made no block for 8 s"),
        (1, "makes blocks, and what was sent is in none that is final"),
    ],
)
def test_a_slow_chain_is_told_of_once(every, words):
    told = []
    with pytest.raises(Unfinished) as raised:
        waited(Chain(every), told.append)
    end = "what was sent is journalled; waiting up to 60 s"
    assert told == [f"chain 7 at http://here {words}; {end}"]
    assert str(raised.value) == (
        "chain 7 at http://here: 'k' is not final after 60 s; "
        "it is journalled, and the same command goes on with it"
    )


@pytest.mark.parametrize(("looks", "heads"), [(1, 0), (16, 1)])
def test_nothing_is_said_before_eight_seconds(looks, heads):
    """Two looks a second; a chain that is quick is asked nothing further."""
    chain, told = Chain(99), []
    assert waited(chain, told.append, looks) == "found"
    assert (told, next(chain.heads)) == ([], heads)


def test_where_nobody_listens_nothing_is_asked():
    chain = Chain(99)
    with pytest.raises(Unfinished):
        waited(chain, None)
    assert next(chain.heads) == 0
