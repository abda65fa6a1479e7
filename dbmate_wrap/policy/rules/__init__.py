"""The rules, one file a rule, named by its id."""
