"""One child's journey under each system, side by side: what happens when, how long the waits are, what is gained.

``opendoor journey pick=median`` simulates the area under each system with the same luck, chooses a child by a rule
that it states, and prints the child's story in plain sentences with dates, its waits, and its functional score
under each system and with no service at all. ``opendoor journey kind=dld quintile=1`` lists children instead.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from experiments.compiling import one_at_a_time
from experiments.compose import load_config, load_plans
from experiments.output import chosen_folder, results_folder, write_frame, write_json
from experiments.progress import progress
from experiments.provenance import provenance
from experiments.replicate import replication_seed
from experiments.screen import TEXT_WIDTH, Screen, as_text, bullets, show
from experiments.words import grade_sentence
from sim.area import build_area
from sim.errors import InputError
from sim.journey import (
    DIFFERENCE,
    NO_SERVICE,
    PICKS,
    Journeys,
    compare_children,
    duration,
    journeys,
    lower_first,
    narrow,
    representative,
)
from sim.run import Run, simulate
from sim.system import LEVELS

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.table import Table

    from sim.area import Area
    from sim.config import Config

DEFAULT_SYSTEMS = "system=gatekept,balanced"
LISTED = 15  # children in a list
NARROWEST = 36  # characters of a column in which a story can be read
MOST_DATES = 5  # at which the score is given in figures
BARS = "▁▂▃▄▅▆▇█"
PICTURE = 24  # characters
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NOBODY_REAL = "A simulated child: nobody real."

#: What says nothing beside a fuller line of the same need on the same day; the last of the same offer, too.
_QUIET = {"arrives": "joins_list", "noticed": "found_at_visit", "support_starts": "contact"}
#: What names its need itself, or happens to the child as a whole.
_NAMES_NO_NEED = ("need_begins", "moves_place", "leaves_with_age")
COUNTED = "From here on the years are counted."


def run(overrides: Sequence[str], words: Mapping[str, str], config_dir: str | None = None) -> int:
    """The command.

    Args:
        overrides: of the configuration; without ``system=`` gatekept and balanced are compared.
        words: those of ``child``, ``pick`` and the search that were given.

    Raises:
        InputError: words, configuration or area that cannot be used; nobody to whom the search applies.
    """
    started = datetime.now().astimezone()
    problems = _checked(words)
    try:
        configs = _plans(overrides, config_dir)
        first = next(iter(configs.values()))
        area = build_area(first.area)
    except InputError as e:
        raise InputError([*problems, *e.problems]) from None
    if problems := problems + _known_names(words, first, area):
        raise InputError(problems)
    seed = replication_seed(first.seed, 0)
    with ExitStack() as open_folder:
        folder = None
        if first.output:  # refused before any work is done if it exists
            path = chosen_folder(first.output, "journey", area.name, started)
            folder = open_folder.enter_context(results_folder(path))
        page, text, frames = _found(words, configs, area, seed)
        if folder is not None:
            for name, frame in frames.items():
                write_frame(frame, folder / name)
            (folder / "journey.txt").write_text(text, encoding="utf-8")
            typed = ["journey", *(f"{k}={v}" for k, v in words.items()), *overrides]
            facts = provenance(typed, configs, [seed], started, datetime.now().astimezone())
            write_json(facts, folder / "provenance.json")
    show(page)
    if first.output:
        print(f"\nResults: {first.output}")
    return 0


def _found(
    words: Mapping[str, str], configs: Mapping[str, Config], area: Area, seed: int
) -> tuple[RenderableType, str, dict[str, pd.DataFrame]]:
    """The page for the screen, the same for a file, and the tables behind it: of one child, or of a search."""
    filters = {name: value for name, value in words.items() if name not in ("child", "pick")}
    child = int(words["child"]) if "child" in words else None
    listing = bool(filters) and "pick" not in words
    names, why = list(configs), ""
    runs = (0 if child is not None else len(configs)) + (0 if listing else len(configs))
    with progress(runs, "Simulating") as step, one_at_a_time():
        if child is None:
            children = compare_children(_simulated(configs, seed, step))
            found = narrow(children, **_values(filters, area))
            if found.empty:
                raise InputError(
                    f"{_as_typed(filters)}: none of the {len(children):,} children with needs in {area.name} "
                    "is like that"
                )
            if listing:
                listed = listing_page(found, children, area, names, filters)
                return listed, as_text(listed), {"children": found}
            pick = words.get("pick", "median")
            child = representative(found, pick)
            why = _why(pick, child, found, children, filters, names)
        told = journeys(list(configs.items()), seed, [child], step)
    on_paper = as_text(journey_page(told, why, configs, area, TEXT_WIDTH))
    return journey_page(told, why, configs, area), on_paper, told._asdict()


def _simulated(configs: Mapping[str, Config], seed: int, step: Callable[[], None]) -> dict[str, Run]:
    runs = {}
    for name, config in configs.items():
        runs[name] = simulate(config, seed)
        step()
    return runs


def _plans(overrides: Sequence[str], config_dir: str | None) -> dict[str, Config]:
    changes = [text for text in overrides if text.startswith("transition=") and "," in text]
    if changes:
        return load_plans(overrides, config_dir)
    chosen = [text for text in overrides if text.partition("=")[0].strip() == "system"]
    if not chosen:
        return load_plans([DEFAULT_SYSTEMS, *overrides], config_dir)
    names = chosen[-1].partition("=")[2].strip().strip("[]")
    if "," in names:
        return load_plans(overrides, config_dir)
    return {names: load_config(overrides, config_dir)}


# ------------------------------------------------------------------------------------------- what was typed


def _checked(words: Mapping[str, str]) -> list[str]:
    """What is wrong with the words themselves."""
    problems = []
    for name, low, high in (
        ("child", 0, 2**62),
        ("quintile", 1, 5),
        ("age", 0, 24),
        ("needs_at_least", 1, 3),
    ):
        value = words.get(name)
        if value is None:
            continue
        allowed = "an id, as a listing shows them" if name == "child" else f"a whole number, {low} to {high}"
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            problems.append(f"{name}={value}: must be {allowed}")
    pick, level = words.get("pick"), words.get("level")
    if pick is not None and pick not in PICKS:
        problems.append(f"pick={pick}: no such rule; {_hint(pick, tuple(PICKS))}")
    if level is not None and level not in LEVELS:
        problems.append(f"level={level}: no such level; {_hint(level, LEVELS)}")
    others = [name for name in words if name != "child"]
    if "child" in words and others:
        problems.append(f"child={words['child']}: one child is named already; leave out {', '.join(others)}")
    return problems


def _known_names(words: Mapping[str, str], config: Config, area: Area) -> list[str]:
    """What is wrong with names that only the configuration and the area know."""
    problems = []
    kind, locality = words.get("kind"), words.get("locality")
    if kind is not None and kind not in config.needs.kinds:
        problems.append(f"kind={kind}: no such kind of need; {_hint(kind, tuple(config.needs.kinds))}")
    if locality is not None and _locality(locality, area) is None:
        problems.append(f"locality={locality}: no such locality; {_hint(locality, area.localities)}")
    return problems


def _hint(found: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(found, names, 1)
    return (f"did you mean '{close[0]}'? " if close else "") + f"one of {', '.join(names)}"


def _locality(typed: str, area: Area) -> str | None:
    """The locality whose name is, or as the only one begins with, what was typed."""
    wanted = typed.strip().strip("'\"").casefold()
    exact = [name for name in area.localities if name.casefold() == wanted]
    begins = [name for name in area.localities if name.casefold().startswith(wanted)]
    matches = exact or begins
    return matches[0] if len(matches) == 1 else None


def _values(filters: Mapping[str, str], area: Area) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in filters.items():
        if name == "locality":
            out[name] = _locality(value, area)
        else:
            out[name] = value if name in ("kind", "level") else int(value)
    return out


def _as_typed(filters: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in filters.items())


def _sides(names: Sequence[str]) -> dict[str, str]:
    return {"reference": names[0] if len(names) > 1 else "no service", "other": names[-1]}


def _why(
    pick: str,
    child: int,
    found: pd.DataFrame,
    children: pd.DataFrame,
    filters: Mapping[str, str],
    names: Sequence[str],
) -> str:
    """By which rule the child was chosen, and how far it is from the others."""
    difference = float(found.loc[found["child"] == child, "difference"].iloc[0])
    among = f"{len(found):,} children with {_as_typed(filters)}" if filters else f"{len(found):,} children"
    return (
        f"Chosen by the rule pick={pick}: {PICKS[pick].format(**_sides(names))}; out of {among}. "
        f"{DIFFERENCE.format(**_sides(names))} This child: {difference:+.2f} point-years. "
        f"{spread_sentence(children, names)}"
    )


def spread_sentence(children: pd.DataFrame, names: Sequence[str]) -> str:
    """How the differences of all children lie, so that one child is not taken for all of them."""
    d = children["difference"].to_numpy()
    low, middle, high = np.quantile(d, [0.05, 0.5, 0.95])
    unseen = int((~children["seen"]).sum())
    other = _sides(names)["other"]
    return (
        f"Of all {len(d):,}, {np.mean(d > 0):.0%} do better under {other}, by however little, and "
        f"{np.mean(d < 0):.0%} worse; nine in ten lie between {low:+.2f} and {high:+.2f} (the middle one at "
        f"{middle:+.2f}); {unseen:,} are never seen in any system compared."
    )


# ------------------------------------------------------------------------------------------- lists of children


def listing_page(
    found: pd.DataFrame,
    children: pd.DataFrame,
    area: Area,
    names: Sequence[str],
    filters: Mapping[str, str],
) -> Group:
    """Children to whom a search applies: at most :data:`LISTED`, evenly spaced from most harmed to most helped."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    ranked = found.sort_values(["difference", "child"], ignore_index=True)
    at = np.unique(np.linspace(0, len(ranked) - 1, min(LISTED, len(ranked))).round().astype(int))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("Child", "Age", "Fifth", "Locality", "Needs", "Seen", "Difference"):
        numeric = title in ("Child", "Age", "Fifth", "Difference")
        table.add_column(title, justify="right" if numeric else "left", overflow="fold")
    for row in ranked.loc[at].to_dict("records"):
        pairs = zip(row["kinds"].split(","), row["levels"].split(","), strict=True)
        table.add_row(
            str(row["child"]),
            f"{row['age_years']:.1f}" if row["age_years"] >= 0 else "unborn",
            str(row["imd_quintile"]),
            row["locality"],
            "; ".join(f"{kind} ({level})" for kind, level in pairs),
            "yes" if row["seen"] else "no",
            f"{row['difference']:+.2f}",
        )
    shown = (
        f"{len(at)} of them, evenly spaced from most harmed to most helped"
        if len(at) < len(ranked)
        else "all of them"
    )
    return Group(
        Text(f"{area.name}: {len(found):,} children with {_as_typed(filters)}; {shown}", style="bold"),
        Text(""),
        table,
        Text(""),
        bullets(
            [
                "Simulated children: nobody real. Age in years and level are those of the decision day.",
                DIFFERENCE.format(**_sides(names)),
                spread_sentence(children, names),
            ]
        ),
        Text(
            f"\nNext: opendoor journey child={ranked.loc[at[0], 'child']} (with the same area, seed and years)"
        ),
    )


