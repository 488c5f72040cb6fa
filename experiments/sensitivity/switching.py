"""Switching values: how far each assumption would have to be wrong for another plan to be preferred.

The Green Book (HM Treasury, section 5 on uncertainty) asks for the value of each key assumption at which the choice
between options changes. Each number is taken by itself, all others as they are: first to both ends of its range; where
another plan is preferred there, the range between is halved again and again until the place is known closely, and
the last step is a straight line. Every plan meets the same children with the same luck at every value, so that what
is followed is a difference between plans and not luck.

A switching value is uncertain as any result of a simulation: beside it stand the nearest values looked at where the
difference between the two plans is clear (its 95 % interval excludes nought) on either side. With *none within its
range*, both ends were looked at; a preference that changes and changes back in between would be missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.sensitivity.preference import worth
from experiments.sensitivity.preferred import Preferred, preferred, rival
from experiments.sweeps.stored import Stored
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

#: Halvings of the range between the base and an end.
HALVINGS = 6

SWITCHES, NONE, NOT_KNOWN = "switches", "none within its range", "not known"

#: ``evaluate([(factor, value), ...])``: worth of each plan with this one factor at this value and all others as
#: they are, shape ``(n_plans, n_replications)`` each; NaN where a run has no value.
Evaluate = Callable[[Sequence[tuple[int, float]]], list[np.ndarray]]


@dataclass
class Side:
    """One way from the base to an end of a factor's range: everything looked at (value -> worths), and the bracket.

    ``here`` is the outermost value known to keep the plan preferred at the base, ``there`` the innermost known to have
    another; ``found`` is one of the three words.
    """

    factor: int
    here: float
    there: float
    whole: bool
    seen: dict[float, np.ndarray] = field(default_factory=dict)
    found: str = NONE
    note: str = ""

    def middle(self) -> float | None:
        """Where to look next; None if there is nothing in between."""
        middle = (self.here + self.there) / 2
        if self.whole:
            middle = float(np.floor(middle))
        return None if middle in (self.here, self.there) else middle


def look(side: Side, plan: int, value: float, worths: np.ndarray) -> None:
    """Take in what was found at a value."""
    side.seen[value] = worths
    found = preferred(worths)
    if found is None:
        side.found = NOT_KNOWN
        side.note = f"no replication has a value of every plan at {value:g}"
    elif found.plan == plan:
        side.here = value
    else:
        side.there = value
        side.found = SWITCHES


def bracket(sides: Sequence[Side], plan: int, evaluate: Evaluate, halvings: int = HALVINGS) -> None:
    """Close in on every place where the preference changes, all of them at once in each step."""
    for _ in range(halvings):
        open_sides = [(side, side.middle()) for side in sides if side.found == SWITCHES]
        asked = [(side, middle) for side, middle in open_sides if middle is not None]
        if not asked:
            return
        for (side, middle), worths in zip(asked, evaluate([(s.factor, m) for s, m in asked]), strict=True):
            look(side, plan, middle, worths)


def crossing(side: Side, plan: int) -> tuple[float, int]:
    """The switching value, on a straight line between the ends of the bracket, and the plan that is preferred beyond."""
    beyond = rival(side.seen[side.there], plan)
    assert beyond is not None, "a value without a preference ends no bracket"
    other = beyond.plan

    def ahead(value: float) -> float:
        worths = side.seen[value]
        known = np.isfinite(worths).all(axis=0)
        return float((worths[other, known] - worths[plan, known]).mean())

    here, there = ahead(side.here), ahead(side.there)
    share = here / (here - there) if here < 0 < there else 0.5
    return side.here + share * (side.there - side.here), other


def clear_from(side: Side, plan: int, other: int, at: float, beyond: bool) -> float:
    """The nearest value looked at, on one side of the switching value, where the difference is clear; NaN if none."""
    out = []
    for value, worths in side.seen.items():
        outside = abs(value - at) if (value - at) * (side.there - side.here) > 0 else -abs(value - at)
        pair = preferred(worths[[plan, other]])
        wanted = 1 if beyond else 0
        if (outside > 0) == beyond and pair is not None and pair.clear and pair.plan == wanted:
            out.append((abs(value - at), value))
    return min(out)[1] if out else float("nan")


def switching_frames(
    stored: Stored, measure: str, evaluate: Evaluate, halvings: int = HALVINGS
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Switching values of every factor of a one-at-a-time sweep over several plans.

    Args:
        stored: the sweep, whose ends are the first look.
        measure: by which plans are preferred.
        evaluate: for what lies between.
        halvings: of the way between the base and an end.

    Returns:
        One row per factor, or two if the preference changes on both ways, those nearest to the base first: ``measure``,
        ``factor``, ``key``, ``base``, ``grade``, ``unit``, ``source``, ``low_value``, ``high_value``, ``preferred``
        (at the base), ``preferred_clear``, ``found`` (``switches``, ``none within its range``, ``not known``),
        ``switching_value``, ``switches_to``, ``clear_before``, ``clear_beyond``, ``share_of_way`` (0: at the base, 1:
        at the end), ``note``, ``in_words``.

        And everything looked at, one row each: ``factor``, ``key``, ``value``, ``preferred``, ``next``, ``ahead``
        with its 95 % interval ``low``, ``high`` (worth: larger is better), ``n``, ``clear``.

    Raises:
        InputError: it is no such sweep, there is one plan only, or the base has no value.
    """
    import pandas as pd

    if stored.design != "one_at_a_time" or len(stored.plans) < 2:
        raise InputError(
            f"{stored.folder}: switching values need design=one_at_a_time and several plans, for example "
            f"system=gatekept,balanced; found design={stored.design} and {len(stored.plans)}"
        )
    values = worth(measure, stored.values(measure))
    start = preferred(values[0])
    if start is None:
        raise InputError(
            [
                *stored.troubles(measure),
                f"{stored.folder}: no replication has {measure} of every plan at the base: nothing is preferred",
            ]
        )
    sides = []
    for i, key in enumerate(stored.factors):
        base = stored.base(key)
        ends = stored.settings[1 + 2 * i : 3 + 2 * i, i]
        whole = bool(float(base).is_integer() and _is_whole(stored, key))
        for end in (0, 1):
            if ends[end] == base:
                continue
            side = Side(i, base, float(ends[end]), whole, {base: values[0]})
            look(side, start.plan, side.there, values[1 + 2 * i + end])
            if side.found == NONE:
                side.here = base  # it is not a bracket: keep the way for the record
            sides.append(side)
    bracket(sides, start.plan, evaluate, halvings)
    rows = [row for i in range(len(stored.factors)) for row in _rows(stored, i, sides, start, measure)]
    order = {SWITCHES: 0, NOT_KNOWN: 1, NONE: 2}
    rows.sort(key=lambda row: (order[row["found"]], row["share_of_way"]))
    return pd.DataFrame(rows), pd.DataFrame(_looked_at(stored, sides))


