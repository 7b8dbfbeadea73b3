import os
import stat

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gridpact.base.errors import StoreError
from gridpact.ledger.keys import AuthorityKey, PublicKey, demonstration_key, derived_secret

# RFC 8032, 7.1, test 2
SECRET = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = "ed25519:3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SIGNED = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_published_signature():
    key = AuthorityKey(SECRET)
    assert str(key.public) == PUBLIC
    assert key.sign(b"\x72").hex() == SIGNED
    assert PublicKey.parse(PUBLIC).holds(b"\x72", bytes.fromhex(SIGNED))
    assert not key.public.holds(b"\x73", bytes.fromhex(SIGNED))
    assert not key.public.holds(b"\x72", b"short")


@pytest.mark.parametrize("text", ["", PUBLIC[8:], PUBLIC[:-1], PUBLIC.upper(), PUBLIC[:-1] + "g"])
def test_other_texts_are_no_public_key(text):
    with pytest.raises(ValueError, match="hex"):
        PublicKey.parse(text)


def test_a_key_survives_its_file(tmp_path):
    path = tmp_path / "authority.pem"
    AuthorityKey(SECRET).save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert str(AuthorityKey.load(path).public) == PUBLIC
    with pytest.raises(StoreError, match="exists already"):
        demonstration_key(1).save(path)
    assert str(AuthorityKey.load(path).public) == PUBLIC


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_key_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "authority.pem"
    AuthorityKey(SECRET).save(path)
    path.chmod(0o640)
    with pytest.raises(StoreError, match="chmod 600"):
        AuthorityKey.load(path)


def test_files_that_hold_no_key_are_refused(tmp_path):
    path = tmp_path / "authority.pem"
    with pytest.raises(StoreError, match="No such file"):
        AuthorityKey.load(path)
    with pytest.raises(StoreError, match="No such file"):
        AuthorityKey(SECRET).save(tmp_path / "no" / "folder.pem")
    path.write_bytes(b"not a key")
    path.chmod(0o600)
    with pytest.raises(StoreError, match="no unencrypted PEM"):
        AuthorityKey.load(path)
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(other)
    with pytest.raises(StoreError, match="not Ed25519"):
        AuthorityKey.load(path)
    with pytest.raises(ValueError, match="32 secret bytes"):
        AuthorityKey(b"short")


def test_demonstration_secrets_depend_on_seed_and_whole_name():
    found = [derived_secret(1, "a", "b"), derived_secret(1, "ab"), derived_secret(2, "a", "b")]
    assert len({*found, derived_secret(1, "a")}) == 4
    assert derived_secret(1, "a", "b") == found[0]
    assert demonstration_key(1).public == demonstration_key(1).public
    assert demonstration_key(1).public != demonstration_key(1, "other").public
