"""Children are started, fed, read, masked and ended: no deadlock, nothing left over, bounded memory."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dbmate_wrap import process
from dbmate_wrap.process import (
    Command,
    Completed,
    Terminated,
    inherited,
    run,
    run_interactive,
    terminations_as_exceptions,
)
from dbmate_wrap.redact import Redactor

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shells, signals and groups of POSIX")
ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def sh(script: str) -> Command:
    """A shell that runs `script`."""
    return command("/bin/sh", "-c", script)


def python(script: str) -> Command:
    """A Python without site packages, which starts in milliseconds."""
    return command(sys.executable, "-I", "-S", "-c", script)


def command(*argv: str, stdin: bytes = b"") -> Command:
    """A program with the environment ENV."""
    return Command(argv, ENV, stdin=stdin)


def is_running(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pid: int) -> None:
    """A killed process takes a moment to go."""
    deadline = time.monotonic() + 5
    while is_running(pid):
        assert time.monotonic() < deadline, f"{pid} is still running"
        time.sleep(0.01)


def send_when(there: Path, number: signal.Signals, again_after: float | None = None) -> threading.Thread:
    """Send this process the signal once the file is there, and a second time if wanted."""

    def wait_and_send() -> None:
        while not there.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), number)
        if again_after is not None:
            time.sleep(again_after)
            os.kill(os.getpid(), number)

    thread = threading.Thread(target=wait_and_send, daemon=True)
    thread.start()
    return thread


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little patience, so that the tests need little time."""
    monkeypatch.setattr(process.child, "GRACE_SECONDS", 0.3)
    monkeypatch.setattr(process.pipe_reader, "_SILENCE_SECONDS", 0.2)


def test_output_and_exit_code_come_back() -> None:
    done = run(sh("echo out; echo err >&2; exit 3"))
    assert done == Completed(sh("echo out; echo err >&2; exit 3").argv, 3, "out\n", "err\n", False, False)
    assert done.ending == "exit code 3"


def test_a_signal_is_a_negative_exit_code() -> None:
    done = run(sh("kill -9 $$"))
    assert (done.returncode, done.ending, done.timed_out) == (-9, "signal 9 (SIGKILL)", False)


def test_a_signal_without_a_name_has_its_number() -> None:
    assert Completed((), -63, "", "", timed_out=False).ending.startswith("signal 63")


def test_the_environment_is_exactly_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBMATE_MIGRATION_LOCK", "true")
    done = run(Command(("/usr/bin/env",), {"ONLY": "this", "UML": "ä\udcff"}))
    assert done.stdout.splitlines() == ["ONLY=this", "UML=ä\N{REPLACEMENT CHARACTER}"]
    assert run(Command(("/usr/bin/env",), {})).stdout == ""


def test_inherited_takes_what_is_named_and_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IS_THERE", "yes")
    monkeypatch.delenv("IS_NOT", raising=False)
    assert inherited(("IS_THERE", "IS_NOT")) == {"IS_THERE": "yes"}


def test_the_working_directory_is_the_one_given(tmp_path: Path) -> None:
    assert run(Command(("/bin/pwd",), ENV, tmp_path)).stdout == f"{tmp_path}\n"


@pytest.mark.parametrize(
    "what", ["missing", "not executable", "a folder", "no program", "no folder to run in"]
)
def test_what_cannot_be_started_is_an_os_error(what: str, tmp_path: Path) -> None:
    path = tmp_path / "program"
    cwd: Path | None = None
    if what == "not executable":
        path.write_text("#!/bin/sh\n")
    elif what == "a folder":
        path.mkdir()
    elif what == "no program":
        path.write_bytes(b"\x7fELF nonsense")
        path.chmod(0o755)
    elif what == "no folder to run in":
        path, cwd = Path("/bin/true"), tmp_path / "nowhere"
    with pytest.raises(OSError, match=r".") as raised:
        run(Command((str(path),), ENV, cwd))
    assert raised.value.strerror


