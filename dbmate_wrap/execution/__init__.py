"""One attended run of dbmate: advisory lock, ledger, monitor, retries, interruption, diagnosis."""
