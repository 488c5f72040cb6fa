"""Importers: every way a file can be wrong is said at once, and good files arrive whole."""

from __future__ import annotations

import os
import shutil
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from build import make_config, parse_area
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.area import EARLY_YEARS, HUB, KINDS, PRIMARY, SECONDARY, SPECIAL, Area
from sim.area_building import build_area
from sim.compile import compile_config
from sim.errors import InputError
from sim.importers.area_build import apply_register, build_area_folder
from sim.importers.area_folder import read_area_folder, write_area_folder
from sim.importers.gias import Register, read_gias
from sim.importers.imd import Deprivation, quintiles_for, read_imd, read_lsoa_lookup
from sim.importers.localities import cut
from sim.importers.lsoa_population import read_lsoa_population
from sim.importers.osgb import project, to_grid
from sim.importers.referrals_csv import read_referrals
from sim.importers.schools_census import Schools, read_schools
from sim.importers.tables import Column, personal_heading, read_table, valid_nhs_number
from sim.population import Population
from sim.run import populate

DATA = Path(os.environ.get("OPENDOOR_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the open data is not in {DATA} (set OPENDOOR_DATA)"
)


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def problems_of(path: Path, *columns: Column, **options: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_table(path, columns, **options)  # type: ignore[arg-type]
    return [problem.replace(f"{path}", "FILE") for problem in caught.value.problems]


# -------------------------------------------------------------------------------------------- the file itself


def test_a_missing_file_is_named_with_the_nearest_there_is(tmp_path: Path) -> None:
    write(tmp_path / "schools.csv", "a\n1\n")
    assert problems_of(tmp_path / "school.csv", Column("a")) == [
        "FILE: no such file; did you mean 'schools.csv'?"
    ]


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert problems_of(tmp_path, Column("a")) == ["FILE: is a folder; a CSV file is needed"]


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: str) -> None:
    found = problems_of(write(tmp_path / "t.csv", content), Column("a"))
    assert found == ["FILE: is empty; the first line must name the columns"]


def test_a_heading_without_rows_is_refused(tmp_path: Path) -> None:
    assert problems_of(write(tmp_path / "t.csv", "a,b\n"), Column("a")) == ["FILE: has a heading but no rows"]


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", b"\xef\xbb\xbfa,b\n1,2\n")
    assert read_table(path, [Column("a", "integer")])["a"].tolist() == [1]


def test_windows_line_ends_quotes_and_spaces_are_accepted(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", b'a , b\r\n 1 ,"x, y"\r\n2,"two\r\nlines"\r\n')
    frame = read_table(path, [Column("a", "integer"), Column("b")])
    assert frame["a"].tolist() == [1, 2]
    assert frame["b"].tolist() == ["x, y", "two\r\nlines"]


@pytest.mark.parametrize("before", [0, 3_000_000])
def test_a_wrong_encoding_is_located(tmp_path: Path, before: int) -> None:
    """The second case has the bad byte behind the first blocks that are read."""
    rows = b"caf\xc3\xa9\n" * before
    path = write(tmp_path / "t.csv", b"a\n" + rows + b"caf\xe9\n")
    position, line = 2 + 6 * before + 4, 2 + before
    assert problems_of(path, Column("a")) == [
        f"FILE: is not UTF-8 text: byte 0xe9 at position {position:,}, line {line:,}; "
        "save it as 'CSV UTF-8' and try again"
    ]


def test_a_character_cut_off_at_the_end_of_the_file_is_located(tmp_path: Path) -> None:
    found = problems_of(write(tmp_path / "t.csv", b"a\ncaf\xc3"), Column("a"))
    assert "byte 0xc3 at position 6, line 2" in found[0]


def test_utf_16_and_binary_files_are_recognised(tmp_path: Path) -> None:
    assert "UTF-16" in problems_of(write(tmp_path / "t.csv", "a\n1\n".encode("utf-16")), Column("a"))[0]
    assert "not a text file" in problems_of(write(tmp_path / "u.csv", b"PK\0\0a\n1\n"), Column("a"))[0]


# --------------------------------------------------------------------------------------------------- columns


def test_missing_columns_are_all_named_with_near_spellings(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "referal_date,Age_Years\n2024-01-01,3\n")
    assert problems_of(path, Column("referral_date", "date"), Column("age_years"), Column("zebra")) == [
        "FILE: column 'referral_date' is missing; did you mean 'referal_date'?",
        "FILE: column 'age_years' is missing; did you mean 'Age_Years'?",
        "FILE: column 'zebra' is missing; found referal_date, Age_Years",
    ]


def test_a_missing_column_is_not_taken_for_another_that_means_something_else(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "urn,fsm_pupils\n1,2\n")
    columns = Column("urn"), Column("pupils", "integer"), Column("fsm_pupils", required=False)
    assert problems_of(path, *columns) == ["FILE: column 'pupils' is missing; found urn, fsm_pupils"]


def test_a_file_of_another_kind_gets_one_line_whatever_else_is_wrong_with_it(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "name,postcode,la19_name\nA,OL1 1AA,Upton\n")
    ages = [Column(f"age_{age}", "integer") for age in range(20)]
    (problem,) = problems_of(path, Column("la_name"), *ages)
    assert "another file" in problem
    assert "swapped" in problem
    assert "age_0, age_1, age_2, age_3, age_4, age_5 and 14 more" in problem
    assert "found name, postcode, la19_name" in problem


def test_a_misspelt_optional_column_is_not_silently_ignored(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,imd_quintle\n1,2\n")
    assert problems_of(path, Column("a"), Column("imd_quintile", required=False)) == [
        "FILE: column 'imd_quintle' is not known; did you mean 'imd_quintile'?"
    ]


def test_a_column_given_twice_is_refused(tmp_path: Path) -> None:
    assert problems_of(write(tmp_path / "t.csv", "a,b,a\n1,2,3\n"), Column("a")) == [
        "FILE: column 'a' appears twice"
    ]


def test_optional_columns_may_be_absent(tmp_path: Path) -> None:
    frame = read_table(write(tmp_path / "t.csv", "a\n1\n"), [Column("a"), Column("b", required=False)])
    assert list(frame.columns) == ["a"]


# ----------------------------------------------------------------------------------------------------- cells


def test_every_bad_cell_is_named_by_row_column_found_and_allowed(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.csv",
        "day,age,share,word,id\n"
        "2024-01-01,3,0.5,yes,A\n"
        "\n"  # blank lines are skipped but counted, so that row numbers stay those of a spreadsheet
        "01/02/2024,3,0.5,yes,B\n"
        "2023-02-29,20,0.5,yes,C\n"
        "2024-01-01,3.5,1.5,no way,D\n"
        '2024-01-01,,NaN,yes,"E\nE"\n'
        "2024-01-01,*,many,yes,A\n",
    )
    found = problems_of(
        path,
        Column("day", "date"),
        Column("age", "integer", low=0, high=19),
        Column("share", "number", low=0, high=1),
        Column("word", allowed=("yes", "no")),
        Column("id", unique=True),
    )
    assert sorted(found) == sorted(
        [
            "FILE, row 4, column 'day': found '01/02/2024'; allowed: a date written YYYY-MM-DD",
            "FILE, row 5, column 'day': found '2023-02-29'; allowed: a date that exists",
            "FILE, row 5, column 'age': found '20'; allowed: a whole number from 0 to 19",
            "FILE, row 6, column 'age': found '3.5'; allowed: a whole number from 0 to 19",
            "FILE, row 6, column 'share': found '1.5'; allowed: a number from 0 to 1",
            "FILE, row 6, column 'word': found 'no way'; allowed: one of yes, no",
            "FILE, row 7, column 'age': found a blank cell; allowed: a value",
            "FILE, row 7, column 'share': found 'NaN'; allowed: a value",
            "FILE, row 9, column 'age': found '*'; allowed: a value (suppressed '*' cannot be used here)",
            "FILE, row 9, column 'share': found 'many'; allowed: a number from 0 to 1",
            "FILE, row 9, column 'id': found 'A' again; allowed: each value once",
        ]
    )


def test_rows_of_the_wrong_length_are_named_and_do_not_shift_the_others(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b\n1,2\n1,2,3\n1\nx,2\n")
    assert problems_of(path, Column("a", "integer")) == [
        "FILE, row 3: found 3 cells; the heading has 2 columns",
        "FILE, row 4: found 1 cells; the heading has 2 columns",
        "FILE, row 5, column 'a': found 'x'; allowed: a whole number",
    ]


def test_rows_of_the_wrong_length_alone_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b\n1,2\n1,2,3\n")
    assert problems_of(path, Column("a")) == ["FILE, row 3: found 3 cells; the heading has 2 columns"]


def test_many_rows_with_the_same_problem_are_counted_not_listed(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a\n" + "x\n" * 1000)
    found = problems_of(path, Column("a", "integer", low=0))
    assert len(found) == 6
    assert found[-1] == "FILE, column 'a': 995 more rows like this; allowed: a whole number of 0 or more"


def test_blank_and_suppressed_cells_become_missing_where_they_may(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b,c,d\n1,*,,2024-01-31\n,2.5,x,\n")
    frame = read_table(
        path,
        [
            Column("a", "integer", blank=True),
            Column("b", "number", suppressed=True),
            Column("c", blank=True),
            Column("d", "date", blank=True),
        ],
    )
    assert frame["a"].isna().tolist() == [False, True]
    assert frame["b"].isna().tolist() == [True, False]
    assert frame["c"].isna().tolist() == [True, False]
    assert frame["d"].isna().tolist() == [False, True]


def test_suppressed_allows_no_blank(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b\n*,1\n,1\n")
    assert problems_of(path, Column("a", "integer", suppressed=True)) == [
        "FILE, row 3, column 'a': found a blank cell; allowed: a value"
    ]


def test_british_dates_are_read_when_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "d\n31/01/2024\n01/02/2024 00:00\n")
    frame = read_table(path, [Column("d", "date")], date_format="DD/MM/YYYY")
    assert frame["d"].tolist() == [np.datetime64("2024-01-31"), np.datetime64("2024-02-01")]


# no ten digits: those may be NHS numbers, and are refused
SHORT = st.integers(-(10**9) + 1, 10**9 - 1)
LONG = st.integers(10**10, 10**14)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.one_of(SHORT, LONG), st.floats(-1e6, 1e6), st.dates()), min_size=1, max_size=40))
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, float, date]]
) -> None:
    path = tmp_path_factory.mktemp("round") / "t.csv"
    write(path, "n,x,d\n" + "".join(f"{n},{x!r},{d.isoformat()}\n" for n, x, d in rows))
    frame = read_table(path, [Column("n", "integer"), Column("x", "number"), Column("d", "date")])
    assert frame["n"].tolist() == [n for n, _, _ in rows]
    assert frame["x"].tolist() == [x for _, x, _ in rows]
    assert frame["d"].dt.date.tolist() == [d for _, _, d in rows]


