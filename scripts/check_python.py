"""Tell in one line whether this Python can make the virtual environment; runs on any Python 3."""

import sys


def trouble() -> str:
    """Return what is wrong and how to put it right; nothing where all is well."""
    have = tuple(sys.version_info)[:2]
    if not (3, 11) <= have <= (3, 13):
        version = ".".join(str(part) for part in have)
        return "this is Python " + version + "; name a 3.11, 3.12 or 3.13: make PYTHON=python3.12"
    try:
        import ensurepip  # noqa: F401 - Debian and Ubuntu keep it in a package of its own
        import venv  # noqa: F401
    except ImportError:
        return "Python's venv module is missing; on Debian or Ubuntu: apt install python3-venv"
    return ""


if __name__ == "__main__":
    if trouble():
        sys.exit("gridpact: " + trouble())
