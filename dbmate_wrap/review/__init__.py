"""The proof of a pull request: branch, lint, replay, findings."""
