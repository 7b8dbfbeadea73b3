"""Keys and tokens, against published values."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gridpact.ledger.identity.jose import (
    BadToken,
    coded,
    decoded,
    jwk,
    parsed,
    public,
    signed,
    verified,
)

# RFC 8037, A.1 and A.4: a key of Ed25519 and what it signs
KEY = decoded("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
POINT = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
SIGNED = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
ED25519 = Ed25519PrivateKey.from_private_bytes(KEY)
P256 = derive_private_key(7, SECP256R1())


def test_a_key_is_written_as_the_standard_says():
    assert jwk(ED25519.public_key()) == {"kty": "OKP", "crv": "Ed25519", "x": POINT}
    message, _, signature = SIGNED.rpartition(".")
    assert coded(ED25519.sign(message.encode())) == signature


@pytest.mark.parametrize("key", [ED25519, P256])
def test_what_is_signed_is_verified_by_the_key_alone(key):
    token = signed({"typ": "t"}, {"a": 1}, key)
    own = public(jwk(key.public_key()))
    assert verified(token, own, "t")[1] == {"a": 1}
    for other in (
        Ed25519PrivateKey.from_private_bytes(bytes(32)),
        derive_private_key(8, SECP256R1()),
    ):
        with pytest.raises(BadToken):
            verified(token, other.public_key(), "t")
    with pytest.raises(BadToken, match="is no u"):
        verified(token, own, "u")


def test_a_curve_that_signs_no_tokens_is_refused():
    key = derive_private_key(7, SECP256K1())
    with pytest.raises(ValueError, match="Ed25519 or P-256, not secp256k1"):
        signed({}, {}, key)
    with pytest.raises(ValueError, match="secp256k1"):
        jwk(key.public_key())


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "ES256"}, {}])
def test_the_token_does_not_choose_its_algorithm(header):
    _, payload, signature = signed({"typ": "t"}, {}, ED25519).split(".")
    forged = coded(json.dumps({"typ": "t", **header}).encode())
    for token in (f"{forged}.{payload}.{signature}", f"{forged}.{payload}."):
        with pytest.raises(BadToken, match="not signed with EdDSA"):
            verified(token, ED25519.public_key(), "t")
    token = signed({"typ": "t", "crit": ["b64"]}, {}, ED25519)
    with pytest.raises(BadToken, match="extensions"):
        verified(token, ED25519.public_key(), "t")


@pytest.mark.parametrize("key", [ED25519, P256])
def test_no_flipped_letter_goes_through(key):
    token = signed({"typ": "t"}, {"a": 1}, key)
    for place, letter in enumerate(token):
        for other in {"A", "B", "_", ".", "="} - {letter}:
            with pytest.raises(BadToken):
                verified(token[:place] + other + token[place + 1 :], key.public_key(), "t")


@pytest.mark.parametrize("text", ["a", "ab=", "a b", "ab", "+/8", "é", "AA\n"])
def test_base64url_is_strict(text):
    with pytest.raises(BadToken):
        decoded(text)


@given(st.binary(max_size=40))
def test_base64url_is_read_back(data):
    assert decoded(coded(data)) == data


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', "NaN", "[" * 100_000, "\xff", "{"])
def test_json_is_strict(text):
    with pytest.raises(BadToken):
        parsed(text.encode("latin-1"))


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "OKP", "crv": "X25519", "x": POINT},
        {"kty": "EC", "crv": "P-256", "x": POINT, "y": POINT},
        {"kty": "EC", "crv": "P-256", "x": POINT},
        {"kty": "OKP", "crv": "Ed25519", "x": POINT, "d": POINT},
    ],
)
def test_what_is_no_public_key_is_refused(value):
    with pytest.raises(BadToken):
        public(value)
