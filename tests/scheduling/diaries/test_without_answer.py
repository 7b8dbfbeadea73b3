"""Where no plan without a need is found, nothing is said of it, and of all else as ever."""

from types import SimpleNamespace

import numpy as np
import pytest

from gridpact.scheduling.diaries.without import Without, _Answer


@pytest.fixture
def without(monkeypatch):
    """Two needs of a home: one saves 5 micro-¤, the other cannot be left out."""
    storage = SimpleNamespace(home=np.array([0]))

    def pose(names):
        return SimpleNamespace(
            names=names, problem=SimpleNamespace(storage=storage, sums=(), soft=())
        )

    def solved(self, posed, home):
        if "need-2" in posed.names:
            raise failed
        return _Answer(np.full((1, 1), 10 * len(posed.names)), *[5000.0 * (not posed.names)] * 2)

    failed = RuntimeError("what is firm cannot be kept")
    monkeypatch.setattr(Without, "_solved", solved)
    monkeypatch.setattr(Without, "planned_wh", lambda self: np.full((1, 1), 30))
    return Without(None, pose, None)


def test_a_need_without_an_answer_hides_no_other(without):
    assert without.moved_wh(["need-1"], {0}).tolist() == [[20]]
    assert without.moved_wh(["need-2"], {0}) is None
    assert without.moved_wh(["need-1"], {0}).tolist() == [[20]]
