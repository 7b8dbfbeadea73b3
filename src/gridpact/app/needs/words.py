"""Needs in words."""

from __future__ import annotations

from gridpact.scheduling.needs.grammar.local import local_sentence
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.needs.wire import to_json


def in_words(need: Need, timezone: str) -> str:
    """Write a need as a sentence, or as JSON where no sentence says it.

    Instants are by the clock of a timezone, unless that shows them twice: then they are UTC.
    """
    try:
        return local_sentence(need, timezone)
    except ValueError:
        return to_json(need).decode()
