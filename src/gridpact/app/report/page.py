"""The page: sections in the order in which a reader asks, set by one template."""

from __future__ import annotations

from gridpact.app.record import Record
from gridpact.app.report import (
    analytics,
    energy,
    forecast,
    headline,
    limits,
    market,
    member,
    money,
    proofs,
)
from gridpact.app.report import quality as data_quality
from gridpact.app.report.facts import RunFacts
from gridpact.app.report.parts import Section
from gridpact.app.report.predicted import forecasts
from gridpact.app.report.rendering import Page, period, render
from gridpact.app.report.view import View, view

GLOSSARY = (
    ("withdrawal, injection", "the two registers of a meter: energy from and to the grid"),
    ("net, plan", "positive is withdrawal from the grid, negative is injection"),
    ("settlement", "positive is received, negative is paid; every line has both sides"),
    (
        "bill, saving",
        "a bill is positive where the member pays; a saving is positive where it helps",
    ),
    (
        "self-sufficiency",
        "share of use that did not come from outside; use is solar plus net import less net export",
    ),
    ("self-consumption", "share of the solar energy that stayed in the community"),
    ("shared by key", "surplus that the sharing key gave to members who withdrew in the same slot"),
    ("clearing price", "the one price of all trades of a slot and session"),
    ("imbalance", "what differs from the plan, at imbalance price less spot price"),
    ("–", "not known or not applicable; never zero"),
)


def build_report(record: Record, facts: RunFacts) -> str:
    """Write the report of a run as one self-contained HTML page.

    The same record and facts give the same bytes. Everything that varies between runs of one
    scenario is in ``<section id="timings">``. Raises StoreError where the journal is empty.
    """
    seen = view(record)
    return render(
        Page(
            kind="gridpact run report",
            title=seen.community.name,
            period=period(seen.axis.days),
            place=f"{seen.community.timezone}, slots of {seen.axis.slots.step // 60} min",
            warnings=facts.warnings,
            tiles=headline.tiles(seen),
            sections=tuple(_sections(seen, facts)),
            glossary=GLOSSARY,
        )
    )


def _sections(seen: View, facts: RunFacts) -> list[Section]:
    found = forecasts(seen.record, seen.axis)
    return [
        energy.section(seen),
        market.section(seen),
        analytics.section(seen),
        member.section(seen, found),
        forecast.section(seen, found),
        limits.section(seen),
        money.section(seen),
        data_quality.section(seen),
        proofs.section(seen, facts),
        proofs.reproduce(facts),
        proofs.timings(facts),
    ]
