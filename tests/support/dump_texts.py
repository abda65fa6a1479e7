"""Objects as pg_dump writes them."""


def entry(name: str, kind: str, text: str, schema: str = "app") -> str:
    """One object as pg_dump writes it."""
    return f"--\n-- Name: {name}; Type: {kind}; Schema: {schema}; Owner: -\n--\n\n{text}\n\n\n"


def table(name: str, *lines: str, written: str | None = None) -> str:
    """A table with these lines; `written` is its name in quotes, where it needs them."""
    body = ",\n".join(f"    {line}" for line in lines)
    return entry(name, "TABLE", f"CREATE TABLE app.{written or name} (\n{body}\n);")


def attached(parent: str, child: str, name: str, bounds: str = "DEFAULT") -> str:
    """A partition `name` of `parent`, both as SQL writes them."""
    return entry(
        name, "TABLE ATTACH", f"ALTER TABLE ONLY app.{parent} ATTACH PARTITION app.{child} {bounds};"
    )
