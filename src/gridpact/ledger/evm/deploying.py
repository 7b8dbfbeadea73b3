"""Puts a ledger's contracts on a chain: the front, then its rooms, then lets them in."""

from __future__ import annotations

from typing import NamedTuple

from gridpact.base.errors import StoreError
from gridpact.ledger.evm.artifacts import ROOMS, contract
from gridpact.ledger.evm.node import Mined
from gridpact.ledger.evm.sending import Sender

NOBODY = bytes(20)


class Deployed(NamedTuple):
    """Where a ledger is: its front contract [20 bytes], its rooms by number, since which block."""

    front: bytes
    rooms: dict[int, bytes]
    since: int


def deploy(sender: Sender, name: str) -> Deployed:
    """Deploy a ledger from the account that will found it.

    ``name`` makes it idempotent: after a crash the same name goes on with what was begun. Raises
    StoreError where the chain refuses.
    """
    front = _done(sender, begins(name), b"", contract("Ledger").creation())
    rooms = {
        number: _made(sender, f"deploy {name} {room}", room, (front.contract, NOBODY))
        for number, room in ROOMS.items()
    }
    opening = contract("Ledger").data("open", [rooms[number] for number in sorted(rooms)])
    _done(sender, f"deploy {name} open", front.contract, opening)
    return Deployed(front.contract, rooms, front.block)


def begins(name: str) -> str:
    """Return the key of the order that a deployment under a name begins with."""
    return f"deploy {name} front"


def successor(sender: Sender, name: str, number: int, deployed: Deployed) -> bytes:
    """Deploy what is to replace a room; it has yet to adopt the rows of that one."""
    room = ROOMS[number]
    arguments = (deployed.front, deployed.rooms[number])
    return _made(sender, f"succeed {name} {room}", room, arguments)


def _made(sender: Sender, key: str, name: str, arguments: tuple[bytes, bytes]) -> bytes:
    return _done(sender, key, b"", contract(name).creation(*arguments)).contract


def _done(sender: Sender, key: str, to: bytes, data: bytes) -> Mined:
    answer = sender.run(key, to, data)
    if isinstance(answer, Mined) and answer.ok:
        return answer
    why = "" if isinstance(answer, Mined) else f": {answer.reason}"
    raise StoreError(f"{key!r} was refused on chain {sender.node.chain}{why}")
