"""Identifiers: what may be one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.base.ids import PATTERN, well_formed


@pytest.mark.parametrize("text", ["a", "0", "home-1", "de.50hertz_a", "a" * 63])
def test_well_formed(text):
    assert well_formed(text)


@pytest.mark.parametrize("text", ["", "-a", "A", "é", "a b", "a\n", "\na", "a" * 64, "a/b", "٣"])
def test_not_well_formed(text):
    assert not well_formed(text)


@given(st.text(alphabet="ab0.-_ A\n", max_size=6))
def test_an_identifier_matches_the_whole_pattern(text):
    assert well_formed(text) == (re.fullmatch(PATTERN, text) is not None)
