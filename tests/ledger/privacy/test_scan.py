"""What is planted is found, in every form and place; what only looks alike is not."""

import base64
import gzip
import hashlib
import json
import sqlite3
import urllib.parse

import numpy as np
import pytest
from Crypto.Hash import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.ledger import leaves as lv
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.privacy.matching import Matcher
from gridpact.ledger.privacy.needles import Needle
from gridpact.ledger.privacy.personal import Datum, coordinates, row, unsalted
from gridpact.ledger.privacy.scan import scan

NAME, IBAN, MAIL = "Jürgen Müller-Özdemir", "DE89 3704 0044 0532 0130 00", "j.mueller@example.org"
SECRET = hashlib.sha256(b"a secret").digest()
READINGS = {"point": "DE0001234567890", "start": "2026-06-15T00:00+02:00", "wh": 1837}
BODY = lv.LeafBody("readings", "m6", "2026-06-15", np.arange(12, dtype=np.int64).reshape(3, 4))
DATA = [
    Datum("name", "m6", NAME),
    Datum("IBAN", "m6", IBAN),
    Datum("e-mail", "m6", MAIL),
    Datum("first name", "m6", "Zoë"),
    Datum("short name", "m6", "Ida"),
    Datum("secret", "m6", SECRET),
    *coordinates("m6", 52.516275, 13.377704),
    *row("reading", "m6", READINGS),
    *unsalted(BODY),
]
COMPACT = json.dumps(READINGS, separators=(",", ":")).encode()
CSV = b"DE0001234567890;2026-06-15T00:00+02:00;1837\r\n"


def sha256(data):
    return hashlib.sha256(data).digest()


def md5(data):
    return hashlib.md5(data, usedforsecurity=False)


def sha1(data):
    return hashlib.sha1(data, usedforsecurity=False)


