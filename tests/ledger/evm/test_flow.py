"""Commits that flow to a chain within this process, and the block that a batch may name."""

import pytest

from gridpact.ledger.acts import drafted
from gridpact.ledger.evm.artifacts import contract
from gridpact.ledger.evm.batches import packed, unpacked
from gridpact.ledger.evm.node import Reverted
from gridpact.ledger.evm.sealing import call
from gridpact.ledger.evm.signing import signed
from gridpact.ledger.flowing import Flows, flowing
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.port import Receipt

AT = 1_000
ADMIT = ParticipantAuthorised("ada", "prosumer")


@pytest.fixture
def ledger(lane, chains):
    lane.rewind()
    with lane.ledger() as ledger:
        founded = LedgerFounded((("auth-a", chains.key_of("auth-a").public.raw),), 1, 300)
        assert isinstance(ledger.commit("found", [founded], AT), Receipt)
        yield ledger


@pytest.fixture
def act(ledger, chains):
    key = chains.key_of("auth-a")

    def make(sequence, *entries):
        draft = drafted(("auth-a",), entries, sequence=sequence, at=AT, why="as decided")
        return [signed(draft, ledger.genesis, "auth-a", key, entries), *entries]

    return make


def test_what_flows_is_what_is_committed_one_by_one(ledger, act):
    assert isinstance(ledger, Flows)
    told, entries = [], []
    with flowing(ledger, lambda *answer: told.append(answer)) as flow:
        for number in range(1, 5):
            block = act(number, ParticipantAuthorised(f"home-{number}", "prosumer"))
            assert flow.commit(f"k{number}", block, AT) is None
            entries += block
    assert [key for key, _ in told] == ["k1", "k2", "k3", "k4"]
    for key, answer in told:
        number = int(key[1:])
        assert answer == ledger.commit(key, entries[2 * number - 2 : 2 * number], AT)
    assert ledger.entries(1) == entries
    assert ledger.verify().size == 9


def test_a_key_under_way_or_done_is_told_of_again(ledger, act):
    told, one = [], act(1, ADMIT)
    with flowing(ledger, lambda *answer: told.append(answer)) as flow:
        assert flow.commit("one", one, AT) is None
        assert flow.commit("one", one, AT + 5) is None
        assert "for other entries" in flow.commit("one", act(2, ADMIT), AT).reason
        assert "has the role" not in flow.commit("two", [], AT).reason
    assert {answer.height for _, answer in told} == {2}


def test_a_batch_names_the_block_before_it(lane, ledger, act):
    """The contract refuses it where that one is not there; who reads it back sees the entries."""
    block, front = act(1, ADMIT), lane.deployed.front
    sender = lane.sender("auth-a")
    for after, said in (("nothing", Reverted("follows")), ("found", None), ("", None)):
        answer = sender.node.estimate(sender.account.address, front, call("k", block, AT, after))
        assert answer == said or (said is None and isinstance(answer, int))
    assert list(unpacked(packed(block, "found"))) == list(unpacked(packed(block)))
    assert sender.run("k", front, call("k", block, AT, "found"), 4_000_000).ok
    assert ledger.entries(1) == block
    assert ledger.verify().height == 2


def test_a_block_that_founds_names_none(lane):
    """A ledger that nobody has founded has no block that one could come after."""
    lane.rewind()
    sender, front = lane.sender("auth-a"), lane.deployed.front
    founded = [LedgerFounded((("auth-a", bytes(12) + sender.account.address),), 1, 300)]
    refused = sender.node.estimate(
        sender.account.address, front, call("found", founded, AT, "found")
    )
    assert isinstance(refused, Reverted)
    assert contract("Ledger").returned(
        "head", sender.node.call(front, contract("Ledger").data("head"))
    )[:2] == (0, 0)
