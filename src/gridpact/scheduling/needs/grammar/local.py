"""Sentences of needs with their instants by the clock of a community."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from gridpact.scheduling.needs.clock import clock_text, instant_text
from gridpact.scheduling.needs.grammar.write import date_text, sentence
from gridpact.scheduling.needs.model import Intervention, Need


def local_sentence(need: Need, timezone: str) -> str:
    """Write a need as a sentence; ValueError where no sentence says it.

    Instants are by the clock of a timezone, unless that shows them twice: then they are UTC.
    """
    words = sentence(need)
    if isinstance(need, Intervention):
        for at in (need.begin, need.end):
            words = words.replace(instant_text(at), _by_the_clock(at, timezone))
    return words


def _by_the_clock(instant: int, timezone: str) -> str:
    moment = datetime.fromtimestamp(instant, ZoneInfo(timezone))
    if len({moment.replace(fold=fold).utcoffset() for fold in (0, 1)}) > 1:
        return instant_text(instant)
    time_s = moment.hour * 3600 + moment.minute * 60 + moment.second
    return f"{clock_text(time_s)} on {date_text(moment.date().isoformat())}"
