"""Retail tariffs: flat, by time of use, stepped and dynamic, each with a standing charge.

Every tariff sells what the consumer withdraws [Wh, not negative] at a price [µ¤/kWh] and takes a
standing charge [nano-¤] in the last slot of each billing period, ``"month@Europe/Berlin"``.
"""

from __future__ import annotations

from gridpact.contracts.errors import IllFormed
from gridpact.contracts.formulas import at_end, maximum, minimum, running, share
from gridpact.contracts.observables import Const, Observable
from gridpact.contracts.terms import Contract, pay, sale


def flat_tariff(
    consumer: str,
    supplier: str,
    consumption: Observable,
    price: Observable,
    standing_charge: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Sell what is consumed [Wh] at one price [µ¤/kWh].

    Source: fixed-price contract, Directive (EU) 2019/944 as amended by (EU) 2024/1711, articles
    2 (15a) and 11; billing in its Annex I.
    """
    energy = sale(consumption, price, supplier, consumer, "energy", currency)
    return energy + _standing(consumer, supplier, standing_charge, period, currency)


def time_of_use_tariff(
    consumer: str,
    supplier: str,
    consumption: Observable,
    peak: Observable,
    peak_price: Observable,
    shoulder: Observable,
    shoulder_price: Observable,
    off_peak_price: Observable,
    standing_charge: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Sell what is consumed [Wh] at the price [µ¤/kWh] of the band in which its slot lies.

    ``peak`` and ``shoulder`` are masks, as of :class:`LocalTime`; a slot in both counts as peak
    and one in neither is off-peak. Without a shoulder it is ``Const(0, "1")``.
    Source: Faruqui, Sergici, Household response to dynamic pricing of electricity, Journal of
    Regulatory Economics 38, 2010; the time bands of national suppliers.
    """
    in_peak, in_shoulder, off_peak = bands(peak, shoulder)
    price = in_peak * peak_price + in_shoulder * shoulder_price + off_peak * off_peak_price
    return flat_tariff(consumer, supplier, consumption, price, standing_charge, period, currency)


def bands(*masks: Observable) -> tuple[Observable, ...]:
    """Return masks that partition time: of those given the first that is 1, last the rest.

    One more than is given; in every slot exactly one of them is 1.
    """
    found: list[Observable] = []
    rest: Observable | None = None
    for mask in masks:
        found.append(mask if rest is None else rest * mask)
        rest = 1 - mask if rest is None else rest * (1 - mask)
    return (*found, *([rest] if rest is not None else []))


def stepped_tariff(
    consumer: str,
    supplier: str,
    consumption: Observable,
    first_step: Observable,
    second_step: Observable,
    first_price: Observable,
    second_price: Observable,
    third_price: Observable,
    standing_charge: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Sell each billing period's consumption [Wh] in three blocks, each at its price [µ¤/kWh].

    The first block ends when the period's consumption reaches ``first_step`` [Wh], the second at
    ``second_step``; a slot that crosses a step is divided exactly. Steps are constant within a
    period, and the second is not below the first. Source: increasing block tariffs;
    Borenstein, The Redistributional Impact of Nonlinear Electricity Pricing, American Economic
    Journal: Economic Policy 4(3), 2012.
    """
    _in_order(first_step, second_step)
    first = block(consumption, Const(0, "Wh"), first_step, period)
    second = block(consumption, first_step, second_step, period)
    return (
        sale(first, first_price, supplier, consumer, "energy", currency)
        + sale(second, second_price, supplier, consumer, "energy", currency)
        + sale(consumption - first - second, third_price, supplier, consumer, "energy", currency)
        + _standing(consumer, supplier, standing_charge, period, currency)
    )


def _in_order(first: Observable, second: Observable) -> None:
    """Refuse steps that the terms themselves put in the wrong order."""
    if (
        isinstance(first, Const)
        and isinstance(second, Const)
        and not 0 <= first.value <= second.value
    ):
        raise IllFormed(
            f"the first step, {first.value} Wh, is above the second, {second.value} Wh, or below 0"
        )


def block(consumption: Observable, low: Observable, high: Observable, period: str) -> Observable:
    """Return what of a slot's consumption [Wh] lies between two marks of its period's running sum.

    The part of ``(before, before + consumption]`` within ``(low, high]``, where ``before`` is what
    the period had consumed until the slot.
    """
    after = running(consumption, period)
    before = after - consumption
    return _clip(after, low, high) - _clip(before, low, high)


def dynamic_tariff(
    consumer: str,
    supplier: str,
    consumption: Observable,
    spot: Observable,
    margin: Observable,
    floor: Observable,
    cap: Observable,
    tax: Observable,
    standing_charge: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Sell what is consumed [Wh] at spot plus margin within floor and cap [µ¤/kWh], plus tax.

    The tax [ppm] is a share of each slot's energy and standing charge together, rounded once, half
    to even, to nano-¤, and paid under its own kind. Where the floor is above the cap, it holds.
    Source: dynamic electricity price contract, Directive (EU) 2019/944, articles 2 (15) and 11;
    value-added tax, Directive 2006/112/EC, articles 73 and 78.
    """
    price = _clip(spot + margin, floor, cap)
    due = consumption * price + standing_charge * at_end(period)
    return flat_tariff(
        consumer, supplier, consumption, price, standing_charge, period, currency
    ) + pay(share(due, tax), consumer, supplier, "tax", currency)


def _standing(
    consumer: str, supplier: str, charge: Observable, period: str, currency: str
) -> Contract:
    return pay(charge * at_end(period), consumer, supplier, "standing-charge", currency)


def _clip(value: Observable, low: Observable, high: Observable) -> Observable:
    return maximum(minimum(value, high), low)
