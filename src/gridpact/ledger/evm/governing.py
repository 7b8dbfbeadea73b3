"""How a quorum stops a ledger's contracts, and replaces one by a successor with all of its rows.

What is signed is Govern(nonce, action, room, successor), so each decision counts once and for one
ledger. Whoever holds enough signatures carries it out: the front contract checks them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from gridpact.agreements.addresses import checksummed
from gridpact.base.errors import Fault
from gridpact.ledger.acts import Claim
from gridpact.ledger.evm.artifacts import ROOMS, contract
from gridpact.ledger.evm.node import Node, NodeLies, Reverted
from gridpact.ledger.evm.signing import ChainKey, address_in, governing_message, holds
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.state.state import State

EVERYTHING = 0
"""Room number of the front contract itself."""
NOBODY = bytes(20)
NAMES = {EVERYTHING: "ledger"} | {number: name.lower() for number, name in ROOMS.items()}
"""What decisions call the front contract and its rooms, by their numbers."""
Stage: TypeAlias = Literal["new", "open", "paused", "retired"]
STAGES: tuple[Stage, ...] = ("new", "open", "paused", "retired")


class Action(IntEnum):
    """What a quorum decides."""

    PAUSE = 1
    RESUME = 2
    REPLACE = 3


class Decision(msgspec.Struct, frozen=True):
    """What is to be done with a room, for a ledger by its genesis hash [32 bytes].

    ``nonce`` is the number of the decision, ``successor`` the address [20 bytes] of what replaces
    the room. ``signatures`` are compact ones [64 bytes], by names of authorities. ``authorities``
    are the keys that the ledger knew when it was drafted, none where it is of before.
    """

    ledger: bytes
    nonce: int
    action: Action
    room: int
    successor: bytes = NOBODY
    signatures: Mapping[str, bytes] = {}
    authorities: Mapping[str, bytes] = {}

    @property
    def message(self) -> bytes:
        """Return the digest [32 bytes] that each authority signs."""
        return governing_message(self.ledger, self.nonce, self.action, self.room, self.successor)

    @property
    def words(self) -> str:
        """Say what is decided."""
        what = f"{self.action.name.lower()} the {'room ' if self.room else ''}{NAMES[self.room]}"
        by = f" by {checksummed(self.successor)}" if self.action is Action.REPLACE else ""
        return f"{what}{by}"

    @property
    def data(self) -> bytes:
        """Return the call of the front contract that carries it out."""
        return govern_data(self.action, self.room, self.signatures, self.successor)

    def signed(self, name: str, key: ChainKey) -> Decision:
        """Return it with one more signature; ValueError where it could never count."""
        known = self.authorities.get(name)
        if self.authorities and known is None:
            raise ValueError(f"{name} is no authority; there are {', '.join(self.authorities)}")
        if known and known != key.public.raw:
            own, given = (checksummed(address_in(each)) for each in (known, key.public.raw))
            raise ValueError(f"{name} signs with {own}, not with {given}")
        made = {**self.signatures, name: key.sign(self.message)}
        return msgspec.structs.replace(self, signatures=made)

    def without(self, names: Iterable[str]) -> Decision:
        """Return it without the signatures of names."""
        kept = {name: made for name, made in self.signatures.items() if name not in set(names)}
        return msgspec.structs.replace(self, signatures=kept)


def govern_data(
    action: Action, room: int, signatures: Mapping[str, bytes], successor: bytes = NOBODY
) -> bytes:
    """Return the call of the front contract that carries a decision out.

    ``signatures`` are compact ones [64 bytes], by the names of authorities, of
    :func:`.signing.governing_message`.
    """
    pairs = [
        (int.from_bytes(made[:32], "big"), int.from_bytes(made[32:], "big"))
        for made in signatures.values()
    ]
    names = [id_of(name) for name in signatures]
    return contract("Ledger").data("govern", action, room, successor, names, pairs)


def strangers(decision: Decision, state: State) -> list[str]:
    """Name who signed and is no authority; their signatures would have it refused."""
    return [name for name in decision.signatures if name not in state.authorities]


def faults(decision: Decision, state: State, nonce: int) -> Iterator[Fault]:
    """Tell why the front contract, at a nonce, would not carry a decision out."""
    if decision.nonce != nonce:
        problem = f"is decision {decision.nonce}, and {nonce} is next: others came between"
        fix = "decide it anew, and let all sign it again"
        yield Fault("decision", 0, "nonce", problem, fix)
    for name, made in decision.signatures.items():
        key = state.authorities.get(name)
        if key is None:
            fix = "leave its signature out; see 'gridpact authority list'"
            yield Fault("decision", 0, f"signatures.{name}", "is no authority here", fix)
        elif not holds(Claim(key, decision.message, made)):
            fix = "let it sign with the key that the ledger knows"
            yield Fault("decision", 0, f"signatures.{name}", "is not made with its key", fix)
    signed = len(decision.signatures)
    if signed < state.quorum:
        fix = f"let {state.quorum - signed} more sign: 'gridpact ledger govern sign'"
        problem = f"{signed} of {state.quorum} authorities signed"
        yield Fault("decision", 0, "signatures", problem, fix)


class Room(NamedTuple):
    """A room as a node shows it.

    ``rows`` are how many it keeps, ``total`` is what they sum up to, ``epoch`` counts its stages.
    """

    address: bytes
    predecessor: bytes
    stage: Stage
    epoch: int
    rows: int
    total: int


class Front(NamedTuple):
    """The front contract of a ledger, through a node."""

    node: Node
    address: bytes

    def nonce(self) -> int:
        """Return the number of the next decision."""
        return int(self._ask("nonce"))

    def paused(self) -> bool:
        """Whether the whole ledger is stopped."""
        return bool(self._ask("paused"))

    def room(self, number: int) -> Room:
        """Return the room of a number."""
        found = self._ask("room", number)
        return self.room_at(bytes.fromhex(str(found)[2:]), number)

    def room_at(self, address: bytes, number: int) -> Room:
        """Return a room by its address, or what is to be one; NodeLies where there is none."""
        name = ROOMS[number]
        ask = ("PREDECESSOR", "stage", "epoch", "rows", "total")
        before, stage, *counts = (asked(self.node, address, name, each) for each in ask)
        return Room(address, bytes.fromhex(str(before)[2:]), STAGES[stage], *counts)

    def stage(self, number: int) -> Stage:
        """Return whether a room runs; of room 0, the whole ledger."""
        if number == EVERYTHING:
            return "paused" if self.paused() else "open"
        room = bytes.fromhex(str(self._ask("room", number))[2:])
        return STAGES[int(asked(self.node, room, ROOMS[number], "stage"))]

    def stopped(self) -> list[str]:
        """Name what is paused: rooms, or "ledger" for all of them."""
        return [name for number, name in NAMES.items() if self.stage(number) == "paused"]

    def standing(self, decision: Decision) -> str:
        """Say that all is as a decision would have it; empty where it is not."""
        what = f"the {'room ' if decision.room else ''}{NAMES[decision.room]}"
        if decision.action is Action.REPLACE:
            there = self.room(decision.room)
            took = there.address == decision.successor and there.predecessor != NOBODY
            now = checksummed(there.address) if took and there.stage == "open" else ""
        else:
            wanted = "paused" if decision.action is Action.PAUSE else "open"
            now = wanted if self.stage(decision.room) == wanted else ""
        return now and f"{what} is {now} already"

    def carried_out(self, decision: Decision, since: int) -> int | None:
        """Return the block, from ``since`` on, in which a decision was carried out, else None."""
        event = contract("Ledger").events["Governed"]
        wanted = (decision.nonce, decision.action, decision.room, decision.successor)
        topics = [event.topic, decision.nonce.to_bytes(32, "big")]
        for log in self.node.logs(self.address, since, self.node.head().number, topics):
            told = event.read(log)
            to = bytes.fromhex(str(told["successor"])[2:])
            if (told["nonce"], told["action"], told["room"], to) == wanted:
                return log.block
        return None

    def _ask(self, function: str, *arguments: object) -> Any:
        return asked(self.node, self.address, "Ledger", function, *arguments)


def asked(node: Node, address: bytes, name: str, function: str, *arguments: object) -> Any:
    """Read one value from a contract of a name; NodeLies where the node does not show it."""
    kind = contract(name)
    answer = node.call(address, kind.data(function, *arguments))
    if isinstance(answer, Reverted) or not answer:
        raise NodeLies(f"node {node.place} shows no {name.lower()} at 0x{address.hex()}")
    (found,) = kind.returned(function, answer)
    return found
