"""Commits that flow over a real node: in order and once, whatever is refused or taken back."""

from functools import partial
from operator import attrgetter

import pytest

from gridpact.ledger.acts import drafted
from gridpact.ledger.evm.deploying import deploy
from gridpact.ledger.evm.evm import EvmLedger
from gridpact.ledger.evm.governing import Action, govern_data
from gridpact.ledger.evm.node import Finality, NodeDown
from gridpact.ledger.evm.outbox import Outbox
from gridpact.ledger.evm.rpc import connect
from gridpact.ledger.evm.sending import Policy, Sender
from gridpact.ledger.evm.signing import governing_message, signed
from gridpact.ledger.flowing import flowing
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.money import NetSettled, TokensMinted
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.port import Receipt, Refused

CHAIN, AT, TOKENS = 4713, 1_000, 4
MEMBERS = {"ada": "prosumer", "bob": "prosumer", "coop": "operator"}


class Lane:
    """A ledger of two authorities on anvil; a test goes back to where it was founded."""

    def __init__(self, chain, chains, folder):
        self.chain, self.key_of, self.folder = chain, chains.key_of, folder
        self.accounts = {name: chains.key_of(name).account() for name in ("auth-a", "auth-b")}
        for account in self.accounts.values():
            chain.fund(account)
        self.deployed = deploy(self.sender(":memory:"), "flow")
        with self.ledger() as ledger:
            names = tuple((name, self.key_of(name).public.raw) for name in self.accounts)
            ledger.commit("found", [LedgerFounded(names, 1, 300)], AT)
            admitted = [ParticipantAuthorised(name, role) for name, role in MEMBERS.items()]
            bound = KeyBound("coop", self.key_of("coop").public.raw)
            ledger.commit("admit", self.act(ledger, "auth-a", 1, *admitted, bound), AT)
            assert ledger.head().height == 2
        chain.mine(2)
        self.begun = chain("evm_snapshot")

    def rewind(self):
        self.chain("evm_revert", self.begun)
        self.chain("anvil_dropAllTransactions")
        self.begun = self.chain("evm_snapshot")

    def sender(self, place, name="auth-a", finality="immediate"):
        node = connect(self.chain.address, CHAIN, Finality.parse(finality))
        mine = self.chain.mine
        return Sender(
            node, Outbox(place), self.accounts[name], Policy(wait_s=8.0), lambda _: mine()
        )

    def ledger(self, place=":memory:", name="auth-a", finality="immediate"):
        sender = self.sender(place, name, finality)
        front, since = self.deployed.front, self.deployed.since
        return EvmLedger(sender.node, front, sender=sender, since=since)

    def act(self, ledger, by, sequence, *entries):
        draft = drafted((by,), entries, sequence=sequence, at=AT, why="as decided")
        return [signed(draft, ledger.genesis, by, self.key_of(by), entries), *entries]

    def settlement(self, ledger, number):
        """The block that settles the period of a number, which the operator signed."""
        entry = NetSettled(f"period-{number}", "EUR", (("ada", -number), ("bob", number)))
        return self.act(ledger, "coop", number, entry)

    def flow(self, ledger, numbers):
        """Settle periods in a flow; return what was told and what was refused at once."""
        told, refused = [], []
        with flowing(ledger, lambda *answer: told.append(answer)) as flow:
            for number in numbers:
                wrong = flow.commit(f"settle/{number}", self.settlement(ledger, number), AT)
                refused += [wrong] if wrong else []
        return told, refused

    def settled(self):
        """Numbers of the periods settled, after all was recomputed."""
        with self.ledger() as ledger:
            ledger.verify()
            found = [each for each in ledger.entries() if isinstance(each, NetSettled)]
        return [int(each.period.removeprefix("period-")) for each in found]


@pytest.fixture(scope="module")
def made(chain, chains, tmp_path_factory):
    return Lane(chain, chains, tmp_path_factory.mktemp("flow"))


@pytest.fixture
def lane(made):
    made.rewind()
    return made


def told_once(told, numbers):
    assert [key for key, _ in told] == [f"settle/{number}" for number in numbers]
    receipts = [answer for _, answer in told]
    assert all(isinstance(answer, Receipt) for answer in receipts), receipts
    heights = [answer.height for answer in receipts]
    assert heights == list(range(heights[0], heights[0] + len(heights)))


def test_many_are_under_way_at_once(lane):
    """One block of the chain holds all: none of them was waited for."""
    before = int(lane.chain("eth_blockNumber"), 16)
    with lane.ledger() as ledger:
        told, refused = lane.flow(ledger, range(1, 9))
        assert not refused
        told_once(told, range(1, 9))
        seen = {ledger._node.receipt(ledger.block(n).signature[-32:]).block for n in range(3, 11)}
        assert seen == {before + 1}
        assert told[-1][1].block_hash == ledger.verify().hash
    assert lane.settled() == list(range(1, 9))


def test_what_is_wrong_itself_is_refused_at_once(lane):
    """The rules look at each upon the state after those that are still under way."""
    with lane.ledger() as ledger:
        told, refused = lane.flow(ledger, [1, 3, 2])
        told_once(told, [1, 2])
        assert "sequence: 3 where 2 is next for coop" in refused[0].reason
        again, refused = lane.flow(ledger, [1, 2, 3])
        told_once(again, [1, 2, 3])
        assert again[:2] == told
        assert not refused
    assert lane.settled() == [1, 2, 3]


