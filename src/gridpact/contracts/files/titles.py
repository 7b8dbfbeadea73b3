"""Titles of contracts: text from strangers that goes to terminals and into pages."""

from __future__ import annotations

MAX_TITLE = 200
TITLE_FIX = f"write one line of at most {MAX_TITLE} letters, digits and signs"


def title_problem(title: str) -> str:
    """Say why a text is no title, ``""`` where it is one: one printable line, not too long."""
    if len(title) > MAX_TITLE:
        return f"a title of {len(title):,} characters; {MAX_TITLE} are read at most"
    odd = next((letter for letter in title if not letter.isprintable()), "")
    return f"a title cannot hold the character {odd!a}" if odd else ""
