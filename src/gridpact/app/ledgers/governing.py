"""How authorities stop the contracts of a ledger on a chain, and replace a room.

A decision is a file, as an act is: each authority signs it where its key is, and whoever has enough
signatures carries it out. Repeated after a crash, each step goes on with what was sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from gridpact.app import folder
from gridpact.app.ledgers import home, keys
from gridpact.app.ledgers.acting import Signer
from gridpact.app.ledgers.chains import Chain, node_of, outbox_of
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.contracts.canonical import keccak256
from gridpact.ledger.entries import Entry
from gridpact.ledger.evm.adopting import Ask, Past, adoptions
from gridpact.ledger.evm.artifacts import ROOMS, contract
from gridpact.ledger.evm.deploying import Deployed, successor
from gridpact.ledger.evm.governing import (
    NAMES,
    NOBODY,
    Action,
    Decision,
    Front,
    Room,
    asked,
    faults,
)
from gridpact.ledger.evm.node import Mined, Reverted
from gridpact.ledger.evm.sending import Sender
from gridpact.ledger.evm.signing import genesis_of

VERSION = "decision/1"
_AT_ONCE = 4096
"""Entries that are read in one go."""
NUMBERS = {name: number for number, name in NAMES.items()}


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    gridpact: str
    ledger: str
    nonce: int
    action: str
    room: str
    successor: str
    signatures: dict[str, str]


class Adopted(NamedTuple):
    """A successor, and the room that it is to replace, after all was taken over."""

    successor: Room
    before: Room


def chain_of(place: Path) -> Chain:
    """Return where a ledger on a chain is; BadInput for a log, which has no contracts."""
    chain = home.read(place).chain
    if chain is msgspec.UNSET:
        fix = "a log is stopped by its authorities' sealing nothing; name a ledger on a chain"
        raise BadInput([Fault(str(place), 0, "", "is a log, which has no contracts", fix)])
    return chain


def front_of(place: Path) -> Front:
    """Return the front contract of a ledger, through the node that its folder names."""
    chain = chain_of(place)
    return Front(node_of(chain, chain.node), bytes.fromhex(chain.front.removeprefix("0x")))


def drafted(place: Path, action: Action, room: int, to: bytes = NOBODY) -> Decision:
    """Draft the next decision; BadInput where ``to`` cannot replace the room."""
    front = front_of(place)
    if action is Action.REPLACE:
        _check_successor(front, room, to)
    genesis = genesis_of(front.node.chain, front.address)
    return Decision(genesis, front.nonce(), action, room, to)


def sign(decision: Decision, signers: Sequence[Signer]) -> Decision:
    """Add signatures; BadInput for a key of a log."""
    for signer in signers:
        decision = decision.signed(signer.name, keys.chain_key(signer.key))
    return decision


def carry_out(place: Path, decision: Decision, key: keys.Key) -> Mined:
    """Carry a decision out from the account of a key, once; BadInput lists why it cannot be."""
    with _sending(place, key) as (front, sender):
        if decision.ledger != genesis_of(front.node.chain, front.address):
            fix = "carry it out where it was made for"
            raise BadInput([Fault("decision", 0, "", "was made for another ledger", fix)])
        order = f"govern {front.address.hex()} {decision.message.hex()}"
        begun = sender.outbox.find(order)
        if begun is None:
            with home.opened(place) as ledger:
                if wrong := list(faults(decision, ledger.state(), front.nonce())):
                    raise BadInput(wrong)
        data = begun.call.data if begun else decision.data
        return _sent(sender, order, front.address, data, decision.words)


def adopt(place: Path, room: int, key: keys.Key) -> Adopted:
    """Deploy the successor of a paused room and let it take all rows over, by anybody's account.

    Raises BadInput where the room runs.
    """
    with _sending(place, key) as (front, sender), home.opened(place) as ledger:
        before = front.room(room)
        if before.stage != "paused":
            fix = f"let a quorum pause it: 'gridpact ledger govern pause --room {NAMES[room]}'"
            problem = f"is {before.stage}, and goes on while rows are taken over"
            raise BadInput([Fault("arguments", 0, "--room", problem, fix)])
        # after another pause rows may differ, and the successor of the one before is of no use
        name = f"{before.address.hex()} {before.epoch}"
        deployed = Deployed(front.address, {room: before.address}, 0)
        new = successor(sender, name, room, deployed)
        past = Past(ledger.state(), _entries(ledger), _asking(front, before, room))
        for data in adoptions(room, past):
            order = f"adopt {new.hex()} {keccak256(data).hex()}"
            _sent(sender, order, new, data, f"adopt rows of the room {NAMES[room]}")
        return Adopted(front.room_at(new, room), before)


def _asking(front: Front, before: Room, room: int) -> Ask:
    def ask(function: str, *arguments: object) -> object:
        return asked(front.node, before.address, ROOMS[room], function, *arguments)

    return ask


def _entries(ledger: AnyLedger) -> Iterator[Entry]:
    size = ledger.head().size
    for low in range(0, size, _AT_ONCE):
        yield from ledger.entries(low, min(low + _AT_ONCE, size))


def _check_successor(front: Front, number: int, to: bytes) -> None:
    """Hold what is to replace a room against it, and its code against the one shipped here."""
    before, name = front.room(number), NAMES[number]
    code = bytes.fromhex(contract(ROOMS[number]).artifact["runtime"].removeprefix("0x"))
    problem, fix = "", f"make one: 'gridpact ledger govern adopt --room {name}'"
    if not front.node.code(to).startswith(code):
        problem = f"has other code than the room {name} of this gridpact"
    else:
        after = front.room_at(to, number)
        if after.predecessor != before.address:
            problem = f"is no successor of 0x{before.address.hex()}"
        elif (after.rows, after.total) != (before.rows, before.total):
            problem = f"has {after.rows} of {before.rows} rows, with other units or none"
    if problem:
        raise BadInput([Fault("arguments", 0, "--successor", f"0x{to.hex()} {problem}", fix)])


@contextmanager
def _sending(place: Path, key: keys.Key) -> Iterator[tuple[Front, Sender]]:
    front, account = front_of(place), keys.chain_key(key).account()
    outbox = outbox_of(place)
    try:
        yield front, Sender(front.node, outbox, account)
    finally:
        outbox.close()


def _sent(sender: Sender, order: str, to: bytes, data: bytes, what: str) -> Mined:
    answer = sender.run(order, to, data)
    if isinstance(answer, Mined) and answer.ok:
        return answer
    why = answer.reason if isinstance(answer, Reverted) else "its state changed meanwhile"
    raise StoreError(f"the chain refused to {what}: {why or 'it gave no reason'}")


def write(path: Path, decision: Decision, *, new: bool = False) -> None:
    """Write a decision to a file for others to sign; BadInput where a ``new`` one is there."""
    if new and path.exists():
        fix = "name another file, or sign that one: 'gridpact ledger govern sign'"
        raise BadInput([Fault(str(path), 0, "", "the file exists already", fix)])
    made = {name: each.hex() for name, each in decision.signatures.items()}
    action, room = decision.action.name.lower(), NAMES[decision.room]
    to = f"0x{decision.successor.hex()}"
    written = _Written(VERSION, decision.ledger.hex(), decision.nonce, action, room, to, made)
    folder.write_json(path, written)


def read(path: Path) -> Decision:
    """Read a decision; BadInput where the file holds none."""
    try:
        written = msgspec.json.decode(path.read_bytes(), type=_Written)
        if written.gridpact != VERSION:
            raise ValueError("it is no decision")
        return Decision(
            bytes.fromhex(written.ledger),
            written.nonce,
            Action[written.action.upper()],
            NUMBERS[written.room],
            bytes.fromhex(written.successor.removeprefix("0x")),
            {name: bytes.fromhex(made) for name, made in written.signatures.items()},
        )
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, KeyError) as error:
        fix = "take the file from its maker again; it is never edited"
        raise BadInput([Fault(str(path), 0, "", str(error), fix)]) from error
