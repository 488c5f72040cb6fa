"""Most late talkers catch up by themselves: the published share, and none of it credited to a service."""

from __future__ import annotations

import math

import numpy as np
import pytest
from build import make_config

from sim import simulate
from sim.area_building import build_area
from sim.compile import compile_config
from sim.function import DAYS_PER_YEAR, no_service
from sim.run import Run, populate

SEEDS = (1, 2, 3, 4)
FOUR_YEARS = math.floor(4 * DAYS_PER_YEAR)


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    """Five years of births in the shipped area, nobody served."""
    config = make_config("no_service", {"history_years": 0.0, "horizon_years": 5.0}, area="oldham")
    return [simulate(config, seed) for seed in SEEDS]


def resolved_at_four(run: Run) -> np.ndarray:
    """For each late talker (language need with onset about age 2, after day 0): in the normal range at age 4?

    Worked out in closed form from what the children are born with. Needs that lie before day 0 are left out,
    because those that had resolved by then are no rows.
    """
    tables = compile_config(run.config, build_area(run.config.area), run.seed)
    population = populate(run.config, tables, run.area, run.seed)
    children, needs, rules = population.children, population.needs, tables.needs
    kind = run.kinds.index("language")
    birth = children.birth[needs.child]
    age = (needs.onset - birth) / DAYS_PER_YEAR
    late = (needs.kind == kind) & (needs.onset >= 0) & (age >= 1.74) & (age <= 2.26)
    out = []
    for i in np.flatnonzero(late):
        y, _ = no_service(
            needs.onset_score[i],
            int(needs.onset[i]),
            int(birth[i]) + FOUR_YEARS,
            0,
            int(needs.worsens[i]),
            rules.worsen_points,
            rules.normal[kind],
            int(birth[i]),
            rules.band_from[kind],
            rules.band_drift[kind],
            needs.deviation[i],
        )
        out.append(y >= rules.normal[kind])
    return np.array(out)


def test_59_percent_of_late_talkers_at_2_are_in_the_normal_range_at_4(runs):
    """Dale and Hayiou-Thomas 2014 (PMC4214119): 0.59, with the range that the evidence row states."""
    row = runs[0].config.evidence["late_talker_resolves_2_to_4_share"]
    resolved = np.concatenate([resolved_at_four(run) for run in runs])
    share = float(resolved.mean())
    assert len(resolved) > 6_000
    assert row.value == 0.59
    assert row.low <= share <= row.high
    assert abs(share - row.value) < 0.02, share


def test_a_run_shows_the_recovery_that_the_closed_form_promises(runs):
    """Of the same children, those who reach the age of 4 within the run, at its end."""
    run = runs[0]
    t = run.tables["needs"]
    birth = run.tables["children"]["birth_day"][t["child_row"]]
    language = (t["kind"] == run.kinds.index("language")) & (t["onset_day"] >= 0)
    four = language & (birth + FOUR_YEARS <= run.end_day) & (birth + FOUR_YEARS > run.end_day - 365)
    assert four.sum() > 200
    share = (t["score_end"][four] >= 4.5).mean()
    assert abs(share - 0.59) < 4 * math.sqrt(0.59 * 0.41 / four.sum()) + 0.02


def test_natural_recovery_is_credited_to_nobody(runs):
    """With no service the counterfactual is met to the bit by every need, recovered or not."""
    for run in runs:
        t = run.tables["needs"]
        assert (t["score_end"] == t["score_no_service"]).all()
        assert (t["score_years"] == t["score_years_no_service"]).all()
        assert (t["contacts"] == 0).all()
        summary = run.summary()
        impact = {name: value for name, value in summary.items() if "impact" in name or "gain" in name}
        assert impact
        assert all(value == 0.0 or math.isnan(value) for value in impact.values()), impact
