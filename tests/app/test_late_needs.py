"""Needs that came too late for any plan, as far as they were stated by then."""

import pytest

from gridpact.app.needs.late import late_needs
from gridpact.app.record import Kept
from gridpact.scheduling.messages import NeedStated, NeedWithdrawn, Unheld
from gridpact.scheduling.needs.model import Assets, Quiet
from gridpact.scheduling.needs.times import Window


class Recorded:
    """A record of needs that were stated at 100 and at 200."""

    def kept(self, kind):
        need = Quiet(owner="home-1", subject=Assets(("car",)), window=Window(0, 3600))
        stated = [
            NeedStated(by="home-1", id=name, revision=1, need=need, unheld=(Unheld(300, 400, 7),))
            for name in ("need-1", "need-2")
        ]
        return [Kept(at, 100 * at, one) for at, one in enumerate(stated, 1)] * (kind is NeedStated)


@pytest.mark.parametrize(("by", "count"), [(99, 0), (100, 1), (199, 1), (200, 2), (None, 2)])
def test_what_was_stated_later_is_left_out(by, count):
    assert len(late_needs(Recorded(), by)) == count
    assert not Recorded().kept(NeedWithdrawn)
