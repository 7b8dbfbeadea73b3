"""Definitions, parts and files are read after those that they use."""

from gridpact.contracts.files.ordering import ordered


def test_each_comes_after_those_it_uses():
    order, circles = ordered({"a": ["b", "c"], "b": ["c", "elsewhere"], "c": [], "d": ["a"]})
    assert order == ["c", "b", "a", "d"]
    assert circles == []


def test_every_circle_is_found_once_and_those_that_use_one_are_in_the_order():
    uses = {"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a", "self"], "self": ["self"], "e": []}
    order, circles = ordered(uses)
    assert order == ["d", "e"]
    assert circles == [["a", "b", "c"], ["self"]]


def test_a_long_chain_costs_no_stack():
    uses = {str(number): [str(number + 1)] for number in range(100_000)}
    order, circles = ordered(uses)
    assert order == [str(number) for number in reversed(range(100_000))]
    assert circles == []
