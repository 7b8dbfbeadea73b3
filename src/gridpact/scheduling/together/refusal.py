"""Refuse a need that cannot hold by itself, or with others of its owner, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gridpact.base.errors import Fault
from gridpact.scheduling.needs.model import (
    Assets,
    EnergyWithin,
    Intervention,
    Need,
    PowerFloor,
    StateOfCharge,
    kind_of,
)
from gridpact.scheduling.needs.spelling import listed
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.together.check import Clash, Known, clash_of


def refusal(
    places: Places, new: Need, standing: Sequence[Need], now: int, known: Known = ()
) -> Fault | None:
    """Say why a need cannot be taken beside its owner's others that stand; None where it can.

    ``known`` are published main-market prices; see :func:`~.check.clash_of`.
    """
    clash = clash_of(places, new, standing, now, known)
    if clash is None:
        return None
    others = [one.id for one in clash.needs if one.id != new.id]
    missing = f"{_kwh(clash.missing_wh)} are missing at the least, on {clash.day.isoformat()}"
    missing = clash.why or missing
    if not others:
        assets = listed([one.id for one in places.assets(new)])
        problem = f"{assets} cannot do that, whatever else is left out: {missing}"
        return Fault("need", 0, kind_of(new), problem, _less(places, new, clash))
    both = "both" if len(others) == 1 else "all"
    stay = "stays" if len(others) == 1 else "stay"
    names = f"{', '.join(others)} and the new {_word(new)}"
    problem = f"{names} cannot {both} hold: {missing}; {listed(others)} {stay} in force"
    return Fault("need", 0, kind_of(new), problem, f"change it, or remove {' or '.join(others)}")


def _word(need: Need) -> str:
    return f"{need.action} by hand" if isinstance(need, Intervention) else kind_of(need)


def _kwh(energy_wh: float) -> str:
    return f"{energy_wh / 1000:.4g} kWh"


def _less(places: Places, need: Need, clash: Clash) -> str:
    """What to ask for instead: less by what is missed at any one place can be had."""
    missing = math.ceil(clash.most_wh)
    match need:
        case EnergyWithin(least_wh=int(least)) if least > missing:
            return f"ask for {(least - missing) / 1000:g} kWh at most"
        case PowerFloor(least_w=least) if least > (less := -(-missing * 3600 // places.step_s)):
            return f"ask for {(least - less) / 1000:g} kW at most"
        case StateOfCharge(least_wh=int(least)) if least > missing:
            return f"ask for {(least - missing) / 1000:g} kWh at most"
        case StateOfCharge(least_ppm=int(), subject=Assets()) if need.most_ppm is None:
            return "ask for a smaller share"
    return "ask for less, or allow more time"
