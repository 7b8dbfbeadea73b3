"""Imbalance: what a deviation from plan earns or costs, by single price, dual price or incentive.

A deviation [Wh] is measured minus planned: positive with more surplus or less need than planned.
"""

from __future__ import annotations

from gridpact.contracts.catalogue import CURRENCY, Product, amount, party
from gridpact.contracts.formulas import maximum
from gridpact.contracts.observables import Observable, Series
from gridpact.contracts.terms import Contract, pay, sale, within

DEVIATION = Series("imbalance:deviation", "Wh")
SPREAD = Series("imbalance:spread", "micro/kWh")


def imbalance_settlement(member: str, operator: str, currency: str) -> Contract:
    """Pay the member deviation × spread; where that is negative the member pays.

    The deviation [Wh] is positive with more surplus or less need than planned; the spread
    [µ¤/kWh] is the imbalance price minus the spot price at which the plan was priced.
    """
    return pay(DEVIATION * SPREAD, operator, member, "imbalance", currency)


def single_price_imbalance(
    member: str,
    operator: str,
    measured: Observable,
    planned: Observable,
    price: Observable,
    currency: str,
) -> Contract:
    """Settle a surplus and a shortage [Wh] at one imbalance price [µ¤/kWh].

    A surplus is bought by the operator, a shortage bought from it: what helps the system earns.
    Source: Commission Regulation (EU) 2017/2195, articles 52 (2) (d) and 55.
    """
    return sale(measured - planned, price, member, operator, "imbalance", currency)


def dual_price_imbalance(
    member: str,
    operator: str,
    measured: Observable,
    planned: Observable,
    surplus_price: Observable,
    shortage_price: Observable,
    currency: str,
) -> Contract:
    """Buy a surplus [Wh] at one price and sell a shortage at another, usually higher [µ¤/kWh].

    Source: Commission Regulation (EU) 2017/2195, articles 52 (2) (d) and 55.
    """
    surplus, shortage = maximum(measured - planned, 0), maximum(planned - measured, 0)
    return sale(surplus, surplus_price, member, operator, "surplus", currency) + sale(
        shortage, shortage_price, operator, member, "shortage", currency
    )


def imbalance_incentive(
    member: str,
    operator: str,
    measured: Observable,
    planned: Observable,
    system: Observable,
    band: Observable,
    bonus: Observable,
    reward: Observable,
    penalty: Observable,
    currency: str,
) -> Contract:
    """Reward a plan kept or a deviation that helps the system, penalise what harms it.

    A slot whose deviation is within ``±band`` [Wh] earns the bonus [nano-¤]. Beyond the band, a
    deviation that helps earns the reward and any other costs the penalty [µ¤/kWh], both on the
    energy beyond the band. A deviation helps where its sign is opposite to the ``system``
    imbalance [Wh, positive when long]; a balanced system can not be helped.
    Source: incentives to be in balance or help to restore it, Commission Regulation (EU)
    2017/2195, articles 17 (1) and 44 (1) (a) to (c).
    """
    surplus = maximum(measured - planned - band, 0)
    shortage = maximum(planned - measured - band, 0)
    helping = (system <= -1) * surplus + (system >= 1) * shortage
    harming = surplus + shortage - helping
    kept = (band + planned >= measured) * (measured + band >= planned)
    return (
        within(kept, pay(bonus, operator, member, "bonus", currency))
        + pay(helping * reward, operator, member, "reward", currency)
        + pay(harming * penalty, member, operator, "penalty", currency)
    )


_PARTIES = (
    party("member", "who planned", "solar-park"),
    party("operator", "who settles imbalances", "tso"),
)
_DEVIATION = (
    amount("measured", "Wh", "net energy that was given", "metered:net"),
    amount("planned", "Wh", "net energy that was planned", "plan:net"),
)
_EB = "Commission Regulation (EU) 2017/2195, articles 52 and 55"

PRODUCTS = (
    Product(
        "imbalance-settlement",
        imbalance_settlement,
        "A community member's deviation from plan at the imbalance price's spread over spot.",
        _EB,
        (*_PARTIES, CURRENCY),
    ),
    Product(
        "imbalance-single-price",
        single_price_imbalance,
        "Deviations from plan, bought and sold at one imbalance price.",
        _EB,
        (
            *_PARTIES,
            *_DEVIATION,
            amount("price", "micro/kWh", "imbalance price", "imbalance:price"),
            CURRENCY,
        ),
    ),
    Product(
        "imbalance-dual-price",
        dual_price_imbalance,
        "Surplus bought at one price, shortage sold at another.",
        _EB,
        (
            *_PARTIES,
            *_DEVIATION,
            amount("surplus_price", "micro/kWh", "price of a surplus", "imbalance:surplus"),
            amount("shortage_price", "micro/kWh", "price of a shortage", "imbalance:shortage"),
            CURRENCY,
        ),
    ),
    Product(
        "imbalance-incentive",
        imbalance_incentive,
        "A bonus for keeping a plan, a reward for helping the system, a penalty for harming it.",
        "Commission Regulation (EU) 2017/2195, articles 17 (1) and 44 (1)",
        (
            *_PARTIES,
            *_DEVIATION,
            amount("system", "Wh", "imbalance of the system, positive when long", "system:net"),
            amount("band", "Wh", "deviation that keeps the plan", "5 kWh"),
            amount("bonus", "nano", "bonus for a slot that keeps the plan", "0.10 EUR"),
            amount("reward", "micro/kWh", "for energy that helps", "30 EUR/MWh"),
            amount("penalty", "micro/kWh", "for energy that harms", "90 EUR/MWh"),
            CURRENCY,
        ),
    ),
)
