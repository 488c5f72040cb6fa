"""Reading a CSV file that somebody else made, and saying everything that is wrong with it at once.

A table is described by its columns (name, type, limits). The reader streams the file, so ten million rows are
fine; it accepts a byte-order mark; it names file, row (as a spreadsheet shows it: the heading is row 1),
column, what was found and what is allowed; and it refuses files with columns that look like personal data.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ColumnType = Literal["text", "integer", "number", "date"]
DateFormat = Literal["YYYY-MM-DD", "DD/MM/YYYY"]

EXAMPLES = 5
"""Rows shown for each kind of problem in a column; the rest are counted."""

_BLANKS = ("", "nan", "na", "n/a", "null", "none", "-", "#n/a")
_SUPPRESSED = "*"


@dataclass(frozen=True)
class Column:
    """What a column must hold.

    ``low`` and ``high`` bound integers and numbers; ``allowed`` lists the words a text column may hold;
    ``blank`` lets cells be empty; ``suppressed`` lets ``*`` stand for a number withheld (both give a missing
    value); ``unique`` refuses repeats; an optional column (``required=False``) may be absent altogether.
    """

    name: str
    type: ColumnType = "text"
    required: bool = True
    blank: bool = False
    suppressed: bool = False
    unique: bool = False
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()


@dataclass
class _Findings:
    """Problems by (column, what is allowed): how many, and the first few as (record index, text found)."""

    examples: dict[tuple[str, str], list[tuple[int, str]]] = field(default_factory=dict)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, column: str, allowed: str, rows: np.ndarray, found: Sequence[str]) -> None:
        key = (column, allowed)
        self.counts[key] = self.counts.get(key, 0) + len(rows)
        shown = self.examples.setdefault(key, [])
        shown += list(zip(rows.tolist(), found, strict=False))[: EXAMPLES - len(shown)]


def read_table(
    path: str | Path,
    columns: Sequence[Column],
    *,
    exempt: Sequence[str] = (),
    date_format: DateFormat = "YYYY-MM-DD",
) -> pd.DataFrame:
    """Read the columns described from a comma-separated file; other columns are ignored once checked for
    privacy.

    Returns a frame with the described columns that the file has, in the order described, one row per record:
    text as str, integers as int64 (Int64 where values are missing), numbers as float64 (missing: NaN), dates
    as datetime64[s]. ``exempt`` lists columns allowed although they look personal (a school's name or
    postcode).

    Raises InputError with all problems: file missing, empty or not UTF-8; columns missing or twice; columns
    that look like personal data; rows with too few or too many cells; cells that are blank, malformed or out
    of range; repeats.
    """
    path = Path(path)
    header = read_header(path)
    problems = _separator_problems(path, header) or _header_problems(path, header, columns, exempt)
    if problems:
        raise InputError(problems)
    wanted = [column for column in columns if column.name in header]
    findings = _Findings()
    parts: dict[str, list[Any]] = {column.name: [] for column in wanted}
    safe = {column.name for column in wanted if _cannot_identify(column)}
    privacy = _Privacy([name for name in header if name not in exempt and name not in safe])
    misshapen: list[int] = []
    offset = 0
    for batch in _batches(path, header, misshapen):
        privacy.look(batch)
        for column in wanted:
            parts[column.name].append(
                _convert(column, batch.column(column.name), offset, findings, date_format)
            )
        offset += batch.num_rows
    frame = _frame(wanted, parts)
    _find_repeats(frame, wanted, findings)
    problems = [*privacy.problems(path), *_finding_problems(path, header, findings, bool(misshapen))]
    if not offset and not problems:
        problems = [f"{path}: has a heading but no rows"]
    if problems:
        raise InputError(problems)
    return frame


# ------------------------------------------------------------------------------------------------ the file


def read_header(path: Path) -> list[str]:
    """Column names of the first line, trimmed. Raises InputError when the file is not UTF-8 text."""
    if not path.exists():
        near = difflib.get_close_matches(path.name, _siblings(path), 1)
        raise InputError(f"{path}: no such file" + (f"; did you mean {near[0]!r}?" if near else ""))
    if path.is_dir():
        raise InputError(f"{path}: is a folder; a CSV file is needed")
    try:
        _check_encoding(path)
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = next(csv.reader(stream), [])
    except (OSError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    if not any(name.strip() for name in header):
        raise InputError(f"{path}: is empty; the first line must name the columns")
    return [name.strip() for name in header]


def _siblings(path: Path) -> list[str]:
    return [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []


def _check_encoding(path: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, position = 1, 0
    with path.open("rb") as stream:
        while True:
            block = stream.read(1 << 22)
            if position == 0 and block[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise InputError(f"{path}: is encoded as UTF-16; save it as 'CSV UTF-8' and try again")
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                start = error.start - pending  # an incomplete character may have begun in the block before
                line += block[: max(start, 0)].count(b"\n")
                byte = error.object[error.start]
                raise InputError(
                    f"{path}: is not UTF-8 text: byte 0x{byte:02x} at position {position + start + 1:,}, "
                    f"line {line:,}; save it as 'CSV UTF-8' and try again"
                ) from error
            if not block:
                return
            if b"\0" in block:
                raise InputError(f"{path}: is not a text file (it holds zero bytes); a CSV file is needed")
            line += block.count(b"\n")
            position += len(block)


def _separator_problems(path: Path, header: list[str]) -> list[str]:
    """A heading that is one cell with the signs that other programs put between columns."""
    for sign, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) == 1 and sign in header[0]:
            return [
                f"{path}: is separated by {word}; save it separated by commas ('CSV UTF-8') and try again"
            ]
    return []


def _header_problems(
    path: Path, header: list[str], columns: Sequence[Column], exempt: Sequence[str]
) -> list[str]:
    problems = [
        f"{path}: column {n!r} appears twice" for n in sorted({n for n in header if header.count(n) > 1})
    ]
    # a column that means something else is no misspelling of a missing one
    described = {column.name for column in columns}
    others = [n for n in header if n not in described]
    unlike = []
    for column in columns:
        if column.required and column.name not in header:
            near = difflib.get_close_matches(column.name.lower(), [n.lower() for n in others], 1)
            spelled = [n for n in others if near and n.lower() == near[0]]
            hint = f"did you mean {spelled[0]!r}?" if spelled else f"found {', '.join(header)}"
            unlike += [] if spelled else [column.name]
            problems.append(f"{path}: column {column.name!r} is missing; {hint}")
    if len(unlike) >= 2 and 2 * len(unlike) > sum(column.required for column in columns):
        return [_another_file(path, header, unlike)]
    optional = [column.name for column in columns if not column.required and column.name not in header]
    for name in header:
        if name not in described and (
            near := difflib.get_close_matches(name.lower(), optional, 1, cutoff=0.9)
        ):
            problems.append(f"{path}: column {name!r} is not known; did you mean {near[0]!r}?")
    for name in header:
        if name not in exempt and (what := personal_heading(name)):
            problems.append(
                f"{path}: column {name!r} looks like personal data ({what}); the model does not need it: "
                "delete the column and try again"
            )
    return problems


def _another_file(path: Path, header: list[str], missing: list[str]) -> str:
    """One sentence for a file that has hardly any of the columns: it was meant for something else."""

    def some(names: list[str]) -> str:
        return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")

    return (
        f"{path}: looks like another file than the one that is needed here (were two files swapped?): it has no "
        f"columns {some(missing)}; found {some(header)}"
    )


def _batches(path: Path, header: list[str], misshapen: list[int]) -> Iterator[pa.RecordBatch]:
    """Blocks of rows with every cell as text; rows with a wrong number of cells are left out and noted."""
    import pyarrow as pa
    from pyarrow import csv as pacsv

    def note(row: Any) -> str:
        misshapen.append(row.number or 0)
        return "skip"

    try:
        reader = pacsv.open_csv(
            path,
            read_options=pacsv.ReadOptions(
                column_names=header, skip_rows=0, block_size=1 << 23, use_threads=False
            ),
            parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
            ),
        )
        first = True
        for batch in reader:
            # the heading is read as a row, because Arrow would not trim its names
            yield batch.slice(1) if first else batch
            first = False
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: cannot be read as CSV: {error}") from error


# --------------------------------------------------------------------------------------------------- cells

_INTEGER = r"^[+-]?[0-9]{1,15}(\.0*)?$"
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_DATES: dict[str, tuple[str, str]] = {
    "YYYY-MM-DD": (r"^([0-9]{4})-([0-9]{2})-([0-9]{2})([ T]00:00(:00)?)?$", r"\1-\2-\3"),
    "DD/MM/YYYY": (r"^([0-9]{2})/([0-9]{2})/([0-9]{4})([ T]00:00(:00)?)?$", r"\3-\2-\1"),
}


def _convert(column: Column, cells: Any, offset: int, findings: _Findings, date_format: DateFormat) -> Any:
    """One block of a column as an Arrow array of its type; cells that cannot be used are noted and left
    missing.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(cells)
    blank = pc.is_in(pc.utf8_lower(text), value_set=pa.array(_BLANKS))
    if column.suppressed:
        blank = pc.or_(blank, pc.equal(text, _SUPPRESSED))
    elif column.type != "text":
        _note(
            findings,
            column,
            "a value (suppressed '*' cannot be used here)",
            pc.equal(text, _SUPPRESSED),
            text,
            offset,
        )
        blank = pc.or_(blank, pc.equal(text, _SUPPRESSED))
        text = pc.if_else(pc.equal(text, _SUPPRESSED), None, text)
    if not column.blank:
        _note(
            findings,
            column,
            "a value",
            pc.and_(blank, pc.is_valid(text)),
            text,
            offset,
            suppressed=column.suppressed,
        )
    text = pc.if_else(blank, None, text)
    match column.type:
        case "text":
            if column.allowed:
                wrong = pc.invert(pc.is_in(text, value_set=pa.array(column.allowed)))
                _note(findings, column, f"one of {', '.join(column.allowed)}", wrong, text, offset)
            return text
        case "date":
            return _dates(column, text, offset, findings, date_format)
        case _:
            return _numbers(column, text, offset, findings)


