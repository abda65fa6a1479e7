"""A parent of processes that gets every signal of its group: `python -m tests.support.worker_parent FOLDER`.

It prints a line of JSON about what became of them, and stays until it is killed.
"""

import json
import os
import signal
import sys
import time
from multiprocessing import forkserver
from pathlib import Path

from dbmate_wrap.process import signals_held
from dbmate_wrap.process.workers import Worker, Workers, wait_for
from tests.support.worker_jobs import interrupt_itself, note_the_end

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _signal_group() -> None:
    for number in _SIGNALS:
        os.killpg(0, number)


def _first_word(worker: Worker) -> object:
    while True:
        wait_for([worker], 60)
        for word in worker.messages():
            return word


def _exit_code(worker: Worker) -> int:
    while (code := worker.exit_code) is None:
        wait_for([worker], 60)
        list(worker.messages())
    return code


def _server() -> int | None:
    return forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined, no-any-return]


def _run(folder: Path) -> None:
    signal.signal(signal.SIGHUP, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with signals_held() as arrived:
        workers = Workers(())
        workers.prepare()
        server = _server()
        # The fork server imports still.
        _signal_group()
        first = workers.start(note_the_end, folder / "first")
        _first_word(first)
        _signal_group()
        second = workers.start(note_the_end, folder / "second")
        _first_word(second)
        stopped = workers.start(interrupt_itself, None)
        told = {
            "signals": sorted(arrived),
            "same server": server == _server(),
            "exit codes": [first.exit_code, second.exit_code, _exit_code(stopped)],
        }
        print(json.dumps(told), flush=True)
        time.sleep(600)


if __name__ == "__main__":
    _run(Path(sys.argv[1]))
