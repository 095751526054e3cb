"""Turns a request into a response, even if the harness fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import pytest

from graders.catalogue import Kata
from graders.errors import ForkServerDied, KataError, MachineBusy
from graders.judge.grading import Grading
from graders.judge.messages import GradeRequest, GradeResponse
from graders.judge.running import Runner
from graders.judge.sides import Sandbox, weakest
from graders.judge.submission_side import WorkerSide
from graders.pytest_plugin.items import is_hidden, task_of, without_stand_ins
from graders.pytest_plugin.observation_cache import ObservationCache
from graders.pytest_plugin.pytest_internals import OUTCOMES
from graders.verdict import STRENGTH, Verdict


def respond(
    kata: Kata,
    items: Sequence[pytest.Item],
    request: GradeRequest,
    sandboxes: Mapping[str, Sandbox],
    install: Callable[[Runner, bytes], None],
    report: Callable[[Verdict], None] = lambda _: None,
    observations: ObservationCache | None = None,
    references: dict[str, WorkerSide] | None = None,
) -> GradeResponse:
    """Grade a submission. If the harness fails, the response contains the error.

    `install` makes the runner of a grading run the mode of the pytest plugin. `report` is called with partial verdicts
    if the request asks for them. `references` are the workers with the solution that earlier grading runs left.
    """
    sandbox = weakest(sandboxes)
    if STRENGTH.index(sandbox.confinement) < STRENGTH.index(request.require or "none"):
        reason = f"confinement is {sandbox.confinement}, but {request.require} is required: {sandbox.reason}"
        refused = msgspec.structs.replace(
            request.verdict, status="error", message=reason, confinement=sandbox.confinement
        )
        return GradeResponse(verdict=refused)
    if request.visible:
        items = [item for item in items if not is_hidden(item)]
        if not items:
            return GradeResponse(error=f"{kata.folder}: there are no visible tests")
    if request.tasks:
        items = [item for item in items if task_of(item) in request.tasks]
    grading = Grading(
        kata,
        without_stand_ins(items),
        request,
        sandboxes,
        report,
        observations=observations or ObservationCache(),
        references={} if references is None else references,
    )
    install(grading.runner, request.seed)
    try:
        return GradeResponse(verdict=grading.verdict())
    except (ForkServerDied, MachineBusy) as fault:
        return GradeResponse(lost=str(fault))
    except (KataError, *OUTCOMES) as fault:
        return GradeResponse(error=str(fault))
    except Exception as fault:  # noqa: BLE001 (the client must get a response even if the harness fails)
        return GradeResponse(error=f"the judge failed: {type(fault).__name__}: {fault}")
