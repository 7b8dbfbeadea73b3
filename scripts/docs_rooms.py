"""Write the table of a ledger's rooms on a chain: their kinds, who may, and why they refuse."""

from __future__ import annotations

import re

from docs_blocks import ROOT, Pages, main, with_block

from gridpact.ledger.entries import KINDS
from gridpact.ledger.evm.artifacts import ROOMS
from gridpact.ledger.kinds.fields import Kind
from gridpact.ledger.state.rights import RIGHTS

PAGE = ROOT / "docs" / "evm-rooms.md"
CONTRACTS = ROOT / "src" / "gridpact" / "ledger" / "evm" / "contracts"
_REASON = re.compile(r'(?:^\s*raise |^\s*assert .*, |^\s*\), )"([^"]+)"$', re.MULTILINE)
_ROOM_OF = re.compile(r"^ROOM_OF: constant\(uint256\) = (\d+)$", re.MULTILINE)


def rooms_of_kinds() -> dict[int, list[type[Kind]]]:
    """Kinds of each room by its number, as the front contract hands them out."""
    found = _ROOM_OF.search((CONTRACTS / "Ledger.vy").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError("the front contract does not say which room takes which kind")
    packed = int(found[1])
    numbers = [packed >> (4 * place) & 15 for place in range(len(KINDS))]
    return {
        room: [kind for kind, number in zip(KINDS, numbers, strict=True) if number == room]
        for room in ROOMS
    }


def reasons(name: str) -> list[str]:
    """Reasons with which a contract refuses operations, each once, in the order of its text."""
    text = (CONTRACTS / f"{name}.vy").read_text(encoding="utf-8")
    taking = text.partition("\ndef adopt")[0]
    return list(dict.fromkeys(_REASON.findall(taking)))


def _who(kind: type[Kind]) -> str:
    right = RIGHTS[kind]
    found = [*(f"the {role}" for role in sorted(right.roles))]
    if right.quorum:
        found.insert(0, "a quorum")
    if right.authority:
        found.insert(0, "an authority")
    if right.own:
        found.append(f"its `{right.own}`")
    return " or ".join(found)


def table() -> str:
    """Table of all rooms."""
    lines = ["| room | takes, from whom | refuses with |", "|---|---|---|"]
    for number, kinds in rooms_of_kinds().items():
        name = ROOMS[number]
        link = f"[{name}](../src/gridpact/ledger/evm/contracts/{name}.vy)"
        takes = "<br>".join(f"`{kind.__struct_config__.tag}`: {_who(kind)}" for kind in kinds)
        refuses = ", ".join(reasons(name))
        lines.append(f"| {number} {link} | {takes} | {refuses} |")
    return "\n".join(lines) + "\n"


def refreshed() -> Pages:
    """The page with its table as the contracts and the rules have it now."""
    return {PAGE: with_block(PAGE.read_text(encoding="utf-8"), "rooms", table())}


if __name__ == "__main__":
    main(__doc__, refreshed)
