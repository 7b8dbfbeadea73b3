"""The page on grids: its clearing runs and prints what it shows."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "grid.md"
FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_cleared_market_is_what_the_page_shows(capsys):
    (_, code), (kind, shown) = FENCE.findall(PAGE.read_text("utf-8"))[:2]
    exec(code, {})  # noqa: S102 - the page's own code
    assert (kind, shown) == ("text", capsys.readouterr().out)
