"""Commands that set systems, or ways to change, side by side."""

from __future__ import annotations

from experiments.commands.command import OWN_FILES, Command

COMMANDS: dict[str, Command] = {
    "compare": Command(
        "experiments.comparing.compare",
        """\
usage: opendoor compare system=REFERENCE,OTHER[,OTHER ...] [key=value ...] [--all] [--config-dir DIR]
       opendoor compare transition=none,big_bang[,phased,parallel] [key=value ...]
       opendoor compare experiment=NAME [key=value ...]

Simulates the same area under two or more systems, or ways to get from one to another. Each of them meets
the same children, with the same luck, once per replication, so what is compared is the systems and not the
luck. Prints a dozen measures (each with the difference and its 95 % interval) and writes a results folder,
in which comparison.txt is the whole table. Ways to change get a second table: what the change itself did
(break-even, disruption, children harmed and helped, what it costs).

  opendoor compare system=gatekept,balanced
  opendoor compare system=gatekept,balanced replications=40 seed=3
  opendoor compare system=no_service,gatekept,balanced area=example_small output=results/three
  opendoor compare transition=none,big_bang,phased,parallel
  opendoor compare experiment=big_bang_vs_parallel           the plans that its file names under compare:

Keys used most
  area=...            oldham (default), england, example_small, or one of your own
  replications=20     more of them make the intervals narrower: four times as many, half as wide
  seed=1              the same seed gives the same results to the last digit
  horizon_years=5     counted; history_years=3 are lived before and not counted
  workers=2           processes; results do not depend on it
  output=FOLDER       must not exist; otherwise results/compare-AREA-DATE-TIME
--all   every headline measure on the screen, and every pair of systems

Replications until the answer is sharp enough (replications= is the first batch; status 1 if not reached)
  precision.measure=NAME        the difference in this measure from the reference ...
  precision.half_width=NUMBER   ... is known to this much either way (0.01 of a share: one percentage point)
  precision.most=1000           and not more replications than this

The folder also has intervals.csv: every pair of systems, by Student's t, by the bootstrap, and such that
all pairs hold together; and spin_up.csv: whether waiting lists had settled before counting began.
""",
        flags=("--all",),
        valued=OWN_FILES,
        simulates=True,
        words=dict.fromkeys(("precision.measure", "precision.half_width", "precision.most"), ()),
    ),
    "run": Command(
        "experiments.comparing.run",
        """\
usage: opendoor run [system=NAME] [key=value ...] [--all] [--config-dir DIR]

Simulates one system, replications times. Prints a dozen measures and writes a results folder: the
full tables of the first replication (children, needs, waiting lists, weekly counts, the minute ledger),
the headline measures of every replication, and what is needed to run it again.

  opendoor run system=balanced
  opendoor run system=gatekept area=england replications=1 output=results/england
  opendoor run area=referral_stream system=single_list needs=plain workforce=one_team calendar=every_day \\
      area.referrals_per_week=30 system.slots_per_week=27
--all   every headline measure on the screen
""",
        flags=("--all",),
        valued=OWN_FILES,
        simulates=True,
    ),
    "best": Command(
        "experiments.certainty.best",
        """\
usage: opendoor best system=A,B[,C ...] measure=NAME matters=NUMBER [first=20] [most=500]
                     [key=value ...] [--config-dir DIR]
       opendoor best transition=none,big_bang[,phased,parallel] measure=NAME matters=NUMBER ...

Simulates all of them side by side with the same luck, drops one as soon as it is clearly behind (procedure
KN, Kim and Nelson 2001), and names the best. It is the best with at least 95 % certainty if it is ahead by
the smallest difference that matters; of two that are closer, either may be named.

  opendoor best system=gatekept,balanced,blend measure=impact_mean_change_points matters=0.01

measure=NAME    a measure of summaries.csv of which more (or less) is better
matters=NUMBER  smallest difference that matters, in the measure's unit (0.01 of a share: one per cent)
first=20        replications before anything is dropped
most=500        replications at the most; exit status 1 if more than one is left then
output=FOLDER   must not exist; otherwise results/best-AREA-DATE-TIME
""",
        valued=OWN_FILES,
        simulates=True,
        words=dict.fromkeys(("measure", "matters", "first", "most"), ()),
    ),
    "attribution": Command(
        "experiments.comparing.attribution",
        """\
usage: opendoor attribution [transition=parallel] [system=gatekept] [key=value ...] [--config-dir D]

Why running two systems side by side differs from changing on one day: the difference, shared out between
families at both doors, concerns sent to the old door by habit, minutes that are not shared, work for the
old lists, switching and meetings. Each is switched off and on in every combination, with the same children
and the same luck; the parts add up to the whole.

  opendoor attribution area=example_small replications=10

output=FOLDER   must not exist; otherwise results/attribution-AREA-DATE-TIME
""",
        valued=OWN_FILES,
        simulates=True,
    ),
}
