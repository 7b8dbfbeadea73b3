"""Needs in words."""

from __future__ import annotations

from gridpact.scheduling.needs.grammar.write import sentence
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.needs.wire import to_json


def in_words(need: Need) -> str:
    """Write a need as a sentence, or as JSON where no sentence says it."""
    try:
        return sentence(need)
    except ValueError:
        return to_json(need).decode()
