"""One history over many databases: the inventory, the shard, the survey, the processes that migrate."""
