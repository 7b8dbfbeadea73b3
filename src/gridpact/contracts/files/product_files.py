"""Products from arguments alone, as the command line gives them: a contract, or a short file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gridpact.base.documents import Document
from gridpact.base.errors import BadInput
from gridpact.contracts.catalogue import Product
from gridpact.contracts.files.arguments import Setting, product_contract, with_unit
from gridpact.contracts.files.clauses import sound
from gridpact.contracts.files.entries import Entry, near
from gridpact.contracts.files.expressions import Expressions
from gridpact.contracts.files.grammar import parse_expression
from gridpact.contracts.files.literals import series_unit, write_series_unit
from gridpact.contracts.files.reading import VERSION
from gridpact.contracts.files.syntax import Apply, Literally, walk
from gridpact.contracts.files.titles import TITLE_FIX, title_problem
from gridpact.contracts.files.tokens import spelled
from gridpact.contracts.files.yaml_text import scalar_text
from gridpact.contracts.products import CATALOGUE
from gridpact.contracts.terms import Contract

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")


def read_arguments(
    product: str,
    given: Mapping[str, str],
    *,
    file: str = "arguments",
    products: Mapping[str, Product] = CATALOGUE,
) -> Contract:
    """Return the contract of a product called with arguments spelled as in a contract file.

    A name alone is a series in the unit that is called for; within a formula a series is named
    with its unit, as in ``series('metered:load', Wh)``. Raises
    :class:`gridpact.base.errors.BadInput` listing every argument that is unknown, missing or
    wrong; faults call the arguments ``file``.
    """
    document = Document(file, dict(_complete(product, given, products)))
    contract = _contract(document, product, products)
    if contract is None or document.faults:
        raise BadInput(document.faults)
    return contract


def _contract(document: Document, product: str, products: Mapping[str, Product]) -> Contract | None:
    root = Entry(document, (), document.value)
    contract = None
    if product in products:
        setting = Setting(Expressions({}))
        contract = product_contract(products[product], root.entries("arguments"), root, setting)
    else:
        root.fault(f"there is no product {product!r}", near(product, sorted(products)))
    return contract if contract is not None and sound(contract, root) else None


def product_file(
    product: str,
    given: Mapping[str, str],
    *,
    title: str = "",
    products: Mapping[str, Product] = CATALOGUE,
) -> str:
    """Return the text of a short contract file of a product.

    Series named with their units among the arguments are declared once, above. Raises as
    :func:`read_arguments`, and for a title that is no printable line.
    """
    document = Document("arguments", dict(_complete(product, given, products)))
    _contract(document, product, products)
    if problem := title_problem(title):
        document.fault(("title",), problem, TITLE_FIX)
    if document.faults:
        raise BadInput(document.faults)
    series: dict[str, str] = {}
    lines = [f"  {name}: {text}" for name, text in _named(products[product], given, series)]
    head = [f"gridpact: {VERSION}"]
    if title:
        head.append(f"title: {scalar_text(title)}")
    if series:
        declared = [
            f"  {scalar_text(name)}: {write_series_unit(unit)}"
            for name, unit in sorted(series.items())
        ]
        head += ["series:", *declared]
    return "\n".join([*head, f"product: {scalar_text(product)}", "with:", *lines, ""])


def _complete(
    product: str, given: Mapping[str, str], products: Mapping[str, Product]
) -> Iterator[tuple[str, str]]:
    """Yield the arguments, each series that stands alone with its unit."""
    parameters = products[product].parameters if product in products else ()
    known = {parameter.name: parameter for parameter in parameters}
    for name, text in given.items():
        yield name, with_unit(known[name], text) if name in known else text


def _named(
    product: Product, given: Mapping[str, str], series: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the arguments as YAML, in the product's order, each series by name and noted."""
    for parameter in product.parameters:
        if parameter.name in given:
            text = with_unit(parameter, given[parameter.name])
            if parameter.kind == "amount":
                text = _by_name(text, series)
            is_number = parameter.kind in ("amount", "whole", "count") and _WHOLE.fullmatch(text)
            yield parameter.name, text if is_number else scalar_text(text)


def _by_name(text: str, series: dict[str, str]) -> str:
    calls = [
        part
        for part in walk(parse_expression(text))
        if isinstance(part, Apply) and part.name == "series"
    ]
    for call in sorted(calls, key=lambda call: -call.at):
        name, unit = (arg.text for arg in call.args if isinstance(arg, Literally))
        series[name] = series_unit(unit)
        text = text[: call.at] + spelled(name) + text[call.end :]
    return text
