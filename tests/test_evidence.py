"""The evidence table is complete, consistent and samples as it says."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.errors import InputError
from sim.evidence import (
    GRADES,
    EvidenceRow,
    parse_table,
    read_tables,
    sample,
    shipped_table,
    table_frame,
)

FOLDER = Path(str(files("configs"))) / "evidence"
SHIPPED = shipped_table()

GOOD = {
    "value": 0.2,
    "low": 0.1,
    "high": 0.4,
    "unit": "share",
    "distribution": "triangular",
    "grade": "assumed",
    "mark": "b-L",
    "source": "No source found",
}


def row(**changes: Any) -> EvidenceRow:
    return EvidenceRow.model_validate({**GOOD, **changes})


# ------------------------------------------------------------------------------------------ shipped table


def test_every_row_of_the_parameter_table_is_shipped() -> None:
    assert {r.table_row for r in SHIPPED.values()} >= set(range(1, 104))


def test_sources_can_be_read_without_the_brief() -> None:
    """A bare code such as 'S41' would mean nothing to a user."""
    import re

    bare = [name for name, r in SHIPPED.items() if re.search(r"\bS\d{1,3}\b", f"{r.source} {r.note or ''}")]
    assert bare == []


@pytest.mark.parametrize(
    ("name", "value", "low", "high", "unit"),
    [
        # published figures, in the units of the publication converted by hand
        ("language_disorder_school_entry_share", 0.0992, 0.0738, 0.132, "share"),  # Norbury 2016: 9.92 %
        ("assessment_minutes", 2.0 * 60, 1.25 * 60, 3.5 * 60, "minutes"),
        ("statutory_advice_minutes", 6 * 60, 4 * 60, 10 * 60, "minutes"),
        ("vacancy_share", 0.25, 0.10, 0.36, "share"),
        ("ehc_request_to_assessment_share", 0.654, 0.654, 0.654, "share"),  # DfE 2025
        ("dna_odds_ratio_per_month_waited", 1.19, 1.0, 1.4, "odds_ratio"),  # Curran 2015
        ("chaser_calls_per_waiting_child_per_year", 3 * 52 / 100, 52 / 100, 8 * 52 / 100, "per_year"),
        ("drop_in_session_minutes", 3 * 60, 2 * 60, 3.5 * 60, "minutes"),
        ("working_hours_per_year", 1540, 1450, 1600, "hours_per_year"),
    ],
)
def test_figures_are_those_of_the_source(name: str, value: float, low: float, high: float, unit: str) -> None:
    found = SHIPPED[name]
    assert (found.value, found.low, found.high) == pytest.approx((value, low, high))
    assert found.unit == unit


def test_shares_that_belong_together_add_up() -> None:
    def total(*names: str) -> float:
        return sum(SHIPPED[name].value for name in names)

    assert total("targeted_share_of_need", "specialist_share_of_need") == pytest.approx(1)
    assert total(*[f"assessment_outcome_{o}_share" for o in ("advice", "school_programme", "therapy")]) == 1
    assert total(
        "drop_in_advice_only_share",
        *[f"drop_in_onward_{o}_share" for o in ("targeted", "specialist", "other")],
    ) == pytest.approx(1)
    assert total("age_share_0_4", "age_share_5_10", "age_share_11_17") == pytest.approx(1)
    assert total("slt_list_up_to_18_weeks_share", "slt_list_over_18_weeks_share") == pytest.approx(1)


def test_non_attendance_at_eight_weeks_meets_the_published_share() -> None:
    """Odds at a zero wait times 1.19 per month for 8 weeks; the assumption's tolerance is three points."""
    zero = SHIPPED["assessment_dna_share_at_zero_wait"].value
    months = 8 / (52 / 12)
    odds = zero / (1 - zero) * SHIPPED["dna_odds_ratio_per_month_waited"].value ** months
    published = SHIPPED["assessment_dna_overall_share"].value
    assert odds / (1 + odds) == pytest.approx(published, abs=0.03)


def test_every_transition_cost_and_open_access_gain_can_be_switched_off_or_is_zero_at_an_end() -> None:
    """A range that cannot reach 'no effect' would build the answer in."""
    neutral = {
        "latent_demand_uplift": 1.0,
        "low_income_referral_odds_ratio": 1.0,
        "dna_odds_ratio_per_month_waited": 1.0,
        "ehc_request_hazard_ratio_long_wait": 1.0,
        "effect_multiplier_per_year_of_delay_under_5": 1.0,
        "universal_effect_sd": 0.0,
        "routine_therapy_effect_sd": 0.0,
        "access_gain_decay_per_year": 0.0,
        "drift_while_waiting_points_per_year": 0.0,
    }
    assert [name for name, at in neutral.items() if at not in (SHIPPED[name].low, SHIPPED[name].high)] == []


