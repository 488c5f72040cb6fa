"""A story for a board as a file: screens in order, each with one idea, and no number of its own.

Numbers are written as what they are, ``{children_harmed:big_bang}``, and filled in from the results that are shown,
with their intervals. A file is checked whole before anything is shown: a measure, a way to change or a picture that
there is not is told with the number of the step and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.errors import InputError
from sim.journey_rules import PICKS
from sim.measures import LABELS
from sim.measures.change import MEASURES
from sim.transition import NoChange

#: The story told if no other is named.
SHIPPED = Path(__file__).resolve().parents[2] / "configs" / "story" / "big_bang_vs_parallel.yaml"
#: Letters of a heading and of a line that can still be read at the back of a room.
HEADING, LINE = 90, 240

Heading = Annotated[str, Field(min_length=1, max_length=HEADING)]
Line = Annotated[str, Field(min_length=1, max_length=LINE)]
Words = Annotated[str, Field(max_length=LINE)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Step(_Strict):
    """What every screen has. ``notes``: for whoever speaks."""

    title: Heading
    notes: str = ""


class TitleStep(_Step):
    """The first screen, or the first of a part."""

    kind: Literal["title"]
    text: Words = ""


class WordsStep(_Step):
    """A few sentences under each other."""

    kind: Literal["words"]
    points: Annotated[tuple[Line, ...], Field(min_length=1, max_length=6)]


class FigureStep(_Step):
    """A picture of one of the pages. ``values``: what its controls are set to."""

    kind: Literal["figure"]
    figure: str
    values: dict[str, str] = {}
    text: Words = ""


class CardsStep(_Step):
    """A few measures under each way to change, in large numbers."""

    kind: Literal["cards"]
    measures: Annotated[tuple[str, ...], Field(min_length=1, max_length=3)]
    ways: tuple[str, ...] = ()
    text: Words = ""


class JourneyStep(_Step):
    """One child under two ways. ``pick``: the rule by which it is chosen."""

    kind: Literal["journey"]
    pick: str
    between: tuple[str, str]
    text: Words = ""


class LimitsStep(_Step):
    """What has to be borne in mind with these results; the sentences come with them."""

    kind: Literal["limits"]


Step = Annotated[
    TitleStep | WordsStep | FigureStep | CardsStep | JourneyStep | LimitsStep, Field(discriminator="kind")
]
KINDS = ("title", "words", "figure", "cards", "journey", "limits")


class Way(_Strict):
    """A way to change as the story calls it, and by which names results may hold it."""

    title: Annotated[str, Field(min_length=1, max_length=40)]
    names: Annotated[tuple[str, ...], Field(min_length=1)]


class Story(_Strict):
    """A storyboard. ``run``: the words after ``opendoor compare`` that make results it can be told with; ``quick``: added
    to them for a quick look. ``ways``: by their names in the story, first the one that the others are set against."""

    title: Heading
    run: Annotated[tuple[str, ...], Field(min_length=1)]
    quick: tuple[str, ...] = ()
    ways: Annotated[dict[str, Way], Field(min_length=2, max_length=6)]
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @property
    def command(self) -> str:
        """What makes results for this story."""
        return f"opendoor compare {' '.join(self.run)}"


#: General things that a text may name.
GENERAL = {
    "area": "the area",
    "replications": "replications that are complete",
    "years": "years counted",
    "history": "years lived before",
    "seed": "seed of the luck",
}
EVIDENCE, IN_WORDS = "evidence", "words"
_BRACES = re.compile(r"\{([^{}]*)\}")


class Placeholder(NamedTuple):
    """What stands between braces: a general name, ``evidence:ROW``, ``MEASURE:WAY`` or ``MEASURE:WAY:words``."""

    name: str
    of: str = ""
    form: str = ""


def placeholder(text: str) -> Placeholder:
    """What stands between a pair of braces, taken apart."""
    name, _, rest = text.partition(":")
    of, _, form = rest.partition(":")
    return Placeholder(name.strip(), of.strip(), form.strip())


def filled(text: str, say: Mapping[str, str]) -> str:
    """A text with its placeholders replaced by what ``say`` has for what stands between the braces."""
    return _BRACES.sub(lambda found: say[found.group(1)], text)


def placeholders(text: str) -> list[str]:
    """What stands between braces in a text, in order."""
    return _BRACES.findall(text)


def texts(step: Step) -> Iterator[tuple[str, str]]:
    """Every text of a step, with its key."""
    for key in ("title", "text", "notes"):
        if value := getattr(step, key, ""):
            yield key, value
    for i, point in enumerate(getattr(step, "points", ()), start=1):
        yield f"points, line {i}", point


def read_story(file: Path) -> Story:
    """The storyboard in a file.

    Raises:
        InputError: the file, step, key, what was found and what is allowed, for everything that cannot be used.
    """
    import yaml

    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_careful())
    except (OSError, UnicodeDecodeError) as e:
        raise InputError(
            f"{file}: cannot be read: {getattr(e, 'strerror', None) or 'not a text file'}"
        ) from None
    except yaml.YAMLError as e:
        raise InputError(f"{file}: cannot be read as YAML: {' '.join(str(e).split())}") from None
    if not isinstance(content, dict):
        raise InputError(f"{file}: a storyboard has the keys {', '.join(Story.model_fields)}; found none")
    try:
        story = Story.model_validate(content)
    except ValidationError as e:
        raise InputError([f"{file}: {text}" for text in _sentences(e, content)]) from None
    if problems := _meaning(story):
        raise InputError([f"{file}: {text}" for text in problems])
    return story


@lru_cache(maxsize=1)
def shipped_story() -> Story:
    """The story that comes with the program."""
    return read_story(SHIPPED)


def _careful() -> Any:
    """A reader that refuses a key that stands twice: the first would be lost in silence."""
    import yaml

    class Careful(yaml.SafeLoader):
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            for (key, _), name in zip(node.value, keys, strict=True):
                if keys.count(name) > 1:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{name!r} stands there twice", key.start_mark
                    )
            return super().construct_mapping(node, deep)

    return Careful


def _sentences(error: ValidationError, content: dict[str, Any]) -> list[str]:
    """Everything that is wrong with the form of a story, in sentences."""
    out = []
    for detail in error.errors():
        where = list(detail["loc"])
        allowed = tuple(Story.model_fields)
        at = ""
        if len(where) > 1 and where[0] == "steps" and isinstance(where[1], int):
            at = f"step {where[1] + 1}"
            where = where[2:]
            if where and where[0] in KINDS:
                kind = str(where.pop(0))
                at += f" ({kind})"
                allowed = tuple(_MODELS[kind].model_fields)
        elif where[:1] == ["ways"] and len(where) > 1:
            at, allowed = f"ways.{where[1]}", tuple(Way.model_fields)
            where = where[2:]
        key = ".".join(str(part + 1 if isinstance(part, int) else part) for part in where)
        place = ", ".join(part for part in (at, key) if part)
        out.append(f"{place or 'the file'}: {_what(detail, allowed)}")
    return out


def _what(detail: Any, allowed: tuple[str, ...]) -> str:
    """One sentence of :func:`_sentences`: what was found, and what is allowed."""
    found, context = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key; allowed: {', '.join(allowed)}"
        case "missing":
            return "missing"
        case "union_tag_invalid" | "union_tag_not_found":
            kind = found.get("kind") if isinstance(found, dict) else found
            return f"kind: found {kind!r}; allowed: {', '.join(KINDS)}"
        case "string_too_long":
            return (
                f"has {len(found)} letters; at most {context['max_length']}, or it is too much for one screen"
            )
        case "too_long":
            return f"has {context['actual_length']} entries; at most {context['max_length']}"
        case "too_short":
            return f"has {context['actual_length']} entries; at least {context['min_length']}"
        case "string_too_short":
            return "is empty"
        case "string_type":
            return f"found {found!r}; must be text (put it in quotes)"
        case _:
            return f"found {found!r}; {detail['msg']}"


_MODELS: dict[str, type[_Step]] = {
    "title": TitleStep,
    "words": WordsStep,
    "figure": FigureStep,
    "cards": CardsStep,
    "journey": JourneyStep,
    "limits": LimitsStep,
}


def _meaning(story: Story) -> list[str]:
    """Names in a story that stand for nothing."""
    from dashboards.telling.pictures import problems as picture_problems

    ways = ", ".join(story.ways)
    out = [
        f"{key}: found {word!r}; must be key=value, in quotes if it has a comma"
        for key in ("run", "quick")
        for word in getattr(story, key)
        if "=" not in word
    ]
    taken = [name for way in story.ways.values() for name in way.names]
    out += [
        f"ways: {name} stands for more than one of them"
        for name in dict.fromkeys(taken)
        if taken.count(name) > 1
    ]
    for number, step in enumerate(story.steps, start=1):
        at = f"step {number} ({step.kind})"
        for key, text in texts(step):
            out += [f"{at}, {key}: {problem}" for problem in _unknown(text, story)]
        if isinstance(step, FigureStep):
            out += [f"{at}, {problem}" for problem in picture_problems(step.figure, step.values)]
        if isinstance(step, CardsStep):
            out += [
                f"{at}, measures: found {name!r}; allowed: {_measures_words(name)}"
                for name in step.measures
                if name not in MEASURES and name not in LABELS
            ]
            out += [
                f"{at}, ways: found {name!r}; allowed: {ways}" for name in step.ways if name not in story.ways
            ]
        if isinstance(step, JourneyStep):
            if step.pick not in PICKS:
                out.append(f"{at}, pick: found {step.pick!r}; allowed: {', '.join(PICKS)}")
            out += [
                f"{at}, between: found {name!r}; allowed: {ways}"
                for name in step.between
                if name not in story.ways
            ]
            if step.between[0] == step.between[1]:
                out.append(f"{at}, between: the same way twice; name two")
    return out


def _measures_words(name: str) -> str:
    """Measures that there are; the nearest first, for there are many."""
    import difflib

    known = [*MEASURES, *LABELS]
    close = difflib.get_close_matches(name, known, 3, 0.4) or list(MEASURES)[:3]
    return f"{', '.join(close)}, or another of the {len(known)} measures in the data dictionary"


def _unknown(text: str, story: Story) -> list[str]:
    """Sentences about what stands between braces in a text and stands for nothing."""
    out = []
    if set(_BRACES.sub("", text)) & set("{}"):
        out.append("has a brace without its other half; { and } are for numbers from the results")
    for inside in placeholders(text):
        p = placeholder(inside)
        shown = f"{{{inside}}}"
        if p.name == EVIDENCE:
            if p.of not in _rows() or p.form:
                near = _near(p.of, _rows())
                out.append(
                    f"{shown}: no such row of the evidence table; {near}opendoor show evidence lists them"
                )
        elif p.name in MEASURES or p.name in LABELS:
            if p.of not in story.ways:
                out.append(f"{shown}: found {p.of!r} after the colon; allowed: {', '.join(story.ways)}")
            if p.form not in ("", IN_WORDS):
                out.append(f"{shown}: found {p.form!r} at the end; allowed: {IN_WORDS}, or nothing")
        elif p.name in GENERAL:
            if p.of or p.form:
                out.append(f"{shown}: takes nothing after its name")
        else:
            out.append(
                f"{shown}: unknown; allowed: {', '.join(GENERAL)}, {EVIDENCE}:ROW, or MEASURE:WAY with a measure such "
                f"as {_measures_words(p.name)}"
            )
    return out


def _near(name: str, known: Any) -> str:
    import difflib

    close = difflib.get_close_matches(name, list(known), 1)
    return f"did you mean {close[0]}? " if close else ""


@lru_cache(maxsize=1)
def _rows() -> frozenset[str]:
    """Names of the rows of the evidence table."""
    from sim.evidence import shipped_table

    return frozenset(shipped_table())


def held(story: Story, configs: Mapping[str, Any]) -> dict[str, str]:
    """Ways of the story that results hold: name in the story -> name in the results.

    A way whose names are not there is looked for by its transition, and staying put is whatever has none.
    """
    out: dict[str, str] = {}
    for way, about in story.ways.items():
        found = next((name for name in about.names if name in configs), None)
        if found is None and way == next(iter(story.ways)):
            stays = [name for name, config in configs.items() if isinstance(config.transition, NoChange)]
            found = stays[0] if len(stays) == 1 else None
        if found is not None:
            out[way] = found
    return out
