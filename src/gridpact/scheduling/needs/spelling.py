"""Names that are nearly right, and lists of those that are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

SHOWN = 8
"""Choices that are listed."""


def nearest(text: str, words: Iterable[str]) -> str:
    """Word most like a text, in whatever case; "" where none is like it."""
    by_case = {word.lower(): word for word in words}
    if text.lower() in by_case:
        return by_case[text.lower()]
    close = get_close_matches(text.lower(), list(by_case), 1, 0.6)
    return by_case[close[0]] if close else ""


def known_as(text: str, names: Iterable[str]) -> str | None:
    """The one of some names that a text is, in whatever case; None where that is none or several.

    A text that is written as one of them is that one.
    """
    alike = [name for name in dict.fromkeys(names) if name.lower() == text.lower()]
    if text in alike:
        return text
    return alike[0] if len(alike) == 1 else None


def listed(names: Sequence[str]) -> str:
    """List names, no more than :data:`SHOWN` of them."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
