"""Makes docs/json.md, the keys of `--format json`, from the JSON Schema and the types that it comes from."""

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from scripts.markdown import table

Schema: TypeAlias = Mapping[str, object]

# What the keys of every command mean; those of objects are described by the docstring of their type.
MEANINGS: Mapping[str, str] = {
    "format_version": "1.",
    "command": "As it was recognized; may be empty where the command line is wrong.",
    "environment": "The environment's name; null where none is known.",
    "target": "The database; null before a connection.",
    "run_id": "The same as in the ledger and in the names of the sessions.",
    "started_at": "RFC 3339, UTC.",
    "duration_ms": "Milliseconds.",
    "exit": "The [exit code](exit-codes.md) and its name.",
    "error": "What ended the run; null where nothing did.",
    "checks": "What was looked at in files, machine and server, each with its result.",
    "migrations": "Those that the command is about, in the order in which they run.",
    "applied": "The versions that this run applied, in order.",
    "findings": "What [rules](rules/README.md) found.",
}
_SIMPLE = {
    "string": "text",
    "integer": "number",
    "number": "number with decimals",
    "boolean": "true or false",
}
_HEAD = """# JSON

Made from the types of the program by `make docs`: do not edit.

`--format json` prints one object on stdout, also on failure; commands of fleets print one on a line for
each database, and a last one. [output.schema.json](output.schema.json) describes it for programs, and every
output is tested against it; [File formats](formats.md#json-lines-of-a-fleet) has examples. An object always
has all of its keys: what is not known is null.
"""


def page(schema: Schema, results: Sequence[type]) -> str:
    """Return the page; `results` are the types whose fields are the keys of single commands."""
    properties, definitions = _mapping(schema["properties"]), _mapping(schema["$defs"])
    common = schema["required"]
    assert isinstance(common, list)
    assert set(common) == set(MEANINGS), "scripts/json_docs.py:MEANINGS has not the keys of every command"
    rows = [(f"`{key}`", kind(properties[key]), MEANINGS[key]) for key in common]
    parts = [_HEAD, "## Keys of every command\n", table(("key", "type", "meaning"), rows)]
    parts += ["\n## Keys of single commands\n", "They follow those of every command.\n"]
    parts.append(table(("command", "keys"), [_command(each, properties) for each in results]))
    parts.append("\n## Objects")
    parts += [_section(name, _mapping(each)) for name, each in sorted(definitions.items())]
    return "\n".join(parts)


def kind(value: object) -> str:
    """The type of a property as Markdown, with links to the objects."""
    schema = _mapping(value)
    match schema:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"anyOf": list(choices)}:
            return " or ".join(kind(each) for each in choices)
        case {"enum": list(words)}:
            return ", ".join(f"`{word}`" for word in words)
        case {"type": "array", "items": items}:
            return f"list of {kind(items)}"
        case {"type": "null"}:
            return "null"
        case {"type": str(name)}:
            return _SIMPLE[name]
    raise AssertionError(schema)


def prose(docstring: str | None) -> str:
    """A docstring as one paragraph of Markdown, in the words of JSON."""
    assert docstring
    text = " ".join(inspect.cleandoc(docstring).split()).replace("``", "`")
    return re.sub(r"\bFalse\b", "false", re.sub(r"\bNone\b", "null", text))


def _command(result: type, properties: Schema) -> tuple[str, str]:
    keys = [f"`{key}`: {kind(properties[key])}" for key in inspect.get_annotations(result)]
    return prose(result.__doc__), "; ".join(keys)


def _section(name: str, schema: Schema) -> str:
    description = schema["description"]
    assert isinstance(description, str)
    text = prose(description).replace("; its field names are keys of the public JSON", "")
    if "enum" in schema:
        return f"\n### {name}\n\n{text} One of {kind({'enum': schema['enum']})}."
    rows = [(f"`{key}`", kind(value)) for key, value in _mapping(schema["properties"]).items()]
    return f"\n### {name}\n\n{text}\n\n{table(('key', 'type'), rows)}"


def _mapping(value: object) -> Schema:
    assert isinstance(value, Mapping)
    return value
