"""The example of the page on market analytics runs, and prints what the page shows."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "market-analytics.md"


def test_the_example_prints_what_the_page_shows(capsys):
    text = PAGE.read_text("utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102 - our own page
    assert capsys.readouterr().out == re.search(r"```text\n(.*?)```", text, re.DOTALL)[1]
