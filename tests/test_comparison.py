"""What a comparison says, and what it shows first: every difference with its interval, no number that is none."""

from __future__ import annotations

import math
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from experiments.comparing.comparison import comparison_frame, pairs
from experiments.comparing.comparison_page import page, two_systems
from experiments.comparing.measures_table import BEYOND_NOTE, TITLES
from experiments.comparing.run import page as run_page
from experiments.composing.compose import load_config
from experiments.running.replicate import Replications
from sim.measures import LABELS, chosen
from sim.measures.selection import FIRST

NAN = math.nan
UNDEFINED = "list_size_per_1000_children"
SYSTEMS = ("gatekept", "balanced", "blend", "no_service")


def made(n: int = 4, **by_system: dict[str, list[float]]) -> Replications:
    """Replications in which every measure is 0.2 to 0.3 but for those given, by system."""
    usual = np.linspace(0.2, 0.3, n)
    return Replications(
        list(range(n)),
        {
            system: {name: np.array(given.get(name, usual + 0.1 * i)) for name in LABELS}
            for i, (system, given) in enumerate(by_system.items())
        },
        [],
    )


@pytest.fixture(scope="module")
def configs():
    return {system: load_config([f"system={system}"]) for system in SYSTEMS}


def text_of(done: Replications, configs, width: int = 110, everything: bool = False) -> str:
    """The page as it is printed."""
    shown = {system: configs[system] for system in done.summaries}
    out = StringIO()
    console = Console(file=out, width=width, color_system=None, highlight=False)
    console.print(page("Oldham", comparison_frame(done), shown, len(done.replications), everything))
    return out.getvalue()


def words_of(text: str) -> str:
    return " ".join(text.split())


def row(done: Replications, measure: str) -> pd.Series:
    return comparison_frame(done).set_index("measure").loc[measure]


def test_every_pair_is_compared_and_the_first_system_is_the_first_reference():
    assert pairs("abc") == [("a", "b"), ("a", "c"), ("b", "c")]
    done = made(gatekept={}, balanced={}, blend={})
    frame = comparison_frame(done)
    assert len(frame) == 3 * len(LABELS)
    last = frame[(frame["reference"] == "balanced") & (frame["other"] == "blend")]
    assert last["difference"].to_numpy() == pytest.approx(0.1)


def test_every_number_of_a_difference_comes_with_its_interval_and_the_replications_behind_it():
    found = row(made(gatekept={"reach_share": [0.1, NAN, 0.2, 0.3]}, balanced={}), "reach_share")
    assert (found["n"], found["replications"]) == (3, 4)
    assert (found["reference_n"], found["other_n"]) == (3, 4)
    assert found["low"] < found["difference"] < found["high"]
    assert found["reference_low"] < found["reference_mean"] < found["reference_high"]


def test_the_first_screen_fits_one_and_says_first_how_good_its_numbers_are(configs):
    text = text_of(made(gatekept={}, balanced={}), configs)
    lines = text.splitlines()
    assert len(lines) < 50
    assert lines[1].startswith("Numbers used: ")
    assert "assumed" in lines[1]
    assert "service parameters are generic" in lines[1]
    assert lines[2].strip() == "", "it is one line"
    assert text.index("Impact") < text.index("Waits") < text.index("Reach") < text.index("Equity")
    for name in (name for members in chosen().values() for name in members):
        assert FIRST[name].split()[0] in text
    assert LABELS["pounds_per_child_reached"].label.startswith("Cost of staff")
    assert "Cost of staff" not in text
    assert "Cost of staff" in text_of(made(gatekept={}, balanced={}), configs, everything=True)


@pytest.mark.parametrize("width", [72, 80, 120])
def test_a_table_on_a_narrow_screen_loses_nothing(width):
    frame = comparison_frame(
        Replications(
            [0, 1, 2],
            {
                "gatekept": {name: np.array([0.1, 0.2, 0.3]) for name in LABELS},
                "balanced": {
                    name: np.array([NAN if name == UNDEFINED else x for x in (0.2, 0.1, 0.6)])
                    for name in LABELS
                },
            },
            [],
        )
    )
    screen = StringIO()
    Console(width=width, file=screen).print(two_systems(frame))
    text = screen.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert text.count("balanced") == 2, "in the heading, and where it has no list"
    words = set(text.split())
    for title in TITLES.values():
        assert set(title.split()) <= words
    for name, measure in LABELS.items():
        if measure.headline and name != UNDEFINED:
            cells = [measure.text(0.2), measure.text(0.3), measure.difference_text(0.1)]
            assert {word for cell in cells for word in cell.split()} <= words, name


