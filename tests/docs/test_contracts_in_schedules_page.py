"""The page of contracts in schedules: its code runs, and prints what is shown."""

import re

BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.DOTALL | re.MULTILINE)
PAGE = "docs/contracts-in-schedules.md"


def test_examples_print_what_the_page_shows(texts, capsys):
    found, space = BLOCK.findall(texts[PAGE]), {}
    assert len(found) == texts[PAGE].count("```python") == 2
    for code, shown in found:
        exec(compile(code, PAGE, "exec"), space)  # noqa: S102 - our own page
        assert capsys.readouterr().out == shown
    lines = found[0][1].splitlines()
    assumed, settled = (line.split()[-2] for line in lines[-2:])
    assert assumed == settled
