"""The sharing key of a community's rules, for the slots of a day."""

from __future__ import annotations

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Ints
from gridpact.contracts.parsing import from_bytes
from gridpact.registry.model import SharingCoefficients, SharingRules
from gridpact.settlement.sharing.contracts import claims, produced
from gridpact.settlement.sharing.keys import (
    DefaultDynamic,
    FullDynamic,
    Key,
    Owned,
    Static,
)


def key_of(
    rules: SharingRules, share_ppm: Ints, slots: Slots, surplus_wh: Ints, need_wh: Ints
) -> Key:
    """Return the key in force.

    Parameters
    ----------
    rules : SharingRules
        Of the community.
    share_ppm : int64 [members]
        Declared shares.
    slots : Slots
        The day.
    surplus_wh, need_wh : int64 [members, slots]
        What a key's contract is read on.

    Raises
    ------
    ValueError
        The key is unknown, or has no coefficients for all of the slots.
    """
    if rules.key == "default-dynamic":
        return DefaultDynamic()
    if rules.key == "contract":
        contract = from_bytes(rules.contract)
        return claims(contract, slots, need_wh, produced(surplus_wh), share_ppm)
    if rules.coefficients is None:
        if rules.key == "static":
            return Static(share_ppm)
        if rules.key == "spanish-fixed":
            return Owned(share_ppm)
        raise ValueError(f"the sharing key {rules.key!r} is unknown or has no coefficients")
    return _of_coefficients(rules.key, rules.coefficients, slots)


def _of_coefficients(key: str, found: SharingCoefficients, slots: Slots) -> Key:
    given = Slots(found.start, found.step, found.ppm.shape[-1])
    _, here = overlap(slots, given)
    if here.stop - here.start != slots.count:
        raise ValueError(f"the sharing key {key!r} has no coefficients for all of {slots}")
    ppm = found.ppm[:, :, here]
    if key == "full-dynamic":
        return FullDynamic(found.producers, ppm)
    return Owned(ppm[0]) if key.startswith("spanish") else Static(ppm[0])
