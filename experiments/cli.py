"""The command ``opendoor``: what it can do, in words, and how it says that something is wrong.

Each command lives in its own module and is imported only when it is asked for, so that ``opendoor
--help`` and tab completion answer at once. Whatever a user can get wrong ends here as one line per
problem on the error output and exit status 2, never as a traceback:

* 0: done;
* 1: some simulations failed (which ones is said), or the program itself is at fault;
* 2: something in the command, the configuration, a file or a folder cannot be used;
* 130: stopped by Ctrl-C; 141: whoever was reading the output went away.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

HELP = """\
OpenDoor simulates children's therapy services in a local area: the same children, the same staff and the
same money under a gatekept referral queue and under open access (The Balanced System).

usage: opendoor COMMAND [key=value ...]

Commands
  compare      two or more systems side by side, with the same children and the same luck
  run          one system: full tables and headline measures
  sweep        many configurations at once: grids, samples, one number at a time; goes on after any stop
  best         which of several systems is best, with 95 % certainty and no more runs than that takes
  analyse      what a sweep has to say: effects, sensitivity, what is worth finding out first
  emulate      what a sweep says between its points, at once, with its error
  switching    for each assumption, the value at which another plan would be preferred
  attribution  why two systems side by side differ from a change on one day
  optimise     the best job plans for the staff there are, under limits
  staff-for    the least staff that a target takes, under each system
  results      list, describe, compare, export, delete what these commands have written
  dashboard    all of it in a browser, on this machine alone
  journey      one child's story under each system, side by side
  validate     check a configuration and the data behind it without running anything
  show         read what is modelled: opendoor show system | area | conditions | evidence
  area build   make an area from files you hold
  benchmark    how fast this is on your machine, next to other ways of writing it
  completion   tab completion for your shell
  help         this text, or more about one command: opendoor help compare

Examples
  opendoor compare system=gatekept,balanced
  opendoor run system=balanced area=england replications=1 output=results/england
  opendoor show system system=gatekept

After the command come key=value pairs. Some choose a file (area, system, needs, workforce, calendar,
transition, conditions, erosion); the others change a number (replications=50 seed=7 horizon_years=3
system.dials.easy_access=0.5).
Your own systems, in YAML: opendoor run --config-dir mine system=ours, with the file mine/system/ours.yaml.

Next: opendoor help compare, then opendoor show system. The ten-minute tour is in README.md.
"""


@dataclass(frozen=True)
class Command:
    """One command: where it lives, what its help says, and which options it has besides key=value.

    ``flags`` take no value, ``valued`` take one; ``subjects`` are the words that must follow the command;
    ``simulates``: it will need worker processes. ``words`` are key=value words of the command itself, with what
    TAB offers for each. ``folders``: plain words are names of folders. The module's function ``run`` gets the
    options by name, ``overrides`` (the key=value words of the configuration) or ``folders``, and ``words`` if the
    command has any.
    """

    module: str
    help: str
    subjects: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    valued: dict[str, str] = field(default_factory=dict)
    overrides: bool = True
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    simulates: bool = False
    folders: bool = False


OWN_FILES = {"--config-dir": "DIR"}

COMMANDS: dict[str, Command] = {
    "compare": Command(
        "experiments.compare",
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
        "experiments.run",
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
    "sweep": Command(
        "experiments.sweep",
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

measures=A,B    shown on the screen (all are stored)       required=A,B  a run fails if one is not defined
time_limit=60   seconds for one run                        --retry-failed  try failed runs again
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
            **dict.fromkeys(
                (
                    "points",
                    "trajectories",
                    "levels",
                    "resolution",
                    "file",
                    "columns",
                    "design_seed",
                    "required",
                    "measures",
                ),
                (),
            ),
            "time_limit": (),
            "executor": ("local", "dask"),
            "executor.address": (),
        },
    ),
    "best": Command(
        "experiments.best",
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
    "analyse": Command(
        "experiments.analyse",
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
        "experiments.emulate",
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
    "attribution": Command(
        "experiments.attribution",
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
    "switching": Command(
        "experiments.switch_command",
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
    "optimise": Command(
        "experiments.optimise",
        """\
usage: opendoor optimise vary=OFFER,OFFER[,...] aims=MEASURE[,MEASURE] [limits=...] [trials=100]
                         [by=locality] [system=NAME] [key=value ...] [--config-dir DIR]

