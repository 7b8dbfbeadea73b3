"""Central and peer-to-peer models on what a community really needed and had left."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.app.compare.spread import Spread, spread
from gridpact.base.units import Ints
from gridpact.market.coalitions import models
from gridpact.market.coalitions.core import Stability, sampled_stability, stability
from gridpact.market.coalitions.shapley import EXACT_MEMBERS
from gridpact.market.coalitions.sharing_game import SharingGame

MOST_VALUES = 1 << 30
"""Values that sampling may look at; with more members and slots fewer orders are drawn."""
MOST_GAINS = 1 << 24
"""Members × members × slots beyond which the models are not run: they would take minutes."""
FEWEST_ORDERS, MOST_ORDERS = 64, 2_000


class Needs(msgspec.Struct, frozen=True):
    """What members needed, negative what they had left, in slots of settled days.

    ``net_wh`` [members, slots]; ``avoided`` and ``export`` [slots, µ¤/kWh] are what a local kWh
    spares who buys it, and what the supplier pays for it.
    """

    net_wh: Ints
    avoided_micro_per_kwh: Ints
    export_micro_per_kwh: Ints


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """What one model comes to; gains are against the supplier alone [nano-¤, members].

    ``excess_nano`` is what the most discontented coalition would gain by leaving, ``coalition``
    its members; ``in_core`` is None where not ``every`` coalition was examined and none was found
    that would gain.
    """

    name: str
    volume_wh: int
    welfare_nano: int
    gain_nano: tuple[int, ...]
    standard_error_nano: tuple[float, ...]
    spread: Spread
    excess_nano: int
    coalition: tuple[str, ...]
    examined: int
    every: bool
    in_core: bool | None


def fits(needs: Needs) -> bool:
    """Tell whether a community is small enough for its coalitions to be looked at."""
    members, slots = needs.net_wh.shape
    return int(members * members * slots) <= MOST_GAINS


def run(needs: Needs, members: Sequence[str], seed: int) -> tuple[Model, ...]:
    """Run all models of :mod:`gridpact.market.coalitions.models` on the same needs.

    Every coalition is examined for stability up to twelve members; beyond, a search from random
    ones looks for a coalition that would leave.
    """
    net, avoided, export = needs.net_wh, needs.avoided_micro_per_kwh, needs.export_micro_per_kwh
    game = SharingGame(net, avoided, export)
    found = models.compare(net, avoided, export, seed=seed, settings=_settings(*net.shape))
    worths = game.worths() if len(members) <= EXACT_MEMBERS else None

    def examine(gain: Ints) -> Stability:
        if worths is not None:
            return stability(worths, gain)
        return sampled_stability(game.worth, gain, seed=seed, starts=_starts(*net.shape))

    return tuple(
        _model(name, outcome, examine(outcome.gain_nano), members)
        for name, outcome in found.items()
    )


def _settings(members: int, slots: int) -> models.Settings:
    """Draw fewer orders of joining in large communities; the standard error tells."""
    each = max(1, members * members * slots)
    return models.Settings(orders=min(MOST_ORDERS, max(FEWEST_ORDERS, MOST_VALUES // each)))


def _starts(members: int, slots: int) -> int:
    return min(16, max(1, MOST_VALUES // max(1, 16 * members**3 * slots)))


def _model(name: str, outcome: models.Outcome, found: Stability, members: Sequence[str]) -> Model:
    gain = tuple(outcome.gain_nano.tolist())
    return Model(
        name=name,
        volume_wh=outcome.volume_wh,
        welfare_nano=outcome.welfare_nano,
        gain_nano=gain,
        standard_error_nano=tuple(np.round(outcome.standard_error_nano, 1).tolist()),
        spread=spread(gain),
        excess_nano=found.excess_nano,
        coalition=tuple(members[row] for row in np.flatnonzero(found.coalition).tolist()),
        examined=found.examined,
        every=found.every,
        in_core=found.in_core,
    )
