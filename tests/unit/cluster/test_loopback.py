"""The access by TCP: its file, its port, its password."""

import stat
from pathlib import Path

import pytest

from dbmate_wrap.cluster.loopback import HBA, Loopback, find_loopback, make_loopback, verifier
from dbmate_wrap.errors import ConfigError


def test_it_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "postgres"
    assert find_loopback(home) is None
    made = make_loopback(home)
    assert make_loopback(home) == find_loopback(home) == made
    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(made.password) == 32
    assert made.password not in repr(made)
    assert make_loopback(tmp_path / "other").password != made.password


def test_a_file_that_is_damaged_is_told_without_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "postgres.tcp").write_text("s3cr3t")
    with pytest.raises(ConfigError) as raised:
        find_loopback(tmp_path / "postgres")
    assert "s3cr3t" not in f"{raised.value.message} {raised.value.hint}"
    assert "dbmate-wrap db url --tcp" in str(raised.value.hint)


def test_it_listens_on_the_loopback_address_alone_and_asks_for_the_password() -> None:
    assert Loopback(5, "p").settings()["listen_addresses"] == "127.0.0.1"
    assert [line for line in HBA.splitlines() if line.startswith("host")] == [
        "host all all 127.0.0.1/32 scram-sha-256"
    ]


def test_the_verifier_is_the_one_of_rfc_7677() -> None:
    # The password and the salt of the example there; the keys are those that its proof is made with.
    import base64

    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    assert verifier("pencil", salt) == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )
