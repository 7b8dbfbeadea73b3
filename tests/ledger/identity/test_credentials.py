"""A certificate is issued, held, shown in part and verified offline against the ledger."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from gridpact.ledger.identity import did_key, did_web
from gridpact.ledger.identity.credentials import (
    Asked,
    Certificate,
    attested,
    certify,
    digest,
    show,
    verify,
)
from gridpact.ledger.identity.jose import jwk, signed
from gridpact.ledger.identity.sd_jwt import Binding, Token, present
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.assets import AssetAttested, AttestationEnded
from gridpact.ledger.port import Receipt
from gridpact.ledger.privacy.personal import Datum
from gridpact.ledger.privacy.scan import scan

AUTHORITY = demonstration_key(7, "inspector")
DID = did_key.did_of(AUTHORITY.private.public_key())
HOLDER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NOW = 1_781_500_000
CLAIMS = {
    "power_w": 4200,
    "street": "Lindenweg 7",
    "serial": "SN-0042-77",
    "inspected": "2026-05-02",
}
CERTIFICATE = Certificate("asset", "home-01-pv", "home-01", NOW - 90, NOW + 9_000, CLAIMS)
ASKED = Asked("https://market.example", "nonce-1", NOW, {DID})
BINDING = Binding("nonce-1", "https://market.example", NOW - 1)


@pytest.fixture(scope="module")
def token():
    return certify(CERTIFICATE, (DID, AUTHORITY.private), HOLDER.public_key(), bytes(32))


@pytest.fixture
def entries(tmp_path, token, founded):
    """Entries of a ledger on which an authority attests to the certificate."""
    ledger, act = founded(tmp_path / "ledger.db", ["home-01"])
    assert isinstance(act(attested(token, CERTIFICATE)), Receipt)
    ledger.verify()
    yield ledger.entries()
    ledger.close()


def shown(token, names=("power_w",), key=HOLDER, binding=BINDING):
    return show(token, names, key, binding)


def test_what_was_chosen_is_verified_offline(token, entries):
    found = verify(shown(token, ["power_w", "inspected"]), ASKED, entries)
    assert (found.holds, found.broken) == (True, "")
    assert (found.claims["asset"], found.claims["vct"]) == ("home-01-pv", "urn:gridpact:asset:1")
    assert found.claims["power_w"] == 4200
    assert "street" not in found.claims
    assert "serial" not in found.claims


def test_the_ledger_tells_nothing_of_what_is_certified(token, entries, tmp_path):
    assert isinstance(entries[-1], AssetAttested)
    data = [Datum(name, "home-01", str(value)) for name, value in CLAIMS.items()]
    data += [Datum("claim", "home-01", json.dumps(CLAIMS)), Datum("token", "home-01", str(token))]
    assert scan(data, [tmp_path]).findings == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nonce": "other"}, "another question"),
        ({"audience": "other"}, "another verifier"),
        ({"issuers": {"did:key:z6Mk"}}, "none whose word is taken"),
        ({"now_s": NOW + 9_000}, "has expired"),
        ({"now_s": NOW - 1_000}, "not valid yet"),
        ({"now_s": NOW + 900}, "not of now"),
    ],
)
def test_what_is_asked_otherwise_is_refused(change, words, token, entries):
    found = verify(shown(token), replace(ASKED, **change), entries)
    assert not found.holds
    assert words in found.broken
    assert found.claims == {}


def test_another_than_the_holder_cannot_show_it(token, entries):
    thief = Ed25519PrivateKey.from_private_bytes(bytes(32))
    found = verify(shown(token, key=thief), ASKED, entries)
    assert found.broken == "the signature does not hold"
    unsigned = str(present(token, ["power_w"]))
    assert "has not signed" in verify(unsigned, ASKED, entries).broken


def test_the_ledger_decides_whether_it_stands(token, entries):
    text = shown(token)
    assert "is not on the ledger" in verify(text, ASKED, entries[:0]).broken
    ended = AttestationEnded("home-01-pv", digest(token), "withdrawn")
    assert verify(text, ASKED, [*entries, ended]).broken == "the certificate was ended: withdrawn"
    for other in (
        {"asset": "home-02-pv"},
        {"holder": "bob"},
        {"until": NOW},
        {"subject": "inspection"},
    ):
        told = [replace(entries[-1], **other)]
        assert "attests something else" in verify(text, ASKED, told).broken


def test_a_forged_certificate_is_refused(token, entries):
    stranger = demonstration_key(8)
    forged = certify(CERTIFICATE, (DID, stranger.private), HOLDER.public_key(), bytes(32))
    found = verify(shown(forged), ASKED, entries)
    assert found.broken == "the signature does not hold"
    for spoilt in ("", "x", shown(token)[:-3], shown(token).replace("~", "~~")):
        assert not verify(spoilt, ASKED, entries).holds


def test_a_token_of_another_kind_is_no_certificate(entries):
    base = {"iss": DID, "cnf": {"jwk": jwk(HOLDER.public_key())}, "iat": NOW, "exp": NOW + 9}
    for more in ({}, {"vct": "urn:other", "asset": "a", "holder": "b"}, {"vct": 1}):
        bare = Token(signed({"typ": "dc+sd-jwt"}, base | more, AUTHORITY.private), ())
        found = verify(shown(bare, ()), ASKED, entries)
        assert "no certificate" in found.broken


def test_an_issuer_on_the_web_is_resolved_by_what_fetches(tmp_path):
    did = "did:web:inspector.example"
    document = did_web.document(did, {"2026": AUTHORITY.private.public_key()})
    path = tmp_path / "web" / "inspector.example" / ".well-known" / "did.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(document))
    issued = certify(CERTIFICATE, (did, AUTHORITY.private), HOLDER.public_key(), bytes(32))
    entries = [attested(issued, CERTIFICATE)]
    asked = replace(ASKED, issuers={did}, fetch=did_web.from_folder(tmp_path / "web"))
    assert verify(shown(issued), asked, entries).holds
    assert "nothing fetches" in verify(shown(issued), replace(asked, fetch=None), entries).broken
    path.unlink()
    assert "cannot be had" in verify(shown(issued), asked, entries).broken


def test_an_issuer_whose_key_signs_no_tokens_is_refused(token):
    did = did_key.did_of(derive_private_key(7, SECP256K1()).public_key())
    claims = {"iss": did}
    bare = Token(signed({"typ": "dc+sd-jwt"}, claims, AUTHORITY.private), ())
    found = verify(str(bare), replace(ASKED, issuers={did}), [])
    assert "not secp256k1" in found.broken


def test_a_certificate_that_cannot_be_is_not_issued():
    for change in ({"kind": "other"}, {"until_s": NOW - 90}, {"claims": {"iss": "me"}}):
        with pytest.raises(ValueError, match=r"certificate|claim"):
            certify(
                replace(CERTIFICATE, **change),
                (DID, AUTHORITY.private),
                HOLDER.public_key(),
                bytes(32),
            )
