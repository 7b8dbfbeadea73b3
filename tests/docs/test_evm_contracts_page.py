"""The page on contracts beside the ledger: its code runs, its gas is what was acknowledged."""

import json
import re


def test_examples_print_what_the_page_shows(read_page):
    page, space = read_page("evm-contracts.md"), {}
    assert len(page.examples) == 4
    for code, shown in page.examples:
        assert page.run(code, space) == shown


def test_gas_is_what_was_acknowledged(root, read_page):
    kept = json.loads((root / "tests" / "ledger" / "evm" / "gas.json").read_text())
    rows = re.findall(
        r"^\| `(\w+\.\w+)`(.*?) \| ([\d,]+) \|$", read_page("evm-contracts.md").text, re.M
    )
    assert len(rows) > 10
    assert {
        name + note: int(gas.replace(",", "")) for name, note, gas in rows
    }.items() <= kept.items()


def test_the_page_names_every_contract_beside_the_ledger(root, read_page):
    text = read_page("evm-contracts.md").text
    folder = root / "src" / "gridpact" / "ledger" / "evm" / "contracts"
    found = [path.stem for path in folder.glob("*.vy") if "import council" in path.read_text()]
    assert len(found) == 5
    assert all(f"contracts/{name}.vy)" in text for name in found)
