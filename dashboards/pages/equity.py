"""Equity and place: does help reach the children who live in the most deprived places as well as the others?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboards.figures.equity import groups_figure, in_squares, locality_ticks, map_figure
from dashboards.page import Control, Drawn, Look, Options, Page, Panel, systems
from dashboards.pages.waits import titles
from dashboards.studies.study import Study
from experiments.results.views import PLACES
from sim.area import KINDS
from sim.calendar import days_of_run
from sim.dictionary import tables_of_views
from sim.errors import InputError
from sim.measures import LABELS, Measure
from sim.measures.views import map_weeks

if TYPE_CHECKING:
    import pandas as pd

FIFTHS = ("1<br>most<br>deprived", "2", "3", "4", "5<br>least<br>deprived")

#: Headline measures that are known for each group.
BY_GROUP = (
    "reach_share",
    "first_useful_within_18_weeks_share",
    "specialist_start_within_52_weeks_share",
    "impact_mean_change_points",
    "impact_significant_share",
    "never_identified_share",
    "identified_never_seen_share",
    "first_useful_median_weeks",
    "recorded_wait_median_weeks",
)


@dataclass(frozen=True)
class OnMap:
    """A measure on the map: one column of the places over another, and words for it. ``at_end``: known for the end only."""

    label: str
    words: str
    part: str
    whole: str = "needs"
    percent: bool = True
    at_end: bool = False


#: Weeks by which the map's colours are scaled.
WEEKS_SCALED = 5
COUNTS = [c.name for c in tables_of_views()[PLACES] if c.name not in ("system", "week", "place")]

ON_MAP = {
    "useful": OnMap("needs with useful support so far", "of needs have had useful support", "useful"),
    "seen": OnMap("needs seen so far", "of needs have been seen", "seen"),
    "seen_twice": OnMap("needs seen twice so far", "of needs have been seen twice", "seen_twice"),
    "identified": OnMap("needs that somebody has noticed", "of needs have been noticed", "identified"),
    "concerns": OnMap("needs with a concern raised", "of needs have had a concern raised", "concerns"),
    "waiting": OnMap(
        "needs waiting for useful support", "of needs are waiting for useful support", "waiting"
    ),
    "waiting_over_18_weeks": OnMap(
        "needs waiting for over 18 weeks",
        "of needs have been waiting for useful support for over 18 weeks",
        "waiting_over_18_weeks",
    ),
    "specialist": OnMap(
        "specialist needs with specialist support",
        "of needs at specialist level have had specialist support",
        "specialist",
        "needs_specialist",
    ),
    "points": OnMap(
        "points gained against no service (at the end)",
        "points gained against no service",
        "points_gained",
        "needs_at_end",
        percent=False,
        at_end=True,
    ),
}


def by_group(study: Study, view: str, group: str, measure: str) -> pd.DataFrame:
    """Mean over replications with its 95 % interval, by system and group: columns system, group, value, low, high, n.

    A group that has no number in some replication has no mean: the replications that do have one are the better ones (a
    median is not reached where most wait for ever), and their mean would hide the worst groups.
    """
    import pandas as pd

    from experiments.certainty.statistics import estimate

    found = study.view(view)
    records = []
    for (system, name), rows in found.groupby(["system", group], sort=False):
        e = estimate(rows[measure].to_numpy())
        known = (e.mean, e.low, e.high) if e.n == len(rows) else (np.nan,) * 3
        records.append((system, name, *known, e.n))
    return pd.DataFrame(records, columns=["system", group, "value", "low", "high", "n"])


def quintiles(look: Look) -> Drawn:
    """A measure by deprivation fifth."""
    study, measure = look.study, look.values["measure"]
    m = LABELS[measure]
    frame = by_group(study, "quintiles", "imd_quintile", measure)
    percent = m.unit == "%"
    fig = groups_figure(
        frame, "imd_quintile", FIFTHS, titles(study), "" if percent else m.unit, percent, look.dark
    )
    fig.update_xaxes(title_text="deprivation fifth of the neighbourhood")
    said = []
    for name, title in titles(study).items():
        own = frame[frame["system"] == name].set_index("imd_quintile")["value"]
        said.append(f"{title} {m.text(own[1])} in the most and {m.text(own[5])} in the least deprived fifth")
    said += _not_told(frame, m, "fifths")
    return Drawn(f"{m.label}: {'; '.join(said)}.", _told(frame, "Deprivation fifth", m.unit), fig)


def localities(look: Look) -> Drawn:
    """A measure by locality."""
    study, measure = look.study, look.values["measure"]
    m = LABELS[measure]
    frame = by_group(study, "localities", "locality", measure)
    names = locality_ticks(study.area.localities)
    percent = m.unit == "%"
    fig = groups_figure(
        frame, "locality", names, titles(study), "" if percent else m.unit, percent, look.dark, join=False
    )
    said = []
    for name, title in titles(study).items():
        own = frame[frame["system"] == name]["value"]
        told = f"{title} {m.text(own.min())} to {m.text(own.max())}"
        # what has no number is not the lowest or the highest of those that do, and often the worst
        said.append(told if own.notna().all() else f"{told} in {int(own.notna().sum())} of {len(own)}")
    said += _not_told(frame, m, "localities")
    return Drawn(
        f"{m.label}, lowest to highest locality: {'; '.join(said)}.", _told(frame, "Locality", m.unit), fig
    )


def _not_told(frame: pd.DataFrame, measure: Measure, groups: str) -> list[str]:
    """How many groups have no number, and why."""
    without = int(frame["value"].isna().sum())
    if not without:
        return []
    return [
        f"–, for {without} of {len(frame)} {groups} shown: {measure.undefined}, in one replication at least"
    ]


def _told(frame: pd.DataFrame, group: str, unit: str) -> pd.DataFrame:
    out = frame.copy()
    unit = "share" if unit == "%" else unit
    out.columns = ["System", group, f"Mean ({unit})", "Low (95 %)", "High (95 %)", "Replications"]
    return out


def place_map(look: Look) -> Drawn:
    """Every place of the area by its coordinates, as things stand at the end of a week."""
    import pandas as pd

    study, system, measure = look.study, look.values["system"], ON_MAP[look.values["shown"]]
    area = study.area
    if not np.isfinite(area.place_easting).any():
        raise InputError(
            "This area's places have no coordinates, so there is no map; the chart by locality has them."
        )
    known = _weeks_known(study)
    week = int(known[max(int(np.searchsorted(known, int(look.values["week"]), side="right")) - 1, 0)])
    read = ["system", "place", *(c for c in COUNTS if c not in ("needs_at_end", "points_gained"))]
    everything = study.places([week], list(dict.fromkeys([*read, measure.part, measure.whole])))
    top = _strongest(study, measure, known)
    rows = everything[everything["system"] == system]
    rows = rows[rows[measure.whole] > 0]
    rows = rows.assign(value=_share(rows, measure))
    at = rows["place"].to_numpy(int)
    rows = rows.assign(
        name=np.array(area.place_name, object)[at],
        kind=np.array(KINDS, object)[area.place_kind[at]],
        locality=np.array(area.localities, object)[area.place_locality[at]],
        easting=area.place_easting[at],
        northing=area.place_northing[at],
        of=rows[measure.whole],
    )
    drawn, side = in_squares(rows.assign(part=rows[measure.part]))
    fig = map_figure(
        drawn.assign(value=drawn["part"] / drawn["of"]), top, measure.words, measure.percent, look.dark
    )
    when = "at the end of the run" if measure.at_end else f"at the end of week {week}"
    title = study.system_title(system)
    if rows.empty:
        return Drawn(f"{title}, {when}: no place has such needs.", pd.DataFrame(), fig)
    whole = rows[measure.part].sum() / rows[measure.whole].sum()
    low, high = rows["value"].quantile([0.1, 0.9])
    text = (lambda v: f"{v:.0%}") if measure.percent else (lambda v: f"{v:.2f}")
    made_up = (
        "" if study.configs[system].area.kind == "files" else " Places are made up from published counts."
    )
    said = (
        f"{title}, {when}: {text(whole)} {measure.words}; eight in ten of the "
        f"{len(rows):,} places lie between {text(low)} and {text(high)}. Mean of {study.n} "
        f"replication{'s' if study.n > 1 else ''}.{made_up}"
    )
    if side:
        said += f" Drawn in squares of {side} km; each place is in the table."
    columns = {
        "name": "Place",
        "kind": "Kind",
        "locality": "Locality",
        "value": measure.label[:1].upper() + measure.label[1:] + (" (share)" if measure.percent else ""),
        "needs": "Needs begun",
        "identified": "Noticed",
        "concerns": "Concern raised",
        "seen": "Seen",
        "seen_twice": "Seen twice",
        "useful": "Useful support",
        "waiting": "Waiting",
        "waiting_over_18_weeks": "Waiting over 18 weeks",
        "easting": "Easting",
        "northing": "Northing",
    }
    frame = rows.sort_values("value", kind="stable")[list(columns)].rename(columns=columns)
    return Drawn(said, frame.assign(Kind=frame["Kind"].str.replace("_", " ")), fig)


def _share(places: pd.DataFrame, measure: OnMap) -> np.ndarray:
    part, whole = places[measure.part].to_numpy(float), places[measure.whole].to_numpy(float)
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _weeks_known(study: Study) -> np.ndarray:
    """Weeks at whose end places were looked at."""
    config = study.configs[study.reference]
    window = days_of_run(config.history_years, config.horizon_years)
    return map_weeks(*window, len(study.area.place_name))


def _strongest(study: Study, measure: OnMap, weeks: np.ndarray) -> float:
    """The value with the strongest colour: the same in every system and week, so that maps can be compared. It is higher
    than nearly all values in a few weeks spread over the years."""
    some = weeks[np.unique(np.linspace(0, len(weeks) - 1, WEEKS_SCALED).astype(int))]
    rows = study.places([int(w) for w in some], [measure.part, measure.whole])
    value = _share(rows, measure)
    value = value[np.isfinite(value)]
    return max(float(np.quantile(value, 0.98)), 1e-9) if len(value) else 1.0


def _measures(study: Study) -> Options:
    return [(name, LABELS[name].label) for name in BY_GROUP]


def _weeks(study: Study) -> Options:
    """From the last week, which is shown first, to the first."""
    decision, end = days_of_run(
        study.configs[study.reference].history_years, study.configs[study.reference].horizon_years
    )
    return [(str(week), f"week {week}") for week in range(max((end - decision) // 7, 1), 0, -1)]


PAGE = Page(
    "/equity",
    "Equity and place",
    "Therapy leads",
    "A service can be better on average and leave behind those who need it most. Here each measure is told by the "
    "deprivation of the neighbourhood, by locality, and place by place.",
    [
        Panel(
            "quintiles",
            "Does it help the most deprived as much as the least?",
            "The national Index of Multiple Deprivation divides neighbourhoods into fifths. A level line is equal; one that "
            "rises to the right favours the least deprived. Bars are 95 % intervals over the replications at hand.",
            quintiles,
            uses=("measure",),
        ),
        Panel(
            "localities",
            "Does it depend on where a child lives?",
            "The same measure for each locality of the area.",
            localities,
            uses=("measure",),
        ),
        Panel(
            "map",
            "Which places are reached, and which are not?",
            "Each mark is a place where children spend their day, at its coordinates: circles early-years settings, squares "
            "primary, triangles secondary, diamonds special schools. Larger: more needs. Stronger colour: more of the "
            "measure, on one scale for all systems and weeks. Weeks count from the decision day; a child counts for the "
            "place it attends at the end. No map is loaded from anywhere.",
            place_map,
            uses=("system", "shown", "week"),
        ),
    ],
    (
        Control("measure", "Measure", _measures),
        Control("system", "Map of", systems),
        Control("shown", "showing", lambda study: [(n, m.label) for n, m in ON_MAP.items()]),
        Control("week", "Map at the end of week", _weeks, slider=True),
    ),
)
