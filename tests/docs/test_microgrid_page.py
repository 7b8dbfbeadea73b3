"""The page of microgrids: its example prints what is shown, and lives as long as it says."""

import re
import runpy
from xml.etree import ElementTree

import numpy as np
import pytest

from gridpact.scheduling.islands.survival import survival

TEXT = re.compile(r"^```text\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def example(root):
    return runpy.run_path(str(root / "examples" / "microgrid" / "island.py"))


def test_the_example_prints_what_the_page_shows_and_draws(example, texts, capsys, tmp_path):
    picture = tmp_path / "frontier.svg"
    example["main"](["--plot", str(picture)])
    assert TEXT.findall(texts["docs/microgrid.md"]) == [capsys.readouterr().out]
    ElementTree.fromstring(picture.read_text("utf-8").replace("xlink:", ""))  # noqa: S314
    assert "emissions of two days" in picture.read_text("utf-8")


def test_the_clinic_is_served_slot_by_slot_for_the_stated_time(example):
    island, lost = example["village"](), example["LOST"]
    found = survival(island, lost)
    plan, clinic = found.plan.schedules(), np.asarray(island.blocks[0].energy_wh)
    state, tank, served = 250_000.0, float(example["TANK_WH"]), 0
    for slot in range(lost + found.slots):
        charge, give = plan.charge_wh[0, slot], plan.discharge_wh[0, slot]
        units = plan.generators_wh[:, slot]
        state += 0.95 * charge - give / 0.95
        tank -= units.sum()
        assert -1e-3 <= state <= 500_000 + 1e-3
        assert tank >= -1e-3
        for output, (least, most) in zip(units, ((40_000, 120_000), (20_000, 60_000)), strict=True):
            assert output < 1e-3 or least - 1e-3 <= output <= most + 1e-3
        if slot >= lost:
            sun = plan.output_wh[0, slot]
            assert sun <= example["SOLAR"][slot] + 1e-3
            assert sun + units.sum() + give - charge == pytest.approx(clinic[slot], abs=1e-2)
            served += 1
    assert served == found.slots == 30
