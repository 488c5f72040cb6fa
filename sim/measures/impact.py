"""Impact: how much better children function than the same children would have with no service at all.

Natural recovery is in both halves of the comparison and so credited to nobody. Needs that no service
ever touched are in the average with a change of nought: impact is for the population, not for users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.measures.counting import count_by, divide, ratios, share, sum_by
from sim.measures.who_counts import Counted, RunColumns
from sim.system import LEVELS

if TYPE_CHECKING:
    from sim.config import Config

# scores come from a closed form; a difference below this is rounding
ROUNDING_POINTS = 1e-9


def impact(run: RunColumns, counted: Counted) -> dict[str, float]:
    """Mean change against no service, share with a significant change, function-years, share worse off."""
    t = run.tables["needs"]
    present, change = counted.present, counted.change
    significant = change >= significant_points(run) - ROUNDING_POINTS
    years = t["score_years"] - t["score_years_no_service"]
    level = t["level"]
    needs = count_by(present, level, len(LEVELS))
    gained = sum_by(change, present, level, len(LEVELS))
    much_better = count_by(present & significant, level, len(LEVELS))
    out = {
        "impact_mean_change_points": divide(gained.sum(), needs.sum()),
        "impact_significant_share": divide(much_better.sum(), needs.sum()),
        "impact_function_years_per_1000_children": 1000.0
        * divide(years[present].sum(), run.population.sum()),
        "impact_worse_off_share": share(change < -ROUNDING_POINTS, present),
    }
    by_level = ratios(gained, needs)
    significant_by_level = ratios(much_better, needs)
    for i, name in enumerate(LEVELS):
        out[f"impact_mean_change_points_{name}"] = by_level[i]
        out[f"impact_significant_share_{name}"] = significant_by_level[i]
    return out


def significant_points(run: RunColumns) -> float:
    """Change of functional score that counts as clinically significant, points."""
    return significant_step(run.config)


def significant_step(config: Config) -> float:
    """The same, of a configuration."""
    return float(config.resolver()(config.needs.significant_points))
