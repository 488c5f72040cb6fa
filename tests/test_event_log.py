"""The event log for process-mining tools tells what the events of the run tell, in an order that survives sorting."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from build import make_config

from experiments.cli import main
from sim import simulate
from sim.dictionary import TABLES_TO_EXPORT
from sim.run import Run


@pytest.fixture(scope="module")
def run() -> Run:
    return simulate(make_config("balanced", {"event_log": True}), 5)


def test_it_has_the_declared_columns_and_a_row_for_each_event(run: Run) -> None:
    log = run.event_log()
    assert list(log.columns) == [c.name for c in TABLES_TO_EXPORT["event_log"]]
    assert len(log) == len(run.events) > 1000
    assert (log["case_id"] == run.events["need_id"]).all()
    assert log[["case_id", "activity", "timestamp"]].notna().all(axis=None)
    assert (log["resource"].isna() == run.events["offer"].isna()).all()


def test_time_stamps_are_the_dates_of_the_days(run: Run) -> None:
    # a need that began before the run has days before its first
    assert run.events["day"].min() < 0
    days = (run.event_log()["timestamp"].dt.normalize() - pd.Timestamp(run.first_day)).dt.days
    assert (days == run.events["day"]).all()


def test_sorted_by_case_and_time_stamp_alone_the_events_of_a_need_stay_in_their_order(run: Run) -> None:
    log = run.event_log()
    assert not log.duplicated(["case_id", "timestamp"]).any()
    shuffled = log.sample(frac=1, random_state=1).sort_values(["case_id", "timestamp"])
    by_need = log.sort_values("case_id", kind="stable")
    assert shuffled["activity"].tolist() == by_need["activity"].tolist()


def test_an_activity_names_the_offer_and_the_resource_who_gives_it(run: Run) -> None:
    log = run.event_log()
    contact = log[(log["event"] == "contact") & (log["offer"] == "drop_in")]
    assert len(contact) > 10
    assert set(contact["activity"]) == {"contact: drop_in"}
    assert set(contact["resource"]) == {f"drop_in, {name}" for name in contact["locality"].unique()}
    assert set(log["activity"][log["event"] == "need_begins"]) == {"need begins"}


def test_a_results_folder_with_events_exports_the_same_log(tmp_path, capsys) -> None:
    words = ["area=example_small", "replications=1", "workers=1", "history_years=0.2", "horizon_years=0.3"]
    folder = tmp_path / "run"
    assert main(["run", "system=gatekept", "event_log=true", *words, f"output={folder}"]) == 0
    for to in (tmp_path / "log.csv", tmp_path / "log.parquet"):
        assert main(["results", "export", str(folder), "--table", "gatekept/event_log", "--to", str(to)]) == 0
    log = pd.read_csv(tmp_path / "log.csv", parse_dates=["timestamp"])
    events = pd.read_parquet(folder / "runs" / "gatekept" / "replication-000" / "events.parquet")
    assert len(log) == len(events) > 100
    start = np.datetime64(dt.date(2022, 9, 1))
    assert ((log["timestamp"].dt.normalize() - start).dt.days == events["day"]).all()
    assert (pd.read_parquet(tmp_path / "log.parquet")["activity"] == log["activity"]).all()
    capsys.readouterr()


def test_without_events_there_is_no_log_and_the_way_to_one_is_told(tmp_path, capsys) -> None:
    words = ["area=example_small", "replications=1", "workers=1", "history_years=0.1", "horizon_years=0.1"]
    folder = tmp_path / "run"
    assert main(["run", "system=gatekept", *words, f"output={folder}"]) == 0
    to = f"{tmp_path / 'log.csv'}"
    assert main(["results", "export", str(folder), "--table", "gatekept/event_log", "--to", to]) == 2
    assert "event_log=true" in capsys.readouterr().err