def _is_whole(stored: Stored, key: str) -> bool:
    """Whether a factor takes whole numbers only, as the user wrote it."""
    return "integer" in str(stored.manifest["identity"]["factors"].get(key, "")).split(":")


def _rows(stored: Stored, i: int, sides: list[Side], start: Preferred, measure: str) -> list[dict[str, Any]]:
    own = [side for side in sides if side.factor == i]
    low, high = stored.settings[1 + 2 * i, i], stored.settings[2 + 2 * i, i]
    head = {
        "measure": measure,
        **stored.about(stored.factors[i]),
        "low_value": float(low),
        "high_value": float(high),
        "preferred": stored.plans[start.plan],
        "preferred_clear": start.clear,
    }
    nothing = {
        "switching_value": float("nan"),
        "switches_to": "",
        "clear_before": float("nan"),
        "clear_beyond": float("nan"),
        "share_of_way": float("nan"),
    }
    out = []
    for side in own:
        if side.found == SWITCHES:
            at, other = crossing(side, start.plan)
            base, end = head["base"], float(high if side.there > head["base"] else low)
            row = {
                **head,
                "found": SWITCHES,
                "switching_value": at,
                "switches_to": stored.plans[other],
                "clear_before": clear_from(side, start.plan, other, at, beyond=False),
                "clear_beyond": clear_from(side, start.plan, other, at, beyond=True),
                "share_of_way": abs(at - base) / abs(end - base),
                "note": "",
            }
            out.append({**row, "in_words": _in_words(row)})
    unknown = [side for side in own if side.found == NOT_KNOWN]
    if unknown:
        row = {**head, "found": NOT_KNOWN, **nothing, "note": "; ".join(side.note for side in unknown)}
        out.append({**row, "in_words": _in_words(row)})
    if not out:
        row = {**head, "found": NONE, **nothing, "note": ""}
        out.append({**row, "in_words": _in_words(row)})
    return out


def _in_words(row: dict[str, Any]) -> str:
    name = f"{row['factor']} ({row['base']:g}{', ' + row['grade'] if row['grade'] else ''})"
    if row["found"] == NOT_KNOWN:
        return f"{name}: not known: {row['note']}"
    if row["found"] == NONE:
        return f"{name}: none within its range, {row['low_value']:g} to {row['high_value']:g} (both ends looked at)"
    before, beyond = row["clear_before"], row["clear_beyond"]
    sure = [
        f"{row['preferred']} clearly ahead at {before:g}" if before == before else "not clear before",
        f"{row['switches_to']} clearly ahead at {beyond:g}" if beyond == beyond else "not clear beyond",
    ]
    return (
        f"{name}: {row['switches_to']} is preferred beyond {row['switching_value']:.4g} ({'; '.join(sure)})"
    )


def _looked_at(stored: Stored, sides: list[Side]) -> list[dict[str, Any]]:
    rows = []
    for side in sides:
        for value, worths in sorted(side.seen.items()):
            found = preferred(worths)
            key = stored.factors[side.factor]
            rows.append(
                {
                    "factor": stored.about(key)["factor"],
                    "key": key,
                    "value": value,
                    "preferred": stored.plans[found.plan] if found else "",
                    "next": stored.plans[found.next] if found else "",
                    "ahead": found.ahead.mean if found else float("nan"),
                    "low": found.ahead.low if found else float("nan"),
                    "high": found.ahead.high if found else float("nan"),
                    "n": found.ahead.n if found else 0,
                    "clear": bool(found and found.clear),
                }
            )
    return rows


def in_words(frame: pd.DataFrame, measure: str) -> list[str]:
    """What the switching values say together, in sentences; then each change of preference."""
    first = frame.iloc[0]
    clear = "" if first["preferred_clear"] else ", but not clearly: its interval includes no difference"
    changing = frame[frame["found"] == SWITCHES]
    none = int((frame["found"] == NONE).sum())
    out = [
        f"{LABELS[measure].label}: {first['preferred']} is preferred with every number as it is{clear}",
        f"{changing['key'].nunique()} numbers change that within their range; {none} do not",
        *changing["in_words"],
    ]
    if unknown := int((frame["found"] == NOT_KNOWN).sum()):
        out.append(f"{unknown} are not known, because runs failed or have no value: not the same as none")
    return out
