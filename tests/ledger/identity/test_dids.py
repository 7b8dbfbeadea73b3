"""Identifiers of keys, against the test vectors of did:key and the examples of did:web."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, SECP384R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from gridpact.ledger.identity import did_key, did_web
from gridpact.ledger.identity.jose import BadToken, jwk, public

# w3c-ccg/did-method-key, test-vectors: ed25519-x25519.json, nist-curves.json, secp256k1.json
ED25519 = {
    0: "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
    1: "did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG",
    2: "did:key:z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf",
}
P256 = {
    "did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv": (
        "igrFmi0whuihKnj9R3Om1SoMph72wUGeFaBbzG2vzns",
        "efsX5b10x8yjyrj4ny3pGfLcY7Xby1KzgqOdqnsrJIM",
    ),
    "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169": (
        "fyNYMN0976ci7xqiSdag3buk-ZCwgXU4kz9XNkBlNUI",
        "hW2ojTNfH7Jbi8--CJUo3OCbH3y5n91g-IMA9MLMbTU",
    ),
}
SECP256K1_DID = "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"
SECP256K1_POINT = "03874c15c7fda20e539c6e5ba573c139884c351188799f5458b4b41f7924f235cd"


@pytest.mark.parametrize("seed", ED25519)
def test_keys_of_ed25519(seed):
    key = Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big")).public_key()
    assert did_key.did_of(key) == ED25519[seed]
    assert did_key.key_of(ED25519[seed]) == key


@pytest.mark.parametrize("did", P256)
def test_keys_of_p256(did):
    x, y = P256[did]
    key = public({"kty": "EC", "crv": "P-256", "x": x, "y": y})
    assert did_key.did_of(key) == did
    assert jwk(did_key.key_of(did)) == {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def test_keys_of_secp256k1():
    key = did_key.key_of(SECP256K1_DID)
    assert isinstance(key.curve, SECP256K1)
    point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    assert point.hex() == SECP256K1_POINT
    assert did_key.did_of(key) == SECP256K1_DID


@given(st.binary(min_size=32, max_size=32))
def test_any_key_is_read_back(seed):
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    assert did_key.key_of(did_key.did_of(key)) == key


@pytest.mark.parametrize(
    "did",
    [
        "",
        "did:web:example.org",
        "did:key:f" + "ab" * 34,
        ED25519[0][:-1],
        ED25519[0] + "1",
        ED25519[0].replace("6Mk", "16Mk"),
        ED25519[0].replace("p", "0"),
        "did:key:z" + "2" * 10_000,
        "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",  # X25519: agrees, never signs
        SECP256K1_DID[:-1] + "f",
    ],
)
def test_what_is_no_such_identifier_is_refused(did):
    with pytest.raises(ValueError):  # noqa: PT011 - from several places
        did_key.key_of(did)
    with pytest.raises(ValueError, match="secp384r1"):
        did_key.did_of(derive_private_key(7, SECP384R1()).public_key())


@pytest.mark.parametrize(
    ("did", "url"),
    [  # the examples of the did:web specification
        ("did:web:w3c-ccg.github.io", "https://w3c-ccg.github.io/.well-known/did.json"),
        ("did:web:w3c-ccg.github.io:user:alice", "https://w3c-ccg.github.io/user/alice/did.json"),
        (
            "did:web:example.com%3A3000:user:alice",
            "https://example.com:3000/user/alice/did.json",
        ),
    ],
)
def test_where_a_document_is(did, url):
    assert did_web.url_of(did) == url


@pytest.mark.parametrize(
    "did",
    [
        "did:web:", "did:web:localhost", "did:web:example.org:..", "did:web:example.org:",
        "did:web:example.org/x", "did:web:user@example.org", "did:web:example.org%2Fx",
        "did:web:Example.org", "did:web:example.org:a%2Fb", "did:web:-a.org", "did:key:z6",
        "did:web:example.org%3A0", "did:web:example.org\n", "did:web:" + "a" * 300 + ".org",
    ],
)  # fmt: skip
def test_what_leads_elsewhere_is_refused(did):
    with pytest.raises(ValueError, match="is no did:web"):
        did_web.url_of(did)


DID = "did:web:grid.example:north"
KEYS = {
    "2026": Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key(),
    "2027": did_key.key_of(next(iter(P256))),
}


def written(folder, value):
    path = folder / "grid.example" / "north" / "did.json"
    path.parent.mkdir(parents=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return did_web.from_folder(folder)


def test_a_document_is_resolved_from_a_folder(tmp_path):
    document = did_web.document(DID, KEYS)
    assert document["verificationMethod"][0]["id"] == f"{DID}#2026"
    assert did_web.resolve(DID, written(tmp_path, document)) == KEYS


def test_keys_that_do_not_attest_are_left_out(tmp_path):
    document = did_web.document(DID, KEYS)
    document["assertionMethod"] = ["#2027"]
    document["verificationMethod"][1]["id"] = "#2027"
    document["verificationMethod"][0]["publicKeyJwk"] = {}
    fetch = written(tmp_path, document)
    assert list(did_web.resolve(DID, fetch)) == ["2027"]
    document["assertionMethod"] = [f"{DID}#2027", {"id": f"{DID}#2026"}]
    (tmp_path / "grid.example/north/did.json").write_text(json.dumps(document))
    assert list(did_web.resolve(DID, fetch)) == ["2027"]


@pytest.mark.parametrize(
    "value",
    [
        "{", "[]", '{"id": "did:web:other.example"}', '{"id": "did:web:grid.example:north"}',
        {"id": DID, "assertionMethod": [f"{DID}#a"], "verificationMethod": [{"id": f"{DID}#a"}]},
        " " * 300_000,
    ],
)  # fmt: skip
def test_a_document_that_is_not_its_own_is_refused(value, tmp_path):
    with pytest.raises(ValueError):  # noqa: PT011 - BadToken or too large
        did_web.resolve(DID, written(tmp_path, value))
    assert issubclass(BadToken, ValueError)


def test_a_document_that_cannot_be_had_is_said(tmp_path):
    with pytest.raises(ValueError, match="cannot be had"):
        did_web.resolve(DID, did_web.from_folder(tmp_path))
    with pytest.raises(ValueError, match="has keys"):
        did_web.document(DID, {})
