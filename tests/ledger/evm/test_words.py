import json
from pathlib import Path

import msgspec
import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.units import INT64_MAX
from gridpact.ledger.entries import KINDS, faults, parse, tag_of
from gridpact.ledger.evm.words import NUMBERS, Operation, operation, operations_hash
from gridpact.ledger.kinds.fields import checks_of
from gridpact.ledger.kinds.founding import Act
from gridpact.ledger.kinds.money import NetSettled, TokensBurnt, TokensMinted
from gridpact.ledger.kinds.patches import STEPS
from gridpact.ledger.kinds.roots import ANCHORED

GOLDEN = json.loads((Path(__file__).parent / "words.json").read_text())
EXAMPLES = tuple(parse(row["entry"].encode()) for row in GOLDEN)
ROOT, OTHER = bytes(range(32)), bytes(range(1, 33))
WALLET, SIGNATURE = bytes(range(20)), bytes(range(65))

identifiers = st.sampled_from(("ada", "bob", "cyd", "a-b"))
DRAWN = (
    *("ada", "bob", "a-b", "2026", "2026-06", "2026-06-15", "in/n1", "EUR", *ANCHORED, *STEPS),
    *(ROOT, OTHER, bytes(32), WALLET, 1, 2, 255, 256, INT64_MAX),
)
DRAWN_KINDS = [kind for kind in KINDS if kind is not Act]
PAIRS = {
    "authorities": st.sampled_from((ROOT, OTHER)),
    "positions": st.sampled_from((-INT64_MAX, -1, 0, 1, INT64_MAX)),
    "signatures": st.sampled_from((SIGNATURE, SIGNATURE[::-1])),
}


def field_of(kind, field):
    """Draw what a field may hold, by its own check."""
    check = dict(checks_of(kind)).get(field)
    if check is not None:
        return st.sampled_from([value for value in DRAWN if check(value) is None])
    rows = st.dictionaries(identifiers, PAIRS[field], min_size=2)
    return rows.map(lambda found: tuple(sorted(found.items())))


@st.composite
def drawn(draw, kind):
    return kind(*(draw(field_of(kind, field)) for field in kind.__struct_fields__))


def by_name(tag):
    return next(entry for entry in EXAMPLES if tag_of(entry) == tag)


def test_every_kind_has_an_example_that_is_sound():
    assert tuple(type(entry) for entry in EXAMPLES) == KINDS
    assert faults(EXAMPLES) == ()


def test_words_stay_what_they_were_for_each_kind():
    for row, entry in zip(GOLDEN, EXAMPLES, strict=True):
        found = operation(entry)
        assert (found.kind, found.words.hex(), found.hash.hex()) == (
            *(row["kind"], row["words"]),
            row["hash"],
        )


ID = {name: keccak(text=name) for name in ("ada", "bob", "eur", "sepa/1", "go/1", "2026-06")}
ABI = {
    "tokens_minted": ("bytes32 bytes32 uint256 bytes32", ("eur", "ada", 10, "sepa/1")),
    "wallet_bound": ("bytes32 address", ("ada", "0x" + WALLET.hex())),
    "certificate_cancelled": ("bytes32 bytes32 uint256 bytes32", ("go/1", "ada", 10, "2026-06")),
    "asset_attested": (
        "bytes32 bytes32 bytes32 bytes32 int256",
        (keccak(text="roof-1"), "ada", keccak(text="inspection"), ROOT, -5),
    ),
    "patch_approved": ("bytes32 uint8", (keccak(text="tariff-2"), 1)),
}


@pytest.mark.parametrize("tag", ABI)
def test_words_are_those_of_the_abi_as_another_library_writes_them(tag):
    types, values = ABI[tag]
    known = [ID.get(value, value) if isinstance(value, str) else value for value in values]
    assert operation(by_name(tag)).words == encode(types.split(), known)


def test_a_period_is_its_text_and_positions_are_packed():
    rows = {"ada": -(2**63) + 1, "bob": 0, "cyd": 2**63 - 1}
    packed = sorted(keccak(text=n) + v.to_bytes(8, "big", signed=True) for n, v in rows.items())
    period = encode(["uint256"], [7]) + b"2026-06" + bytes(121)
    head = period + encode(["bytes32"], [keccak(text="EUR")])
    assert operation(by_name("net_settled")).words == head + b"".join(packed)
    anchored = (
        encode(["uint8", "bytes32", "uint256"], [2, keccak(text="lane"), 10])
        + (b"2026-06-15" + bytes(118))
        + encode(["uint256", "bytes32"], [9, ROOT])
    )
    assert operation(by_name("root_anchored")).words == anchored


def test_parties_carry_their_signatures_and_signers_stay_in_their_order():
    signed = sorted([keccak(text="ada") + SIGNATURE, keccak(text="bob") + SIGNATURE[::-1]])
    head = encode(
        ["bytes32", "uint256", "bytes32", "bytes32", "bytes32"],
        [keccak(text="roof-2026"), 1, ROOT, OTHER, ROOT],
    )
    assert operation(by_name("agreement_committed")).words == head + b"".join(signed)
    act = operation(by_name("act")).words
    head = encode(
        ["uint256", "int256", "bytes32", "uint256", "bytes32"],
        [7, -1, keccak(text="as decided"), 2, ROOT],
    )
    signers = (keccak(text="auth-b") + bytes(64), keccak(text="auth-a") + b"\1" * 64)
    assert act == head + b"".join(signers)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(DRAWN_KINDS).flatmap(lambda kind: st.tuples(*[drawn(kind)] * 2)))
def test_different_entries_of_a_kind_have_different_words(pair):
    one, other = pair
    assert (operation(one).words == operation(other).words) == (one == other)


@pytest.mark.parametrize("entry", EXAMPLES, ids=tag_of)
def test_each_field_shows_in_the_words(entry):
    """Leaving a field out would let signers vouch for another one."""
    for field in type(entry).__struct_fields__:
        value = getattr(entry, field)
        changed = {
            str: lambda text: "undo" if text == "activate" else "activate",
            int: lambda number: number - 1,
            bytes: lambda data: data[::-1],
            tuple: lambda rows: rows[:-1],
        }[type(value)](value)
        if (type(entry).__name__, field) == ("PatchApproved", "step"):
            changed = "activate"
        if (type(entry).__name__, field) == ("RootAnchored", "kind"):
            changed = "terms"
        how = {field: changed}
        if isinstance(entry, Act) and field in ("by", "signatures"):
            how = {"by": entry.by[:-1], "signatures": entry.signatures[:-1]}
        other = msgspec.structs.replace(entry, **how)
        assert operation(other).words != operation(entry).words, field


def test_the_hash_of_operations_tells_kinds_apart_and_keeps_their_order():
    made = TokensMinted("eur", "ada", 10, "sepa/1")
    gone = TokensBurnt("eur", "ada", 10, "sepa/1")
    assert operation(made).words == operation(gone).words
    assert operation(made).hash == keccak(bytes([NUMBERS[TokensMinted]]) + operation(made).words)
    assert operations_hash([made]) == keccak(operation(made).hash)
    assert (
        len({operations_hash(each) for each in ([made], [gone], [made, gone], [gone, made])}) == 4
    )


def test_rows_ascend_by_id_whatever_the_names():
    found = operation(NetSettled("2026", "EUR", tuple((f"p{n}", 0) for n in range(10)))).words
    rows = [found[192 + 40 * n :][:32] for n in range(10)]
    assert rows == sorted(rows)
    assert Operation(0, b"").hash == keccak(b"\0")
