"""The data dictionary declares every column once, and finds out when a table drifts away from it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.dictionary import (
    BANDS,
    TABLES,
    TABLES_OF_A_CHANGE,
    TABLES_OF_A_SWEEP,
    TABLES_TO_EXPORT,
    WEEKLY_MEANING,
    column_names,
    dictionary_frame,
    differences,
    tables_of_views,
)
from sim.kernel.state import WEEKLY_MEASURES
from sim.measures import LABELS
from sim.measures.change import BY_GROUP, BY_YEAR, MEASURES

# the tables that the measures and the results folder are built on
CONTRACT = {
    "children",
    "needs",
    "waiting",
    "weekly",
    "ledger",
    "available",
    "offers",
    "pilot",
    "gains",
    "events",
}


def small_run() -> dict[str, pd.DataFrame]:
    """One row of every table, with the declared types."""
    return {
        table: pd.DataFrame({c.name: np.zeros(1, dtype=c.stored) for c in columns})
        for table, columns in TABLES.items()
    }


def test_every_table_of_a_run_is_declared() -> None:
    assert set(TABLES) == CONTRACT


def test_tables_with_exactly_the_declared_columns_have_no_differences() -> None:
    assert differences({name: frame.columns for name, frame in small_run().items()}) == []


def test_a_missing_an_extra_and_an_unknown_table_are_each_named() -> None:
    frames = small_run()
    columns: dict[str, list[str]] = {
        "needs": [c for c in frames["needs"].columns if c != "potential"],
        "ledger": [*frames["ledger"].columns, "colour"],
        "moods": ["week"],
    }
    assert differences(columns) == [
        "needs.potential: column of the data dictionary is missing",
        "ledger.colour: column is not in the data dictionary",
        "moods: table is not in the data dictionary",
    ]


def test_columns_out_of_order_are_noticed() -> None:
    (problem,) = differences({"available": ["week", "role", "locality", "minutes", "brought_in"]})
    assert problem.startswith("available: columns are in the order week, role, locality, minutes")


def test_no_table_declares_a_column_twice() -> None:
    for table in TABLES:
        assert len(set(column_names(table))) == len(column_names(table)), table


def test_every_declared_type_is_one_numpy_and_pandas_know() -> None:
    for table, columns in TABLES.items():
        for c in columns:
            assert np.dtype(c.stored).name == c.stored, (table, c.name)
            assert pd.Series([], dtype=c.shown).dtype.name.lower().startswith(c.shown.lower()[:3]), c.name


def test_days_that_may_never_come_are_shown_with_room_for_a_missing_value() -> None:
    shown = {c.name: c.shown for c in TABLES["needs"] if c.name.endswith("_day")}
    assert {name for name, kind in shown.items() if kind != "Int64"} == {"onset_day", "out_day"}


def test_the_waiting_table_has_the_seven_bands_of_the_published_collection_in_order() -> None:
    assert tuple(column_names("waiting"))[-7:] == BANDS


def test_every_weekly_count_is_explained() -> None:
    assert tuple(WEEKLY_MEANING) == WEEKLY_MEASURES
    (measure,) = (c for c in TABLES["weekly"] if c.name == "measure")
    assert all(f"{name} = {meaning}" in measure.meaning for name, meaning in WEEKLY_MEANING.items())


def test_the_frame_lists_every_column_and_every_headline_measure_with_unit_and_meaning() -> None:
    frame = dictionary_frame()
    assert list(frame.columns) == ["table", "column", "unit", "type", "meaning"]
    listed = frame.groupby("table", sort=False)["column"].apply(list).to_dict()
    assert listed == {
        **{t: column_names(t) for t in TABLES},
        **{
            t: [c.name for c in columns]
            for tables in (TABLES_TO_EXPORT, TABLES_OF_A_CHANGE, TABLES_OF_A_SWEEP)
            for t, columns in tables.items()
        },
        **{f"views/{t}": [c.name for c in columns] for t, columns in tables_of_views().items()},
        "summary": list(LABELS),
        "change.measure": list(MEASURES),
        "change_by_group.measure": list(BY_GROUP),
        "change_by_year.measure": list(BY_YEAR),
    }
    assert (frame[["unit", "type", "meaning"]].map(str.strip) != "").all().all()


def test_shares_of_the_summary_are_declared_as_shares_not_as_per_cent() -> None:
    frame = dictionary_frame().set_index(["table", "column"])
    assert frame.loc[("summary", "reach_share"), "unit"] == "share"
    assert frame.loc[("summary", "recorded_wait_median_weeks"), "unit"] == "weeks"
