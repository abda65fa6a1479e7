"""Runs the SQL rules on every .sql file below a folder, as on a new one, to review the findings by hand.

    python scripts/precision.py FOLDER data-write search-path    # prints what these rules find
    python scripts/precision.py FOLDER --syntax                  # compares with a throw-away server

Meant for other people's migrations and PostgreSQL's own regression tests (src/test/regress/sql), which are
never committed here. A file without markers is taken for a migrate:up. With --syntax each statement that the
parser refuses is sent to a real server in a transaction that is rolled back. What the server takes or refuses
with another state than 42601, is printed: `syntax-error` should never be wrong. (The grammar itself has a few
others: the regression tests show 22023, 22025 and 0A000.)
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402

from dbmate_wrap.cluster import binaries  # noqa: E402
from dbmate_wrap.cluster.server import Endpoint  # noqa: E402
from dbmate_wrap.cluster.temporary import temporary  # noqa: E402
from dbmate_wrap.domain.finding import Finding  # noqa: E402
from dbmate_wrap.domain.migration import MigrationFile, checksum  # noqa: E402
from dbmate_wrap.policy import sql_rules  # noqa: E402
from dbmate_wrap.policy.file_rules import check_contents  # noqa: E402
from dbmate_wrap.sql.parse import read_sql  # noqa: E402
from dbmate_wrap.sql.split import split_sql  # noqa: E402

CONTEXT = sql_rules.RuleContext((None, "schema_migrations"), "")
SLOW_SECONDS = 3.0
SYNTAX_ERROR = "42601"


def main() -> None:
    """Check, print, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("rules", nargs="*", help="rules whose findings are printed")
    parser.add_argument("--syntax", action="store_true", help="compare refused statements with a server")
    arguments = parser.parse_args()
    files = sorted(path for path in arguments.folder.rglob("*.sql") if path.is_file())
    counted: Counter[str] = Counter()
    for path in files:
        content = marked(path.read_bytes())
        for finding in findings_in(path, content):
            counted[f"{finding.rule} ({finding.severity})"] += 1
            if finding.rule in arguments.rules:
                print(shown(path.relative_to(arguments.folder), content, finding))
    if arguments.syntax:
        with temporary(binaries.embedded()) as server:
            counted.update(verdicts(files, server))
    print(f"{len(files)} files")
    for what, number in counted.most_common():
        print(f"{number:>8} {what}")


def marked(content: bytes) -> bytes:
    """The file as a migration; what has no markers gets them."""
    if b"migrate:up" in content:
        return content
    return b"-- migrate:up\n" + content + b"\n-- migrate:down\n"


def findings_in(path: Path, content: bytes) -> tuple[Finding, ...]:
    """All findings of one file, which is not the baseline."""
    began = time.perf_counter()
    checked = check_contents([MigrationFile("002_a.sql", "002", checksum(content), content)], "")
    found = checked.findings + sql_rules.check_sql(checked.migrations, CONTEXT)
    if time.perf_counter() - began > SLOW_SECONDS:
        print(f"slow: {path} took {time.perf_counter() - began:.1f} s")
    return found


def shown(path: Path, content: bytes, finding: Finding) -> str:
    """One line: where, what, and the line of SQL."""
    line = content.decode("utf-8", "replace").split("\n")[(finding.line or 1) - 1]
    return f"{path}:{finding.line}:{finding.column} {finding.rule}: {finding.message} | {line.strip()[:100]}"


def verdicts(files: Sequence[Path], server: Endpoint) -> Iterator[str]:
    """The server's verdict on each refused statement; all but its plain syntax errors are printed."""
    address = f"host={server.socket_dir} port={server.port} user={server.user} dbname=postgres"
    for path in files:
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError:
            continue
        for statement in refused(text):
            state = server_state(address, statement)
            if state != SYNTAX_ERROR:
                print(f"look: {path}: the server says {state} of {' '.join(statement.split())[:150]}")
            yield f"refused here, the server says {state}"


def refused(text: str) -> Iterator[str]:
    """The statements with a syntax error, whole."""
    pieces, _ = split_sql(text)
    places = [place for place in read_sql(text).unreadable if place.kind == "syntax"]
    for piece in pieces:
        if any(piece.start <= place.offset <= piece.end == place.end for place in places):
            yield text[piece.start : piece.end]


def server_state(address: str, statement: str) -> str:
    """The SQLSTATE that the statement ends with on the server, "none" where it is taken."""
    with psycopg.connect(address, autocommit=True) as connection:
        try:
            connection.execute("begin")
            connection.execute(statement.encode())
        except psycopg.Error as error:
            return error.sqlstate or "lost"
    return "none"


if __name__ == "__main__":
    main()
