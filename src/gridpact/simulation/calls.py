"""When the grid of a simulated world calls: activations are asked for a slot before they begin."""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.scheduling.activation.messages import ActivationRequested
from gridpact.simulation.scenarios.model import Activation


def due_calls(
    requests: Sequence[ActivationRequested], slot: int, step: int
) -> list[ActivationRequested]:
    """Requests that come as a slot [s since the epoch] ends: they begin a slot after that."""
    return [each for each in requests if slot + 2 * step == each.begin]


def calls(activations: Sequence[Activation]) -> tuple[ActivationRequested, ...]:
    """Put a scenario's activations into the messages by which the grid asks for them."""
    return tuple(
        ActivationRequested(
            by=each.by,
            zones=each.zones,
            power_w=each.power_w,
            begin=each.begin,
            lasts_s=each.lasts_s,
            rule=each.rule,
        )
        for each in activations
    )
