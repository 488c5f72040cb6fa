"""What a sweep tells by its design, drawn: the tables and the words of ``opendoor analyse``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.figures.effects import plans_map, whiskers_figure
from dashboards.page import Drawn, Look
from dashboards.studies.swept import measure_title, swept_of
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

    from experiments.sensitivity.analyse import Analysis

#: Things drawn in one picture; the table has all.
MOST = 15
LATER = "This is being worked out and appears here in a moment."


def matters(look: Look) -> Drawn:
    """The picture that belongs to the design."""
    import pandas as pd

    swept, measure = swept_of(look.study), look.values["x"]
    if swept.design == "search":
        return best_plans(swept.folder, measure, look.dark)
    draw = DRAW.get(swept.design)
    if draw is None:
        return Drawn(
            f"There is no analysis of design={swept.design}: its points do not part what each number does. Designs that do: "
            "one_at_a_time (a tornado), morris (a screening), saltelli (shares of the variance), factorial (effects), "
            "psa (what better information is worth); for example opendoor sweep design=one_at_a_time replications=5.",
            pd.DataFrame(),
        )
    if swept.design == "grid":
        return Drawn(
            "A grid is analysed as a map, below: it says where another plan would be preferred.",
            pd.DataFrame(),
        )
    found = swept.analysis(measure)
    if found is None:
        return Drawn(LATER, pd.DataFrame(), pending=True)
    return draw(found, measure, look.dark)


def best_plans(folder: Path, measure: str, dark: bool) -> Drawn:
    """Plans that a search chose, against the present one, with luck that took no part in choosing them."""
    import pandas as pd

    if not (folder / "front.parquet").is_file():
        return Drawn(
            "This search has left no table of best plans; its answer is in answer.txt.", pd.DataFrame()
        )
    front = pd.read_parquet(folder / "front.parquet")
    told_of = list(dict.fromkeys(front["measure"]))
    about = LABELS[measure if measure in told_of else told_of[0]]
    rows = front[(front["measure"] == (measure if measure in told_of else told_of[0])) & (front["plan"] != 0)]
    if rows.empty:
        return Drawn("No plan other than the present one was chosen.", front)
    shares = [str(c) for c in front if str(c).startswith("share_")]
    plans = [
        f"plan {row['plan']}: "
        + ", ".join(f"{s.removeprefix('share_').replace('_', ' ')} {row[s]:.0%}" for s in shares)
        for row in rows.head(MOST).to_dict("records")
    ]
    columns = {"ahead": ("difference_mean", "difference_low", "difference_high")}
    frame = series_of(rows.head(MOST).assign(what=plans), "what", columns, about.scale)
    unit = "percentage points" if about.scale != 1.0 else about.unit
    fig = whiskers_figure(
        frame, {"ahead": "against the present plan"}, f"{about.label}: difference ({unit})", dark
    )
    clear = int(((rows["difference_low"] > 0) | (rows["difference_high"] < 0)).sum())
    said = (
        f"{rows['plan'].nunique()} plans that no other beats in every aim, simulated again with luck that took no part in "
        f"choosing them, against the present plan: {clear} differ clearly in {about.label}."
    )
    return Drawn(said, front, fig)


def sentences(found: Analysis) -> str:
    """The answer in words."""
    return " ".join(line if line.endswith((".", ":")) else f"{line}." for line in found.words)


def told(measure: str) -> str:
    """A title for differences in a measure, in the unit told."""
    about = LABELS[measure]
    return f"{about.label}: difference ({'percentage points' if about.scale != 1.0 else about.unit})"


def series_of(
    rows: pd.DataFrame, what: str, columns: Mapping[str, tuple[str, str, str]], scale: float = 1.0
) -> pd.DataFrame:
    """Rows for :func:`whiskers_figure`: one per thing and series, from columns for mean, low and high."""
    import pandas as pd

    parts = [
        pd.DataFrame(
            {
                "what": rows[what].astype(str).to_numpy(),
                "series": name,
                **{
                    key: rows[column].to_numpy(float) * scale
                    for key, column in zip(("mean", "low", "high"), three, strict=True)
                },
            }
        )
        for name, three in columns.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _last(found: Analysis, name: str) -> pd.DataFrame:
    """Rows of the last output: with several plans the difference that a decision turns on."""
    frame = found.tables[name]
    if "output" not in frame:
        return frame
    return frame[frame["output"] == frame["output"].iloc[-1]]


def _graded(rows: pd.DataFrame) -> pd.DataFrame:
    names = rows["factor"].astype(str).str.replace("_", " ")
    grades = rows["grade"].astype(str)
    return rows.assign(factor=names + grades.map(lambda g: f" ({g})" if g else ""))


def tornado(found: Analysis, measure: str, dark: bool) -> Drawn:
    """How far each number moves the answer."""
    rows = _graded(_last(found, "tornado")).head(MOST)
    columns = {end: (f"at_{end}", f"at_{end}_low", f"at_{end}_high") for end in ("low", "high")}
    frame = series_of(rows, "factor", columns, LABELS[measure].scale)
    titles = {"low": "at the low end of its range", "high": "at the high end"}
    return Drawn(
        sentences(found), found.tables["tornado"], whiskers_figure(frame, titles, told(measure), dark)
    )


def screening(found: Analysis, measure: str, dark: bool) -> Drawn:
    """Morris' measures."""
    rows = _graded(_last(found, "screening")).head(MOST)
    rows = rows.assign(none=float("nan"))
    columns = {"mu_star": ("mu_star", "mu_star_low", "mu_star_high"), "sigma": ("sigma", "none", "none")}
    frame = series_of(rows, "factor", columns, LABELS[measure].scale)
    titles = {
        "mu_star": "mean size of what it changes (mu*)",
        "sigma": "how much that depends on the rest (sigma)",
    }
    return Drawn(
        sentences(found), found.tables["screening"], whiskers_figure(frame, titles, told(measure), dark)
    )


