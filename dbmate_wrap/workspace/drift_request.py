"""What is compared of a live schema, in one database or in each of several."""

from dataclasses import dataclass

from dbmate_wrap.workspace.project_files import ProjectFiles


@dataclass(frozen=True)
class DriftRequest:
    """The files whose history the schema is compared with; `shown` are classes told beside differences."""

    files: ProjectFiles
    shown: frozenset[str]
