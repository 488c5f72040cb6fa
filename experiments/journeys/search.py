"""Which child a reader asked for: the words that were typed, a list of children, why one was chosen."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.screen import bullets
from sim.journey_rules import DIFFERENCE, PICKS
from sim.system import LEVELS

if TYPE_CHECKING:
    from rich.console import Group

    from sim.area import Area
    from sim.config import Config

LISTED = 15  # children in a list


def wrong_words(words: Mapping[str, str]) -> list[str]:
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


def unknown_names(words: Mapping[str, str], config: Config, area: Area) -> list[str]:
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


def values(filters: Mapping[str, str], area: Area) -> dict[str, Any]:
    """The search as :func:`sim.journey_choice.narrow` takes it."""
    out: dict[str, Any] = {}
    for name, value in filters.items():
        if name == "locality":
            out[name] = _locality(value, area)
        else:
            out[name] = value if name in ("kind", "level") else int(value)
    return out


def as_typed(filters: Mapping[str, str]) -> str:
    """The search as it was typed."""
    return " ".join(f"{name}={value}" for name, value in filters.items())


def _sides(names: Sequence[str]) -> dict[str, str]:
    return {"reference": names[0] if len(names) > 1 else "no service", "other": names[-1]}


def why(
    pick: str,
    child: int,
    found: pd.DataFrame,
    children: pd.DataFrame,
    filters: Mapping[str, str],
    names: Sequence[str],
) -> str:
    """By which rule the child was chosen, and how far it is from the others."""
    difference = float(found.loc[found["child"] == child, "difference"].iloc[0])
    among = f"{len(found):,} children with {as_typed(filters)}" if filters else f"{len(found):,} children"
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
    least, most, half = (f"{value:+.2f}".replace("-", "−") for value in (low, high, middle))
    return (
        f"Of all {len(d):,}, {np.mean(d > 0):.0%} do better under {other}, by however little, and "
        f"{np.mean(d < 0):.0%} worse; nine in ten lie between {least} and {most} (the middle one at {half}); "
        f"{unseen:,} are never seen in any system compared."
    )


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
        Text(f"{area.name}: {len(found):,} children with {as_typed(filters)}; {shown}", style="bold"),
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
