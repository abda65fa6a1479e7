"""The check of standbys and replication slots."""

from dbmate_wrap.domain.server_facts import Lag
from dbmate_wrap.preflight.check_input import CheckInput, fact
from dbmate_wrap.preflight.verdict import Verdict, format_rounded, join_names, passed, skipped, warned


def replication(given: CheckInput) -> Verdict:
    """Warn of standbys that lag and of inactive slots: a table rewrite can fill the primary's disk."""
    seen = fact(given.facts.replication)
    troubles = [f"standby {one.name!r} is {_behind(one)} behind" for one in seen.lagging]
    troubles += [
        f"slot {one.name!r} is inactive and keeps {_size(one.bytes)} of WAL" for one in seen.inactive
    ]
    if troubles:
        drop = (
            f" (drop it: select pg_drop_replication_slot('{seen.inactive[0].name}'))" if seen.inactive else ""
        )
        return warned(
            join_names(tuple(troubles)),
            f"wait until standbys follow again; a slot that nobody needs goes{drop}",
        )
    if seen.hidden:
        return skipped(
            f"no inactive slot; {seen.hidden} standbys cannot be looked into",
            f"to see them: grant pg_read_all_stats to {given.context.url.user}",
        )
    return passed("no standby lags, no slot is inactive")


def _behind(one: Lag) -> str:
    return " and ".join(
        ([format_rounded(one.seconds)] if one.seconds else []) + ([_size(one.bytes)] if one.bytes else [])
    )


def _size(number: int) -> str:
    return f"{number / (1 << 30):.1f} GiB" if number >= 1 << 30 else f"{number / (1 << 20):.0f} MiB"
