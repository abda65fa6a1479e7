"""The pages that `explain` prints beside those of the rules: exit codes, states, guides."""
