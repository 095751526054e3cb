"""Keeps grading fast by doing everything slow before the request arrives.

A learner who saves a file waits for the verdict. Each process in the chain therefore prepares the next step, so that
after the request only the work that depends on the submission is left:

- The fork server imports PyTorch and pytest once. Suite servers inherit both instead of importing them again. The
  compiler of PyTorch, which takes as long again, isn't imported at all (graders.worker.eager).
- A suite server collects its tests once, and rehearses them once on the kata's solution (`warm_up`). The rehearsal
  fills caches and lets Python specialise its bytecode, which every judge then inherits.
- A resident suite server forks the next judge ahead of its request, so that a request does not wait for the fork.
- That judge rehearses once more while it waits (`rehearse`). After a fork, the kernel copies a memory page when it is
  first written. The rehearsal writes these pages before the request arrives.
- Objects that exist before a fork are frozen (`freeze_heap`). A garbage collection would write to each of them, so the
  kernel would copy all pages that processes share.
- Forked processes end without Python's shutdown (`ending_process`), which would free every object one by one.
- Workers are forked ahead too, in graders.worker.fork_server, as many as recent grading runs used. They import the
  submission for the next tests while one test runs (graders.judge.sides). A judge polls for a reply before it sleeps
  (graders.judge.worker_handle).

The gains were measured with warm processes on exercise01, as medians of three rounds of 14 grading runs. Without a
judge's own rehearsal, a grading run takes 15 % longer, and without the suite server's rehearsal it takes 17 % longer.
Without frozen objects or the quick end of processes, the difference is within the noise (± 9 %).

This module imports little, because the fork server uses it before it has started the first sandbox.
"""

from __future__ import annotations

import contextlib
import gc
import os
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

IDLE_MS = 30  # if no request arrives for this long, a process uses the time to prepare
REHEARSAL_S = 0.5  # a rehearsal starts no further test after this time
QUICK_S = 0.3  # if a rehearsal takes less time than this, every judge rehearses

_INTERRUPTED = 70  # the exit status of a forked process that failed


def freeze_heap() -> None:
    """Collect garbage, then exempt all remaining objects from collection, so that forked processes share them."""
    gc.collect()
    gc.freeze()


def rehearse(items: Sequence[pytest.Item]) -> None:
    """Run the tests in the plugin's current mode, and ignore their results.

    No test is interrupted, because a test that is only half set up would fail in every judge that is forked later.
    """
    from graders.pytest_plugin.pytest_internals import run_once  # imported here, because it imports pytest

    begin = time.monotonic()
    warnings.simplefilter("ignore")  # warnings of the solution
    for item in items:
        if item.get_closest_marker("gpu") is None and time.monotonic() - begin < REHEARSAL_S:
            with contextlib.suppress(Exception):  # if a test is broken, grading reports it
                run_once(item)


def warm_up(items: Sequence[pytest.Item]) -> bool:
    """Rehearse, and freeze the objects that the rehearsal created.

    Return whether the rehearsal was quick enough for every judge to repeat it.
    """
    begin = time.monotonic()
    rehearse(items)
    quick = time.monotonic() - begin < QUICK_S
    freeze_heap()
    return quick


@contextlib.contextmanager
def ending_process() -> Iterator[None]:
    """Run the body in a forked process, then end the process at once, without Python's shutdown."""
    status = _INTERRUPTED
    try:
        yield
        status = 0
    finally:
        os._exit(status)