@pytest.mark.parametrize("width", [80, 110])
def test_with_several_systems_every_pair_is_on_the_screen(configs, width):
    done = made(gatekept={}, balanced={}, blend={}, no_service={})
    text = text_of(done, configs, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "Each against gatekept" in text
    assert len(text.splitlines()) < 150
    first, others = text.split("The others against each other")
    assert words_of(first).count("balanced blend no_service") == 1
    for reference, other in pairs(["balanced", "blend", "no_service"]):
        assert others.count(f"{other} against") >= 1
        assert others.count(reference) >= 1
    # no cell is cut off: each of the three has its verdict on each of the eight measures that are good or bad
    assert sum(first.split().count(word) for word in ("better", "worse")) == 3 * 8
    # impact of the fourth against the first, and of the fourth against the second
    measure = LABELS["impact_mean_change_points"]
    for difference in (0.1, 0.2, 0.3):
        assert measure.difference_text(difference) in text


def test_a_list_that_there_is_not_reads_as_such_and_the_other_systems_number_keeps_its_interval(configs):
    name = "list_size_per_1000_children"
    done = made(gatekept={name: [7.0, 7.5, 8.0, 7.5]}, balanced={name: [NAN] * 4})
    assert row(done, name)["in_words"] == "no such list: balanced"
    text = words_of(text_of(done, configs, 200))
    assert "– gatekept: 6.9 to 8.1 no such list: balanced" in text


def test_a_median_that_is_not_reached_says_so(configs):
    name = "first_useful_median_weeks"
    done = made(gatekept={name: [NAN] * 4}, balanced={name: [2.0, 2.1, 2.2, 2.3]})
    text = words_of(text_of(done, configs, 200, everything=True))
    assert "not reached by half within the run: gatekept" in text


def test_two_of_ten_replications_are_not_told_as_if_they_were_ten(configs):
    name = "first_useful_within_18_weeks_share"
    few = [NAN] * 8 + [0.1, 0.2]
    done = made(10, gatekept={name: few}, balanced={})
    found = row(done, name)
    assert found["n"] == 2
    assert found["in_words"] == "defined in 2 of 10 replications only: cannot tell"
    line = words_of(text_of(done, configs, 200))
    assert "(in 2 of 10)" in line
    assert LABELS[name].difference_text(found["high"]) not in line


def test_a_few_missing_replications_are_told_beside_the_interval(configs):
    name = "first_useful_within_18_weeks_share"
    done = made(10, gatekept={name: [NAN] * 3 + [0.2] * 7}, balanced={})
    assert f"{LABELS[name].difference_text(row(done, name)['high']).removesuffix(' pp')} (n = 7)" in words_of(
        text_of(done, configs, 200)
    )


def test_an_interval_beyond_what_is_possible_is_marked_and_explained_not_cut_off(configs):
    name = "reach_share"
    done = made(gatekept={name: [0.0, 0.0, 0.0, 0.04]}, balanced={name: [0.0, 0.0, 0.0, 0.0]})
    found = row(done, name)
    assert found["low"] < -0.01, "the other system's share cannot be less than 0"
    assert found["beyond_possible"]
    text = words_of(text_of(done, configs, 200))
    assert f"{LABELS[name].difference_text(found['high']).removesuffix(' pp')}*" in text
    assert words_of(BEYOND_NOTE) in text
    assert BEYOND_NOTE[:20] not in text_of(made(gatekept={}, balanced={}), configs, 200)


def test_one_replication_has_means_and_no_intervals(configs):
    text = text_of(made(1, gatekept={}, balanced={}), configs, 200)
    assert "one replication: cannot tell" in text
    assert "one replication (so no intervals)" in words_of(text)
    assert " to +" not in text


def test_one_system_alone_is_told_with_the_same_care(configs):
    names = ("list_size_per_1000_children", "reach_share")
    done = made(gatekept={names[0]: [NAN] * 4, names[1]: [0.97, 0.99, 1.0, 1.0]})
    out = StringIO()
    console = Console(file=out, width=110, color_system=None)
    console.print(run_page("Oldham", {"gatekept": configs["gatekept"]}, done))
    text = words_of(out.getvalue())
    assert "Numbers used" in text
    assert "to 101.3%*" in text
    assert words_of(BEYOND_NOTE) in text
    assert "n = 4 replications" in text


def test_a_plain_list_leads_with_its_length_and_says_nothing_of_children_and_fifths():
    plain = ["area=referral_stream", "needs=plain", "workforce=one_team", "calendar=every_day"]
    config = load_config([*plain, "system=single_list"])
    for everything in (False, True):
        text = text_of(
            made(single_list={}, twin={}), {"single_list": config, "twin": config}, 160, everything
        )
        table = text[: text.index("To bear in mind")]
        assert table.index("average of the last 26 weeks") < table.index("half are seen by")
        for words in ("1,000 children", "deprived", "gain in function", "ever noticed", "concern"):
            assert words not in table
