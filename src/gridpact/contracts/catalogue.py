"""What a product is to those who look for one: a name, a function, and its parameters.

A product is a plain function; this declares how to call it from a file or the command line. What
is signed is its expansion, so a product that changes later changes no contract.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gridpact.contracts.terms import Contract

Kind = Literal["party", "amount", "notice", "whole", "count", "text", "period", "currency"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a product's function.

    ``kind`` tells how it is written: a ``party``'s name; an ``amount``, any expression of ``unit``
    (the function receives an Observable); a ``notice``, a duration such as ``1 h`` (seconds as
    int); a ``whole`` number (int); a ``count``, which is not negative; a ``text`` (label or
    asset); a ``period`` and its zone; a ``currency``. ``example`` and ``default`` are spelled as in
    a contract file; without a default it must be given.
    """

    name: str
    kind: Kind
    meaning: str
    example: str
    unit: str = ""
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A function that returns a contract, called with its parameters by keyword.

    ``summary`` is one sentence; ``source`` names where the product is defined or described.
    """

    name: str
    build: Callable[..., Contract]
    summary: str
    source: str
    parameters: tuple[Parameter, ...]


def party(name: str, meaning: str, example: str) -> Parameter:
    """Declare a party of a product."""
    return Parameter(name, "party", meaning, example)


def amount(
    name: str, unit: str, meaning: str, example: str, default: str | None = None
) -> Parameter:
    """Declare an observable of a product, in a unit of terms such as ``micro/kWh``."""
    return Parameter(name, "amount", meaning, example, unit, default)


CURRENCY = Parameter("currency", "currency", "ISO 4217 code of every payment", "EUR")
