"""The rule by which power profiles become instructions, as machine code."""

from __future__ import annotations

from typing import NamedTuple

from gridpact.base.units import Ints
from gridpact.scheduling.fleet.machine_code import machine_code


class Pace(NamedTuple):
    """Start and step of the slots, least time between instructions, first free instant [s]."""

    start: int
    step: int
    dwell: int
    free_from: int


class Bands(NamedTuple):
    """Dead-band [assets] and most power each way [assets, 1 or slots], W.

    In slots before ``exact_until`` [assets] power is told exactly.
    """

    least: Ints
    charge: Ints
    supply: Ints
    exact_until: Ints


class Begun(NamedTuple):
    """Power, instant of the last instruction, and energy owed [assets]; updated in place."""

    power: Ints
    changed: Ints
    owed: Ints


@machine_code
def follow(power: Ints, bands: Bands, pace: Pace, begun: Begun, held: Ints) -> None:
    """Fill the power that instructions hold [assets, slots]; ``begun`` becomes the end's."""
    wide = bands.charge.shape[1] > 1
    for row in range(power.shape[0]):
        now, owed, changed = begun.power[row], begun.owed[row], begun.changed[row]
        for slot in range(power.shape[1]):
            begin, wanted = pace.start + pace.step * slot, power[row, slot]
            exact = slot < bands.exact_until[row]
            if begin >= pace.free_from and exact:
                if wanted != now:
                    now, changed = wanted, begin
            elif begin >= pace.free_from and begin - changed >= pace.dwell:
                column = slot if wide else 0
                most, least = bands.charge[row, column], -bands.supply[row, column]
                following = aim(wanted, owed, pace.step, bands.least[row], (least, most))
                following = settle(now, (wanted, following), owed, pace.step, bands.least[row])
                if following != now:
                    now, changed = following, begin
            held[row, slot] = now
            owed += (wanted - now) * pace.step
        begun.power[row], begun.owed[row], begun.changed[row] = now, owed, changed


@machine_code
def aim(wanted: int, owed: int, step: int, band: int, bounds: tuple[int, int]) -> int:
    """Power that makes up for what is owed, within the dead-band and on the same side of rest."""
    catch_up = min(abs(owed) // step, band)
    target = wanted + (catch_up if owed > 0 else -catch_up)
    if wanted > 0:
        return min(max(target, 0), max(bounds[1], wanted))
    if wanted < 0:
        return max(min(target, 0), min(bounds[0], wanted))
    return 0


@machine_code
def settle(now: int, choices: tuple[int, int], owed: int, step: int, band: int) -> int:
    """Keep the power as it is, or take what is wanted, or what makes up for what is owed."""
    wanted, target = choices
    turns = now != 0 and (wanted == 0 or (now > 0) != (wanted > 0))
    drifts = abs(owed + (wanted - now) * step) > max(abs(owed), band * step)
    if turns or drifts or abs(target - now) >= band:
        return target
    return now if abs(wanted - now) <= band else wanted
