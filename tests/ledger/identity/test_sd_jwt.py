"""Selective disclosure against RFC 9901's own values, and against its reference implementation."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from gridpact.ledger.identity.jose import BadToken, coded, decoded, jwk, parsed, public, signed
from gridpact.ledger.identity.sd_jwt import (
    Binding,
    Token,
    bound,
    claims_of,
    digest_of,
    issue,
    present,
    read,
)

AUDIENCE, NONCE = "https://verifier.example.org", "1234567890"
ISSUER, HOLDER = derive_private_key(7, SECP256R1()), derive_private_key(8, SECP256R1())
ENTROPY = bytes(range(32))


def test_the_example_of_the_standard_is_verified(example):
    text, issuer, claims = example
    token = read(text)
    assert str(token) == text
    assert claims_of(token, public(issuer), "example+sd-jwt") == claims
    assert bound(token, claims, NONCE, AUDIENCE) == 1748537244
    assert digest_of(token.unbound) == "0_Af-2B-EhLWX5ydh_w2xzwmO6iM66B_2QCEanI4fUY"


@pytest.mark.parametrize(
    ("disclosure", "digest"),
    [  # sections 4.2.3 and 4.2.4.2
        (
            "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0",
            "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0",
        ),
        (
            "WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0",
            "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs",
        ),
    ],
)
def test_digests_of_disclosures(disclosure, digest):
    assert digest_of(disclosure) == digest


def test_the_holder_answers_one_verifier_and_one_question(example):
    text, _, claims = example
    token = read(text)
    for nonce, audience, words in (
        ("0", AUDIENCE, "another question"),
        (NONCE, "https://other.example", "another verifier"),
    ):
        with pytest.raises(BadToken, match=words):
            bound(token, claims, nonce, audience)
    with pytest.raises(BadToken, match="another choice"):
        bound(replace(token, disclosures=token.disclosures[:-1]), claims, NONCE, AUDIENCE)
    with pytest.raises(BadToken, match="has not signed"):
        bound(replace(token, binding=""), claims, NONCE, AUDIENCE)
    with pytest.raises(BadToken, match="neither Ed25519"):
        bound(token, {}, NONCE, AUDIENCE)


HIDDEN = {"power_w": 4200, "place": {"street": "Lindenweg 7", "city": "Köln"}, "serial": "A-1"}


def made(key=ISSUER):
    cnf = {"jwk": jwk(HOLDER.public_key())}
    return issue({"iss": "x", "cnf": cnf}, HIDDEN, {"typ": "t"}, key, ENTROPY)


@pytest.mark.parametrize("key", [ISSUER, Ed25519PrivateKey.from_private_bytes(bytes(32))])
@pytest.mark.parametrize("names", [(), ("serial",), ("place", "power_w"), tuple(HIDDEN)])
def test_what_is_chosen_is_shown_and_nothing_else(key, names):
    token = present(made(key), names, HOLDER, Binding("n", "a", 7))
    shown = read(str(token))
    claims = claims_of(shown, key.public_key(), "t")
    assert {name: claims[name] for name in names} == {name: HIDDEN[name] for name in names}
    assert set(claims) == {"iss", "cnf", *names}
    assert bound(shown, claims, "n", "a") == 7
    for name in set(HIDDEN) - set(names):
        assert json.dumps(HIDDEN[name]).encode() not in decoded_all(shown)


def decoded_all(token):
    return b"".join(decoded(part) for part in (*token.issued.split("."), *token.disclosures))


def test_salts_are_fresh_for_each_claim_and_credential():
    salts = {parsed(decoded(text))[0] for text in made().disclosures}
    other = issue({}, HIDDEN, {}, ISSUER, bytes(32))
    salts |= {parsed(decoded(text))[0] for text in other.disclosures}
    assert len(salts) == 6
    assert all(len(decoded(salt)) == 16 for salt in salts)


def test_what_cannot_be_issued_or_shown_is_refused():
    for names, entropy in (({"_sd": 1}, ENTROPY), ({"iss": 1}, ENTROPY), ({}, b"short")):
        with pytest.raises(ValueError, match=r"claim|salts"):
            issue({"iss": 1}, names, {}, ISSUER, entropy)
    with pytest.raises(ValueError, match="no claims nothing to disclose"):
        present(made(), ["serial", "nothing"])


def disclosure(*parts):
    return coded(json.dumps(parts).encode())


ONE, ELEMENT = disclosure("s", "a", 1), disclosure("s", 1)
NESTED = disclosure("s", "_sd", [])
DEEP = {}
for _ in range(40):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    ("payload", "disclosures", "words"),
    [
        ({}, [ONE], "of no claim"),
        ({"_sd": [digest_of(ONE)]}, [ONE, ONE], "stands twice"),
        ({"_sd": [digest_of(ONE), digest_of(ONE)]}, [ONE], "stands twice"),
        ({"_sd": [digest_of(ONE)], "a": 2}, [ONE], "stands there already"),
        ({"_sd": digest_of(ONE)}, [ONE], "where none can"),
        ({"_sd": [1]}, [], "or is none"),
        ({"...": "x"}, [], "where none can"),
        ({"_sd": [digest_of(ELEMENT)]}, [ELEMENT], "as an element"),
        ({"l": [{"...": digest_of(ONE)}]}, [ONE], "as an element"),
        ({"_sd": [digest_of(NESTED)]}, [NESTED], "not a claim's"),
        ({"_sd_alg": "sha-512"}, [], "another function"),
        ({"_sd": [digest_of("ab")]}, ["ab"], "base64url"),
        ({"_sd": [digest_of(coded(b"[1]"))]}, [coded(b"[1]")], "neither of a claim"),
        ({"d": DEEP}, [], "too deep"),
    ],
)
def test_disclosures_that_are_not_the_tokens_are_refused(payload, disclosures, words):
    token = Token(signed({"typ": "t"}, payload, ISSUER), tuple(disclosures))
    with pytest.raises(BadToken, match=words):
        claims_of(token, ISSUER.public_key(), "t")


def test_elements_of_lists_and_claims_within_claims_are_opened():
    inner = disclosure("s", "city", "Köln")
    outer = disclosure("s", "place", {"_sd": [digest_of(inner), digest_of("decoy")]})
    payload = {"_sd": [digest_of(outer)], "l": [0, {"...": digest_of(ELEMENT)}, {"...": "decoy"}]}
    token = Token(signed({"typ": "t"}, payload, ISSUER), (outer, inner, ELEMENT))
    claims = claims_of(token, ISSUER.public_key(), "t")
    assert claims == {"place": {"city": "Köln"}, "l": [0, 1]}


@pytest.mark.parametrize("text", ["", "a.b.c", "~~", "a~~b", "a~" * 300, "ä~", "a" * 70_000 + "~"])
def test_what_is_no_credential_is_refused(text):
    with pytest.raises(BadToken):
        claims_of(read(text), ISSUER.public_key(), "t")


def test_the_reference_implementation_agrees():
    pytest.importorskip("sd_jwt", reason="pip install sd-jwt")
    from jwcrypto.jwk import JWK
    from sd_jwt.issuer import SDJWTIssuer, SDObj
    from sd_jwt.verifier import SDJWTVerifier

    token = present(made(), ["place", "serial"], HOLDER, Binding("n", "a", 7))
    theirs = JWK(**jwk(ISSUER.public_key()))
    verifier = SDJWTVerifier(str(token), lambda *_: theirs, "a", "n")
    assert verifier.get_verified_payload() == claims_of(token, ISSUER.public_key(), "t")
    number = ISSUER.private_numbers().private_value.to_bytes(32, "big")
    secret = JWK(**jwk(ISSUER.public_key()), d=coded(number))
    claims = {"iss": "x", SDObj("a"): 1, "list": [SDObj("b"), "c"]}
    issued = SDJWTIssuer(claims, secret, extra_header_parameters={"typ": "t"}).sd_jwt_issuance
    found = claims_of(read(issued), ISSUER.public_key(), "t")
    assert found == {"iss": "x", "a": 1, "list": ["b", "c"]}
