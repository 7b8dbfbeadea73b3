"""The wire form: one spelling, strictly read, hashed by keccak-256."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.contracts.canonical import (
    MAX_BYTES,
    MAX_DEPTH,
    from_bytes,
    keccak256,
    terms_hash,
    to_bytes,
)
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.formulas import nominated
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.products.spot import spot_trade
from gridpact.contracts.template import TermsTemplate
from gridpact.contracts.terms import All, One, Scale, pay, within

ONE = b'{"asset":"energy","giver":"a","node":"one","taker":"b"}'
LOAD = b'{"name":"load","node":"series","unit":"Wh"}'
WATT = b'{"node":"const","unit":"W","value":"1"}'
BY = "$.terms.by"


def document(terms, schema=b"gridpact-terms/1"):
    return b'{"schema":"' + schema + b'","terms":' + terms + b"}"


def scale(by, of=ONE):
    return document(b'{"by":' + by + b',"node":"scale","of":' + of + b"}")


def faults(data):
    with pytest.raises(BadInput) as caught:
        from_bytes(data)
    return [(fault.where, fault.problem) for fault in caught.value.faults]


def refused(data, where, problem):
    found = faults(data)
    assert any(at == where and re.search(problem, why) for at, why in found), found


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    ],
)
def test_keccak_256_published_vectors(data, digest):
    assert keccak256(data).hex() == digest


def test_the_form_is_canonical_json():
    contract = pay(
        nominated("n", "a", Const(2**53 + 1, "nano"), 60) + Series("x", "nano"),
        "a",
        "b",
        "k",
        "EUR",
    )
    data = to_bytes(contract)
    loaded = json.loads(data)
    assert data == json.dumps(loaded, sort_keys=True, separators=(",", ":")).encode("ascii")
    assert b'"9007199254740993"' in data
    assert re.search(rb"[^\"0-9a-zA-Z/.:_-]-?[0-9]", data) is None  # no bare numbers
    assert terms_hash(contract) == keccak256(data)
    assert len(terms_hash(contract)) == 32


def test_equal_terms_have_equal_hashes_and_others_do_not():
    one, same, other = (pay(Const(n, "nano"), "a", "b", "k", "EUR") for n in (1, 1, 2))
    assert terms_hash(one) == terms_hash(same) != terms_hash(other)
    assert terms_hash(one) != terms_hash(pay(Const(1, "nano"), "b", "a", "k", "EUR"))


def test_a_minimal_document_is_read():
    assert from_bytes(document(ONE)) == One("energy", "a", "b")
    assert from_bytes(scale(LOAD)) == Scale(Series("load", "Wh"), One("energy", "a", "b"))


@pytest.mark.parametrize(
    ("data", "where", "problem"),
    [
        (b"", "byte 0", "not JSON"),
        (b"[]", "$", "not an object"),
        (b'"x"', "$", "not an object"),
        (b"null", "$", "not an object"),
        (b"1.5", "$", "not an object"),
        (document(ONE)[:-1], "byte 92", "not JSON"),
        (document(ONE, b"gridpact-terms/2"), "$.schema", "not known"),
        (b'{"terms":' + ONE + b"}", "$", "'schema' is missing"),
        (document(b"{}"), "$.terms", "not a tagged"),
        (document(b'{"node":"two"}'), "$.terms", "unknown tag 'two'"),
        (document(b'{"node":{"node":"one"}}'), "$.terms", "not a tagged"),
        (document(LOAD), "$.terms", "unknown tag 'series'"),
        (document(b'{"asset":"energy","giver":"a","node":"one"}'), "$.terms", "'taker' is missing"),
        (document(ONE[:-1] + b',"x":"1"}'), "$.terms", "unknown key 'x'"),
        (document(ONE[:-1] + b',"taker":"c"}'), "$.terms", "'taker' comes twice"),
        (document(ONE.replace(b'"a"', b"1")), "$.terms.giver", "not a string"),
        (document(ONE.replace(b'"a"', b"true")), "$.terms.giver", "not a string"),
        (document(ONE.replace(b"energy", b"gold")), "$.terms", "families"),
        (document(b'{"node":"all","parts":{}}'), "$.terms.parts", "not a list"),
        (document(b'{"node":"all","parts":[' + LOAD + b"]}"), "$.terms.parts[0]", "unknown tag"),
        (scale(ONE), "$.terms.by", "unknown tag 'one'"),
        (scale(b'{"node":"const","unit":"Wh","value":5}'), "$.terms.by.value", "not a string"),
        (scale(b'{"node":"const","unit":"Wh","value":5.0}'), "$.terms.by.value", "not a string"),
        (scale(b'{"node":"const","unit":"Wh","value":NaN}'), "$.terms.by.value", "not a string"),
        (scale(b'{"node":"const","unit":"Wh","value":"5.0"}'), "$.terms.by.value", "whole number"),
        (scale(b'{"node":"const","unit":"Wh","value":"05"}'), "$.terms.by.value", "whole number"),
        (scale(b'{"node":"const","unit":"Wh","value":"-0"}'), "$.terms.by.value", "whole number"),
        (scale(b'{"node":"const","unit":"Wh","value":"+5"}'), "$.terms.by.value", "whole number"),
        (
            scale(b'{"node":"const","unit":"Wh","value":"9223372036854775808"}'),
            "$.terms.by.value",
            "whole number",
        ),
        (scale(b'{"node":"const","unit":"joule","value":"5"}'), "$.terms.by", "not known"),
        (scale(b'{"args":[' + LOAD + b"," + WATT + b'],"kind":"+","node":"op"}'), BY, "one unit"),
        (scale(b'{"args":[],"kind":"+","node":"op"}'), "$.terms.by", "does not take 0"),
        (scale(b'{"arg":' + LOAD + b',"how":"total","node":"fold","period":"x"}'), BY, "period"),
        (document(ONE.replace(b'"a"', b'"\\u0061"')), "byte 64", "not allowed"),
        (document(ONE.replace(b'"a"', '"ä"'.encode())), "byte 64", "not allowed"),
        (document(ONE) + b"\n", "byte 93", "not allowed"),
        (document(ONE).replace(b'","node"', b'", "node"'), "byte 67", "not the canonical"),
        (document(ONE) + b" ", "byte 93", "not the canonical"),
        (b'{"terms":' + ONE + b',"schema":"gridpact-terms/1"}', "byte 2", "not the canonical"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_its_place(data, where, problem):
    refused(data, where, problem)


def test_all_faults_are_listed():
    bad = b'{"node":"const","unit":"joule","value":"5"}'
    data = document(
        b'{"node":"all","parts":['
        + ONE.replace(b'"a"', b"7")
        + b',{"by":'
        + bad
        + b',"node":"scale","of":{"node":"nothing"}},null]}'
    )
    assert [where for where, _ in faults(data)] == [
        "$.terms.parts[0].giver",
        "$.terms.parts[1].by",
        "$.terms.parts[1].of",
        "$.terms.parts[2]",
    ]


def nested(levels):
    found = All()
    for _ in range(levels - 1):
        found = All((found,))
    return found


def test_nesting_is_bounded_on_both_sides():
    deepest = nested(MAX_DEPTH)
    data = to_bytes(deepest)
    assert from_bytes(data) == deepest
    with pytest.raises(IllFormed, match="deep"):
        to_bytes(nested(MAX_DEPTH + 1))
    one_more = data.replace(b'"parts":[]', b'"parts":[{"node":"all","parts":[]}]')
    refused(one_more, "$.terms" + ".parts[0]" * MAX_DEPTH, "too deep")
    for hostile in (b"[" * 10**6, b'{"a":' * 10**5, b'"]]]]"' + b"[" * 10**5, b'{"' + b"[" * 10**5):
        assert len(faults(hostile)) == 1


def test_deep_formulas_are_refused_whatever_is_shared():
    load = Series("load", "Wh")
    node = load
    for _ in range(MAX_DEPTH - 2):
        node = node + load
    data = to_bytes(Scale(node, One("energy", "a", "b")))
    assert to_bytes(from_bytes(data)) == data
    with pytest.raises(IllFormed, match="deep"):
        to_bytes(Scale(node + load, One("energy", "a", "b")))
    shallow_then_deep = All((Scale(node, All()), All((Scale(node, All()),))))
    with pytest.raises(IllFormed, match="deep"):
        to_bytes(shallow_then_deep)


def test_size_is_bounded_on_both_sides():
    node = Series("load", "Wh")
    for _ in range(40):
        node = node + node  # 10¹² nodes when written as a tree
    with pytest.raises(IllFormed, match="bytes"):
        to_bytes(Scale(node, One("energy", "a", "b")))
    refused(b" " * (MAX_BYTES + 1), "", "bytes")


def test_hostile_objects_stay_cheap():
    many = b"{" + b",".join(b'"k%d":1' % i for i in range(200_000)) + b"}"
    assert len(faults(document(many))) == 1
    keyed = document(ONE[:-1] + b"," + many[1:])
    assert len(faults(keyed)) <= 1000


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_damaged_bytes_are_refused_or_mean_what_they_say(gen, data):
    written = bytearray(to_bytes(data.draw(gen.contracts())))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(written) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "double"])):
            case "flip":
                written[place] = data.draw(st.integers(0, 255))
            case "cut" if len(written) > 1:
                del written[place]
            case "double":
                written[place:place] = written[place : place + 20]
    try:
        read = from_bytes(bytes(written))
    except BadInput:
        return
    assert to_bytes(read) == bytes(written)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_noise_is_refused(noise):
    with pytest.raises(BadInput):
        from_bytes(noise)


def test_a_template_writes_what_the_contracts_would():
    random = np.random.Generator(np.random.PCG64(5))
    quantities, prices = random.integers(-50, 5000, (7, 96)), random.integers(-9, 10**6, 96)
    parties = [(f"m-{i}", f"seller-{i % 2}") for i in range(7)]

    def trade(quantity, price, seller, buyer):
        quantity = Profile(900, 900, tuple(quantity), "Wh")
        price = Profile(900, 900, tuple(price), "micro/kWh")
        return within(Const(1, "1"), spot_trade(quantity, price, seller, buyer, "EUR"))

    template = TermsTemplate(trade([0] * 96, [0] * 96, "seller", "buyer"), ("buyer", "seller"))
    written = list(template.documents(parties, [quantities, prices]))
    assert written == [
        to_bytes(trade(quantities[i].tolist(), prices.tolist(), seller, buyer))
        for i, (buyer, seller) in enumerate(parties)
    ]


def test_a_template_refuses_what_does_not_fit():
    quantity, price = Profile(0, 900, (1, 2), "Wh"), Const(5, "micro/kWh")
    template = TermsTemplate(spot_trade(quantity, price, "s", "b", "EUR"), ("s", "b"))
    good = np.array([[1, 2]])
    assert len(list(template.documents([("x", "y")], [good]))) == 1
    for parties, profiles in (
        ([("x",)], [good]),
        ([("x", 'y"')], [good]),
        ([("x", "y")], []),
        ([("x", "y")], [good.astype(float)]),
        ([("x", "y")], [np.array([[1, 2, 3]])]),
        ([("x", "y"), ("x", "z")], [good]),
        ([("x", "y")], [np.array([[1, -(2**63)]])]),
    ):
        with pytest.raises(IllFormed):
            list(template.documents(parties, profiles))
    with pytest.raises(IllFormed):
        TermsTemplate(spot_trade(quantity, price, "s", "1", "EUR"), ("s", "1"))
