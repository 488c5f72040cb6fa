"""Getting there: all at once, place by place, or both systems for a while, each against staying put, week by week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.figures.change import course_figure, ways_figure
from dashboards.figures.equity import groups_figure, locality_ticks
from dashboards.page import Control, Drawn, Look, Options, Page, Panel, attributes, cell, table
from dashboards.pages.equity import FIFTHS
from dashboards.sliders import register, section
from dashboards.studies.changes import as_table, beside, change_table, lacking, listed, plan_titles, verdicts
from dashboards.studies.study import Study
from dashboards.telling.link import link
from sim.dictionary import WEEKLY_MEANING
from sim.errors import InputError
from sim.measures.change import BY_GROUP, DISRUPTION, LOOKED_AT, MEASURES, TOLERANCE

if TYPE_CHECKING:
    import pandas as pd

#: What can be followed week by week: words, and the unit beside the axis.
FOLLOWED = {
    "first_contacts": ("First contacts", "in the week"),
    "first_useful": ("First useful support", "in the week"),
    "list_over_18_weeks": ("Waiting over 18 weeks for a first contact", "needs"),
    "contacts": ("Contacts", "in the week"),
    "points": ("Function gained over no service, all needs", "points"),
    "gave_up": (WEEKLY_MEANING["gave_up"].capitalize(), "in the week"),
    "turned_away": (WEEKLY_MEANING["turned_away"].capitalize(), "in the week"),
    "duplicate_contacts": (WEEKLY_MEANING["duplicate_contacts"].capitalize(), "in the week"),
    "hours_change": ("Staff hours on the change itself", "hours in the week"),
    "hours_coordination": ("Staff hours on coordinating two systems", "hours in the week"),
    "pounds_change": ("Staff cost of the change", "£ in the week"),
    "pounds_running": ("Staff cost of everything else", "£ in the week"),
}
#: By group: what can be shown, the first at the start.
BY_GROUP_SHOWN = (
    "point_years_per_1000_children",
    "harmed_share",
    "helped_share",
    "point_years_lost",
    "point_years_won",
    "change_hours",
)
TIMING = {"lowest_week": "Furthest behind", "break_even_week": "Break-even"}
PEOPLE = {"children_helped": "Helped", "children_harmed": "Harmed"}
MONEY = {"pounds_change": "The change itself", "pounds_running": "Everything else", "pounds": "In all"}
#: What is told of every way at once, impact first: measure -> heading.
IN_SHORT = {
    "point_years": "Function gained by the end (point-years)",
    "children_helped": "Children helped",
    "children_harmed": "Children harmed",
    "break_even_week": "Never behind again from week (0: it never was)",
    "disruption_weeks": "Weeks of disruption",
    "pounds_change": "Staff cost of the change",
}
WHEN_IN_SHORT = {
    "lowest_point_years": "At its furthest behind (point-years)",
    "break_even_week": "Never behind again from week (0: it never was)",
    "broke_even": "Replications that break even",
}
WEEKS_OF_A_YEAR = 52
#: Single weeks of small counts go up and down by luck: what is drawn are means of so many.
WEEKS_TOGETHER = 4


def ahead(look: Look) -> Drawn:
    """Cumulative impact against staying put."""
    import pandas as pd

    study, titles = look.study, plan_titles(look.study)
    rows = change_table(study, "change_by_week")
    rows = rows[rows["measure"] == "point_years"].rename(columns={"difference": "value"})
    weeks = sorted(rows["week"].unique())
    put = pd.DataFrame({"plan": study.reference, "week": weeks, "value": 0.0, "low": 0.0, "high": 0.0})
    shown = pd.concat([put, rows[["plan", "week", "value", "low", "high"]]], ignore_index=True)
    fig = course_figure(shown, titles, "point-years ahead (below 0: behind)", look.dark)
    frame = shown.assign(plan=shown["plan"].map(titles))
    frame.columns = ["Way to change", "Week", "Point-years ahead", "Low (95 %)", "High (95 %)"]
    rows = change_table(study, "change")
    said = f"Set against “{titles[study.reference]}”. {verdicts(study, 'point_years', rows)}"
    return Drawn(said, frame, fig, body=_table(beside(study, rows, IN_SHORT), "Each way to change in short"))


def timing(look: Look) -> Drawn:
    """When each way is furthest behind, and when it breaks even."""
    study = look.study
    rows = change_table(study, "change")
    titles = plan_titles(study)
    ends = rows[rows["measure"] == "broke_even"]
    always = [titles[row["plan"]] for row in ends.to_dict("records") if row["mean"] == 1.0]
    never = [titles[row["plan"]] for row in ends.to_dict("records") if row["mean"] == 0.0]
    some = [title for title in titles.values() if title not in (*always, *never, titles[study.reference])]
    said = "; ".join(
        f"{words}: {listed(ways)}"
        for words, ways in (
            ("Break even in every replication", always),
            ("in some", some),
            ("in none within the years simulated", never),
        )
        if ways
    )
    fig = _ways(look, rows, TIMING, "weeks after the decision")
    names = [*TIMING, "lowest_point_years", "broke_even", "worst_points", "worst_week"]
    body = _table(beside(study, rows, WHEN_IN_SHORT), "When each way breaks even")
    return Drawn(f"{said[:1].upper()}{said[1:]}.", as_table(study, rows, names), fig, body=body)


def weekly(look: Look) -> Drawn:
    """One thing week by week, staying put and every plan."""
    import pandas as pd

    study, measure, titles = look.study, look.values["counted"], plan_titles(look.study)
    words, unit = FOLLOWED[measure]
    rows = change_table(study, "change_by_week")
    rows = rows[rows["measure"] == measure]
    if rows.empty:
        raise InputError(f"These results do not hold this by week: {words.lower()}. Choose something else.")
    put = rows[rows["plan"] == rows["plan"].iloc[0]].assign(plan=study.reference)
    put = put.assign(plan_mean=put["reference_mean"], difference=0.0)
    every = pd.concat([put, rows], ignore_index=True)
    end = int(every["week"].max())
    years = []
    for plan, title in titles.items():
        own = every[every["plan"] == plan].set_index("week")["plan_mean"]
        first, last = own[own.index <= WEEKS_OF_A_YEAR].mean(), own[own.index > end - WEEKS_OF_A_YEAR].mean()
        years.append((title, cell(round(float(first), 1)), cell(round(float(last), 1))))
    short = pd.DataFrame(years, columns=["Way to change", "Mean of the first year", "Mean of the last year"])
    # function is looked at every few weeks as it is
    shown = every[["plan", "week", "plan_mean", "difference"]] if measure in LOOKED_AT else in_fours(every)
    drawn = shown.rename(columns={"plan_mean": "value"}).assign(low=float("nan"), high=float("nan"))
    fig = course_figure(drawn, titles, unit, look.dark)
    frame = shown.assign(plan=shown["plan"].map(titles))
    frame.columns = ["Way to change", "Up to week", f"Mean ({unit})", "Difference from staying put"]
    return Drawn(
        f"{words} ({unit}).", frame, fig, body=_table(short, f"{words}: the first year and the last")
    )


def in_fours(frame: pd.DataFrame) -> pd.DataFrame:
    """Means over four weeks at a time, by the last of them; columns ``plan, week, plan_mean, difference``.

    Weeks left over at the end are left out: on their own they would stand out by luck.
    """
    last = ((frame["week"] - 1) // WEEKS_TOGETHER + 1) * WEEKS_TOGETHER
    whole = last <= frame["week"].max()
    grouped = frame.assign(week=last)[whole].groupby(["plan", "week"], sort=False)
    return grouped[["plan_mean", "difference"]].mean().reset_index()


def disruption(look: Look) -> Drawn:
    """Weeks in which something is worse than under staying put."""
    study = look.study
    rows = change_table(study, "change")
    labels = {"disruption_weeks": "Any of these"} | {
        name: MEASURES[name].label.removeprefix("... by ").capitalize()
        for name in (f"disruption_weeks_{m}" for m in DISRUPTION)
        if (rows.loc[rows["measure"] == name, "n"] > 0).any()
    }
    fig = _ways(look, rows, labels, "weeks worse than under staying put")
    short = {"disruption_weeks": "Weeks in which any of these is worse"}
    weeks = int(change_table(study, "change_by_week")["week"].max())
    said = f"Of {weeks} weeks that are looked at. {mostly(rows, plan_titles(study))}"
    body = _table(beside(study, rows, short), "Weeks of disruption")
    return Drawn(said, as_table(study, rows, list(labels)), fig, body=body)


def mostly(rows: pd.DataFrame, titles: dict[str, str]) -> str:
    """By which measure alone each way has most of its weeks of disruption, and what to mind if that is the list."""
    out, by_list = [], False
    for plan, title in list(titles.items())[1:]:
        own = rows[rows["plan"] == plan].set_index("measure")["mean"]
        alone = {name: own.get(f"disruption_weeks_{name}", float("nan")) for name in DISRUPTION}
        alone = {name: mean for name, mean in alone.items() if mean > 0}
        if not alone:
            continue
        name = max(alone, key=lambda one: alone[one])
        label = MEASURES[f"disruption_weeks_{name}"].label.removeprefix("... by ")
        out.append(f"{title}, most by {label} ({alone[name]:,.0f})")
        by_list = by_list or name == "list_over_18_weeks"
    said = f"{'; '.join(out)}." if out else ""
    if by_list:
        said += (
            " A way that does away with the list for a first contact cannot be worse in who waits on it: that measure is on "
            "its side, whoever waits for therapy or a group instead."
        )
    return f"{said[:1].upper()}{said[1:]}"


def people(look: Look) -> Drawn:
    """Children helped and harmed."""
    study = look.study
    rows = change_table(study, "change")
    said = " ".join(verdicts(study, name, rows) for name in PEOPLE)
    names = [*PEOPLE, "children_better", "children_worse", "point_years_won", "point_years_lost"]
    short = {"children_helped": "Children helped", "children_harmed": "Children harmed"}
    body = _table(beside(study, rows, short), "Children helped and harmed")
    return Drawn(said, as_table(study, rows, names), _ways(look, rows, PEOPLE, "children"), body=body)


def groups(look: Look) -> Drawn:
    """Who pays and who gains, by deprivation or locality."""
    import pandas as pd

    study, titles = look.study, plan_titles(look.study)
    grouping, measure = look.values["by"], look.values["told"]
    unit, words = BY_GROUP[measure]
    rows = change_table(study, "change_by_group")
    rows = rows[(rows["grouping"] == grouping) & (rows["measure"] == measure)]
    if rows.empty:
        raise InputError(f"There is no number by deprivation for: {words}. Choose localities.")
    names = list(dict.fromkeys(rows["group"]))
    shown = rows.rename(columns={"plan": "system", "mean": "value"})
    shown = shown[["system", "group", "value", "low", "high", "n"]]
    put = pd.DataFrame({"system": study.reference, "group": names, "value": 0.0, "low": 0.0, "high": 0.0})
    every = pd.concat([put.assign(n=int(rows["n"].max())), shown], ignore_index=True)
    fifths = grouping == "imd_quintile"
    percent = unit == "share"
    shown_names = list(FIFTHS) if fifths else locality_ticks(names)
    fig = groups_figure(
        every, "group", shown_names, titles, "" if percent else unit, percent, look.dark, fifths
    )
    fig.update_xaxes(title_text="deprivation fifth of the neighbourhood" if fifths else "locality")
    short = []
    for plan in list(titles)[1:]:
        own = shown[shown["system"] == plan].set_index("group")
        ends = ("1", "5") if fifths else (str(own["value"].idxmin()), str(own["value"].idxmax()))
        short.append(
            (titles[plan], *(_in_group(own.loc[group], "" if fifths else group, percent) for group in ends))
        )
    heads = (
        ("Most deprived fifth", "Least deprived fifth") if fifths else ("Lowest locality", "Highest locality")
    )
    more, less = int((shown["low"] > 0).sum()), int((shown["high"] < 0).sum())
    said = (
        f"{words[:1].upper()}{words[1:]} ({unit}), against {titles[study.reference]}: of {len(shown)} intervals, {more} are "
        f"above nought, {less} below, and {len(shown) - more - less} include it."
    )
    body = _table(pd.DataFrame(short, columns=["Way to change", *heads]), words)
    frame = every.assign(system=every["system"].map(titles))
    group = "Deprivation fifth" if fifths else "Locality"
    frame.columns = ["Way to change", group, f"Mean ({unit})", "Low (95 %)", "High (95 %)", "Replications"]
    return Drawn(said, frame, fig, body=body)


def cost(look: Look) -> Drawn:
    """Money and staff time."""
    study = look.study
    rows = change_table(study, "change")
    said = verdicts(study, "pounds_change", rows)
    short = {"pounds_change": "The change itself", "pounds": "Staff cost in all"}
    names = [*MONEY, *(name for name in MEASURES if name.startswith("hours_"))]
    fig = _ways(look, rows, MONEY, "£ more than under staying put")
    return Drawn(said, as_table(study, rows, names), fig, body=_table(beside(study, rows, short), "Costs"))


def _ways(look: Look, rows: pd.DataFrame, labels: dict[str, str], axis: str) -> object:
    """The figure of some measures, without one if no plan has any of them."""
    shown = rows[rows["measure"].isin(list(labels)) & (rows["n"] > 0)]
    return ways_figure(shown, labels, plan_titles(look.study), axis, look.dark) if len(shown) else None


def _in_group(row: Any, group: str, percent: bool) -> str:
    """A difference in one group, with its interval."""

    def number(value: float) -> str:
        return (f"{value:+.1%}" if percent else f"{value:+,.1f}").replace("-", "−")

    text = f"{group}: {number(row['value'])}" if group else number(row["value"])
    return f"{text} ({number(row['low'])} to {number(row['high'])})" if row["n"] > 1 else text


def _table(frame: pd.DataFrame, label: str) -> Any:
    """A small table that stands on the page, under its figure."""
    from dash import html

    return html.Div(
        table(frame),
        className="scroll whole short stacked",
        role="region",
        tabIndex="0",
        **attributes(aria_label=label),
    )


def _counted(study: Study) -> Options:
    held = set(change_table(study, "change_by_week")["measure"]) if study.n else set(FOLLOWED)
    return [(name, words) for name, (words, _) in FOLLOWED.items() if name in held]


def _told(study: Study) -> Options:
    return [(name, f"{BY_GROUP[name][1][:1].upper()}{BY_GROUP[name][1][1:]}") for name in BY_GROUP_SHOWN]


INTERVALS = (
    "Bars are 95 % intervals over replications, each with the same children and the same luck under every way. "
    "* after an interval: it reaches below nought where nothing can, for so few replications make it rough."
)

PAGE = Page(
    "/change",
    "Getting there",
    "Board members",
    "A better system has to be reached from the one there is. All at once, place by place, or both side by side for a "
    "while: what does each way do to children, week by week, against staying put?",
    [
        Panel(
            "ahead",
            "Is each way ahead of staying put, or behind, and from when on?",
            "A point-year is one point of function, on the scale of 0 to 5, held for one year. Every line adds up what all "
            "children have gained since the decision, less what the same children gained under staying put. Below "
            "nought, the change has so far cost children more than it brought them. Bands are 95 % intervals of the "
            "mean over replications.",
            ahead,
            uses=(),
            evidence="transition",
        ),
        Panel(
            "timing",
            "How far behind does it get first, and when does it break even?",
            "Break-even is the first week from which on the line above never is below nought again (0: it never was). "
            "Replications that do not get there within the years simulated are not in its mean; how many do stands with "
            f"it. {INTERVALS}",
            timing,
            uses=(),
            evidence="transition",
        ),
        Panel(
            "weekly",
            "What would a service see from week to week?",
            "The mean over replications, and over four weeks at a time, under staying put and under each way to change. "
            "Single weeks, each with the 95 % interval of its difference from staying put, are in the results folder "
            "(change_by_week.csv).",
            weekly,
            uses=("counted",),
            evidence="transition",
        ),
        Panel(
            "disruption",
            "For how many weeks is something worse than under staying put?",
            "A week counts if, over the weeks from one look at function to the next, the measure is worse than under "
            f"staying put by more than {TOLERANCE:.0%}, and for counts by more than chance would make of it. {INTERVALS}",
            disruption,
            uses=(),
            evidence="transition",
        ),
        Panel(
            "people",
            "How many children are helped, and how many harmed?",
            "Each child is set against itself under staying put. Helped or harmed: better or worse off by a clinically "
            "significant step for a year, over all its needs. The same way to change does both, and a mean hides it. "
            f"{INTERVALS}",
            people,
            uses=(),
            evidence="transition",
        ),
        Panel(
            "groups",
            "Who pays, and who gains?",
            "Differences from staying put by the deprivation of the neighbourhood, or by locality. Places that change "
            f"later wait longer for what it brings. {INTERVALS}",
            groups,
            uses=("by", "told"),
            evidence="transition",
        ),
        Panel(
            "cost",
            "What does it cost?",
            "Staff time at its pay, over all years simulated, more or less than under staying put. The change itself: "
            "training, planning, coordination of two systems, and staff brought in for it. Mostly it comes out of the "
            "time of the same staff, who have less for everything else; then the sum hardly differs, and what it costs is "
            f"seen in the children. The table has every line of staff hours as well. {INTERVALS}",
            cost,
            uses=(),
        ),
    ],
    (
        Control("counted", "What is followed", _counted),
        Control(
            "by",
            "By",
            lambda study: [("imd_quintile", "deprivation"), ("locality", "locality")],
        ),
        Control("told", "Showing", _told),
    ),
    extra=register,
    lacks=lacking,
    after_first=section,
    top=link,
)
