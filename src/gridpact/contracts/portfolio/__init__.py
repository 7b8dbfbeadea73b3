"""Many contracts at once: those of one shape are evaluated together, in one pass per shape."""

from __future__ import annotations

from gridpact.contracts.portfolio.errors import ContractFault, PortfolioFaults
from gridpact.contracts.portfolio.portfolio import Batch, Portfolio
from gridpact.contracts.portfolio.totals import Totals
from gridpact.contracts.portfolio.worlds import MatrixWorld

__all__ = ["Batch", "ContractFault", "MatrixWorld", "Portfolio", "PortfolioFaults", "Totals"]
