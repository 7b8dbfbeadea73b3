"""The contracts that a day's statements read, each with the world it is read in.

Every amount on a statement is the cash-flow reading of one of these; there is no other pricing.
Templates name the party ``member`` and are read for all members at once.
"""

from __future__ import annotations

from gridpact.contracts.observables import Const
from gridpact.contracts.products.imbalance import imbalance_settlement
from gridpact.contracts.products.network import NetworkFees, network_tariff
from gridpact.contracts.products.sharing import sharing_key
from gridpact.contracts.products.supplier import supplier_tariff
from gridpact.contracts.terms import All, Contract
from gridpact.registry.model import Community
from gridpact.settlement.clause import MEMBER, Clause
from gridpact.settlement.day import Energy, Facts
from gridpact.settlement.spot import traded

KEY_VERSION = "v1"


def sharing_name(community: Community) -> str:
    """Name and version of the sharing key, as the contract's series carry it."""
    return f"{community.sharing.key}.{KEY_VERSION}"


def clauses(community: Community, facts: Facts, energy: Energy) -> list[Clause]:
    """List the day's contracts in the order of the statement's lines."""
    return [
        *(traded(community, trades) for trades in facts.trades),
        _sharing(community, energy),
        _supply(community, energy),
        _network(community, facts, energy),
        _imbalance(community, facts, energy),
    ]


def standing(community: Community, member: str) -> Contract:
    """Return what a member agreed to by joining: sharing, supply, network and imbalance."""
    agreed = (_shared(community, member), _supplied(community, member))
    return All((*agreed, _charged(community, member), _balanced(community, member)))


def _shared(community: Community, member: str) -> Contract:
    name = sharing_name(community)
    return sharing_key(member, community.parties.operator, community.currency, name)


def _supplied(community: Community, member: str) -> Contract:
    return supplier_tariff(member, community.parties.supplier, community.currency)


def _charged(community: Community, member: str) -> Contract:
    tariffs, parties = community.tariffs, community.parties
    fees = NetworkFees(
        Const(tariffs.network_micro_per_kwh, "micro/kWh"),
        Const(tariffs.network_local_micro_per_kwh, "micro/kWh"),
        Const(tariffs.levy_micro_per_kwh, "micro/kWh"),
    )
    return network_tariff(member, parties.dso, parties.state, fees, community.currency)


def _balanced(community: Community, member: str) -> Contract:
    return imbalance_settlement(member, community.parties.operator, community.currency)


def _sharing(community: Community, energy: Energy) -> Clause:
    name = sharing_name(community)
    return Clause(
        "sharing",
        _shared(community, MEMBER),
        {
            f"shared:in@{name}": energy.shared.in_wh,
            f"shared:out@{name}": energy.shared.out_wh,
            "shared:price": energy.shared_price,
        },
    )


def _supply(community: Community, energy: Energy) -> Clause:
    return Clause(
        "supplier",
        _supplied(community, MEMBER),
        {
            "supplier:in": energy.residual.supplier_in_wh,
            "supplier:out": energy.residual.supplier_out_wh,
            "tariff:import": energy.prices.supplier_import,
            "tariff:export": energy.prices.supplier_export,
        },
    )


def _network(community: Community, facts: Facts, energy: Energy) -> Clause:
    return Clause(
        "network",
        _charged(community, MEMBER),
        {
            "network:outside": energy.network.outside_wh,
            "network:local": energy.network.local_wh,
            "metered:withdrawal": facts.metered.withdrawal_wh,
        },
    )


def _imbalance(community: Community, facts: Facts, energy: Energy) -> Clause:
    return Clause(
        "imbalance",
        _balanced(community, MEMBER),
        {
            "imbalance:deviation": energy.deviation_wh,
            "imbalance:spread": facts.spread_micro_per_kwh,
        },
    )
