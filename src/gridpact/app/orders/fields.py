"""What may be said of an order, by the names that options, columns and JSON share."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from gridpact.market.orders import PlacedOrder


class Kind(StrEnum):
    """What a value is, and so how it is written."""

    NAME = "name"
    SIDE = "side"
    INSTANT = "instant"
    ENERGY = "energy"
    POWER = "power"
    PRICE = "price"
    SHARE = "share"
    COUNT = "count"
    FLAG = "flag"


UNITS: dict[Kind, str] = {
    Kind.ENERGY: "Wh",
    Kind.POWER: "W",
    Kind.PRICE: "micro/kWh",
    Kind.SHARE: "ppm",
}
"""The unit that an order counts in, of the kinds that have one."""
EXAMPLES: dict[Kind, str] = {
    Kind.NAME: "home-01",
    Kind.SIDE: "buy",
    Kind.INSTANT: "2026-06-15T13:00",
    Kind.ENERGY: "2.5 kWh",
    Kind.POWER: "20 kW",
    Kind.PRICE: "25 ct/kWh",
    Kind.SHARE: "50 %",
    Kind.COUNT: "4",
    Kind.FLAG: "yes",
}


class Field(NamedTuple):
    """One thing to say of an order; ``into`` is where a placed order holds it."""

    name: str
    kind: Kind
    into: str
    meaning: str
    required: bool = False


FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("member", Kind.NAME, "participant", "who orders", required=True),
        Field("side", Kind.SIDE, "side", "buy or sell", required=True),
        Field("slot", Kind.INSTANT, "slot_start", "when the first slot begins", required=True),
        Field("quantity", Kind.ENERGY, "quantity_wh", "energy in each slot", required=True),
        Field(
            "limit",
            Kind.PRICE,
            "limit_micro_per_kwh",
            "the most to pay, or the least to receive",
            required=True,
        ),
        Field("key", Kind.NAME, "key", "tells orders of a member apart"),
        Field("session", Kind.NAME, "", "the session that is to trade it"),
        Field("slots", Kind.COUNT, "slots", "how many slots a block has"),
        Field("minimum", Kind.SHARE, "minimum_ppm", "least share of a block to accept"),
        Field("parent", Kind.NAME, "parent", "key of the block that must be accepted too"),
        Field("group", Kind.NAME, "group", "at most one block of a group is accepted"),
        Field("zone", Kind.NAME, "location", "where it feeds in or out"),
        Field("valid_until", Kind.INSTANT, "valid_until", "when it expires"),
        Field("green", Kind.FLAG, "green", "the offer is of renewable source"),
        Field(
            "prefer_green",
            Kind.PRICE,
            "green_micro_per_kwh",
            "what a bid pays beyond its limit for green energy",
        ),
        Field("partner", Kind.NAME, "partner", "from whom a buyer would rather have it"),
        Field(
            "prefer_partner",
            Kind.PRICE,
            "partner_micro_per_kwh",
            "what it pays beyond its limit for energy from there",
        ),
        Field(
            "prefer_near",
            Kind.PRICE,
            "near_micro_per_kwh",
            "what it pays beyond its limit for energy from its own zone",
        ),
    )
}
"""Every field by name, in the order in which people are told of them."""

_OPTIONAL = PlacedOrder.__struct_fields__[-len(PlacedOrder.__struct_defaults__) :]
DEFAULTS = dict(zip(_OPTIONAL, PlacedOrder.__struct_defaults__, strict=True))
"""What a placed order holds where nothing is said, by the name it has there."""
