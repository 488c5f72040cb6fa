"""The data dictionary: every column of every table of a run, with its unit, its type and what it means.

This is the one place that declares them. A run keeps plain columns with codes; its pandas frames show the
same columns with names for codes and a missing value where something did not happen. The file that goes
out with every results folder is :func:`dictionary_frame`; :func:`differences` finds out whether a table
and its declaration have drifted apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.kernel.state import WEEKLY_MEASURES
from sim.system import OUTCOMES

if TYPE_CHECKING:
    import pandas as pd

#: Behind the codes of ``left_reason``.
LEFT_REASONS = (
    *OUTCOMES,
    "not_served",
    "aged_out",
    "never_sought",
    "before_start",
    "not_left",
    "no_longer_needed",
)

BANDS = ("w0_1", "w1_2", "w2_4", "w4_12", "w12_18", "w18_52", "w52_plus")

WEEKLY_MEANING = {
    "onsets": "needs that began",
    "identified": "needs that somebody noticed for the first time",
    "referred": "needs whose recorded clock started",
    "first_contacts": "needs with their first contact",
    "first_useful": "needs with their first useful support",
    "specialist_starts": "needs whose specialist support started",
    "contacts": "contacts that took place",
    "not_brought": "appointments to which the child was not brought",
    "turned_away": "families turned away from a full session",
    "left": "needs that left the system for whatever reason",
    "gave_up": "needs whose family gave up waiting or coming",
    "in_contact": "needs with an open episode at the end of the week",
    "statutory_requests": "requests for statutory advice",
    "statutory_on_time": "statutory advice given by its deadline",
    "duplicate_contacts": "contacts by the second of two systems that work with the same child at once",
}

#: Of these, the ones that a sweep keeps of every run.
TRACED_COUNTS = (
    *("referred", "first_contacts", "first_useful", "contacts"),
    *("in_contact", "gave_up", "turned_away"),
)


@dataclass(frozen=True)
class Column:
    """One column: ``stored`` is the numpy type of the plain column, ``shown`` the type in the frame."""

    name: str
    unit: str
    stored: str
    shown: str
    meaning: str


def _code(name: str, stored: str, meaning: str) -> Column:
    return Column(name, "name", stored, "string", meaning)


def _day(name: str, meaning: str, always: bool = False) -> Column:
    return Column(name, "day", "int32", "int32" if always else "Int64", meaning)


def _number(name: str, unit: str, stored: str, meaning: str) -> Column:
    return Column(name, unit, stored, stored, meaning)


_WEEK = _number("week", "week", "int32", "week of the run, 0 is the first of the history")
_QUINTILE = _number("imd_quintile", "quintile", "int8", "deprivation fifth, 1 is the most deprived")
_LOCALITY = _code("locality", "int32", "locality in which the child lives")
_LEVEL_OF_NEED = "level of support it calls for at its start or on the decision day, whichever is later"
_POINTS = "points (0-5)"

TABLES: dict[str, tuple[Column, ...]] = {
    "children": (
        _number("child_id", "id", "int64", "child, the same in every system with the same seed"),
        _number(
            "family_id", "id", "int64", "family: the id of its eldest child, who need not be in this table"
        ),
        _LOCALITY,
        _QUINTILE,
        _day("birth_day", "day of birth, negative before the start of the history", always=True),
        _number(
            "age_at_start",
            "years",
            "float64",
            "age on the first day of the history; negative for children born later",
        ),
        _number("navigation", "SD", "float64", "family's ability to find its way through services"),
        _code("place_early", "int32", "place attended before school, missing if none"),
        _code("place_primary", "int32", "primary or special school attended, missing if none"),
        _code("place_secondary", "int32", "secondary or special school attended, missing if none"),
        _code(
            "place_at_decision",
            "int32",
            "the one of them attended on the decision day; of children too young for school then, the first",
        ),
    ),
    "needs": (
        _number("need_id", "id", "int64", "need, the same in every system with the same seed"),
        _number("child_id", "id", "int64", "child whose need it is"),
        _number("child_row", "row", "int32", "row of that child in the table of children, from 0"),
        _code("kind", "int16", "kind of need"),
        _code("level", "int8", _LEVEL_OF_NEED),
        _day("onset_day", "the need began", always=True),
        _day("identified_day", "somebody noticed it"),
        _day("concern_day", "a concern was first raised: the family sought help"),
        _day("referred_day", "the recorded clock started"),
        _day("first_contact_day", "first contact"),
        _day("first_useful_day", "first useful support: advice, strategies or therapy, not assessment alone"),
        _day("second_contact_day", "second contact"),
        _day("specialist_start_day", "specialist support started"),
        _day("left_day", "left the system, and has not come back"),
        _code("left_reason", "int8", "why it left"),
        _day("out_day", "the child leaves at the upper age; may be after the end day", always=True),
        _number("score_start", _POINTS, "float64", "functional score at the later of onset and decision day"),
        _number("score_end", _POINTS, "float64", "functional score on the end day, or on leaving by age"),
        _number("score_no_service", _POINTS, "float64", "score on that same day had there been no service"),
        _number("potential", _POINTS, "float64", "functional score to which full support would lead"),
        _number("score_years", "point-years", "float64", "functional score added up over the horizon"),
        _number("score_years_no_service", "point-years", "float64", "the same had there been no service"),
        _number("contacts", "contacts", "int32", "contacts that took place"),
        _number("minutes", "minutes", "int32", "staff minutes spent on the need"),
        _number("not_brought", "appointments", "int32", "appointments to which the child was not brought"),
        _number("duplicate_contacts", "contacts", "int32", WEEKLY_MEANING["duplicate_contacts"]),
        _number(
            "outcomes",
            "bits",
            "int16",
            "which of the fifteen outcomes saw it over the horizon: 2 ** (3 * strand + level), added up; strands and "
            "levels from 0 in the order of the table outcomes",
        ),
        _number("system_at_entry", "code", "int8", "first taken on by: 0 the old system, 1 the new one"),
        _code("place", "int32", "place the child attends at the end, missing if none"),
        _LOCALITY,
        _QUINTILE,
        _number("aged_out", "true or false", "bool", "the child left at the upper age"),
        _number("open", "true or false", "bool", "an episode is still open on the end day"),
    ),
    "waiting": (
        _WEEK,
        _code("offer", "int16", "offer whose list it is"),
        _code("locality", "int32", "locality whose list it is, missing if the whole area shares it"),
        _number("size", "needs", "int32", "needs on the list at the end of the week"),
        *(
            _number(b, "needs", "int32", f"of these waiting {text} weeks so far for a first contact")
            for b, text in zip(
                BANDS,
                (
                    "0 to 1",
                    "over 1 to 2",
                    "over 2 to 4",
                    "over 4 to 12",
                    "over 12 to 18",
                    "over 18 to 52",
                    "over 52",
                ),
                strict=True,
            )
        ),
    ),
    "weekly": (
        _WEEK,
        _code(
            "measure",
            "int16",
            "what was counted: " + "; ".join(f"{k} = {WEEKLY_MEANING[k]}" for k in WEEKLY_MEASURES),
        ),
        _LOCALITY,
        _QUINTILE,
        _code("level", "int8", "level of the need, missing if it does not apply"),
        _number("value", "count", "int32", "how many in that week"),
    ),
    "ledger": (
        _WEEK,
        _code("locality", "int32", "locality whose staff it is"),
        _code("role", "int16", "role (pay band or kind of staff)"),
        _code("line", "int16", "what the time went into"),
        _number("minutes", "minutes", "int64", "staff minutes; all lines together are the minutes available"),
    ),
    "available": (
        _WEEK,
        _code("locality", "int32", "locality whose staff it is"),
        _code("role", "int16", "role (pay band or kind of staff)"),
        _number("minutes", "minutes", "int64", "staff minutes at work, net of leave, sickness and vacancies"),
        _number(
            "brought_in", "minutes", "int64", "of these, of staff brought in for the old lists of a change"
        ),
    ),
    "offers": (
        _code("offer", "int16", "offer"),
        _code("strand", "int8", "strand of the fifteen outcomes"),
        _code("level", "int8", "level of the offer, universal to specialist"),
        _number("minutes", "minutes", "int64", "staff minutes spent on it over the horizon"),
        _number("contacts", "contacts", "int64", "contacts over the horizon"),
        _number("needs_reached", "needs", "int64", "different needs seen at least once over the horizon"),
    ),
    "pilot": (
        _day("day", "first day of the week for which it was decided", always=True),
        _number("before_elsewhere", "count", "int64", "count outside the pilot, in as many weeks before it"),
        _number("before_inside", "count", "int64", "count in the pilot places, in as many weeks before it"),
        _number("during_elsewhere", "count", "int64", "count outside the pilot, in its whole weeks"),
        _number("during_inside", "count", "int64", "count in the pilot places, in its whole weeks"),
        _number("growth_ratio", "times", "float64", "growth in the pilot places over growth elsewhere"),
        _number("went_on", "true or false", "bool", "the other places followed"),
    ),
    "gains": (
        _number("week", "week", "int32", "week of the run at whose end it was added up, 0 is the first"),
        _LOCALITY,
        _QUINTILE,
        _number("needs", "needs", "int64", "needs counted so far: begun, of children not too old already"),
        _number(
            "score_years_gained",
            "point-years",
            "float64",
            "functional score added up over the horizon so far, above what it had been with no service",
        ),
        _number(
            "points_gained",
            _POINTS,
            "float64",
            "functional score then (or on leaving by age) above that with no service, added up over the needs",
        ),
    ),
    "events": (
        _day("day", "when it happened", always=True),
        _number("need_id", "id", "int64", "need to which it happened"),
        _number("child_id", "id", "int64", "child whose need it is"),
        _code("place", "int32", "place where it happened, missing if none"),
        _code("offer", "int16", "offer concerned, missing if none"),
        _code("event", "int8", "what happened"),
    ),
}


_SYSTEM = _code("system", "object", "system or plan")
_REPLICATION = _number("replication", "replication", "int64", "replication, the same luck in every system")
_OF_RUN = (_SYSTEM, _REPLICATION)
_COUNT = "int64"
_OF_WAIT = _code(
    "wait",
    "object",
    "recorded: referral to first contact; useful: concern to first useful support; second: concern to second contact; "
    "specialist: concern to specialist start, at specialist level",
)


def _of_group(name: str, what: str, stored: str, measures: Iterable[str]) -> tuple[Column, ...]:
    from sim.measures.labels import LABELS

    return (
        *_OF_RUN,
        Column(name, "group", stored, stored, what),
        _number("children", "children", _COUNT, "children aged 0-17 at the start"),
        _number("needs", "needs", _COUNT, "needs that count as in need"),
        *(_number(m, LABELS[m].stored_unit, "float64", LABELS[m].label) for m in measures),
    )


def tables_of_views() -> dict[str, tuple[Column, ...]]:
    """Small tables of every replication (:mod:`sim.measures.views`), that stand in the folder ``views`` of results."""
    from sim.measures.labels import GROUP_MEASURES, LOCALITY_MEASURES

    so_far = "by the end of that week; mean over replications"
    return {
        "lists": (
            *_OF_RUN,
            _WEEK,
            _number("size", "needs", _COUNT, "needs on lists for a first contact at the end of the week"),
            *(_number(b, "needs", _COUNT, f"of these in the band of weeks waited {b[1:]}") for b in BANDS),
            _number("every_list", "needs", _COUNT, "needs on lists for anything at all"),
        ),
        "periods": (
            *_OF_RUN,
            _code(
                "measure", "object", "what was counted, as in weekly; or a list at the end of the four weeks"
            ),
            _number("week", "week", "int64", "first of four weeks"),
            _number("value", "count", _COUNT, "how many in these four weeks, or at their end"),
        ),
        "curves": (
            *_OF_RUN,
            _OF_WAIT,
            _number("week", "week", "int64", "weeks since the wait began"),
            _number("still", "share", "float64", "still waiting after so many weeks (Kaplan-Meier)"),
            _number("people", "needs", _COUNT, "needs that began this wait in the years counted"),
        ),
        "waited": (
            *_OF_RUN,
            _OF_WAIT,
            _code("state", "object", "completed in the years counted, or still waiting when the run ended"),
            _code("band", "object", "weeks waited"),
            _number("people", "needs", _COUNT, "needs"),
        ),
        "quintiles": _of_group("imd_quintile", _QUINTILE.meaning, "int64", GROUP_MEASURES),
        "localities": _of_group("locality", _LOCALITY.meaning, "object", LOCALITY_MEASURES),
        "outcomes": (
            *_OF_RUN,
            _code("strand", "object", "strand of the fifteen outcomes"),
            _code("level", "object", "level of the offers"),
            _number("hours", "hours", "float64", "staff hours put in over the horizon"),
            _number("contacts", "contacts", _COUNT, "contacts over the horizon"),
            _number("needs_reached", "needs", _COUNT, "different needs seen over the horizon"),
            _number("children_reached", "children", _COUNT, "different children seen over the horizon"),
            _number(
                "change_mean_points",
                _POINTS,
                "float64",
                "mean change of the needs reached against no service; a need reached in several cells counts in each",
            ),
        ),
        "ledger_lines": (
            *_OF_RUN,
            _code("role", "object", "role (pay band or kind of staff)"),
            _code("line", "object", "what the time went into"),
            _number("hours", "hours", "float64", "staff hours in the years counted"),
        ),
        "changes": (
            *_OF_RUN,
            _number(
                "points", _POINTS, "float64", "change against no service, to the nearest quarter of a point"
            ),
            _number("needs", "needs", _COUNT, "needs with that change"),
        ),
        "places": (
            _SYSTEM,
            _number("week", "week", "int32", "weeks after the decision day"),
            _number("place", "number", "int32", "place, as in the column place of needs"),
            *(
                _number(name, "needs", "float32", f"{what} {so_far}")
                for name, what in (
                    ("needs", "needs of its children that had begun"),
                    ("identified", "noticed"),
                    ("concerns", "of which a concern had been raised"),
                    ("seen", "with a first contact"),
                    ("seen_twice", "with a second contact"),
                    ("useful", "with useful support"),
                    ("needs_specialist", "at specialist level that had begun"),
                    ("specialist", "at specialist level whose specialist support had started"),
                    ("waiting", "waiting for useful support since a concern was raised,"),
                    ("waiting_over_18_weeks", "of these for over 18 weeks,"),
                )
            ),
            _number(
                "needs_at_end", "needs", "float32", "needs at the end of the run; mean over replications"
            ),
            _number(
                "points_gained",
                _POINTS,
                "float32",
                "points over no service at the end of the run, added up over these; mean over replications",
            ),
        ),
    }


#: Tables that are made of those of a run when they are asked for.
TABLES_TO_EXPORT: dict[str, tuple[Column, ...]] = {
    "event_log": (
        _number("case_id", "id", "int64", "case: the need to which it happened"),
        _code("activity", "object", "what happened, and after a colon the offer concerned"),
        Column(
            "timestamp",
            "date and time",
            "datetime64[s]",
            "datetime64[s]",
            "day on which it happened; the time of day says no more than which event of the need and day came first",
        ),
        _code(
            "resource",
            "object",
            "offer, and locality in which the child lives: who gives it; missing if none",
        ),
        _code("event", "int8", "what happened"),
        _code("offer", "int16", "offer concerned, missing if none"),
        _code("place", "int32", "place where it happened, missing if none"),
        _number("child_id", "id", "int64", "child whose need it is"),
        _code("kind", "int16", "kind of need"),
        _LOCALITY,
        _QUINTILE,
    ),
}

_REFERENCE = _code("reference", "object", "what the plan is set against; the first one named")
_PLAN = _code("plan", "object", "way to change")
_MEAN = (
    _number("low", "the measure's", "float64", "lower end of the 95 % interval of the mean"),
    _number("high", "the measure's", "float64", "upper end of it"),
    _number("n", "replications", "int64", "replications in which it is defined"),
)

#: Tables about ways to change, that a comparison of them has besides those of its runs.
TABLES_OF_A_CHANGE: dict[str, tuple[Column, ...]] = {
    "change": (
        _REFERENCE,
        _PLAN,
        _code("measure", "object", "what the change did; a difference from the reference, or a week"),
        _code("label", "object", "the measure in words"),
        _code("unit", "object", "unit of the numbers in this row; weeks count from the decision day"),
        _number("mean", "the measure's", "float64", "mean over the replications that have it"),
        *_MEAN,
        _number("replications", "replications", "int64", "replications in all"),
        _code("in_words", "object", "what that says"),
    ),
    "change_by_week": (
        _REFERENCE,
        _PLAN,
        _code(
            "measure",
            "object",
            "weekly count, needs waiting over 18 weeks, hours_LINE, pounds_change, pounds_running; every few weeks: "
            "points, point_years (all children, over no service, so far)",
        ),
        _number("week", "week", "int32", "week after the decision day, from 1"),
        _number("reference_mean", "the measure's", "float64", "mean under the reference"),
        _number("plan_mean", "the measure's", "float64", "mean under the plan"),
        _number("difference", "the measure's", "float64", "mean of the differences within replications"),
        *_MEAN,
    ),
    "change_by_group": (
        _REFERENCE,
        _PLAN,
        _code(
            "grouping",
            "object",
            "imd_quintile (1 is the most deprived), locality, or place (attended on the decision day)",
        ),
        _code("group", "object", "the fifth, the locality, or the place with its number"),
        _code("measure", "object", "what the change did to the children of the group"),
        _code("unit", "object", "unit of the numbers in this row"),
        _number("mean", "the measure's", "float64", "mean over the replications that have it"),
        *_MEAN,
    ),
    "change_by_year": (
        _REFERENCE,
        _PLAN,
        _code("measure", "object", "what the change did in a year; a difference from the reference"),
        _code("label", "object", "the measure in words"),
        _code("unit", "object", "unit of the numbers in this row"),
        _number(
            "year",
            "year",
            "int32",
            "year after the decision day, from 1; of 52 weeks, the last one to the end",
        ),
        _number("first_week", "week", "int32", "its first week after the decision day"),
        _number("last_week", "week", "int32", "its last week"),
        _number("mean", "the measure's", "float64", "mean over the replications that have it"),
        *_MEAN,
    ),
}


#: What a sweep keeps of every run, week by week (:mod:`sim.measures.trace`).
TABLES_OF_A_SWEEP: dict[str, tuple[Column, ...]] = {
    "traces": (
        _number("point", "number", "int32", "design point, as in the table of points"),
        _number("replication", "number", "int32", "replication, from 0"),
        _WEEK,
        Column(
            "waiting",
            "needs",
            "int32",
            "Int32",
            "needs on lists for a first contact at the end of the week, missing if there is no such list",
        ),
        Column("waiting_over_18_weeks", "needs", "int32", "Int32", "of these, over 18 weeks so far"),
        *(_number(name, "count", "int32", WEEKLY_MEANING[name]) for name in TRACED_COUNTS),
    ),
}


def column_names(table: str) -> list[str]:
    """Names of the columns of a table, in order."""
    return [c.name for c in TABLES[table]]


def differences(columns: Mapping[str, Iterable[str]]) -> list[str]:
    """One sentence for each table or column that is undeclared, missing or out of order.

    ``columns`` gives the column names by table, for example ``{"needs": run.needs.columns}``. Tables that a
    run need not have (events are only kept when asked for) may be left out.
    """
    out: list[str] = []
    for table, found in columns.items():
        if table not in TABLES:
            out.append(f"{table}: table is not in the data dictionary")
            continue
        names, declared = list(found), column_names(table)
        out += [f"{table}.{n}: column is not in the data dictionary" for n in names if n not in declared]
        out += [f"{table}.{n}: column of the data dictionary is missing" for n in declared if n not in names]
        if sorted(names) == sorted(declared) and names != declared:
            out.append(
                f"{table}: columns are in the order {', '.join(names)}; declared is {', '.join(declared)}"
            )
    return out


def dictionary_frame() -> pd.DataFrame:
    """The data dictionary as a table: table, column, unit, type, meaning; the measures come last."""
    import pandas as pd

    from sim.measures.change import BY_GROUP, BY_YEAR, MEASURES
    from sim.measures.labels import LABELS

    views = {f"views/{name}": columns for name, columns in tables_of_views().items()}
    tables = {**TABLES, **TABLES_TO_EXPORT, **TABLES_OF_A_CHANGE, **TABLES_OF_A_SWEEP, **views}
    rows = [(table, c.name, c.unit, c.shown, c.meaning) for table, cols in tables.items() for c in cols]
    rows += [("summary", name, m.stored_unit, "float64", m.label) for name, m in LABELS.items()]
    rows += [("change.measure", name, m.stored_unit, "float64", m.label) for name, m in MEASURES.items()]
    rows += [
        ("change_by_group.measure", name, unit, "float64", what) for name, (unit, what) in BY_GROUP.items()
    ]
    rows += [
        ("change_by_year.measure", name, m.stored_unit, "float64", m.label) for name, m in BY_YEAR.items()
    ]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "type", "meaning"])