PLANTED = {
    "name": NAME.encode(),
    "name in capitals": NAME.upper().encode(),
    "name in Latin-1": NAME.encode("latin-1"),
    "name in UTF-16": NAME.encode("utf-16"),
    "name in JSON": json.dumps({"n": NAME}).encode(),
    "name in a URL": urllib.parse.quote_plus(NAME).encode(),
    "name in HTML": NAME.encode("ascii", "xmlcharrefreplace"),
    "name in hex": NAME.encode().hex().upper().encode(),
    "name in base64": base64.b64encode(b"<" + NAME.encode() + b">"),
    "name in base64, shifted": base64.b64encode(b"<<" + NAME.encode() + b">"),
    "IBAN": IBAN.encode(),
    "IBAN without blanks": IBAN.replace(" ", "").encode(),
    "IBAN in small letters": IBAN.replace(" ", "").lower().encode(),
    "e-mail": f"mailto:{MAIL}".encode(),
    "e-mail in MD5": md5(MAIL.encode()).hexdigest().encode(),
    "first name": "hello Zoë!".encode(),
    "SHA-256 of the short name": sha256(b"Ida"),
    "SHA-256 of the name": sha256(NAME.encode()).hex().encode(),
    "SHA-256 of the name, cut": sha256(NAME.encode()).hex()[:40].upper().encode(),
    "SHA-256 of a line": sha256(NAME.encode() + b"\n"),
    "SHA-1 of the IBAN": sha1(IBAN.replace(" ", "").encode()).digest(),
    "SHA-1 of the IBAN, base64": base64.b64encode(sha1(IBAN.encode()).digest()),
    "keccak-256 of the e-mail": keccak.new(digest_bits=256, data=MAIL.encode()).digest(),
    "BLAKE2b of the e-mail": hashlib.blake2b(MAIL.encode(), digest_size=32).digest(),
    "BLAKE2b of the e-mail, long": hashlib.blake2b(MAIL.encode()).hexdigest().encode(),
    "URL-safe SHA-256 of the IBAN": base64.urlsafe_b64encode(sha256(IBAN.encode())).rstrip(b"="),
    "secret": SECRET,
    "secret in hex": SECRET.hex().encode(),
    "SHA-256 of the secret": sha256(SECRET),
    "latitude": b"at 52.516275 N",
    "longitude, rounded": b"lon=13.3777;",
    "longitude as a number": np.float64(13.377704).tobytes(),
    "row of CSV": CSV,
    "SHA-256 of a row of CSV": sha256(CSV),
    "row of JSON": COMPACT,
    "MD5 of a row of JSON": md5(COMPACT).digest(),
    "leaf's body": lv.encode(BODY),
    "SHA-256 of a leaf's body": sha256(lv.encode(BODY)),
    "tree hash of a leaf's body": sha256(b"\0" + lv.encode(BODY)),
    "numbers of a leaf": BODY.values.tobytes(),
    "keccak-256 of numbers": keccak.new(digest_bits=256, data=BODY.values.tobytes()).digest(),
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_planted_in_a_file_is_found(what, tmp_path):
    noise = np.random.default_rng(7).bytes(5_000)
    file = tmp_path / "archive.bin"
    file.write_bytes(noise + PLANTED[what] + noise)
    report = scan(DATA, [tmp_path])
    assert not report.clean
    finding = report.findings[0]
    assert finding.place == str(file)
    assert finding.at in range(5_000, 5_000 + len(PLANTED[what]))
    assert finding.whose == "m6"
    assert NAME not in str(report.findings)
    assert MAIL not in str(report.findings)
    file.write_bytes(noise + noise)
    assert scan(DATA, [tmp_path]).clean


def test_what_is_too_short_to_look_for_is_said(tmp_path):
    (tmp_path / "a").write_bytes(b"candidate Ida")
    report = scan(DATA, [tmp_path])
    assert report.clean
    assert report.short == (("short name", "m6"),)


@pytest.mark.parametrize("text", ["JZoëx", "Zoës", "7Zoë"])
def test_a_short_word_within_another_is_none(text, tmp_path):
    (tmp_path / "a").write_bytes(text.encode())
    assert scan([Datum("first name", "m6", "Zoë")], [tmp_path]).clean


@pytest.fixture
def database(tmp_path):
    """A ledger with a leaf of the data above, salted as it should be."""
    secrets = lv.demonstration_secrets(7, ["m6"])
    found = lv.leaves("readings", "2026-06-15", ["m6"], secrets, BODY.values[None])
    path = tmp_path / "ledger.db"
    with LocalLedger(path, demonstration_key(7)) as ledger:
        ledger.commit("first", [RootAnchored("readings", "m6", "2026-06-15", 1, found[0])], 10)
    return path


def test_salted_leaves_are_not_found_and_identifiers_are_counted_apart(database):
    report = scan([*DATA, *unsalted(BODY)], [database], ["m6-house"])
    assert report.clean
    assert report.pseudonyms == 0
    report = scan(DATA, [database], ["readings"])
    assert report.clean
    assert report.pseudonyms > 0
    assert report.size > database.stat().st_size


def test_an_identifier_that_is_somebodys_name_is_a_finding(database):
    report = scan([Datum("name", "ada", "Readings")], [database], ["readings"])
    assert {finding.what for finding in report.findings} == {"name"}


@pytest.mark.parametrize("where", ["period", "key", "root"])
def test_what_is_committed_is_found_with_its_row(where, database):
    name = "Ada.Lovelace"
    told = {"period": "2026-06-15", "key": "second", "root": bytes(32)}
    told[where] = sha256(name.encode()) if where == "root" else name
    with LocalLedger(database, demonstration_key(7)) as ledger:
        entry = RootAnchored("readings", "m6", told["period"], 1, told["root"])
        assert ledger.commit(told["key"], [entry], 20).height == 2
    report = scan([Datum("name", "ada", "Ada Lovelace"), Datum("login", "ada", name)], [database])
    places = {finding.place for finding in report.findings}
    assert str(database) in places
    table = "blocks, row 1, key" if where == "key" else "entries, row 1, body"
    assert f"{database}, table {table}" in places


def test_deleted_rows_logs_and_packed_archives_are_looked_at(tmp_path):
    path = tmp_path / "other.db"
    database = sqlite3.connect(path)
    database.execute("PRAGMA secure_delete=OFF")
    database.execute("CREATE TABLE t (a TEXT)")
    database.executemany("INSERT INTO t VALUES (?)", [(f"{place} {NAME}",) for place in range(200)])
    database.commit()
    database.execute("DELETE FROM t")
    database.commit()
    assert not database.execute("SELECT * FROM t").fetchall()
    assert not scan(DATA, [path]).clean
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("VACUUM")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert scan(DATA, [tmp_path]).clean
    database.execute("INSERT INTO t VALUES (?)", (MAIL,))
    database.commit()
    found = {finding.place for finding in scan(DATA, [tmp_path]).findings}
    assert found == {f"{path}-wal", f"{path}, table t, row 0, a"}
    database.close()
    path.unlink()
    packed = tmp_path / "a.gz"
    packed.write_bytes(gzip.compress(b"x" * 9_000 + IBAN.encode()))
    assert {each.place for each in scan(DATA, [tmp_path]).findings} == {f"{packed}, unpacked"}


def test_a_value_that_lies_on_several_pages_is_found(tmp_path):
    path = tmp_path / "other.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE t (a BLOB)")
    text = np.random.default_rng(7).bytes(3_000).hex()  # 6,000 characters: on two pages
    database.execute("INSERT INTO t VALUES (?)", (text,))
    database.commit()
    database.close()
    data = Datum("long", "m6", text.encode())
    assert {f.place for f in scan([data], [path]).findings} == {f"{path}, table t, row 0, a"}


def test_nothing_is_missed_at_the_seams_of_pieces(tmp_path, monkeypatch):
    from gridpact.ledger.privacy import haystack

    monkeypatch.setattr(haystack, "_PIECE", 64)
    for before in range(40, 90):
        (tmp_path / "a").write_bytes(b"." * before + NAME.encode() + b"." * 100)
        places = [f.at for f in scan(DATA, [tmp_path]).findings if f.form == "UTF-8"]
        assert places == [before]


def test_a_file_that_cannot_be_unpacked_is_named(tmp_path):
    from gridpact.base.errors import StoreError

    (tmp_path / "a.gz").write_bytes(gzip.compress(b"x" * 999)[:-12])
    with pytest.raises(StoreError, match=r"a\.gz cannot be read to its end"):
        scan(DATA, [tmp_path])


WORDS = st.lists(st.binary(min_size=4, max_size=12), min_size=1, max_size=6, unique=True)


@settings(max_examples=150, deadline=None)
@given(words=WORDS, picks=st.lists(st.integers(0, 9), max_size=12), fill=st.binary(max_size=30))
def test_it_finds_exactly_what_looking_byte_by_byte_finds(words, picks, fill):
    hay = b"".join((words[pick] if pick < len(words) else fill) for pick in picks)
    for folded in (False, True):
        needles = [Needle(w.lower() if folded else w, n, "x", folded) for n, w in enumerate(words)]
        there = hay.lower() if folded else hay
        expected = {
            (at, n.data)
            for n in needles
            for at in range(len(there))
            if there.startswith(n.data, at)
        }
        found = [(hit.at, hit.needle.data) for hit in Matcher(needles).hits(hay)]
        assert set(found) == expected
