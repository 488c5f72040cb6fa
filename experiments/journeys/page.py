"""One child on a page: who it is, its story under each system, its waits, and its score over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from experiments.journeys.story import MONTHS, age, as_date, day_words, storyline
from experiments.journeys.waits import WAITS, days_seen
from experiments.screen import TEXT_WIDTH, Screen, bullets
from experiments.words import grade_sentence
from sim.journey_rules import NO_SERVICE
from sim.journey_words import lower_first

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from sim.area import Area
    from sim.config import Config
    from sim.journey import Journeys

NARROWEST = 36  # characters of a column in which a story can be read
MOST_DATES = 5  # at which the score is given in figures
BARS = "▁▂▃▄▅▆▇█"
PICTURE = 24  # characters
NOBODY_REAL = "A simulated child: nobody real."
COUNTED = "From here on the years are counted."


def headings(configs: Mapping[str, Config]) -> dict[str, str]:
    """Title of each system; where they share one, as ways to change from one system do, the names that were typed."""
    titles = {name: config.system.title for name, config in configs.items()}
    return titles if len(set(titles.values())) == len(titles) else {name: name for name in titles}


def journey_page(
    told: Journeys, why: str, configs: Mapping[str, Config], area: Area, width: int | None = None
) -> Group:
    """Who the child is, its story under each system, its waits, its score, and what to bear in mind."""
    from rich.console import Group
    from rich.text import Text

    if width is None:
        screen = Screen()
        width = screen.width if screen.is_terminal else TEXT_WIDTH
    first = next(iter(configs.values()))
    child = told.children.iloc[0]
    titles = headings(configs)
    parts: list[Any] = [Text(f"{NOBODY_REAL} Child {child['child']}, {area.name}", style="bold")]
    parts.append(bullets([who(told), *([why] if why else [])]))
    parts += [Text("\nWhat happens", style="bold"), *_story(told, titles, width)]
    parts += [Text("\nWaits and contacts", style="bold"), *_waits(told, list(configs))]
    parts += [Text("\nFunction", style="bold"), *_scores(told, list(configs), first)]
    parts.append(Text("\nTo bear in mind", style="bold"))
    parts.append(
        bullets(
            [
                "One child shows how a difference comes about, not how large it is on average: for that, "
                "opendoor compare.",
                "The child has the same needs and the same luck everywhere; only what the services do differs.",
                grade_sentence(configs),
            ]
        )
    )
    return Group(*parts)


def who(told: Journeys) -> str:
    """The child in one sentence."""
    child = told.children.iloc[0]
    needs = told.needs.drop_duplicates("need")
    listed = "; ".join(
        f"{lower_first(need['title'])} ({need['level']} level), from {age(child['birth_date'], need['onset_date'])} on"
        for need in needs.to_dict("records")
    )
    fifth = {1: "1 (most deprived)", 5: "5 (least deprived)"}.get(
        int(child["imd_quintile"]), str(child["imd_quintile"])
    )
    word = "Need" if len(needs) == 1 else "Needs"
    return (
        f"Born {day_words(child['birth_date'])}; lives in {child['locality']}, deprivation fifth {fifth}. "
        f"{word}: {listed}."
    )


def _story(told: Journeys, titles: Mapping[str, str], width: int) -> list[Any]:
    """The stories in columns by date if the screen is wide enough for them, else one after the other."""
    from rich.text import Text

    decision = as_date(told.children["decision_date"].iloc[0])
    stories = {system: [(decision, COUNTED), *storyline(told, system)] for system in titles}
    birth = told.children["birth_date"].iloc[0]
    if len(titles) == 1 or 18 + (NARROWEST + 2) * len(titles) <= width:
        return [_story_table(stories, titles, birth)]
    out: list[Any] = []
    for system, story in stories.items():
        out += [_story_table({system: story}, titles, birth), Text("")]
    return out[:-1]


def _story_table(
    stories: Mapping[str, list[tuple[date, str]]], titles: Mapping[str, str], birth: Any
) -> Table:
    table = _table("Date, age", *(titles[system] for system in stories), first_width=18)
    for day in sorted({day for story in stories.values() for day, _ in story}):
        cells = ["\n".join(text for d, text in story if d == day) for story in stories.values()]
        table.add_row(f"{day_words(day)}\n  {age(birth, day)}", *cells)
    return table


def _waits(told: Journeys, names: Sequence[str]) -> list[Any]:
    out: list[Any] = []
    for need, rows in told.needs.groupby("need", sort=False):
        by_system = {row["system"]: row for row in rows.to_dict("records")}
        title = next(iter(by_system.values()))["title"]
        table = _table(title, *names, first_width=34)
        seen = days_seen(told, need)
        for label, cell in WAITS.items():
            table.add_row(label, *(cell(by_system[name], seen) for name in names))
        out.append(table)
    return out


def _scores(told: Journeys, names: Sequence[str], config: Config) -> list[Any]:
    """For each need a picture of the score and its value on some dates, under each system and none."""
    from rich.text import Text

    out: list[Any] = []
    shown = list(dict.fromkeys([NO_SERVICE, *names]))
    for need, rows in told.trajectory.groupby("need", sort=False):
        about = told.needs[told.needs["need"] == need]
        start, end = int(rows["day"].min()), int(rows["day"].max())
        low, high = float(rows["score"].min()), float(rows["score"].max())
        at = _dates(rows)
        table = _table(
            about["title"].iloc[0],
            f"{low:.1f} ▁ to █ {high:.1f}",
            *(f"{MONTHS[as_date(day).month - 1]} {as_date(day).year}>" for day in at),
            "Gain>",
            first_width=12,
        )
        table.columns[1].no_wrap = True
        for system in shown:
            own = rows[rows["system"] == system]
            values = own.set_index("date")["score"]
            score_years = about["score_years_no_service"].iloc[0]
            if system != NO_SERVICE:
                score_years = about.loc[about["system"] == system, "score_years"].iloc[0] - score_years
            table.add_row(
                "no service" if system == NO_SERVICE else system,
                picture(own, start, end, low, high),
                *(f"{values[day]:.1f}" for day in at),
                "–" if system == NO_SERVICE else f"{score_years:+.2f}",
            )
        out.append(table)
    points = config.resolver()(config.needs.significant_points)
    out.append(
        Text(
            f"Functional score, 0 to 5; a change of {points:g} is one that matters. Gain: point-years over no "
            f"service in the {config.horizon_years:g} years counted."
        )
    )
    return out


def _dates(rows: pd.DataFrame) -> list[Any]:
    """Days on which every path has a score, about evenly spaced, from the first to the last."""
    counts = rows.groupby("day")["system"].nunique()
    common = counts.index[counts == rows["system"].nunique()].to_numpy(np.int64)
    spaced = np.linspace(common[0], common[-1], MOST_DATES)
    nearest = np.unique([common[np.argmin(np.abs(common - day))] for day in spaced])
    return [rows.loc[rows["day"] == day, "date"].iloc[0] for day in nearest]


def picture(path: pd.DataFrame, start: int, end: int, low: float, high: float) -> str:
    """A score over time as a row of bars, from day ``start`` to day ``end`` and from ``low`` to ``high``."""
    days = np.linspace(start, end, PICTURE) if end > start else np.array([float(start)])
    values = np.interp(days, path["day"], path["score"])
    share = (values - low) / (high - low) if high > low else np.zeros(len(values))
    return "".join(BARS[int(i)] for i in np.minimum(share * len(BARS), len(BARS) - 1))


def _table(first: str, *rest: str, first_width: int) -> Table:
    """Headings; one that ends in ``>`` holds numbers. On a narrow screen cells wrap, none vanish."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(first, overflow="fold", min_width=first_width)
    for title in rest:
        side: Literal["left", "right"] = "right" if title.endswith(">") else "left"
        table.add_column(title.removesuffix(">"), justify=side, overflow="fold")
    return table
