"""Where the energy of a member came from: what was cancelled for them, then the residual mix.

Source: Directive (EU) 2018/2001, article 19(8); Directive (EU) 2019/944, annex I, point 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from gridpact.settlement.certificates.operations import Cancel
from gridpact.settlement.certificates.register import Holding, Register

PPM = 1_000_000


class Share(msgspec.Struct, frozen=True):
    """Energy of one source [Wh], and how much of it certificates or the residual mix tell."""

    source: str
    certified_wh: int
    residual_wh: int
    ppm: int

    @property
    def energy_wh(self) -> int:
        """All energy of the source [Wh]."""
        return self.certified_wh + self.residual_wh


class Disclosure(msgspec.Struct, frozen=True):
    """Sources of a member's consumption in a period.

    ``cancelled_wh`` is what was cancelled for the period; what exceeds the consumption, as whole
    certificates may, is ``excess_wh`` and counts for nothing. ``ppm`` of ``shares`` add up to a
    million where anything was consumed. ``hourly_wh`` is consumption of hours that were matched,
    ``matched_wh`` what certificates of the same hour covered.
    """

    member: str
    start_s: int
    end_s: int
    consumption_wh: int
    cancelled_wh: int
    excess_wh: int
    shares: tuple[Share, ...]
    operations: tuple[str, ...]
    hourly_wh: int
    matched_wh: int


def cancellations(register: Register, member: str, start_s: int, end_s: int) -> list[Cancel]:
    """Return what was cancelled for a member's consumption within a period.

    A cancellation whose own period is only partly within counts for none of it.
    """
    return [
        each
        for each in register.operations.values()
        if isinstance(each, Cancel)
        and each.beneficiary == member
        and start_s <= each.start_s
        and each.end_s <= end_s
    ]


def straddling(register: Register, member: str, start_s: int, end_s: int) -> list[str]:
    """Return cancellations of a member whose period is partly within another period."""
    inside = {each.id for each in cancellations(register, member, start_s, end_s)}
    return [
        each.id
        for each in register.operations.values()
        if isinstance(each, Cancel)
        and each.beneficiary == member
        and each.start_s < end_s
        and start_s < each.end_s
        and each.id not in inside
    ]


def disclose(
    register: Register,
    member: str,
    period: tuple[int, int],
    consumption_wh: int,
    residual: Mapping[str, int],
) -> Disclosure:
    """Return the sources of a member's consumption [Wh] in a period of two instants.

    ``residual`` is the residual mix: parts in a million by source, which add up to a million.
    Energy is divided by largest remainder, so that sources add up to the consumption, to the Wh.
    """
    if sum(residual.values()) != PPM or min(residual.values()) < 0:
        raise ValueError("a residual mix adds up to a million")
    used = cancellations(register, member, *period)
    by_source = _by_source(register, used)
    cancelled = sum(by_source.values())
    certified = _divided(min(cancelled, consumption_wh), by_source)
    rest = _divided(max(consumption_wh - cancelled, 0), residual)
    hours = {hour.start_s: hour.consumption_wh for each in used for hour in each.hours}
    return Disclosure(
        member, *period, consumption_wh, cancelled, max(cancelled - consumption_wh, 0),
        _shares(certified, rest, consumption_wh), tuple(each.id for each in used),
        sum(hours.values()),
        sum(hour.matched_wh for each in used for hour in each.hours),
    )  # fmt: skip


def _shares(
    certified: Mapping[str, int], rest: Mapping[str, int], consumption_wh: int
) -> tuple[Share, ...]:
    names = sorted({*certified, *rest})
    energy = {name: certified.get(name, 0) + rest.get(name, 0) for name in names}
    ppm = _divided(PPM if consumption_wh else 0, energy)
    return tuple(
        Share(name, certified.get(name, 0), rest.get(name, 0), ppm[name])
        for name in names
        if energy[name]
    )


def _by_source(register: Register, used: Sequence[Cancel]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in used:
        for holding in pieces(register, each):
            source = holding.lot.device.source
            found[source] = found.get(source, 0) + holding.energy_wh
    return found


def pieces(register: Register, operation: Cancel) -> list[Holding]:
    """Return the certificates of a cancellation, lot by lot."""
    return [each for span in operation.spans for each in register.within(span, operation.at_s)]


def _divided(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Divide a total by weights by largest remainder; of equal ones the first name is favoured.

    In Python's whole numbers, for the energy of a year times a weight may not fit 64 bits.
    """
    whole = sum(weights.values())
    if not total or not whole:
        return dict.fromkeys(weights, 0)
    found = {name: total * weight // whole for name, weight in weights.items()}
    left = total - sum(found.values())
    order = sorted(weights, key=lambda name: (-(total * weights[name] % whole), name))
    for name in order[:left]:
        found[name] += 1
    return found
