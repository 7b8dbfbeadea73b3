"""Write the catalogue: every product with its parameters, term sheet, needs and payoff."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from catalogue_plots import CASES, EXERCISED, MARKET, Case, Payoff, draw, payoff
from docs_blocks import ROOT, Pages, main

from gridpact.contracts.amounts import written
from gridpact.contracts.canonical import terms_hash
from gridpact.contracts.catalogue import Parameter, Product
from gridpact.contracts.needs import needs
from gridpact.contracts.products import CATALOGUE
from gridpact.contracts.sheet import term_sheet

FOLDER = ROOT / "docs" / "catalogue"
NOTE = "Written from the products themselves by `scripts/docs_catalogue.py`."
WORKED = "../../tests/cases/products"
GUIDE = "How to read this"
WHOLE = "whole number"
KINDS = {"amount": "", "party": "party", "notice": "duration", "whole": WHOLE, "count": WHOLE}


def index_page() -> str:
    """Return the list of all products."""
    rows = [
        f"| [{product.name}]({product.name}.md) | {product.summary} |"
        for product in CATALOGUE.values()
    ]
    lines = [
        "# Catalogue of products",
        (
            f"{len(rows)} contracts of the field, each a function of a few lines over one algebra. "
            "A product only writes terms; what is signed, settled and valued is the terms. "
            "[Contracts](../contracts.md) shows how to use them, [contract files]"
            "(../contract-files.md) how to write your own."
        ),
        NOTE,
        "\n".join(["| product | what it is |", "|---|---|", *rows]),
    ]
    return "\n\n".join(lines) + "\n"


def product_page(product: Product, case: Case, found: Payoff) -> str:
    """Return one product's page."""
    file = (CASES / product.name / "contract.yaml").read_text(encoding="utf-8")
    sheet, _, _ = term_sheet(case.file.contract, case.file.title).partition(GUIDE)
    parts = [
        f"# {product.name}",
        product.summary,
        f"Source: {product.source}. {NOTE}",
        "## Parameters",
        _parameters(product),
        "## A worked case",
        (
            f"Its terms, data and figures worked by hand are in [{product.name}]"
            f"({WORKED}/{product.name}/WORKING.md)."
        ),
        f"```yaml\n{file.rstrip()}\n```",
        f"Hash of the terms: `0x{terms_hash(case.file.contract).hex()}`",
        _needs(case),
        "\n".join(_settled(case)),
        "## Payoff",
        f"![Payoff and cash flows of {product.name}]({product.name}.svg)",
        _held(case, found),
        "\n".join(_payoff(case, found)),
        "## Term sheet",
        (
            "The sheet is shown without its closing guide on how to read it, which is the same for "
            "all: `gridpact contract show FILE` prints both."
        ),
        f"```text\n{sheet.rstrip()}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _parameters(product: Product) -> str:
    rows = [f"| `{p.name}` | {p.meaning} | {_written_as(p)} |" for p in product.parameters]
    return "\n".join(["| parameter | meaning | written as |", "|---|---|---|", *rows])


def _written_as(parameter: Parameter) -> str:
    kind = KINDS.get(parameter.kind, parameter.kind)
    unit = f"[{parameter.unit}] " if parameter.unit not in ("", "1") else ""
    optional = "" if parameter.default is None else f"; unless given `{parameter.default}`"
    return f"{kind} {unit}such as `{parameter.example}`{optional}".strip()


def _needs(case: Case) -> str:
    required = needs(case.file.contract)
    rows = [f"| series `{need.name}` | {need.unit} | |" for need in required.series]
    rows += [
        f"| choice `{need.label}` | {need.unit} | decided by {need.by}, "
        f"{written(need.notice_s, 's')} ahead |"
        for need in required.choices
    ]
    if not rows:
        return "It needs no data: its terms say everything."
    return "\n".join(["It needs:\n", "| name | unit | |", "|---|---|---|", *rows])


def _settled(case: Case) -> Iterator[str]:
    count = f"{case.slots.count} slots of {written(case.slots.step, 's')}"
    yield f"Over the worked case's {count} it settles:\n"
    yield "| payer | payee | for | amount |"
    yield "|---|---|---|---|"
    for (payer, payee, currency, kind), amounts in case.flows.items():
        yield f"| {payer} | {payee} | {kind} | {written(int(amounts.sum()), 'nano', currency)} |"


def _held(case: Case, found: Payoff) -> str:
    """Return what the payoff holds fixed, and how its choices are taken."""
    labels = [f"`{need.label}`" for need in needs(case.file.contract).choices]
    if found.driver == MARKET:
        swept = (
            "Swept is a market price at which energy that changes hands is valued, the same in "
            "every slot"
        )
    else:
        swept = f"Swept is `{found.driver}`, the same in every slot"
    taken = [label for label in labels if label != f"`{found.driver.removeprefix('choice:')}`"]
    if case.name in EXERCISED:
        choices = (
            f"; {' and '.join(taken)} is taken in all slots at prices where that gains its holder, "
            "at the others in none"
        )
    elif taken:
        choices = f", {' and '.join(taken)} as recorded there, whatever would then be best"
    else:
        choices = ""
    return f"{swept}; everything else is as in the worked case{choices}."


def _payoff(case: Case, found: Payoff) -> Iterator[str]:
    parties = list(found.received)
    currency = case.file.currency or "¤"
    yield f"| {found.axis(currency)} | " + " | ".join(f"{p} [{currency}]" for p in parties) + " |"
    yield "|---" * (1 + len(parties)) + "|"
    for at in range(0, len(found.values), 10):
        cells = [f"{found.received[party][at]:.4f}" for party in parties]
        yield f"| {found.shown()[at]:g} | " + " | ".join(cells) + " |"


def refreshed(*, drawn: bool = False) -> Pages:
    """All pages of the catalogue; with ``drawn`` the drawings are made as well."""
    found = {FOLDER / "README.md": index_page()}
    FOLDER.mkdir(exist_ok=True)
    for product in CATALOGUE.values():
        case = Case.read(product.name)
        swept = payoff(case)
        found[FOLDER / f"{product.name}.md"] = product_page(product, case, swept)
        if drawn:
            draw(case, swept, FOLDER / f"{product.name}.svg")
    return found


if __name__ == "__main__":
    main(__doc__, lambda: refreshed(drawn="--check" not in sys.argv))
