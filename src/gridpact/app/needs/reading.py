"""A need from what a person writes: a sentence, or the need or message as JSON."""

from __future__ import annotations

from msgspec import DecodeError, json
from msgspec.structs import replace

from gridpact.app.needs.acting import Seen
from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.messages import StateNeed
from gridpact.scheduling.needs.grammar.parse import LEVELS, parse
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.needs.spelling import known_as, listed, nearest
from gridpact.scheduling.needs.validation import refuse_faulty
from gridpact.scheduling.needs.wire import from_json
from gridpact.scheduling.priorities.levels import Level


def message_of(text: str, owner: str | None, seen: Seen, level: str | None = None) -> StateNeed:
    """Read a need that an owner states; BadInput with every fault of it.

    A text that begins with a brace is JSON: a need, or the message as ``--print-message`` prints
    it. Both name their owner, which must then be the same as ``owner``, if that is given. A
    sentence that says no level has ``level``, or the one that its subject makes clear.
    """
    if not text.lstrip().startswith("{"):
        checked = check_party(owner, seen)
        said = None if level is None else LEVELS[level]
        context = replace(seen.context(checked), level=said)
        return StateNeed(by=checked, need=parse(text, context))
    message = _from_json(text.encode())
    if owner not in (None, message.by):
        problem = f"the need is of {message.by}, not of {owner}"
        raise BadInput([Fault("arguments", 0, "--owner", problem, "leave it out")])
    check_party(message.by, seen)
    return message


def with_options(message: StateNeed, level: str | None, note: str) -> StateNeed:
    """Give a need a level and a note; BadInput where it says another, or where they are none."""
    need = message.need
    if level is not None and need.level not in (Level.NEEDS, LEVELS[level]):
        problem = f"the need says {need.level.name.lower()}, the option {level}"
        raise BadInput([Fault("arguments", 0, "--level", problem, "say it once")])
    if level is not None:
        need = replace(need, level=LEVELS[level])
    need = replace(need, note=note or need.note)
    refuse_faulty(need)
    return StateNeed(by=message.by, need=need)


def _from_json(text: bytes) -> StateNeed:
    if b'"type"' not in text:
        need: Need = from_json(text)
        return StateNeed(by=need.owner, need=need)
    try:
        message = json.decode(text, type=StateNeed)
    except DecodeError as error:
        fix = "write it as 'gridpact need add … --print-message' does"
        fault = Fault("need", 0, "", f"this is no state-need message ({error})", fix)
        raise BadInput([fault]) from error
    refuse_faulty(message.need)
    return message


def check_party(owner: str | None, seen: Seen) -> str:
    """Return the owner, who may be written in whatever case.

    BadInput where none is named, or one that the community does not have.
    """
    members, parties = seen.community.members.ids, seen.community.parties
    known = (*members, parties.operator, parties.dso, parties.authority)
    if owner is not None and (named := known_as(owner, known)) is not None:
        return named
    near = nearest(owner or "", known)
    fix = f"write {near}" if near else f"name one of {listed(members)}"
    problem = f"there is no party {owner[:80]!r}" if owner else "nobody is named"
    raise BadInput([Fault("arguments", 0, "--owner", problem, fix)])
