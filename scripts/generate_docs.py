"""Writes the parts of README.md and docs/ that are made from code; with --check, fails if one is stale."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import typer  # noqa: E402
from pydantic import TypeAdapter  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from dbmate_wrap.cli.app import GROUPS, app  # noqa: E402
from dbmate_wrap.domain.agents import MARKERS  # noqa: E402
from dbmate_wrap.domain.results import Result  # noqa: E402
from dbmate_wrap.errors import ExitCode  # noqa: E402
from dbmate_wrap.pages import codes, guides, states  # noqa: E402
from dbmate_wrap.render.json import Document  # noqa: E402
from scripts import json_docs, rule_docs, settings_docs, site_pages, threat_docs  # noqa: E402
from scripts.bench import page as bench_page  # noqa: E402
from scripts.markdown import fill, filled, table  # noqa: E402


def main() -> int:
    """Write the files, or with --check only compare; the exit code is 1 when something is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when something is stale")
    check = parser.parse_args().check
    texts = dict(wanted())
    stale = [
        path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    orphans = orphaned(texts)
    for path in [*stale, *orphans]:
        name = path.relative_to(ROOT)
        if check:
            print(f"stale: {name} (run `make docs`)", file=sys.stderr)
        elif path in texts:
            path.parent.mkdir(exist_ok=True)
            path.write_text(texts[path], encoding="utf-8")
            print(f"written: {name}")
        else:
            path.unlink()
            print(f"removed: {name}")
    return 1 if check and (stale or orphans) else 0


def wanted() -> Iterator[tuple[Path, str]]:
    """Every generated file with the text that it should have."""
    docs = ROOT / "docs"
    schema = output_schema()
    yield docs / "output.schema.json", json.dumps(schema, indent=2) + "\n"
    yield docs / "json.md", json_docs.page(schema, get_args(Result)) + "\n"
    yield docs / "commands.md", commands_page()
    made = {
        "README": home_page(docs),
        "agents": filled(docs / "agents.md", "agents", agents_table()),
        "exit-codes": exit_codes_page(docs / "exit-codes.md"),
        "runbook": filled(docs / "runbook.md", "codes", table(("code", "first"), list(codes.runbook_rows()))),
        "settings": settings_page(docs / "settings.md"),
        "threats": threat_docs.page(docs / "threats.toml"),
        "states": rule_docs.with_note(states.states_guide(), "dbmate_wrap/pages/states.toml"),
    }
    yield from ((docs / f"{name}.md", text) for name, text in made.items())
    # The wheel has its own copy of each guide, for `explain`.
    copies = ROOT / "dbmate_wrap" / "pages" / "guides"
    for name in guides.GUIDES:
        yield copies / f"{name}.md", made.get(name) or (docs / f"{name}.md").read_text(encoding="utf-8")
    # The job of the documents is the one that `init` writes.
    job = (docs / "ci" / "gitlab.yml").read_text(encoding="utf-8")
    yield ROOT / "dbmate_wrap" / "scaffold" / "files" / "gitlab-ci.yml", job
    readme = filled(ROOT / "README.md", "commands", commands_table())
    yield ROOT / "README.md", fill(readme, "exit-codes", exit_codes_table())
    yield from rule_docs.wanted(docs / "rules")
    yield from bench_page.wanted(docs)


def orphaned(texts: Mapping[Path, str]) -> list[Path]:
    """Pages in docs/rules/ of rules that do not exist any more; everything there is generated."""
    return sorted(path for path in (ROOT / "docs" / "rules").glob("*.md") if path not in texts)


def output_schema() -> dict[str, object]:
    """The JSON Schema of what every command prints with `--format json`."""
    base = TypeAdapter(Document).json_schema()
    properties, definitions = dict(base["properties"]), dict(base["$defs"])
    for kind in get_args(Result):
        result = TypeAdapter(kind).json_schema()
        properties |= result["properties"]
        definitions |= result.get("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dbmate-wrap --format json",
        "description": "One object on stdout, also on failure. Keys after `findings` are of single commands.",
        "type": "object",
        "required": list(base["properties"]),
        "properties": properties,
        "$defs": {name: complete(definition) for name, definition in sorted(definitions.items())},
        "additionalProperties": False,
    }


def complete(schema: dict[str, object]) -> dict[str, object]:
    """The schema of an object that always has all of its keys: an unknown value is null, never left out.

    That of a list of words stays as it is.
    """
    if "enum" in schema:
        return schema
    properties = schema["properties"]
    assert isinstance(properties, dict)
    shown = {
        name: {key: each for key, each in value.items() if key != "default"}
        for name, value in properties.items()
    }
    return schema | {"properties": shown, "required": list(properties)}


def commands() -> Iterator[tuple[str, str]]:
    """Each command as typed, with its one line of help."""
    for info in app.registered_commands:
        yield command_name(info), first_line(info)
    for group in GROUPS:
        for info in group.registered_commands:
            yield f"{group.info.name} {command_name(info)}", first_line(info)


def command_name(info: "typer.models.CommandInfo") -> str:
    """Its given name, or else its function's."""
    assert info.callback is not None
    return info.name or info.callback.__name__


def first_line(info: "typer.models.CommandInfo") -> str:
    """The first line of its docstring."""
    assert info.callback is not None
    assert info.callback.__doc__
    return info.callback.__doc__.strip().splitlines()[0]


def commands_table() -> str:
    """For the README."""
    return table(("command", "does"), [(f"`{name}`", text) for name, text in commands()])


def commands_page() -> str:
    """docs/commands.md: the help of every command."""
    parts = ["# Commands\n\nMade from `--help` by `make docs`: do not edit.\n"]
    for words in [[], *[name.split() for name, _ in commands()]]:
        result = CliRunner().invoke(app, [*words, "--help"], prog_name="dbmate-wrap", env={"COLUMNS": "100"})
        title = " ".join(["dbmate-wrap", *words])
        text = "\n".join(line.rstrip() for line in result.stdout.strip().splitlines())
        parts.append(f"## {title}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def exit_codes_table() -> str:
    """Code, name, meaning."""
    return table(
        ("code", "name", "meaning"), [(str(int(code)), code.label, code.meaning) for code in ExitCode]
    )


def agents_table() -> str:
    """The variables by which an agent is known."""
    rows = [
        (f"`{each.variable}`" + (f" = `{each.value}`" if each.value else ""), each.agent) for each in MARKERS
    ]
    return table(("variable", "agent"), rows)


def home_page(docs: Path) -> str:
    """docs/README.md: the runbooks that there are, and the engines of fleets."""
    page = filled(docs / "README.md", "runbooks", site_pages.listing(docs, site_pages.runbooks(docs)))
    return fill(page, "engines", site_pages.listing(docs, site_pages.engines(docs)))


def settings_page(path: Path) -> str:
    """docs/settings.md: the table of settings, and that of the keys of a fleet."""
    page = filled(path, "settings", settings_docs.settings_table())
    return fill(page, "fleets", settings_docs.fleets_table())


def exit_codes_page(path: Path) -> str:
    """docs/exit-codes.md: the table, and a section on each code."""
    page = filled(path, "exit-codes", exit_codes_table())
    return fill(page, "pages", "\n".join(codes.code_markdown(code, "###") for code in ExitCode).rstrip())


if __name__ == "__main__":
    raise SystemExit(main())
