"""The child process that parses long statements to find out whether it survives: a line for each."""

import math
import sys
import threading
import time


def main() -> None:
    """Parse the texts on stdin, in a thread with argv[1] bytes of stack.

    Before each stands a line: its bytes, and how many seconds of the processor it may take; all together may
    take argv[2]. Writes for each those that it took.
    """
    threading.stack_size(int(sys.argv[1]))
    thread = threading.Thread(target=_parse_all, args=(float(sys.argv[2]),))
    thread.start()
    thread.join()


def _parse_all(seconds: float) -> None:
    from dbmate_wrap.sql.grammar import parsed

    last = time.process_time() + seconds
    while line := sys.stdin.buffer.readline():
        size, allowed = line.split()
        text = sys.stdin.buffer.read(int(size)).decode()
        begin = time.process_time()
        _die_at(min(begin + float(allowed), last))
        parsed(text)
        sys.stdout.write(f"{time.process_time() - begin}\n")
        sys.stdout.flush()


def _die_at(seconds: float) -> None:
    """Have the system end this process when it has used so much of the processor; whole seconds only."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard < 0 else min(soft, hard), hard))


if __name__ == "__main__":
    main()