def test_a_hundred_thousand_rows_are_read_in_about_a_second(tmp_path: Path) -> None:
    """Measured 0.1 s; ten times as much is allowed. A bad last row is still found by its number."""
    n = 100_000
    body = "".join(f"2024-01-{i % 28 + 1:02d},{i},{i % 20}\n" for i in range(n))
    path = write(tmp_path / "t.csv", "referral_date,referral_id,age_years\n" + body)
    start = time.process_time()
    assert len(read_referrals(path)) == n
    assert time.process_time() - start < 3
    write(path, "referral_date,referral_id,age_years\n" + body + "2024-01-01,x,99\n")
    with pytest.raises(InputError, match=rf"row {n + 2:,}, column 'age_years': found '99'"):
        read_referrals(path)


# --------------------------------------------------------------------------------------------------- privacy

NHS = "943 476 5919"
"""The example of a valid number in the NHS Data Dictionary."""


@pytest.mark.parametrize(
    "heading",
    [
        "Forename",
        "SURNAME",
        "child_name",
        "Patient Name",
        "NHS Number",
        "nhs_no",
        "UPN",
        "Post Code",
        "DOB",
        "e-mail",
    ],
)
def test_headings_of_personal_data_are_refused(tmp_path: Path, heading: str) -> None:
    path = write(tmp_path / "t.csv", f"a,{heading}\n1,\n")
    found = problems_of(path, Column("a"))
    assert len(found) == 1
    assert found[0].startswith(f"FILE: column {heading!r} looks like personal data")


