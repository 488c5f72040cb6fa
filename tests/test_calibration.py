"""The gatekept baseline of the shipped area against a published waiting list.

Target: NHS England, Community Health Services waiting lists, children's speech and language, Greater Manchester,
average of January to July 2025 (5,753 waiting; 59.2 %, 29.2 % and 9.8 % of them up to 18, over 18 to 52 and over 52
weeks), over 654,085 children aged 0-17 (Census 2021).
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from experiments.running.replicate import replication_seed
from sim import load_config, simulate
from sim.evidence import shipped_table

PER_1000 = 1000 * 5753.29 / 654_085
UP_TO_18, OVER_18, OVER_52 = 0.5918, 0.2920, 0.0984
DATA = Path(os.environ.get("OPENDOOR_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))


def test_the_gatekept_baseline_comes_close_to_greater_manchesters_published_list():
    config = load_config(["system=gatekept"])
    runs = [simulate(config, replication_seed(config.seed, r)).summary() for r in range(8)]

    def mean(name: str) -> float:
        return float(np.mean([run[name] for run in runs]))

    assert mean("list_size_per_1000_children") == pytest.approx(PER_1000, rel=0.15)
    assert mean("list_within_18_weeks_share") == pytest.approx(UP_TO_18, abs=0.05)
    assert mean("list_18_to_52_weeks_share") == pytest.approx(OVER_18, abs=0.05)
    assert mean("list_over_52_weeks_share") == pytest.approx(OVER_52, abs=0.05)


def test_what_is_compared_hangs_on_the_list_and_not_on_the_years_of_history():
    """Five times the history, and as many staff as make the list as long as the published one again: README says so."""
    longer = ["history_years=15", "evidence.slt_wte_per_100k_children.value=19.3"]
    useful = {}
    for system in ("gatekept", "balanced"):
        config = load_config([f"system={system}", *longer])
        runs = [simulate(config, replication_seed(config.seed, r)).summary() for r in range(2)]
        useful[system] = np.mean([run["first_useful_within_18_weeks_share"] for run in runs])
        if system == "gatekept":
            size = np.mean([run["list_size_per_1000_children"] for run in runs])
            assert size == pytest.approx(PER_1000, rel=0.15)
    assert useful["gatekept"] == pytest.approx(0.13, abs=0.05)
    assert useful["balanced"] == pytest.approx(0.81, abs=0.05)


def test_every_calibrated_value_lies_inside_its_evidence_range():
    calibrated, table = load_config([]).evidence, shipped_table()
    changed = [name for name, row in calibrated.items() if row.value != table[name].value]
    assert "slt_wte_per_100k_children" in changed
    for name in changed:
        assert table[name].low <= calibrated[name].value <= table[name].high, name


def test_the_target_is_what_the_published_files_say():
    waits = DATA / "chs_waits_cyp_speech_and_language_by_org_band_monthly.csv"
    people = DATA / "population_age0-25_greater_manchester_census2021.csv"
    if not waits.exists() or not people.exists():
        pytest.skip(f"the open data are not at {DATA}")
    with waits.open(encoding="utf-8") as f:
        rows = [
            r
            for r in csv.DictReader(f)
            if r["org_type"] == "ICB" and r["org_name"] == "GREATER MANCHESTER" and r["month"] >= "2025-01"
        ]
    total = np.mean([float(r["total"]) for r in rows])
    with people.open(encoding="utf-8") as f:
        children = sum(int(r[f"age_{a}"]) for r in csv.DictReader(f) for a in range(18))
    assert 1000 * total / children == pytest.approx(PER_1000, rel=1e-4)
    assert np.mean([float(r["w18_52"]) for r in rows]) / total == pytest.approx(OVER_18, abs=1e-3)
    assert np.mean([float(r["w52_plus"]) for r in rows]) / total == pytest.approx(OVER_52, abs=1e-3)
