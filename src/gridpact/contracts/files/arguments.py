"""Arguments of a product, as a file or the command line writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from gridpact.contracts import amounts
from gridpact.contracts.catalogue import Parameter, Product
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.files.entries import UNREAD, Entry, near, worded
from gridpact.contracts.files.expressions import Expressions, duration
from gridpact.contracts.files.grammar import parse_expression
from gridpact.contracts.files.names import party
from gridpact.contracts.files.syntax import Name
from gridpact.contracts.files.tokens import ExpressionFault
from gridpact.contracts.periods import check_period
from gridpact.contracts.terms import Contract


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds where a clause stands.

    ``currency`` is ``""`` where none is set; ``parties`` is None where anyone may be named.
    ``scaled`` tells that a factor with a unit stands around, so that units cannot be checked yet.
    """

    expressions: Expressions
    currency: str = ""
    parties: frozenset[str] | None = None
    scaled: bool = False


def product_contract(
    product: Product, given: Mapping[str, Entry], at: Entry, setting: Setting
) -> Contract | None:
    """Return the contract of a product; None where an argument is wrong, missing or unknown.

    A currency that is not given is that of the clause. Faults of the whole are noted at ``at``.
    """
    entries = _all_given(product, given, at, setting)
    before = len(at.document.faults)
    if entries is None:
        return None
    setting = _with_currency(product, entries, setting)
    values = {
        parameter.name: _READERS[parameter.kind](parameter, entries[parameter.name], setting)
        for parameter in product.parameters
        if parameter.name in entries
    }
    complete = len(values) == len(product.parameters)
    if not complete or len(at.document.faults) > before or None in values.values():
        return None
    try:
        return product.build(**values)
    except IllFormed as error:
        at.fault(error, f"correct the arguments of {product.name}")
        return None


def with_unit(parameter: Parameter, text: str) -> str:
    """Return an amount's text; a name that stands alone becomes a series in the amount's unit.

    For texts beside which nothing can be declared: defaults, and the command line.
    """
    if parameter.kind == "amount" and parameter.unit:
        with suppress(ExpressionFault):  # told when the amount is read
            if isinstance(tree := parse_expression(text), Name):
                return f"series('{tree.text}', {parameter.unit})"
    return text


def _all_given(
    product: Product, given: Mapping[str, Entry], at: Entry, setting: Setting
) -> dict[str, Entry] | None:
    """Return the entry of every argument, defaults included; note the unknown and the missing."""
    known = [parameter.name for parameter in product.parameters]
    for name, entry in given.items():
        if name not in known:
            entry.fault(f"{product.name} has no argument {name!r}", near(name, known))
    found = {name: entry for name, entry in given.items() if name in known}
    for parameter in product.parameters:
        if parameter.name in found:
            continue
        default = parameter.default
        if parameter.kind == "currency" and setting.currency:
            default = setting.currency
        if default is None:
            fix = f"write {parameter.name}: {parameter.example} ({parameter.meaning})"
            at.fault(f"{parameter.name} is missing", fix)
        else:
            found[parameter.name] = at.child(parameter.name, with_unit(parameter, default))
    return found


def _with_currency(product: Product, entries: Mapping[str, Entry], setting: Setting) -> Setting:
    """Let the currency that the product pays in hold for the prices among its arguments."""
    for parameter in product.parameters:
        value = entries[parameter.name].value if parameter.name in entries else None
        if parameter.kind == "currency" and isinstance(value, str):
            readable = amounts.CURRENCY.fullmatch(value) is not None
            return replace(setting, currency=value if readable else UNREAD)
    return setting


def _party(parameter: Parameter, entry: Entry, setting: Setting) -> str | None:
    return party(entry, setting.parties)


def _amount(parameter: Parameter, entry: Entry, setting: Setting) -> object:
    unit = parameter.unit
    return setting.expressions.read(entry, unit or "1", setting.currency, exact=bool(unit))


def _notice(parameter: Parameter, entry: Entry, setting: Setting) -> int | None:
    return duration(entry)


def _whole(parameter: Parameter, entry: Entry, setting: Setting) -> int | None:
    value = entry.value
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit():
        value = int(value) if len(value) <= 20 else value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not entry.spoilt:
        entry.fault(
            f"{worded(value)} is not a whole number", f"write one such as {parameter.example}"
        )
    return None


def _count(parameter: Parameter, entry: Entry, setting: Setting) -> int | None:
    found = _whole(parameter, entry, setting)
    if found is not None and found < 0:
        entry.fault(f"{found} is negative", f"write one such as {parameter.example}")
        return None
    return found


def _period(parameter: Parameter, entry: Entry, setting: Setting) -> str | None:
    found = entry.text(parameter.meaning)
    try:
        if found is not None:
            check_period(found)
    except IllFormed as error:
        entry.fault(error, f"write one such as {parameter.example}")
        return None
    return found


def _text(parameter: Parameter, entry: Entry, setting: Setting) -> str | None:
    if isinstance(entry.value, int) and not isinstance(entry.value, bool):
        return str(entry.value)
    if entry.value == "" and parameter.default == "":
        return ""
    return entry.text(parameter.meaning)


def _currency(parameter: Parameter, entry: Entry, setting: Setting) -> str | None:
    return entry.currency()


_READERS: Mapping[str, Callable[[Parameter, Entry, Setting], object]] = {
    "party": _party,
    "amount": _amount,
    "notice": _notice,
    "whole": _whole,
    "count": _count,
    "text": _text,
    "period": _period,
    "currency": _currency,
}
