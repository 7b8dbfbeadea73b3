"""Contracts are stopped, resumed and replaced by a quorum, with participants in them."""

import itertools

import pytest

from gridpact.ledger.acts import drafted
from gridpact.ledger.evm.adopting import Past, adoptions
from gridpact.ledger.evm.artifacts import contract
from gridpact.ledger.evm.deploying import successor
from gridpact.ledger.evm.governing import EVERYTHING, Action, govern_data
from gridpact.ledger.evm.node import Reverted
from gridpact.ledger.evm.signing import governing_message, signed
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.kinds.assets import AssetAttested, AttestationEnded
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.participants import (
    KeyBound,
    ParticipantAuthorised,
    ParticipantSuspended,
    RoleWithdrawn,
)
from gridpact.ledger.port import Receipt, Refused

MEMBERS, GAS, AT = 1, 8_000_000, 50
AUTHORITIES = ("auth-a", "auth-b", "auth-c")


class Council:
    """A ledger of three authorities, two of whom decide."""

    def __init__(self, lane, chains):
        lane.rewind()
        self.lane, self.key_of = lane, chains.key_of
        self.ledger, self.acts, self.sent = lane.ledger(), itertools.count(1), itertools.count()
        names = tuple((name, self.key_of(name).public.raw) for name in AUTHORITIES)
        assert isinstance(self.ledger.commit("found", [LedgerFounded(names, 2, 300)], AT), Receipt)

    def do(self, *entries):
        number = self.ledger.state().sequences.at("auth-a", 0) + 1
        act = drafted(("auth-a",), entries, sequence=number, at=AT, why="as decided")
        act = signed(act, self.ledger.genesis, "auth-a", self.key_of("auth-a"), entries)
        return self.ledger.commit(f"act/{next(self.acts)}", [act, *entries], AT)

    def send(self, to, data):
        """Why a call is refused, or an empty text where it was taken."""
        found = self.lane.node.call(to, data)
        if isinstance(found, Reverted):
            return found.reason
        assert self.lane.sender("auth-c").run(f"call {next(self.sent)}", to, data, GAS).ok
        return ""

    def ask(self, to, kind, function, *arguments):
        found = self.lane.node.call(to, contract(kind).data(function, *arguments))
        return contract(kind).returned(function, found)

    def signatures(self, action, room, by=("auth-b", "auth-c"), to=bytes(20)):
        (nonce,) = self.ask(self.lane.deployed.front, "Ledger", "nonce")
        message = governing_message(self.ledger.genesis, nonce, action, room, to)
        return {name: self.key_of(name).sign(message) for name in by}

    def govern(self, action, room, by=("auth-b", "auth-c"), to=bytes(20)):
        made = self.signatures(action, room, by, to)
        return self.send(self.lane.deployed.front, govern_data(action, room, made, to))


@pytest.fixture
def council(lane, chains):
    found = Council(lane, chains)
    yield found
    found.ledger.close()


def test_a_quorum_stops_and_resumes_once(council):
    admit = ParticipantAuthorised("ada", "prosumer")
    assert council.govern(Action.PAUSE, EVERYTHING, by=("auth-b",)) == "no quorum"
    assert council.govern(Action.PAUSE, EVERYTHING, by=("auth-b", "ada")) == "may not sign"
    twice = council.signatures(Action.PAUSE, EVERYTHING, by=("auth-b",))
    twice["auth-c"] = twice["auth-b"]
    data = govern_data(Action.PAUSE, EVERYTHING, twice)
    assert council.send(council.lane.deployed.front, data) == "signature"
    data = govern_data(Action.PAUSE, EVERYTHING, council.signatures(Action.PAUSE, EVERYTHING))
    assert council.send(council.lane.deployed.front, data) == ""
    assert council.do(admit) == Refused("the chain refused: paused")
    assert council.govern(Action.RESUME, EVERYTHING) == ""
    assert council.send(council.lane.deployed.front, data) == "signature"  # of a nonce before
    assert council.govern(Action.PAUSE, MEMBERS) == ""
    assert council.do(admit) == Refused("the chain refused: room closed")
    assert council.govern(Action.RESUME, MEMBERS) == ""
    assert isinstance(council.do(admit), Receipt)


def test_a_room_is_replaced_with_all_who_are_in_it(council, lane):
    ada = council.key_of("ada")
    seen = AssetAttested("roof", "ada", "inspection", bytes([7] * 32), 900)
    people = [
        ParticipantAuthorised("ada", "prosumer"), ParticipantAuthorised("ada", "operator"),
        KeyBound("ada", ada.public.raw), ParticipantAuthorised("bob", "dso"),
        ParticipantAuthorised("cyd", "dso"), RoleWithdrawn("cyd", "dso"),
        ParticipantSuspended("bob"), seen,
    ]  # fmt: skip
    assert isinstance(council.do(*people), Receipt)
    old = lane.deployed.rooms[MEMBERS]
    new = successor(lane.sender("auth-a"), "next", MEMBERS, lane.deployed)
    calls = list(adoptions(MEMBERS, Past(council.ledger.state(), (), None)))
    assert council.send(new, calls[0]) == "predecessor runs"
    assert council.govern(Action.PAUSE, MEMBERS) == ""
    assert council.send(new, calls[0]) == ""
    assert council.send(new, calls[0]) == "adopted before"
    assert council.govern(Action.REPLACE, MEMBERS, to=new) == "rows missing"
    assert council.send(new, calls[1]) == ""
    assert council.govern(Action.REPLACE, MEMBERS, to=old) == "not its successor"
    assert council.govern(Action.REPLACE, MEMBERS, to=new) == ""
    for name in ("ada", "bob", "cyd"):
        each = [council.ask(at, "Members", "participant", id_of(name)) for at in (old, new)]
        assert each[0] == each[1], name
    assert isinstance(council.do(AttestationEnded("roof", bytes([7] * 32), "sold")), Receipt)
    assert council.ask(old, "Members", "stage") == (3,)
    assert council.ledger.verify() == council.ledger.head()


def test_what_changed_after_a_pause_is_not_left_behind(council, lane):
    assert isinstance(council.do(ParticipantAuthorised("ada", "prosumer")), Receipt)
    new = successor(lane.sender("auth-a"), "stale", MEMBERS, lane.deployed)
    assert council.govern(Action.PAUSE, MEMBERS) == ""
    for call in adoptions(MEMBERS, Past(council.ledger.state(), (), None)):
        assert council.send(new, call) == ""
    assert council.govern(Action.RESUME, MEMBERS) == ""
    assert isinstance(council.do(ParticipantSuspended("ada")), Receipt)  # as many rows as before
    assert council.govern(Action.PAUSE, MEMBERS) == ""
    assert council.govern(Action.REPLACE, MEMBERS, to=new) == "changed since"
