"""Every command by name, in words: what it is for, how it is called, and which module does it.

A file per kind of command. Nothing here is loaded that simulates: help and TAB answer at once.
"""

from __future__ import annotations

from experiments.commands import comparing, preparing, reading, searching, sweeping
from experiments.commands.command import Command

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

COMMANDS: dict[str, Command] = {
    **comparing.COMMANDS,
    **sweeping.COMMANDS,
    **searching.COMMANDS,
    **reading.COMMANDS,
    **preparing.COMMANDS,
}
