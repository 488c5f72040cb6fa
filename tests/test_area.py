"""Areas: published totals are met exactly, places are sound and repeatable, and bad areas are explained."""

from __future__ import annotations

import copy
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from build import parse_area
from hypothesis import given
from hypothesis import strategies as st

from sim.area import BANDS, EARLY_YEARS, HUB, KINDS, NEEDED_PLACES, SPECIAL, Area
from sim.area_building import build_area
from sim.area_config import SizeSpread, localities_from_text, text_columns
from sim.errors import InputError
from sim.synthetic import draw_quintiles, draw_sizes, generator, spread_over_years

AREAS = Path(str(files("configs"))) / "area"
DATA = Path(os.environ.get("OPENDOOR_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the open data is not in {DATA} (set OPENDOOR_DATA)"
)


def fields(name: str) -> dict[str, Any]:
    return yaml.safe_load((AREAS / f"{name}.yaml").read_text(encoding="utf-8"))


def shipped(name: str) -> Area:
    return build_area(parse_area(fields(name)))


def small(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(fields("example_small")), **changes}


def problems_of(config: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        build_area(parse_area(config))
    return "\n".join(caught.value.problems)


# ------------------------------------------------------------------------------------------- shipped areas


@pytest.mark.parametrize("name", ["oldham", "england"])
def test_children_add_up_to_the_published_single_year_totals(name: str) -> None:
    area = shipped(name)
    assert area.children.sum(axis=(0, 2)).tolist() == fields(name)["single_year_totals"]
    assert area.children.min() >= 0


@pytest.mark.parametrize("name", ["oldham", "england", "example_small"])
def test_children_add_up_to_every_cell_of_the_aggregates(name: str) -> None:
    config = parse_area(fields(name))
    area = build_area(config)
    for index, locality in enumerate(config.localities):
        for band, (first, last) in BANDS.items():
            assert tuple(area.children[index, first : last + 1].sum(axis=0)) == locality.children[band]


def test_oldham_has_the_children_of_the_official_estimate() -> None:
    """ONS mid-2020: 65,133 people aged 0-19 in Oldham."""
    assert shipped("oldham").children.sum() == 65_133


def test_england_has_all_152_authorities_and_13_million_children() -> None:
    area = shipped("england")
    assert len(area.localities) == 152
    assert area.children.sum() == 13_330_355


@pytest.mark.parametrize("name", ["oldham", "england", "example_small"])
def test_every_locality_has_the_places_its_children_need(name: str) -> None:
    area = shipped(name)
    for index in range(len(area.localities)):
        kinds = set(area.place_kind[area.place_locality == index])
        assert {HUB, *(kind for kind, _, _ in NEEDED_PLACES)} <= kinds
    assert SPECIAL in area.place_kind


@pytest.mark.parametrize("name", ["oldham", "england", "example_small"])
def test_number_and_total_size_of_schools_are_those_of_the_aggregates(name: str) -> None:
    config = parse_area(fields(name))
    area = build_area(config)
    for index, locality in enumerate(config.localities):
        for kind, spread in locality.settings.items():
            here = (area.place_locality == index) & (area.place_kind == KINDS.index(kind))
            assert here.sum() == spread.number
            assert area.place_size[here].sum() == pytest.approx(spread.number * spread.mean, abs=0.5001)
            assert (
                spread.smallest
                <= area.place_size[here].min()
                <= area.place_size[here].max()
                <= spread.largest
            )


@pytest.mark.parametrize("name", ["oldham", "england", "example_small", "referral_stream"])
def test_arrays_have_the_documented_types_and_shapes(name: str) -> None:
    area = shipped(name)
    n = len(area.place_name)
    assert area.children.dtype == np.int64
    assert area.children.shape == (len(area.localities), 20, 5)
    for field, dtype in {
        "kind": "int8",
        "locality": "int32",
        "size": "float64",
        "quintile": "int8",
        "easting": "float64",
        "northing": "float64",
    }.items():
        array = getattr(area, f"place_{field}")
        assert (array.dtype, array.shape) == (np.dtype(dtype), (n,))
    assert len(set(area.place_name)) == n
    assert area.place_quintile.min() >= 0
    assert area.place_quintile.max() <= 4
    assert (area.place_size[area.place_kind == HUB] == 0).all()
    assert (area.place_size[area.place_kind != HUB] > 0).all()


@pytest.mark.parametrize("name", ["oldham", "england", "example_small", "referral_stream"])
def test_every_field_says_where_it_comes_from(name: str) -> None:
    area = shipped(name)
    own = {f for f in Area.__dataclass_fields__ if f.startswith("place_")} | {"children"}
    assert own <= set(area.provenance)
    words = {text.split(":")[0] for text in area.provenance.values()}
    assert words <= {"published", "derived", "synthetic", "assumed"}


def test_the_same_configuration_gives_the_same_places() -> None:
    first, second = shipped("example_small"), shipped("example_small")
    for field in Area.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(first, field), getattr(second, field))


def test_a_locality_keeps_its_places_when_another_changes() -> None:
    config = small()
    before = build_area(parse_area(config))
    config["localities"][0]["settings"]["primary"] = [5, 100, 0.2, 50, 200]
    after = build_area(parse_area(config))
    for field in ("place_size", "place_easting", "place_quintile"):
        np.testing.assert_array_equal(
            getattr(before, field)[before.place_locality == 1],
            getattr(after, field)[after.place_locality == 1],
        )


def test_places_of_a_deprived_locality_are_deprived() -> None:
    """Oldham 4 has 78 % of its children in quintile 1 and none in 4 or 5."""
    area = shipped("oldham")
    here = area.place_locality == 3
    assert area.place_quintile[here].max() <= 2
    assert (area.place_quintile[here] == 0).mean() == pytest.approx(0.78, abs=0.1)


def test_a_configuration_survives_being_dumped_and_read_again() -> None:
    for name in ("oldham", "england", "referral_stream"):
        config = parse_area(fields(name))
        assert parse_area(config.model_dump(mode="json")) == config


# --------------------------------------------------------------------------------- from the open data again


@needs_data
def test_the_shipped_oldham_is_what_the_open_files_give() -> None:
    from sim.importers.aggregates import aggregate_area

    given_by_files = aggregate_area(DATA, "Oldham", localities=5)
    config = fields("oldham")
    assert config["localities"] == given_by_files["localities"]
    assert config["single_year_totals"] == given_by_files["single_year_totals"]


@needs_data
def test_the_shipped_england_is_what_the_open_files_give() -> None:
    from sim.importers.aggregates import aggregate_england

    given_by_files = parse_area({**fields("england"), **aggregate_england(DATA)})
    assert parse_area(fields("england")) == given_by_files


# ------------------------------------------------------------------------------------------------- drawing

COUNTS = st.lists(st.integers(0, 3000), min_size=1, max_size=40)


@given(COUNTS, st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any))
def test_spreading_over_years_meets_both_sets_of_totals(cells: list[int], weights: list[int]) -> None:
    total, cumulative = sum(cells), np.cumsum([0, *weights])
    years = np.diff(cumulative * total // cumulative[-1])
    table = spread_over_years(np.array(cells, dtype=np.int64), years)
    assert table.min() >= 0
    assert table.sum(axis=1).tolist() == cells
    assert table.sum(axis=0).tolist() == years.tolist()


@given(COUNTS, st.lists(st.integers(1, 50), min_size=2, max_size=8))
def test_spreading_over_years_is_near_to_proportional(cells: list[int], weights: list[int]) -> None:
    """Webster's shares of a running total are off their quota by less than half the number of years."""
    total, cumulative = sum(cells), np.cumsum([0, *weights])
    years = np.diff(cumulative * total // cumulative[-1])
    table = spread_over_years(np.array(cells, dtype=np.int64), years)
    quota = np.outer(cells, years) / max(total, 1)
    assert np.abs(table - quota).max() <= len(weights)


def test_spreading_refuses_totals_that_disagree() -> None:
    with pytest.raises(ValueError, match="must agree"):
        spread_over_years(np.array([3]), np.array([1, 1]))


@given(
    st.integers(1, 60),
    st.floats(0, 1.5),
    st.tuples(st.integers(1, 50), st.integers(0, 300), st.integers(0, 1500)),
    st.integers(0, 10_000),
)
def test_sizes_are_whole_in_range_and_meet_the_total(
    number: int, cv: float, steps: tuple[int, int, int], seed: int
) -> None:
    smallest, mean, largest = np.cumsum(steps).tolist()
    spread = SizeSpread(number=number, mean=mean, cv=cv, smallest=smallest, largest=largest)
    sizes = draw_sizes(spread, np.random.default_rng(seed))
    assert len(sizes) == number
    assert (sizes == np.round(sizes)).all()
    assert smallest <= sizes.min() <= sizes.max() <= largest
    assert sizes.sum() == number * mean


def test_sizes_have_the_spread_asked_for() -> None:
    spread = SizeSpread(number=4000, mean=300, cv=0.4, smallest=1, largest=10_000)
    sizes = draw_sizes(spread, generator("spread"))
    assert sizes.std() / sizes.mean() == pytest.approx(0.4, abs=0.03)


@given(st.lists(st.integers(0, 1000), min_size=5, max_size=5).filter(any), st.integers(1, 200))
def test_quintiles_of_places_follow_those_of_children(children: list[int], number: int) -> None:
    drawn = draw_quintiles(np.array(children, dtype=float), number, generator("quintiles", str(number)))
    expected = number * np.array(children) / sum(children)
    assert np.abs(np.bincount(drawn, minlength=5) - expected).max() < 1.0001


# --------------------------------------------------------------------------------------------- compact text


def test_compact_text_and_long_form_are_the_same_area() -> None:
    config = small()
    lines = [", ".join(text_columns())]
    for locality in config["localities"]:
        cells = [locality["name"], locality["easting"], locality["northing"], locality["spread_metres"]]
        cells += [count for band in BANDS for count in locality["children"][band]]
        for kind in ("primary", "secondary", "special"):
            cells += locality["settings"].get(kind, [0, 0, 0, 0, 0])
        lines.append(",".join(map(str, cells)))
    assert parse_area({**config, "localities": "\n".join(lines)}) == parse_area(config)


def test_compact_text_names_line_and_column_of_every_mistake() -> None:
    header = ",".join(text_columns())
    good = ",".join(["Here", *["1"] * (len(text_columns()) - 1)])
    bad = good.replace("Here,1,1", "There,1,one")
    with pytest.raises(
        ValueError, match=r"line 3 .There., column northing: found 'one'.*line 4 has 2 fields"
    ):
        localities_from_text("\n".join([header, good, bad, "Nowhere,1"]))
    with pytest.raises(ValueError, match="first line must be the heading"):
        localities_from_text("name,children\nHere,3")


# ------------------------------------------------------------------------------------------------ bad areas


def test_an_empty_area_is_refused() -> None:
    assert "is empty" in problems_of(small(localities=[]))
    totals = {"single_year_totals": [100] * 20}  # what they would have to agree with is not the point
    assert problems_of(small(localities=[], **totals)).count("\n") == 0
    nobody = small()
    for locality in nobody["localities"]:
        locality["children"] = {band: [0] * 5 for band in BANDS}
    assert "is empty" in problems_of(nobody)


def test_children_without_a_place_of_their_phase_are_named_with_all_other_problems() -> None:
    config = small()
    del config["localities"][0]["settings"]["secondary"]
    del config["localities"][0]["settings"]["special"]
    del config["localities"][1]["settings"]["primary"]
    found = problems_of(config)
    assert "'Smallbridge East' has 355 children aged 11-17 but no secondary place" in found
    assert "'Smallbridge West' has 310 children aged 5-10 but no primary place" in found
    assert "has no special school" in found


def test_a_locality_without_children_is_refused() -> None:
    config = small()
    config["localities"][1]["children"] = {}
    assert "'Smallbridge West' has no children" in problems_of(config)


def test_no_place_is_asked_for_where_no_child_needs_it() -> None:
    config = small()
    config["localities"][1]["children"].pop("0-4")
    config["localities"][1]["children"].pop("11-17")
    del config["localities"][1]["settings"]["secondary"]
    area = build_area(parse_area(config))
    assert EARLY_YEARS not in area.place_kind[area.place_locality == 1]


def test_a_locality_named_twice_is_refused() -> None:
    config = small()
    config["localities"][1]["name"] = config["localities"][0]["name"]
    assert "'Smallbridge East' is listed twice" in problems_of(config)


def test_single_years_that_disagree_with_the_bands_are_refused() -> None:
    found = problems_of(small(single_year_totals=[100] * 20))
    assert "ages 0-4 add up to 500 but the localities' children 0-4 add up to 510" in found


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (
            ["localities", 0, "children", "0-4", 0],
            -1,
            "area.localities[0].children.0-4[0] = -1: should be greater than or equal to 0",
        ),
        (
            ["localities", 0, "children", "0-5"],
            [1] * 5,
            "area.localities[0].children.0-5: unknown key; did you mean '0-4'?",
        ),
        (["localities", 0, "children", "0-4"], [1] * 4, "area.localities[0].children.0-4[4]: missing"),
        (
            ["localities", 0, "settings", "primary"],
            [1, 50, 0.3, 60, 300],
            "must be in order: found 60, 50, 300",
        ),
        (
            ["localities", 0, "settings", "nursery"],
            [1, 50, 0.3, 6, 300],
            "area.localities[0].settings.nursery: unknown key; known keys: hub, early_years",
        ),
        (["localities", 0, "setings"], {}, "unknown key; did you mean 'settings'?"),
        (["hubs_per_localty"], 2, "area.hubs_per_localty: unknown key; did you mean 'hubs_per_locality'?"),
        (["hubs_per_locality"], 0, "area.hubs_per_locality = 0: should be greater than or equal to 1"),
        (["demand", "mode"], "queue", "area.demand.mode = 'queue': "),
        (["demand", "mode"], "referrals", "mode referrals needs referrals_per_week or csv"),
        (["demand", "month_weights"], [1] * 11, "area.demand.month_weights"),
        (["demand", "month_weights"], [0] * 12, "month_weights are all 0"),
        (["provenance", "localities"], "guessed", "localities: each text must open with one of 'published:'"),
        (["name"], "", "area.name"),
        (
            ["kind"],
            "agregates",
            "area.kind = 'agregates': allowed are 'aggregates', 'files', 'referral_stream'",
        ),
    ],
)
def test_a_wrong_key_or_value_is_named(path: list[Any], value: Any, says: str) -> None:
    config = small()
    inner: Any = config
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(InputError) as caught:
        parse_area(config)
    assert says in "\n".join(caught.value.problems)