def test_row_names_are_unique_across_files_and_each_file_is_in_the_default_list() -> None:
    import yaml

    listed = set(yaml.safe_load((FOLDER / "domain.yaml").read_text(encoding="utf-8"))["defaults"])
    domain = [FOLDER / f"{name}.yaml" for name in listed]
    assert all(path.exists() for path in domain)
    assert len(read_tables(domain)) > 200


def test_assumptions_about_places_in_the_shipped_areas_are_those_of_the_table() -> None:
    import yaml

    for name in ("oldham", "england", "example_small"):
        area = yaml.safe_load((FOLDER.parent / "area" / f"{name}.yaml").read_text(encoding="utf-8"))
        assert area["hubs_per_locality"] == SHIPPED["hubs_per_locality"].value
        assert area["early_years"] == {
            "per_1000_under_fives": SHIPPED["early_years_settings_per_1000_under_fives"].value,
            "mean": SHIPPED["early_years_setting_children"].value,
            "cv": SHIPPED["early_years_setting_size_cv"].value,
            "smallest": SHIPPED["early_years_setting_smallest"].value,
            "largest": SHIPPED["early_years_setting_largest"].value,
        }


# --------------------------------------------------------------------------------------------- checking


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"low": 0.3}, "outside the row's own range"),
        ({"high": 0.15}, "outside the row's own range"),
        ({"high": 1.2}, "within 0 and 1"),
        ({"unit": "furlongs"}, "unit"),
        ({"distribution": "cauchy"}, "distribution"),
        ({"grade": "measured"}, "means grade assumed"),
        ({"mark": "c"}, "mark 'c' is not known"),
        ({"low": 0.2, "high": 0.2}, "needs low below high"),
        ({"low": 0.0, "distribution": "lognormal"}, "low above 0"),
        ({"high": 1.0, "distribution": "beta"}, "high below 1"),
        ({"value": float("nan")}, "value"),
        ({"colour": "red"}, "colour"),
        ({"source": ""}, "source"),
    ],
)
def test_a_row_that_is_wrong_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        row(**changes)


@pytest.mark.parametrize(
    ("mark", "grade"),
    [
        ("a", "measured"),
        ("a", "published"),
        ("a*", "published"),
        ("a (analog)", "published"),
        ("b-H", "expert"),
        ("a/b-M", "expert"),
        ("a*/b-L", "assumed"),
    ],
)
def test_the_weaker_mark_gives_the_grade(mark: str, grade: str) -> None:
    assert row(mark=mark, grade=grade).grade == grade
    stronger = GRADES.index(grade) - 1
    if mark[:2] not in ("a", "a "):  # a figure read in a source may be either measured or published
        with pytest.raises(ValidationError, match="means grade"):
            row(mark=mark, grade=GRADES[stronger])


def test_rows_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        row().value = 0.3  # type: ignore[misc]


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(InputError) as caught:
        parse_table({"one": {**GOOD, "low": 0.9}, "two": {**GOOD, "sauce": "x"}, "three": {"value": "many"}})
    text = "\n".join(caught.value.problems)
    assert (
        f"evidence.one: value {GOOD['value']:g} is outside the row's own range, 0.9 to {GOOD['high']:g}"
        in text
        or f"evidence.one: low must not be above high: found low 0.9, high {GOOD['high']:g}" in text
    )
    assert "evidence.two.sauce: unknown key; allowed: value, low, high" in text
    assert "evidence.three.value: found 'many'" in text
    assert "evidence.three.source: missing" in text


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


ROW_TEXT = (
    "{value: 1, low: 1, high: 1, unit: count, distribution: fixed, grade: assumed, mark: b-L, source: x}"
)


def test_a_name_used_in_two_files_is_refused(tmp_path: Path) -> None:
    first = write(tmp_path / "first.yaml", f"staff: {ROW_TEXT}\n")
    second = write(tmp_path / "second.yaml", f"defaults: [first]\nother: {ROW_TEXT}\nstaff: {ROW_TEXT}\n")
    with pytest.raises(InputError, match=r"'staff' is defined in first\.yaml and in second\.yaml"):
        read_tables([first, second])


def test_a_name_used_twice_in_one_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "only.yaml", f"staff: {ROW_TEXT}\nstaff: {ROW_TEXT}\n")
    with pytest.raises(InputError, match=r"twice in only\.yaml"):
        read_tables([path])