@pytest.mark.parametrize(
    "heading", ["lsoa11_name", "la_name", "school_name", "locality", "referral_id", "urn"]
)
def test_headings_of_places_and_numbers_are_accepted(heading: str) -> None:
    assert personal_heading(heading) is None


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ([NHS, "9434765919"], "2 of the first 2 ten-digit numbers are valid NHS numbers"),
        (["A123456789012", "x"], "1 cells are written like unique pupil numbers"),
        (["OL1 1AA", "OL12 3BB", ""], "2 of 2 cells are full postcodes"),
    ],
)
def test_cells_of_personal_data_are_refused_whatever_the_heading(
    tmp_path: Path, cells: list[str], what: str
) -> None:
    path = write(tmp_path / "t.csv", "a,reference\n" + "".join(f"1,{cell}\n" for cell in cells))
    assert problems_of(path, Column("a")) == [
        f"FILE: column 'reference' looks like personal data ({what}); the model does not need it: "
        "delete the column and try again"
    ]


def test_references_that_only_look_a_little_like_it_are_accepted(tmp_path: Path) -> None:
    """Ten-digit counters: one in eleven has a valid check digit by chance. Area codes pass."""
    rows = "".join(f"{4_000_000_000 + i},E0100{i:04d},OL{i % 16 + 1}\n" for i in range(2000))
    path = write(tmp_path / "t.csv", "referral_id,lsoa,district\n" + rows)
    assert len(read_table(path, [Column("referral_id", unique=True)])) == 2000


def test_the_check_digit_is_that_of_the_nhs_data_dictionary() -> None:
    assert valid_nhs_number(NHS)
    assert not valid_nhs_number("943 476 5918")
    assert not valid_nhs_number("12345")


def test_exempt_columns_may_hold_names_and_postcodes(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "name,postcode,a\nA School,OL1 1AA,1\n")
    frame = read_table(path, [Column("name"), Column("a", "integer")], exempt=("name", "postcode"))
    assert list(frame.columns) == ["name", "a"]


# ------------------------------------------------------------------------------------------- dated referrals


def test_referrals_need_only_a_date_and_come_in_order(tmp_path: Path) -> None:
    frame = read_referrals(write(tmp_path / "r.csv", "referral_date\n2024-03-01\n2024-01-15\n"))
    assert frame["referral_date"].tolist() == [np.datetime64("2024-01-15"), np.datetime64("2024-03-01")]


def test_referrals_of_one_day_keep_the_order_of_the_file(tmp_path: Path) -> None:
    rows = "2024-01-02,a\n2024-01-01,b\n2024-01-01,c\n2024-01-01,d\n"
    frame = read_referrals(write(tmp_path / "r.csv", "referral_date,referral_id\n" + rows))
    assert frame["referral_id"].tolist() == ["b", "c", "d", "a"]


def _streamed(path: Path, **changes: Any) -> Population:
    """Children of a run on the plain list with this file of referrals."""
    config = make_config("single_list", {"area.csv": str(path), "calendar.start": "2024-01-01", **changes})
    area = build_area(config.area)
    return populate(config, compile_config(config, area, 1), area, 1)