def test_all_mistakes_of_a_configuration_are_reported_at_once() -> None:
    config = small(hubs_per_locality=-1, colour="red")
    config["localities"][0]["children"]["0-4"][0] = -5
    with pytest.raises(InputError) as caught:
        parse_area(config)
    assert len(caught.value.problems) == 3


# ------------------------------------------------------------------------------------------ referral stream


def test_a_referral_stream_is_one_hub_and_no_population() -> None:
    area = shipped("referral_stream")
    assert area.place_kind.tolist() == [HUB]
    assert area.children.sum() == 0


def test_a_referral_stream_takes_its_rate_from_the_top_of_the_area() -> None:
    config = parse_area({**fields("referral_stream"), "referrals_per_week": 12.5, "growth_per_year": 0.03})
    assert config.demand.mode == "referrals"
    assert config.demand.referrals_per_week == 12.5
    assert config.demand.growth_per_year == 0.03
    assert config.demand.month_weights == (1.0,) * 12


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"referrals_per_week": 0}, "area.referrals_per_week = 0: should be greater than 0"),
        ({"referrals_per_week": "many"}, "area.referrals_per_week = 'many': must be a number"),
        ({"month_weights": [0.0] * 12}, "month_weights are all 0"),
        ({"referrals_per_month": 3}, "did you mean 'referrals_per_week'?"),
    ],
)
def test_a_wrong_stream_is_explained(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_area({**fields("referral_stream"), **changes})
    assert says in "\n".join(caught.value.problems)


def test_a_mix_that_does_not_add_up_is_refused() -> None:
    config = fields("referral_stream")
    config["mix"]["kinds"] = {"speech": 0.9, "language": 0.5}
    with pytest.raises(InputError, match=r"kinds add up to 1\.4, not 1"):
        parse_area(config)
