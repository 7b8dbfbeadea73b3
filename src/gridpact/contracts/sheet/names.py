"""Names in a term sheet: as they are where nothing else could be meant, else in single quotes."""

from __future__ import annotations

import re

HEADINGS = (
    "What is promised in each slot",
    "Definitions",
    "Decisions",
    "Data",
    "How to read this",
)
# Words that begin a clause which no party begins.
OPENINGS = frozenset(
    [
        "where",
        "from",
        "until",
        "in",
        "on",
        "except",
        "always",
        "never",
        "together",
        "nothing",
        "multiplied",
    ]
)
_TAKEN = OPENINGS | {heading.lower() for heading in HEADINGS}
_PARTY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_DATA = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*[:@][A-Za-z0-9_:@.-]*[A-Za-z0-9_]")
_ASSET = re.compile(r"[a-z]+(?::[A-Za-z0-9_:.-]*[A-Za-z0-9_])?")


def party(name: str) -> str:
    """Write a party's name."""
    bare = _PARTY.fullmatch(name) and name.lower() not in _TAKEN
    return name if bare else quoted(name)


def data(name: str) -> str:
    """Write a series' name."""
    return name if _DATA.fullmatch(name) else quoted(name)


def asset(name: str) -> str:
    """Write an asset's name."""
    return name if _ASSET.fullmatch(name) else quoted(name)


def quoted(name: str) -> str:
    """Write a name in quotes; names hold neither quotes nor spaces."""
    return f"'{name}'"


def unquoted(token: str) -> str | None:
    """Return the name that a token is, None where it is a mark or a reference."""
    if token.startswith("'"):
        return token[1:-1] if len(token) > 2 else None
    return token if re.match(r"[A-Za-z]", token) else None


def letter(index: int) -> str:
    """Return the reference of a definition: ``(A)`` … ``(Z)``, ``(AA)`` …, from index 0."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("A") + rest) + text
    return f"({text})"


def listed(parts: list[str], last: str = "and") -> str:
    """Join parts as in ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"
