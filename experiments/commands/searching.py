"""Commands that look for an answer by trying: the best plan for the staff, the least staff for a target."""

from __future__ import annotations

from experiments.commands.command import OWN_FILES, Command

COMMANDS: dict[str, Command] = {
    "optimise": Command(
        "experiments.planning.optimise",
        """\
usage: opendoor optimise vary=OFFER,OFFER[,...] aims=MEASURE[,MEASURE] [limits=...] [trials=100]
                         [by=locality] [system=NAME] [key=value ...] [--config-dir DIR]

The best job plans for the staff there are: the time that bands give to these offers is divided between them
in other ways, the same number of hours in all. With two or more aims there is no one best plan: printed and
stored are those that no other beats in every aim at once, simulated again with fresh luck, and set against
the present plan. Can be stopped and goes on.

  opendoor optimise system=balanced vary=drop_in,link_visit,targeted_group,therapy \\
      aims=impact_mean_change_points,first_useful_within_18_weeks_all_needs_share
limits="first_useful_within_18_weeks_share>=0.5,impact_mean_change_points_gap<=0.05"
are kept by every plan chosen; of a gap between groups the size counts, not the sign.

by=locality     each locality divides its time in a way of its own; otherwise all alike (by=area)
trials=100      plans tried        replications=10  of each plan; the same luck for all
design_seed=1   of the search      output=FOLDER    otherwise results/optimise-HASH
""",
        valued=OWN_FILES,
        simulates=True,
        words=dict.fromkeys(("vary", "aims", "limits", "by", "trials", "design_seed"), ()),
    ),
    "staff-for": Command(
        "experiments.planning.staff_for",
        """\
usage: opendoor staff-for target=MEASURE at_least=NUMBER|at_most=NUMBER [by=band] [system=A,B]
                          [key=value ...] [--config-dir DIR]

The least staff that a target takes under each system: all bands of the service are multiplied by the same
number, which is searched for by halving, with the same children and the same luck. Can be stopped and goes
on. Exit status 1 if the target is out of reach.

  opendoor staff-for system=gatekept,balanced target=first_useful_within_18_weeks_all_needs_share \\
      at_least=0.8
  opendoor staff-for target=impact_mean_change_points at_least=0.2 system=balanced roles=therapist_b5

by=band           then cut each band as far as the target is still met, the one that costs most first
roles=A,B         only these bands (otherwise all but those of the places themselves, such as schools)
multiple=0.25..8  how few and how many are tried           precision=0.02  how narrow the answer is made
replications=20   more of them make the interval narrower  output=FOLDER   otherwise results/staff-for-HASH
""",
        valued=OWN_FILES,
        simulates=True,
        words=dict.fromkeys(("target", "at_least", "at_most", "by", "roles", "multiple", "precision"), ()),
    ),
}
