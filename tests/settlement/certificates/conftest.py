"""A register's devices, terms and months, in one place."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from gridpact.settlement.certificates.issuing import Metered, Terms, issue
from gridpact.settlement.certificates.operations import Device, Span
from gridpact.settlement.certificates.regimes import EU, UK
from gridpact.settlement.certificates.register import Register

MWH = 1_000_000


def instant(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def device(name="roof", **changed):
    told = {
        "id": name,
        "owner": "school",
        "point": name,
        "source": "solar",
        "technology": "photovoltaic",
        "site": "Bakery Lane 2",
        "country": "DE",
        "capacity_w": 30_000,
        "support": "none",
        "commissioned": "2021-05-01",
    }
    return Device(**{**told, **changed})


def terms(regime=EU, size=MWH, timezone="UTC"):
    return Terms(
        regime=regime, timezone=timezone, country="DE", issuer="lane-registry", size_wh=size
    )


def months(*energies, first=1):
    """Claims of whole months of 2026 and after in UTC, from a month on."""
    count = range(first - 1, first + len(energies))
    edges = [instant(f"{2026 + m // 12}-{m % 12 + 1:02}-01") for m in count]
    return Metered(edges[:-1], edges[1:], energies, edges[-1], "")


@pytest.fixture
def lane():
    """A new register with helpers; ``done`` applies what is planned and returns it."""
    register = Register()

    def issued(metered, at, name="", **others):
        found = issue(
            register,
            name or f"issue-{len(register.operations)}",
            instant(at),
            others.pop("device", device()),
            terms(**others),
            metered,
        )
        return done(found)

    def done(found):
        register.apply(found)
        return found

    def held(owner, at):
        return sum(
            each.energy_wh
            for each in register.holdings(instant(at))
            if each.piece.owner == owner and each.status == "held"
        )

    return SimpleNamespace(
        register=register, issued=issued, done=done, held=held, device=device, terms=terms,
        months=months, instant=instant, EU=EU, UK=UK, Span=Span, MWH=MWH,
    )  # fmt: skip