def indices(found: Analysis, measure: str, dark: bool) -> Drawn:
    """Sobol's indices."""
    rows = _graded(_last(found, "indices")).head(MOST)
    columns = {"s1": ("s1", "s1_low", "s1_high"), "st": ("st", "st_low", "st_high")}
    frame = series_of(rows, "factor", columns)
    titles = {"s1": "by itself (S1)", "st": "with all it does together with others (ST)"}
    fig = whiskers_figure(frame, titles, f"share of the variance of {measure_title(LABELS[measure])}", dark)
    return Drawn(sentences(found), found.tables["indices"], fig)


def factorial(found: Analysis, measure: str, dark: bool) -> Drawn:
    """Main effects of a factorial."""
    rows = found.tables["effects"]
    rows = rows[(rows["kind"] == "effect") & (rows["plan"] == rows["plan"].iloc[-1])]
    frame = series_of(_spaced(rows), "what", {"effect": ("mean", "low", "high")}, LABELS[measure].scale)
    fig = whiskers_figure(frame, {"effect": "effect"}, told(measure), dark)
    return Drawn(f"{sentences(found)} More under Pick and mix.", found.tables["effects"], fig)


def _spaced(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(what=rows["what"].astype(str).str.replace("_", " "))


def psa(found: Analysis, measure: str, dark: bool) -> Drawn:
    """What better information is worth."""
    rows = found.tables["information"]
    rows = rows[rows["factor"].astype(str) != ""].sort_values("value", ascending=False).head(MOST)
    rows = _graded(rows).assign(none=float("nan"))
    frame = series_of(rows, "factor", {"value": ("value", "none", "none")}, LABELS[measure].scale)
    fig = (
        whiskers_figure(frame, {"value": "worth of knowing it"}, f"gain in {told(measure)}", dark)
        if len(rows)
        else None
    )
    return Drawn(sentences(found), found.tables["information"], fig)


def _no_picture(found: Analysis, measure: str, dark: bool) -> Drawn:
    return Drawn(sentences(found), next(iter(found.tables.values())))


DRAW: dict[str, Callable[[Any, str, bool], Drawn]] = {
    "one_at_a_time": tornado,
    "morris": screening,
    "saltelli": indices,
    "factorial": factorial,
    "psa": psa,
    "grid": _no_picture,
}


def elsewhere(look: Look) -> Drawn:
    """A map over two numbers, or switching values."""
    import pandas as pd

    swept, measure = swept_of(look.study), look.values["x"]
    if swept.design == "grid":
        try:
            found = swept.analysis(measure)
        except InputError as e:  # not a mistake: most grids are no maps
            return Drawn(f"No map: {' '.join(p.partition(': ')[2] for p in e.problems)}.", pd.DataFrame())
        if found is None:
            return Drawn(LATER, pd.DataFrame(), pending=True)
        cells, frontier = found.tables["map"], found.tables["frontier"]
        named = {p for column in ("preferred", "next") for p in cells[column] if p}
        # in the order in which they were swept: the first has the colour that the reference has elsewhere
        order = [*swept.points["system"]] if "system" in swept.points else []
        plans = [*dict.fromkeys(p for p in order if p in named), *sorted(named - set(order))]
        axes = tuple(
            str(cells[k].iloc[0]).rsplit(".value", 1)[0].rsplit(".", 1)[-1].replace("_", " ")
            for k in ("x_key", "y_key")
        )
        return Drawn(
            sentences(found), cells, plans_map(cells, frontier, plans, (axes[0], axes[1]), look.dark)
        )
    stored = swept.folder / "switching.parquet"
    if swept.design == "one_at_a_time" and stored.is_file():
        return switching(pd.read_parquet(stored), look.dark)
    return Drawn(
        "This sweep cannot tell. A map is of a grid over two numbers with several plans: opendoor sweep "
        "system=gatekept,balanced KEY=0..1:steps=5 KEY=0..1:steps=5. For each number by itself: opendoor switching "
        "system=gatekept,balanced.",
        pd.DataFrame(),
    )


def switching(rows: pd.DataFrame, dark: bool) -> Drawn:
    """Switching values as shares of the way from what a number is to the end of its range."""
    from experiments.sensitivity.switching import SWITCHES, in_words

    measure = str(rows["measure"].iloc[0])
    changing = _graded(rows[rows["found"] == SWITCHES]).head(MOST)
    said = " ".join(f"{line}." for line in in_words(rows, measure))
    if changing.empty:
        return Drawn(said, rows)
    changing = changing.assign(
        factor=changing["factor"] + ": " + changing["switching_value"].map("{:.4g}".format), none=float("nan")
    )
    frame = series_of(changing, "factor", {"way": ("share_of_way", "none", "none")})
    axis = "share of the way from what it is (0) to the end of its range (1)"
    return Drawn(said, rows, whiskers_figure(frame, {"way": "another plan is preferred beyond"}, axis, dark))
