"""What the words of a sweep ask for: which design, with which settings, over which factors.

The words come from an experiment file (under ``sweep``) and from the command line, which has the last word. They
are read and checked here; which points follow from them is decided in :mod:`experiments.sweeps.points`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from experiments.composing.values import NotPlain, plain_value
from experiments.sweeps.designs import WHOLE_EVIDENCE
from experiments.sweeps.factors import Factor, is_factor, read_factor, row_of

if TYPE_CHECKING:
    from sim.evidence import EvidenceRow

#: More runs than this are taken for a mistake.
MOST_RUNS = 1_000_000


class Settings(BaseModel):
    """What the command's own words, or an experiment file under ``sweep``, say about the design."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    design: Literal[
        "grid", "list", "lhs", "sobol", "morris", "one_at_a_time", "factorial", "saltelli", "psa"
    ] = "grid"
    title: str = ""
    points: Annotated[int, Field(ge=1, le=MOST_RUNS)] | None = None
    trajectories: Annotated[int, Field(ge=1, le=10_000)] | None = None
    levels: Annotated[int, Field(ge=2, le=100)] | None = None
    resolution: Annotated[int, Field(ge=3, le=20)] | None = None
    centre: bool | None = None
    file: str | None = None
    columns: list[str] = []
    grades: list[str] = []
    design_seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    required: list[str] = ["impact_mean_change_points", "reach_share"]
    measures: list[str] = ["impact_mean_change_points", "first_useful_within_18_weeks_all_needs_share"]
    traces: bool = True
    time_limit: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = None
    factors: dict[str, Any] = {}


#: Words that belong to some designs only.
BELONGS = {
    "points": ("lhs", "sobol", "saltelli", "psa"),
    "trajectories": ("morris",),
    "levels": ("morris",),
    "resolution": ("factorial",),
    "centre": ("factorial",),
    "file": ("list",),
    "columns": ("list",),
    "grades": WHOLE_EVIDENCE,
}
#: More ranges than this are not crossed in full.
MOST_CROSSED = 16

LISTS = ("columns", "grades", "required", "measures")


def read_settings(section: Any, words: Mapping[str, str], problems: list[str]) -> Settings | None:
    """The design: what the experiment says, and over it what the command line says."""
    if section is not None and not isinstance(section, Mapping):
        problems.append(f"sweep = {section!r}: must be a group of keys (design, factors, ...)")
        return None
    given: dict[str, Any] = dict(section or {})
    for name, text in words.items():
        if name in LISTS:
            given[name] = [part.strip() for part in text.split(",") if part.strip()]
            continue
        try:
            given[name] = text if name == "file" else plain_value(text)
        except NotPlain:
            given[name] = text
    if section is not None and "design" in words and words["design"] != section.get("design"):
        # what the experiment says about its own design says nothing about another
        for name, designs in BELONGS.items():
            if name not in words and words["design"] not in designs:
                given.pop(name, None)
    problems += [*_unknown_measures(given), *_unknown_grades(given)]
    try:
        return Settings.model_validate(given)
    except ValidationError as e:
        problems += [_sentence(dict(details)) for details in e.errors()]
        return None


def _unknown_measures(given: Mapping[str, Any]) -> list[str]:
    from sim.measures import LABELS

    out: list[str] = []
    for name in ("required", "measures"):
        named = given.get(name)
        for measure in map(str, named if isinstance(named, list) else ()):
            if measure not in LABELS:
                close = difflib.get_close_matches(measure, LABELS, 1)
                hint = (
                    f"did you mean '{close[0]}'?"
                    if close
                    else "they are the measures of summaries.csv of a run"
                )
                out.append(f"{name}={measure}: no such measure; {hint}")
    return out


def _unknown_grades(given: Mapping[str, Any]) -> list[str]:
    from sim.evidence import GRADES

    named = given.get("grades")
    return [
        f"grades={grade}: no such grade; allowed are {', '.join(GRADES)}"
        for grade in map(str, named if isinstance(named, list) else ())
        if grade not in GRADES
    ]


def _sentence(details: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in details["loc"])
    if details["type"] == "extra_forbidden":
        close = difflib.get_close_matches(key, Settings.model_fields, 1)
        known = f"did you mean '{close[0]}'?" if close else f"known keys: {', '.join(Settings.model_fields)}"
        return f"sweep.{key}: unknown key; {known}"
    found = details["input"]
    if details["type"] == "literal_error":
        close = difflib.get_close_matches(str(found), Settings.model_fields["design"].annotation.__args__, 1)  # type: ignore[union-attr]
        hint = f"did you mean '{close[0]}'? " if close else ""
        return f"{key}={found}: no such {key}; {hint}allowed is {details['ctx']['expected']}"
    if details["type"] in ("int_parsing", "int_type", "int_from_float"):
        return f"{key}={found}: must be a whole number"
    message = str(details["msg"])
    return f"{key}={found}: {message[:1].lower()}{message[1:]}".replace("input should be", "must be")


