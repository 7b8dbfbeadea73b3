"""Which market's rules a session trades under."""

import msgspec
import pytest

from gridpact.registry.model import MarketRules, TradingRules


@pytest.mark.parametrize(
    ("kind", "mechanism"), [("day-ahead", "pay-as-bid"), ("intraday", "continuous")]
)
def test_each_kind_of_session_has_its_own_rules(kind, mechanism):
    plain = MarketRules(43200, (), 3600, -500_000, 4_000_000)
    assert plain.trading(kind) == TradingRules()
    rules = msgspec.structs.replace(
        plain, day_ahead=TradingRules("pay-as-bid"), intraday=TradingRules("continuous")
    )
    assert rules.trading(kind).mechanism == mechanism
