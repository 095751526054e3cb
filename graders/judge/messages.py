"""What a command and its judging process say to each other.

A module of its own, so that a command that only asks imports neither NumPy nor pytest.
"""

from __future__ import annotations

import msgspec

from graders.verdict import Confinement, Verdict


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A request to grade: a submission as intake took it, and the verdict with what is known before any test runs."""

    files: dict[str, bytes]
    supplied: dict[str, bytes]
    solution: dict[str, bytes]
    seed: bytes
    verdict: Verdict
    diagnosing: bool = True
    tasks: tuple[str, ...] = ()  # the only ones to look at; all if none are named
    visible: bool = False  # run only the tests that a learner has?
    require: Confinement | None = None
    reducing: bool = True  # make a failing case as small as it will go?
    thorough: bool = True  # run the rest after the first failure?
    crowded: bool = False  # does other work want the processor while this judge waits for a worker?
    telling: bool = False  # answer after every test with what is known so far?


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict; `lost` says that the harness's own worker zygote died, and the grading may be tried again.

    `so_far` marks an answer that others follow: it has the tests that were run, and the tasks whose tests all were.
    """

    verdict: Verdict | None = None
    so_far: bool = False
    lost: str = ""
    error: str = ""
