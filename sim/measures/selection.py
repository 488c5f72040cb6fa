"""Which measures are shown, and which of them first: impact, then waits, reach, equity, staff.

A reader who has never seen a result needs ten lines or so, and they must hold what speaks against a system as well as
what speaks for it. A plain stream of referrals has no population: how many children there are, who is never noticed
and what is gained mean nothing there, so its list and its waits are shown instead.
"""

from __future__ import annotations

from sim.measures.labels import GROUPS, LABELS, STAFF_GROUPS, Group
from sim.system import LEDGER_LINES

#: The first screen, where there is a population.
FIRST = (
    "impact_mean_change_points",
    "impact_significant_share",
    "first_useful_within_18_weeks_share",
    "specialist_start_within_52_weeks_share",
    "list_size_per_1000_children",
    "all_lists_per_1000_children",
    "reach_share",
    "identified_never_seen_share",
    "reach_share_gap",
    "impact_mean_change_points_gap",
    "time_share_direct_contact",
    "unused_share_therapist",
)

#: What means something for a plain stream of referrals, in the order of a waiting-list report.
OF_A_STREAM = (
    "list_size",
    "list_size_at_end",
    "recorded_wait_median_weeks",
    "recorded_wait_mean_weeks",
    "recorded_wait_p92_weeks",
    "recorded_wait_within_18_weeks_share",
    "list_over_18_weeks_share",
    "list_over_52_weeks_share",
    "referred_per_week",
    "first_contacts_per_week",
    "gave_up_per_100_referred",
    *(f"time_share_{line}" for line in LEDGER_LINES if line != "unused"),
    *(f"unused_share_{group}" for group in STAFF_GROUPS),
    "not_brought_share",
    "statutory_on_time_share",
    "contacts_per_need_seen",
)

#: The first screen of a stream.
FIRST_OF_A_STREAM = (
    "list_size",
    "list_size_at_end",
    "recorded_wait_median_weeks",
    "recorded_wait_p92_weeks",
    "list_over_18_weeks_share",
    "list_over_52_weeks_share",
    "referred_per_week",
    "first_contacts_per_week",
    "gave_up_per_100_referred",
    "not_brought_share",
)


def chosen(stream: bool = False, everything: bool = False) -> dict[Group, tuple[str, ...]]:
    """Names of the measures to show, by group, impact first; groups without any are left out.

    Args:
        stream: demand is a plain stream of referrals, without a population.
        everything: every headline measure, not only those of the first screen.
    """
    if stream:
        names: tuple[str, ...] = OF_A_STREAM if everything else FIRST_OF_A_STREAM
    elif everything:
        names = tuple(name for name, measure in LABELS.items() if measure.headline)
    else:
        names = FIRST
    found = {group: tuple(name for name in names if LABELS[name].group == group) for group in GROUPS}
    return {group: members for group, members in found.items() if members}