def _note(
    findings: _Findings,
    column: Column,
    allowed: str,
    wrong: Any,
    text: Any,
    offset: int,
    suppressed: bool = False,
) -> None:
    """Note the rows where ``wrong`` is true (missing cells count as right here)."""
    import pyarrow.compute as pc

    wrong = pc.and_(wrong, pc.is_valid(text))
    if suppressed:
        wrong = pc.and_(wrong, pc.not_equal(text, _SUPPRESSED))
    if not pc.any(wrong).as_py():
        return
    rows = np.flatnonzero(wrong.to_numpy(zero_copy_only=False).astype(bool))
    found = [repr(cell) if (cell := text[int(row)].as_py()) else "a blank cell" for row in rows[:EXAMPLES]]
    findings.add(column.name, allowed, rows + offset, found)


def _numbers(column: Column, text: Any, offset: int, findings: _Findings) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = column.type == "integer"
    good = pc.match_substring_regex(text, _INTEGER if whole else _NUMBER)
    _note(findings, column, _limits(column), pc.invert(good), text, offset)
    text = pc.if_else(good, text, None)
    text = pc.utf8_ltrim(text, "+")
    if whole:
        text = pc.replace_substring_regex(text, r"\.0*$", "")
    values = pc.cast(text, pa.int64() if whole else pa.float64())
    outside = pa.scalar(False)
    if column.low is not None:
        outside = pc.or_(outside, pc.less(values, column.low))
    if column.high is not None:
        outside = pc.or_(outside, pc.greater(values, column.high))
    if column.low is not None or column.high is not None:
        _note(findings, column, _limits(column), outside, text, offset)
    return values


