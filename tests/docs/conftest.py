"""The documentation's scripts, pages and console blocks, and one folder in which commands run."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _scripts():
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import docs_blocks
        import docs_catalogue
        import docs_consoles
        import docs_figures
        import docs_generated
        import docs_links
    finally:
        sys.path.pop(0)
    return docs_blocks, docs_catalogue, docs_consoles, docs_figures, docs_generated, docs_links


BLOCKS, CATALOGUE, CONSOLES, FIGURES, GENERATED, LINKS = _scripts()


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def blocks():
    return BLOCKS


@pytest.fixture(scope="session")
def catalogue():
    return CATALOGUE


@pytest.fixture(scope="session")
def consoles():
    return CONSOLES


@pytest.fixture(scope="session")
def figures():
    return FIGURES


@pytest.fixture(scope="session")
def generated():
    return GENERATED


@pytest.fixture(scope="session")
def links():
    return LINKS


@pytest.fixture(scope="session")
def texts():
    """Every page of the documentation by its path below the root."""
    found = {page.relative_to(ROOT).as_posix(): page.read_text("utf-8") for page in BLOCKS.pages()}
    assert len(found) > 10
    return found


@pytest.fixture(scope="session")
def steps(texts):
    """Every command that the documentation shows, in order, with its page."""
    return [(name, step) for name, text in texts.items() for step in CONSOLES.consoles(text)]


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """A folder like a checkout's, with the demo run in it."""
    folder = CONSOLES.workplace(str(tmp_path_factory.mktemp("docs")), ROOT)
    CONSOLES.execute("make demo", folder)
    return folder
