"""The command `sweep` itself, killed at random moments and begun again, ends as if nothing had happened."""

from __future__ import annotations

import sqlite3

from kill_sweep import ENDINGS, trial


def test_a_command_killed_in_every_way_ends_with_the_same_rows_and_bits(tmp_path):
    found = trial(80, len(ENDINGS), 2, 5, tmp_path, 300)
    assert {kill.how for kill in found.kills} == set(ENDINGS), "every kill found the command at work"
    assert any(0 < kill.lines < 80 for kill in found.kills)
    assert not any(kill.table for kill in found.kills if kill.lines < 80), "no table of a part of the runs"
    assert found.identical
    with sqlite3.connect(tmp_path / "killed/runs.sqlite") as book:
        assert book.execute("select count(*), sum(status = 'ok') from run").fetchone() == (80, 80)
