"""Term sheets: contracts in plain English, written from the terms alone and read back to them."""

from gridpact.contracts.sheet.clauses import Clause
from gridpact.contracts.sheet.layout import Sheet, parts, term_sheet
from gridpact.contracts.sheet.reading import from_term_sheet

__all__ = ["Clause", "Sheet", "from_term_sheet", "parts", "term_sheet"]
