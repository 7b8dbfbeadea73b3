"""The reference page of the scenario file, written from its schema."""

from __future__ import annotations

from collections.abc import Iterator

from gridpact.base.documents import Value
from gridpact.simulation.scenarios.schema import Schema, schema
from gridpact.simulation.scenarios.words import unit_name

_INTRO = """# The scenario file

One YAML file says who is in the community, what they own, under which rules they trade, and which
days to run. `gridpact: 1` alone is a scenario: everything else has the default shown here.

- Units are part of the key's name: `import_limit_kw: 60`. A number with a unit in it is refused.
- Percentages are numbers from 0 to 100, or text such as `"80 %"`.
- Clock times are local and written `07:30`; `24:00` is the end of the day.
- YAML 1.2 rules hold: `no` is text, and only `true` and `false` are truth values.
- A member list and `generate` may be used together.
- A file that is refused is refused whole, with every fault, its line and its fix.
"""


def reference_markdown() -> str:
    """Return the page: one table a section, one row a key with unit, default and meaning."""
    root = schema()
    parts = [_INTRO, "## Top level\n", _table(root)]
    for name, node in _sections():
        parts += [f"## {name}\n", f"{node['description']}\n", _table(node)]
    return "\n".join(parts)


def _sections() -> Iterator[tuple[str, Schema]]:
    titles = {
        "community": "`community`",
        "run": "`run`",
        "zone": "`zones` (each)",
        "member": "`members` (each)",
        "load": "`members[].load`",
        "terms": "`members[].market`",
        "pv": "`assets` of kind `pv`",
        "battery": "`assets` of kind `battery`",
        "car": "`assets` of kind `car`",
        "heat_pump": "`assets` of kind `heat_pump`",
        "tank": "`assets` of kind `tank`",
        "appliance": "`assets` of kind `appliance`",
        "generate": "`generate`",
        "tariffs": "`tariffs`",
        "market": "`market`",
        "trading": "`market.day_ahead` and `market.intraday`",
        "sharing": "`sharing`",
        "settlement": "`settlement`",
        "source": "`sources` (each)",
        "prices": "`prices`",
        "weather": "`weather`",
        "operation": "`operation`",
        "ledger": "`ledger`",
        "faults": "`faults`",
        "lost": "`faults.lost` (each)",
        "activation": "`activations` (each)",
        "agreement": "`agreements` (each)",
        "decision": "`agreements.decisions` (each)",
    }
    for name, title in titles.items():
        yield title, _group(_group(schema(), "$defs"), name)


def _group(node: Schema, key: str) -> Schema:
    found = node.get(key)
    return found if isinstance(found, dict) else {}


def _table(node: Schema) -> str:
    lines = ["| key | value | default | meaning |", "|---|---|---|---|"]
    lines += [_row(key, part, key in _names(node)) for key, part in _rows(node, "")]
    return "\n".join(lines) + "\n"


def _names(node: Schema) -> list[str]:
    found = node.get("required")
    return [str(name) for name in found] if isinstance(found, list) else []


def _rows(node: Schema, before: str) -> Iterator[tuple[str, Schema]]:
    for key, part in _group(node, "properties").items():
        if not isinstance(part, dict) or ("const" in part and key == "kind"):
            continue
        yield before + key, part
        if part.get("type") == "object" and "properties" in part:
            yield from _rows(part, f"{before}{key}.")


def _row(key: str, part: Schema, required: bool) -> str:
    shape = _shape(key, {**_target(part), **part})
    default = "required" if required else _default(part)
    text = str(part.get("description") or _target(part).get("description", ""))
    return f"| `{key}` | {shape} | {default} | {text} |"


def _target(part: Schema) -> Schema:
    if "$ref" not in part:
        return part
    return _group(_group(schema(), "$defs"), str(part["$ref"]).rsplit("/", 1)[-1])


def _default(part: Schema) -> str:
    if "default" not in part:
        return "none"
    value = part["default"]
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value in ({}, []):
        return "empty" if value == [] else "its defaults"
    if value == "":
        return "none"
    return f"`{value}`".replace("'", '"')


def _shape(key: str, node: Schema) -> str:
    options = node.get("enum")
    if isinstance(options, list):
        return ", ".join(f"`{_escaped(option)}`" for option in options)
    if "const" in node:
        return f"`{node['const']}`"
    ref = str(node.get("$ref", "")).rsplit("/", 1)[-1]
    named = {
        "id": "identifier",
        "clock": "clock time",
        "instant": "instant",
        "percent": "percent",
        "name": "text",
    }
    if ref in named:
        return named[ref]
    return unit_name(key) or _kind(node)


def _kind(node: Schema) -> str:
    words = {
        "object": "keys",
        "array": "list",
        "string": "text",
        "number": "number",
        "integer": "whole number",
        "boolean": "`true` or `false`",
    }
    kind = node.get("type")
    return words.get(str(kind[0] if isinstance(kind, list) else kind), "text")


def _escaped(option: Value) -> str:
    return {"|": "\\|", "\t": "\\t"}.get(str(option), str(option))
