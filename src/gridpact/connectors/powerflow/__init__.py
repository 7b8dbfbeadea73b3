"""AC power flow by power-grid-model, for the verification of markets on grids.

power-grid-model: Y. Xiang et al., "Power Grid Model: A High-Performance Distribution Grid
Calculation Library", CIRED 2023; Mozilla Public License 2.0; an optional extra.
"""

from gridpact.connectors.powerflow.solver import PowerGridModelFlow, installed

__all__ = ["PowerGridModelFlow", "installed"]
