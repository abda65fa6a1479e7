"""The names of squawk's rules, as far as they are known here."""

# Of squawk 2.70.0 (tests/integration/test_squawk_rules.py asks it). It lists them nowhere: there may be more.
_NAMES = """
    adding-field-with-default adding-foreign-key-constraint adding-not-nullable-field
    adding-required-field adding-serial-primary-key-field ban-add-column ban-add-composite-attribute
    ban-add-enum-value ban-alter-database-options ban-alter-domain-with-add-constraint
    ban-alter-extension ban-alter-function-options ban-alter-generated-expression ban-alter-identity
    ban-alter-policy-condition ban-alter-policy-roles ban-alter-role-options
    ban-alter-row-level-security ban-alter-sequence-values ban-alter-system-options
    ban-alter-view-options ban-char-field ban-concurrent-index-creation-in-transaction
    ban-create-domain-with-constraint ban-create-policy ban-detach-inheritance ban-disable-trigger
    ban-drop-column ban-drop-constraint ban-drop-database ban-drop-default ban-drop-domain
    ban-drop-extension ban-drop-function ban-drop-generated-expression ban-drop-index ban-drop-not-null
    ban-drop-policy ban-drop-schema ban-drop-sequence ban-drop-table ban-drop-trigger ban-drop-type
    ban-drop-view ban-duplicate-column-assignments ban-new-write-restriction ban-replace-view-function
    ban-replica-identity ban-revoke ban-set-default ban-set-schema ban-truncate-cascade
    ban-uncommitted-transaction changing-column-type constraint-missing-not-valid
    disallowed-unique-constraint identifier-too-long prefer-bigint-over-int prefer-bigint-over-smallint
    prefer-identity prefer-repack prefer-robust-stmts prefer-text-field prefer-timestamp-tz
    renaming-column renaming-object renaming-table require-concurrent-index-creation
    require-concurrent-index-deletion require-concurrent-partition-detach require-concurrent-reindex
    require-enum-value-ordering require-lock-timeout require-statement-timeout require-table-schema
    require-timeout-settings transaction-nesting
"""
# Findings under its name that are no rules which it can turn off: its own comments that are not needed
# (unused-ignore), and our notice of a file that it cannot read (policy/squawk).
NO_RULES = frozenset({"unused-ignore", "not-judged"})
SQUAWK_RULES = frozenset(_NAMES.split()) | NO_RULES
