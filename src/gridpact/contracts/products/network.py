"""Network charges: energy from outside at the full fee, local energy at a local fee, and a levy."""

from __future__ import annotations

from dataclasses import dataclass

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