# ------------------------------------------------------------------------------------------- the page of a child


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
    titles = {name: config.system.title for name, config in configs.items()}
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


def day_words(day: Any) -> str:
    """A date as it is written in Britain: ``Tue 3 Mar 2026``."""
    d = _as_date(day)
    return f"{DAYS[d.weekday()]} {d.day} {MONTHS[d.month - 1]} {d.year}"


def age(birth: Any, day: Any) -> str:
    """Age in completed years and months: ``3 years 4 months``."""
    b, d = _as_date(birth), _as_date(day)
    months = (d.year - b.year) * 12 + d.month - b.month - (d.day < b.day)
    years, months = divmod(months, 12)
    parts = [
        f"{n} {unit}" if n == 1 else f"{n} {unit}s" for n, unit in ((years, "year"), (months, "month")) if n
    ]
    return " ".join(parts) or "birth"


def _as_date(day: Any) -> date:
    return pd.Timestamp(day).date()


def storyline(told: Journeys, system: str) -> list[tuple[date, str]]:
    """One system's events as a reader wants them: one line per thing that happened.

    Sessions of a course that follow each other with nothing else between them become one line, at the first of
    them. Left out is what says nothing beside a fuller line of the same need on the same day (arriving beside
    joining the list). What happens to several needs at once is told once; where it concerns only some of the
    needs of a child who has several, they are named.
    """
    events = told.events[told.events["system"] == system].reset_index(names="position")
    titles = told.needs.drop_duplicates("need").set_index("need")["title"].to_dict()
    where: dict[tuple[date, str], int] = {}
    whose: dict[tuple[date, str], list[int]] = {}
    of_the_child: set[str] = set()
    for need, rows in events.groupby("need", sort=False):
        for position, day, text, event in _need_lines(rows.to_dict("records")):
            key = (day, text)
            where[key] = min(position, where.get(key, position))
            whose.setdefault(key, []).append(int(str(need)))
            if event in _NAMES_NO_NEED:
                of_the_child.add(text)
    out = []
    for (day, text), _ in sorted(where.items(), key=lambda item: (item[0][0], item[1])):
        needs = dict.fromkeys(whose[day, text])
        if len(needs) < len(titles) and text not in of_the_child:
            text = f"{text[:-1]} ({', '.join(lower_first(titles[need]) for need in needs)})."
        out.append((day, text))
    return out