@pytest.mark.parametrize(("argv", "env"), [(["/bin/echo", "a\0b"], {}), (["/bin/echo"], {"X": "hunter2\0"})])
def test_a_nul_is_an_os_error_that_quotes_nothing(argv: list[str], env: dict[str, str]) -> None:
    with pytest.raises(OSError, match="no program can be given") as raised:
        run(Command(tuple(argv), env))
    assert "hunter2" not in str(raised.value)


def test_input_reaches_the_child() -> None:
    assert (
        run(command("/bin/cat", stdin=b"x" * 1_000_000 + b"\n"), limit=2_000_002).stdout
        == "x" * 1_000_000 + "\n"
    )


def test_without_input_the_child_reads_the_end_at_once() -> None:
    assert run(command("/bin/cat"), timeout=5).returncode == 0


def test_a_child_that_does_not_read_its_input_holds_nothing_up() -> None:
    began = time.monotonic()
    assert run(command("/bin/sh", "-c", "exit 4", stdin=b"x" * 10_000_000)).returncode == 4
    assert time.monotonic() - began < 5


def test_the_timeout_counts_also_while_the_input_is_not_read() -> None:
    assert run(command("/bin/sleep", "60", stdin=b"x" * 10_000_000), timeout=0.1).timed_out


FLOOD = """
import os, threading
def write(fd):
    for _ in range(800):
        os.write(fd, b"%s" * (65536 // %d))
other = threading.Thread(target=write, args=(2,))
other.start()
write(1)
other.join()
"""


