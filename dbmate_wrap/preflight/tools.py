"""The check of pg_dump, which writes the schema file after the run."""

from dbmate_wrap.preflight.check_input import CheckInput
from dbmate_wrap.preflight.verdict import Verdict, failed, passed, skipped


def pg_dump(given: CheckInput) -> Verdict:
    """Fail where a dump is due and pg_dump is missing, or older than the server, which it refuses."""
    context = given.context
    major = given.session.server_version_num // 10000
    if not context.dump_due:
        return skipped("no schema dump is due")
    if context.pg_dump_major is not None and context.pg_dump_major >= major:
        return passed(f"pg_dump {context.pg_dump_major}")
    found = f"pg_dump {context.pg_dump_major} is older" if context.pg_dump_major else "there is no pg_dump"
    return failed(
        f"a schema dump is due after the run, and {found} (the server is PostgreSQL {major})",
        "install postgresql-client of that version, set pg_dump_path, or set dump_schema = false",
    )
