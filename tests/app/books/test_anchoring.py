"""A month of a book on a ledger of authorities: anchored, proved, and audited after tampering."""

import hashlib
import hmac
import shutil
import struct
import subprocess
import sys
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from gridpact.app.books.anchoring import KEPT, anchoring, held, kept
from gridpact.app.books.auditing import audit, prove
from gridpact.app.books.folder import Book
from gridpact.app.books.settling import Asked, run_period
from gridpact.app.ledgers import acting
from gridpact.base.errors import BadInput
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.kinds.roots import PeriodClosed, RootAnchored
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import root
from gridpact.ledger.proofs import files
from gridpact.ledger.proofs.checking import check

RULES = """\
gridpact: books/1
name: lane
currency: EUR
timezone: Europe/Berlin
slot_minutes: 60
readings: readings.csv
parties: {lane: operator, power: supplier, state: state}
members:
  - {id: bakery, role: consumer, supplier: power}
  - {id: mill, role: consumer, supplier: power}
  - {id: school, role: consumer, supplier: power}
contracts:
  - name: power
    supplier: power
    product: supplier-tariff
    with: {member: member, supplier: power, import_price: spot, export_price: 0.08 EUR/kWh}
taxes:
  - {name: vat, on: [power], rates: [{percent: 19, from: 2026-01-01}]}
series: {spot: prices.csv}
"""
BEGIN = int(datetime(2026, 2, 28, 23, tzinfo=UTC).timestamp())
LATER = int(datetime(2026, 4, 10, tzinfo=UTC).timestamp())
SLOTS, NAMES = 743, ("bakery", "mill", "school")  # the clocks go forward on the 29th
SECRETS = {name: hashlib.sha256(name.encode()).digest() for name in (*NAMES, "lane")}
AUTHORITY, OPERATOR = demonstration_key(1), demonstration_key(2)
RUN = "2026-03-run-1"


