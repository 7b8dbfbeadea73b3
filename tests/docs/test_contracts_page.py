"""The guide to contracts: its Python runs and prints what it shows, its files are the files."""

import ast
import re

import pytest

from gridpact.app.cli.commands import run_command

FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def fences(texts):
    """Blocks of the page with their language, in order."""
    return [(found["kind"], found["body"]) for found in FENCE.finditer(texts["docs/contracts.md"])]


def of_kind(fences, kind):
    return [body for each, body in fences if each == kind]


def test_the_contract_by_hand_is_the_example(root, fences):
    (shown,) = of_kind(fences, "yaml")
    assert shown == (root / "examples" / "contracts" / "roof.yaml").read_text("utf-8")


def test_the_new_product_settles_and_shows_its_term_sheet(root, fences, monkeypatch, capsys):
    monkeypatch.chdir(root)
    space = {}
    for code in of_kind(fences, "python"):
        exec(code, space)  # noqa: S102 - the page's own code
    last = max(place for place, (kind, _) in enumerate(fences) if kind == "python")
    assert fences[last + 1] == ("text", capsys.readouterr().out)


def test_the_new_product_is_written_in_ten_lines(fences):
    code = of_kind(fences, "python")[0]
    (product,) = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    assert product.end_lineno - product.lineno + 1 <= 10


def test_the_new_product_pays_what_a_loop_pays(root, fences, monkeypatch):
    """The rebate worked by a loop over the rows of the table, with no code of the algebra."""
    monkeypatch.chdir(root)
    space = {}
    for code in of_kind(fences, "python"):
        exec(code, space)  # noqa: S102 - the page's own code
    world, slots = space["world"], space["slots"]
    paid, used, today = 0, 0, None
    for start, load, spot, roof in zip(
        slots.starts().tolist(),
        *(world[name].tolist() for name in ("metered:load", "spot", "temperature:roof")),
        strict=True,
    ):
        day = (start + 2 * 3600) // 86400  # summer time in Berlin
        used = used if day == today else 0
        today = day
        if roof >= 320_000:
            counted = max(min(load, 9_000 - used), 0)
            used += load
            paid += counted * round(spot * 200_000 / 1_000_000)
    flows = space["cashflows"](space["contract"], world, slots)
    assert paid > 0
    assert flows["solar-park", "bakery", "EUR", "rebate"].sum() == paid


def test_the_refusal_shown_is_the_one_given(root, fences, tmp_path, monkeypatch, capsys):
    contract = root / "examples" / "contracts" / "virtual-ppa.yaml"
    rows = [f"2026-06-15T{hour:02}:00Z,1,2" for hour in range(12)]
    rows[7] = rows[7].replace(",1,", ",nan,")
    head = "slot_start,metered:generation,spot [EUR/MWh]"
    (tmp_path / "june.csv").write_text("\n".join([head, *rows, ""]))
    monkeypatch.chdir(tmp_path)
    assert run_command(["contract", "price", str(contract), "--on", "june.csv"]) == 2
    assert capsys.readouterr().err.split() == of_kind(fences, "text")[0].split()
