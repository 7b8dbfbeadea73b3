"""Links lead somewhere: to pages, to headings, and to lines of code that define what they name."""

import re

import pytest

LINK = re.compile(r"(?<!!)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)")
IMAGE = re.compile(r"!\[[^\]]*\]\((?P<target>[^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def slug(heading):
    """Anchor of a heading, as GitHub makes it."""
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return words.replace(" ", "-")


def broken(root, texts):
    found = []
    for page, text in texts.items():
        prose = FENCE.sub("", text)
        for link in [*LINK.finditer(prose), *IMAGE.finditer(prose)]:
            target, _, anchor = link["target"].partition("#")
            if target.startswith(("https://", "http://")):
                continue
            file = ((root / page).parent / target).resolve() if target else root / page
            if not file.exists():
                found.append(f"{page}: {link['target']}")
            elif anchor and file.suffix == ".md":
                headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
                if anchor not in map(slug, headings):
                    found.append(f"{page}: {link['target']}")
    return found


def test_every_relative_link_leads_somewhere(root, texts):
    assert broken(root, texts) == []


def test_links_that_lead_nowhere_are_found(root):
    text = "[a](gone.md) [b](README.md#no-such-heading) [c](#d) ![e](f.svg) [g](LICENSE)\n# d\n"
    assert len(broken(root, {"page.md": text, "README.md": ""})) >= 2
    assert broken(root, {"CHANGELOG.md": "[a](gone.md)"}) == ["CHANGELOG.md: gone.md"]


def test_links_to_code_are_at_the_line_that_defines_what_they_name(blocks, links):
    assert blocks.stale(links.refreshed()) == [], "make docs"


def test_every_link_to_a_line_names_what_is_there(texts, links):
    for page, text in texts.items():
        assert len(re.findall(r"\]\([^)]*#L\d+\)", text)) == len(links.LINK.findall(text)), page


def test_a_line_that_moved_is_put_right_and_a_name_that_is_gone_is_found(tmp_path, links):
    code = tmp_path / "src" / "gridpact" / "room.py"
    code.parent.mkdir(parents=True)
    code.write_text("A: int = 1\n\n\nclass B:\n    @property\n    def c(self):\n        return A\n")
    page = tmp_path / "page.md"
    text = "[`B.c`, room.py:1](src/gridpact/room.py#L1) [`A`, x.py:9](src/gridpact/room.py#L9)"
    done = links.refreshed_text(text, page)
    assert "[`B.c`, room.py:6](src/gridpact/room.py#L6)" in done
    assert "[`A`, room.py:1](src/gridpact/room.py#L1)" in done
    with pytest.raises(ValueError, match=r"room\.py has no B\.d"):
        links.refreshed_text(text.replace("B.c", "B.d"), page)
