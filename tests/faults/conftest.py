"""Fixtures of the tests that break something on purpose: an answer is judged as everywhere."""

from tests.e2e.conftest import judged, run_json, validator

__all__ = ["judged", "run_json", "validator"]
