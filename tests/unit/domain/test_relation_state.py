"""What locks, files and messages say about a statement."""

import pytest

from dbmate_wrap.domain.relation_state import (
    Judged,
    KnownRelations,
    LockReading,
    Locks,
    Relation,
    Seen,
    constraints_checked,
    judge_relations,
)
from dbmate_wrap.domain.statement_facts import StatementFacts
from dbmate_wrap.domain.statement_trace import LockMode, RelationLock, RelationWork, Until, Work

ORDERS = Relation(1, "shop", "orders", "table", file=1)
INDEX = Relation(2, "shop", "orders_note", "index", table=1, file=2)
OTHER = Relation(3, "crm", "orders", "table", file=3)
PARTITION = Relation(4, "shop", "orders_1", "partition", parent=1, file=4)
NUMBERS = Relation(5, "shop", "numbers", "sequence", file=5)
BEFORE = (ORDERS, INDEX, OTHER, PARTITION, NUMBERS)
WEAK, SHARE, ALL = LockMode.ROW_EXCLUSIVE, LockMode.SHARE, LockMode.ACCESS_EXCLUSIVE
READ = LockMode.ACCESS_SHARE
NAMED = StatementFacts("ALTER TABLE", (("shop", "orders"),))


def locks(**modes: LockMode) -> Locks:
    """Locks by the OIDs of these relations: `_1=ALL`."""
    return {int(name[1:]): frozenset({mode}) for name, mode in modes.items()}


def judged(
    facts: StatementFacts, before: Locks, after: Locks, *messages: str, there: tuple[Relation, ...] = BEFORE
) -> Judged:
    """Judge the first statement of a migration."""
    reading = LockReading(after, {each.oid: each for each in there if each.oid in after})
    seen = Seen(before, reading, messages, {"c": {1}})
    return judge_relations(facts, seen, KnownRelations({each.oid: each for each in BEFORE}), Until.COMMIT)


def works(found: Judged) -> list[tuple[str, Work]]:
    return [(each.relation, each.work) for each in found.works]


def test_the_strongest_lock_of_each_relation_counts() -> None:
    after = {1: frozenset({READ, ALL, SHARE}), 3: frozenset({READ})}
    assert judged(NAMED, {}, after).locks == (
        RelationLock("shop.orders", "table", ALL, Until.COMMIT),
        RelationLock("crm.orders", "table", READ, Until.COMMIT),
    )


def test_what_an_earlier_statement_holds_counts_where_it_is_named() -> None:
    held = locks(_1=ALL, _3=ALL, _4=ALL)
    found = judged(NAMED, held, held)
    assert [each.relation for each in found.locks] == ["shop.orders", "shop.orders_1"]


def test_a_weaker_lock_of_a_statement_is_taken_under_the_stronger_one_that_is_held() -> None:
    found = judged(StatementFacts("UPDATE", writes_rows=True), locks(_1=ALL), {1: frozenset({ALL, WEAK})})
    assert [each.mode for each in found.locks] == [ALL]
    assert works(found) == [("shop.orders", Work.DATA)]


def test_rows_that_an_earlier_statement_wrote_are_not_written_again() -> None:
    """The second one looks for the rows that it references."""
    before, after = locks(_1=WEAK), {1: frozenset({WEAK, LockMode.ROW_SHARE}), 3: frozenset({WEAK})}
    facts = StatementFacts("INSERT", (("crm", "orders"),), frozenset({("crm", "orders")}), writes_rows=True)
    assert works(judged(facts, before, after)) == [("crm.orders", Work.DATA)]
    assert works(judged(facts, after, after)) == [("crm.orders", Work.DATA)]


@pytest.mark.parametrize(
    ("after", "shown"),
    [
        (locks(_1=WEAK, _2=WEAK), ["shop.orders"]),
        (locks(_1=ALL, _2=ALL), ["shop.orders"]),
        (locks(_1=SHARE, _2=ALL), ["shop.orders_note", "shop.orders"]),
        (locks(_2=LockMode.SHARE_UPDATE_EXCLUSIVE), ["shop.orders_note"]),
        (locks(_2=READ), []),
        (locks(_5=WEAK), []),
        (locks(_5=LockMode.SHARE_ROW_EXCLUSIVE), ["shop.numbers"]),
    ],
)
def test_the_lock_of_an_index_is_shown_where_it_says_more_than_its_tables(
    after: Locks, shown: list[str]
) -> None:
    assert [each.relation for each in judged(StatementFacts("X"), {}, after).locks] == shown


@pytest.mark.parametrize(
    ("message", "work"),
    [
        ('building index "i" on table "orders" serially', Work.INDEX_BUILD),
        ('building index "i" on table "orders" with request for 2 parallel workers', Work.INDEX_BUILD),
        ('verifying table "orders"', Work.SCAN),
        ('validating foreign key constraint "c"', Work.FOREIGN_KEY_CHECK),
        ('index "i" can safely use deduplication', None),
        ('verifying table "unknown"', None),
    ],
)
def test_messages_tell_work(message: str, work: Work | None) -> None:
    found = judged(NAMED, {}, locks(_1=ALL), message)
    assert works(found) == ([("shop.orders", work)] if work else [])


