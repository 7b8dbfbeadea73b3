"""The page on ledgers names every kind of entry beside who may put it there, as the code has it."""

import re

from gridpact.ledger.entries import KINDS
from gridpact.ledger.state.admission import PLAIN
from gridpact.ledger.state.rights import RIGHTS


def tag(kind):
    return kind.__struct_config__.tag


def rows(text):
    table = text.split("| who may | what |")[1].split("\n\n")[0].splitlines()[2:]
    for line in table:
        who, what = (cell.strip() for cell in line.strip("|").split("|"))
        yield who, set(re.findall(r"`([a-z_]+)`", what))


def expected(right):
    found = set()
    if right.quorum:
        found.add("quorum")
    if right.authority:
        found.add("authority")
    found |= set(right.roles)
    if right.own:
        found.add("own")
    return found


def named(who):
    found = set()
    for words, name in (
        (r"\bquorum\b", "quorum"),
        (r"\b(an|one) authority\b", "authority"),
        (r"\boperator\b(?! \()", "operator"),
        (r"`dso`", "dso"),
        (r"\bissuer\b", "issuer"),
        (r"\binspector\b", "inspector"),
        (r"\bholder\b|whom it is about", "own"),
    ):
        if re.search(words, who.replace("network operator", "network")):
            found.add(name)
    return found


def test_every_kind_is_in_the_table_with_who_may(root):
    text = (root / "docs" / "ledger.md").read_text("utf-8")
    told = {name: named(who) for who, names in rows(text) for name in names}
    assert told == {tag(kind): expected(right) for kind, right in RIGHTS.items()}
    beside = {tag(kind) for kind in KINDS} - told.keys()
    assert beside == {"ledger_founded", "act"}
    assert all(f"`{name}`" in text for name in (*beside, *map(tag, PLAIN)))
