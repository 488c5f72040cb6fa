"""Which measures are shown, and which of them first: impact, then waits, reach, equity, staff.

A reader who has never seen a result needs ten lines or so, and they must hold what speaks against a system as well as
what speaks for it. A plain stream of referrals has no population: how many children there are, who is never noticed
and what is gained mean nothing there, so its list and its waits are shown instead.
"""

from __future__ import annotations

from sim.measures.labels import GROUPS, LABELS, STAFF_GROUPS, Group
from sim.system import LEDGER_LINES

#: The first screen, where there is a population: measures with the short label they have there.
FIRST = {
    "impact_mean_change_points": "Gain in function per need, against no service (0-5)",
    "impact_significant_share": "Needs with a clinically significant gain",
    "first_useful_within_18_weeks_share": "Useful support within 18 weeks of a concern",
    "specialist_start_within_52_weeks_share": "Specialist start within 52 weeks (specialist needs)",
    "list_size_per_1000_children": "List for a first contact, per 1,000 children",
    "all_lists_per_1000_children": "Waiting for anything, per 1,000 children",
    "reach_share": "Need that has been seen",
    "identified_never_seen_share": "Needs noticed but never seen",
    "reach_share_gap": "Need seen: most less least deprived fifth",
    "impact_mean_change_points_gap": "Gain: most less least deprived fifth (0-5)",
    "time_share_direct_contact": "Staff time in one-to-one contact",
    "unused_share_therapist": "Therapists' time that is not used",
}

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
FIRST_OF_A_STREAM = {
    "list_size": "Waiting list, average of the last 26 weeks",
    "list_size_at_end": "Waiting list at the end",
    "recorded_wait_median_weeks": "Wait (weeks): half are seen by",
    "recorded_wait_p92_weeks": "Wait (weeks): 92 in 100 are seen by",
    "list_over_18_weeks_share": "On the list: waiting over 18 weeks so far",
    "list_over_52_weeks_share": "On the list: waiting over 52 weeks so far",
    "referred_per_week": "Referrals a week",
    "first_contacts_per_week": "First contacts a week",
    "gave_up_per_100_referred": "Gave up, per 100 referrals",
    "not_brought_share": "Appointments not brought to",
}


def chosen(stream: bool = False, everything: bool = False) -> dict[Group, tuple[str, ...]]:
    """Names of the measures to show, by group, impact first; groups without any are left out.

    Args:
        stream: demand is a plain stream of referrals, without a population.
        everything: every headline measure, not only those of the first screen.
    """
    if stream:
        names: tuple[str, ...] = OF_A_STREAM if everything else tuple(FIRST_OF_A_STREAM)
    elif everything:
        names = tuple(name for name, measure in LABELS.items() if measure.headline)
    else:
        names = tuple(FIRST)
    found = {group: tuple(name for name in names if LABELS[name].group == group) for group in GROUPS}
    return {group: members for group, members in found.items() if members}