@pytest.mark.parametrize("line", ["x", "a line with hunter2-Long in it\\n"])
def test_both_pipes_may_be_flooded_at_once_and_memory_stays_small(line: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = run(
        python(FLOOD % (line, len(line))),
        secrets=Redactor(["hunter2-Long"]),
        limit=10_000,
        timeout=60,
    )
    assert done.returncode == 0
    assert done.truncated
    # 100 MB have gone through (in KiB on Linux, in bytes on macOS).
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 40 * 1024 * (1 if sys.platform == "linux" else 1024)
    for text in (done.stdout, done.stderr):
        assert 10_000 <= len(text) <= 10_100
        assert "hunter2" not in text


def test_beginning_and_end_are_kept_and_what_lies_between_is_counted() -> None:
    done = run(python("print('a' * 60 + 'b' * 1000 + 'c' * 59)"), limit=101)
    assert done.stdout == "a" * 50 + "\n[... 1019 characters left out ...]\n" + "c" * 50 + "\n"
    assert done.truncated
    assert len(run(python("print('a' * 100)"), limit=101).stdout) == 101


def test_lines_come_in_order_as_they_are_written_and_masked() -> None:
    lines: list[tuple[str, float]] = []
    script = "echo one; sleep 0.4; echo 'two hunter2-Long'; printf 'three\\r\\n\\nfour'"
    done = run(
        sh(script),
        secrets=Redactor(["hunter2-Long"]),
        on_line=lambda line: lines.append((line, time.monotonic())),
    )
    assert [line for line, _ in lines] == ["one", "two ***", "three", "", "four"]
    assert lines[1][1] - lines[0][1] > 0.05
    assert done.stdout == "one\ntwo ***\nthree\r\n\nfour"


def test_only_a_line_feed_ends_a_line() -> None:
    lines: list[str] = []
    run(
        python("import os; os.write(1, 'a\\x0bb\\x85c\\u2028d\\x0ce\\n'.encode())"),
        on_line=lines.append,
    )
    assert lines == ["a\x0bb\x85c\u2028d\x0ce"]


def test_an_endless_line_is_cut() -> None:
    lines: list[str] = []
    run(python("print('x' * 1_000_000); print('y')"), on_line=lines.append, limit=1000)
    assert lines == ["x" * 1000, "y"]


def test_an_error_in_on_line_is_raised_by_run_after_the_child_has_ended(tmp_path: Path) -> None:
    def refuse(line: str) -> None:
        raise LookupError(line)

    with pytest.raises(LookupError, match="one"):
        run(sh(f"echo one; echo two; echo done > {tmp_path}/done"), on_line=refuse)
    assert (tmp_path / "done").exists()


def test_a_secret_that_arrives_in_two_writes_is_masked() -> None:
    script = "import os, time\nfor part in b'pass hunt', b'er2-', b'Long end':"
    script += " os.write(1, part); time.sleep(0.05)"
    assert run(python(script), secrets=Redactor(["hunter2-Long"])).stdout == "pass *** end"


@pytest.mark.usefixtures("quick")
def test_a_timeout_ends_the_whole_group_also_what_ignores_sigterm(tmp_path: Path) -> None:
    # What is ignored stays ignored in the grandchild.
    script = f"trap '' TERM; sleep 60 & echo $! > {tmp_path}/grandchild; echo started; wait"
    began = time.monotonic()
    done = run(sh(script), timeout=0.8)
    assert (done.timed_out, done.returncode, done.stdout) == (True, -9, "started\n")
    assert time.monotonic() - began < 5
    wait_until_gone(int((tmp_path / "grandchild").read_text()))


@pytest.mark.usefixtures("quick")
def test_a_child_that_obeys_sigterm_may_clean_up(tmp_path: Path) -> None:
    script = f"trap 'echo bye; touch {tmp_path}/clean; exit 7' TERM; echo hi; sleep 60 & wait"
    done = run(sh(script), timeout=0.8)
    assert (done.timed_out, done.returncode, done.stdout) == (True, 7, "hi\nbye\n")
    assert (tmp_path / "clean").exists()


@pytest.mark.usefixtures("quick")
def test_a_process_left_behind_by_a_child_that_ended_well_lives_on_and_is_not_waited_for() -> None:
    began = time.monotonic()
    done = run(sh("sleep 60 & echo $!"))
    assert time.monotonic() - began < 5
    assert done.returncode == 0
    left = int(done.stdout)
    assert is_running(left)
    os.kill(left, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.usefixtures("quick")
def test_a_signal_to_us_ends_the_child_and_is_raised(number: signal.Signals, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    sender = send_when(pid, number)
    expected = KeyboardInterrupt if number is signal.SIGINT else Terminated
    with terminations_as_exceptions(), pytest.raises(expected):
        run(sh(f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60"))
    sender.join()
    wait_until_gone(int(pid.read_text()))


@pytest.mark.usefixtures("quick")
def test_a_second_ctrl_c_does_not_leave_a_stubborn_child_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process.child, "GRACE_SECONDS", 1.5)
    pid = tmp_path / "pid"
    sender = send_when(pid, signal.SIGINT, again_after=0.7)
    script = f"trap '' TERM; echo $$ > {pid}.new; mv {pid}.new {pid}; while :; do sleep 60; done"
    with pytest.raises(KeyboardInterrupt):
        run(sh(script))
    sender.join()
    wait_until_gone(int(pid.read_text()))


def test_a_signal_while_the_child_is_born_ends_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = process.child._start
    born: list[int] = []

    def begin_slowly(command: Command) -> "subprocess.Popen[bytes]":
        child = begin(command)
        born.append(child.pid)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        return child

    monkeypatch.setattr(process.child, "_start", begin_slowly)
    with pytest.raises(KeyboardInterrupt):
        run(command("/bin/sleep", "60"))
    wait_until_gone(born[0])


def test_a_child_may_be_run_in_another_thread() -> None:
    done: list[Completed] = []
    thread = threading.Thread(target=lambda: done.append(run(sh("echo x"))))
    thread.start()
    thread.join()
    assert done[0].stdout == "x\n"


def test_a_hangup_that_was_ignored_stays_ignored_here_and_in_the_child() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with terminations_as_exceptions():
            signal.raise_signal(signal.SIGHUP)
            assert run(sh("kill -HUP $$; echo alive")).stdout == "alive\n"
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_child_hears_the_signals_that_we_only_handle() -> None:
    with terminations_as_exceptions():
        assert run(sh("kill -HUP $$; echo alive")).returncode == -signal.SIGHUP
        assert run(sh("kill -INT $$; echo alive")).returncode == -signal.SIGINT


def test_sigterm_and_sighup_sent_together_are_one_wish() -> None:
    with terminations_as_exceptions():
        with pytest.raises(Terminated):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)


def test_a_later_sigterm_is_heard_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.signals, "_SAME_REQUEST_SECONDS", 0.05)
    with terminations_as_exceptions():
        for _ in range(2):
            with pytest.raises(Terminated):
                signal.raise_signal(signal.SIGTERM)
            time.sleep(0.1)


def test_the_handlers_from_before_are_back_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)]
    with terminations_as_exceptions():
        pass
    run_interactive(sh("exit 0"))
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)] == before


