"""The report: figures equal those worked out again from the messages, and the page stands alone."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from time import process_time

import msgspec
import numpy as np
import pytest

from gridpact.app.record import Record
from gridpact.app.report import build_report
from gridpact.app.report.limits import unmet
from gridpact.app.report.quality import readings
from gridpact.app.report.view import view
from gridpact.base.errors import StoreError
from gridpact.kernel.journal import Journal
from gridpact.market.messages import SessionCleared
from gridpact.metering.messages import BoundaryRead, DayMetered
from gridpact.registry import model
from gridpact.scheduling.messages import TelemetryReceived
from gridpact.settlement.billing import bills, received
from gridpact.settlement.messages import DaySettled

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Reads a page: its tables, ids and links, and whether every element is closed."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.attributes = [], [], [], []
        self.tables, self.cell, self.svgs = {}, None, 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.attributes += list(values.items())
        self.svgs += tag == "svg"
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a":
            self.links.append(values["href"])
        if tag == "table":
            self.rows = self.tables.setdefault(values["id"], [])
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.cell = ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag in ("td", "th"):
            self.rows[-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data


def plain(text):
    return text.replace("\u202f", "").replace("−", "-").replace("%", "")


def value(text):
    return Decimal(0) if text == "–" else Decimal(plain(text))


@pytest.fixture(scope="module")
def html(run, facts):
    return build_report(run.record(), facts)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def tile(html, label):
    found = re.search(rf"<dt>{label}</dt><dd><b>(.*?)</b>(.*?)</dd>", html)
    return plain(found[1]), plain(found[2])


def test_every_element_is_closed_and_every_id_is_unique(page):
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert page.svgs == 7


def test_links_and_references_lead_somewhere_within_the_page(html, page):
    assert {link for link in page.links if not link.startswith("#")} == set()
    used = {link[1:] for link in page.links} | set(
        re.findall(r'(?:url\(|xlink:href=")#([^)"]+)', html)
    )
    assert used <= set(page.ids)


def test_nothing_is_loaded_from_elsewhere(html, page):
    names = {name for name, _ in page.attributes}
    assert names.isdisjoint({"src", "srcset", "onload", "onclick"})
    assert "http://" not in html
    assert "https://" not in html
    assert "@import" not in html
    assert "<script" not in html


def test_same_record_and_facts_give_the_same_bytes(run, facts, html):
    assert build_report(run.record(), facts) == html


def test_only_the_timings_section_depends_on_the_timings(run, facts, html):
    other = build_report(run.record(), replace(facts, timings=(("scheduling", 9.75, 4),)))
    block = re.compile(r'<section id="timings">.*?</section>', re.DOTALL)
    assert other != html
    assert block.sub("", other) == block.sub("", html)
    assert len(block.findall(html)) == 1


def test_headline_energy_is_worked_out_from_readings_and_telemetry(run, html):
    solar, imported, exported = 0, 0, 0
    told = {message.slot: message for message in run.all(TelemetryReceived)}
    for day in run.all(DayMetered):
        for place, slot in enumerate(day.slots.starts().tolist()):
            if slot not in told:
                continue
            solar += int(told[slot].pv_wh.sum())
            net = int((day.withdrawal_wh - day.injection_wh)[:, place].sum())
            imported, exported = imported + max(net, 0), exported + max(-net, 0)
    use = solar + imported - exported
    assert tile(html, "Self-sufficiency")[0] == f"{100 * (use - imported) / use:.1f}"
    assert tile(html, "Self-consumption")[0] == f"{100 * (solar - exported) / solar:.1f}"


def test_energy_among_neighbours_is_what_the_supplier_did_not_bring(run, html):
    local = sum(
        int((metered.withdrawal_wh - np.minimum(done.supplier_in_wh, metered.withdrawal_wh)).sum())
        for metered, done in zip(run.all(DayMetered), run.all(DaySettled), strict=True)
    )
    assert tile(html, "Used among neighbours")[0] == f"{local / 1000:.1f}"


def test_trades_and_their_average_price(run, page, html):
    traded = sum(int(item.bought_wh.sum()) for item in run.all(SessionCleared))
    assert tile(html, "Local trades")[0] == f"{traded / 1000:.1f}"
    assert tile(html, "Average local price")[0] == "0.1500"
    heads, *_, foot = page.tables["sessions"]
    assert value(foot[heads.index("traded")]) == Decimal(f"{traded / 1000:.1f}")
    assert foot[heads.index("range")] == "0.1500"


def test_energy_by_day_adds_up(run, page):
    rows = page.tables["energy-days"]
    assert [row[0] for row in rows[1:]] == ["Sat 28 March 2026", "Sun 29 March 2026", "all"]
    for row, day in zip(rows[1:-1], run.all(DayMetered), strict=True):
        assert value(row[1]) == Decimal(f"{int(day.withdrawal_wh.sum()) / 1000:.1f}")


def test_settlement_table_sums_to_zero_and_agrees_with_net_positions(run, page, positions):
    rows = page.tables["settlement"][2:]
    net = {}
    for day in run.all(DaySettled):
        for party, amount in positions(run.community, day).items():
            net[party] = net.get(party, 0) + amount
    members = sum(net.pop(member) for member in run.community.members.ids)
    table = {row[0].split(" (")[0]: [value(cell) for cell in row[1:]] for row in rows}
    total = table.pop("total")
    assert set(total) == {Decimal(0)}
    for amounts in table.values():
        assert sum(amounts[:-1]) == amounts[-1]
    assert table.pop("4 members")[-1] * 100 == members
    assert {party: amounts[-1] * 100 for party, amounts in table.items()} == net


def test_exact_books_balance_party_by_party(run):
    found = bills(run.community, run.all(DaySettled))
    for exact in (True, False):
        table = received(found, exact=exact)
        for name in {name for lines in table.values() for name in lines}:
            assert sum(lines.get(name, 0) for lines in table.values()) == 0


def test_members_bills_and_savings(run, page, html):
    rows = page.tables["bills"]
    days = run.all(DaySettled)
    saved = 0
    for at, row in enumerate(rows[1:-1]):
        paid = 0
        for day in days:
            for kind, amounts in zip(day.kinds, day.minor.tolist(), strict=True):
                paid += amounts[at] if kind.payer == "member" else -amounts[at]
        alone = sum(round(int(day.supplier_only_nano[at]) / 10_000_000) for day in days)
        saved += alone - paid
        assert row[0] == run.community.members.ids[at]
        assert [value(cell) * 100 for cell in row[-3:]] == [paid, alone, alone - paid]
        assert sum(value(cell) for cell in row[4:-3]) == value(row[-3])
    assert Decimal(tile(html, "Saved against supplier only")[0]) * 100 == saved
    assert value(rows[-1][-1]) * 100 == saved


def test_the_ledger_check_notices_other_positions(run, make_run, facts, html):
    assert "committed to the ledger are these" in html
    changed = make_run(days=1)
    at, (time, done) = next(
        (at, item) for at, item in enumerate(changed.messages) if isinstance(item[1], DaySettled)
    )
    minor = done.minor.copy()
    minor[4, 0] += 1
    changed.messages[at] = (time, msgspec.structs.replace(done, minor=minor))
    assert "DIFFER from these statements" in build_report(changed.record(), facts)


def test_readings_are_counted_by_what_became_of_them(run, page):
    found = readings(view(run.record()))
    estimated = sum(int(day.estimated.sum()) for day in run.all(DayMetered))
    expected = sum(day.estimated.size for day in run.all(DayMetered))
    late = sum(
        1
        for day in run.all(DayMetered)
        for place, slot in enumerate(day.slots.starts().tolist())
        if slot // 900 % 10 == 3 and not day.estimated[-1, place]
    )
    assert (found.expected, found.late, found.estimated) == (expected, late, estimated)
    counts = {row[0]: value(row[1]) for row in page.tables["readings"][1:]}
    assert counts["on time"] == expected - late - estimated
    assert counts["refused: duplicate"] == found.refused["duplicate"] > 0


def test_devices_that_refused_are_listed(run, page):
    refused = sum(int(message.refused[2]) for message in run.all(TelemetryReceived))
    assert page.tables["devices"][1][:3] == ["battery-03", "battery", str(refused)]


def test_zone_peaks_and_alarms(run, html, page):
    flow = np.stack([m.import_wh - m.export_wh for m in run.all(BoundaryRead)], axis=1)
    rows = {row[0]: row for row in page.tables["zone-limits"][2:]}
    assert value(rows["feeder-1"][3]) == Decimal(f"{flow[1].max() * 4 / 1000:.1f}")
    assert value(rows["feeder-1"][5]) == Decimal(f"{max(-flow[1].min(), 0) * 4 / 1000:.1f}")
    assert rows["feeder-1"][-2:] == ["2", "exceeded"]
    assert rows["street"][-1] == "kept"
    assert "feeder-1 imported 1.10 kWh in the slot, 0.10 kWh over its limit of 1.00 kWh" in html


def test_conflicts_within_the_window_are_named(run, page):
    rows = page.tables["conflicts"][1:]
    assert [row[:3] for row in rows] == [
        ["stored energy asked for", "car-01", "28 Mar 01:15"],
        ["stored energy asked for", "car-01", "29 Mar 01:15"],
    ]
    assert [row[3:] for row in rows] == [["1.23", "1"]] * 2
    assert len(unmet(view(run.record()))) == 2


def test_a_slot_without_schedule_has_no_plan(make_run, facts):
    run = make_run(days=1, unplanned=4)
    seen = view(run.record())
    assert np.isnan(seen.plan.net[:, -4:]).all()
    assert not np.isnan(seen.plan.net[:, :-4]).any()
    assert build_report(run.record(), facts)


@pytest.mark.parametrize("settle", [True, False])
def test_a_single_day_and_an_unsettled_one_can_be_reported(make_run, facts, settle):
    made = make_run(days=1, settle=settle)
    html = build_report(made.record(), facts)
    assert Page(html).open == []
    assert ("No day has been settled yet" in html) is not settle


def test_a_run_that_only_opened_can_be_reported(make_run, facts):
    made = make_run(days=1)
    del made.messages[1:]
    html = build_report(made.record(), facts)
    assert Page(html).open == []
    assert "NaN" not in html
    assert ">nan" not in html


def test_an_empty_journal_is_refused(facts):
    with pytest.raises(StoreError, match="the journal is empty"):
        build_report(Record(Journal(":memory:")), facts)


def test_a_community_without_equipment_can_be_reported(make_run, facts):
    made = make_run(days=1)
    none, wide = np.zeros(0, np.int64), np.zeros(0)
    bare = msgspec.structs.replace(
        made.community,
        pv=model.Pv((), none, none),
        storage=model.Storage((), (), none, none, none, none, wide, wide, wide),
        runs=model.Runs((), none, none, none, none, none),
    )
    time, opened = made.messages[0]
    made.messages = [
        (time, msgspec.structs.replace(opened, community=bare)),
        *(
            item
            for item in made.messages
            if isinstance(item[1], DayMetered | DaySettled | BoundaryRead)
        ),
    ]
    assert Page(build_report(made.record(), facts)).open == []


def test_text_from_outside_is_escaped(run, facts):
    html = build_report(run.record(), replace(facts, scenario="<script>alert(1)</script>"))
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_thousand_members_are_summed_not_listed(make_run, facts):
    record = make_run(days=1, members=1000).record()
    started = process_time()
    html = build_report(record, facts)
    spent = process_time() - started
    page = Page(html)
    assert len(page.tables["bills"]) == 62
    assert "all are in bills.csv" in html
    assert len(html) < 1_500_000
    assert spent < 30
