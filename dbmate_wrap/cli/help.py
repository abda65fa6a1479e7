"""The end of every `--help`: examples, exit codes, where to read on; and the names that others use."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

_COMMON = "any command takes -e NAME, and --format json for scripts"
# What is typed after `dbmate-wrap`, and what it does.
EXAMPLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "": (
        ("init", "once in a repository: folder, settings, CI"),
        ("new add_orders", "the next migration file"),
        ("check", "judge it, and try it on a throw-away database"),
        ("up", "apply what is pending to dev"),
        ("status -e staging", _COMMON),
    ),
    "init": (
        ("init --from production", "and 001 from the schema of production"),
        ("init --dry-run", "what would be written"),
        ("init", "write what is missing; a file that is there keeps every line"),
    ),
    "up": (
        ("up", "everything, on the default environment"),
        ("up -e staging --to 012", "no further than 012"),
        ("up -e production --yes", "in a pipeline, where nobody can be asked"),
        ("up -e production --phase before", "then roll out the new code, then `up` again"),
    ),
    "plan": (
        ("plan -e production", "before a deployment: locks, sizes, and who is in the way"),
        ("plan --no-live --format markdown", "of a pull request: no database is asked"),
        ("plan -e production --no-shadow", "the steps alone, at once"),
    ),
    "status": (
        ("status -e staging --exit-code", "32 where something is pending"),
        ("status --all", "all environments side by side"),
        ("status -e production --full", "what is applied too, where that is much"),
    ),
    "wait": (
        ("wait -e production", "before the new code starts: until its migrations are applied"),
        ("wait -e production --for 012", "where there are no migration files, as in many images"),
        ("wait -e production --timeout 0", "look once: 32 where something is pending"),
    ),
    "new": (("new add_orders", "the first line of output is the path"),),
    "check": (
        ("check", "the branch against the merge base with the remote's main branch"),
        ("check --base HEAD~1 --no-shadow", "read files only, compared with the last commit"),
        ("check --format github --sarif check.sarif", "annotations and a report"),
    ),
    "seal": (("seal", "when the new migrations are ready for review"),),
    "amend": (
        ("amend 012_orders.sql --because 'two rows had one number'", "a sealed migration that failed"),
    ),
    "renumber": (
        ("renumber 012_orders.sql", "after `git merge origin/main`: those after it follow"),
        ("renumber 012_orders.sql --base origin/release", "where the branch goes elsewhere"),
    ),
    "redo": (("redo", "after an edit of a migration that dev has applied"),),
    "snapshot": (
        ("snapshot -e production", "db/migrations/001_init.sql, where it makes the same schema"),
        ("snapshot -e production --exclude-schema=audit", "without what another team keeps"),
    ),
    "baseline": (
        ("baseline -e production --dry-run", "compare only"),
        ("baseline -e production", "where it is what 001 makes: recorded, and nothing is run"),
        ("baseline -e staging --to 014", "a database that has the first 14 already"),
    ),
    "drift": (
        ("drift -e production", "33 where the live schema differs, with a diff of each object"),
        ("drift -e production --rights --format json", "owners and grants too, for a program"),
    ),
    "rollback": (
        ("rollback", "the last migration of dev"),
        ("rollback --unknown", "what another branch has applied, after a switch of branches"),
    ),
    "history": (
        ("history -e production --last 5", "what was applied lately"),
        ("history --show 012", "the text that ran"),
    ),
    "stamp": (("stamp -e production", "after a restore or a move; asks for the name"),),
    "dump": (
        ("dump", "the schema file, from the database of dev"),
        ("dump -e production --output -", "to stdout"),
    ),
    "diagram": (
        ("diagram --output schema.mmd", "what the migrations make, for Mermaid"),
        ("diagram --table deals --hops 1", "a table and those that its keys join it with"),
        ("diagram -e production --schema crm", "a schema of a live database"),
    ),
    "psql": (
        ("psql -e staging", "read only"),
        ("psql -e staging -- -c 'select 1'", "everything after -- is for psql"),
    ),
    "explain": (
        ("explain 31", "an exit code, also by its name: partial"),
        ("explain data-write", "a rule"),
        ("explain out-of-order", "a state"),
        ("explain rules", "all rules; without a name: all pages"),
    ),
    "doctor": (("doctor -e staging", "where each value comes from, and what is wrong"),),
    "help": (("help db url", "the same as db url --help"),),
    "envs": (("envs --format json", "for the matrix of a pipeline"),),
    "exec": (("exec -e staging -- status", "everything after -- is for dbmate"),),
    "fleet": (("fleet list", "the targets, with labels, count and digest"),),
    "fleet list": (
        ("fleet list crm --where region=eu", "those with a label"),
        ("fleet list --shards 8", "and which of 8 parts each belongs to"),
    ),
    "fleet status": (
        ("fleet status", "versions against numbers of databases, and what is wrong with any"),
        ("fleet status --exit-code", "32 where anything is pending"),
    ),
    "fleet up": (
        ("fleet up --wave canary --yes", "the canaries alone, as a gate"),
        ("fleet up --shard 2/8 --yes --format json", "one of eight parts, a line of JSON a database"),
        ("fleet up --max-failures 5%", "stop where more databases fail"),
    ),
    "fleet drift": (("fleet drift --where region=eu", "those with a label"),),
    "fleet report": (
        ("fleet report shard-*.jsonl", "one result of what all shards wrote"),
        ("fleet report --junit fleet.xml shard-*.jsonl", "and a case for each database"),
    ),
    "db": (("db start", "start the server"), ("db psql", "look into dev")),
    "db start": (("db start", "up and the others start it too, where they need it"),),
    "db stop": (("db stop", "the data stay"),),
    "db url": (
        ("db url -e test", "for psql and whatever connects as psql does"),
        ("db url --tcp", "for a GUI or a driver without sockets; the URL holds a password"),
    ),
    "db psql": (("db psql -- -c 'select 1'", "everything after -- is for psql"),),
    "db reset": (("db reset", "then `dbmate-wrap up` makes dev again, without its rows"),),
}
# What users of dbmate type (its aliases too), and what is the same here.
OTHER_NAMES: Mapping[str, str] = {
    "migrate": "type `dbmate-wrap up`",
    "down": "type `dbmate-wrap rollback`",
    "n": "type `dbmate-wrap new NAME`",
    "create": "type `dbmate-wrap up`: it creates the database where the setting create_database allows it",
    "drop": "type `dbmate-wrap db reset` for the embedded database, or `dbmate-wrap exec -- drop`",
    "load": "type `dbmate-wrap exec -- load`; `dbmate-wrap up` makes the same schema of the migrations",
}


class CommandWithExamples(TyperCommand):
    """A command whose help ends with examples."""

    def format_epilog(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the examples, and where to read on."""
        _write_examples(ctx.command_path.partition(" ")[2], formatter)
        formatter.write_paragraph()
        formatter.write_text("Exit codes: `dbmate-wrap explain exit-codes`.")


