"""What is modelled, to read: a system, an area, the conditions for success, the evidence.

Every number with its unit and its grade.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.composing.compose import load_config
from experiments.numbers import BY_HAND, GRADE_SHORT, GRADES, Number, numbers, rows_used
from experiments.results.output import SMALLEST_COUNT
from experiments.screen import show, table_of
from experiments.showing.conditions import conditions_page
from experiments.words import unit_words
from sim.area import KINDS, Area
from sim.area_building import build_area
from sim.config import Config
from sim.errors import InputError
from sim.quantity import Resolver
from sim.system import Branch, Door, Offer

#: Keys that are named of a row that stands in many numbers.
MOST_KEYS = 4

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from sim.evidence import EvidenceRow


def run(
    subject: str,
    overrides: Sequence[str],
    config_dir: str | None = None,
    grade: str | None = None,
    unused: bool = False,
    find: str | None = None,
) -> int:
    """The command.

    Raises:
        InputError: an option that does not go with the subject, or a configuration that is not sound.
    """
    problems = []
    if subject != "evidence" and (grade or unused or find):
        problems.append(
            f"--find, --grade and --unused belong to opendoor show evidence, not to show {subject}"
        )
    if grade and grade not in GRADES:
        problems.append(f"--grade {grade}: no such grade; one of {', '.join(GRADES)}")
    if problems:
        raise InputError(problems)
    config = load_config(overrides, config_dir)
    if subject == "system":
        parts = system_page(config)
    elif subject == "area":
        parts = area_page(build_area(config.area), real=config.area.kind == "files")
    elif subject == "conditions":
        parts = conditions_page(config)
    else:
        parts = evidence_page(config, grade, unused, find)
    for part in parts:
        show(part)
    return 0


def system_page(config: Config) -> Iterable[RenderableType]:
    """Title, dials, doors, each offer with its numbers and routes, and the job plan."""
    from rich.text import Text

    system, value = config.system, config.resolver()
    by_key = {number.key: number for number in numbers(config)}
    yield Text(system.title, style="bold")
    if system.about:
        yield Text(system.about.strip())
    dials = ", ".join(
        f"{name.replace('_', ' ')} {level:g}" for name, level in system.dials.model_dump().items()
    )
    yield Text(f"Dials, 0 gatekept practice to 1 Balanced System practice: {dials}")
    for name, door in system.doors.items():
        yield Text(f"\nDoor: {name}", style="bold")
        yield Text(f"{_for_whom(door)}. Leads to {_branches(door.to, value)}.")
        yield from _numbers_table(_inside(by_key, f"system.doors.{name}"))
    for name, offer in system.offers.items():
        yield Text(f"\nOffer: {name}" + (f" ({offer.title})" if offer.title else ""), style="bold")
        yield Text(_offer_sentence(offer))
        for sentence in _routes(offer, value):
            yield Text(sentence)
        yield from _numbers_table(_inside(by_key, f"system.offers.{name}"))
    if system.job_plan:
        yield Text("\nJob plan: share of each role's time", style="bold")
        yield _job_plan_table(config)
    for locality, local in system.local_plans.items():
        for role, shares in local.items():
            told = ", ".join(
                f"{name.replace('_', ' ')} {_percent(value(share))}" for name, share in shares.items()
            )
            yield Text(f"In {locality}, {config.workforce.roles[role].title}: {told}.")
    yield Text("\nThe system as a whole", style="bold")
    if system.slots_per_week is not None:
        yield Text(
            f"Capacity: {system.slots_per_week:g} appointments a week in each locality (slots_per_week, "
            f"{GRADE_SHORT[BY_HAND]}), instead of staff minutes and a job plan."
        )
    yield from _numbers_table(
        {k: n for k, n in _inside(by_key, "system").items() if "." not in k}, all_of_them=True
    )
    yield Text(
        "\nGrade: how good the evidence behind a number is, from measured (official counts) to assumed; "
        "'set by hand' is a choice made in the system's file. Values are those at the dials shown."
    )


def area_page(area: Area, real: bool) -> Iterable[RenderableType]:
    """Localities with children by deprivation, places by kind, and where each field comes from.

    Args:
        real: counts of real children in the user's own small areas; counts of 1 to 4 are shown as ``<5``,
            and totals from which they could be worked out are left out or rounded.
    """
    from rich.text import Text

    children = int(area.children.sum())
    how_many = f"about {round(children, -2):,}" if real else f"{children:,}"
    yield Text(f"{area.name}: {how_many} children and young people aged 0-19", style="bold")
    yield Text("")
    yield _localities_table(area, real)
    yield _places_table(area)
    yield Text("Where this comes from", style="bold")
    table = table_of("Field", "Origin")
    for field, text in area.provenance.items():
        table.add_row(field, text)
    yield table


def evidence_page(
    config: Config, grade: str | None = None, unused: bool = False, find: str | None = None
) -> Iterable[RenderableType]:
    """Rows of the evidence table, those in use or those that are not: what each says, and which numbers it stands in.

    Args:
        find: only rows with this text in their name, source, note or a number's key; capitals count for nothing.

    Raises:
        InputError: no row is like that.
    """
    from rich.padding import Padding
    from rich.text import Text

    used = rows_used([config])
    stands_in = _stands_in(config)
    asked = {
        name: row
        for name, row in config.evidence.items()
        if (grade is None or row.grade == grade)
        and (find is None or _mentions(find, name, row.source, row.note or "", *stands_in.get(name, ())))
    }
    rows = {name: row for name, row in asked.items() if (name in used) != unused}
    which = "not used by this configuration" if unused else "in use"
    if find is not None and not rows:
        raise InputError(
            f"--find {find}: no row {which}{_of_grade(grade)} mentions it; {_elsewhere(find, asked, unused, config)}"
        )
    for name, row in rows.items():
        span = "fixed" if row.low == row.high else f"{row.low:g} to {row.high:g}"
        yield Text(name, style="bold")
        told = [
            f"{row.value:g} ({span}), {unit_words(row.unit)}, {GRADE_SHORT[row.grade]}. {row.source.rstrip('.')}."
        ]
        told += [f"Note: {row.note}"] if row.note else []
        told += [f"In {_listed(keys)}" for keys in [stands_in.get(name, [])] if keys]
        yield Padding(Text("\n".join(told)), (0, 0, 0, 4), expand=False)
    yield Text(f"{len(rows)} of {len(config.evidence)} rows: {which}{_of_grade(grade)}.")


def _elsewhere(find: str, asked: Mapping[str, EvidenceRow], unused: bool, config: Config) -> str:
    """Where to look for what was not found."""
    if asked:
        return f"{len(asked)} {'in use' if unused else 'not in use'} would: {'without' if unused else 'add'} --unused"
    close = difflib.get_close_matches(find, config.evidence, 1)
    return f"did you mean {close[0]}?" if close else "opendoor show evidence lists them all"


def _of_grade(grade: str | None) -> str:
    return f", grade {grade}" if grade else ""


def _mentions(text: str, *where: str) -> bool:
    return any(text.casefold() in words.casefold() for words in where)


def _stands_in(config: Config) -> dict[str, list[str]]:
    """Keys of the numbers that each row stands in."""
    out: dict[str, list[str]] = {}
    for number in numbers(config):
        for row in number.rows:
            out.setdefault(row, []).append(number.key)
    return out


def _listed(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - MOST_KEYS} more" if len(keys) > MOST_KEYS else ""
    return ", ".join(keys[:MOST_KEYS]) + more


def _inside(by_key: Mapping[str, Number], key: str) -> dict[str, Number]:
    """The numbers under a key, by the rest of their keys."""
    return {k.removeprefix(key + "."): n for k, n in by_key.items() if k.startswith(key + ".")}


def _numbers_table(found: Mapping[str, Number], all_of_them: bool = False) -> Iterable[Table]:
    """A table of the numbers that the files state; with ``all_of_them`` also those left at their default."""
    table = table_of("  Number", "Value>", "Unit", "Grade", "Evidence row or dial")
    for key, number in found.items():
        if not (number.stated or all_of_them):
            continue
        origin = " / ".join(number.rows)
        if number.dials:
            old, new = number.ends
            by = " and ".join(dial.replace("_", " ") for dial in number.dials)
            origin += f"{'; ' if origin else ''}{old:g} to {new:g} with {by}"
        grade = GRADE_SHORT[number.grade] if number.stated else "default"
        table.add_row(f"  {key}", f"{number.value:g}", unit_words(number.unit), grade, origin)
    if table.row_count:
        yield table


def _for_whom(thing: Door | Offer) -> str:
    kinds = "all kinds of need" if thing.kinds == "all" else ", ".join(thing.kinds)
    low, high = thing.ages
    ages = "all ages" if (low, high) == (0.0, 25.0) else f"ages {low:g} to under {high:g}"
    levels = thing.levels if isinstance(thing, Door) else "all"
    return f"For {kinds}, {ages}" + ("" if levels == "all" else f", {', '.join(levels)} level")


def _offer_sentence(offer: Offer) -> str:
    access = {
        "queue": "a waiting list",
        "walk_in": "open sessions, no appointment",
        "visit": "visits of a link therapist",
        "population": "everybody in the place",
    }[offer.access]
    seen = {"need": "one need at a time", "child": "all of the child's needs at once"}[offer.serves]
    return f"{offer.level} {offer.strand.replace('_', ' ')}; {access}; {seen}. {_for_whom(offer)}."


def _routes(offer: Offer, value: Resolver) -> Iterable[str]:
    for route in offer.routes:
        when = " or ".join(outcome.replace("_", " ") for outcome in route.when)
        who = "" if route.levels == "all" else f" ({', '.join(route.levels)} level)"
        who += "" if route.kinds == "all" else f" ({', '.join(route.kinds)})"
        also = f"; besides: {_branches(route.also, value)}" if route.also else ""
        yield f"  When {when}{who}: {_branches(route.to, value) or 'leaves'}{also}"


def _branches(branches: Sequence[Branch], value: Resolver) -> str:
    out = []
    for branch in branches:
        share = value(branch.share)
        days = value(branch.after_days, "days")
        out.append(
            branch.to
            + (f" {share:.0%}" if share != 1.0 else "")
            + (f" after {days:g} days" if days > 0 else "")
        )
    return ", ".join(out)


def _job_plan_table(config: Config) -> Table:
    plan, value = config.system.job_plan, config.resolver()
    shares = {
        role: {name: value(share) for name, share in [*p.offers.items(), *p.overheads.items()]}
        for role, p in plan.items()
    }
    table = table_of("What for", *(f"{config.workforce.roles[role].title}>" for role in plan))
    for name in dict.fromkeys(name for role in shares.values() for name in role):
        table.add_row(name.replace("_", " "), *(_percent(shares[role].get(name, 0.0)) for role in plan))
    totals = [sum(shares[role].values()) for role in plan]
    table.add_section()
    table.add_row("planned", *(f"{total:.1%}" for total in totals))
    table.add_row("not planned", *(_percent(max(0.0, 1.0 - total)) for total in totals))
    return table


def _percent(share: float) -> str:
    return f"{share:.1%}" if share > 1e-12 else "–"


def _localities_table(area: Area, real: bool) -> Table:
    fifths = ("1 most deprived>", "2>", "3>", "4>", "5 least>")
    table = table_of("Locality", *fifths, "All>")
    by_quintile = area.children.sum(axis=1)
    hidden = False
    for name, row in zip(area.localities, by_quintile, strict=True):
        small = real & (row > 0) & (row < SMALLEST_COUNT)
        hidden = hidden or bool(np.any(small))
        cells = [f"<{SMALLEST_COUNT}" if s else f"{n:,}" for s, n in zip(small, row, strict=True)]
        table.add_row(name, *cells, "–" if np.any(small) else f"{int(row.sum()):,}")
    if not hidden:
        table.add_section()
        table.add_row("All", *(f"{int(n):,}" for n in by_quintile.sum(axis=0)), f"{int(by_quintile.sum()):,}")
    return table


def _places_table(area: Area) -> Table:
    table = table_of("Places", "Number>", "Children, middle place>", "Smallest>", "Largest>")
    for code, kind in enumerate(KINDS):
        sizes = area.place_size[area.place_kind == code]
        held: list[Any] = ["–"] * 3
        if len(sizes) and sizes.max() > 0:
            held = [f"{np.median(sizes):,.0f}", f"{sizes.min():,.0f}", f"{sizes.max():,.0f}"]
        table.add_row(kind.replace("_", " "), f"{len(sizes):,}", *held)
    return table
