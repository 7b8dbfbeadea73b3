"""Check an answer of the fleet engine with code that shares nothing with it."""

from gridpact.scheduling.audit.audit import audit
from gridpact.scheduling.audit.report import Breach, Report

__all__ = ["Breach", "Report", "audit"]