def _need_lines(events: list[dict[Any, Any]]) -> list[tuple[int, date, str, str]]:
    """The lines of one need's events: position of the first event, its date, the sentence, what it was."""
    happened = {(event["day"], event["event"], event["offer"]) for event in events}
    on_any_offer = {(day, event) for day, event, _ in happened}
    kept = []
    for event in events:
        fuller = _QUIET.get(event["event"])
        if event["event"] == "support_starts":
            said = (event["day"], fuller, event["offer"]) in happened
        else:
            said = (event["day"], fuller) in on_any_offer
        if not said:
            kept.append(event)
    out: list[tuple[int, date, str, str]] = []
    i = 0
    while i < len(kept):
        j = i
        while j + 1 < len(kept) and _goes_on(kept[j], kept[j + 1]):
            j += 1
        first, last = kept[i], kept[j]
        text = first["sentence"]
        if j > i:
            head, _, rest = text.partition(f"session {first['number']}")
            until = _short(last["date"])
            text = f"{head}sessions {first['number']} to {last['number']}{rest[:-1]}; the last on {until}."
        out.append((first["position"], _as_date(first["date"]), text, first["event"]))
        i = j + 1
    return out


def _goes_on(event: Mapping[Any, Any], following: Mapping[Any, Any]) -> bool:
    """Whether two events are sessions of one course, one after the other."""
    return (
        event["event"] == following["event"] == "contact"
        and event["offer"] == following["offer"]
        and following["number"] == event["number"] + 1
        and f"session {event['number']}" in event["sentence"]
    )


