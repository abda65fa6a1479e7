"""Plans a scaffold: what is there and what is wanted become one action a file."""

from dbmate_wrap.domain.migration import version_of
from dbmate_wrap.scaffold import ignore_file, makefile, pipeline, pre_commit, settings_file
from dbmate_wrap.scaffold.action import FileAction, is_there, leave, write_whole
from dbmate_wrap.scaffold.dbmate_project import numbering_of
from dbmate_wrap.scaffold.folder import Files
from dbmate_wrap.scaffold.layout import Scaffold
from dbmate_wrap.scaffold.templates import fill

EXAMPLE = ".env.example"
DOTENV = ".env"
# What is read before the layout is known: of the project, and of the top of its repository.
PROJECT_NAMES = (
    *(settings_file.OWN_FILE, settings_file.PYPROJECT),
    *(EXAMPLE, DOTENV, ignore_file.FILE, *makefile.NAMES),
)
REPOSITORY_NAMES = (pipeline.GITLAB, *pipeline.OTHERS, pipeline.WORKFLOW, pre_commit.FILE)


def plan_files(files: Files, scaffold: Scaffold, *, has_github: bool = False) -> tuple[FileAction, ...]:
    """Return what is done about each file, in the order in which it is shown and written.

    `files` has what is there, `has_github` says whether there is a folder .github.
    """
    return (
        _plan_folder(files, scaffold),
        write_whole(files, scaffold.layout.readme, _readme(scaffold)),
        settings_file.plan_settings(files, scaffold),
        _plan_example(files, scaffold),
        ignore_file.plan_ignored(files, scaffold),
        makefile.plan_targets(files, scaffold),
        *pipeline.plan_pipeline(files, scaffold, has_github=has_github),
        pre_commit.plan_hook(files, scaffold),
    )


def placeholder_of(scaffold: Scaffold) -> str:
    """Return the file that keeps an empty migrations folder in git, which knows no folders."""
    return f"{scaffold.layout.migrations_dir}/.gitkeep"


def _plan_folder(files: Files, scaffold: Scaffold) -> FileAction:
    if scaffold.names:
        return is_there(f"{scaffold.layout.migrations_dir}/")
    return write_whole(files, placeholder_of(scaffold), "")


def _plan_example(files: Files, scaffold: Scaffold) -> FileAction:
    text, present = fill("env.example", scaffold), files.get(EXAMPLE)
    if present is not None and present.obstacle is None and "DATABASE_URL" not in present.text:
        return leave(EXAMPLE, "it names no URL of a database", text)
    return write_whole(files, EXAMPLE, text)


def _readme(scaffold: Scaffold) -> str:
    migrations = [name for name in scaffold.names if version_of(name) is not None]
    by_time = numbering_of(migrations) is not None
    name = "YYYYMMDDhhmmss_name.sql" if by_time else "NNN_name.sql"
    prefix = "the time as its prefix" if by_time else "the next sequential prefix (`002_feature.sql`, ...)"
    kind = "readme-first.md" if migrations else "readme-empty.md"
    first = fill(kind, scaffold, FIRST=min(migrations, default="")).rstrip()
    return fill("readme.md", scaffold, NAME=name, PREFIX=prefix, BASELINE=first)
