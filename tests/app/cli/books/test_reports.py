"""Reports of a book: page and tables say the same, and both say what plain arithmetic does."""

import csv
import json
import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from lxml import html

EXAMPLES = Path(__file__).parents[4] / "examples"
DAY = ("--period", "2026-03-29")
KINDS = ("month", "supplier", "network", "tax")


@pytest.fixture
def settled(lane):
    """The example's day settled; ``report`` writes a report and returns its sheets."""
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    assert lane.run("books", "init", "lane", "--rules", "rules/rules.yaml").code == 0
    done = lane.run("settle", "lane", *DAY, "--as-of", "2026-04-03T12:00", "--json")
    lane.told = json.loads(done.out)

    def report(kind, *more, out="out"):
        done = lane.run("report", kind, "lane", *DAY, "--out", out, *more, "--json")
        assert (done.code, done.err) == (0, "")
        return Written([lane.folder / name for name in json.loads(done.out)["files"]])

    lane.report = report
    return lane


class Written:
    """Files of a report: tables of the page and of the CSV files by name, and the page's text."""

    def __init__(self, files):
        self.files = files
        page, *tables = files
        assert page.suffix == ".html"
        self.page = page.read_text("utf-8")
        self.html = {
            table.get("id"): [
                [_plain(cell.text_content()) for cell in row.findall("td")]
                for row in table.findall("tbody/tr")
            ]
            for table in html.fromstring(self.page).iter("table")
        }
        self.csv = {}
        for path in tables:
            with path.open(encoding="utf-8", newline="") as stream:
                self.csv[path.stem.removeprefix(f"{page.stem}-")] = [*csv.DictReader(stream)]

    def rows(self, name):
        """Rows of a table by what is in its first column."""
        return {next(iter(row.values())): row for row in self.csv[name]}


def _plain(text):
    text = text.replace("\u202f", "").replace("−", "-")
    return "" if text == "–" else text


@pytest.mark.parametrize("kind", KINDS)
def test_page_and_tables_say_the_same(settled, kind):
    found = settled.report(kind)
    assert len(found.csv) >= 4
    for name, rows in found.csv.items():
        if name != "slots" and rows:
            assert found.html[name] == [[*row.values()] for row in rows], name
    assert {*found.html} <= {*found.csv}


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_needs_no_other_file_and_is_the_same_each_time(settled, kind):
    found = settled.report(kind)
    assert not re.search(r"(?:src|href)=\"(?!#)|url\((?!#)|@import|https?://", found.page)
    assert settled.report(kind, out="again").page == found.page


def readings():
    """The example's slots: what bakery and school withdrew, and what the school injected [Wh]."""
    path = EXAMPLES / "readings" / "march-29-corrected.csv"
    with path.open(encoding="utf-8") as stream:
        rows = [*csv.reader(stream, delimiter=";")][1:]
    return [[int(Decimal(cell.replace(",", ".")) * 1000) for cell in row[1:]] for row in rows]


def kwh(wh):
    return f"{Decimal(wh) / 1000:.3f}"


def rounded(exact):
    """Whole cents of an exact amount [µEUR] of nano, half away from zero."""
    value = Decimal(exact.numerator) / Decimal(exact.denominator)
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def alone(withdrawn, injected):
    """What a member would owe with the supplier alone [cents], slot by slot, by the tariffs."""
    need = sum(max(w - j, 0) for w, j in zip(withdrawn, injected, strict=True))
    over = sum(max(j - w, 0) for w, j in zip(withdrawn, injected, strict=True))
    local = sum(withdrawn) - need

    def cents(wh, price):
        return rounded(Fraction(wh, 10) * Fraction(price))

    supply, feed_in, network = cents(need, "0.28"), cents(over, "0.08"), cents(need, "0.08")
    inside, levy = cents(local, "0.032"), cents(sum(withdrawn), "0.0205")
    tax = rounded(supply * Fraction(19, 100)) + rounded((network + inside) * Fraction(19, 100))
    return supply - feed_in + network + inside + levy + tax


