"""What may be revealed about prices, hour by hour: distributions and chains of signals.

In each slot a signal ``s`` is revealed and with it the slot's price ``P(s)``; what it says about
later slots is all that tells the two kinds apart. :class:`Independent` signals say nothing about
later ones. In a :class:`Chain` the next signal depends on the one revealed, so an error of the
forecast carries over from slot to slot.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.working.columns import LARGEST, WorkFindings

SUM_WITHIN = 1e-9
"""How far probabilities may add up to something else than one."""


class Independent(msgspec.Struct, frozen=True):
    """A discrete distribution of the price in each slot, independent of all others.

    ``price`` and ``probability`` are [zones, slots, outcomes], µ¤/kWh and shares that add up to
    one; an outcome of probability zero fills up where slots have fewer.
    """

    price: Floats
    probability: Floats

    def expected(self) -> Floats:
        """Expected prices [zones, slots], µ¤/kWh."""
        return np.asarray(np.einsum("zto,zto->zt", self.price, self.probability))


class Chain(msgspec.Struct, frozen=True):
    """A Markov chain of signals, the price in each slot given by the signal.

    ``price`` [zones, slots, states], µ¤/kWh; ``first`` [zones, states]: probabilities of signals in
    the first slot; ``transition`` [zones, slots − 1, states, states]: probability of the signal
    (last axis) in slot ``t + 1`` after the one (axis before) in slot ``t``.
    """

    price: Floats
    first: Floats
    transition: Floats

    def marginal(self) -> Floats:
        """Probability of each signal as seen before the first slot [zones, slots, states]."""
        found: Floats = np.zeros_like(self.price)
        found[:, 0] = self.first
        for slot in range(1, self.price.shape[1]):
            found[:, slot] = np.einsum(
                "zs,zsn->zn", found[:, slot - 1], self.transition[:, slot - 1]
            )
        return found

    def expected(self) -> Floats:
        """Expected prices before the first slot [zones, slots], µ¤/kWh."""
        return np.asarray(np.einsum("zts,zts->zt", self.price, self.marginal()))


def independent(price: Floats | Ints, probability: Floats) -> Independent:
    """Distributions of prices, checked.

    Parameters
    ----------
    price : [slots, outcomes] or [zones, slots, outcomes]
        µ¤/kWh.
    probability : the same, or what broadcasts to it
        Shares of each slot that add up to one.

    Raises
    ------
    BadInput
        Of prices that are not numbers, and probabilities that are negative or do not add up to one.
    """
    prices = _cube("price", price)
    found = WorkFindings()
    chances = _spread(found, "probability", probability, prices.shape)
    _numbers(found, "price", prices)
    found.refuse()
    _refuse_chances("probability", chances)
    return Independent(prices, chances)


def chain(price: Floats | Ints, first: Floats, transition: Floats) -> Chain:
    """Build a chain of signals, checked.

    Parameters
    ----------
    price : [slots, states] or [zones, slots, states]
        µ¤/kWh.
    first : [states] or [zones, states]
        Probabilities of the signals in the first slot.
    transition : [states, states], [slots − 1, states, states] or with zones before
        From the state of the axis before the last to that of the last; one matrix stands for all
        slots.

    Raises
    ------
    BadInput
        As :func:`independent`.
    """
    prices = _cube("price", price)
    zones, slots, states = prices.shape
    found = WorkFindings()
    begin = _spread(found, "first", first, (zones, states))
    steps = _spread(found, "transition", transition, (zones, slots - 1, states, states))
    _numbers(found, "price", prices)
    found.refuse()
    _refuse_chances("first", begin)
    _refuse_chances("transition", steps)
    return Chain(prices, begin, steps)


def from_errors(forecast: Floats | Ints, errors: Floats) -> Independent:
    """Distributions of prices from a forecast and past errors by lead, each as likely.

    Parameters
    ----------
    forecast : [slots], µ¤/kWh
        Prices forecast now; that of slot ``t`` has lead ``t + 1``.
    errors : [samples, leads]
        Past errors ``e(·, k) = ŷ − y`` with lead ``k`` in column ``k``, such as
        :func:`~.updates.errors` gives; NaN where missing. Column 0, the error of what is known, is
        not used. A price is ``y = ŷ − e``.

    Raises
    ------
    BadInput
        Where some slot's lead has no past errors.
    """
    ahead = np.asarray(forecast, np.float64)
    past = np.asarray(errors, np.float64)[:, 1 : len(ahead) + 1]
    known = ~np.isnan(past)
    lacking = [lead + 1 for lead in range(len(ahead)) if not known[:, lead : lead + 1].any()]
    if lacking:
        problem = f"has no errors of lead {', '.join(map(str, lacking))}"
        fix = "give past forecasts as far ahead as this one"
        raise BadInput([Fault("appliances", 0, "errors", problem, fix)])
    price = np.where(known, ahead - past, 0.0).T
    return independent(price, (known / known.sum(axis=0)).T)


def _cube(where: str, values: Floats | Ints) -> Floats:
    array = np.asarray(values, np.float64)
    array = array[None] if array.ndim == 2 else array
    if array.ndim != 3 or not array.size:
        problem, fix = f"has shape {np.shape(values)}", "give [zones, slots, outcomes]"
        raise BadInput([Fault("appliances", 0, where, problem, fix)])
    return np.ascontiguousarray(array)


def _spread(found: WorkFindings, where: str, values: Floats, shape: tuple[int, ...]) -> Floats:
    array = np.asarray(values, np.float64)
    try:
        return np.ascontiguousarray(np.broadcast_to(array, shape))
    except ValueError:
        found.add(where, f"has shape {array.shape}", f"give {shape}")
        return array


def _numbers(found: WorkFindings, where: str, values: Floats) -> None:
    flat = values.ravel()
    found.number(where + "[{}]", flat, flat.shape, (-LARGEST, LARGEST))


def _refuse_chances(where: str, values: Floats) -> None:
    """Refuse probabilities that are none, or whose last axis does not add up to one."""
    found = WorkFindings()
    rows = values.reshape(-1, values.shape[-1])
    negative = np.asarray(~(rows >= 0).all(axis=1))
    found.rows(negative, where + "[{}]", "holds one below zero", "give shares")
    total = rows.sum(axis=1)
    found.rows(
        np.asarray(~(np.abs(total - 1) <= SUM_WITHIN)),
        where + "[{}]",
        "adds up to {total}",
        "let probabilities add up to 1",
        total=total,
    )
    found.refuse()
