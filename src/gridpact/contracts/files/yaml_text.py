"""Texts as YAML scalars, plain where that reads back as the same text and quoted elsewhere."""

from __future__ import annotations

import re

from gridpact.base.documents import scalar

_PLAIN = re.compile(r"(?:-(?=[A-Za-z0-9(]))?[A-Za-z0-9(][ -~¤]*")
_SPECIAL = re.compile(r": | #|:$| $")
_FLOW = re.compile(r"[,\[\]{}?]|:$")


def scalar_text(text: str) -> str:
    """Write a text as the key or the value of a block, in one line."""
    if _PLAIN.fullmatch(text) and not _SPECIAL.search(text) and _is_text(text):
        return text
    return quoted(text)


def in_one_line(text: str) -> str:
    """Write a text within brackets or braces."""
    return quoted(text) if _FLOW.search(text) else scalar_text(text)


def quoted(text: str) -> str:
    """Write a text in double quotes, with everything that does not print as an escape."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return f"\\U{ord(character):08x}"


def _is_text(text: str) -> bool:
    try:
        return isinstance(scalar(text), str)
    except ValueError:
        return False