The best job plans for the staff there are: the time that bands give to these offers is divided between them
in other ways, the same number of hours in all. With two or more aims there is no one best plan: printed and
stored are those that no other beats in every aim at once, simulated again with fresh luck, and set against
the present plan. Can be stopped and goes on.

  opendoor optimise system=balanced vary=drop_in,link_visit,targeted_group,therapy \\
      aims=impact_mean_change_points,first_useful_within_18_weeks_all_needs_share
limits="recorded_wait_median_weeks<=18,impact_mean_change_points_gap<=0.05" are kept by every plan chosen;
of a gap between groups the size counts, not the sign.

by=locality     each locality divides its time in a way of its own; otherwise all alike (by=area)
trials=100      plans tried        replications=10  of each plan; the same luck for all
design_seed=1   of the search      output=FOLDER    otherwise results/optimise-HASH
""",
        valued=OWN_FILES,
        simulates=True,
        words=dict.fromkeys(("vary", "aims", "limits", "by", "trials", "design_seed"), ()),
    ),
    "staff-for": Command(
        "experiments.staff_for",
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
    "results": Command(
        "experiments.results_command",
        """\
usage: opendoor results list [FOLDER]
       opendoor results describe FOLDER
       opendoor results compare FOLDER OTHER [--to FILE.csv|FILE.parquet|FILE.xlsx]
       opendoor results export FOLDER --to FILE.csv|FILE.parquet|FILE.xlsx [--table NAME]
       opendoor results delete FOLDER [FOLDER ...] [--yes]

  opendoor results list                       what is in the folder results
  opendoor results describe results/three     what was simulated, and what came out
  opendoor results compare results/a results/b    what differs in what was asked, and in what came out:
                                              point by point or system by system, paired by seed

--to FILE     where to; the ending says the format
--table NAME  which table: of a sweep kpis (default), statistics or points; of another folder summaries
              (default), population, dictionary, comparison, or a full table such as gatekept/needs
--yes         delete without asking
Only folders that OpenDoor has written, and that hold nothing else, are deleted.
""",
        subjects=("list", "describe", "compare", "export", "delete"),
        flags=("--yes",),
        valued={"--to": "FILE", "--table": "NAME"},
        overrides=False,
        folders=True,
    ),
    "dashboard": Command(
        "dashboards.command",
        """\
usage: opendoor dashboard [FOLDER ...] [--story FILE] [--port NUMBER] [--host ADDRESS]

Opens results in a browser: headlines in plain words, waits, impact, equity and place, single children,
sweeps, pick and mix, what-if runs, the evidence; and a story to present to a board, screen by screen.
Everything stays on this machine.

  opendoor dashboard                            computes the shipped example and shows it as it grows
  opendoor dashboard results/compare-oldham-1   shows a folder that opendoor compare or run has written
  opendoor dashboard results/a results/b        several, to choose from
  opendoor dashboard results/sweep-grid-1       shows a sweep, or what switching or optimise has looked at
  opendoor dashboard results/a --story my.yaml  presents a story of your own, written like the shipped
                                                configs/story/big_bang_vs_parallel.yaml

--story  what /present shows; a file that cannot be told is refused with everything that is wrong in it
--port   where it listens; otherwise the first free port from 8050 on
--host   127.0.0.1 (default) is this machine alone; 0.0.0.0 lets others on your network in
Ctrl-C ends it, and every run it has started.
""",
        valued={"--port": "NUMBER", "--host": "ADDRESS", "--story": "FILE"},
        overrides=False,
        folders=True,
    ),
    "journey": Command(
        "experiments.journey",
        """\
usage: opendoor journey [child=ID | pick=RULE] [search words] [system=A,B] [key=value ...]
                        [--config-dir DIR]

The same child under each system, side by side: what happens when, in plain words with dates; how long the
waits are; the functional score, also with no service at all. The children are simulated: nobody real.

  opendoor journey pick=median
  opendoor journey pick=harmed_most system=gatekept,balanced area=oldham
  opendoor journey kind=dld quintile=1               list children like that, with their ids
  opendoor journey child=2588                        one of them

child=ID   an id from a list, or from the table of children of the first replication of opendoor compare
pick=RULE  one child, by a rule that is printed with it; the middle one if nothing is said
  median           the middle one by difference, of those seen under at least one system
  helped_most      who gains most under the last system named, against the first
  harmed_most      who loses most
  deprived         as median, in the most deprived fifth
  several_needs    as median, with two or more needs
search     only children to whom all of it applies: kind=speech level=universal|targeted|specialist
           quintile=1 (most deprived) to 5, locality="..." (or how its name begins), age=3 (whole years on
           the decision day), needs_at_least=2