def test_files_that_cannot_be_read_are_named_together(tmp_path: Path) -> None:
    broken = write(tmp_path / "broken.yaml", "a: [1, 2\n")
    lines = write(tmp_path / "lines.yaml", "- 1\n- 2\n")
    with pytest.raises(InputError) as caught:
        read_tables([broken, lines, tmp_path / "absent.yaml"])
    assert [p.split(": ")[0].rsplit("/", 1)[1] for p in caught.value.problems] == [
        "broken.yaml",
        "lines.yaml",
        "absent.yaml",
    ]


def test_the_table_can_be_shown_as_a_frame() -> None:
    frame = table_frame(SHIPPED)
    assert list(frame["name"]) == list(SHIPPED)
    assert list(frame.columns) == ["name", *EvidenceRow.model_fields]


# --------------------------------------------------------------------------------------------- sampling

UNIT = st.floats(min_value=0, max_value=1, exclude_min=True, exclude_max=True)


@st.composite
def rows(draw: st.DrawFn) -> EvidenceRow:
    kind = draw(st.sampled_from(["fixed", "uniform", "triangular", "beta", "lognormal", "normal"]))
    inside = st.floats(min_value=0.001, max_value=0.999)
    low, value, high = sorted(draw(st.tuples(inside, inside, inside)))
    if high - low < 1e-3:
        kind = "fixed"
    scale = 1.0 if kind == "beta" else draw(st.sampled_from([1.0, 100.0]))
    unit = "share" if scale == 1.0 else "minutes"
    return row(value=value * scale, low=low * scale, high=high * scale, unit=unit, distribution=kind)


@given(rows(), st.tuples(UNIT, UNIT))
def test_samples_stay_in_range_and_rise_with_u(given_row: EvidenceRow, pair: tuple[float, float]) -> None:
    smaller, larger = sorted(pair)
    first, second = sample(given_row, smaller), sample(given_row, larger)
    assert given_row.low <= first <= given_row.high
    assert first <= second + 1e-9 * abs(given_row.high)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_row_spans_its_range(name: str) -> None:
    found = SHIPPED[name]
    if found.distribution == "fixed":
        assert sample(found, 0.01) == sample(found, 0.99) == found.value
    else:
        width = found.high - found.low
        assert sample(found, 1e-9) == pytest.approx(found.low, abs=0.01 * width)
        assert sample(found, 1 - 1e-9) == pytest.approx(found.high, abs=0.01 * width)


def test_triangular_samples_have_the_textbook_mean_and_mode() -> None:
    """Mean (low + mode + high) / 3; a share (mode - low) / (high - low) lies below the mode."""
    import numpy as np

    u = (np.arange(20_000) + 0.5) / 20_000
    drawn = np.array([sample(row(), float(x)) for x in u])
    assert drawn.mean() == pytest.approx((0.1 + 0.2 + 0.4) / 3, rel=1e-4)
    assert (drawn < 0.2).mean() == pytest.approx(1 / 3, abs=1e-3)


def test_beta_and_lognormal_ranges_are_read_as_95_percent_intervals() -> None:
    """Undoing the cut at both ends: the middle of the cut distribution is the median of the whole."""
    import math

    lognormal = row(value=2.0, low=1.0, high=4.0, unit="minutes", distribution="lognormal")
    assert sample(lognormal, 0.5) == pytest.approx(math.sqrt(1.0 * 4.0))
    beta = row(value=0.5, low=0.3, high=0.7, distribution="beta")
    assert sample(beta, 0.5) == pytest.approx(0.5, abs=1e-6)
    # Norbury 2016, 7.38-13.20 %: the fitted median lies between the geometric mean and the mean of the ends
    median = sample(SHIPPED["language_disorder_school_entry_share"], 0.5)
    assert 0.0987 < median < 0.1029


def test_normal_samples_centre_on_the_value() -> None:
    symmetric = row(value=0.3, low=0.2, high=0.4, distribution="normal")
    assert sample(symmetric, 0.5) == pytest.approx(0.3)
    # standard deviation 0.2 / 3.92, cut at 1.96 of them: the 84.13 % point from normal tables
    assert sample(symmetric, 0.8413) == pytest.approx(0.3 + 0.957 * 0.2 / 3.92, abs=2e-3)


@pytest.mark.parametrize("u", [0.0, 1.0, -0.1, float("nan")])
def test_u_outside_the_open_interval_is_refused(u: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        sample(row(), u)
