"""An order made of what people say of it, and the key it has where they name none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from gridpact.app.orders.cells import Terms, Unclear, Value, read
from gridpact.app.orders.fields import DEFAULTS, EXAMPLES, FIELDS
from gridpact.market.orders import PlacedOrder

MISSING = "is missing"


class Problem(NamedTuple):
    """What is wrong with a field of an order, and how to put it right."""

    field: str
    problem: str
    fix: str


class Made(NamedTuple):
    """An order, and the values by field that it was made of; none where there are problems."""

    order: PlacedOrder | None
    values: dict[str, Value]
    problems: list[Problem]

    @property
    def session(self) -> str:
        """The session that is to trade it, "" where none is named."""
        return str(self.values.get("session", ""))


def make(texts: Mapping[str, str], terms: Terms) -> Made:
    """Make an order of texts by field; one that is absent or empty has its default.

    Without a key the order has one that follows from its content, so that the same said twice is
    one order.
    """
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    for name, field in FIELDS.items():
        text = texts.get(name, "").strip()
        if text:
            try:
                values[name] = read(field, text, terms)
            except Unclear as error:
                problems.append(Problem(name, str(error), error.fix))
        elif field.required:
            fix = f"say {field.meaning}, such as {EXAMPLES[field.kind]}"
            problems.append(Problem(name, MISSING, fix))
    problems += _contradictions(values)
    if problems:
        return Made(None, values, problems)
    said = {FIELDS[name].into: value for name, value in values.items() if FIELDS[name].into}
    return Made(_with_key(msgspec.convert({"key": "", **said}, PlacedOrder)), values, [])


def _with_key(order: PlacedOrder) -> PlacedOrder:
    """Give an order without a key one that follows from its content."""
    if order.key:
        return order
    said = msgspec.to_builtins(order).items()
    # what has its default is left out, so that a field added later changes no key
    content = {name: value for name, value in said if value != DEFAULTS.get(name, "")}
    text = msgspec.json.encode(content, order="sorted")
    return msgspec.structs.replace(order, key=f"auto-{hashlib.sha256(text).hexdigest()[:16]}")


def _contradictions(values: Mapping[str, Value]) -> list[Problem]:
    """What is said of an order that something else said leaves without meaning."""
    problems = []
    if "minimum" in values and values.get("slots", 1) == 1:
        fix = "leave it out, or say over how many slots the block goes"
        problems.append(Problem("minimum", "an order for one slot has no least share", fix))
    if not 0 <= int(values.get("minimum", 0)) <= 1_000_000:
        problems.append(Problem("minimum", "is outside 0 to 100 %", "name a share in between"))
    if "prefer_partner" in values and "partner" not in values:
        problems.append(Problem("prefer_partner", "no partner is named", "name the partner"))
    for name in ("prefer_green", "prefer_partner", "prefer_near"):
        if int(values.get(name, 0)) < 0:
            fix = "name what to pay beyond the limit, zero or more"
            problems.append(Problem(name, "is negative", fix))
    return problems
