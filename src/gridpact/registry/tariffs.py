"""Prices a member faces outside the community, slot by slot, in µ¤/kWh."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import muldiv
from gridpact.base.units import MICRO_PER_UNIT, Ints
from gridpact.registry.model import Tariffs


class Outside(msgspec.Struct, frozen=True):
    """Prices [slots]: the supplier's, and what a kWh costs or earns with fees and levies.

    ``avoided`` is what a member saves by taking a kWh from a neighbour instead of the supplier,
    before paying the neighbour.
    """

    supplier_import: Ints
    supplier_export: Ints
    all_in_import: Ints
    avoided: Ints


def outside_prices(tariffs: Tariffs, spot_micro_per_kwh: Ints) -> Outside:
    """Work out the prices from main-market prices [slots]; ratios round half to even, once."""

    def indexed(share_ppm: int, markup: int) -> Ints:
        share = np.int64(share_ppm)
        return muldiv(spot_micro_per_kwh, np.asarray(share), np.asarray(MICRO_PER_UNIT)) + markup

    bought = indexed(tariffs.import_spot_ppm, tariffs.import_markup_micro_per_kwh)
    sold = indexed(tariffs.export_spot_ppm, tariffs.export_markup_micro_per_kwh)
    fees = tariffs.network_micro_per_kwh + tariffs.levy_micro_per_kwh
    saved = tariffs.network_micro_per_kwh - tariffs.network_local_micro_per_kwh
    return Outside(bought, sold, bought + fees, bought + saved)
