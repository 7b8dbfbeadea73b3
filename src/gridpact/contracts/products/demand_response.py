"""Demand response: a load that can be called down, measured against a named baseline."""

from __future__ import annotations

import re

from gridpact.contracts.catalogue import CURRENCY, Parameter, Product, amount, party
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.formulas import maximum, minimum, nominated
from gridpact.contracts.observables import Observable, Series
from gridpact.contracts.terms import Contract, deliver, pay, within

ASSET = "flexibility:demand-response"
_METHOD = re.compile(r"[a-z0-9][a-z0-9-]*\.v[1-9][0-9]*")


def demand_response(
    provider: str,
    aggregator: str,
    offered: Observable,
    load: Observable,
    baseline: str,
    availability_price: Observable,
    utilisation_price: Observable,
    penalty_price: Observable,
    notice: int,
    currency: str,
    label: str = "call",
) -> Contract:
    """Let the aggregator call up to ``offered`` [Wh] of less load in a slot, ``notice`` [s] ahead.

    What is offered earns the availability price [µ¤/kWh, ¤/MW/h is ¤ per MWh offered] called or
    not. Delivered is ``baseline − load`` within 0 and what was called; it earns the utilisation
    price, and what is called and not delivered costs the penalty price. ``baseline`` names method
    and version, ``high-5-of-10.v1``, and is read from the series ``baseline@high-5-of-10.v1``;
    load and baseline may be absent where nothing is called.

    Raises IllFormed for a baseline without a method and a version.
    Source: Directive (EU) 2019/944, articles 2 (20) and 17; NAESB WEQ-015, measurement and
    verification of wholesale demand response.
    """
    called = nominated(label, aggregator, offered, notice)
    delivered = maximum(minimum(_baseline(baseline) - load, called), 0)
    missing = called - delivered
    return (
        deliver(called, provider, aggregator, ASSET)
        + pay(offered * availability_price, aggregator, provider, "availability", currency)
        + within(
            called >= 1,
            pay(delivered * utilisation_price, aggregator, provider, "utilisation", currency)
            + pay(missing * penalty_price, provider, aggregator, "shortfall", currency),
        )
    )


def _baseline(method: str) -> Series:
    if _METHOD.fullmatch(method) is None:
        raise IllFormed(f"baseline {method!r} must name a method and its version: high-5-of-10.v1")
    return Series(f"baseline@{method}", "Wh")


PRODUCTS = (
    Product(
        "demand-response",
        demand_response,
        "A load that is paid for being ready and for going down when called, with a penalty.",
        "Directive (EU) 2019/944, articles 2 (20) and 17; NAESB WEQ-015",
        (
            party("provider", "who uses less when called", "bakery"),
            party("aggregator", "who calls and pays", "aggregator"),
            amount("offered", "Wh", "what can be called in each slot", "10 kWh"),
            amount("load", "Wh", "energy used", "metered:load"),
            Parameter("baseline", "text", "baseline method and version", "high-5-of-10.v1"),
            amount("availability_price", "micro/kWh", "for what is offered", "5 EUR/MWh"),
            amount("utilisation_price", "micro/kWh", "for what is delivered", "200 EUR/MWh"),
            amount("penalty_price", "micro/kWh", "for what is missing", "300 EUR/MWh"),
            Parameter("notice", "notice", "time before a slot to call by", "15 min"),
            CURRENCY,
            Parameter("label", "text", "name of the call", "call", default="call"),
        ),
    ),
)