def _limits(column: Column) -> str:
    kind = "a whole number" if column.type == "integer" else "a number"
    low = "" if column.low is None else f"{column.low:,g}"
    high = "" if column.high is None else f"{column.high:,g}"
    if low and high:
        return f"{kind} from {low} to {high}"
    return f"{kind} of {low} or more" if low else f"{kind} of {high} or less" if high else kind


def _dates(column: Column, text: Any, offset: int, findings: _Findings, date_format: DateFormat) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    pattern, iso = _DATES[date_format]
    good = pc.match_substring_regex(text, pattern)
    _note(findings, column, f"a date written {date_format}", pc.invert(good), text, offset)
    written = pc.replace_substring_regex(pc.if_else(good, text, None), pattern, iso)
    try:
        return pc.cast(written, pa.date32())
    except pa.ArrowInvalid:  # some date does not exist, such as 30 February: find which
        real = pa.array([day is None or _exists(day) for day in written.to_pylist()])
        _note(findings, column, "a date that exists", pc.invert(real), text, offset)
        return pc.cast(pc.if_else(real, written, None), pa.date32())


def _exists(day: str) -> bool:
    try:
        np.datetime64(day, "D")
    except ValueError:
        return False
    return True


def _frame(wanted: Sequence[Column], parts: dict[str, list[Any]]) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    types = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "date": pa.date32()}
    data = {}
    for column in wanted:
        cells = pa.chunked_array(parts.pop(column.name), type=types[column.type])
        if column.type == "date":
            data[column.name] = pd.Series(cells.to_numpy().astype("datetime64[s]"))
        elif column.type == "integer" and cells.null_count:
            data[column.name] = cells.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        else:
            data[column.name] = cells.to_pandas()
    return pd.DataFrame(data)


