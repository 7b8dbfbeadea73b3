"""Net metering: imports and exports net within a billing period; credits roll over or are paid.

Imports and exports [Wh] are the two registers of one meter, neither negative.
"""

from __future__ import annotations

from gridpact.contracts.catalogue import CURRENCY, Parameter, Product, amount, party
from gridpact.contracts.formulas import at_end, highest, maximum, running, share, total
from gridpact.contracts.observables import Observable
from gridpact.contracts.terms import Contract, deliver, pay, sale


def net_metering(
    prosumer: str,
    supplier: str,
    imported: Observable,
    exported: Observable,
    price: Observable,
    credit_price: Observable,
    period: str,
    true_up: str,
    currency: str,
) -> Contract:
    """Bill imports minus exports by period; energy credits roll over until a yearly true-up.

    A period's net import [Wh] is first met from the credits of earlier periods; the rest is billed
    at ``price`` [µ¤/kWh] in the period's last slot, at that slot's price. Credits left when the
    ``true_up`` period ends are bought at ``credit_price`` and the bank starts again from 0.
    Billing periods must nest in true-up periods, as months do in years of one zone.
    Source: Freeing the Grid (Vote Solar, IREC), best practices in state net metering, 2015.
    """
    due, left = rolled(imported - exported, period, true_up)
    return (
        _exchange(prosumer, supplier, imported, exported)
        + pay(due * price, prosumer, supplier, "energy", currency)
        + pay(left * credit_price, supplier, prosumer, "credit", currency)
    )


def net_billing(
    prosumer: str,
    supplier: str,
    imported: Observable,
    exported: Observable,
    price: Observable,
    credit_price: Observable,
    payout: Observable,
    period: str,
    true_up: str,
    currency: str,
) -> Contract:
    """Bill imports less the worth of exports; credits in money roll over until a yearly true-up.

    Every import costs ``price`` and every export earns ``credit_price`` [µ¤/kWh] of its slot; a
    period's bill is their difference less credits of earlier periods, not below 0. The share
    ``payout`` [ppm] of the credits left at the true-up is paid out, rounded half to even.
    Source: IRENA, Innovation landscape brief: Net billing schemes, 2019.
    """
    due, left = rolled(imported * price - exported * credit_price, period, true_up)
    return (
        _exchange(prosumer, supplier, imported, exported)
        + pay(due, prosumer, supplier, "energy", currency)
        + pay(share(left, payout), supplier, prosumer, "credit", currency)
    )


def rolled(net: Observable, period: str, true_up: str) -> tuple[Observable, Observable]:
    """Return what each period owes after credits, and what credits are left at each true-up.

    ``net`` is what a slot owes, negative where it earns a credit, in any unit. The first is not 0
    only in the last slot of a ``period``, the second only in the last slot of a ``true_up``.

    The bank of credits after period t, ``B_t = max(0, B_{t-1} - x_t)`` from ``B_0 = 0``, is the
    reflection of the sums ``S_t = x_1 + … + x_t`` at 0: ``B_t = max(0, S_1, …, S_t) - S_t``. So it
    needs no recursion: in every slot ``running - this period's part`` is ``S_{t-1}``.
    Source: Skorokhod's reflection, as in Harrison, Brownian Motion and Stochastic Flow Systems,
    1985, section 2.2.
    """
    owed = running(net, period)
    before = running(net, true_up) - owed
    credit = highest(before, true_up) - before
    return at_end(period) * maximum(owed - credit, 0), at_end(true_up) * maximum(credit - owed, 0)


def expiring_net_metering(
    prosumer: str,
    supplier: str,
    imported: Observable,
    exported: Observable,
    price: Observable,
    credit_price: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Bill imports minus exports of a period; an excess of exports is bought and does not roll.

    Net imports cost ``price``, net exports earn ``credit_price`` [µ¤/kWh], both as of the period's
    last slot. Source: Public Utility Regulatory Policies Act of 1978 (US), section 111 (d) (11).
    """
    net = total(imported - exported, period)
    return (
        _exchange(prosumer, supplier, imported, exported)
        + pay(maximum(net, 0) * price, prosumer, supplier, "energy", currency)
        + pay(maximum(-net, 0) * credit_price, supplier, prosumer, "credit", currency)
    )


def market_rate_net_metering(
    prosumer: str,
    supplier: str,
    imported: Observable,
    exported: Observable,
    price: Observable,
    market_price: Observable,
    currency: str,
) -> Contract:
    """Net imports against exports slot by slot; net exports earn the market's price [µ¤/kWh].

    Only the net [Wh] changes hands. With a market price for ``price`` too, both directions follow
    the market. A negative price turns the payment round.
    Source: market rate net metering; Directive (EU) 2018/2001, article 21 (2) (d).
    """
    bought, sold = maximum(imported - exported, 0), maximum(exported - imported, 0)
    return sale(bought, price, supplier, prosumer, "energy", currency) + sale(
        sold, market_price, prosumer, supplier, "credit", currency
    )


def _exchange(prosumer: str, supplier: str, imported: Observable, exported: Observable) -> Contract:
    return deliver(imported, supplier, prosumer, "energy") + deliver(
        exported, prosumer, supplier, "energy"
    )


_REGISTERS = (
    party("prosumer", "who uses and generates energy", "home"),
    party("supplier", "who supplies and credits it", "supplier"),
    amount("imported", "Wh", "energy withdrawn", "metered:withdrawal"),
    amount("exported", "Wh", "energy fed in", "metered:injection"),
)
_PRICE = amount("price", "micro/kWh", "price of net imports", "0.30 EUR/kWh")
_CREDIT = amount("credit_price", "micro/kWh", "price of credits", "0.06 EUR/kWh")
_PERIOD = Parameter("period", "period", "billing period and its zone", "month@Europe/Berlin")
_TRUE_UP = Parameter("true_up", "period", "period after which credits end", "year@Europe/Berlin")

PRODUCTS = (
    Product(
        "net-metering",
        net_metering,
        "Imports and exports net by billing period; energy credits roll over to a true-up.",
        "Freeing the Grid: best practices in state net metering, 2015",
        (*_REGISTERS, _PRICE, _CREDIT, _PERIOD, _TRUE_UP, CURRENCY),
    ),
    Product(
        "net-metering-expiring",
        expiring_net_metering,
        "Imports and exports net by billing period; an excess is bought at a credit price.",
        "Public Utility Regulatory Policies Act of 1978 (US), section 111 (d) (11)",
        (*_REGISTERS, _PRICE, _CREDIT, _PERIOD, CURRENCY),
    ),
    Product(
        "net-billing",
        net_billing,
        "Imports and exports at two prices; credits in money roll over to a true-up.",
        "IRENA, Innovation landscape brief: Net billing schemes, 2019",
        (
            *_REGISTERS,
            _PRICE,
            _CREDIT,
            amount("payout", "ppm", "share of credits left that is paid out", "100 %"),
            _PERIOD,
            _TRUE_UP,
            CURRENCY,
        ),
    ),
    Product(
        "market-rate-net-metering",
        market_rate_net_metering,
        "Imports and exports net slot by slot; net exports earn the market's price.",
        "Directive (EU) 2018/2001, article 21 (2) (d)",
        (
            *_REGISTERS,
            _PRICE,
            amount("market_price", "micro/kWh", "price of net exports", "spot"),
            CURRENCY,
        ),
    ),
)
