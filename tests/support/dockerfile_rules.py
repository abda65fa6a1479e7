"""What must be true of our Dockerfile beyond what hadolint asks; each is shown to fail on a broken copy."""

import json
import re
import shlex
from collections.abc import Callable

from tests.support.container import stages


def the_base_is_slim_and_has_a_version(text: str) -> bool:
    """hadolint does not look into the ARG that names it."""
    return re.search(r"^ARG PYTHON_IMAGE=python:\d+\.\d+-slim$", text, re.MULTILINE) is not None


def two_stages_of_one_base(text: str) -> bool:
    """What builds is not what runs, and both have the same Python."""
    bases = [stage[0][1].split(" AS ")[0] for stage in stages(text)]
    return len(bases) == 2 and len(set(bases)) == 1


def nothing_is_run_in_the_last_stage(text: str) -> bool:
    """No compiler, no package: the layers are the base, and what the first stage made."""
    words = {word for word, _ in stages(text)[-1]}
    return words <= {"FROM", "LABEL", "COPY", "ENV", "WORKDIR", "USER", "ENTRYPOINT", "CMD"}


def copies_from_the_first_stage_alone(text: str) -> bool:
    """No file of the checkout gets into the image but through the wheel."""
    copied = [rest for word, rest in stages(text)[-1] if word == "COPY"]
    return bool(copied) and all(rest.startswith("--from=build ") for rest in copied)


def installs_by_hash(text: str) -> bool:
    """Everything that pip fetches is locked, and nothing is compiled."""
    runs = " && ".join(rest for word, rest in stages(text)[0] if word == "RUN")
    installs = [line for line in runs.split("&&") if re.search(r"\bpip\b.* (?:install|wheel) ", line)]
    hashed = ("--require-hashes", "--only-binary :all:", "-r requirements/")
    offline = ("--no-index", "--no-deps")
    return bool(installs) and all(
        all(option in line for option in hashed) or all(option in line for option in offline)
        for line in installs
    )


def runs_as_a_number_that_is_not_root(text: str) -> bool:
    """`runAsNonRoot` of Kubernetes refuses a name, and 0."""
    users = [rest for word, rest in stages(text)[-1] if word == "USER"]
    return bool(users) and re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]) is not None


def starts_no_shell(text: str) -> bool:
    """A shell hands on no SIGTERM, and its exit code may be its own."""
    found = [rest for word, rest in stages(text)[-1] if word == "ENTRYPOINT"]
    return bool(found) and found[-1].startswith("[") and json.loads(found[-1]) == ["dbmate-wrap"]


def names_no_home_and_no_secret(text: str) -> bool:
    """An account that nobody knows has no home; who has the image can read what is in ENV and ARG."""
    names = [
        each.split("=")[0]
        for stage in stages(text)
        for word, rest in stage
        if word in ("ENV", "ARG")
        for each in shlex.split(rest)
    ]
    return not any(name == "HOME" or re.search(r"URL|PASS|SECRET|TOKEN", name) for name in names)


RULES: tuple[Callable[[str], bool], ...] = (
    the_base_is_slim_and_has_a_version,
    two_stages_of_one_base,
    nothing_is_run_in_the_last_stage,
    copies_from_the_first_stage_alone,
    installs_by_hash,
    runs_as_a_number_that_is_not_root,
    starts_no_shell,
    names_no_home_and_no_secret,
)


def broken(text: str) -> list[str]:
    """The names of the rules that a Dockerfile breaks."""
    return [rule.__name__ for rule in RULES if not rule(text)]