def test_work_on_a_relation_that_the_migration_makes_is_none() -> None:
    new = Relation(9, "shop", "fresh", "table")
    message = 'building index "fresh_i" on table "fresh" serially'
    found = judged(StatementFacts("CREATE INDEX"), {}, locks(_9=SHARE), message, there=(new,))
    assert (found.locks, found.works, found.makes) == ((), (), ("shop.fresh",))


def test_a_new_file_is_a_rewrite_unless_the_table_was_emptied() -> None:
    written = (Relation(1, "shop", "orders", "table", file=8), *BEFORE[1:])
    message = 'building index "i" on table "orders" serially'
    found = judged(NAMED, {}, locks(_1=ALL), message, there=written)
    assert works(found) == [("shop.orders", Work.REWRITE), ("shop.orders", Work.INDEX_BUILD)]
    emptied = StatementFacts("TRUNCATE TABLE", truncates=True)
    assert works(judged(emptied, {}, locks(_1=ALL), message, there=written)) == [("shop.orders", Work.DATA)]


def test_what_is_written_anew_is_not_read_as_well() -> None:
    written = (Relation(1, "shop", "orders", "materialized view", file=8), *BEFORE[1:])
    after = {1: frozenset({ALL, READ}), 3: frozenset({READ})}
    known = KnownRelations({1: Relation(1, "shop", "orders", "materialized view", file=1), 3: OTHER})
    reading = LockReading(after, {each.oid: each for each in written if each.oid in after})
    facts = StatementFacts("REFRESH MATERIALIZED VIEW", (("shop", "orders"),), reads_rows=True)
    found = judge_relations(facts, Seen({}, reading), known, Until.COMMIT)
    assert works(found) == [("shop.orders", Work.REWRITE), ("crm.orders", Work.SCAN)]


def test_the_default_partition_is_read_unless_a_constraint_tells_enough() -> None:
    facts = StatementFacts("CREATE TABLE", (("shop", "new"), ("shop", "orders")), makes_partition=True)
    after = locks(_1=ALL, _4=ALL)
    assert works(judged(facts, {}, after)) == [("shop.orders_1", Work.SCAN)]
    implied = (
        'updated partition constraint for default partition "orders_1" is implied by existing constraints'
    )
    assert works(judged(facts, {}, after, implied)) == []


def test_the_columns_of_a_domain_are_read() -> None:
    facts = StatementFacts("ALTER DOMAIN", checks_domain=True)
    assert judged(facts, {}, locks(_1=SHARE)).works == (RelationWork("shop.orders", Work.SCAN),)


def test_a_name_that_a_dropped_table_had_is_that_of_the_new_one() -> None:
    known = KnownRelations({1: ORDERS})
    known.update(LockReading(locks(_1=ALL), {}))
    new = Relation(9, "shop", "orders", "table")
    reading = LockReading(locks(_1=ALL, _9=ALL), {9: new})
    found = judge_relations(
        NAMED, Seen(locks(_1=ALL), reading, ['verifying table "orders"']), known, Until.COMMIT
    )
    assert (found.locks, found.works, found.makes) == ((), (), ("shop.orders",))


def test_a_renamed_table_is_known_by_both_names_and_told_by_the_former() -> None:
    known = KnownRelations({1: ORDERS})
    known.update(LockReading(locks(_1=ALL), {1: Relation(1, "shop", "sales", "table", file=1)}))
    reading = LockReading(locks(_1=ALL), {1: known.current[1]})
    facts = StatementFacts("ALTER TABLE", (("shop", "sales"),))
    found = judge_relations(
        facts, Seen(locks(_1=ALL), reading, ['verifying table "sales"']), known, Until.COMMIT
    )
    assert [each.relation for each in found.locks] == ["shop.orders"]
    assert works(found) == [("shop.orders", Work.SCAN)]


def test_an_index_that_was_rebuilt_under_its_name_is_not_new() -> None:
    rebuilt = Relation(9, "shop", "orders_note", "index", table=1)
    reading = LockReading(locks(_1=LockMode.SHARE_UPDATE_EXCLUSIVE), {1: ORDERS, 9: rebuilt})
    known = KnownRelations({1: ORDERS, 2: INDEX})
    assert judge_relations(NAMED, Seen({}, reading), known, Until.STATEMENT).makes == ()


def test_new_tables_come_before_what_belongs_to_them() -> None:
    made = (
        Relation(9, "shop", "a_id_seq", "sequence"),
        Relation(10, "shop", "a", "table"),
        Relation(11, "shop", "a_pkey", "index", table=10),
    )
    found = judged(StatementFacts("CREATE TABLE"), {}, locks(_9=ALL, _10=ALL, _11=ALL), there=made)
    assert found.makes == ("shop.a", "shop.a_id_seq", "shop.a_pkey")


def test_the_foreign_keys_that_were_checked_are_named() -> None:
    said = ['validating foreign key constraint "a ""b"', 'verifying table "c"']
    assert constraints_checked(said) == {'a ""b'}
