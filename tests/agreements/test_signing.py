"""Digests, addresses and signatures, against eth-account, a second encoder and OpenSSL."""

import json
import os
import stat
from pathlib import Path

import pytest
from Crypto.Hash import keccak
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.agreements.addresses import ORDER, checksummed, parse_address, signer
from gridpact.agreements.files import from_text
from gridpact.agreements.keys import WalletKey, create
from gridpact.agreements.model import Agreement, Ending, Party
from gridpact.agreements.typed_data import digest, typed_data
from gridpact.base.errors import StoreError

CASES = json.loads((Path(__file__).parent / "vectors" / "wallets.json").read_text())
entropies = st.integers(1, ORDER - 1).map(lambda number: number.to_bytes(32, "big"))


def raw(text):
    return bytes.fromhex(text.removeprefix("0x"))


def document_of(case):
    return from_text(json.dumps(case["document"]).encode(), "case")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["document"]["agreement"]["id"])
def test_as_eth_account_has_it(case):
    agreement = document_of(case).agreement
    ending = Ending(
        id=agreement.id, version=agreement.version, agreement=digest(agreement), at=agreement.end
    )
    for signed, wanted in ((agreement, case["agreement"]), (ending, case["ending"])):
        assert json.loads(json.dumps(typed_data(signed))) == wanted["typed_data"]
        assert digest(signed) == raw(wanted["digest"])
        for name, secret in case["keys"].items():
            key, theirs = WalletKey(raw(secret)), raw(wanted["signatures"][name])
            assert key.sign(digest(signed)) == theirs
            assert signer(digest(signed), theirs) == key.address
            assert checksummed(key.address) == case["addresses"][name]


def test_the_vectors_vary():
    agreements = [document_of(case).agreement for case in CASES]
    assert len(agreements) >= 20
    assert {len(each.parties) for each in agreements} == {2, 3, 4, 5}
    assert {any(each.previous) for each in agreements} == {True, False}
    assert {1, 2, 3} <= {each.version for each in agreements}
    recovery = {
        signature[-2:] for each in CASES for signature in each["ending"]["signatures"].values()
    }
    assert recovery == {"1b", "1c"}


# -- a second encoder, driven by the document that a wallet is handed ----------------------------


def hashed(data):
    return keccak.new(digest_bits=256, data=data).digest()


def type_string(kind, types):
    below, pending = set(), [kind]
    while pending:
        for field in types[pending.pop()]:
            name = field["type"].removesuffix("[]")
            if name in types and name not in below:
                below.add(name)
                pending.append(name)
    return "".join(
        f"{each}({','.join(field['type'] + ' ' + field['name'] for field in types[each])})"
        for each in [kind, *sorted(below - {kind})]
    )


def encoded(kind, value, types):
    if kind.endswith("[]"):
        return hashed(b"".join(encoded(kind[:-2], each, types) for each in value))
    if kind in types:
        fields = [encoded(field["type"], value[field["name"]], types) for field in types[kind]]
        return hashed(hashed(type_string(kind, types).encode()) + b"".join(fields))
    if kind == "string":
        return hashed(value.encode())
    if kind.startswith("uint"):
        return int(value).to_bytes(32, "big")
    return raw(value).rjust(32, b"\0") if kind == "address" else raw(value)


def expected(document):
    types = document["types"]
    domain = encoded("EIP712Domain", document["domain"], types)
    return hashed(
        b"\x19\x01" + domain + encoded(document["primaryType"], document["message"], types)
    )


words = st.binary(min_size=32, max_size=32)
instants = st.integers(0, 253_402_300_799)
agreements = st.builds(
    Agreement,
    id=st.text("abc019._-", min_size=1, max_size=20),
    version=st.integers(1, 2**32 - 1),
    terms=st.just(b""),
    terms_hash=words,
    parties=st.lists(
        st.builds(Party, st.text("abcXYZ.:/+", max_size=20), st.binary(min_size=20, max_size=20)),
        max_size=4,
    ).map(tuple),
    step=st.integers(1, 2**32 - 1),
    start=instants,
    end=instants,
    previous=words,
    offer_until=instants,
    termination_notice_s=st.integers(-1, 2**63 - 1),
    authority=st.text("abc", max_size=9),
)
endings = st.builds(
    Ending, id=st.text("abc", max_size=9), version=st.integers(1, 99), agreement=words, at=instants
)


@given(agreements | endings)
@settings(deadline=None, max_examples=150)
def test_against_a_second_encoder(signed):
    assert digest(signed) == expected(json.loads(json.dumps(typed_data(signed))))


@given(agreements, st.data())
@settings(deadline=None, max_examples=100)
def test_every_field_is_covered(agreement, data):
    field = data.draw(st.sampled_from([f for f in Agreement.__struct_fields__ if f != "terms"]))
    other = data.draw(agreements)
    fields = {name: getattr(agreement, name) for name in Agreement.__struct_fields__}
    changed = Agreement(**fields | {field: getattr(other, field)})
    assert (digest(changed) == digest(agreement)) == (changed == agreement)


# -- signatures ---------------------------------------------------------------------------------