output=FOLDER also writes events, trajectory, needs and the page as files.
""",
        valued=OWN_FILES,
        words={
            "child": (),
            "pick": ("median", "helped_most", "harmed_most", "deprived", "several_needs"),
            "kind": (),
            "level": ("universal", "targeted", "specialist"),
            "quintile": ("1", "2", "3", "4", "5"),
            "locality": (),
            "age": (),
            "needs_at_least": ("2", "3"),
        },
    ),
    "validate": Command(
        "experiments.validate",
        """\
usage: opendoor validate [key=value ...] [--config-dir DIR]

Puts the configuration together, checks every key, number, name, route and job plan, reads the area's
data, and says what it found, without running anything. All problems are told at once; exit status 2 if
there are any.

  opendoor validate system=gatekept
  opendoor validate --config-dir mine system=ours area=my_borough
""",
        valued=OWN_FILES,
    ),
    "show": Command(
        "experiments.show",
        """\
usage: opendoor show system|area|conditions|evidence [key=value ...] [--config-dir DIR]

  opendoor show system system=balanced      doors, offers, routes, job plan; each number with its grade
  opendoor show area area=oldham            localities, children by deprivation, places, and their origin
  opendoor show conditions transition=big_bang   what a change needs, what each condition acts on and how
  opendoor show evidence                    the evidence rows in use
  opendoor show evidence --grade assumed    only one grade: measured, published, expert or assumed
  opendoor show evidence --unused           rows in the table that this configuration does not use
""",
        subjects=("system", "area", "conditions", "evidence"),
        flags=("--unused",),
        valued={**OWN_FILES, "--grade": "GRADE"},
    ),
    "area": Command(
        "experiments.area",
        """\
usage: opendoor area build --name AREA --population FILE --deprivation FILE --schools FILE --output FOLDER
                           [--settings FILE] [--lookup FILE] [--localities 5]

Makes an area with its real schools, small areas and deprivation from files you hold. Nothing leaves your
machine.

  --name          local authority, as it is written in the files, for example Oldham
  --population    children by small area (LSOA) and single year of age
  --deprivation   index of multiple deprivation by small area, 2019 or 2025
  --schools       school census: one row per school
  --settings      optional: register of establishments, for nursery settings
  --lookup        small areas of 2011 to those of 2021, if population and deprivation differ in them
  --localities    number of localities that small areas are grouped into
  --output        folder to make; then use it with area=files area.folder=FOLDER

Columns, by their names in the heading; other columns are not read
  population      lsoa11_code and lsoa11_name (or lsoa21_code and lsoa21_name), la_name, age_0 ... age_19;
                  if there is one: upper_tier_name
  deprivation     lsoa11_code (index of 2019) or lsoa21_code (2025), imd_decile (1 is the most deprived)
  schools         urn, name, la_name, school_type (such as State-funded primary), pupils; if there are any:
                  fsm_pupils, and easting and northing or lat and lon
  settings        urn, name, la_name, phase, status
  lookup          lsoa11_code, lsoa21_code
All are CSV files in UTF-8 with commas between the columns.
""",
        subjects=("build",),
        valued={
            "--name": "AREA",
            "--population": "FILE",
            "--deprivation": "FILE",
            "--schools": "FILE",
            "--settings": "FILE",
            "--lookup": "FILE",
            "--localities": "NUMBER",
            "--output": "FOLDER",
        },
        overrides=False,
    ),
    "benchmark": Command(
        "experiments.benchmark",
        """\
usage: opendoor benchmark [--quick] [--england] [--json FILE]

Measures, on this machine and in one run: processor time per referral on a plain referral pathway, next to
SimPy as most people write it, Ciw, and carefully written SimPy; processor time of the shipped area; how
time and memory grow with the number of children. Takes a few minutes; --quick is a rough answer in less
than one.

  --england       also simulate all of England's children (a few minutes and several gigabytes)
  --json FILE     write the figures to a file, too
""",
        flags=("--quick", "--england"),
        valued={"--json": "FILE"},
        overrides=False,
    ),
    "completion": Command(
        "experiments.completion",
        """\
usage: eval "$(opendoor completion bash)"

