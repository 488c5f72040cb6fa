"""Every two systems of a comparison set against each other, measure by measure, in numbers and in words.

Each difference is the mean over replications of what one system has more than the other when both meet the same
children with the same luck. It always comes with its 95 % interval and with the number of replications behind it:
a measure can be undefined in some of them, and then the interval is of the others only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import combinations
from typing import TYPE_CHECKING, Any

from experiments.certainty.statistics import Estimate, estimate, paired_difference
from sim.measures import LABELS, Measure

if TYPE_CHECKING:
    import pandas as pd

    from experiments.running.replicate import Replications

THE_SAME = "the same"
NO_CLEAR_DIFFERENCE = "no clear difference"
EQUALITY_NOT_CLEAR = "differs; not clear which is more equal"


def pairs(systems: Iterable[str]) -> list[tuple[str, str]]:
    """Every two systems, the one named earlier as the reference; those with the first system come first."""
    return list(combinations(systems, 2))


def comparison_frame(done: Replications) -> pd.DataFrame:
    """One row per pair of systems and measure.

    Columns: reference, other, measure, group, label, unit; of each of the two its mean, the 95 % interval of that
    mean and in how many replications it is defined (``reference_mean, reference_low, reference_high, reference_n``,
    and the same for ``other``); the paired ``difference`` with its interval ``low`` to ``high``, the number ``n`` of
    replications it comes from, out of ``replications``; ``includes_no_difference``; ``beyond_possible``: the interval
    reaches where the other system's mean cannot be; ``in_words``. Numbers are as in the summaries (shares between 0
    and 1), whatever unit they are shown in.
    """
    import pandas as pd

    total = len(done.replications)
    found = {
        system: {name: estimate(values) for name, values in measures.items()}
        for system, measures in done.summaries.items()
    }
    rows: list[dict[str, Any]] = []
    for reference, other in pairs(done.summaries):
        for name, measure in LABELS.items():
            before, after = found[reference][name], found[other][name]
            difference = paired_difference(done.summaries[reference][name], done.summaries[other][name])
            rows.append(
                {
                    "reference": reference,
                    "other": other,
                    "measure": name,
                    "group": measure.group,
                    "label": measure.label,
                    "unit": measure.stored_unit,
                    **_columns("reference", before),
                    **_columns("other", after),
                    "difference": difference.mean,
                    "low": difference.low,
                    "high": difference.high,
                    "n": difference.n,
                    "replications": total,
                    "includes_no_difference": difference.includes_zero,
                    "beyond_possible": beyond_possible(
                        measure, before.mean + difference.low, before.mean + difference.high
                    ),
                    "in_words": in_words(
                        measure, before.mean, after.mean, difference, (reference, other), total
                    ),
                }
            )
    return pd.DataFrame(rows)


def _columns(which: str, found: Estimate) -> dict[str, float]:
    return {
        f"{which}_mean": found.mean,
        f"{which}_low": found.low,
        f"{which}_high": found.high,
        f"{which}_n": found.n,
    }


def beyond_possible(measure: Measure, low: float, high: float) -> bool:
    """Whether an interval reaches, by more than rounding, where no value can lie: a share below 0, say."""
    least, most = measure.limits
    nought = measure.difference_text(0.0)
    under = low < least and measure.difference_text(low - least) != nought
    over = high > most and measure.difference_text(high - most) != nought
    return under or over


def too_few(n: int, replications: int) -> bool:
    """Whether so few replications have a value that their interval would say nothing about all of them."""
    return n < 2 or 2 * n < replications


def in_words(
    measure: Measure,
    reference: float,
    other: float,
    difference: Estimate,
    names: tuple[str, str] = ("the reference", "the other"),
    replications: int = 0,
) -> str:
    """What the difference means for somebody who does not read intervals.

    Args:
        reference, other: means; NaN where the measure is undefined.
        names: of the two.
        replications: how many there are; 0 if all of them are in the difference.
    """
    if difference.n == 0:
        without = [name for name, mean in zip(names, (reference, other), strict=True) if math.isnan(mean)]
        if not without:
            return "never defined in both at once"
        return f"{measure.undefined}: {'both' if len(without) == 2 else without[0]}"
    if difference.n == 1 and replications <= 1:
        return "one replication: cannot tell"
    if too_few(difference.n, replications):
        return f"defined in {difference.n} of {replications} replications only: cannot tell"
    nought = measure.difference_text(0.0)
    shown = [measure.difference_text(value) for value in (difference.mean, difference.low, difference.high)]
    if set(shown) == {nought}:
        return THE_SAME
    if difference.includes_zero:
        return NO_CLEAR_DIFFERENCE
    if shown[0] == nought:
        return THE_SAME
    if measure.group == "equity":
        return _equality(reference, difference)
    if measure.better == "neither":
        return "more" if difference.mean > 0 else "less"
    return "better" if (difference.mean > 0) == (measure.better == "higher") else "worse"


def _equality(reference: float, difference: Estimate) -> str:
    """Whether a gap comes nearer to nought: so for all of the interval, or it is not said.

    A gap that turns round, from one side of nought to the other, differs clearly and may be no smaller.
    """
    ends = reference + difference.low, reference + difference.high
    furthest = max(map(abs, ends))
    nearest = 0.0 if min(ends) < 0.0 < max(ends) else min(map(abs, ends))
    if furthest < abs(reference):
        return "more equal"
    return "less equal" if nearest > abs(reference) else EQUALITY_NOT_CLEAR
