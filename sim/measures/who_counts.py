"""Who is counted: which needs belong to the window, which of them are needs still, and who has been seen.

The window of all measures is the horizon, from the decision day up to (not including) the end day.

* A need is *present* if it began before the end day and its child left at the upper age, if at all, after
  the decision day. That depends on the children only, so two systems with the same seed have exactly the
  same present needs. Impact is averaged over these.
* A need is *in need* if it is present, with two exceptions. It was already back in the normal range when
  the window opened, without anybody ever having seen it: natural recovery is not unmet need (but a need put
  right after being seen stays in, or a system would be marked down for what it had achieved). Or it was
  known before the history began and has not come back since: what was done for it is not on record. Reach
  is a share of those in need.
* A need is *seen* once a first contact took place (advice, drop-in, link visit, assessment or therapy;
  triage on paper is not a contact), however early.
* A need is *known* from the day a concern was first raised. It can be *followed* up to the day before the
  end day, or before its child leaves at the upper age. Giving up or being discharged does not end the
  following: that child still has had no useful support.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from sim.kernel.state import BEFORE_START, NEVER
from sim.measures.counting import Bools, Floats, Ints
from sim.quantity import DAYS_PER_YEAR


class RunColumns(Protocol):
    """The part of a run that measures read: its configuration, its codes and its plain columns."""

    @property
    def config(self) -> Any: ...
    @property
    def decision_day(self) -> int: ...
    @property
    def end_day(self) -> int: ...
    @property
    def kinds(self) -> tuple[str, ...]: ...
    @property
    def offers(self) -> tuple[str, ...]: ...
    @property
    def roles(self) -> tuple[str, ...]: ...
    @property
    def localities(self) -> tuple[str, ...]: ...
    @property
    def lines(self) -> tuple[str, ...]: ...
    @property
    def tables(self) -> Mapping[str, Mapping[str, np.ndarray]]: ...
    @property
    def population(self) -> np.ndarray: ...


class Counted(NamedTuple):
    """Sets of needs as masks over the needs table, each of shape (n_needs,)."""

    present: Bools
    in_need: Bools
    identified: Bools
    seen: Bools
    seen_twice: Bools
    known_in_window: Bools  # present, and the concern was first raised within the window
    followed_until: Ints  # first day on which the need can no longer be followed
    change: Floats  # functional score at the end less the score with no service at all, points


class Concerns(NamedTuple):
    """Concerns of the window, and which of them got something in time."""

    cohort: Bools
    in_time: Bools


def who_counts(run: RunColumns) -> Counted:
    """Decide who is counted; see the top of this module for the rules."""
    t = run.tables["needs"]
    followed_until = np.minimum(t["out_day"], run.end_day)
    present = (t["onset_day"] < followed_until) & (followed_until > run.decision_day)
    first_contact = t["first_contact_day"]
    seen = first_contact != NEVER
    recovered_unseen = (t["score_start"] >= _normal_range(run)[t["kind"]]) & (
        ~seen | (first_contact >= run.decision_day)
    )
    not_on_record = (t["left_reason"] == BEFORE_START) & ~seen
    concern = t["concern_day"]
    return Counted(
        present=present,
        in_need=present & ~recovered_unseen & ~not_on_record,
        identified=(t["identified_day"] != NEVER) | seen,
        seen=seen,
        seen_twice=t["second_contact_day"] != NEVER,
        known_in_window=present & (concern >= run.decision_day) & (concern < run.end_day),
        followed_until=followed_until,
        change=t["score_end"] - t["score_no_service"],
    )


def within(run: RunColumns, counted: Counted, event: str, days: int) -> Concerns:
    """Concerns of the window that could be followed for ``days``, and those with ``event`` by then.

    ``event`` is a day column of the needs table. What happened before the concern was raised (a need met
    by a link visit, say) is in time.
    """
    t = run.tables["needs"]
    deadline = t["concern_day"] + days
    cohort = counted.known_in_window & (deadline < counted.followed_until)
    return Concerns(cohort, (t[event] != NEVER) & (t[event] <= deadline))


def horizon_years(run: RunColumns) -> float:
    """Length of the window in years."""
    return (run.end_day - run.decision_day) / DAYS_PER_YEAR


def weeks_of_window(run: RunColumns) -> tuple[int, int]:
    """First week of the window and the first after it; a week belongs to where its first day is."""
    return -(-run.decision_day // 7), -(-run.end_day // 7)


def in_window(run: RunColumns, week: Ints) -> Bools:
    """Which rows of a weekly table belong to the window; ``week`` has shape (n_rows,)."""
    first, after = weeks_of_window(run)
    return (week >= first) & (week < after)


def _normal_range(run: RunColumns) -> Floats:
    """Score at or above which a need is no longer one, by kind; shape (n_kinds,)."""
    value = run.config.resolver()
    return np.array([value(run.config.needs.kinds[name].normal_range) for name in run.kinds])
