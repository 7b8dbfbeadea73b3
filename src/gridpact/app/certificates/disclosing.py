"""Sources of members' consumption, from a register, readings and a residual mix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridpact.app.certificates.metered import Meters
from gridpact.app.certificates.rules_file import RegisterRules, ResidualMix
from gridpact.base.errors import BadInput, Fault
from gridpact.settlement.certificates.disclosure import Disclosure, disclose, straddling
from gridpact.settlement.certificates.register import Register


def disclosed_by(
    register: Register,
    rules: RegisterRules,
    meters: Meters,
    mix: ResidualMix,
    members: Sequence[str] = (),
) -> Iterator[Disclosure]:
    """Yield the sources of members' consumption in the period of some meters.

    Of all members where none are named. Raises BadInput where readings
    prove nothing, and where a cancellation is for consumption that is only partly in the period.
    """
    for member in members or rules.points:
        slots, consumed = meters.consumed(rules.points[member])
        span = (slots.start, slots.end)
        if across := straddling(register, member, *span):
            problem = f"{', '.join(across)}: for consumption that is only partly in this period"
            fix = "choose a period that holds it whole"
            raise BadInput([Fault("arguments", 0, "--period", problem, fix)])
        yield disclose(register, member, span, sum(consumed.values()), mix.ppm)
