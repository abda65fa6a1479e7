"""One verb, one file, one function that records what it learns in an Outcome."""
