"""The page on grids: its verification and redispatch run and print what it shows."""

import re
from pathlib import Path

import pytest

from gridpact.connectors.powerflow import installed

if not installed():
    pytest.skip(
        "needs the extra: pip install 'gridpact[grid]', see docs/grid.md", allow_module_level=True
    )

PAGE = Path(__file__).parents[3] / "docs" / "grid.md"
FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_worked_example_is_what_the_page_shows(capsys):
    fences = FENCE.findall(PAGE.read_text("utf-8"))
    space, shown = {}, []
    for kind, body in fences:
        if kind == "python":
            exec(body, space)  # noqa: S102 - the page's own code
            shown.append(capsys.readouterr().out)
    assert shown == [body for kind, body in fences if kind == "text"]
    assert len(shown) == 2
