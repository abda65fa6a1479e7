"""How the checks of a server are reported, and the error for those that failed."""

import pytest

from dbmate_wrap.domain.finding import Check
from dbmate_wrap.errors import ExitCode, PreflightError
from dbmate_wrap.execution.readiness import raise_for_failed


def test_the_error_lists_every_failure_and_no_warning() -> None:
    checks = (
        Check("primary", "fail", "a standby", "name the primary"),
        Check("replication", "warn", "it lags", "wait"),
        Check("pooler", "fail", "a pooler", "use the direct URL"),
    )
    said: list[str] = []
    with pytest.raises(PreflightError) as raised:
        raise_for_failed(checks, said.append)
    error = raised.value
    assert said == ["warning: it lags [replication]; wait"]
    assert error.code is ExitCode.PREFLIGHT
    assert error.message == "the server cannot take the migration now: primary: a standby; pooler: a pooler"
    assert error.hint == "name the primary; use the direct URL"
    raise_for_failed(checks[1:2], said.append)
    assert len(said) == 2
    raise_for_failed([Check("replication", "warn", "it lags")], said.append)
    assert said[-1] == "warning: it lags [replication]"
