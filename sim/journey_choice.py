"""Which child: every child's gain or loss by a change, searches among them, and rules that choose one.

Children are chosen by rules that are told with the result (:data:`sim.journey_rules.PICKS`), never by hand.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sim.errors import InputError
from sim.journey_rules import PICKS
from sim.quantity import DAYS_PER_YEAR
from sim.run import Run
from sim.system import LEVELS


def compare_children(runs: Mapping[str, Run]) -> pd.DataFrame:
    """How each child fares under the last plan against the first (against no service if there is only one).

    Returns:
        One row per child with a need in the years counted, by id: ``child, age_years`` (on the decision day,
        negative before birth), ``locality, imd_quintile, needs`` (how many), ``kinds`` and ``levels`` (comma
        lists, in the order of the needs), ``seen`` (a contact under at least one plan) and ``difference``
        (point-years).

    Raises:
        InputError: runs that do not have the same children.
    """
    names = list(runs)
    first = runs[names[0]]
    tables = [run.tables["needs"] for run in runs.values()]
    for name, table in zip(names, tables, strict=True):
        for column in ("need_id", "onset_day", "out_day", "score_no_service"):
            if not np.array_equal(table[column], tables[0][column]):
                raise InputError(not_the_same(names[0], name))
    table, other = tables[0], tables[-1]
    before = table["score_years"] if len(names) > 1 else table["score_years_no_service"]
    seen = np.logical_or.reduce([t["contacts"] > 0 for t in tables])
    counted = (table["out_day"] > first.decision_day) & (table["onset_day"] < first.end_day)
    needs = pd.DataFrame(
        {
            "child": table["child_id"],
            "kind": np.array(first.kinds, object)[table["kind"]],
            "level": np.array(LEVELS, object)[table["level"]],
            "seen": seen,
            "difference": other["score_years"] - before,
        }
    )[counted]
    grouped = needs.groupby("child")
    found = pd.DataFrame(
        {
            "needs": grouped.size(),
            "kinds": grouped["kind"].agg(",".join),
            "levels": grouped["level"].agg(",".join),
            "seen": grouped["seen"].any(),
            "difference": grouped["difference"].sum(),
        }
    )
    children = first.children.set_index("child_id")
    about = pd.DataFrame(
        {
            "age_years": (first.decision_day - children["birth_day"]) / DAYS_PER_YEAR,
            "locality": children["locality"].astype(object),
            "imd_quintile": children["imd_quintile"],
        }
    )
    return (
        found.join(about)
        .rename_axis("child")
        .reset_index()
        .sort_values("child", ignore_index=True)[
            [
                "child",
                "age_years",
                "locality",
                "imd_quintile",
                "needs",
                "kinds",
                "levels",
                "seen",
                "difference",
            ]
        ]
    )


def narrow(
    children: pd.DataFrame,
    kind: str | None = None,
    level: str | None = None,
    quintile: int | None = None,
    locality: str | None = None,
    age: int | None = None,
    needs_at_least: int | None = None,
) -> pd.DataFrame:
    """The children of :func:`compare_children` to whom everything given applies.

    With both ``kind`` and ``level`` one and the same need has both. ``age``: in whole years on the decision day.
    """
    keep = np.ones(len(children), bool)
    if kind is not None or level is not None:
        pairs = zip(children["kinds"].str.split(","), children["levels"].str.split(","), strict=True)
        keep &= np.array(
            [
                any(kind in (None, k) and level in (None, lev) for k, lev in zip(kinds, levels, strict=True))
                for kinds, levels in pairs
            ],
            bool,
        )
    if quintile is not None:
        keep &= (children["imd_quintile"] == quintile).to_numpy()
    if locality is not None:
        keep &= (children["locality"] == locality).to_numpy()
    if age is not None:
        keep &= (np.floor(children["age_years"]) == age).to_numpy()
    if needs_at_least is not None:
        keep &= (children["needs"] >= needs_at_least).to_numpy()
    return children[keep].reset_index(drop=True)


def representative(children: pd.DataFrame, pick: str) -> int:
    """Id of the child that a rule of :data:`sim.journey_rules.PICKS` chooses among the rows of :func:`compare_children`.

    Raises:
        InputError: no such rule, or nobody to whom it applies.
    """
    if pick not in PICKS:
        raise InputError(f"pick={pick}: no such rule; one of {', '.join(PICKS)}")
    ranked = children.sort_values(["difference", "child"])
    if pick == "helped_most":
        ranked = children[children["difference"] > 0].sort_values(
            ["difference", "child"], ascending=[False, True]
        )
    elif pick == "harmed_most":
        ranked = ranked[ranked["difference"] < 0]
    else:
        ranked = ranked[ranked["seen"]]
        if pick == "deprived":
            ranked = ranked[ranked["imd_quintile"] == 1]
        elif pick == "several_needs":
            ranked = ranked[ranked["needs"] >= 2]
        ranked = ranked.iloc[(len(ranked) - 1) // 2 :] if len(ranked) else ranked
    if ranked.empty:
        raise InputError(f"pick={pick}: the rule applies to none of these {len(children):,} children")
    return int(ranked["child"].iloc[0])


def not_the_same(first: str, other: str) -> str:
    """What to say of plans whose runs do not have the same children."""
    return (
        f"{other}: does not have the same children as {first}; journeys compare plans that differ in system "
        "or transition only, not in area, needs, calendar or years"
    )