def test_referrals_of_a_file_become_children_on_their_days(tmp_path: Path) -> None:
    """Those before the first day and after the last are left out; what a line does not say is drawn."""
    path = tmp_path / "referrals.csv"
    path.write_text(
        "referral_date,age_years,imd_quintile,priority\n"
        "2023-12-31,3,1,urgent\n2024-01-01,4,1,urgent\n2024-01-03,,5,routine\n2024-01-03,17,,\n2031-01-01,9,2,\n"
    )
    children = _streamed(path)
    assert children.needs["onset"].tolist() == [0, 2, 2]
    ages = -(children.children["birth"] - children.needs["onset"]) / 365.25
    assert ages[[0, 2]] == pytest.approx([4, 17], abs=0.01)
    assert children.children["quintile"][:2].tolist() == [0, 4]
    assert children.needs["urgent"].tolist() == [True, False, False]


def test_a_file_with_no_referral_in_the_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "referrals.csv"
    path.write_text("referral_date\n1999-10-01\n1998-03-02\n2050-10-01\n")
    with pytest.raises(InputError) as caught:
        _streamed(path)
    assert caught.value.problems == [
        f"{path}: none of its referrals (1998-03-02 to 2050-10-01) falls into the run (2024-01-01 to 2025-06-29); "
        "set calendar.start, history_years and horizon_years to fit"
    ]


@pytest.mark.parametrize(("last", "weeks"), [("2024-01-02", 77), ("2025-03-24", 14)])
def test_a_file_that_ends_long_before_the_run_is_refused(tmp_path: Path, last: str, weeks: int) -> None:
    """The run is of half a year of history and one year, 2024-01-01 to 2025-06-29."""
    path = tmp_path / "referrals.csv"
    path.write_text(f"referral_date\n2024-01-01\n{last}\n")
    with pytest.raises(InputError) as caught:
        _streamed(path)
    assert f"its last referral is of {last}, {weeks} weeks before the run ends" in caught.value.problems[0]
    assert "set calendar.start, history_years and horizon_years" in caught.value.problems[0]


def test_dates_of_a_referral_file_can_be_british(tmp_path: Path) -> None:
    path = tmp_path / "referrals.csv"
    path.write_text("referral_date\n03/02/2024\n01/06/2025\n")
    children = _streamed(path, **{"area.csv_dates": "DD/MM/YYYY"})
    assert children.needs["onset"].tolist() == [33, 517]
    with pytest.raises(InputError, match="referral_date"):
        _streamed(path)


def test_a_file_separated_by_semicolons_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "referrals.csv"
    path.write_text("referral_date;kind\n2024-01-01;speech\n")
    with pytest.raises(InputError, match="separated by semicolons; save it separated by commas"):
        read_referrals(path)


def test_all_problems_of_a_referral_file_are_reported_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path / "r.csv",
        "referral_date,kind,age_years,imd_quintile,priority,referral_id\n"
        "2024-01-01,speech,3,1,urgent,A\n"
        "1/1/24,magic,-1,6,soon,A\n",
    )
    with pytest.raises(InputError) as caught:
        read_referrals(path, kinds=("speech", "language"))
    columns = {problem.split("column '")[1].split("'")[0] for problem in caught.value.problems}
    assert columns == {"referral_date", "kind", "age_years", "imd_quintile", "priority", "referral_id"}


# ------------------------------------------------------------------------------------ the formats one by one

AGES = ",".join(f"age_{age}" for age in range(20))


def population(path: Path, rows: list[tuple[str, str, int]], prefix: str = "lsoa11") -> Path:
    """Small-area population file: (code, name, children of every age)."""
    lines = [f"{prefix}_code,{prefix}_name,la_code,la_name,upper_tier_name,all_ages,{AGES}"]
    lines += [f"{c},{n},E1,{n.rsplit(' ', 1)[0]},Shire,9999,{','.join([str(k)] * 20)}" for c, n, k in rows]
    return write(path, "\n".join(lines) + "\n")


def test_small_areas_are_ordered_by_district_and_number(tmp_path: Path) -> None:
    path = population(
        tmp_path / "p.csv", [("L3", "Upton 002A", 3), ("L1", "Upton 001B", 1), ("L2", "Down 009A", 2)]
    )
    areas = read_lsoa_population(path, "Shire")
    assert areas.lsoa_code == ("L2", "L1", "L3")
    assert areas.msoa.tolist() == [9, 1, 2]
    assert areas.children.sum(axis=1).tolist() == [40, 20, 60]
    assert read_lsoa_population(path, "Upton").lsoa_code == ("L1", "L3")


def test_an_unknown_authority_is_met_with_the_nearest(tmp_path: Path) -> None:
    path = population(tmp_path / "p.csv", [("L1", "Upton 001B", 1)])
    with pytest.raises(InputError, match="no rows for the authority 'Uptown'; did you mean 'Upton'"):
        read_lsoa_population(path, "Uptown")


def test_small_areas_without_a_number_are_refused(tmp_path: Path) -> None:
    path = population(tmp_path / "p.csv", [("L1", "Upton", 1)])
    with pytest.raises(InputError, match="found Upton; allowed: names such as 'Oldham 001A'"):
        read_lsoa_population(path, "Shire")