def _find_repeats(frame: pd.DataFrame, wanted: Sequence[Column], findings: _Findings) -> None:
    for column in wanted:
        if not column.unique:
            continue
        values = frame[column.name]
        again = np.flatnonzero((values.duplicated() & values.notna()).to_numpy())
        if again.size:
            found = [f"{str(values.iloc[row])!r} again" for row in again[:EXAMPLES]]
            findings.add(column.name, "each value once", again, found)


def _finding_problems(path: Path, header: list[str], findings: _Findings, misshapen: bool) -> list[str]:
    """Findings as sentences, with record indices turned into the row numbers a spreadsheet shows."""
    if not findings.counts and not misshapen:
        return []
    indices = sorted({index for shown in findings.examples.values() for index, _ in shown})
    rows, problems = _physical_rows(path, len(header), indices)
    for (column, allowed), shown in findings.examples.items():
        problems += [
            f"{path}, row {rows[index]:,}, column {column!r}: found {text}; allowed: {allowed}"
            for index, text in shown
        ]
        more = findings.counts[column, allowed] - len(shown)
        if more:
            problems.append(f"{path}, column {column!r}: {more:,} more rows like this; allowed: {allowed}")
    return problems


def _physical_rows(path: Path, width: int, indices: list[int]) -> tuple[dict[int, int], list[str]]:
    """Row numbers of records by index, and a sentence for each of the first rows with a wrong number of
    cells.
    """
    rows: dict[int, int] = {}
    wrong: list[str] = []
    n_wrong, record, line = 0, -1, 0
    sought = set(indices)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        for cells in reader:
            start, line = line + 1, reader.line_num
            if not cells:
                continue
            if len(cells) != width:
                n_wrong += 1
                if n_wrong <= EXAMPLES:
                    wrong.append(
                        f"{path}, row {start:,}: found {len(cells)} cells; the heading has {width} columns"
                    )
                continue
            if record in sought:
                rows[record] = start
            record += 1  # the heading takes it from -1 to 0
    if n_wrong > EXAMPLES:
        wrong.append(f"{path}: {n_wrong - EXAMPLES:,} more rows with a wrong number of cells")
    return rows, wrong


# ------------------------------------------------------------------------------------------------- privacy

_PERSONAL_HEADINGS = {
    what: frozenset(words.split())
    for what, words in {
        "a name": (
            "name forename forenames surname firstname lastname givenname familyname middlename fullname "
            "childname childsname patientname pupilname personname nameofchild clientname parentname "
            "carername childforename childsurname patientforename patientsurname pupilforename "
            "pupilsurname legalsurname legalforename preferredname initials"
        ),
        "an NHS number": "nhs nhsno nhsnumber nhsnum patientnhsnumber childnhsnumber",
        "a unique pupil number": "upn uniquepupilnumber pupilupn formerupn uln uniquelearnernumber",
        "a postcode or address": (
            "postcode postalcode homepostcode personpostcode patientpostcode childpostcode pupilpostcode "
            "postcodeofusualaddress address homeaddress addressline1 address1 street housenumber uprn"
        ),
        "a way to contact someone": "email emailaddress phone phonenumber telephone mobile mobilenumber",
        "a date of birth": "dob dateofbirth birthdate personbirthdate childdob patientdob",
    }.items()
}
"""What a heading announces -> headings, in lower case without spaces or punctuation."""