def test_terminated_passes_except_exception() -> None:
    assert not issubclass(Terminated, Exception)


def test_a_child_on_our_terminal_gives_its_exit_code_and_environment() -> None:
    assert run_interactive(Command(("/bin/sh", "-c", 'exit "$CODE"'), {"CODE": "5"})) == 5


def test_a_child_on_our_terminal_hears_ctrl_c_and_we_do_not() -> None:
    # The child sends the signal to us and to itself, as a terminal does.
    assert run_interactive(sh("kill -INT $PPID; kill -INT $$; sleep 60")) == -signal.SIGINT


def test_many_children_leave_no_threads_and_no_open_files() -> None:
    def left() -> tuple[int, int]:
        return threading.active_count(), len(os.listdir("/dev/fd"))

    before = left()
    for _ in range(20):
        run(command("/bin/sh", "-c", "echo x", stdin=b"y"))
    deadline = time.monotonic() + 5
    # The thread that feeds a child ends a moment after it; 20 of them would be seen.
    while (now := left()) > (before[0] + 2, before[1] + 2):
        assert time.monotonic() < deadline, f"{before} became {now}"
        time.sleep(0.01)


def test_a_tick_is_called_while_the_child_runs_and_can_stop_it() -> None:
    ticks: list[int] = []

    def tick() -> bool:
        ticks.append(1)
        return len(ticks) == 3

    done = run(command(sys.executable, "-c", "import time; time.sleep(60)"), should_stop=tick)
    assert (done.returncode, done.timed_out) == (-signal.SIGTERM, False)
    assert len(ticks) == 3
    assert done.returncode != 0


def test_a_child_that_ends_by_itself_was_not_stopped() -> None:
    done = run(command(sys.executable, "-c", "print('x')"), should_stop=lambda: False)
    assert (done.stdout, done.returncode) == ("x\n", 0)


def test_a_child_that_closes_its_output_early_is_still_waited_for() -> None:
    program = "import os, time; os.close(1); time.sleep(0.6); os._exit(7)"
    assert run(command(sys.executable, "-c", program), should_stop=lambda: False).returncode == 7


@pytest.mark.skipif(sys.platform != "linux", reason="the death pact is Linux's prctl")
def test_a_child_dies_with_us_even_when_we_are_killed() -> None:
    child = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(60)"
    program = (
        "import sys\nfrom dbmate_wrap import process\n"
        f"process.run(process.Command((sys.executable, '-c', {child!r}), {{}}, dies_with_us=True),"
        " on_line=lambda line: print(line, flush=True), should_stop=lambda: False)"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(process.__file__).parents[2])}
    parent = subprocess.Popen([sys.executable, "-c", program], env=env, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until_gone(pid)


def test_undisturbed_work_is_not_interrupted() -> None:
    with process.signals_held():
        os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
