"""Any fleet as one linear or mixed-integer programme for HiGHS, behind the engine's own seam."""
