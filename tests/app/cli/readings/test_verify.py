"""``gridpact readings verify``: files of signed readings, tampered or not, and bad input."""

import json
from hashlib import sha256
from types import SimpleNamespace

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gridpact.app.cli.commands import run_command
from gridpact.app.readings.signed_files import statement_line
from gridpact.metering.edge.records import MAGIC, RECORD, Signer, to_bytes
from gridpact.metering.edge.statements import state


def key(name):
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def raw(private):
    return private.public_key().public_bytes_raw()


@pytest.fixture
def signed(tmp_path, monkeypatch, capsys):
    """A folder with twelve signed readings of a bakery, and the command run in it."""
    monkeypatch.chdir(tmp_path)
    stated = state(key("authority"), "bakery", raw(key("meter")), 0)
    signer = Signer(key("meter"), "bakery", stated.genesis)
    records = np.concatenate([signer.sign(900 * n, 900, 100 + n, 0) for n in range(12)])
    (tmp_path / "devices.jsonl").write_text(statement_line(stated))
    (tmp_path / "authority.pub").write_text(f"ed25519:{raw(key('authority')).hex()}\n")
    (tmp_path / "march.signed").write_bytes(to_bytes(records))

    def run(*words, file="march.signed"):
        told = ("--statements", "devices.jsonl", "--authority", "authority.pub")
        code = run_command(["readings", "verify", file, *told, *words])
        out, err = capsys.readouterr()
        return SimpleNamespace(code=code, out=out, err=err)

    return SimpleNamespace(run=run, place=tmp_path, records=records, data=to_bytes(records))


def test_sound_readings(signed):
    done = signed.run()
    assert (done.code, done.err) == (0, "")
    assert done.out.strip().endswith("12 of 12 readings are sound")
    assert "\\x1b" not in done.out
    assert signed.run("--quiet").out == ""
    told = json.loads(signed.run("--json").out)
    assert (told["readings"], told["sound"], told["found"]) == (12, 12, [])
    (head,) = told["heads"]
    assert (head["point"], head["sequence"], head["end"]) == ("bakery", 11, "1970-01-01T03:00:00Z")


def test_an_edited_reading_is_told_at_its_place(signed):
    data = bytearray(signed.data)
    data[len(MAGIC) + 4 * RECORD.itemsize + 123] ^= 1
    (signed.place / "march.signed").write_bytes(bytes(data))
    done = signed.run()
    assert done.code == 1
    assert [line.split()[:3] for line in done.out.splitlines()[1:3]] == [
        ["4", "bad-signature", "bakery"],
        ["5", "gap", "bakery"],
    ]
    assert "11 of 12 readings are sound" in done.out


def test_a_stream_goes_on_and_an_end_cut_off_is_found(signed):
    (signed.place / "all.json").write_text(signed.run("--json").out)
    (signed.place / "first.signed").write_bytes(to_bytes(signed.records[:5]))
    (signed.place / "rest.signed").write_bytes(to_bytes(signed.records[5:]))
    first = signed.run("--json", file="first.signed")
    (signed.place / "first.json").write_text(first.out)
    assert signed.run("--since", "first.json", file="rest.signed").code == 0
    assert signed.run(file="rest.signed").code == 1
    done = signed.run("--due", "all.json", file="first.signed")
    assert (done.code, "cut-off" in done.out) == (1, True)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("march.signed", "slot_start,wh\n", "does not begin with"),
        ("march.signed", "", "does not begin with"),
        ("devices.jsonl", "", "there are no statements"),
        ("devices.jsonl", "{}\n", "devices.jsonl:1: is no statement"),
        ("authority.pub", "ed25519:12", "is no public key"),
        ("authority.pub", f"ed25519:{'0' * 64}", "signature does not hold"),
        ("since.json", '{"heads": [{}]}', "missing required field"),
    ],
)
def test_bad_input(name, text, problem, signed):
    (signed.place / name).write_text(text)
    done = signed.run(*(("--since", "since.json") if name == "since.json" else ()))
    assert (done.code, done.out) == (2, "")
    assert problem in done.err
    assert "Fix: " in done.err


def test_every_statement_that_cannot_stand_is_told_with_its_line(signed):
    path = signed.place / "devices.jsonl"
    good = path.read_text()
    late = good.replace("1970-01-01", "1970-01-02")
    path.write_text(f"{good}\n{late}{good.replace('ed25519', 'rsa')}{good}")
    done = signed.run()
    assert done.code == 2
    for words in (
        "devices.jsonl:3: bakery: the authority's signature does not hold",
        "devices.jsonl:4: is no statement",
        "devices.jsonl:5: bakery: the point has had this device before",
    ):
        assert words in done.err


def test_files_that_are_not_there(signed):
    assert signed.run(file="nothing").code == 2
    assert signed.run("--due", "nothing").code == 2
