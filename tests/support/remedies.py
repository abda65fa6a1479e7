"""The commands that a hint tells people to type, taken from what was printed."""

import re

# Where a command that stands in a sentence ends; within quotes nothing of it counts.
_END = re.compile(r"[;,)]|: | \(|\.$| or |$", re.MULTILINE)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_PROGRAM = re.compile(r"(?<![\w`.-])(?:dbmate-wrap (?=[a-z-])|git (?=[a-z])|createdb (?=-)|mv (?=\S+/))")
_IN_BACKTICKS = re.compile(r"`((?:dbmate-wrap|git) [^`]+)`")
_SQL = re.compile(
    r"(?:^|(?<=[:;] )|(?<=; or ))(?:create (?:schema|table|policy|extension|role)"
    r"|alter (?:table|database|role|schema|view|type)|grant|insert into|update|delete from"
    r"|drop (?:index|table|type)|reindex|select pg_\w+)\b",
    re.MULTILINE,
)


def hints_of(text: str) -> list[str]:
    """The hints of a failed command, each with its further lines."""
    found = []
    for part in re.split(r"^  +hint: ", text, flags=re.MULTILINE)[1:]:
        kept = [part.splitlines()[0]]
        for line in part.splitlines()[1:]:
            if not line.startswith("   "):
                break
            kept.append(line.strip())
        found.append("\n".join(kept))
    return found


def commands_of(hint: str) -> list[str]:
    """The command lines in the hint, in their order."""
    found = {match.start(): match[1] for match in _IN_BACKTICKS.finditer(hint)}
    for match in _PROGRAM.finditer(hint):
        found[match.start()] = _to_its_end(hint, match.start())
    return [found[place] for place in sorted(found)]


def statements_of(hint: str) -> list[str]:
    """The SQL statements in the hint, in their order."""
    return [_balanced(_to_its_end(hint, match.start(), _SQL_END)) for match in _SQL.finditer(hint)]


def _balanced(statement: str) -> str:
    """The statement without the bracket in which the whole sentence stands."""
    unopened = statement.count(")") - statement.count("(")
    return statement[:-1] if unopened > 0 and statement.endswith(")") else statement


_SQL_END = re.compile(r";|, and |\n|$")


def _to_its_end(text: str, start: int, end: re.Pattern[str] = _END) -> str:
    # Quotes are kept as long as they are, so that places stay the same.
    masked = _QUOTED.sub(lambda quoted: "q" * len(quoted[0]), text)
    found = end.search(masked, start)
    assert found is not None
    return text[start : found.start()].strip()