def test_a_refusal_stops_those_behind_it(lane):
    """A room is paused, which the rules here do not know of."""
    with lane.ledger() as ledger:
        message = governing_message(ledger.genesis, 0, Action.PAUSE, TOKENS)
        stop = govern_data(Action.PAUSE, TOKENS, {"auth-b": lane.key_of("auth-b").sign(message)})
        sender = lane.sender(":memory:", "auth-b")
        assert sender.run("pause", lane.deployed.front, stop).ok
        told = []
        with flowing(ledger, lambda *answer: told.append(answer)) as flow:
            mint = lane.act(ledger, "coop", 2, TokensMinted("eur", "ada", 5, "deposit/1"))
            other = lane.act(ledger, "auth-a", 2, ParticipantAuthorised("cyd", "prosumer"))
            assert flow.commit("one", lane.settlement(ledger, 1), AT) is None
            assert flow.commit("two", mint, AT) is None
            assert flow.commit("three", other, AT) is None
            lane.chain.mine()
            assert "'two' before it did not go through" in flow.commit("four", other, AT).reason
        first, second, third = (answer for _, answer in told)
        assert [key for key, _ in told] == ["one", "two", "three"]
        assert isinstance(first, Receipt)
        assert second == Refused("the chain refused: room closed")
        assert third == Refused("the chain refused: follows")
        assert ledger.verify().height == 3
        assert isinstance(ledger.commit("three", other, AT), Receipt)


def test_dropped_and_taken_back(lane):
    with lane.ledger(finality="2") as ledger:
        told = []
        with flowing(ledger, lambda *answer: told.append(answer)) as flow:
            for number in (1, 2, 3):
                assert flow.commit(f"settle/{number}", lane.settlement(ledger, number), AT) is None
            second = ledger._sealer.sender.left()[1]
            lane.chain.drop(ledger._sealer.sender.outbox.attempts(second)[0].hash)
            lane.chain.mine()
            assert not told
            flow.commit("settle/4", lane.settlement(ledger, 4), AT)
            lane.chain.mine()
            lane.chain("anvil_reorg", 2, [])
            lane.chain("anvil_dropAllTransactions")
        told_once(told, [1, 2, 3, 4])
    assert lane.settled() == [1, 2, 3, 4]


def test_another_authority_seals_between(lane):
    """Its block is taken in before the next is looked at, and does not stop what is under way."""
    with lane.ledger() as ledger, lane.ledger(name="auth-b") as other:
        told = []
        with flowing(ledger, lambda *answer: told.append(answer)) as flow:
            flow.commit("settle/1", lane.settlement(ledger, 1), AT)
            block = lane.act(other, "auth-b", 1, ParticipantAuthorised("cyd", "prosumer"))
            assert isinstance(other.commit("other", block, AT), Receipt)
            paid = NetSettled("period-2", "EUR", (("ada", -2), ("cyd", 2)))
            assert flow.commit("settle/2", lane.act(ledger, "coop", 2, paid), AT) is None
        assert [answer.height for _, answer in told] == [3, 5]
    assert lane.settled() == [1, 2]


def test_a_node_that_goes_down(lane):
    """What the caller was not told of may be given again: it is there once."""
    with lane.ledger(lane.folder / "down") as ledger:
        sender, told = ledger._sealer.sender, []
        real = sender.node.send

        def down(_):
            raise NodeDown("gone")

        def cut_short():
            with flowing(ledger, lambda *answer: told.append(answer)) as flow:
                flow.commit("settle/1", lane.settlement(ledger, 1), AT)
                sender.node.send = down
                flow.commit("settle/2", lane.settlement(ledger, 2), AT)

        with pytest.raises(NodeDown):
            cut_short()
        assert not told
        sender.node.send = real
        told, _ = lane.flow(ledger, [1, 2, 3])
        told_once(told, [1, 2, 3])
    assert lane.settled() == [1, 2, 3]


def test_a_commit_after_a_flow_that_was_left(lane):
    """It is looked at once those that were under way are on the ledger."""
    with lane.ledger() as ledger:

        def left():
            with flowing(ledger, print) as flow:
                for number in (1, 2):
                    flow.commit(f"settle/{number}", lane.settlement(ledger, number), AT)
                raise InterruptedError

        with pytest.raises(InterruptedError):
            left()
        assert isinstance(ledger.commit("settle/3", lane.settlement(ledger, 3), AT), Receipt)
    assert lane.settled() == [1, 2, 3]


@pytest.mark.slow
def test_killed_at_each_step(lane, killed_at):
    """Before and after each write to the outbox and each transaction handed to the node."""
    place, point, killed = lane.folder / "killed", 0, True
    while killed:
        numbers = [2 * point + 1, 2 * point + 2]
        run = partial(lane.flow, numbers=numbers)
        killed = killed_at(point, partial(lane.ledger, place), run, attrgetter("_sealer.sender"))
        with lane.ledger(place) as ledger:
            told, refused = lane.flow(ledger, numbers)
        assert not refused
        told_once(told, numbers)
        point += 1
    assert point > 6
    assert lane.settled() == list(range(1, 2 * point + 1))


def test_gas_is_bounded(lane):
    """What was asked for is more than was used, and not so much that a block could not hold it."""
    with lane.ledger() as ledger:
        told, _ = lane.flow(ledger, [1, 2])
        for _, answer in told:
            hash_ = ledger.block(answer.height).signature[-32:]
            asked = int(lane.chain("eth_getTransactionByHash", f"0x{hash_.hex()}")["gas"], 16)
            assert ledger._node.receipt(hash_).gas < asked < 1_500_000
