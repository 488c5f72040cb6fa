"""Commands that simulate many configurations, and say what those tell together."""

from __future__ import annotations

from experiments.commands.command import OWN_FILES, Command

COMMANDS: dict[str, Command] = {
    "sweep": Command(
        "experiments.sweeps.sweep",
        """\
usage: opendoor sweep [experiment=NAME] [design=DESIGN] [key=value ...] [key=SEVERAL ...]
                      [--retry-failed] [--config-dir DIR]

Simulates many points, each in every replication with the same luck, and sets each against the base (point
0). It can be stopped at any moment; the same command goes on from there and repeats nothing. A run that
fails is recorded with its error, and the rest go on.

  opendoor sweep experiment=small_grid
  opendoor sweep system=gatekept,balanced system.dials.easy_access=0,0.5,1 replications=10
  opendoor sweep design=one_at_a_time area=example_small replications=3
  opendoor sweep design=sobol points=64 system=gatekept,balanced evidence.vacancy_share.value=..

Any key with several values is a factor:
  key=a,b,c           these values            key=LOW..HIGH:steps=5   evenly spread values
  key=LOW..HIGH       anything in between     key=LOW..HIGH:log       evenly in the logarithm
  evidence.ROW.value=..  the row's own range  key=LOW..HIGH:integer   whole numbers only

design=grid           (default) every combination of the values
design=list           file=FILE.csv: a column for each key, a row for each point; columns=a,b must be there
design=lhs            points=NUMBER of a Latin hypercube over the ranges
design=sobol          points=NUMBER (a power of two) of a Sobol sequence
design=morris         trajectories=10 levels=4: one factor after the other, for screening
design=one_at_a_time  each range at its low and high end; with no range given, every evidence row in use
design=factorial      every combination of the ends of the ranges; centre=true adds the middle; resolution=5
                      takes a fraction of them in which effects of two together are still told apart
design=saltelli       points=NUMBER (a power of two) for each part of Sobol's indices
design=psa            points=NUMBER draws of every evidence row in use (or of the ranges given) together
Where ranges are drawn from, factors with listed values are crossed with the draws. design_seed=1.
Where every evidence row in use is taken: grades=assumed,expert takes those of these grades only.

measures=A,B    shown on the screen (all are stored)       required=A,B  a run fails if one is not defined
time_limit=60   seconds for one run                        --retry-failed  try failed runs again
traces=false    do not keep each run week by week (traces/)
output=FOLDER   otherwise results/sweep-NAME-HASH, which is the same for the same command
executor=dask executor.address=tcp://HOST:8786   send the runs to a cluster; see README.md
""",
        flags=("--retry-failed",),
        valued=OWN_FILES,
        simulates=True,
        words={
            "design": (
                *("grid", "list", "lhs", "sobol", "morris", "one_at_a_time"),
                *("factorial", "saltelli", "psa"),
            ),
            "centre": ("true", "false"),
            "traces": ("true", "false"),
            "grades": ("measured", "published", "expert", "assumed"),
            **dict.fromkeys(("points", "trajectories", "levels", "resolution", "file", "columns"), ()),
            **dict.fromkeys(("design_seed", "required", "measures", "time_limit"), ()),
            "executor": ("local", "dask"),
            "executor.address": (),
        },
    ),
    "analyse": Command(
        "experiments.sensitivity.analyse",
        """\
usage: opendoor analyse FOLDER [measure=NAME[,NAME ...]] [--without-failed]

Does the analysis that the design of the sweep in FOLDER is for, prints it with its answer in words, and
keeps it as tables (csv and parquet) beside the sweep.

  opendoor sweep experiment=pick_and_mix
  opendoor analyse results/sweep-pick_and_mix-...

design=factorial      what each part of a change does, alone and together; is half a change worse than none?
design=morris         which factors matter at all (screening)
design=saltelli       how much of the spread each factor is behind (Sobol's indices)
design=one_at_a_time  tornado: how far each number moves the answer within its range
design=psa            probability that each plan is best; what knowing more is worth, and of what first
design=grid           with two factors and several plans: which plan is preferred where

With system=gatekept,balanced in the sweep, each system is analysed, and the difference between them.

measure=NAME      otherwise the measures that the sweep shows
--without-failed  leave out every group of points with a run that failed or has no value; otherwise refused
""",
        flags=("--without-failed",),
        overrides=False,
        folders=True,
        words={"measure": ()},
    ),
    "emulate": Command(
        "experiments.sensitivity.emulate",
        """\
usage: opendoor emulate FOLDER FACTOR=VALUE [FACTOR=VALUE ...] [measure=NAME[,NAME ...]]

What a stored sweep would have said between its points: a smooth surface through what was simulated, which
answers at once, with a 95 % interval and with its error on points that were held out. Every factor of the
sweep needs a value; values outside what was simulated are refused.

  opendoor sweep design=lhs points=60 system.dials.easy_access=0..1 system.dials.continuum=0..1
  opendoor emulate results/sweep-... system.dials.easy_access=0.4 system.dials.continuum=0.7

measure=NAME    otherwise the measures that the sweep shows; needs 12 points or more
""",
        overrides=False,
        folders=True,
        words={"measure": ()},
    ),
    "switching": Command(
        "experiments.sensitivity.switch_command",
        """\
usage: opendoor switching system=A,B[,C ...] [measure=NAME] [evidence.ROW.value=.. ...] [key=value ...]
                          [key=LOW..HIGH ...] [--config-dir DIR]

For each number, one at a time: the value at which another plan than now would be preferred, or none within
its range. Takes each to both ends of its range, then closes in on every change; all plans meet the same
children with the same luck throughout. It can be stopped and goes on; what closes in is done again.

  opendoor switching system=gatekept,balanced area=example_small replications=10
  opendoor switching system=gatekept,balanced evidence.vacancy_share.value=.. measure=reach_share

With no range given, every row of the evidence in use. Beside each switching value stand the nearest values
looked at where the difference is clear (its interval excludes nought).

measure=NAME    by which plans are preferred (impact_mean_change_points); more or less of it must be better
time_limit=60   seconds for one run
output=FOLDER   otherwise results/switching-HASH, which is the same for the same command

A map of two numbers at once: opendoor sweep system=gatekept,balanced KEY=0..1:steps=5 KEY=0..1:steps=5,
then opendoor analyse FOLDER.
""",
        valued=OWN_FILES,
        simulates=True,
        words={"measure": (), "time_limit": ()},
    ),
}