def test_a_month_is_what_its_readings_come_to(settled):
    bakery, school, roof = zip(*readings(), strict=True)
    found = settled.report("month")
    used = [one + other for one, other in zip(bakery, school, strict=True)]
    stayed = sum(min(one, made) for one, made in zip(used, roof, strict=True))
    balance = found.rows("energy")
    assert balance["consumption, withdrawn"]["energy_kwh"] == kwh(sum(used))
    assert balance["production, injected"]["energy_kwh"] == kwh(sum(roof))
    assert balance["stayed within: self-sufficiency"] == {
        "what": "stayed within: self-sufficiency",
        "of": "consumption",
        "energy_kwh": kwh(stayed),
        "share_percent": f"{Decimal(100 * stayed) / Decimal(sum(used)):.4f}",
    }
    (day,) = found.csv["days"]
    assert (day["day"], day["stayed_kwh"]) == ("2026-03-29", kwh(stayed))
    paid = settled.told["received_minor"]["EUR"]
    members, saved = found.rows("members"), {}
    for name, withdrawn, injected in (("bakery", bakery, [0] * 92), ("school", school, roof)):
        row, only = members[name], alone(withdrawn, injected)
        saved[name] = only + paid[name]
        assert row["owes_eur"] == f"{Decimal(-paid[name]) / 100:.2f}"
        assert row["supplier_alone_eur"] == f"{Decimal(only) / 100:.2f}"
        assert row["saving_eur"] == f"{Decimal(saved[name]) / 100:.2f}"
        assert row["withdrawn_kwh"] == kwh(sum(withdrawn))
    one, other = saved.values()
    evenly = found.rows("fairness")
    index = Decimal((one + other) ** 2) / Decimal(2 * (one * one + other * other))
    assert evenly["Jain’s index"]["savings"] == f"{index:.6f}"
    assert evenly["least to most"]["savings"] == f"{Decimal(min(one, other)) / max(one, other):.6f}"
    parties = {row["party"]: row["received_eur"] for row in found.csv["parties"]}
    assert parties["power-co"] == f"{Decimal(paid['power-co']) / 100:.2f}"
    assert sum(Decimal(amount) for amount in parties.values()) == 0


def test_a_report_for_one_names_nobody_else(settled):
    found = settled.report("month", "--for", "school")
    for path in found.files:
        text = path.read_text("utf-8").replace("bakery-lane", "")
        assert "bakery" not in text, path.name
    assert [row["member"] for row in found.csv["members"]] == ["school"]
    mine = {row["line"]: row["amount_eur"] for row in found.csv["own-lines"]}
    assert mine["supply.feed-in"] == "2.13"
    assert "so few members" in found.page
    assert "so few members" not in settled.report("month").page


@pytest.mark.parametrize("kind", ["supplier", "network"])
def test_what_is_held_against_each_other_agrees(settled, kind):
    found = settled.report(kind)
    assert ">Differences</dt><dd><b>0</b>" in found.page
    cells = [
        cell
        for rows in found.csv.values()
        for row in rows
        for name, cell in row.items()
        if name.startswith("difference")
    ]
    assert len(cells) > 90
    assert {*cells} == {"0.000"}
    slots = found.csv["slots"]
    for (bakery, school, roof), row in zip(readings(), slots, strict=True):
        assert (row["withdrawn_kwh"], row["injected_kwh"]) == (kwh(bakery + school), kwh(roof))
        need = bakery + max(school - roof, 0)
        shared = min(need, max(roof - school, 0))
        assert (row["shared_kwh"], row["residual_in_kwh"]) == (kwh(shared), kwh(need - shared))


def test_a_bill_of_other_energy_than_the_residual_is_told(lane):
    """A contract that bills all that the meter counted, though part of it came from the roof."""
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    (lane.folder / "rules" / "all.yaml").write_text(
        "gridpact: contract/1\ntitle: All of it\ncurrency: EUR\nparties: [member, power-co]\n"
        "series:\n  metered:withdrawal: Wh\ndefine:\n  price: 0.28 EUR/kWh\nterms:\n"
        "  - sale: {quantity: metered:withdrawal, price: price, seller: power-co, buyer: member,"
        " kind: supply}\n"
    )
    path = lane.folder / "rules" / "rules.yaml"
    text = path.read_text("utf-8")
    begin, end = text.index("    product: supplier-tariff"), text.index("  - name: sharing")
    path.write_text(text[:begin] + "    file: all.yaml\n" + text[end:])
    assert lane.run("books", "init", "lane", "--rules", "rules/rules.yaml").code == 0
    assert lane.run("settle", "lane", *DAY, "--as-of", "2026-04-03T12:00", "-q").code == 0
    assert lane.run("report", "supplier", "lane", *DAY, "--out", "out", "-q").code == 0
    found = Written(
        sorted((lane.folder / "out").iterdir(), key=lambda path: path.suffix != ".html")
    )
    billed = found.rows("billed")["bakery"]
    assert (billed["residual_in_kwh"], billed["billed_in_kwh"]) == ("60.712", "0.000")
    assert billed["difference_in_kwh"] == "60.712"
    assert ">Differences</dt><dd><b>3</b>" in found.page


def by_pairs(documents):
    """Bases and taxes by seller and buyer, of documents as JSON, credit notes taken off."""
    found = {}
    for document in documents:
        sign = -1 if document["code"] in (381, 261) else 1
        for total in document["taxes"] if document["tax"] else ():
            sums = found.setdefault((document["seller"], document["buyer"]), [0, 0])
            sums[0] += sign * total["base_minor"]
            sums[1] += sign * total["minor"]
    return found


