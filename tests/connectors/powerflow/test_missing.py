"""Without the optional package the power flow says what to install."""

import pytest

from gridpact.base.errors import BadInput
from gridpact.connectors.powerflow import PowerGridModelFlow, solver


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(solver, "installed", lambda: False)
    with pytest.raises(BadInput, match="pip install power-grid-model"):
        PowerGridModelFlow()
