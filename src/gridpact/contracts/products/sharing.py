"""Energy sharing: what a sharing key allocates to a member, at the community's price."""

from __future__ import annotations

from gridpact.contracts.catalogue import CURRENCY, Parameter, Product, party
from gridpact.contracts.observables import Series
from gridpact.contracts.terms import Contract, sale


def sharing_key(member: str, community: str, currency: str, key: str = "") -> Contract:
    """Buy the energy allocated to a member and sell what is allocated from them [Wh].

    ``key`` names the method and its version, such as ``"default-dynamic.v1"``. It becomes part of
    the series' names (``shared:in@default-dynamic.v1``), so the contract fixes how energy was
    allocated; without it the community's settlement decides.
    """
    suffix = f"@{key}" if key else ""
    price = Series("shared:price", "micro/kWh")
    taken, given = Series(f"shared:in{suffix}", "Wh"), Series(f"shared:out{suffix}", "Wh")
    return sale(taken, price, community, member, "sharing", currency) + sale(
        given, price, member, community, "sharing", currency
    )


PRODUCTS = (
    Product(
        "sharing-key",
        sharing_key,
        "What a community's sharing key allocates to and from a member, at the community's price.",
        "Directive (EU) 2019/944 as amended by (EU) 2024/1711, article 15a",
        (
            party("member", "who shares energy", "home"),
            party("community", "who settles the sharing", "community"),
            CURRENCY,
            Parameter("key", "text", "sharing key and version", "default-dynamic.v1", default=""),
        ),
    ),
)