class GroupWithExamples(TyperGroup):
    """A group of commands whose help ends with examples."""

    def format_epilog(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the examples, and where to read on."""
        _write_examples(ctx.command_path.partition(" ")[2], formatter)


class MainGroup(TyperGroup):
    """The command itself: its help ends with examples, exit codes and where to read on."""

    def format_epilog(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the examples, the exit codes, and where to read on."""
        from dbmate_wrap.errors import ExitCode

        _write_examples("", formatter)
        with formatter.section("Exit codes"):
            formatter.write_text(", ".join(f"{int(code)} {code.label}" for code in ExitCode))
        with formatter.section("Read on"):
            formatter.write_dl(
                [
                    ("dbmate-wrap help COMMAND", "its options and examples"),
                    ("dbmate-wrap explain 31", "what an exit code means, and what to do next"),
                    ("dbmate-wrap explain", "all rules, exit codes, states and guides"),
                ]
            )

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Parse the options before a command; those about completion need no value."""
        from dbmate_wrap.cli.completion_install import with_shell

        return super().parse_args(ctx, with_shell(args))

    def resolve_command(
        self, ctx: "Context", args: list[str]
    ) -> "tuple[str | None, Command | None, list[str]]":
        """Find the command; the error for a name that other tools have names ours."""
        try:
            return super().resolve_command(ctx, args)
        except typer.TyperException as error:
            if args[0] in OTHER_NAMES:
                error.add_note(OTHER_NAMES[args[0]])
            raise


def _write_examples(command: str, formatter: "HelpFormatter") -> None:
    if command in EXAMPLES:
        with formatter.section("Examples"):
            formatter.write_dl(
                [(f"dbmate-wrap {line}", what) for line, what in EXAMPLES[command]], col_max=45
            )
