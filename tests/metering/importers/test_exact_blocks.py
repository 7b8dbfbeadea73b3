"""Long columns are rounded in blocks, each value as if it were alone."""

from fractions import Fraction

import numpy as np

from gridpact.base.randomness import stream
from gridpact.metering.importers.exact import whole


def test_a_long_column_is_rounded_as_its_values_are():
    values = stream(3, "column").integers(0, 10**7, 150_001) / 10_000  # ties among them
    found = whole(values, Fraction(1000))
    places = np.r_[0:400, 65_400:65_700, 131_000:131_200, 149_900:150_001]
    expected = [round(Fraction(str(value)) * 1000) for value in values[places].tolist()]
    assert found[places].tolist() == expected
    assert len(found) == len(values)