def test_taxes_agree_with_documents_also_after_a_correction(settled):
    found = settled.report("tax")
    assert "was not invoiced" in found.page
    assert {row["documents"] for row in found.csv["rates"]} == {"0"}
    assert settled.run("bill", "lane", *DAY, "-q").code == 0
    store = ("--map", EXAMPLES / "readings" / "map.yaml", "--into", "rules/readings")
    late = ("rules/march-29-late.csv", *store, "--known-at", "2026-04-20T08:00", "--commit")
    assert settled.run("import", "readings", *late, "-q").code == 0
    assert settled.run("correct", "lane", *DAY, "--as-of", "2026-04-21T12:00", "-q").code == 0
    stale = settled.report("tax")
    assert "was not invoiced" in stale.page
    assert any(Decimal(row["difference_tax_eur"]) for row in stale.csv["rates"])
    documents = json.loads(settled.run("bill", "lane", *DAY, "--json").out)["documents"]
    fresh = settled.report("tax")
    assert "was not invoiced" not in fresh.page
    assert all(row["credit_notes"] != "0" for row in fresh.csv["rates"])
    told = {
        (row["payee"], row["payer"]): [
            int(Decimal(row[name]) * 100) for name in ("base_eur", "tax_eur")
        ]
        for row in fresh.csv["pairs"]
    }
    assert told == by_pairs(documents)
    assert {row["difference_tax_eur"] for row in fresh.csv["rates"]} == {"0.00"}
    (levy,) = fresh.csv["levies"]
    assert (levy["line"], levy["energy_kwh"], levy["amount_eur"]) == ("grid.levy", "95.334", "1.96")


def test_a_month_tells_co2_by_published_figures_and_else_not_at_all(settled):
    plain = settled.report("month")
    assert "CO₂" not in plain.page
    assert "co2" not in plain.csv
    mix = ("--mix", str(EXAMPLES / "certificates" / "residual-mix.yaml"))  # 512.3 g/kWh
    found = settled.report("month", *mix, "--for", "bakery", out="with")
    bought = Fraction(plain.rows("energy")["from suppliers"]["energy_kwh"])
    own = next(each for each in plain.csv["members"] if each["member"] == "bakery")
    drawn = Fraction(own["withdrawn_kwh"]) - Fraction(own["received_kwh"])
    both, alone = found.csv["co2"]
    for row, energy in ((both, bought), (alone, drawn)):
        assert Fraction(row["energy_kwh"]) == energy
        assert row["co2_per_energy_g_per_kwh"] == "512.300"
        assert abs(Fraction(row["co2_kg"]) - energy * Fraction("0.5123")) <= Fraction(1, 2000)
    assert found.html["co2"] == [[*both.values()], [*alone.values()]]
    assert "Figures of CO2, made up for the example, of 2026-05-31" in found.page


def test_a_mix_without_figures_of_co2_is_refused(settled):
    text = (EXAMPLES / "certificates" / "residual-mix.yaml").read_text("utf-8")
    (settled.folder / "mix.yaml").write_text(text[: text.index("co2:")], "utf-8")
    done = settled.run("report", "month", "lane", *DAY, "--mix", "mix.yaml", "--out", "out")
    assert (done.code, done.out) == (2, "")
    assert "it has no figures of CO₂" in done.err
    assert not (settled.folder / "out").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("month", "lane", "--period", "2026-03-28"), "2026-03-28 was not settled"),
        (("tax", "lane", "--period", "2199-01"), "2199-01 is open until"),
        (("month", "lane", "--period", "someday"), "'someday' is not a period"),
        (("month", "lane", *DAY, "--for", "nobody"), "there is no member 'nobody'"),
        (("supplier", "lane", *DAY, "--party", "grid-co"), "'grid-co' is no supplier"),
        (("month", "nowhere", *DAY), "there is no book"),
    ],
)
def test_what_cannot_be_reported_is_one_clear_error(settled, words, told):
    done = settled.run("report", *words, "--out", "out")
    assert (done.code, done.out) == (2, "")
    assert "1 fault; nothing was changed" in done.err
    assert told in done.err
    assert not (settled.folder / "out").exists()


def test_a_run_that_is_not_as_booked_is_not_reported(settled):
    path = settled.folder / "lane" / "runs" / "0001"
    (path / "booked.parquet").write_bytes((path / "energy.parquet").read_bytes())
    done = settled.run("report", "tax", "lane", *DAY, "--out", "out")
    assert done.code == 3
    assert not (settled.folder / "out").exists()
