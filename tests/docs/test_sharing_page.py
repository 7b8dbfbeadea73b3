"""The page on sharing: its rules are read, its contract is a key, its tables name all there is."""

import re

import numpy as np
import pytest

from gridpact.app.sharing.rules import KEYS, REGISTERS, ROLES, read_rules
from gridpact.base.slots import Slots
from gridpact.contracts.files import read_contract
from gridpact.registry.model import SHARING_KEYS
from gridpact.settlement.sharing.contracts import claims, problems
from gridpact.settlement.sharing.files.monthly import LAYOUTS
from gridpact.settlement.sharing.files.spanish import RULES
from gridpact.settlement.sharing.split import SPLITS


@pytest.fixture(scope="module")
def page(texts):
    return texts["docs/sharing.md"]


@pytest.fixture(scope="module")
def blocks(page):
    return re.findall(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def test_the_rules_are_read(blocks, tmp_path):
    path = tmp_path / "sharing.yaml"
    path.write_text(blocks[0], "utf-8")
    rules = read_rules(path)
    assert (rules.key, rules.step_s) == ("default-dynamic", 900)
    assert {member.role for member in rules.members} == set(ROLES)


def test_the_contract_is_a_key(blocks):
    contract = read_contract(blocks[1]).contract
    assert problems(contract) == []
    need = np.array([[0], [2000], [300]])
    shares = np.array([0, 500_000, 500_000])
    found = claims(contract, Slots(0, 900, 1), need, np.array([3000]), shares)
    assert found.claim_wh.ravel().tolist() == [0, 500 + 750, 300 + 750]


def test_all_there_is_is_on_the_page(page):
    assert set(KEYS) == set(SHARING_KEYS)
    for name in (*KEYS, *ROLES, *REGISTERS, *SPLITS, *LAYOUTS, *RULES):
        assert f"`{name}`" in page, name
