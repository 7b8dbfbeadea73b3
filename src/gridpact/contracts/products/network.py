"""Network charges: by energy, by origin of energy, by peak, and with storage charged only once."""

from __future__ import annotations

from dataclasses import dataclass

from gridpact.contracts.catalogue import CURRENCY, Parameter, Product, amount, party
from gridpact.contracts.formulas import at_end, highest, maximum, minimum, running, share
from gridpact.contracts.observables import Observable, Series
from gridpact.contracts.terms import Contract, pay

WITHDRAWAL = Series("metered:withdrawal", "Wh")
OUTSIDE = Series("network:outside", "Wh")
LOCAL = Series("network:local", "Wh")


@dataclass(frozen=True, slots=True)
class NetworkFees:
    """Prices of energy [µ¤/kWh]: from outside, local, and the levy on both."""

    outside: Observable
    local: Observable
    levy: Observable


def network_tariff(member: str, dso: str, state: str, fees: NetworkFees, currency: str) -> Contract:
    """Pay the DSO for the network used and the state its levy on all that was withdrawn."""
    return (
        pay(OUTSIDE * fees.outside, member, dso, "network", currency)
        + pay(LOCAL * fees.local, member, dso, "network-local", currency)
        + pay(WITHDRAWAL * fees.levy, member, state, "levy", currency)
    )


def local_network_tariff(
    member: str,
    dso: str,
    state: str,
    outside: Observable,
    local: Observable,
    levy: Observable,
    currency: str,
) -> Contract:
    """Return :func:`network_tariff` from its prices by name [µ¤/kWh]."""
    return network_tariff(member, dso, state, NetworkFees(outside, local, levy), currency)


def energy_tariff(
    consumer: str, dso: str, withdrawal: Observable, price: Observable, currency: str
) -> Contract:
    """Pay the DSO a price [µ¤/kWh] on all that is withdrawn [Wh], whatever becomes of it.

    Source: Regulation (EU) 2019/943, article 18.
    """
    return pay(withdrawal * price, consumer, dso, "network", currency)


def storage_exempt_tariff(
    consumer: str,
    dso: str,
    withdrawal: Observable,
    stored: Observable,
    returned: Observable,
    efficiency: Observable,
    price: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Pay as :func:`energy_tariff` and have back what was paid for energy that came back.

    ``stored`` [Wh] is what a storage unit took from the network, within ``withdrawal``, and
    ``returned`` what it gave back to it. The price of the slot of return is paid back on
    :func:`returned_from_storage`; losses stay charged. How storage is told from load behind the
    same meter is a method that belongs in the series' names, as ``storage:returned@submeter.v1``.
    Source: no double charges for stored electricity, Directive (EU) 2019/944, article 15 (5) (b);
    Energiewirtschaftsgesetz § 118 (6).
    """
    exempt = returned_from_storage(stored, returned, efficiency, period)
    return energy_tariff(consumer, dso, withdrawal, price, currency) + pay(
        exempt * price, dso, consumer, "storage-exemption", currency
    )


def returned_from_storage(
    stored: Observable, returned: Observable, efficiency: Observable, period: str
) -> Observable:
    """Return what of ``returned`` [Wh] had been stored before or in the slot, in one period.

    A stock grows by ``efficiency`` [ppm] of what is stored (rounded half to even, slot by slot),
    shrinks by what is returned, never below 0, and begins each period at 0: energy from another
    source can not be passed off as stored, and what is kept over a period's end is not exempt.
    The stock before a slot is its reflected running sum, as in :func:`net_metering.rolled`.
    """
    kept = share(stored, efficiency)
    drawn = returned - kept
    before = running(drawn, period) - drawn
    return minimum(returned, highest(before, period) - before + kept)


def capacity_tariff(
    consumer: str,
    dso: str,
    demand: Observable,
    least: Observable,
    price: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Pay for each period's highest demand [W], at least for ``least``, in its last slot.

    ``demand`` is the mean power of a slot: from quarter-hourly energy it is ``4 W/Wh`` times
    that. The price [µ¤/kW] is for one period, so a yearly price is divided by twelve for months.
    Source: the Flemish capacity tariff (VREG, Tariefmethodologie, in force since 2023: at least
    2.5 kW), which bills the mean of twelve such peaks; over a year both come to the same.
    """
    peak = maximum(highest(demand, period), least)
    return pay(at_end(period) * peak * price, consumer, dso, "capacity", currency)


_CONSUMER = party("consumer", "who uses the network", "home")
_DSO = party("dso", "who runs the network", "dso")
_WITHDRAWAL = amount("withdrawal", "Wh", "energy withdrawn", "metered:withdrawal")
_PRICE = amount("price", "micro/kWh", "price of energy withdrawn", "0.08 EUR/kWh")
_PERIOD = Parameter("period", "period", "billing period and its zone", "month@Europe/Brussels")

PRODUCTS = (
    Product(
        "network-tariff",
        energy_tariff,
        "A network charge on all energy withdrawn, also what storage takes and gives back.",
        "Regulation (EU) 2019/943, article 18",
        (_CONSUMER, _DSO, _WITHDRAWAL, _PRICE, CURRENCY),
    ),
    Product(
        "network-tariff-storage-exempt",
        storage_exempt_tariff,
        "A network charge that is paid back for energy that storage gives back to the network.",
        "Directive (EU) 2019/944, article 15 (5) (b)",
        (
            _CONSUMER,
            _DSO,
            _WITHDRAWAL,
            amount("stored", "Wh", "what storage took from the network", "storage:stored"),
            amount("returned", "Wh", "what storage gave back to it", "storage:returned"),
            amount("efficiency", "ppm", "share of stored energy that can come back", "90 %"),
            _PRICE,
            _PERIOD,
            CURRENCY,
        ),
    ),
    Product(
        "capacity-tariff",
        capacity_tariff,
        "A network charge on the highest demand of each billing period.",
        "VREG, Tariefmethodologie: capacity tariff, in force since 2023",
        (
            _CONSUMER,
            _DSO,
            amount("demand", "W", "mean power of each slot", "metered:demand"),
            amount("least", "W", "demand that is paid for at least", "2.5 kW"),
            amount("price", "micro/kW", "price of the peak for one period", "3.5 EUR/kW"),
            _PERIOD,
            CURRENCY,
        ),
    ),
    Product(
        "local-network-tariff",
        local_network_tariff,
        "A network charge with another price for energy from the same community, and a levy.",
        "Directive (EU) 2018/2001, article 22 (4) (d)",
        (
            party("member", "who withdraws energy", "home"),
            _DSO,
            party("state", "who receives the levy", "state"),
            amount("outside", "micro/kWh", "price of energy from outside", "0.08 EUR/kWh"),
            amount("local", "micro/kWh", "price of local energy", "0.032 EUR/kWh"),
            amount("levy", "micro/kWh", "levy on all energy", "0.0205 EUR/kWh"),
            CURRENCY,
        ),
    ),
)