@pytest.mark.parametrize(
    ("code", "year", "vintage"), [("lsoa11_code", 2019, 2011), ("lsoa21_code", 2025, 2021)]
)
def test_both_editions_of_the_index_are_read(tmp_path: Path, code: str, year: int, vintage: int) -> None:
    rows = "".join(f"L{decile},{decile},x\n" for decile in range(1, 11))
    imd = read_imd(write(tmp_path / "i.csv", f"{code},imd_decile,other\n{rows}"))
    assert (imd.year, imd.vintage) == (year, vintage)
    assert list(imd.quintile.values()) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_deciles_outside_one_to_ten_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found '0'; allowed: a whole number from 1 to 10"):
        read_imd(write(tmp_path / "i.csv", "lsoa11_code,imd_decile\nL1,0\n"))


def test_different_boundaries_need_a_look_up(tmp_path: Path) -> None:
    imd = Deprivation(quintile={"N1": 1, "N2": 4, "N3": 5}, vintage=2021, year=2025)
    with pytest.raises(InputError, match=r"LSOAs of 2011 and the deprivation file LSOAs of 2021.*look-up"):
        quintiles_for(("L1",), 2011, imd, None)
    lookup = read_lsoa_lookup(
        write(tmp_path / "l.csv", "lsoa11_code,lsoa21_code\nL1,N2\nL1,N3\nL2,N1\nL3,N1\n")
    )
    assert quintiles_for(("L1", "L2", "L3"), 2011, imd, lookup).tolist() == [4, 1, 1]


def test_small_areas_without_a_quintile_are_counted() -> None:
    imd = Deprivation(quintile={"L1": 1}, vintage=2011, year=2019)
    with pytest.raises(InputError, match="2 of 3 small areas have no quintile in the IMD 2019 file: L2, L3"):
        quintiles_for(("L1", "L2", "L3"), 2011, imd, None)


SCHOOL_HEAD = "urn,name,la_name,school_type,pupils,fsm_pupils,postcode,easting,northing,lat,lon\n"


def test_schools_are_sorted_into_phases_and_units_left_out(tmp_path: Path) -> None:
    rows = [
        "1,A,Upton,State-funded primary,200,50,OL1 1AA,390000,400000,,",
        "2,B,Upton,State-funded secondary,900,*,OL1 1AA,,,53.5,-2.1",
        "3,C,Upton,Pupil referral unit,30,9,OL1 1AA,390000,400000,,",
        "4,D,Upton,Non-maintained special school,60,,OL1 1AA,,,,",
        "5,E,Upton,State-funded nursery,0,0,OL1 1AA,390000,400000,,",
        "6,F,Elsewhere,State-funded nursery,50,5,OL1 1AA,390000,400000,,",
    ]
    schools = read_schools(write(tmp_path / "s.csv", SCHOOL_HEAD + "\n".join(rows) + "\n"), "Upton")
    assert schools.urn.tolist() == [1, 2, 4]
    assert schools.left_out == (1, 1), "a unit, and a nursery without pupils"
    assert schools.kind.tolist() == [PRIMARY, SECONDARY, SPECIAL]
    assert schools.fsm_share[0] == 0.25
    assert np.isnan(schools.fsm_share[1:]).all()
    assert schools.easting[1] == pytest.approx(393_400, abs=200)  # latitude and longitude of central Oldham
    assert np.isnan(schools.easting[2])


def test_an_unknown_school_type_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", SCHOOL_HEAD + "1,A,Upton,Hogwarts,200,50,,,,,\n")
    with pytest.raises(
        InputError, match="column 'school_type': found 'Hogwarts'; allowed: one of State-funded nursery"
    ):
        read_schools(path, "Upton")


def test_the_register_lists_open_establishments_of_the_authority(tmp_path: Path) -> None:
    path = write(
        tmp_path / "g.csv",
        "urn,name,la_name,phase,gender,status\n1,A,Upton,Primary,Mixed,Open\n2,B,Upton,Nursery,Mixed,Closed\n"
        '3,C,Upton,Nursery,Mixed,"Open, but proposed to close"\n4,D,Other,Nursery,Mixed,Open\n',
    )
    assert read_gias(path, "Upton") == Register(names={1: "A", 3: "C"}, phases={1: "Primary", 3: "Nursery"})


def test_the_register_renumbers_academies_and_adds_nurseries() -> None:
    schools = Schools(
        urn=np.array([1, 2, 3]),
        name=("Old name", "St. Mary's Primary School", "Gone School"),
        kind=np.array([PRIMARY] * 3),
        pupils=np.array([100.0, 200.0, 300.0]),
        fsm_share=np.array([0.1, 0.2, 0.3]),
        easting=np.zeros(3),
        northing=np.zeros(3),
    )
    register = Register(
        names={1: "New name", 12: "ST MARY'S PRIMARY SCHOOL", 20: "Little Nursery"},
        phases={1: "Primary", 12: "Primary", 20: "Nursery"},
    )
    merged, note = apply_register(schools, register, nursery_size=45)
    assert merged.urn.tolist() == [1, 12, 3, 20]
    assert merged.name[0] == "New name"
    assert merged.kind[-1] == EARLY_YEARS
    assert merged.pupils.tolist() == [100, 200, 300, 45]
    assert (
        note == "register applied: 1 schools renumbered, 1 not in the register kept, 1 nursery schools added "
        "with an assumed size"
    )


