"""Against enumeration: with lossless storage the optimum is whole, so costs must agree exactly."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gridpact.scheduling.check import violations
from gridpact.scheduling.community.solve import solve


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_tiny_problems_cost_what_enumeration_finds(data, problems, one_by_one):
    problem = data.draw(problems(homes=2, slots=4, lossless=True, scale=3))
    assume(len(problem.storage.home) <= 2)
    plan = solve(problem)
    assert violations(problem, plan) == []
    best = one_by_one(problem)
    if best is None:
        return
    above = sum(item.missing_wh for item in plan.conflicts if item.kind.startswith("zone"))
    runs = [item for item in plan.conflicts if item.kind == "run"]
    if not runs:
        assert above == best[0]
        if not above:  # else what is missed is spread before the cost is looked at
            assert int(plan.cost_nano.sum()) == best[1]
