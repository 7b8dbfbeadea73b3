"""The page on the rooms of a ledger on a chain says what their contracts do."""

import re
import sys

import pytest

from gridpact.ledger.entries import KINDS
from gridpact.ledger.evm.artifacts import ROOMS, contract
from gridpact.ledger.state.rights import RIGHTS


@pytest.fixture(scope="module")
def page(root):
    sys.path.insert(0, str(root / "scripts"))
    try:
        import docs_rooms
    finally:
        sys.path.pop(0)
    return docs_rooms


@pytest.fixture(scope="module")
def text(root):
    return (root / "docs" / "evm-rooms.md").read_text("utf-8")


def test_the_table_is_fresh(blocks, page):
    assert blocks.stale(page.refreshed()) == []


def test_every_kind_is_in_the_room_that_takes_it(page):
    found = [kind for kinds in page.rooms_of_kinds().values() for kind in kinds]
    of_the_front = {"ledger_founded", "authority_added", "authority_removed", "quorum_set", "act"}
    rest = {kind for kind in KINDS if kind.__struct_config__.tag not in of_the_front}
    assert len(found) == len(set(found)) == len(rest)
    assert set(found) == rest <= set(RIGHTS)


def test_reasons_are_those_in_the_code(page):
    assert {"paid before", "too little", "receiver"} <= set(page.reasons("Tokens"))
    for name in ROOMS.values():
        code = bytes.fromhex(contract(name).artifact["runtime"][2:])
        assert all(reason.encode() in code for reason in page.reasons(name)), name


def test_what_takes_over_is_told_for_each_room(text):
    for name in ROOMS.values():
        (row,) = re.findall(rf"^\| {name} \| (.*) \|$", text, re.M)
        own = {each for each in contract(name).functions if each.startswith("adopt")}
        assert set(re.findall(r"`(\w+)`", row)) == own


def test_limits_are_those_of_the_contracts(root, text):
    folder = root / "src" / "gridpact" / "ledger" / "evm" / "contracts"
    for name, limit in (("Roots", "PARTIES"), ("Terms", "PARTIES"), ("Patches", "APPROVALS")):
        (found,) = re.findall(
            rf"^MOST_{limit}: constant\(uint256\) = (\d+)",
            (folder / f"{name}.vy").read_text(),
            re.M,
        )
        assert f" {found}" in text.partition("## What a chain takes less of")[2].partition("##")[0]