def table(**columns):
    rows = [",".join(["slot_start", *(name.replace("__", ":") for name in columns)])]
    for slot in range(SLOTS):
        at = datetime.fromtimestamp(BEGIN + 3600 * slot, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows.append(",".join([at, *(str(values(slot)) for values in columns.values())]))
    return "\n".join(rows) + "\n"


def settled(folder, rules=RULES, change=("", "")):
    folder.mkdir(exist_ok=True)
    (folder / "rules.yaml").write_text(rules)
    wh = {f"{n}__withdrawal": lambda slot, n=n: 100 * len(n) + slot for n in NAMES}
    (folder / "readings.csv").write_text(table(**wh).replace(*change, 1))
    (folder / "prices.csv").write_text(table(spot=lambda slot: 80_000 + slot))
    book = Book.create(folder, None)
    run_period(book, Asked("2026-03", LATER, LATER))
    return book


def acted(ledger, name, key, entries, at):
    found = acting.sign(acting.draft(ledger, [name], entries, "test", at), acting.Signer(name, key))
    return acting.commit(ledger, found, at)


def founded(path):
    with LocalLedger(path, AUTHORITY, name="lane") as ledger:
        founding = LedgerFounded((("auth", AUTHORITY.public.raw),), 1, 10**6)
        ledger.commit("founded", [founding], LATER)
        joined = [ParticipantAuthorised("lane", "operator"), KeyBound("lane", OPERATOR.public.raw)]
        joined += [ParticipantAuthorised(name, "member") for name in (*NAMES, "power", "state")]
        acted(ledger, "auth", AUTHORITY, joined, LATER)


def anchor(book, ledger, **more):
    found = anchoring(book, ledger, SECRETS, **more)
    found.keep(book)
    acted(ledger, "lane", OPERATOR, found.entries, LATER)
    return found.entries


@pytest.fixture(scope="module")
def anchored(tmp_path_factory):
    place = tmp_path_factory.mktemp("month")
    with chdir(place):  # so that the book names its readings from where it is
        settled(Path("book"))
    book = Book.open(place / "book")
    founded(place / "ledger.db")
    with LocalLedger(place / "ledger.db", AUTHORITY, name="lane") as ledger:
        anchor(book, ledger)
    return place


@pytest.fixture
def month(anchored, tmp_path):
    """Return an own copy of the book and the ledger."""
    shutil.copytree(anchored, tmp_path, dirs_exist_ok=True)
    with LocalLedger(tmp_path / "ledger.db", AUTHORITY, name="lane") as ledger:
        yield Book.open(tmp_path / "book"), ledger


def audited(month, secrets=SECRETS):
    """Return the first thing that the audit of the run finds, "" where it finds none."""
    whole, run, *more = audit(*month, secrets)
    assert (whole.good, more) == (True, [])
    assert run.name == "run 1, 2026-03 initial: gives what is on the ledger"
    assert run.good == (run.told == "")
    return run.told


def test_a_month_has_a_root_for_each_thing_and_gives_it_again(month):
    book, ledger = month
    roots = [entry for entry in ledger.entries() if isinstance(entry, RootAnchored)]
    assert [(each.kind, each.subject, each.count) for each in roots] == [
        ("terms", "lane", 5),
        *[("readings", "lane", 3)] * 31,
        ("statements", "lane", 3),
    ]
    assert roots[15].period == f"{RUN}-2026-03-15"
    (net,) = (entry for entry in ledger.entries() if isinstance(entry, NetSettled))
    assert sum(amount for _, amount in net.positions) == 0
    assert {name for name, amount in net.positions if amount} == {*NAMES, "power"}
    assert all(each.good for each in audit(book, ledger, SECRETS))
    assert anchoring(book, ledger, SECRETS).entries == ()


def test_leaves_are_what_their_description_says(month):
    """Bytes by hand: salt, format, names, shape, numbers."""
    text = b"".join(
        bytes([len(each)]) + each for each in (b"readings", f"{RUN}-2026-03-02".encode(), b"mill")
    )
    wh = [400 + slot for slot in range(24, 48)]
    numbers = struct.pack("<96q", *wh, *[0] * 24, *[1] * 48)
    salt = hmac.digest(SECRETS["mill"], text, "sha256")
    body = b"gridpact leaf 1\n" + text + struct.pack("<B2I", 2, 4, 24) + numbers
    book, _ = month
    leaves = kept(book, book.runs()[0])["readings", f"{RUN}-2026-03-02"]
    assert leaves["mill"] == hashlib.sha256(salt + body).digest()


def test_a_bill_is_proved_away_from_the_book(month, tmp_path):
    book, ledger = month
    (run,) = book.runs()
    for asked, words in (
        (("statements", "", "school"), f"statements of school in {RUN}"),
        (("readings", "2026-03-15", "mill"), f"readings of mill in {RUN}-2026-03-15"),
        (("terms", "", "bakery"), f"terms of bakery in {RUN}"),
    ):
        proof = prove(book, ledger, SECRETS, run, asked)
        assert check(proof, root=ledger.head().root).words[0] == words
    files.write(tmp_path / "p.proof", prove(book, ledger, SECRETS, run, ("statements", "", "mill")))
    files.write_checker(tmp_path)
    command = (
        sys.executable,
        "-I",
        "check_proof.py",
        "p.proof",
        "--root",
        ledger.head().root.hex(),
    )
    alone = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert f"statements of mill in {RUN}" in alone.stdout
    billed = sum(book.made(run).lines.of("mill").minor.tolist())
    assert f"billed amounts, minor units: {billed} = " in alone.stdout
    for asked in (("statements", "", "eve"), ("readings", "2026-04-01", "mill")):
        with pytest.raises(BadInput):
            prove(book, ledger, SECRETS, run, asked)


def rewrite(path, change):
    frame = pl.read_parquet(path)
    changed = change(frame)
    assert not changed.equals(frame)
    changed.write_parquet(path)


def test_a_tampered_reading_is_named(month):
    path = month[0].folder / "readings.csv"
    text = path.read_text()
    line = next(each for each in text.splitlines() if each.startswith("2026-03-15T10"))
    at, *wh = line.split(",")
    path.write_text(text.replace(line, ",".join([at, wh[0], str(int(wh[1]) + 1), wh[2]])))
    was = f"withdrawal at {at} was {wh[1]} Wh and is {int(wh[1]) + 1} Wh"
    assert audited(month) == f"readings of mill in {RUN}-2026-03-15: {was}"


def test_of_more_readings_than_one_the_member_and_the_day_are_named(month):
    path = month[0].folder / "readings.csv"
    text = path.read_text()
    for hour in ("08", "09"):
        line = next(each for each in text.splitlines() if each.startswith(f"2026-03-15T{hour}"))
        text = text.replace(line, line + "0")  # the school's, ten times as much
    path.write_text(text)
    assert audited(month) == f"readings of school in {RUN}-2026-03-15"


def test_a_store_and_book_made_anew_are_told_by_whom_it_is_about(month, tmp_path):
    other = settled(tmp_path / "other", change=("Z,600,", "Z,9600,"))
    (told,) = (each.told for each in audit(other, month[1], SECRETS) if not each.good)
    day, whom = told.split("; ")
    assert day == f"readings of {RUN}-2026-03-01, and the leaves that were kept of them"
    assert whom == "net positions differ of bakery, power"


def test_a_tampered_rule_is_named(month):
    path = month[0].folder / "runs" / "0001" / "rules.json"
    path.write_text(path.read_text().replace('"ppm": 190000', '"ppm": 190001'))
    assert audited(month) == f"the rules of {RUN}"


def test_a_tampered_price_is_named(month):
    path = month[0].folder / "runs" / "0001" / "series.parquet"
    rewrite(path, lambda frame: frame.with_columns(pl.col("spot") + 1))
    assert audited(month) == f"the series spot of {RUN}"


def test_a_tampered_member_is_named(month):
    path = month[0].folder / "runs" / "0001" / "members.parquet"
    rewrite(
        path, lambda frame: frame.with_columns(pl.col("deposit_minor") + (pl.col("id") == "mill"))
    )
    assert audited(month) == f"terms of mill in {RUN}"


@pytest.mark.parametrize("name", ["lines", "booked"])
def test_a_tampered_line_is_named(month, name):
    path = month[0].folder / "runs" / "0001" / f"{name}.parquet"
    rewrite(path, lambda frame: frame.with_columns(pl.col("minor") + (pl.col("owner") == 2)))
    assert audited(month).startswith(f"{name}.parquet: the line power.")
    assert audited(month).endswith(" of school")


def test_a_book_that_is_written_anew_is_told_from_the_one_committed(month, tmp_path):
    """Every check of the book itself holds: only the ledger knows better."""
    other = settled(tmp_path / "other", RULES.replace("0.08 EUR", "0.09 EUR"))
    assert [each.told for each in audit(other, month[1], SECRETS) if not each.good] == [
        f"terms of {RUN}, and the leaves that were kept of them"
    ]
    shutil.copy(month[0].folder / "runs" / "0001" / KEPT, other.folder / "runs" / "0001" / KEPT)
    assert audited((other, month[1])) == f"the rules of {RUN}"
    empty = Book.create(
        tmp_path / "empty", other.folder / "rules.yaml", str(other.folder / "readings.csv")
    )
    names = [each.name for each in audit(empty, month[1], SECRETS) if not each.good]
    assert names == [f"{RUN} is on the ledger and not in the book"]


def test_other_net_positions_are_named(tmp_path):
    book = settled(tmp_path / "book")
    founded(tmp_path / "ledger.db")
    with LocalLedger(tmp_path / "ledger.db", AUTHORITY, name="lane") as ledger:
        found = anchoring(book, ledger, SECRETS)
        *roots, net = found.entries
        wrong = NetSettled(net.period, net.currency, (("bakery", -7), ("power", 7)))
        found.keep(book)
        acted(ledger, "lane", OPERATOR, [*roots, wrong], LATER)
        assert audited((book, ledger)) == "net positions in EUR"


def test_what_is_final_takes_nothing_more(month):
    book, ledger = month
    assert anchor(book, ledger, close=True) == (PeriodClosed("lane", "2026-03"),)
    path = book.folder / "readings.csv"
    path.write_text(path.read_text().replace("Z,600,", "Z,601,"))
    run_period(book, Asked("2026-03", LATER + 86400, LATER + 86400, "revised"))
    size = ledger.head().size
    with pytest.raises(BadInput, match="run 2: 2026-03 is final"):
        anchoring(book, ledger, SECRETS)
    late = RootAnchored("statements", "lane", "2026-03-run-2", 1, bytes(range(32)))
    with pytest.raises(BadInput, match="2026-03-run-2 of lane is final"):
        acted(ledger, "lane", OPERATOR, [late], LATER)
    assert ledger.head().size == size


def test_missing_secrets_are_asked_for_and_destroyed_ones_leave_others_valid(month, tmp_path):
    book, ledger = month
    rest = {name: secret for name, secret in SECRETS.items() if name != "mill"}
    assert audited(month, rest) == "", "the leaf that was kept stands for the one erased"
    prove(book, ledger, rest, book.runs()[0], ("statements", "", "school"))
    with pytest.raises(BadInput, match="mill has none, or its secret is not there"):
        prove(book, ledger, rest, book.runs()[0], ("statements", "", "mill"))
    founded(tmp_path / "new.db")
    with LocalLedger(tmp_path / "new.db", AUTHORITY, name="lane") as new:
        with pytest.raises(BadInput) as refused:
            anchoring(book, new, {"lane": SECRETS["lane"], "school": SECRETS["school"]})
        assert [each.where for each in refused.value.faults] == ["bakery", "mill"]


def test_kept_leaves_give_the_roots(month):
    book, ledger = month
    roots = held(ledger, "lane").roots
    leaves = kept(book, book.runs()[0])
    assert {key: entry.root for key, (_, entry) in roots.items()} == {
        key: root(list(found.values())) for key, found in leaves.items()
    }
