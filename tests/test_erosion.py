"""Erosion: at no strength nothing happens, each part works by itself, and a gain that is worn down is seen to fade."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.costs import loss_of
from sim.erosion import worn_losses

STRENGTHS = ("leavers", "vacancies", "place_leavers", "word", "gated")
SHAPES: dict[str, Any] = {"untaught": 0.5, "most_vacancies": 0.2, "word_weeks": 13, "gated_after": 1}
STRONG: dict[str, Any] = {
    **SHAPES,
    "name": "strong",
    "leavers": 0.5,
    "vacancies": 0.2,
    "place_leavers": 1.0,
    "word": 0.4,
    "gated": 0.8,
}


def eroding(**erosion: Any) -> dict[str, Any]:
    return {"erosion": {"name": "test", **erosion}}


# -------------------------------------------------------------------------------------------- leavers


@given(leaving=st.floats(0.0, 0.2), weeks=st.integers(0, 300))
def test_a_team_with_leavers_is_the_average_of_its_members(leaving, weeks):
    """Against everybody one by one: who came when, and what they lose after so many weeks."""
    first = np.linspace(0.3, 0.0, weeks)
    successors = np.linspace(0.3, 0.1, weeks)
    worn = worn_losses(first, successors, leaving)
    share = np.zeros(weeks)  # of the team, by weeks since they came
    old = 1.0
    for week in range(weeks):
        assert worn[week] == pytest.approx(old * first[week] + share @ successors, abs=1e-12)
        assert old + share.sum() == pytest.approx(1.0)
        left = leaving * (old + share.sum())
        old *= 1.0 - leaving
        share = np.roll(share * (1.0 - leaving), 1)
        share[0] = left


def test_without_leavers_the_dip_is_the_learning_curve_itself():
    first = np.array([loss_of(week, 0.2, 20, 0.9, 0.5) for week in range(100)])
    assert worn_losses(first, first + 1.0, 0.0) is first
