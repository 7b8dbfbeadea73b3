"""Typed looks into a checked document: groups, items, texts, and numbers in whole units."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

from gridpact.base.documents import Value

Group: TypeAlias = "dict[str, Value]"

WATT_PER_KW = 1000
MICRO_PER_CT = 10_000
MICRO_PER_MWH = 1000


def group(node: Group, key: str) -> Group:
    """Return the group of keys under ``key``, empty where there is none."""
    found = node.get(key)
    return found if isinstance(found, dict) else {}


def entries(node: Group, key: str) -> Iterator[tuple[int, Group]]:
    """Yield the groups of a list with their positions; items that were refused are left out."""
    found = node.get(key)
    for position, item in enumerate(found if isinstance(found, list) else []):
        if isinstance(item, dict):
            yield position, item


def named(node: Group, key: str) -> Iterator[tuple[str, Group]]:
    """Yield the groups of a group with their names."""
    for name, item in group(node, key).items():
        if isinstance(item, dict):
            yield name, item


def text(node: Group, key: str) -> str:
    """Return a text, empty where there is none."""
    found = node.get(key)
    return found if isinstance(found, str) else ""


def texts(node: Group, key: str) -> list[str]:
    """Return a list of texts, empty where there is none."""
    found = node.get(key)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def truth(node: Group, key: str) -> bool:
    """Return a truth value; one that is absent is false."""
    return node.get(key) is True


def exact(node: Group, key: str) -> Fraction:
    """Return a number as the decimal that was written, 0 where there is none."""
    found = node.get(key)
    return Fraction(str(found)) if isinstance(found, int | float) else Fraction(0)


def count(node: Group, key: str) -> int:
    """Return a whole number, 0 where there is none."""
    return int(exact(node, key))


def scaled(node: Group, key: str, factor: int) -> int:
    """Return a number times ``factor``, rounded half to even."""
    return round(exact(node, key) * factor)


def share(node: Group, key: str) -> Fraction:
    """Return a percentage, a number or a text such as ``80 %``, as a share of 1."""
    found = node.get(key)
    if isinstance(found, str):
        return Fraction(found.rstrip("% ")) / 100
    return exact(node, key) / 100


def ppm(node: Group, key: str) -> int:
    """Return a percentage in millionths, rounded half to even."""
    return round(share(node, key) * 1_000_000)


def clock_s(node: Group, key: str) -> int:
    """Return a clock time such as ``07:30`` in seconds of the local day, 0 where there is none."""
    hours, _, minutes = text(node, key).partition(":")
    return int(hours) * 3600 + int(minutes) * 60 if minutes else 0


def asset_ids(member: Group) -> dict[int, str]:
    """Return the identifier of each asset by position: its own, or made of member and kind."""
    found: dict[int, str] = {}
    kinds: dict[str, int] = {}
    for position, asset in entries(member, "assets"):
        kind = text(asset, "kind").replace("_", "-")
        kinds[kind] = kinds.get(kind, 0) + 1
        number = f"-{kinds[kind]}" if kinds[kind] > 1 else ""
        found[position] = text(asset, "id") or f"{text(member, 'id')}-{kind}{number}"
    return found
