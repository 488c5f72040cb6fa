"""Every number shown is the one the model uses, with the grade of the evidence behind it."""

from __future__ import annotations

import pytest

from experiments.composing.compose import load_config
from experiments.numbers import BY_HAND, GRADES, grade_counts, numbers, rows_used
from experiments.words import caveats, grade_sentence
from sim import check
from sim.quantities import quantities_in_use


@pytest.fixture(scope="module")
def gatekept():
    return load_config(["system=gatekept"])


@pytest.fixture(scope="module")
def balanced():
    return load_config(["system=balanced"])


def test_every_number_is_told_once_with_a_grade_and_inside_its_range(balanced):
    found = numbers(balanced)
    assert len({n.key for n in found}) == len(found) == len(quantities_in_use(balanced))
    ranges = {use.key: use.unit for use in quantities_in_use(balanced)}
    for number in found:
        assert number.grade in (*GRADES, BY_HAND)
        assert (number.grade == BY_HAND) == (number.rows == ())
        assert number.unit == ranges[number.key].name
        assert ranges[number.key].low <= number.value <= ranges[number.key].high


def test_a_row_in_weeks_is_shown_in_the_days_that_the_field_takes(balanced):
    by_key = {n.key: n for n in numbers(balanced)}
    number = by_key["system.offers.triage.routes[1].to[0].after_days"]
    (row,) = number.rows
    assert balanced.evidence[row].unit == "weeks"
    assert number.unit == "days"
    assert number.value == 7 * balanced.evidence[row].value


def test_a_dial_moves_a_number_from_one_end_to_the_other(gatekept, balanced):
    old, new = ({n.key: n for n in numbers(config)} for config in (gatekept, balanced))
    moved = [key for key, number in old.items() if number.dials]
    assert len(moved) >= 10
    for key in moved:
        # gatekept has all dials at 0, balanced all at 1
        assert (old[key].value, new[key].value) == old[key].ends == new[key].ends
    for key in set(old) - set(moved):
        assert old[key].value == new[key].value


def test_a_default_of_the_model_is_not_taken_for_a_choice_in_a_file(balanced):
    by_key = {n.key: n for n in numbers(balanced)}
    assert by_key["system.doors.referral.share"].stated
    assert not by_key["system.offers.triage.attendance.most"].stated


def test_the_weakest_row_gives_the_grade(balanced):
    for number in numbers(balanced):
        if len(number.rows) > 1:
            grades = [balanced.evidence[row].grade for row in number.rows]
            assert GRADES.index(number.grade) == max(map(GRADES.index, grades))


def test_counts_by_grade_add_up_over_both_systems(gatekept, balanced):
    used = rows_used([gatekept, balanced])
    counts = grade_counts([gatekept, balanced])
    assert sum(counts[grade] for grade in GRADES) == len(used)
    assert set(used) == set(rows_used([gatekept])) | set(rows_used([balanced]))
    sentence = grade_sentence({"gatekept": gatekept, "balanced": balanced})
    assert f"{len(used)} rows of the evidence table are used" in sentence
    assert all(f"{counts[grade]} " in sentence for grade in GRADES)


def test_what_must_be_said_is_said(gatekept, balanced):
    said = " ".join(caveats("Oldham", {"gatekept": gatekept, "balanced": balanced}))
    for words in ("not Oldham's own", "transition=none", "no controlled evidence", "luck of the simulation"):
        assert words in said
    assert "transition" not in " ".join(caveats("Oldham", {"balanced": balanced}))


def test_a_configuration_read_back_is_told_as_the_one_it_was_made_from(balanced):
    again = check(balanced.model_dump(mode="json"))
    assert grade_counts([again]) == grade_counts([balanced])
    assert grade_counts([balanced])[BY_HAND] > 0
