"""Units of data in words, and amounts with what helps to read them."""

from __future__ import annotations

from gridpact.base.units import INT64_MAX
from gridpact.contracts import amounts
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.references import reference

_HEADS = {
    "1": "plain numbers",
    "Wh": "watt-hours",
    "kWh": "kilowatt-hours",
    "W": "watts",
    "kW": "kilowatts",
    "nano": "billionths of {currency}",
    "micro": "millionths of {currency}",
    "ppm": "parts per million",
    "mK": "thousandths of a kelvin",
    "s": "seconds",
    "g": "grams",
    "mg": "milligrams",
}
_PER = {
    "Wh": "watt-hour",
    "kWh": "kilowatt-hour",
    "W": "watt",
    "kW": "kilowatt",
    "nano": "billionth of {currency}",
    "micro": "millionth of {currency}",
    "ppm": "part per million",
    "mK": "thousandth of a kelvin",
    "s": "second",
    "g": "gram",
    "mg": "milligram",
}
_ZERO_CELSIUS_MK = 273_150
_SURELY_A_TEMPERATURE_MK = 200_000  # no difference of temperatures is as large
_STATES = {
    "active": "1 in slots in which agreement {of} is active",
    "paid": "what agreement {of} pays as '{detail}', in {words}",
    "delivered": "what agreement {of} delivers of {detail}, in {words}",
}


def measured(name: str, unit: str, currency: str) -> str:
    """Say what a series is measured in, and what it is where its name is a reserved one."""
    head, *rest = unit.split("/")
    words = " per ".join([_HEADS[head], *(_PER[part] for part in rest)]).format(currency=currency)
    found = reference(name)
    if found is None:
        return f"in {words}"
    return _STATES[found.what].format(of=found.agreement, detail=found.detail, words=words)


def amount(value: int, unit: str, currency: str) -> str:
    """Write a constant; a temperature in kelvin also in degrees Celsius."""
    text = amounts.written(value, unit, currency)
    if unit != "mK" or not _SURELY_A_TEMPERATURE_MK <= value <= INT64_MAX:
        return text
    celsius = amounts.written(value - _ZERO_CELSIUS_MK, "mK").replace(" mK", " K")
    return f"{text} ({celsius.removesuffix('K')}°C)"


def is_unit(token: str) -> bool:
    """Tell whether a token can be the unit of a number before it."""
    try:
        amounts.parse("0", token)
    except IllFormed:
        return False
    return token != "degC"  # noqa: S105 - a unit that the sheet writes otherwise