def _story(told: Journeys, titles: Mapping[str, str], width: int) -> list[Any]:
    """The stories in columns by date if the screen is wide enough for them, else one after the other."""
    from rich.text import Text

    decision = _as_date(told.children["decision_date"].iloc[0])
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
        end = _as_date(told.trajectory.loc[told.trajectory["need"] == need, "date"].max())
        for label, cell in WAITS.items():
            table.add_row(label, *(cell(by_system[name], end) for name in names))
        out.append(table)
    return out


def _concern(row: Mapping[Any, Any]) -> date | None:
    """The day on which a concern was first raised; for a need known before the run that comes back, its referral."""
    for day in (row["concern_date"], row["referred_date"]):
        if not pd.isna(day):
            return _as_date(day)
    return None


def _wait(row: Mapping[Any, Any], what: str, end: date) -> str:
    """From the day a concern was raised to a milestone."""
    raised = _concern(row)
    if raised is None:
        return "–" if pd.isna(row[what]) else "before any concern"
    if pd.isna(row[what]):
        return f"none in {duration((end - raised).days)}" + ("" if row["open"] else ", and not on any list")
    days = (_as_date(row[what]) - raised).days
    return "the same day" if days <= 0 else duration(days)


def _left(row: Mapping[Any, Any], end: date) -> str:
    if row["open"]:
        return f"still open on {_short(end)}"
    return "–" if pd.isna(row["left_date"]) else _short(row["left_date"])


def _short(day: Any) -> str:
    """A date without its weekday."""
    return day_words(day).partition(" ")[2]


WAITS: dict[str, Callable[[Mapping[Any, Any], date], str]] = {
    "Concern first raised": lambda row, end: "never" if _concern(row) is None else _short(_concern(row)),
    "From there to the first contact": lambda row, end: _wait(row, "first_contact_date", end),
    "... to the first useful support": lambda row, end: _wait(row, "first_useful_date", end),
    "... to specialist support": lambda row, end: _wait(row, "specialist_start_date", end),
    "Contacts, staff time": lambda row, end: f"{row['contacts']}, {row['minutes'] / 60:.1f} hours",
    "Appointments not brought to": lambda row, end: str(row["not_brought"]),
    "Left the services": _left,
}


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
            *(f"{MONTHS[_as_date(day).month - 1]} {_as_date(day).year}>" for day in at),
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