def factor_words(overrides: Sequence[str], problems: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in overrides:
        if is_factor(text):
            key, _, value = text.partition("=")
            if key.strip() in found:
                problems.append(f"{key.strip()}: varied more than once; write all its values in one word")
            found[key.strip()] = value.strip()
    return found


def read_factors(
    wanted: Mapping[str, Any],
    tree: Mapping[str, Any] | None,
    groups: Mapping[str, Sequence[str]],
    problems: list[str],
) -> list[Factor]:
    from sim.evidence import EvidenceRow

    evidence: dict[str, EvidenceRow] = {}
    for key, value in list(wanted.items()):
        name = row_of(key)
        if tree is not None and value == ".." and name is not None and name not in tree.get("evidence", {}):
            close = difflib.get_close_matches(name, list(map(str, tree.get("evidence", {}))), 1)
            hint = f"did you mean '{close[0]}'?" if close else "opendoor show evidence lists them"
            problems.append(f"{key}=..: the evidence has no row '{name}'; {hint}")
            wanted = {k: v for k, v in wanted.items() if k != key}
            continue
        if tree is not None and name in tree.get("evidence", {}) and value == "..":
            try:
                evidence[str(name)] = EvidenceRow.model_validate(tree["evidence"][name])
            except ValidationError:
                continue  # the check of the configuration says what is wrong with the row
        elif tree is None and value == "..":
            return []  # already a problem: nothing more can be said
    found = [read_factor(key, value, evidence, problems) for key, value in wanted.items()]
    factors = [f for f in found if f is not None]
    for factor in factors:
        if factor.key in groups:
            problems += _not_choices(factor, groups[factor.key])
    return factors


def _not_choices(factor: Factor, known: Sequence[str]) -> list[str]:
    if factor.is_range:
        return [f"{factor.key}: is chosen by name, not from a range; available: {', '.join(known)}"]
    out = []
    for value in factor.values:
        if str(value) not in known:
            close = difflib.get_close_matches(str(value), known, 1)
            hint = f"did you mean '{close[0]}'? " if close else ""
            out.append(f"{factor.key}={value}: no such choice; {hint}available: {', '.join(known)}")
    return out


def given_for(design: str) -> list[str]:
    """The words that belong to a design."""
    return [name for name, designs in BELONGS.items() if design in designs]


def design_problems(settings: Settings, factors: Sequence[Factor]) -> list[str]:
    out: list[str] = []
    design = settings.design
    ranges = [f.key for f in factors if f.is_range]
    for name, designs in BELONGS.items():
        value = getattr(settings, name)
        if value not in (None, []) and design not in designs:
            told = ",".join(value) if isinstance(value, list) else value
            out.append(f"{name}={told}: is for design={' or '.join(designs)}, found design={design}")
    if settings.grades and ranges and design in WHOLE_EVIDENCE:
        out.append(
            f"grades={','.join(settings.grades)}: is for every row of the evidence in use; leave out "
            f"{' and '.join(ranges)}, or grades="
        )
    if design in ("grid", "list") and ranges:
        out += [
            f"{key}: design={design} needs values, not a range; add :steps=5 to the range, or list them"
            for key in ranges
        ]
    if design == "grid" and not factors:
        out.append(
            "design=grid: nothing is varied; give a key several values, for example system=gatekept,balanced"
        )
    if design in ("lhs", "sobol", "factorial") and not ranges:
        out.append(
            f"design={design}: no range to draw from; for example system.dials.easy_access=0..1, "
            "or evidence.ROW.value=.. for the own range of an evidence row"
        )
    if "points" in given_for(design) and settings.points is None:
        out.append(f"design={design}: needs points=NUMBER")
    if (
        design in ("sobol", "saltelli")
        and settings.points is not None
        and settings.points & (settings.points - 1)
    ):
        below = 1 << (settings.points.bit_length() - 1)
        out.append(
            f"points={settings.points}: a Sobol sequence is even only for a power of two; "
            f"nearest are {below} and {2 * below}"
        )
    if design == "morris" and settings.levels is not None and settings.levels % 2:
        out.append(f"levels={settings.levels}: must be even")
    if design == "factorial" and ranges:
        if len(ranges) > MOST_CROSSED and settings.resolution is None:
            out.append(
                f"design=factorial: {len(ranges)} ranges have 2 to the power of {len(ranges)} combinations; add "
                "resolution=4 for a fraction of them"
            )
        if settings.resolution is not None and not 3 <= settings.resolution <= len(ranges):
            out.append(
                f"resolution={settings.resolution}: with {len(ranges)} ranges there is none; "
                + (f"allowed are 3 to {len(ranges)}" if len(ranges) >= 3 else "leave it out")
            )
    if design == "list" and settings.file is None:
        out.append("design=list: needs file=FILE.csv, with a column for each key")
    return out
