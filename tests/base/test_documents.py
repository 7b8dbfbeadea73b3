"""YAML 1.2 core schema, positions, and files made to break the reader."""

from fractions import Fraction

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.documents import MAX_BYTES, parse, scalar, spell


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("07:30", "07:30"),
        ("2026-06-15", "2026-06-15"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("12", 12),
        ("-007", -7),
        ("0o17", 15),
        ("017", 17),
        ("0x1F", 31),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("1:30:00", "1:30:00"),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text, value):
    found = scalar(text)
    assert found == value
    assert type(found) is type(value)


def test_decimals_that_a_number_would_change_are_refused():
    """Each is next to a float, and none is it; what is kept is the decimal to the last digit."""
    for text in (
        "20.00000000000000001",
        "0.1000000000000000055",
        "1e-400",
        "1e-9999999999999999999",
    ):
        with pytest.raises(ValueError, match="more digits"):
            scalar(text)
    for text in ("0.1", "20.000000000000000000", "1e-300", "12.345678901234", "0e0"):
        assert Fraction(repr(scalar(text))) == Fraction(text)
    document = parse(b"a:\n  price: 20.00000000000000001\n", "orders.yaml")
    (fault,) = document.faults
    assert (fault.line, fault.problem) == (
        2,
        "20.00000000000000001 is of more digits than a number keeps",
    )


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999"])
def test_numbers_that_are_not_finite_are_refused(text):
    with pytest.raises(ValueError, match="finite"):
        scalar(text)


def test_every_part_has_its_line():
    found = parse(b"a: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n", "s.yaml")
    assert not found.faults
    assert found.value == {"a": 1, "b": ["x", {"c": 2, "d": 3}]}
    assert found.line(("b",)) == 2
    assert found.line(("b", 1, "d")) == 5
    assert found.line(("b", 1, "missing")) == 4
    assert spell(("b", 1, "d")) == "b[1].d"


def test_duplicate_keys_tags_and_odd_numbers_are_listed_together():
    found = parse(b"a: 1\nb: !!python/name:os.system x\na: 2\nc: .inf\n", "s.yaml")
    assert [(fault.line, fault.where) for fault in sorted(found.faults)] == [
        (2, "b"),
        (3, "a"),
        (4, "c"),
    ]
    assert found.value == {"a": 1, "b": "x", "c": None}


def test_aliases_work():
    found = parse(b"a: &x {k: [1, 2]}\nb: *x\n", "s.yaml")
    assert found.value == {"a": {"k": [1, 2]}, "b": {"k": [1, 2]}}
    assert found.line(("b", "k", 1)) == 2


def _bomb(levels: int) -> bytes:
    lines = ["a0: &a0 [" + ", ".join("x" * 10) + "]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * 10) + "]")
    return "\n".join(lines).encode()


def _chain(levels: int) -> bytes:
    """Each anchor nests thirty deep around the one before."""
    lines = ["a0: &a0 x"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} " + "[" * 30 + f"*a{level - 1}" + "]" * 30)
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_bomb(9), "grows too large"),
        (_chain(200), "nested deeper"),
        (b"[" * 200_000, "nested deeper"),
        (b"{a: " * 200_000, "nested deeper"),
        (b"a: &a [*a]", "stands for nothing"),
        (b"", "empty"),
        (b"# nothing\n", "empty"),
        (b"a: 1\n---\nb: 2\n", "two documents"),
        (b"a: 1\n b: 2\n", "not YAML"),
        (b"a: 'x\n", "not YAML"),
        (b"a:\n\t- b\n", "not YAML"),
        (b"a: \x00", "not YAML"),
        (b"\xff\xfe", "UTF-8"),
        (b"? [a]\n: b\n", "not text"),
        (b" " * (MAX_BYTES + 1), "bytes"),
    ],
)
def test_hostile_files_give_one_fault(data, words):
    found = parse(data, "s.yaml")
    assert len(found.faults) == 1
    assert words in found.faults[0].problem
    assert found.value is None


def test_byte_order_mark_is_tolerated():
    assert parse(b"\xef\xbb\xbfa: 1", "s.yaml").value == {"a": 1}


_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text("abc: '\"#-[]{}\n", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.text("abcd", min_size=1), _PLAIN, min_size=1))
def test_what_a_writer_writes_is_read_back(value):
    found = parse(yaml.safe_dump(value, allow_unicode=True).encode(), "s.yaml")
    assert found.value == value
    assert not found.faults