def test_the_projection_gives_the_ordnance_surveys_worked_example() -> None:
    """Guide to coordinate systems in Great Britain, annex C: 52 39 27.2531 N, 1 43 4.5177 E."""
    lat, lon = np.radians(52 + 39 / 60 + 27.2531 / 3600), np.radians(1 + 43 / 60 + 4.5177 / 3600)
    easting, northing = project(np.array(lat), np.array(lon))
    assert easting == pytest.approx(651_409.903, abs=0.001)
    assert northing == pytest.approx(313_177.270, abs=0.001)


@needs_data
def test_converted_positions_agree_with_those_of_the_school_file() -> None:
    import pandas as pd

    frame = pd.read_csv(DATA / "schools_priority_areas_census_jan2019.csv").dropna(subset=["easting", "lat"])
    easting, northing = to_grid(frame["lat"].to_numpy(), frame["lon"].to_numpy())
    off = np.hypot(easting - frame["easting"], northing - frame["northing"])
    assert np.median(off) < 10


# ---------------------------------------------------------------------------------------------- localities


@given(
    st.lists(st.integers(0, 500), min_size=1, max_size=40),
    st.lists(st.integers(0, 500), min_size=1, max_size=8).filter(any),
)
def test_cutting_keeps_the_order_and_serves_every_piece_that_counts(
    sizes: list[int], weights: list[int]
) -> None:
    pieces = cut(np.array(sizes), np.array(weights, dtype=float))
    assert pieces == sorted(pieces)
    assert all(0 <= piece < len(weights) for piece in pieces)
    counting = {i for i, weight in enumerate(weights) if weight > 0}
    if len(counting) <= len(sizes):
        assert set(pieces) == counting


def test_cutting_equal_items_in_equal_pieces_is_exact() -> None:
    assert cut(np.ones(9), np.ones(3)) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert cut(np.ones(6), np.array([1.0, 2.0])) == [0, 0, 1, 1, 1, 1]


# ----------------------------------------------------------------------------------------------- area folder

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=4, max_size=12)


@st.composite
def areas(draw: st.DrawFn) -> Area:
    names = tuple(f"Place {text}" for text in draw(st.lists(TEXT, min_size=1, max_size=3, unique=True)))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = draw(st.integers(1, 12))
    children = rng.integers(0, 50, (len(names), 20, 5))
    children[:, 0, 0] += 1
    return Area(
        name=draw(TEXT),
        localities=names,
        children=children,
        place_name=tuple(f"School {text}" for text in draw(st.lists(TEXT, min_size=n, max_size=n))),
        place_kind=rng.integers(0, len(KINDS), n).astype(np.int8),
        place_locality=rng.integers(0, len(names), n).astype(np.int32),
        place_size=np.round(rng.random(n) * 1000, 2),
        place_quintile=rng.integers(0, 5, n).astype(np.int8),
        place_easting=rng.random(n) * 600_000,
        place_northing=np.round(rng.random(n) * 600_000),
        provenance={"children": f"assumed: {draw(TEXT)}"},
    )


@settings(max_examples=40)
@given(areas())
def test_an_area_survives_the_trip_through_its_folder(
    tmp_path_factory: pytest.TempPathFactory, area: Area
) -> None:
    folder = write_area_folder(area, tmp_path_factory.mktemp("area") / "here")
    back = read_area_folder(folder)
    for field in Area.__dataclass_fields__:
        first, second = getattr(area, field), getattr(back, field)
        np.testing.assert_array_equal(first, second) if isinstance(first, np.ndarray) else None
        assert isinstance(first, np.ndarray) or first == second
        assert not isinstance(first, np.ndarray) or first.dtype == second.dtype


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import yaml

    text = (Path(__file__).parents[1] / "configs" / "area" / "example_small.yaml").read_text(encoding="utf-8")
    return write_area_folder(build_area(parse_area(yaml.safe_load(text))), tmp_path / "smallbridge")


def test_a_folder_is_an_area_of_kind_files(folder: Path) -> None:
    area = build_area(parse_area({"kind": "files", "folder": str(folder)}))
    assert area.name == "Smallbridge"
    assert area.children.sum() == 2013


