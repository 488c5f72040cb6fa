"""The small tables of pictures: what has happened in each place by each week, and what is kept of replications."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_measures import run_of

from experiments.composing.compose import load_plans
from experiments.results.views import Gathered, views_of
from sim.dictionary import tables_of_views
from sim.measures.views import MOST_PLACES_WEEKLY, PERIOD_WEEKS, by_place, map_weeks, views
from sim.measures.who_counts import who_counts
from sim.run import simulate

SMALL = ["area=example_small", "history_years=0.5", "horizon_years=0.5", "system=gatekept,balanced"]


def placed(run: Any, places: int = 2) -> pd.DataFrame:
    return pd.DataFrame(by_place(run, who_counts(run), places)).set_index(["week", "place"])


def test_an_event_counts_from_the_end_of_its_week_on() -> None:
    day = run_of().decision_day
    seen = {"onset_day": 0, "concern_day": day + 6, "first_contact_day": day + 7, "place": 1}
    t = placed(run_of([seen]))
    assert t.loc[(1, 1), ["needs", "concerns", "seen"]].tolist() == [1, 1, 0]
    assert t.loc[(2, 1), ["needs", "concerns", "seen"]].tolist() == [1, 1, 1]
    assert t.xs(0, level="place")["needs"].sum() == 0


def test_waiting_goes_from_the_concern_to_useful_support_and_is_long_after_eighteen_weeks() -> None:
    day = run_of().decision_day
    begun = {"onset_day": 0, "place": 0}
    helped = {**begun, "concern_day": day, "first_useful_day": day + 140}
    met_before = {**begun, "concern_day": day + 50, "first_useful_day": day + 20}
    never = {**begun, "concern_day": day + 70}
    t = placed(run_of([helped, met_before, never])).xs(0, level="place")
    assert t["waiting"].iloc[[0, 9, 10, 19, 20]].tolist() == [1, 1, 2, 2, 1]
    # 18 weeks are over 127 days after the day of the concern: within the 19th week
    assert t["waiting_over_18_weeks"].iloc[[17, 18, 19, 20, 27, 28, 29]].tolist() == [0, 1, 1, 0, 0, 1, 1]


def test_large_areas_are_looked_at_every_four_weeks_and_at_the_end() -> None:
    window = run_of().decision_day, run_of().end_day
    last = (window[1] - window[0]) // 7
    assert map_weeks(*window, MOST_PLACES_WEEKLY).tolist() == list(range(1, last + 1))
    coarse = map_weeks(*window, MOST_PLACES_WEEKLY + 1)
    assert (coarse[0], coarse[-1]) == (PERIOD_WEEKS, last)
    assert set(np.diff(coarse)[:-1]) == {PERIOD_WEEKS}


def test_of_a_run_the_map_ends_where_the_needs_table_does() -> None:
    config = load_plans(SMALL)["balanced"]
    run = simulate(config, 3)
    places = pd.DataFrame(views_of(run)["places"])
    end = places[places["week"] == places["week"].max()].set_index("place")
    needs, counted = run.needs, who_counts(run)
    mine = needs[counted.present & needs["place"].notna().to_numpy()]
    where = mine["place"].astype(str).str.partition(":")[0].astype(int)
    last = run.decision_day + 7 * int(places["week"].max())
    for column, day in (("useful", "first_useful_day"), ("identified", "identified_day")):
        expected = where[(mine[day] < last).fillna(False).to_numpy(bool)].value_counts()
        pd.testing.assert_series_equal(
            end.loc[end[column] > 0, column], expected.sort_index(), check_dtype=False, check_names=False
        )


def test_what_is_gathered_has_the_declared_columns_every_replication_and_places_as_their_mean() -> None:
    configs = load_plans(SMALL)
    gathered = Gathered(tuple(configs))
    assert gathered.frames() == {}
    seen = {
        (name, r): views(simulate(config, 10 + r), len(simulate(config, 10).area.place_name))
        for name, config in configs.items()
        for r in range(2)
    }
    for r, name in ((1, "balanced"), (0, "balanced"), (0, "gatekept"), (1, "gatekept")):
        gathered.take(name, r, seen[name, r])
        assert gathered.replications == {"balanced": [], "gatekept": [0, 1][: r + 1]}[name]
    frames = gathered.frames()
    assert {name: frame.columns.tolist() for name, frame in frames.items()} == {
        name: [c.name for c in columns] for name, columns in tables_of_views().items()
    }
    for table, frame in frames.items():
        if table == "places":
            continue
        for (name, r), columns in seen.items():
            own = frame[(frame["system"] == name) & (frame["replication"] == r)]
            for column, values in columns[table].items():
                np.testing.assert_array_equal(own[column].to_numpy(), values)
    useful = frames["places"].loc[frames["places"]["system"] == "gatekept", "useful"]
    both = [seen["gatekept", r]["places"]["useful"] for r in range(2)]
    np.testing.assert_array_equal(useful.to_numpy(), np.mean(both, axis=0).astype(np.float32))


def test_a_replication_that_a_system_did_not_complete_is_left_out() -> None:
    config = load_plans(SMALL)["gatekept"]
    run = simulate(config, 3)
    gathered = Gathered(("a", "b"))
    for system, replication in (("a", 0), ("a", 1), ("b", 1)):
        gathered.take(system, replication, views_of(run))
    frames = gathered.frames()
    assert frames["waited"]["replication"].unique().tolist() == [1]
    last = frames["places"][frames["places"]["system"] == "a"]["needs"].to_numpy()
    assert last == pytest.approx(views_of(run)["places"]["needs"]), "divided by those that count"
