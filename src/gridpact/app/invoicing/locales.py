"""How languages write numbers and dates, after the CLDR, and what bills say in them."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import msgspec


class Locale(msgspec.Struct, frozen=True):
    """How numbers and dates are written: signs of decimals and thousands, the form of a day."""

    language: str
    decimal: str
    thousand: str
    day: str

    def digits(self, text: str) -> str:
        """Write a number that is written as ``1,234.50`` as people of this language do."""
        if self.decimal == ".":
            return text.replace(",", self.thousand)
        return text.translate({44: self.thousand, 46: self.decimal})


LOCALES = {
    "en": Locale("en", ".", ",", "%Y-%m-%d"),
    "de": Locale("de", ",", ".", "%d.%m.%Y"),
    "fr": Locale("fr", ",", "\u202f", "%d/%m/%Y"),
    "nl": Locale("nl", ",", ".", "%d-%m-%Y"),
    "es": Locale("es", ",", ".", "%d/%m/%Y"),
}
"""By language; French separates thousands by a narrow no-break space."""
ENGLISH = LOCALES["en"]


@lru_cache(maxsize=1)
def _words() -> dict[str, dict[str, str]]:
    import yaml

    text = files("gridpact.app.invoicing").joinpath("templates/words.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), dict[str, dict[str, str]])


@lru_cache(maxsize=len(LOCALES))
def texts(language: str) -> dict[str, str]:
    """Return what bills say in a language, by name."""
    return {name: told[language] for name, told in _words().items()}
