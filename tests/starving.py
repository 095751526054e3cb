"""A context manager, as text for other processes, in which a process gets hardly any processor time.

It works the same on a quiet and on a busy machine. Afterwards the process keeps its low priority.
"""

STARVED = """\
import contextlib, os, subprocess, time

@contextlib.contextmanager
def starved():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})  # which it shares with an endless loop of a far higher priority
    loop = subprocess.Popen(["sh", "-c", "ulimit -t 120; while :; do :; done"])
    os.nice(19)
    try:
        yield
    finally:
        loop.kill()
        loop.wait()
        os.sched_setaffinity(0, before)

def work(wall_s):
    end = time.monotonic() + wall_s
    while time.monotonic() < end:
        pass
"""
