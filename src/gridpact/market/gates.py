"""When sessions open, what they trade and when their gates close."""

from __future__ import annotations

from datetime import date, time, timedelta

from gridpact.base.slots import Calendar, Slots
from gridpact.market.messages import Session
from gridpact.registry.model import MarketRules

LOOK_AHEAD_S = 12 * 3600
"""A schedule looks this far [s] beyond the day it is for, so that no need ends at midnight."""


def _clock(seconds: int) -> time:
    return time(seconds // 3600, seconds % 3600 // 60, seconds % 60)


def _horizon(window: Slots) -> Slots:
    extra = LOOK_AHEAD_S // window.step
    return Slots(window.start, window.step, window.count + extra)


def day_ahead(rules: MarketRules, calendar: Calendar, day: date) -> Session:
    """The session that trades all of a local day, with its gate on the day before."""
    window = calendar.day(day)
    gate = calendar.at(day - timedelta(days=1), _clock(rules.day_ahead_gate_s))
    return Session(f"{day}.day-ahead", "day-ahead", str(day), gate, window, _horizon(window))


def intraday(rules: MarketRules, calendar: Calendar, day: date) -> list[Session]:
    """The sessions within a local day; each trades from its gate plus the lead to midnight."""
    slots, sessions = calendar.day(day), []
    for seconds in rules.intraday_gates_s:
        gate = calendar.at(day, _clock(seconds))
        skipped = -(-(gate + rules.lead_s - slots.start) // slots.step)
        if not 0 <= skipped < slots.count:
            continue
        window = Slots(slots.start + skipped * slots.step, slots.step, slots.count - skipped)
        name = f"{day}.intraday-{seconds // 3600:02}{seconds % 3600 // 60:02}"
        sessions.append(Session(name, "intraday", str(day), gate, window, _horizon(window)))
    return sessions


def find_session(rules: MarketRules, calendar: Calendar, name: str) -> Session | None:
    """Return a session by its name, whether it is open, over or yet to come; None for no name."""
    try:
        day = date.fromisoformat(name.partition(".")[0])
        every = [day_ahead(rules, calendar, day), *intraday(rules, calendar, day)]
    except (ValueError, OverflowError):  # not a day, or one that the calendar does not reach
        return None
    return next((session for session in every if session.id == name), None)


def later_sessions(rules: MarketRules, calendar: Calendar, session: Session) -> list[Session]:
    """The sessions of the same day whose gates close after that of a session, the next first."""
    every = intraday(rules, calendar, date.fromisoformat(session.day))
    return sorted((each for each in every if each.gate > session.gate), key=lambda each: each.gate)
