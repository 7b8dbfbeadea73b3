"""The page on validation: its example prints what it shows, its tables are what the code has."""

import re

import msgspec

from gridpact.app.readings.rules_file import read_rules
from gridpact.metering.estimation.methods import DEFAULT_METHODS
from gridpact.metering.estimation.methods import name_of as method_name
from gridpact.metering.formats.files import FORMATS
from gridpact.metering.formats.mapping import parse
from gridpact.metering.validation.rules import DEFAULT_RULES, Rulebook
from gridpact.metering.validation.rules import name_of as rule_name


def fields(value):
    """Fields of a rule or method with their values, as the tables write them."""
    return ", ".join(
        f"`{field.name}` {getattr(value, field.name)}" for field in msgspec.structs.fields(value)
    )


def rows(text):
    """Rows of the page's tables by the name in their first cell."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name: row[-1] for row in cells for name in re.findall(r"`([\w.-]+)`", row[0])}


def test_tables_have_every_format_rule_and_method_with_its_fields(root):
    found = rows((root / "docs" / "validation.md").read_text("utf-8"))
    expected = {rule_name(rule): fields(rule) for rule in DEFAULT_RULES}
    expected |= {method_name(method): fields(method) for method in DEFAULT_METHODS}
    assert {name: cell for name, cell in found.items() if name not in FORMATS} == expected
    assert set(FORMATS) <= set(found)


def test_the_example_prints_what_it_shows(read_page):
    page = read_page("validation.md")
    ((code, shown),) = page.examples
    assert page.run(code, {}) == shown


def test_the_mapping_and_the_thresholds_are_some(root, tmp_path):
    text = (root / "docs" / "validation.md").read_text("utf-8")
    yaml, thresholds = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "rules.yaml").write_text(thresholds, "utf-8")
    assert read_rules(tmp_path / "rules.yaml", {"bakery"}) != Rulebook()
    assert [column.register for column in parse(yaml.encode(), "map.yaml").columns] == [
        "withdrawal",
        "injection",
    ]
