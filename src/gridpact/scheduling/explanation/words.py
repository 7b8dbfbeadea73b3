"""An explanation in plain sentences: one for each conflict, one for each member that may give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from gridpact.base.errors import ended
from gridpact.scheduling.contracted.model import agreement_of, spoken
from gridpact.scheduling.explanation.absences import absences
from gridpact.scheduling.explanation.audience import Eyes, others, seen_by
from gridpact.scheduling.explanation.model import (
    Conflict,
    Explanation,
    Given,
    Joint,
    Member,
    Proposal,
    Standing,
    Way,
)
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.clock import clock_text, instants
from gridpact.scheduling.needs.grammar.local import local_sentence
from gridpact.scheduling.needs.grammar.write import (
    date_text,
    energy_text,
    number,
    power_text,
)
from gridpact.scheduling.needs.model import (
    Budget,
    Comfort,
    EnergyWithin,
    Headroom,
    HotWater,
    Need,
    PowerCap,
    PowerFloor,
    Run,
    StateOfCharge,
)
from gridpact.scheduling.needs.times import Moment, Window
from gridpact.scheduling.priorities.levels import Level

NAMED = 3
"""Needs of one member, and parts given up, that are told one by one."""
NO_CONFLICT = "All that is asked can be kept."
NOT_YOURS = "None of your needs is in a conflict."
NOT_ALL = "More may clash, which shows once these are settled."


def words(explanation: Explanation, site: Site, party: str) -> tuple[str, ...]:
    """Tell a party why not all can be kept, and what would do: an operator all, an owner its own.

    First a sentence for each conflict, each followed by one for each member that may give; then
    what is least given up together.
    """
    eyes, cut = Eyes(site, party), seen_by(explanation, site, party)
    if not explanation.conflicts:
        return (NO_CONFLICT, *_unbound(cut, site.timezone))
    if not cut.conflicts:
        return (NOT_YOURS, *_together(cut, eyes), *_unbound(cut, site.timezone))
    concerning = [one for one in explanation.conflicts if eyes.concerns(one)]
    told: list[str] = []
    for whole, seen in zip(concerning, cut.conflicts, strict=True):
        told.append(_conflict(whole, seen, eyes))
        told += absences(seen, site)
        told += _offers(whole, seen, site)
    told += [] if cut.complete else [NOT_ALL]
    return (*told, *_together(cut, eyes), *_unbound(cut, site.timezone))


def _unbound(cut: Explanation, timezone: str) -> Iterator[str]:
    for one in cut.unbound:
        said = _need(one.need, timezone)
        yield f"{said} cannot be held: {ended(one.problem)} Fix: {ended(one.fix)}"


def _conflict(whole: Conflict, seen: Conflict, eyes: Eyes) -> str:
    named = [_member(one, eyes.site.timezone) for one in reversed(seen.members)]
    named += [
        f"{count} {kind} need{'s' * (count > 1)} of others" for kind, count in others(whole, eyes)
    ]
    said = ("Even so, " if seen.eased else "") + named[0] + " cannot be kept"
    if len(named) > 1:
        said += " together with " + _listed(named[1:])
    if seen.why:
        said += f": {seen.why}"
    elif not seen.zones and not whole.zones:
        said += ", whatever all others do"
    elif len(whole.members) == 1 and not whole.standing:
        said += ", whatever else is asked"
    if seen.zones and seen.missing_wh is not None:
        said += f"; at least {_kwh(seen.missing_wh)} would be missing"
        said += f", as {_listed([_limit(one) for one in seen.standing])}" if seen.standing else ""
    return said + "."


def _limit(one: Standing) -> str:
    return f"{one.zone} {one.direction}s at most {one.limit_w / 1000:g} kW"


def _member(member: Member, timezone: str) -> str:
    if len(member.needs) == 1:
        return _need(member.needs[0], timezone)
    first = _listed([_need(need, timezone) for need in member.needs[:NAMED]])
    rest = len(member.needs) - NAMED
    return f"{first} and {rest} more {member.kind} need{'s' * (rest > 1)}" if rest > 0 else first


def _need(need: Need, timezone: str) -> str:
    own = replace(need, level=Level.NEEDS) if agreement_of(need.id) else need
    return f"{local_sentence(own, timezone)} ({spoken(need.id)})"


def _listed(said: Sequence[str]) -> str:
    return ", ".join(said[:-1]) + " and " + said[-1] if len(said) > 1 else "".join(said)


def _offers(whole: Conflict, seen: Conflict, site: Site) -> Iterator[str]:
    """A sentence for each member seen, with all that it may offer."""
    kept = [at for at, one in enumerate(whole.members) if _is_seen(one, seen)]
    for at, member in enumerate(seen.members):
        ways = [one for one in seen.proposals if one.member == at]
        more = len(whole.members[kept[at]].needs) - len(member.needs)
        like = f" if {more} of others give as much" if more else ""
        settling = [one for one in ways if one.settles]
        parts = [
            f"{_fits([_offer(one, member, site) for one in some])}{like}{how}"
            for some, how in (
                (settling, _provided(settling[0], site) if settling else ""),
                ([one for one in ways if not one.settles], ", which ends this conflict alone"),
            )
            if some
        ]
        if parts:
            yield f"{_member(member, site.timezone)}: {'; '.join(parts)}."


def _fits(said: Sequence[str]) -> str:
    return f"{said[0]} fits" + "".join(f", or {one}" for one in said[1:])


def _provided(proposal: Proposal, site: Site) -> str:
    """What needs of other conflicts have to give beside a proposal."""
    given = [_gives(one, site) for one in proposal.provided[:NAMED]]
    more = len(proposal.provided) - NAMED
    given += [f"{more} more give as proposed"] if more > 0 else []
    given += ["others give way, too"] if proposal.others_give else []
    return f", provided that {_listed(given)}" if given else ""


def _gives(given: Given, site: Site) -> str:
    before, after = given.before, given.after
    if after is None:
        return f"{spoken(before.id)} is left out"
    if _amount(after, site.timezone) == _amount(before, site.timezone):
        return f"{spoken(before.id)} may take {_time(before, after, site, 'until ')}"
    same = [getattr(after, name, None) == getattr(before, name, None) for name in ("at", "window")]
    amount = _amount(after, site.timezone) if all(same) else local_sentence(after, site.timezone)
    return f"{spoken(before.id)} is at {amount}"


def _is_seen(member: Member, seen: Conflict) -> bool:
    ids = {need.id for need in member.needs}
    return any(need.id in ids for one in seen.members for need in one.needs)


def _offer(proposal: Proposal, member: Member, site: Site) -> str:
    if proposal.way is Way.DROP:
        return "nothing less than leaving it out"
    before, after = member.needs[0], proposal.needs[0]
    if proposal.way is Way.TIME:
        return _time(before, after, site)
    if len(member.needs) > 1 and isinstance(before, StateOfCharge):
        share = (after.least_ppm or after.least_wh or 0) if isinstance(after, StateOfCharge) else 0
        asked = before.least_ppm or before.least_wh or 1
        return f"{100 * share // asked}% of each"
    return _amount(after, site.timezone)


def _time(before: Need, after: Need, site: Site, until: str = "") -> str:
    at, old = getattr(after, "at", None), getattr(before, "at", None)
    if isinstance(at, Moment) and isinstance(old, Moment):
        days = [day for _, day in instants(old, site.start, site.end, site.timezone)]
        same = days and days[0].isoformat() == at.date
        on = "" if same or at.date is None else f" on {date_text(at.date)}"
        return until + clock_text(at.time_s) + on
    window = getattr(after, "window", None)
    return (
        f"until {clock_text(window.end_s)}"
        if isinstance(window, Window)
        else local_sentence(after, site.timezone)
    )


def _amount(need: Need, timezone: str) -> str:
    match need:
        case StateOfCharge(least_ppm=int(share)) | StateOfCharge(most_ppm=int(share)):
            return f"{number(share, 10_000)}%"
        case StateOfCharge() | EnergyWithin():
            return energy_text(need.least_wh if need.least_wh is not None else need.most_wh or 0)
        case PowerCap(most_w=watts) | PowerFloor(least_w=watts):
            return power_text(watts)
        case Comfort(low_mc=int(milli)) | Comfort(high_mc=int(milli)):
            return f"{number(milli, 1000)} C"
        case HotWater(litres=litres):
            return f"{litres} l"
        case Headroom(up_w=up, down_w=down):
            return f"up {power_text(up)} and down {power_text(down)}"
        case Budget(most_nano=int(money)) | Run(most_cost_nano=int(money)):
            return f"a cost of {number(money, 10**9)}"
    return local_sentence(need, timezone)


def _together(cut: Explanation, eyes: Eyes) -> Iterator[str]:
    """What is least given up together, or what the plan gives up; and what is kept instead."""
    joint = cut.joint
    if joint is None or not joint.parts:
        return
    kept = _some(list(dict.fromkeys(spoken(one.id) for one in joint.kept)))
    missing = _missing(joint)
    if joint.by_plan:
        keeps = f"keeps {kept}, and " if kept else ""
        yield f"The plan {keeps}misses {missing}."
    elif eyes.all:
        cost = f", at a cost of {joint.cost_nano / 1e9:.2f}" if joint.cost_nano is not None else ""
        keeps = f"keeping {kept}, and missing" if kept else "missing"
        beside = _beside(joint, eyes.site.timezone)
        yield f"Least is given up together by {keeps} {missing}{beside}{cost}."
    else:
        beside = _beside(joint, eyes.site.timezone)
        yield f"Of what is least given up by all together, yours is {missing}{beside}."


def _missing(joint: Joint) -> str:
    """Tell what is missed of each need: of earlier levels first, of one level the most first."""
    energy, money, level = dict[str, float](), dict[str, float](), dict[str, Level]()
    for one in joint.parts:
        level.setdefault(spoken(one.need), one.level)
        found, amount = (
            (money, one.missing_nano / 1e9) if one.missing_nano else (energy, one.missing_wh)
        )
        found[spoken(one.need)] = found.get(spoken(one.need), 0.0) + amount
    parts = sorted(energy.items(), key=lambda one: (level[one[0]], -one[1], one[0]))
    named = [f"{_kwh(wh)} of {name}" for name, wh in parts[:NAMED]]
    if len(parts) > NAMED:
        rest = sum(wh for _, wh in parts[NAMED:])
        named.append(f"{_kwh(rest)} of {len(parts) - NAMED} more")
    return _listed([*named, *(f"{name} by {cost:.4f}" for name, cost in sorted(money.items()))])


def _some(names: Sequence[str]) -> str:
    """List a few names, and count the others."""
    more = len(names) - NAMED
    return _listed([*names[:NAMED], *([f"{more} more"] if more > 0 else [])])


def _beside(joint: Joint, timezone: str) -> str:
    """What one asset's needs give in any case."""
    said = ""
    if joint.eased:
        said += f", beside {_listed([_need(one, timezone) for one in joint.eased[:NAMED]])}"
        more = len(joint.eased) - NAMED
        said += f" and {more} more as proposed" if more > 0 else ""
    return said + (f", without {_listed(joint.without)}" if joint.without else "")


def _kwh(wh: float) -> str:
    return f"{wh / 1000:.2f} kWh"
