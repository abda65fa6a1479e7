"""An error of the tree makes its own report, and stays as it was raised."""

from dbmate_wrap.errors import ConfigError, ErrorReport, FailedError, Fault


def test_a_report_has_everything_that_the_error_says() -> None:
    error = FailedError("m", hint="h", sqlstate="42P01", migration="001_a.sql", line=7, frame="7 | x")
    assert error.report() == ErrorReport("m", "h", "42P01", "001_a.sql", 7, "7 | x", ())


def test_the_report_of_wrong_settings_has_every_fault() -> None:
    faults = (Fault("no URL", "a.toml:1"), Fault("no duration", "a.toml:2", "write 5s"))
    assert ConfigError("2 faults", hint="h", faults=faults).report() == ErrorReport(
        "2 faults", "h", faults=faults
    )


def test_another_message_or_hint_makes_another_error_of_the_same_kind() -> None:
    error = ConfigError("m", hint="h", faults=(Fault("no URL", "a.toml:1"),))
    other = error.but(message="n")
    assert type(other) is ConfigError
    assert (other.report().message, other.report().hint, str(other)) == ("n", "h", "n")
    assert other.report().faults == error.faults
    assert (error.report().message, str(error)) == ("m", "m")
