"""gridpact: one auditable loop for energy communities.

forecast → contract → clear → schedule → dispatch → meter → settle → bill → commit to a ledger
"""

__version__ = "0.1.0"
