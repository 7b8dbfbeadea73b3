"""SimBench's low-voltage grids as scenarios: grid, homes and a year of profiles, converted once.

SimBench: S. Meinecke et al., "SimBench – A Benchmark Dataset of Electric Power Systems to Compare
Innovative Solutions Based on Power Flow Analysis", Energies 13(12):3290, 2020. Its data are under
the Open Database License 1.0.
"""

from gridpact.connectors.simbench.conversion import SUMMER_DAY, Converted, convert

__all__ = ["SUMMER_DAY", "Converted", "convert"]
