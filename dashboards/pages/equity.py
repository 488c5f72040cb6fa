"""Equity and place: does help reach the children who live in the most deprived places as well as the others?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.figures.equity import groups_figure, map_figure
from dashboards.page import Control, Drawn, Look, Options, Page, Panel, systems
from dashboards.pages.waits import titles
from dashboards.study import Study
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

FIFTHS = ("1 (most deprived)", "2", "3", "4", "5 (least deprived)")

#: Headline measures that are known for each group.
BY_GROUP = (
    "reach_share",
    "first_useful_within_18_weeks_share",
    "impact_mean_change_points",
    "impact_significant_share",
    "never_identified_share",
    "identified_never_seen_share",
    "first_useful_median_weeks",
    "recorded_wait_median_weeks",
)

#: Measures on the map: numerator, denominator and words.
ON_MAP = {
    "useful": "of needs have had useful support",
    "seen": "of needs have been seen",
    "change": "points gained against no service",
}


def by_group(study: Study, view: str, group: str, measure: str) -> pd.DataFrame:
    """Mean over replications with its 95 % interval, by system and group: columns system, group, value, low, high, n."""
    import pandas as pd

    from experiments.statistics import estimate

    found = study.view(view)
    records = []
    for (system, name), rows in found.groupby(["system", group], sort=False):
        e = estimate(rows[measure].to_numpy())
        records.append((system, name, e.mean, e.low, e.high, e.n))
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
    return Drawn(f"{m.label}: {'; '.join(said)}.", _told(frame, "Deprivation fifth", m.unit), fig)


def localities(look: Look) -> Drawn:
    """A measure by locality."""
    study, measure = look.study, look.values["measure"]
    m = LABELS[measure]
    frame = by_group(study, "localities", "locality", measure)
    names = list(study.area.localities)
    percent = m.unit == "%"
    fig = groups_figure(
        frame, "locality", names, titles(study), "" if percent else m.unit, percent, look.dark, join=False
    )
    said = []
    for name, title in titles(study).items():
        own = frame[frame["system"] == name]["value"]
        said.append(f"{title} {m.text(own.min())} to {m.text(own.max())}")
    return Drawn(
        f"{m.label}, lowest to highest locality: {'; '.join(said)}.", _told(frame, "Locality", m.unit), fig
    )


def _told(frame: pd.DataFrame, group: str, unit: str) -> pd.DataFrame:
    out = frame.copy()
    unit = "share" if unit == "%" else unit
    out.columns = ["System", group, f"Mean ({unit})", "Low (95 %)", "High (95 %)", "Replications"]
    return out


def place_map(look: Look) -> Drawn:
    """Every place of the area by its coordinates."""
    study, system, year, measure = (
        look.study,
        look.values["system"],
        int(look.values["year"]),
        look.values["shown"],
    )
    everything = study.view("places")
    if not everything["easting"].notna().any():
        raise InputError(
            "This area's places have no coordinates, so there is no map; the chart by locality has them."
        )
    mean = everything.groupby(["system", "year", "place", "name", "kind", "locality"], sort=False)[
        ["easting", "northing", "needs", "seen", "useful", "change"]
    ].mean()
    mean = mean.reset_index()
    mean = mean[mean["needs"] > 0]
    mean["value"] = mean["change"] if measure == "change" else mean[measure] / mean["needs"]
    top = 1.0 if measure != "change" else max(float(mean["value"].quantile(0.98)), 1e-9)
    rows = mean[(mean["system"] == system) & (mean["year"] == year)]
    fig = map_figure(rows, top, ON_MAP[measure], measure != "change", look.dark)
    whole = (rows["value"] * rows["needs"]).sum() / rows["needs"].sum()
    low, high = rows["value"].quantile([0.1, 0.9])
    text = (lambda v: f"{v:.0%}") if measure != "change" else (lambda v: f"{v:.2f}")
    said = (
        f"{study.system_title(system)}, end of year {year}: {text(whole)} {ON_MAP[measure]}; eight in ten of the "
        f"{len(rows)} places lie between {text(low)} and {text(high)}. Places are made up from published counts."
    )
    frame = rows[
        ["name", "kind", "locality", "needs", "seen", "useful", "change", "easting", "northing"]
    ].copy()
    frame.columns = [
        "Place",
        "Kind",
        "Locality",
        "Needs",
        "Seen",
        "Useful support",
        "Points gained",
        "Easting",
        "Northing",
    ]
    return Drawn(said, frame, fig)


def _measures(study: Study) -> Options:
    return [(name, LABELS[name].label) for name in BY_GROUP]


def _years(study: Study) -> Options:
    horizon = study.configs[study.reference].horizon_years
    years = max(1, round(horizon))
    return [(str(y), f"year {y}") for y in range(years, 0, -1)]


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
        ),
        Panel(
            "localities",
            "Does it depend on where a child lives?",
            "The same measure for each locality of the area.",
            localities,
        ),
        Panel(
            "map",
            "Which places are reached, and which are not?",
            "Each mark is a place where children spend their day, at its coordinates: stars hubs, circles early-years "
            "settings, squares primary, triangles secondary, diamonds special schools. Larger: more children with needs. "
            "Stronger colour: more of the measure. A child counts for the place it attends at the end. No map is loaded "
            "from anywhere.",
            place_map,
        ),
    ],
    (
        Control("measure", "Measure", _measures),
        Control("system", "Map of", systems),
        Control(
            "shown",
            "showing",
            lambda study: [(n, f"share {w}" if n != "change" else w) for n, w in ON_MAP.items()],
        ),
        Control("year", "at the end of", _years),
    ),
)
