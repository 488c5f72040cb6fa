"""Sweeps: many settings, each met with the same luck. Which give what, which are beaten by none, and what matters?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dashboards.figures.differences import difference_figure, paired
from dashboards.figures.points import lines_figure, scatter_figure
from dashboards.page import Control, Drawn, Look, Options, Page, Panel
from dashboards.pages import sweeps_grid
from dashboards.pages.sweeps_tell import elsewhere, matters
from dashboards.studies.study import Study
from dashboards.studies.swept import Swept, measure_title, swept_of
from dashboards.studies.where import holds, read_pins, read_where
from sim.errors import InputError, Problems
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

    from dashboards.studies.where import Where


def narrowed(swept: Swept, values: dict[str, str]) -> tuple[pd.DataFrame, np.ndarray, list[int], Where]:
    """The table of all points, whether each is shown, which are pinned, and the conditions.

    Raises:
        InputError: conditions or numbers that cannot be read.
    """
    table = swept.table(values["x"], values["y"])
    problems = Problems()
    where: Where = {}
    pins: list[int] = []
    with problems:
        where = read_where(values["where"], sweeps_grid.filterable(table))
    with problems:
        pins = read_pins(values["pins"], swept.n)
    problems.tell()
    return table, holds(where, table), pins, where


def points(look: Look) -> Drawn:
    """How many points are shown, and their numbers."""
    swept = swept_of(look.study)
    table, shown, pins, _ = narrowed(swept, look.values)
    said = f"{int(shown.sum()):,} of {swept.n:,} points are shown"
    said += (
        f", {len(pins)} of them pinned"
        if pins and shown[pins].all()
        else (f", {len(pins)} pinned" if pins else "")
    )
    failed = int(swept.failed.sum())
    said += (
        f". {failed:,} runs failed and are in no mean; why stands below." if failed else ". No run failed."
    )
    hidden = len(swept.varied) - len(swept.columns(look.values["x"]))
    if hidden and swept.design != "one_at_a_time":
        said += (
            f" Of {len(swept.varied)} numbers varied, those are shown that go most with the first measure; all are in "
            "points.csv of the folder."
        )
    return Drawn(said, headed(swept, table[shown], look.values))


def headed(swept: Swept, table: pd.DataFrame, values: dict[str, str]) -> pd.DataFrame:
    """The same with headings for people."""
    titles = {"point": "Point", "label": "What differs", "failed": "Runs that failed"}
    for measure in dict.fromkeys((values["x"], values["y"])):
        label = measure_title(LABELS[measure])
        titles |= {
            measure: f"{label}: mean",
            f"{measure}_low": f"{label}: low (95 %)",
            f"{measure}_high": f"{label}: high (95 %)",
            f"{measure}_n": f"{label}: replications",
        }
    return table.rename(columns=titles)


def lines(look: Look) -> Drawn:
    """Parallel coordinates."""
    import pandas as pd

    swept, (x, y) = swept_of(look.study), (look.values["x"], look.values["y"])
    table, shown, pins, where = narrowed(swept, look.values)
    columns = swept.columns(x)
    if not columns:
        return Drawn(
            "Each point of this sweep moves one number only, so there are no lines to follow; what each number does "
            "stands further down, under 'What matters?'.",
            pd.DataFrame(),
        )
    titles = {name: name.replace("_", " ") for name in columns}
    titles |= {m: measure_title(LABELS[m]) for m in (x, y)}
    fig = lines_figure(table, titles, shown, *best_fifth(swept, x), pins, where, look.dark)
    said = f"{int(shown.sum()):,} points shown"
    if where:
        inside = table[shown]
        told = [
            f"{titles[m]} {inside[m].min():.4g} to {inside[m].max():.4g}"
            for m in dict.fromkeys((x, y))
            if len(inside)
        ]
        said += f": {'; '.join(told)}" if told else ": no point fulfils the conditions; show all points again"
    return Drawn(f"{said}.", headed(swept, table.loc[shown, ["point", *titles]], look.values), fig)


def best_fifth(swept: Swept, measure: str) -> tuple[np.ndarray, str]:
    """Whether each point is among the best fifth in a measure, or the highest where nothing is best; and which of them."""
    from experiments.sensitivity.preference import worth

    mean = swept.intervals(measure).mean
    try:
        told, word = worth(measure, mean), "best"
    except InputError:
        told, word = mean, "highest"
    known = np.isfinite(told)
    limit = np.quantile(told[known], 0.8) if known.any() else np.inf
    return known & (told >= limit), f"{word} fifth in the first measure"


def scatter(look: Look) -> Drawn:
    """Two measures against each other, with the points that no other beats."""
    swept, (x, y) = swept_of(look.study), (look.values["x"], look.values["y"])
    table, shown, pins, where = narrowed(swept, look.values)
    front = swept.front(x, y) if x != y else None
    titles = measure_title(LABELS[x]), measure_title(LABELS[y])
    fig = scatter_figure(table, x, y, titles, shown, pins, front, where, look.dark)
    if x == y:
        said = "Choose a second measure to see what the one costs in the other."
    elif front is None:
        neither = [
            LABELS[m].label for m in (x, y) if LABELS[m].better == "neither" and LABELS[m].group != "equity"
        ]
        said = f"Nothing is best here: more of it is neither better nor worse ({', '.join(neither)})."
    else:
        where_best = f"{_better(x)} for {LABELS[x].label}, {_better(y)} for {LABELS[y].label}"
        said = (
            f"{int(front.sum())} of {swept.n:,} points are beaten by none in both measures (better: {where_best}). "
            "The best of many look better than they are, since luck helped to choose them."
        )
    frame = headed(swept, table[shown], look.values)
    frame["Beaten by none"] = front[shown] if front is not None else None
    return Drawn(said, frame, fig)


def _better(measure: str) -> str:
    about = LABELS[measure]
    if about.group == "equity":
        return "nearer to nought"
    return {"higher": "more", "lower": "less"}[about.better]


def pair(look: Look) -> Drawn:
    """Two pinned points, compared replication by replication."""
    import pandas as pd

    from experiments.certainty.statistics import Estimate, paired_difference
    from experiments.comparing.comparison import in_words
    from experiments.sweeps.statistics import intervals

    swept, measure = swept_of(look.study), look.values["x"]
    pins = read_pins(look.values["pins"], swept.n)
    a, b, why = _two(swept, measure, pins)
    if a == b:
        return Drawn("This sweep has one point: there is nothing to compare.", pd.DataFrame())
    one, other = swept.at_point(a), swept.at_point(b)
    both = np.isfinite(one) & np.isfinite(other)
    apart, firsts, seconds = intervals(other - one), intervals(one), intervals(other)
    rows = []
    for i, about in enumerate(LABELS.values()):
        if not both[i].any():
            continue
        difference = Estimate(*(getattr(apart, key)[i].item() for key in ("mean", "sd", "n", "low", "high")))
        first, second = firsts.mean[i].item(), seconds.mean[i].item()
        rows.append(
            {
                "Measure": measure_title(about) if about.unit not in ("%", "£") else about.label,
                f"Point {a}": about.text(first),
                f"Point {b}": about.text(second),
                "Difference": about.difference_text(difference.mean),
                "Low (95 %)": about.difference_text(difference.low),
                "High (95 %)": about.difference_text(difference.high),
                "Replications": difference.n,
                "In words": in_words(about, first, second, difference, (f"point {a}", f"point {b}")),
            }
        )
    frame = pd.DataFrame(rows)
    about = LABELS[measure]
    i = list(LABELS).index(measure)
    found = paired_difference(one[i], other[i])
    if not found.n:
        said = f"{about.label} has no value in both points."
        return Drawn(f"{why} {said}".strip(), frame)
    numbers = np.flatnonzero(both[i])
    drawn = paired(one[i, numbers], other[i, numbers], numbers.tolist(), about.scale)
    unit = "percentage points" if about.scale != 1.0 else about.unit
    mean, low, high = (v * about.scale for v in (found.mean, found.low, found.high))
    fig = difference_figure(drawn, mean, low, high, unit, look.dark)
    words = in_words(
        about, firsts.mean[i].item(), seconds.mean[i].item(), found, (f"point {a}", f"point {b}")
    )
    interval = (
        f"95 % interval {about.difference_text(found.low)} to {about.difference_text(found.high)}, {found.n} replications"
        if found.n > 1
        else "one replication: luck alone may explain it"
    )
    said = (
        f"{why}{about.label}: point {b} against point {a} {about.difference_text(found.mean)} ({interval}): {words}. "
        f"Point {a}: {_about(swept, a)}. Point {b}: {_about(swept, b)}."
    )
    return Drawn(said, frame, fig)


def _two(swept: Swept, measure: str, pins: list[int]) -> tuple[int, int, str]:
    """Two points to compare, and why these if they were not chosen."""
    if len(pins) >= 2:
        more = f"The first two of {len(pins)} pinned points. " if len(pins) > 2 else ""
        return pins[0], pins[1], more
    if pins and pins[0] != 0:
        return 0, pins[0], "One point is pinned; here it is set against point 0, the base. "
    mean = swept.intervals(measure).mean
    away = np.abs(mean - mean[0])
    away[0] = -1.0
    other = int(np.nanargmax(away)) if np.isfinite(away).any() else 0
    return (
        0,
        other,
        "Pin two points to compare them; until then point 0, the base, and the one furthest from it. ",
    )


def _about(swept: Swept, point: int) -> str:
    label = swept.labels[point]
    if swept.design in ("one_at_a_time", "factorial", "grid", "list"):
        return label
    names = list(swept.varied)
    told = [f"{n}={_short(swept.points[n].iloc[point])}" for n in names[:6]]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return f"{label} ({', '.join(told)}{more})"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)


def failures(look: Look) -> Drawn:
    """Which runs failed, and why."""
    swept = swept_of(look.study)
    reasons = swept.reasons
    total, done = swept.n * swept.replications, len(swept.runs.point)
    missing = (
        f" {total - done:,} of {total:,} runs have not been made yet."
        if swept.design != "search" and done < total
        else ""
    )
    frame = reasons.set_axis(
        ["Reason", "Runs", "Points", "First point", "First replication", "First seed"], axis=1
    )
    if reasons.empty:
        return Drawn(f"None of {done:,} runs failed.{missing}", frame)
    first = reasons.iloc[0]
    said = (
        f"{int(reasons['runs'].sum()):,} of {done:,} runs failed, for {len(reasons)} reasons. Most often "
        f"({first['runs']:,}): {first['reason'].rstrip('.')}. To try them "
        f"again: the command of the sweep with --retry-failed.{missing}"
    )
    return Drawn(said, frame)


def first_measures(study: Study) -> Options:
    """Measures, those that the sweep was made for first."""
    asked = swept_of(study).measures
    return [(m, measure_title(LABELS[m])) for m in [*asked, *(m for m in LABELS if m not in asked)]]


def second_measures(study: Study) -> Options:
    """The same, beginning with the second."""
    options = first_measures(study)
    return [*options[1:], options[0]]


BRUSH = (
    "Draw a box with the mouse to show only the points in it; the same condition then stands under 'Show only', where "
    "it can be typed as well, and in all other pictures. "
)

PAGE = Page(
    "/sweeps",
    "Sweeps",
    "Analysts",
    "Many settings, each simulated with the same children and the same luck. Narrow them down, pin some, compare two; and "
    "see which numbers the answer hangs on.",
    [
        Panel(
            "points",
            "Which settings give what?",
            "One row per point of the sweep: what is set, and the mean of two measures over its replications with its 95 % "
            "interval, which covers the luck of the simulation only. The funnel beside a heading filters, a click on "
            "the heading sorts, the box in front of a row pins it: pinned points stay at the top, are marked in all "
            "pictures, and the first two are compared below. The download holds the points shown.",
            points,
            place=sweeps_grid.place,
        ),
        Panel(
            "lines",
            "Which combinations lead where?",
            "Each row is one number, from its least value on the left to its greatest on the right; each line is one point "
            f"of the sweep, going from row to row. {BRUSH}Of many points some are drawn, evenly picked. Thick bars "
            "are conditions.",
            lines,
        ),
        Panel(
            "scatter",
            "Which settings are beaten by none?",
            "Each mark is a point of the sweep at its means. Diamonds on the dotted line: no other point is at least as "
            "good in both measures and better in one (the Pareto front), among all points, also those not shown; bars are "
            f"95 % intervals. The square is point 0. {BRUSH}Of more than 2,000 points some are drawn, evenly picked.",
            scatter,
        ),
        Panel(
            "pair",
            "How far are two points apart?",
            "Both met the same children with the same luck in every replication, so the difference is taken within each "
            "replication (circles) and its mean has a much narrower interval (diamond and bar) than either point. "
            "The table has every measure.",
            pair,
            uses=("x", "pins"),
        ),
        Panel(
            "matters",
            "What matters?",
            "What opendoor analyse tells from how the points were chosen: effects of switching parts on and off, a "
            "screening, shares of the variance, a tornado, or what better information would be worth. Marks with 95 % "
            "intervals.",
            matters,
            uses=("x",),
        ),
        Panel(
            "elsewhere",
            "Where would another plan be preferred?",
            "For a grid over two numbers and several plans: which plan is ahead at each pair of values (open marks: the "
            "interval includes no difference), and the frontier where that changes. For a folder of opendoor "
            "switching: how far each number must go before another plan is preferred.",
            elsewhere,
            uses=("x",),
        ),
        Panel(
            "failed",
            "What failed, and why?",
            "Runs that failed have no value and are left out of every mean; a number that a point rests on fewer "
            "replications than others stands in the grid.",
            failures,
            uses=(),
        ),
    ],
    (
        Control("x", "First measure", first_measures),
        Control("y", "Second measure", second_measures),
        Control("where", "Show only", typed=True, hint="reach_share >= 40; easy_access 0.5..1"),
        Control("pins", "Pinned points", typed=True, hint="3, 17"),
    ),
    extra=sweeps_grid.register,
    of="sweep",
)