Tab completion for commands, options, files to choose (area=<TAB>) and keys (system.dials.<TAB>).
Put the line into ~/.bashrc to keep it.
""",
        subjects=("bash",),
        valued={"--line": "LINE"},
        overrides=False,
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (see the module's first paragraph)."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _dispatch(words)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("\nopendoor: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # the reader (head, less) has gone; do not let Python complain about it on its way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, OSError) as e:
        problems = _problems(e)
        if problems is None:
            raise
        for problem in problems:
            print(f"opendoor: {problem}", file=sys.stderr)
        return 2


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help") or words == ["help"]:
        sys.stdout.write(HELP)
        return 0
    if words[0] in ("-V", "--version"):
        from importlib.metadata import version

        print(f"opendoor {version('opendoor')}")
        return 0
    if words[0] == "help":
        sys.stdout.write(_command(words[1]).help)
        return 0
    command = _command(words[0])
    if "-h" in words or "--help" in words:
        sys.stdout.write(command.help)
        return 0
    options = _read(words[0], command, words[1:])
    if command.simulates:
        from experiments.pool import PRELOAD, start_early

        start_early(PRELOAD)
    from importlib import import_module

    return int(import_module(command.module).run(**options))


def _command(name: str) -> Command:
    if name in COMMANDS:
        return COMMANDS[name]
    import difflib

    from sim.errors import InputError

    close = difflib.get_close_matches(name, COMMANDS, 1)
    hint = f"did you mean '{close[0]}'?" if close else f"commands: {', '.join(COMMANDS)}"
    raise InputError(f"{name}: no such command; {hint} (opendoor --help)")


def _read(name: str, command: Command, words: list[str]) -> dict[str, Any]:
    """Options by name, ready for the command's ``run``; all problems with the words at once.

    Raises:
        InputError: an option that does not exist or lacks its value, a missing or unknown subject.
    """
    from sim.errors import InputError

    problems: list[str] = []
    options: dict[str, Any] = {_attribute(flag): False for flag in command.flags}
    options |= {_attribute(option): None for option in command.valued}
    plain: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        option, equals, value = word.partition("=")
        if not word.startswith("--"):
            plain.append(word)
        elif option in command.valued:
            if not equals and (not queue or queue[0].startswith("--")):
                problems.append(f"{option}: needs a value: {option} {command.valued[option]}")
            else:
                options[_attribute(option)] = value if equals else queue.pop(0)
        elif option in command.flags and not equals:
            options[_attribute(option)] = True
        else:
            problems.append(f"{word}: no such option of opendoor {name}{_option_hint(option, command)}")
    if command.subjects:
        if not plain or plain[0] not in command.subjects:
            found = f"found {plain[0]!r}" if plain else "found nothing"
            problems.append(f"opendoor {name} must be followed by {' or '.join(command.subjects)}, {found}")
        options["subject"] = plain.pop(0) if plain else ""
    if command.words:
        own = [word.partition("=") for word in plain if word.partition("=")[0] in command.words]
        plain = [word for word in plain if word.partition("=")[0] not in command.words]
        options["words"] = {key: value for key, _, value in own}
        keys = [key for key, _, _ in own]
        problems += [f"{key}: given more than once" for key in options["words"] if keys.count(key) > 1]
        problems += [
            f"{key}: needs a value: {key}=..." for key, value in options["words"].items() if not value
        ]
    if command.overrides:
        options["overrides"] = plain
    elif command.folders:
        options["folders"] = plain
    else:
        problems += [f"{word}: opendoor {name} takes no such word (opendoor help {name})" for word in plain]
    if problems:
        raise InputError(problems)
    return options


def _attribute(option: str) -> str:
    return option.lstrip("-").replace("-", "_")


def _option_hint(option: str, command: Command) -> str:
    import difflib

    if command.overrides and "--" + _attribute(option) not in (*command.flags, *command.valued):
        from experiments.compose import options, top_level_keys

        if (key := _attribute(option)) in top_level_keys() or key in options():
            return f"; write {key}=VALUE"
    close = difflib.get_close_matches(option, [*command.flags, *command.valued], 1)
    return f"; did you mean {close[0]}?" if close else f" (opendoor help {_name(command)})"


def _name(command: Command) -> str:
    return next(name for name, known in COMMANDS.items() if known is command)


def _problems(error: ValueError | OSError) -> list[str] | None:
    """What to tell the user, one line each; None if this is a mistake in the program."""
    from sim.errors import InputError

    if isinstance(error, InputError):
        return [" ".join(problem.split()) for problem in error.problems]
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return [f"{where}{error.strerror[0].lower()}{error.strerror[1:]}"]
    return None


if __name__ == "__main__":
    sys.exit(main())
