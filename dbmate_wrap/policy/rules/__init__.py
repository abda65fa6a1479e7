"""The rules, one file each, named by its id; some are found where files are listed, parsed or replayed."""
