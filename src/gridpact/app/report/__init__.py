"""The report that a run leaves: one self-contained page for treasurer and engineer."""

from gridpact.app.report.facts import RunFacts
from gridpact.app.report.page import build_report

__all__ = ["RunFacts", "build_report"]