@given(entropies, st.binary(min_size=32, max_size=32))
@settings(deadline=None, max_examples=60)
def test_signatures_against_openssl(entropy, message):
    key = WalletKey(entropy)
    made = key.sign(message)
    private = ec.derive_private_key(int.from_bytes(entropy, "big"), ec.SECP256K1())
    point = private.public_key().public_numbers()
    public = point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
    assert key.address == hashed(public)[-20:]
    r, s = int.from_bytes(made[:32], "big"), int.from_bytes(made[32:64], "big")
    der = utils.encode_dss_signature(r, s)
    private.public_key().verify(der, message, ec.ECDSA(utils.Prehashed(SHA256())))
    assert s <= ORDER // 2
    assert made[64] in (27, 28)
    theirs = private.sign(message, ec.ECDSA(utils.Prehashed(SHA256())))
    r, s = utils.decode_dss_signature(theirs)
    low = r.to_bytes(32, "big") + min(s, ORDER - s).to_bytes(32, "big")
    assert key.address in [signer(message, low + bytes([v])) for v in (27, 28)]


@given(entropies, st.binary(min_size=32, max_size=32), st.integers(0, 64), st.integers(1, 255))
@settings(deadline=None, max_examples=60)
def test_a_changed_signature_is_nobodys_or_anothers(entropy, message, place, flip):
    key = WalletKey(entropy)
    made = bytearray(key.sign(message))
    made[place] ^= flip
    assert signer(message, bytes(made)) != key.address


def test_what_is_no_signature():
    key, message = WalletKey(bytes(31) + b"\1"), bytes(32)
    made = key.sign(message)
    high = (ORDER - int.from_bytes(made[32:64], "big")).to_bytes(32, "big")
    flipped = bytes([55 - made[64]])
    assert signer(message, made) == key.address
    for wrong in (
        b"",
        made[:-1],
        made + b"\0",
        made[:32] + high + flipped,  # the same point, with the higher s
        made[:64] + b"\0",
        made[:64] + b"\x1d",
        bytes(64) + b"\x1b",
        b"\xff" * 32 + made[32:],
    ):
        assert signer(message, wrong) is None
    private = ec.derive_private_key(1, ec.SECP256K1())
    der = utils.encode_dss_signature(int.from_bytes(made[:32], "big"), int.from_bytes(high, "big"))
    private.public_key().verify(der, message, ec.ECDSA(utils.Prehashed(SHA256())))
    with pytest.raises(InvalidSignature):
        private.public_key().verify(der, b"\1" * 32, ec.ECDSA(utils.Prehashed(SHA256())))


# the examples of EIP-55
@pytest.mark.parametrize(
    "text",
    [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
    ],
)
def test_checksums(text):
    address = raw(text)
    assert checksummed(address) == text
    assert parse_address(text) == parse_address(text.lower()) == address
    place = next((i for i, letter in enumerate(text) if i > 1 and letter.isalpha()), 0)
    wrong = text[:place] + text[place].swapcase() + text[place + 1 :]
    if wrong not in (text.lower(), text):
        with pytest.raises(ValueError, match="checksum"):
            parse_address(wrong)


@pytest.mark.parametrize(
    "text", ["", "0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x" + "g" * 40]
)
def test_what_is_no_address(text):
    with pytest.raises(ValueError, match="40 hex digits"):
        parse_address(text)


# -- key files ----------------------------------------------------------------------------------


def test_a_key_file(tmp_path):
    path = tmp_path / "key"
    key = create(path, b"\7" * 32)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert WalletKey.load(path).address == key.address
    assert "07" not in repr(key).lower().replace(checksummed(key.address).lower(), "")
    with pytest.raises(StoreError, match="exists already"):
        create(path, b"\1" * 32)
    assert WalletKey.load(path).address == key.address
    bare = tmp_path / "bare"
    bare.write_text("07" * 32)
    bare.chmod(0o600)
    assert WalletKey.load(bare).address == key.address


@pytest.mark.parametrize(
    "content", ["", "07" * 31, "0x" + "zz" * 32, "00" * 32, "ff" * 32, "07" * 32 + "\n\n", "é" * 64]
)
def test_a_file_that_holds_no_key(tmp_path, content):
    path = tmp_path / "key"
    path.write_text(content, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(StoreError, match="holds no private key"):
        WalletKey.load(path)


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_of_an_address_is_told_apart_from_a_key(tmp_path, mode):
    path = tmp_path / "bakery.address"
    path.write_text(checksummed(WalletKey(b"\7" * 32).address) + "\n")
    path.chmod(mode)
    with pytest.raises(StoreError, match="holds an address") as caught:
        WalletKey.load(path)
    assert "bakery.key" in str(caught.value)
    assert "chmod" not in str(caught.value)


def test_files_that_cannot_be_used(tmp_path):
    path = tmp_path / "key"
    path.write_text("07" * 32)
    os.chmod(path, 0o640)  # noqa: PTH101 - open on purpose
    with pytest.raises(StoreError, match="chmod 600"):
        WalletKey.load(path)
    with pytest.raises(StoreError, match="No such file"):
        WalletKey.load(tmp_path / "none")
    with pytest.raises(StoreError, match="No such file"):
        create(tmp_path / "none" / "key", b"\1" * 32)
    for entropy in (b"", bytes(32), b"\1" * 33, ORDER.to_bytes(32, "big")):
        with pytest.raises(ValueError, match="secp256k1"):
            WalletKey(entropy)
