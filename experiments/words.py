"""What has to be said with every result: what was simulated, and what it does not show.

The same sentences stand under the table on the screen, in the results folder and wherever else a result
is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from experiments.numbers import BY_HAND, GRADES, grade_counts
from sim.conditions import CONDITIONS
from sim.config import Config

GRADE_WORDS = {
    "measured": "measured (official counts)",
    "published": "published (a study or survey)",
    "expert": "expert judgement",
    "assumed": "assumed",
}


#: Units of numbers in the configuration whose own names are no words.
UNIT_WORDS = {
    "per_year": "a year",
    "per_1000_per_year": "per 1,000 a year",
    "sd": "standard deviations",
    "points_per_year": "points a year",
    "hours_per_year": "hours a year",
    "wte_per_100k": "WTE per 100,000 children",
    "pounds_per_hour": "pounds an hour",
}


def unit_words(unit: str) -> str:
    """A unit as it is said: ``odds ratio``, not ``odds_ratio``."""
    return UNIT_WORDS.get(unit, unit.replace("_", " "))


def heading(area: str, configs: Mapping[str, Config], replications: int) -> str:
    """What was simulated, in one or two sentences."""
    first = next(iter(configs.values()))
    alone = len(configs) == 1
    times = "1 replication" if replications == 1 else f"{replications:,} replications"
    change = f" with transition={first.transition.name}" if alone and first.transition.name != "none" else ""
    return (
        f"{area}: {' against '.join(configs)}{change}. {times} (seed {first.seed}), "
        f"{_years(first.horizon_years)} counted after {_years(first.history_years)} lived before."
    )


def _years(n: float) -> str:
    return f"{n:g} year" if n == 1 else f"{n:g} years"


def standing(configs: Mapping[str, Config]) -> str:
    """How good the numbers behind a result are: one line, to be read before the result."""
    counts = grade_counts(configs.values())
    graded = ", ".join(f"{counts[grade]} {grade}" for grade in reversed(GRADES))
    return f"Numbers used: {graded}, {counts[BY_HAND]} by hand; service parameters are generic."


def caveats(area: str, configs: Mapping[str, Config]) -> list[str]:
    """What the reader must know before using the numbers, one sentence or two each."""
    return [
        f"Service parameters are generic, not {area}'s own: staff, minutes and practice come from "
        "national figures, studies and judgement. Put in local figures before deciding anything local.",
        *cautions(configs),
        grade_sentence(configs),
    ]


def cautions(configs: Mapping[str, Config]) -> list[str]:
    """The same without what :func:`standing` has said already."""
    first = next(iter(configs.values()))
    out = []
    changes = [name for name, config in configs.items() if config.transition.name != "none"]
    if changes:
        before = "; ".join(dict.fromkeys(config.system.title for config in configs.values()))
        out.append(
            f"Every plan starts from the same past ({before}); up to the decision day each child's story is the "
            "same. What the change itself costs (training, closed clinics, learning, working in two ways) is set "
            "by assumed numbers, each of which can be set to 0; nothing favours one plan by construction."
        )
        out += _about_success(first)
    elif len(configs) > 1:
        out.append(
            f"Each system has been in place for {_years(first.history_years)} before counting began. Getting from one "
            "to another, with its cost and its disruption, is not part of this comparison "
            f"(transition={first.transition.name})."
        )
    out.append(
        "Intervals cover the luck of the simulation only, not what the evidence leaves open; and by chance "
        "alone about one in twenty will miss the truth."
    )
    out.append(
        "There is no controlled evidence for the Balanced System as a whole: read each result as "
        "'if these parameters hold, then'."
    )
    return out


def _about_success(config: Config) -> list[str]:
    """Which conditions for success are met, and whether anything wears the change down."""
    levels = {name: config.conditions.level(name) for name in CONDITIONS}
    short = ", ".join(f"{name.replace('_', ' ')} {x:g}" for name, x in levels.items() if x < 1.0)
    erosion = config.erosion.name
    return [
        (
            f"Conditions for success that are not fully in place (1): {short}. "
            if short
            else "All five conditions for success are taken to be in place (conditions=all_in_place). "
        )
        + (
            f"The change is worn down over the years (erosion={erosion}); what each of these is worth is assumed."
            if erosion != "none"
            else "Nothing is taken to wear the change down later (erosion=none)."
        )
    ]


def grade_sentence(configs: Mapping[str, Config]) -> str:
    """How good the evidence behind the numbers is, counted."""
    counts = grade_counts(configs.values())
    total = sum(counts[grade] for grade in GRADES)
    parts = ", ".join(f"{counts[grade]} {GRADE_WORDS[grade]}" for grade in GRADES)
    return (
        f"Evidence: {total} rows of the evidence table are used: {parts}. "
        f"A further {counts[BY_HAND]} numbers are set by hand in the configuration (opendoor show evidence)."
    )