def test_an_existing_folder_is_never_overwritten(folder: Path) -> None:
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    with pytest.raises(InputError, match="exists already"):
        write_area_folder(read_area_folder(folder), folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_a_failed_write_leaves_nothing_behind(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    area = read_area_folder(folder)
    monkeypatch.setattr("sim.importers.area_folder._write_yaml", full_disk)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        write_area_folder(area, tmp_path / "other")
    assert [p.name for p in tmp_path.iterdir()] == ["smallbridge"]


def test_a_parent_that_is_a_file_is_explained(folder: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_area_folder(read_area_folder(folder), folder / "area.yaml" / "new")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_problems_of_all_three_files_are_reported_at_once(folder: Path) -> None:
    edit(folder / "children.csv", "Smallbridge East,0,1,24", "Smallbridge East,0,1,-24")
    edit(folder / "places.csv", "primary,", "primery,")
    edit(folder / "area.yaml", "name:", "nome:")
    with pytest.raises(InputError) as caught:
        read_area_folder(folder)
    found = "\n".join(caught.value.problems)
    assert "column 'children': found '-24'; allowed: a whole number of 0 or more" in found
    assert (
        "column 'kind': found 'primery'; allowed: one of hub, early_years, primary, secondary, special"
        in found
    )
    assert "must hold the keys name and provenance" in found


def test_places_of_an_unknown_locality_and_repeated_children_are_refused(folder: Path) -> None:
    edit(folder / "places.csv", "hub,Smallbridge East", "hub,Smallbridge North")
    edit(folder / "children.csv", "Smallbridge East,0,2,", "Smallbridge East,0,1,")
    with pytest.raises(InputError) as caught:
        read_area_folder(folder)
    found = "\n".join(caught.value.problems)
    assert "locality 'Smallbridge North' has no children in children.csv" in found
    assert "age 0, imd_quintile 1 is given twice (1 repeats in all)" in found


def test_an_area_made_unusable_by_hand_is_explained(folder: Path) -> None:
    edit(folder / "places.csv", "secondary,Smallbridge West", "primary,Smallbridge West")
    with pytest.raises(
        InputError, match="'Smallbridge West' has 340 children aged 11-17 but no secondary place"
    ):
        build_area(parse_area({"kind": "files", "folder": str(folder)}))


def test_a_missing_folder_is_explained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such folder; 'opendoor area build' writes one"):
        build_area(parse_area({"kind": "files", "folder": str(tmp_path / "nowhere")}))


@pytest.mark.parametrize("name", ["area.yaml", "children.csv", "places.csv"])
def test_a_missing_file_of_the_folder_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=name):
        read_area_folder(folder)


# ------------------------------------------------------------------------------------------ building an area


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Path]:
    """A made-up authority: eight small areas, ten primaries, two secondaries, a special school, a nursery."""
    folder = tmp_path / "sources"
    folder.mkdir()
    lsoas = [(f"L{i}", f"Upton 00{i}A", 10 + i) for i in range(1, 9)]
    deciles = "".join(f"L{i},{min(2 * i, 10)}\n" for i in range(1, 9))
    schools = [
        f"{100 + i},Primary {i},Upton,State-funded primary,{100 + i},{5 * i},,390000,{400_000 - 500 * i},,"
        for i in range(10)
    ]
    schools += ["201,North High,Upton,State-funded secondary,900,90,,390100,399500,,"]
    schools += ["202,South High,Upton,State-funded secondary,800,300,,390200,396000,,"]
    schools += ["301,Meadow,Upton,State-funded special school,80,40,,,,,"]
    schools += ["401,Acorn,Upton,State-funded nursery,60,20,,390000,396200,,"]
    return {
        "population_csv": population(folder / "population.csv", lsoas),
        "imd_csv": write(folder / "imd.csv", "lsoa11_code,imd_decile\n" + deciles),
        "schools_csv": write(folder / "schools.csv", SCHOOL_HEAD + "\n".join(schools) + "\n"),
    }


def test_a_built_area_keeps_every_child_and_every_school(sources: dict[str, Path], tmp_path: Path) -> None:
    folder = build_area_folder(**sources, la_name="Upton", out_folder=tmp_path / "upton", localities=2)
    area = build_area(parse_area({"kind": "files", "folder": str(folder)}))
    assert area.children.sum(axis=(0, 2)).tolist() == [sum(range(11, 19))] * 20
    # deciles 2, 4, 6, 8, 10, 10, 10, 10 of areas with 11 .. 18 children of each age
    assert area.children.sum(axis=(0, 1)).tolist() == [220, 240, 260, 280, 20 * (15 + 16 + 17 + 18)]
    assert np.bincount(area.place_kind).tolist() == [2, 5, 10, 2, 1]
    real = dict(zip(area.place_name, area.place_size, strict=True))
    assert real["Primary 3"] == 103
    assert real["South High"] == 800
    assert area.localities == ("Upton 1 (MSOA 001-005)", "Upton 2 (MSOA 006-008)")


def test_three_files_given_in_the_wrong_order_get_a_line_each(
    sources: dict[str, Path], tmp_path: Path
) -> None:
    swapped = {
        "population_csv": sources["imd_csv"],
        "imd_csv": sources["schools_csv"],
        "schools_csv": sources["population_csv"],
    }
    with pytest.raises(InputError) as caught:
        build_area_folder(**swapped, la_name="Upton", out_folder=tmp_path / "upton")
    assert len(caught.value.problems) == 3
    for problem, path in zip(caught.value.problems, swapped.values(), strict=True):
        assert problem.startswith(f"{path}: ")
        assert "swapped" in problem


def test_what_was_left_out_of_a_built_area_is_written_down(sources: dict[str, Path], tmp_path: Path) -> None:
    with sources["schools_csv"].open("a") as file:
        file.write("501,Unit,Upton,Pupil referral unit,30,9,,390000,400000,,\n")
    folder = build_area_folder(**sources, la_name="Upton", out_folder=tmp_path / "upton", localities=2)
    said = read_area_folder(folder).provenance["place_name"]
    assert "left out: pupil referral units, 1; schools without pupils, 0" in said


def test_schools_are_shared_out_from_north_to_south(sources: dict[str, Path], tmp_path: Path) -> None:
    folder = build_area_folder(**sources, la_name="Upton", out_folder=tmp_path / "upton", localities=2)
    area = read_area_folder(folder)
    where = dict(zip(area.place_name, area.place_locality.tolist(), strict=True))
    # 65 of 116 children of each age live in the first locality; the schools are of about equal size
    assert [where[f"Primary {i}"] for i in range(10)] == [0] * 6 + [1] * 4
    assert (where["North High"], where["South High"]) == (0, 1)


def test_the_poorest_schools_take_the_most_deprived_quintile(
    sources: dict[str, Path], tmp_path: Path
) -> None:
    folder = build_area_folder(**sources, la_name="Upton", out_folder=tmp_path / "upton", localities=1)
    area = read_area_folder(folder)
    quintile = dict(zip(area.place_name, area.place_quintile.tolist(), strict=True))
    by_meals = [quintile[f"Primary {i}"] for i in range(9, -1, -1)]  # falling share of free school meals
    assert by_meals == sorted(by_meals)
    assert by_meals[0] == 0
    assert by_meals[-1] == 4


def test_what_is_made_up_says_so_and_comes_from_the_evidence(
    sources: dict[str, Path], tmp_path: Path
) -> None:
    from sim.evidence import shipped_table

    folder = build_area_folder(**sources, la_name="Upton", out_folder=tmp_path / "upton", localities=2)
    area = read_area_folder(folder)
    made = [i for i, name in enumerate(area.place_name) if name.endswith("(made up)")]
    assert {int(area.place_kind[i]) for i in made} == {HUB, EARLY_YEARS}
    assert all(text.split(":")[0] in ("published", "derived", "assumed") for text in area.provenance.values())
    rate = shipped_table()["early_years_settings_per_1000_under_fives"].value
    under_fives = area.children[:, :5].sum(axis=(1, 2))
    expected = sum(max(1, round(rate * n / 1000)) for n in under_fives)
    assert (area.place_kind == EARLY_YEARS).sum() == expected


def test_building_refuses_an_existing_folder_before_reading(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.csv"
    with pytest.raises(InputError) as caught:
        build_area_folder(nothing, nothing, nothing, "Upton", tmp_path)
    assert len(caught.value.problems) == 1
    assert "exists already" in caught.value.problems[0]


def test_building_reports_the_problems_of_all_files_and_writes_nothing(
    sources: dict[str, Path], tmp_path: Path
) -> None:
    edit(sources["population_csv"], "age_7", "age_seven")
    edit(sources["imd_csv"], "L3,6", "L3,six")
    edit(sources["schools_csv"], "State-funded secondary", "Secondary modern")
    with pytest.raises(InputError) as caught:
        build_area_folder(**sources, la_name="Upton", out_folder=tmp_path / "upton")
    assert [any(f"{path}" in p for p in caught.value.problems) for path in sources.values()] == [True] * 3
    assert not (tmp_path / "upton").exists()


def test_too_many_localities_are_refused(sources: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 schools for ages 11-17 are too few for 5 localities"):
        build_area_folder(**sources, la_name="Upton", out_folder=tmp_path / "upton", localities=5)
    with pytest.raises(InputError, match="localities: found 99; allowed: 1 to 8"):
        build_area_folder(**sources, la_name="Upton", out_folder=tmp_path / "upton", localities=99)


@needs_data
@pytest.mark.parametrize("edition", [2019, 2025])
def test_oldham_is_built_with_its_real_schools_from_the_open_files(tmp_path: Path, edition: int) -> None:
    newer = edition == 2025
    folder = build_area_folder(
        DATA / "population_age0-19_by_lsoa11_priority_areas_mid2020.csv",
        DATA / ("iod2025_by_lsoa21_england.csv" if newer else "imd2019_idaci_by_lsoa11_england.csv"),
        DATA / "schools_priority_areas_census_jan2019.csv",
        "Oldham",
        tmp_path / "oldham",
        gias_csv=DATA / "gias_open_establishments_priority_areas_2024-06.csv",
        lookup_csv=DATA / "lookup_lsoa11_lsoa21_priority_areas.csv" if newer else None,
    )
    area = build_area(parse_area({"kind": "files", "folder": str(folder)}))
    assert area.children.sum() == 65_133
    numbers = np.bincount(area.place_kind)
    assert (numbers[PRIMARY], numbers[SECONDARY], numbers[SPECIAL]) == (86, 13, 4)


@needs_data
def test_a_county_of_several_districts_can_be_built(tmp_path: Path) -> None:
    folder = build_area_folder(
        DATA / "population_age0-19_by_lsoa11_priority_areas_mid2020.csv",
        DATA / "imd2019_idaci_by_lsoa11_england.csv",
        DATA / "schools_priority_areas_census_jan2019.csv",
        "Worcestershire",
        tmp_path / "worcestershire",
        localities=6,
    )
    area = build_area(parse_area({"kind": "files", "folder": str(folder)}))
    assert len(area.localities) == 6
    assert area.provenance["place_locality"].startswith("assumed:")
    shutil.rmtree(folder)
