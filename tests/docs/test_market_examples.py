"""Pages whose examples build on each other: all of them run, in order, and print what is shown."""

import re

import pytest

PAGES = ("docs/flexibility-markets.md", "docs/joined-markets.md")
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", PAGES)
def test_examples_print_what_the_page_shows(name, texts, capsys):
    found, space = BLOCK.findall(texts[name]), {}
    assert len(found) == texts[name].count("```python")
    assert any(shown for _, shown in found)
    for code, shown in found:
        exec(compile(code, name, "exec"), space)  # noqa: S102 - our own pages
        assert capsys.readouterr().out == shown
