"""Reads the rows of a list of targets: TOML, CSV, JSON lines."""

import csv
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from io import StringIO
from pathlib import Path

from dbmate_wrap.errors import Fault
from dbmate_wrap.fleet.target_rows import TargetRow, is_target_name
from dbmate_wrap.settings.config_schema import display_key
from dbmate_wrap.settings.names import nearest
from dbmate_wrap.settings.text_file import read_text

_HEADER = re.compile(r"\s*\[\[\s*targets\s*\]\]")


def rows_of_toml(text: str, name: str, faults: list[Fault]) -> list[TargetRow]:
    """Return the tables [[targets]]; `name` is the file's in messages, faults are added to `faults`."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        # tomllib's messages quote at most a key or one character, so no secret is shown.
        faults.append(Fault(f"is not valid TOML: {error}", name, "text needs quotes"))
        return []
    for key in table.keys() - {"targets"}:
        hint = nearest(key, ["targets"]) or "write [[targets]] for each"
        faults.append(Fault(f"{display_key(key)} is not a key of a list of targets", name, hint))
    targets = table.get("targets", [])
    if not isinstance(targets, list) or not all(isinstance(each, dict) for each in targets):
        faults.append(Fault("targets must be tables", name, "write [[targets]] for each"))
        return []
    lines = _lines_of_headers(text)
    known = len(lines) == len(targets)
    return [
        TargetRow(f"{name} line {lines[number]}" if known else f"{name} target {number + 1}", each)
        for number, each in enumerate(targets)
    ]


def _lines_of_headers(text: str) -> list[int]:
    """Return the line of each [[targets]], which the parser does not tell."""
    return [number for number, line in enumerate(text.split("\n"), 1) if _HEADER.match(line)]


def rows_of_csv(text: str, name: str, faults: list[Fault]) -> list[TargetRow]:
    """Return the lines of a CSV with a header; columns that are no keys of a target are labels."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    rows: list[TargetRow] = []
    header: list[str] = []
    try:
        for cells in reader:
            source = f"{name} line {reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
                if fault := _header_fault(header, source):
                    faults.append(fault)
                    return []
            elif len(cells) > len(header):
                message = f"has {len(cells)} cells, and the header has {len(header)}"
                faults.append(Fault(message, source, "put a cell with a comma in quotes"))
            else:
                columns = dict(zip(header, map(str.strip, cells), strict=False))
                rows.append(TargetRow(source, columns, strict=False))
    except csv.Error as error:
        faults.append(Fault(f"is not valid CSV: {error}", f"{name} line {reader.line_num}"))
    return rows


def _header_fault(header: list[str], source: str) -> Fault | None:
    twice = [cell for cell in dict.fromkeys(header) if header.count(cell) > 1]
    if "name" not in header:
        hint = "the first line has the names of the columns, one of which is name, with commas between them"
        return Fault("has no column name", source, hint)
    if twice:
        return Fault(f"has the column {display_key(twice[0])} twice", source)
    return None if all(header) else Fault("has a column without a name", source)


def rows_of_json_lines(text: str, name: str, faults: list[Fault]) -> list[TargetRow]:
    """Return the objects of the lines; empty lines are nothing."""
    return [*_rows_of_json_lines(text, name, faults)]


def _rows_of_json_lines(text: str, name: str, faults: list[Fault]) -> Iterator[TargetRow]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        source = f"{name} line {number}"
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            # The parser's message quotes nothing that helps, and the line may hold anything.
            faults.append(Fault("is not JSON", source, "each line is one object"))
            continue
        if isinstance(found, Mapping):
            yield TargetRow(source, found)
        else:
            faults.append(Fault("is not a JSON object", source, 'write {"name": "NAME"} on a line'))


_Parser = Callable[[str, str, list[Fault]], list[TargetRow]]
# By the ending of the file's name.
PARSERS: Mapping[str, _Parser] = {
    ".toml": rows_of_toml,
    ".csv": rows_of_csv,
    ".jsonl": rows_of_json_lines,
}


def listed_names(path: Path) -> list[str]:
    """Return the names of the targets in a file of at most 1 MiB, sorted: for shell completion.

    What is wrong is left out, also the whole file.
    """
    parse, text = PARSERS.get(path.suffix.lower()), read_text(path, path.name, [])
    rows = parse(text, path.name, []) if parse is not None and text is not None else []
    named = (row.columns.get("name") for row in rows)
    return sorted({name for name in named if isinstance(name, str) and is_target_name(name)})
