"""Commands about the configuration, the data, the machine and the shell; they simulate no area for its own sake."""

from __future__ import annotations

from experiments.commands.command import OWN_FILES, Command

COMMANDS: dict[str, Command] = {
    "validate": Command(
        "experiments.showing.validate",
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
        "experiments.showing.show",
        """\
usage: opendoor show system|area|conditions|evidence [key=value ...] [--config-dir DIR]

  opendoor show system system=balanced      doors, offers, routes, job plan; each number with its grade
  opendoor show area area=oldham            localities, children by deprivation, places, and their origin
  opendoor show conditions transition=big_bang   what a change needs, what each condition acts on and how
  opendoor show evidence                    the evidence rows in use, and the numbers that each stands in
  opendoor show evidence --find session     only rows that mention it: by name, source, note or key
  opendoor show evidence --grade assumed    only one grade: measured, published, expert or assumed
  opendoor show evidence --unused           rows in the table that this configuration does not use
""",
        subjects=("system", "area", "conditions", "evidence"),
        flags=("--unused",),
        valued={**OWN_FILES, "--grade": "GRADE", "--find": "TEXT"},
    ),
    "area": Command(
        "experiments.showing.area",
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
