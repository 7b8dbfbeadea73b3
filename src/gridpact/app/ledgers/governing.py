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
from gridpact.base.errors import BadInput, Fault
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
    strangers,
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
    authorities: dict[str, str] = {}


class Carried(NamedTuple):
    """What came of a decision, by whose signatures, and whose were of no authority.

    ``already`` says that it was so before, then there is nothing else.
    """

    block: int | None = None
    by: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    already: str = ""


class Adopted(NamedTuple):
    """A successor, and the room that it is to replace, after all was taken over.

    ``already`` says that it took its place before.
    """

    successor: Room
    before: Room
    already: bool = False


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
    with home.opened(place) as ledger:
        known = dict(sorted(ledger.state().authorities.rows.items()))
    genesis = genesis_of(front.node.chain, front.address)
    found = Decision(genesis, front.nonce(), action, room, to, authorities=known)
    if action is Action.REPLACE and not front.standing(found):
        _check_successor(front, room, to)
    return found


def sign(decision: Decision, signers: Sequence[Signer]) -> Decision:
    """Add signatures; BadInput lists those that could never count."""
    faults = []
    for signer in signers:
        try:
            decision = decision.signed(signer.name, keys.chain_key(signer.key))
        except ValueError as error:
            fix = "let authorities sign, each with its key, or decide it anew where they changed"
            faults.append(Fault("decision", 0, f"signatures.{signer.name}", str(error), fix))
    if faults:
        raise BadInput(faults)
    return decision


def carry_out(place: Path, decision: Decision, key: keys.Key) -> Carried:
    """Carry a decision out from the account of a key, once; BadInput lists why it cannot be.

    Where all is as it would have it, nothing is sent.
    """
    with _sending(place, key) as (front, sender):
        if decision.ledger != genesis_of(front.node.chain, front.address):
            fix = "carry it out where it was made for"
            raise BadInput([Fault("decision", 0, "", "was made for another ledger", fix)])
        begun = sender.outbox.find(_order(front, decision))
        if not begun and (before := _already(sender, front, decision, chain_of(place).since)):
            return before
        with home.opened(place) as ledger:
            state = ledger.state()
        left = strangers(decision, state)
        decision = decision.without(left)
        if not begun and (wrong := list(faults(decision, state, front.nonce()))):
            raise BadInput(wrong)
        data = begun.call.data if begun else decision.data
        answer = _sent(sender, _order(front, decision), front.address, data, decision.words)
        return Carried(answer.block, tuple(decision.signatures), tuple(left))


def _already(sender: Sender, front: Front, decision: Decision, since: int) -> Carried | None:
    """Tell that a decision was carried out, or that all is so; None where it is to be done."""
    next_one = front.nonce()
    if decision.nonce < next_one:
        block = front.carried_out(decision, since)
        told = f"{decision.words}: done already, in block {block}"
        return None if block is None else Carried(block, already=told)
    told = front.standing(decision)
    if told and next_one:
        last = _order(front, msgspec.structs.replace(decision, nonce=next_one - 1))
        begun = sender.outbox.find(last)
        if begun and begun.account == sender.account.address:
            sender.wait(last)  # what made it so may not be final yet
    return Carried(already=told) if told else None


def _order(front: Front, decision: Decision) -> str:
    return f"govern {front.address.hex()} {decision.message.hex()}"


def adopt(place: Path, room: int, key: keys.Key) -> Adopted:
    """Deploy the successor of a paused room and let it take all rows over, by anybody's account.

    One that has taken the room's place already is told. Raises BadInput where the room runs.
    """
    with _sending(place, key) as (front, sender), home.opened(place) as ledger:
        before = front.room(room)
        followed = before.stage == "open" and before.predecessor != NOBODY
        if followed and _ours(front, before.address, room):
            return Adopted(before, front.room_at(before.predecessor, room), already=True)
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


def _ours(front: Front, room: bytes, number: int) -> bool:
    """Whether what is at an address has the code of this gridpact."""
    code = bytes.fromhex(contract(ROOMS[number]).artifact["runtime"].removeprefix("0x"))
    return front.node.code(room).startswith(code)


def _check_successor(front: Front, number: int, to: bytes) -> None:
    """Hold what is to replace a room against it, and its code against the one shipped here."""
    before, name = front.room(number), NAMES[number]
    problem, fix = "", f"make one: 'gridpact ledger govern adopt --room {name}'"
    if not _ours(front, to, number):
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
    problem = f"the chain refused to {what}: {why or 'it gave no reason'}"
    fix = "see 'gridpact ledger govern show'"
    raise BadInput([Fault("decision", 0, "", problem, fix)])


def write(path: Path, decision: Decision, *, new: bool = False) -> None:
    """Write a decision to a file for others to sign; BadInput where a ``new`` one is there."""
    if new and path.exists():
        fix = "name another file, or sign that one: 'gridpact ledger govern sign'"
        raise BadInput([Fault(str(path), 0, "", "the file exists already", fix)])
    made = {name: each.hex() for name, each in decision.signatures.items()}
    action, room = decision.action.name.lower(), NAMES[decision.room]
    to = f"0x{decision.successor.hex()}"
    known = {name: each.hex() for name, each in decision.authorities.items()}
    written = _Written(
        VERSION, decision.ledger.hex(), decision.nonce, action, room, to, made, known
    )
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
            {name: bytes.fromhex(each) for name, each in written.authorities.items()},
        )
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise BadInput([Fault(str(path), 0, "", problem, "name the file of a decision")]) from error
    except (ValueError, KeyError) as error:
        fix = "take the file from its maker again; it is never edited"
        raise BadInput([Fault(str(path), 0, "", str(error), fix)]) from error