def personal_heading(name: str) -> str | None:
    """What personal data a column heading announces ('a name', 'an NHS number' ...), or None."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return next((what for what, words in _PERSONAL_HEADINGS.items() if plain in words), None)


_NHS_NUMBER = r"^[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}$"
_UPN = r"^[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]$"
_POSTCODE = r"^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][ABD-HJLNP-UW-Zabd-hjlnp-uw-z]{2}$"


def valid_nhs_number(text: str) -> bool:
    """Whether ten digits (spaces and hyphens ignored) carry the check digit of an NHS number (modulus 11)."""
    digits = [int(d) for d in re.sub(r"[ -]", "", text)]
    if len(digits) != 10:
        return False
    check = (
        11 - sum(weight * digit for weight, digit in zip(range(10, 1, -1), digits, strict=False)) % 11
    ) % 11
    return check == digits[9]


def _cannot_identify(column: Column) -> bool:
    """Whether the column's own check rules out personal numbers and postcodes, so need no second look."""
    if column.type == "text":
        return bool(column.allowed)
    return column.type == "date" or (column.high is not None and column.high < 10**9)


class _Privacy:
    """Counts, per column, cells that look like NHS numbers, pupil numbers or postcodes."""

    def __init__(self, names: Sequence[str]) -> None:
        self.filled = dict.fromkeys(names, 0)
        self.nhs = dict.fromkeys(names, (0, 0))
        self.upn = dict.fromkeys(names, 0)
        self.postcode = dict.fromkeys(names, 0)

    def look(self, batch: pa.RecordBatch) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        for name in self.filled:
            cells = batch.column(name)
            # every pattern has 5 to 13 characters: most columns need no closer look
            length = pc.utf8_length(cells)
            near = pc.filter(cells, pc.and_(pc.greater_equal(length, 5), pc.less_equal(length, 15)))
            self.filled[name] += int(pc.sum(pc.cast(pc.greater(length, 0), pa.int64())).as_py() or 0)
            if not len(near):
                continue
            near = pc.utf8_trim_whitespace(near)
            ten = pc.filter(near, pc.match_substring_regex(near, _NHS_NUMBER))
            if len(ten):
                some = ten.slice(0, 1000).to_pylist()
                seen, valid = self.nhs[name]
                self.nhs[name] = seen + len(some), valid + sum(map(valid_nhs_number, some))
            self.upn[name] += _hits(near, _UPN)
            self.postcode[name] += _hits(near, _POSTCODE)

    def problems(self, path: Path) -> list[str]:
        """Sentences for columns whose cells look personal.

        One in eleven random ten-digit numbers has a valid check digit, so a column counts as NHS numbers only
        when most of its ten-digit numbers are valid; likewise most cells of a column of postcodes must be
        postcodes.
        """
        found = []
        for name, filled in self.filled.items():
            seen, valid = self.nhs[name]
            if seen and valid > seen / 2:
                found.append(
                    (name, f"{valid:,} of the first {seen:,} ten-digit numbers are valid NHS numbers")
                )
            if self.upn[name]:
                found.append((name, f"{self.upn[name]:,} cells are written like unique pupil numbers"))
            if self.postcode[name] > filled / 2:
                found.append((name, f"{self.postcode[name]:,} of {filled:,} cells are full postcodes"))
        return [
            f"{path}: column {name!r} looks like personal data ({what}); the model does not need it: "
            "delete the column and try again"
            for name, what in found
        ]


def _hits(cells: Any, pattern: str) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    return int(pc.sum(pc.cast(pc.match_substring_regex(cells, pattern), pa.int64())).as_py() or 0)
