"""The whole value of a contract as a person asks for it: one call, every open choice taken."""

from __future__ import annotations

from collections.abc import Mapping

from gridpact.base.slots import Slots
from gridpact.base.units import Floats
from gridpact.contracts.evaluate import World
from gridpact.contracts.observables import Observable
from gridpact.contracts.terms import Contract
from gridpact.contracts.valuation.present import marked, one_currency
from gridpact.contracts.valuation.value import Value, value


def value_report(
    contract: Contract,
    party: str,
    world: World,
    slots: Slots,
    *,
    prices: Mapping[str, Observable] | None = None,
    discount: Floats | None = None,
) -> Value:
    """Value a contract to a party over scenario paths.

    ``prices`` are what deliveries are worth, by asset or family of assets, in the contract's one
    currency; see :func:`gridpact.contracts.valuation.present.marked`. Otherwise as
    :func:`gridpact.contracts.valuation.value.value`.
    """
    terms = marked(contract, prices, one_currency(contract)) if prices else contract
    return value(terms, party, world, slots, discount=discount)
