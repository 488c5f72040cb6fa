"""Figures show the data they were given: each is a function from a table to a picture."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from dashboards.figures.change import TITLE_LETTERS, ways_figure
from dashboards.figures.differences import difference_figure, paired
from dashboards.figures.equity import MOST_MARKS, groups_figure, in_squares, locality_ticks, map_figure
from dashboards.figures.impact import fifteen_figure
from dashboards.figures.waits import fan, fan_figure, xmr_figure
from dashboards.figures.xmr import LIMIT_FACTOR, xmr
from dashboards.pages.equity import by_group
from dashboards.theme import DARK, LIGHT
from sim.system import LEVELS, STRANDS

TITLES = {"a": "A", "b": "B"}


def test_limits_of_the_process_chart_are_those_worked_out_by_hand() -> None:
    chart = xmr(np.array([10.0, 12.0, 9.0, 11.0]))  # moving ranges 2, 3, 2: mean 7/3
    assert chart["mean"].iloc[0] == 10.5
    assert chart["upper"].iloc[0] == pytest.approx(10.5 + LIMIT_FACTOR * 7 / 3)
    assert chart["lower"].iloc[0] == pytest.approx(10.5 - LIMIT_FACTOR * 7 / 3)
    assert not chart["signal"].any()


def test_a_point_beyond_a_limit_is_a_signal_and_says_which() -> None:
    y = np.array([8.0, 20.0] * 10 + [70.0] + [8.0, 20.0] * 5)
    chart = xmr(y)
    assert chart.loc[20, "signal"] == "high"
    assert chart.loc[20, "rule"] == "beyond a limit"
    assert (chart.drop(index=20)["signal"] == "").all()


def test_seven_on_one_side_are_a_shift_and_six_are_not() -> None:
    for n, expected in ((7, 7), (6, 0)):
        # the values around go far to both sides, so that only the run itself can be a signal
        run = ([6.0, 6.5] * 4)[:n]
        y = np.array([10.0, 0.0] * 4 + run + [0.0, 10.0] * 2)
        assert (xmr(y)["rule"] == "7 or more on one side").sum() == expected


def test_seven_rising_points_are_a_trend_and_six_are_not() -> None:
    for n, found in ((7, True), (6, False)):
        y = np.array([0.0, 9, 0, 9, 0, 9, *np.linspace(3, 6, n), 0, 9, 0, 9, 0])
        chart = xmr(y)
        # the step into the run goes down and the one out of it too, so exactly n points rise
        assert (chart["rule"] == "7 or more rising or falling").any() == found


def test_two_of_three_near_a_limit_are_a_signal_if_all_three_are_on_that_side() -> None:
    for between, found in ((11.0, [16, 18]), (9.0, [])):
        y = np.array([10.5, 9.5] * 8 + [12.8, between, 12.8] + [9.5, 10.5] * 8)
        chart = xmr(y)
        mean, upper = chart["mean"].iloc[0], chart["upper"].iloc[0]
        assert mean + (upper - mean) * 2 / 3 < 12.8 < upper, "near the limit and not beyond it"
        assert chart.index[chart["rule"] == "two of three near a limit"].tolist() == found


@pytest.mark.parametrize(
    ("better", "high", "low"),
    [
        ("higher", ("improvement (high)", LIGHT.better), ("concern (low)", LIGHT.worse)),
        ("lower", ("concern (high)", LIGHT.worse), ("improvement (low)", LIGHT.better)),
        ("neither", ("special cause (high)", LIGHT.systems[3]), ("special cause (low)", LIGHT.systems[3])),
    ],
)
def test_a_signal_is_improvement_or_concern_by_what_is_counted(
    better: str, high: tuple[str, str], low: tuple[str, str]
) -> None:
    frame = xmr(np.array([8.0, 12.0] * 10 + [60.0] + [8.0, 12.0] * 5 + [-40.0]))
    fig = xmr_figure(frame, list(range(len(frame))), "", better, False)
    marks = {t.name: t.marker for t in fig.data if t.mode == "markers"}
    assert {name: marks[name].color for name, _ in (high, low)} == dict([high, low])
    assert (marks[high[0]].symbol, marks[low[0]].symbol) == ("triangle-up", "triangle-down")


def test_a_fan_is_made_of_the_quantiles_of_the_replications() -> None:
    frame = pd.DataFrame(
        {"system": "a", "replication": range(5), "week": 7, "size": [1.0, 2.0, 3.0, 4.0, 100.0]}
    )
    row = fan(frame, "week", "size").iloc[0]
    assert (row["median"], row["low50"], row["high50"], row["replications"]) == (3.0, 2.0, 4.0, 5)
    assert row["high90"] == pytest.approx(np.quantile([1, 2, 3, 4, 100], 0.95))


def test_a_fan_leaves_out_what_a_replication_does_not_have() -> None:
    frame = pd.DataFrame(
        {"system": "a", "replication": [0, 1, 2, 0, 1], "week": [1, 1, 1, 2, 2], "still": [1.0, 3, 9, 4, 8]}
    )
    assert fan(frame, "week", "still")[["median", "replications"]].to_numpy().tolist() == [[3, 3], [6, 2]]


def test_a_fan_of_one_replication_has_a_line_and_no_band() -> None:
    frame = pd.DataFrame({"system": ["a", "a"], "replication": 0, "week": [0, 1], "size": [1.0, 2.0]})
    fig = fan_figure(fan(frame, "week", "size"), "week", {"a": "A"}, None, "needs", False)
    assert len(fig.data) == 1
    assert list(fig.data[0].y) == [1.0, 2.0]


def test_differences_are_taken_within_replications() -> None:
    frame = paired(np.array([0.1, 0.2]), np.array([0.4, 0.3]), [0, 3], 100.0)
    np.testing.assert_allclose(frame["difference"], [30.0, 10.0])
    fig = difference_figure(frame, 20.0, 5.0, 35.0, "%", False)
    assert fig.data[1].error_x.array[0] == 15.0
    assert fig.data[1].error_x.arrayminus[0] == 15.0


def test_the_fifteen_outcomes_stand_where_they_belong_and_are_written_out() -> None:
    frame = pd.DataFrame(
        [(s, lev, 10.0 * i + j) for i, s in enumerate(STRANDS) for j, lev in enumerate(LEVELS)],
        columns=["strand", "level", "hours"],
    )
    fig = fifteen_figure(frame.sample(frac=1, random_state=1), "hours", "hours", False)
    drawn = np.array(fig.data[0].z)
    assert np.isnan(drawn[0, 0]), "nothing has the colour of a little"
    assert np.nan_to_num(drawn).tolist() == [[10.0 * i + j for j in range(3)] for i in range(5)]
    written = [str(10 * i + j) for i in range(5) for j in range(3)]
    assert [a.text for a in fig.layout.annotations] == ["–", *written[1:]], "nothing is written as a dash"


def test_systems_differ_by_more_than_colour() -> None:
    frame = pd.DataFrame(
        [(s, q, 0.1 * q, np.nan, np.nan) for s in "ab" for q in (1, 2)],
        columns=["system", "group", "value", "low", "high"],
    )
    fig = groups_figure(frame, "group", ["1", "2"], TITLES, "", True, False)
    a, b = fig.data
    assert a.line.dash != b.line.dash
    assert a.marker.symbol != b.marker.symbol
    assert list(fig.layout.xaxis.ticktext) == ["1", "2"]
    assert list(a.x) == list(b.x) == list(fig.layout.xaxis.tickvals)


def test_intervals_of_groups_stand_beside_each_other() -> None:
    frame = pd.DataFrame(
        [(s, q, 0.1 * q, 0.1 * q - 0.05, 0.1 * q + 0.05) for s in "ab" for q in (1, 2)],
        columns=["system", "group", "value", "low", "high"],
    )
    a, b = groups_figure(frame, "group", ["1", "2"], TITLES, "", True, False).data
    assert set(a.x).isdisjoint(b.x)
    assert [round(at) for at in (*a.x, *b.x)] == [0, 1, 0, 1]


def test_the_map_puts_a_place_at_its_coordinates_in_kilometres() -> None:
    frame = pd.DataFrame(
        {
            "name": ["x"],
            "kind": ["primary"],
            "easting": [392_500.0],
            "northing": [405_000.0],
            "of": [4.0],
            "value": [0.5],
        }
    )
    fig = map_figure(frame, 1.0, "seen", True, False)
    assert (fig.data[0].x[0], fig.data[0].y[0]) == (392.5, 405.0)
    assert fig.layout.yaxis.scaleanchor == "x"


def test_of_very_many_places_those_in_a_square_are_drawn_as_one_and_none_is_lost() -> None:
    random = np.random.default_rng(1)
    n = 3 * MOST_MARKS
    frame = pd.DataFrame(
        {
            "easting": random.uniform(100_000, 200_000, n),
            "northing": random.uniform(0, 100_000, n),
            "kind": "primary",
            "name": "x",
            "part": random.integers(0, 5, n).astype(float),
            "of": random.integers(5, 9, n).astype(float),
        }
    )
    squares, side = in_squares(frame)
    assert side == 5, "squares of 1 and 2 km would be more than are drawn"
    assert len(squares) == 400
    assert squares[["part", "of"]].sum().tolist() == frame[["part", "of"]].sum().tolist()
    first = squares.iloc[0]
    inside = frame[(frame["easting"] < 105_000) & (frame["northing"] < 5_000)]
    assert (first["easting"], first["northing"], first["of"]) == (102_500, 2_500, inside["of"].sum())
    few, none = in_squares(frame.head(10))
    assert none == 0
    pd.testing.assert_frame_equal(few, frame.head(10))


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    """WCAG 2.2 contrast ratio."""
    high, low = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_lines_can_be_seen_on_their_ground(theme: object) -> None:
    t = LIGHT if theme is LIGHT else DARK
    for text in (t.text, t.muted):
        assert contrast(text, t.ground) >= 4.5
    for line in (*t.systems, t.neutral, t.better, t.worse):
        assert contrast(line, t.ground) >= 3.0, line


def test_localities_stand_beside_each_other_on_a_phone_and_keep_their_names_apart() -> None:
    assert locality_ticks(["Oldham 1 (MSOA 001-010)", "Oldham 2 (MSOA 011-016)"]) == [
        "Oldham<br>1",
        "Oldham<br>2",
    ]
    both = locality_ticks(["North (A)", "North (B)"])
    assert len(set(both)) == 2


def test_a_group_without_a_number_in_some_replication_has_no_mean() -> None:
    frame = pd.DataFrame(
        {
            "system": "a",
            "replication": [0, 1, 0, 1],
            "imd_quintile": [1, 1, 5, 5],
            "first_useful_median_weeks": [30.0, np.nan, 10.0, 12.0],
        }
    )
    study = SimpleNamespace(view=lambda name: frame)
    found = by_group(study, "quintiles", "imd_quintile", "first_useful_median_weeks").set_index(
        "imd_quintile"
    )
    assert np.isnan(found.loc[1, "value"]), "the replication in which half were reached stood for both"
    assert (found.loc[1, "n"], found.loc[5, "value"], found.loc[5, "n"]) == (1, 11.0, 2)


def test_small_numbers_on_an_axis_are_written_out_and_long_titles_are_broken() -> None:
    frame = pd.DataFrame({"plan": "a", "measure": "m", "mean": [-6e-4], "low": [-7e-4], "high": [-5e-4]})
    title = "what it does to the difference (points, 0-5)"
    fig = ways_figure(frame, {"m": "M"}, {"put": "Put", "a": "A"}, title, False)
    assert fig.layout.xaxis.exponentformat == "none", "-600μ would stand there"
    lines = fig.layout.xaxis.title.text.split("<br>")
    assert " ".join(lines) == title
    assert max(map(len, lines)) <= TITLE_LETTERS
