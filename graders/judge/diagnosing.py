"""Explains a grading run's first failed test by the known misconception that behaves exactly like the submission."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from graders import watchdog
from graders.judge.running import JudgeRunner
from graders.judge.sides import Sides, SubmissionClock, WorkerSide
from graders.judge.worker_handle import Worker
from graders.pytest_plugin.diagnosis import MOST_BYTES, SEED, Budget, Case, Program, diagnose, observation
from graders.pytest_plugin.observation_cache import ObservationCache
from graders.scoring import tasks_for_diagnosis
from graders.verdict import TestResult


def diagnosis(
    runner: JudgeRunner, results: Mapping[str, TestResult], order: Sequence[str], observations: ObservationCache
) -> dict[str, TestResult]:
    """Return the result of the test to explain with an explanation, by test, or an empty dict if there is none.

    `order` names the tests in the order in which they were decided.
    """
    failed = [nodeid for nodeid in order if results[nodeid].status == "failed"]
    tasks = {nodeid: results[nodeid].task for nodeid in failed}
    explicable = [nodeid for nodeid in failed if nodeid not in runner.undiagnosed]
    budget = Budget()
    try:
        with watchdog.cpu_limit(watchdog.DIAGNOSIS_S):
            while explicable:  # the files of the first failed task, then, if nothing is found, those of another
                relevant = tasks_for_diagnosis(runner.kata, {*tasks.values()}, [tasks[each] for each in explicable])
                if found := _of_tasks(runner, results, failed, relevant, observations, budget):
                    return found
                later = [nodeid for nodeid in explicable if relevant and tasks[nodeid] not in relevant]
                explicable = [] if budget.is_spent() else later
    except (Exception, watchdog.OutOfTime):  # noqa: BLE001 (a failed diagnosis must not cost the verdict)
        watchdog.stop()
    return {}


def _of_tasks(
    runner: JudgeRunner,
    results: Mapping[str, TestResult],
    failed: Sequence[str],
    relevant: Collection[str],
    observations: ObservationCache,
    budget: Budget,
) -> dict[str, TestResult]:
    """Return the result of the test to explain with an explanation, by test, if there is one for these tasks."""
    failed = [nodeid for nodeid in failed if results[nodeid].task in relevant]
    explained = next((nodeid for nodeid in failed if nodeid not in runner.undiagnosed), "")
    if not explained:
        return {}
    runtime = runner.kata.runtime_of(results[explained].task)
    cases = _observable(runner, results, relevant, runtime)
    # Failed tests quickly rule out most variants. The order doesn't depend on the seed, so that gradings share a cache.
    cases.sort(key=lambda case: (case.nodeid not in failed, case.nodeid))
    if not cases or cases[0].nodeid not in failed:
        return {}
    tasks = dict.fromkeys(results[nodeid].task for nodeid in (explained, *failed))
    nodeids, sentence, known = _sentence(runner.sides, runtime, [*tasks], cases, observations, budget)
    nodeid = next((nodeid for nodeid in failed if nodeid in nodeids), explained if "" in nodeids else "")
    if not nodeid:
        return {}
    result = results[nodeid]
    if known:
        return {nodeid: msgspec.structs.replace(result, diagnosis=sentence)}
    return {nodeid: msgspec.structs.replace(result, message=f"{result.message}\n{sentence}")}


def _observable(
    runner: JudgeRunner, results: Mapping[str, TestResult], tasks: Collection[str], runtime: str
) -> list[Case]:
    """Return the observable cases of these tasks in one runtime."""
    return [
        case
        for nodeid, case in runner.cases.items()
        if nodeid not in runner.undiagnosed
        and results[nodeid].status != "blocked"
        and runner.kata.runtime_of(results[nodeid].task) == runtime
        and results[nodeid].task in tasks
    ]


def _sentence(
    sides: Sides, runtime: str, tasks: Sequence[str], cases: Sequence[Case], observed: ObservationCache, budget: Budget
) -> tuple[Collection[str], str, bool]:
    """Return the tests that the sentence explains, the sentence, and whether it is about a known misconception."""
    workers: list[Worker] = []  # the submission's, and then the variants'
    clock = SubmissionClock(sides.kata.limits)  # the diagnosis does not use the submission's time

    def side_of(files: dict[str, bytes], place: int) -> WorkerSide:
        if len(workers) <= place:
            workers.append(sides.worker(runtime))
        return sides.side(workers[place], "diagnosis", files, SEED, clock)

    def load(files: dict[str, bytes]) -> WorkerSide:
        side = side_of(files, 1)
        side.load()
        return side

    side = side_of(sides.files, 0)
    own = Program(sides.kata, lambda: side, MOST_BYTES)
    try:
        nodeid, sentence = diagnose(sides.kata, tasks, cases, own, load, observed, budget)
        return ([nodeid], sentence, True) if sentence else (*observation(sides.kata, cases, own, budget), False)
    finally:
        for worker in workers:
            worker.kill("the diagnosis is over")
