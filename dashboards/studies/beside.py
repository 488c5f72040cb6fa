"""Several sets of results side by side: what each says, how far they are apart, and whether that may be said at all.

Two sets of results met the same children with the same luck if they have the same area, needs, calendar and years and the
same seed. Then a difference is taken replication by replication, with its interval. If not, no interval of a difference
is given, and the reason is: part of what differs would be other children, other years or other luck.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dashboards.studies.changes import plan_titles
from experiments.certainty.statistics import Estimate, estimate, paired_difference
from experiments.comparing.comparison import in_words
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

    from dashboards.studies.study import Study

#: What has to be the same for two results to be of the same children in the same years.
SAME = {
    "area": "another area",
    "needs": "other needs of children",
    "calendar": "another calendar",
    "history_years": "other years lived before",
    "horizon_years": "other years counted",
}
#: Differences in what was asked that are told one by one.
TELL = 6


@dataclass(frozen=True)
class Apart:
    """One system of the first results against one of another set.

    Attributes:
        other: title of the other results. item: names of the two. means: of both. difference: second less first; n is 0
        if it is not paired. why: reasons for that; empty if it is. words: what the difference means.
    """

    other: str
    item: str
    means: tuple[float, float]
    difference: Estimate
    why: list[str]
    words: str


def levels(studies: Sequence[Study], measure: str) -> pd.DataFrame:
    """Every system of every set of results: ``results, system, mean, low, high, n, area, seed, years``, in stored units."""
    import pandas as pd

    rows = []
    for study in studies:
        for name, config in study.configs.items():
            found = estimate(study.done.summaries[name][measure])
            rows.append(
                {
                    "results": study.title,
                    "system": name,
                    "mean": found.mean,
                    "low": found.low,
                    "high": found.high,
                    "n": found.n,
                    "area": study.area.name,
                    "seed": config.seed,
                    "years": f"{config.history_years:g} + {config.horizon_years:g}",
                }
            )
    return pd.DataFrame(rows)


def not_paired(first: Study, a: str, other: Study, b: str) -> list[str]:
    """Why two results are not of the same children with the same luck; empty if they are."""
    one, two = first.configs[a], other.configs[b]
    out = [words for key, words in SAME.items() if getattr(one, key) != getattr(two, key)]
    if one.seed != two.seed:
        out.append(f"another seed ({one.seed} and {two.seed})")
    elif not set(first.done.replications) & set(other.done.replications):
        out.append("no replication in common")
    return out


def pairs(first: Study, other: Study) -> list[tuple[str, str]]:
    """What is set against what: the same names, the same system (and way to change) by another name, or one system each."""
    if len(first.systems) == len(other.systems) == 1:
        return [(first.reference, other.reference)]
    found = []
    for a in first.systems:
        one = first.configs[a]
        alike = [
            name
            for name, two in other.configs.items()
            if name not in first.configs and (two.system, two.transition) == (one.system, one.transition)
        ]
        if b := a if a in other.configs else next(iter(alike), None):
            found.append((a, b))
    return found


def apart(first: Study, others: Sequence[Study], measure: str) -> list[Apart]:
    """The first results against each of the others."""
    out = []
    for other in others:
        for a, b in pairs(first, other):
            one, two = first.done.summaries[a][measure], other.done.summaries[b][measure]
            why = not_paired(first, a, other, b)
            means = estimate(one).mean, estimate(two).mean
            if why:
                difference, words = Estimate(math.nan, math.nan, 0, math.nan, math.nan), "not paired"
            else:
                common = [r for r in first.done.replications if r in set(other.done.replications)]
                difference = paired_difference(
                    one[[first.done.replications.index(r) for r in common]],
                    two[[other.done.replications.index(r) for r in common]],
                )
                words = in_words(LABELS[measure], *means, difference, (first.title, other.title), len(common))
            out.append(Apart(other.title, a if a == b else f"{a} / {b}", means, difference, why, words))
    return out


def asked(first: Study, other: Study) -> Iterator[str]:
    """What was asked for and is not the same, for each pair; the same sentence once."""
    from experiments.sweeps.folder import told_differences

    told: dict[str, None] = {}
    for a, b in pairs(first, other):
        one, two = (_plain(study, name) for study, name in ((first, a), (other, b)))
        told |= dict.fromkeys(told_differences(one, two))
    yield from told
    paired = pairs(first, other)
    if lone := [name for name in other.systems if name not in [b for _, b in paired]]:
        yield f"only in the second: {', '.join(plan_titles(other)[name] for name in lone)}"
    if gone := [name for name in first.systems if name not in [a for a, _ in paired]]:
        yield f"only in the first: {', '.join(plan_titles(first)[name] for name in gone)}"


def _plain(study: Study, name: str) -> dict[str, Any]:
    return study.configs[name].model_dump(
        mode="json", exclude={"output", "workers", "event_log", "gains_every_weeks", "replications"}
    )
