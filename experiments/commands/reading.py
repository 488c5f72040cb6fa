"""Commands that show what came out: results, the dashboard, one child's story."""

from __future__ import annotations

from experiments.commands.command import OWN_FILES, Command

COMMANDS: dict[str, Command] = {
    "results": Command(
        "experiments.results.command",
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
--table NAME  which: of a sweep kpis (default), statistics, points or traces; of another folder summaries
              (default), population, dictionary, comparison, or a full table such as gatekept/needs;
              gatekept/event_log of a run with event_log=true: case, activity, time stamp, resource, for
              process-mining and animation tools
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
        "experiments.journeys.journey",
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
}
