"""The record of a grading run. Every report is a pure function of a verdict and its audience."""

from __future__ import annotations

import contextlib
import inspect
from collections import Counter
from typing import Any, Literal

import msgspec

from graders.errors import KataError
from graders.version import __version__

SCHEMA = "katas/verdict/v2"
LONGEST_COMMENT = 2_000  # characters
PASS_FROM = 0.6  # the share of its points with which a task passes that a person scores, unless kata.toml says more
TEST_BROKE = "the test itself broke, which is not the submission's fault (--audience instructor shows the details)"
NOTHING_COUNTS = "One of this kata's tests broke, which is not the submission's fault. This verdict does not count."
FILES = "files"  # the name of the only result of a task that lacks a file; the name of a test begins with `test_`
SOMEBODY = "a person"  # replaces a reviewer's name for the public

Audience = Literal["learner", "public", "instructor"]
Confinement = Literal["full", "partial", "none"]
STRENGTH: tuple[Confinement, ...] = ("none", "partial", "full")  # the weakest first
HiddenDetail = Literal["none", "status", "message", "counterexample"]
Status = Literal["passed", "failed", "awaiting_review", "ungradable", "ungraded", "error"]
TaskStatus = Literal["passed", "partial", "failed", "blocked", "ungraded", "awaiting_review", "error"]
TestStatus = Literal["passed", "failed", "blocked", "ungraded", "error"]
Visibility = Literal["visible", "hidden"]
Reason = Literal["", "time limit", "too slow", "files", "import", "unchanged", "unwritten"]
VerdictReason = Literal["", "unchanged", "earlier kata", "files", "import"]


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An immutable record that rejects unknown fields."""


class Speed(Record, frozen=True, kw_only=True):
    """The submission's time divided by the reference's time. `low` and `high` bound its bootstrap interval."""

    ratio: float
    low: float
    high: float
    cpu_ratio: float


class TestResult(Record, frozen=True, kw_only=True):
    """The result of one test function. Times are in seconds; the kernel measures `worker_cpu_s`.

    `title` comes from `@task("batch", title="…")`; it is empty if the test has none. `reason` says why a right
    answer is not enough (it lost a race) or there is none to judge (a time limit, a file that is missing, refused or
    cannot be parsed, an exception on import), or that the learner has not started this task, or not written the
    function. Otherwise it is empty.
    `expected` and `actual` repeat the values in the last comments of `counterexample`, or are empty.
    """

    __test__ = False  # keep pytest from collecting it

    name: str
    title: str = ""
    task: str
    visibility: Visibility
    status: TestStatus
    reason: Reason = ""
    message: str = ""
    counterexample: str = ""
    expected: str = ""
    actual: str = ""
    diagnosis: str = ""
    output: str = ""
    duration_s: float = 0.0
    worker_cpu_s: float = 0.0
    speed: Speed | None = None

    @property
    def timeless(self) -> TestResult:
        """This result without durations. If it failed because it was too slow, its texts contain the measured times."""
        texts = dict.fromkeys(("message", "counterexample", "actual"), "") if self.reason == "too slow" else {}
        return msgspec.structs.replace(self, duration_s=0.0, worker_cpu_s=0.0, speed=None, **texts)


class TaskResult(Record, frozen=True, kw_only=True):
    """The result of a task, which carries points. Its status follows from its tests, or from its manual score.

    An `extra` task does not affect the verdict's status unless the verdict requires extras. `reviewed_at` is UTC, ISO
    8601. `comment` is the reviewer's comment for the author, at most 2 000 characters. A task that a person scores
    passes with at least the share `pass_from` of its points, or PASS_FROM if it is None.
    """

    name: str
    title: str
    status: TaskStatus
    score: float
    max_score: float
    blocked_by: tuple[str, ...] = ()
    reviewer: str | None = None
    reviewed_at: str | None = None
    comment: str | None = None
    extra: bool = False
    pass_from: float | None = None


class Limits(Record, frozen=True, kw_only=True):
    """A submission's resource limits: seconds of its own time (`_s`), megabytes (`_mb`), kilobytes (`_kb`).

    Its own time is its CPU time and the time in which it sleeps, but not the time in which it waits for a processor.
    """

    import_s: float = 5
    call_s: float = 2
    test_s: float = 10
    total_s: float = 60
    memory_mb: int = 1024
    output_kb: int = 64


class Verdict(Record, frozen=True, kw_only=True):
    """The result of one grading run.

    `score` and `max_score` count graded tasks only; for an ungradable submission, `max_score` counts all tasks that
    tests decide. `require_extras` says whether extra tasks had to pass for `status`. `seed` is 32 hexadecimal
    digits, `graded_at` is UTC, ISO 8601, and the digests are SHA-256. `builds_on` maps the slug of each earlier
    kata, whose files a milestone imports, to the digest of those files; `submission_sha256` covers them too. With
    `with_shipped`, they were the shipped ones, so the verdict is unofficial. `python` is the version that ran the
    tests. `stopped_tests` counts the tests that a time limit stopped. `reason` says why a submission is ungradable:
    it is unchanged since it was handed out, `waits_for` (an earlier kata) is not done, files are missing, refused or
    cannot be parsed, or they raise an exception on import. `shared_worker` says that the ordinary tests ran in one
    worker; else every test had its own. `remark` is for the instructor.
    """

    kata: str
    status: Status
    schema: Literal["katas/verdict/v2"] = "katas/verdict/v2"
    harness_version: str = __version__
    python: str = ""
    title: str = ""
    message: str = ""
    reason: VerdictReason = ""
    waits_for: str = ""
    score: float = 0.0
    max_score: float = 0.0
    ungraded_points: float = 0.0
    review_points: float = 0.0
    require_extras: bool = False
    kata_digest: str = ""
    suite_digest: str = ""
    submission_sha256: str = ""
    builds_on: dict[str, str] = {}
    with_shipped: bool = False
    seed: str | None = None
    graded_at: str = ""
    duration_s: float = 0.0
    confinement: Confinement = "none"
    accepted_confinement: Confinement = "full"
    device: str = "cpu"
    hidden_detail: HiddenDetail = "counterexample"
    limits: Limits = Limits()
    ignored_files: tuple[str, ...] = ()
    intake_notes: tuple[str, ...] = ()
    stopped_tests: int = 0
    shared_worker: bool = False
    remark: str = ""
    tasks: tuple[TaskResult, ...] = ()
    tests: tuple[TestResult, ...] = ()

    @property
    def deciding(self) -> tuple[TaskResult, ...]:
        """The tasks that must pass: the core tasks, and the extras if they are required."""
        return tuple(task for task in self.tasks if self.require_extras or not task.extra)

    @property
    def extras(self) -> tuple[TaskResult, ...]:
        """The tasks beyond the core."""
        return tuple(task for task in self.tasks if task.extra)

    @property
    def untouched(self) -> bool:
        """Whether the submission is unchanged since it was handed out."""
        return self.reason == "unchanged"

    @property
    def untested(self) -> bool:
        """Whether no test ran, because files are missing, refused or broken."""
        names = {test.name for test in self.tests}
        return self.status == "ungradable" or names == {FILES}

    @property
    def ran(self) -> bool:
        """Whether the submission may have run, so that its confinement matters."""
        return bool(self.tests) or self.status != "ungradable" or self.confinement != "none"

    @property
    def exit_status(self) -> int:
        """0 if passed or awaiting review, 1 if failed or ungradable, 2 if the tool could not grade."""
        return {"passed": 0, "awaiting_review": 0, "failed": 1, "ungradable": 1}.get(self.status, 2)

    def for_audience(self, audience: Audience) -> Verdict:
        """Return the verdict without what this audience may not see.

        Instructors see everything. Learners never see the seed, and see as much of a hidden test as `hidden_detail`
        allows. The public sees only status and points.

        A submission can encode a hidden input in how long it sleeps, so the duration is shown only if the messages
        of hidden tests are shown too. An `error` doesn't use up an attempt, so only instructors see its points and
        hidden results. Otherwise a submission could cause an error on purpose to see them.
        """
        if audience == "instructor":
            return self
        of_task: Counter[str] = Counter()
        tests = []
        for test in self.tests:
            of_task[test.task] += test.visibility == "hidden"
            tests.append(_redact(test, of_task[test.task], self.hidden_detail, audience))
        shown = tuple(test for test in tests if test is not None)
        timed = audience == "learner" and _LEVELS[self.hidden_detail] >= _LEVELS["message"]
        redacted = msgspec.structs.replace(
            self, seed=None, remark="", tests=shown, duration_s=self.duration_s if timed else 0.0
        )
        if not timed:
            redacted = msgspec.structs.replace(
                redacted, stopped_tests=sum(test.reason == "time limit" for test in shown)
            )
        if self.status == "error":
            tasks = tuple(task if task.reviewer else _undecided(task) for task in self.tasks)
            redacted = msgspec.structs.replace(
                redacted,
                message=self.message or NOTHING_COUNTS,
                score=sum(task.score for task in tasks),
                ungraded_points=0.0,
                review_points=0.0,
                tasks=tasks,
                tests=tuple(test for test in shown if test.visibility == "visible"),
            )
        if audience == "learner":
            return redacted
        anonymous = [
            msgspec.structs.replace(task, reviewer=task.reviewer and SOMEBODY, reviewed_at=None, comment=None)
            for task in redacted.tasks
        ]
        return msgspec.structs.replace(
            redacted, message="", waits_for="", ignored_files=(), intake_notes=(), tasks=tuple(anonymous)
        )


def _undecided(task: TaskResult) -> TaskResult:
    """Return a task without the results of a grading run that ended in an error."""
    return msgspec.structs.replace(task, status="error", score=0.0, blocked_by=())


_LEVELS: dict[str, int] = {"none": 0, "status": 1, "message": 2, "counterexample": 3}


def _redact(test: TestResult, number: int, hidden_detail: HiddenDetail, audience: Audience) -> TestResult | None:
    """Return the test as the audience may see it, or None if even its existence is hidden.

    `number` is its number among the hidden tests of its task. It replaces a name that may not be shown.
    """
    level = 3 if test.visibility == "visible" else _LEVELS[hidden_detail]
    if level == 0:
        return None
    if audience == "public":
        level = 1
    if test.status == "error" and level >= 2:
        # The original message shows the test's source and the judge's stack, which do not help a learner.
        test = msgspec.structs.replace(test, message=TEST_BROKE)
    if level == 3:
        return test
    name = test.name if test.visibility == "visible" else f"hidden test {number} of {test.task}"
    return msgspec.structs.replace(
        test,
        name=name,
        title=test.title if test.visibility == "visible" else "",
        reason=test.reason if level >= 2 else "",
        message=test.message if level >= 2 else "",
        counterexample="",
        expected="",
        actual="",
        diagnosis=test.diagnosis if level >= 2 else "",
        output="",
        duration_s=test.duration_s if level >= 2 else 0.0,
        worker_cpu_s=test.worker_cpu_s if level >= 2 else 0.0,
        speed=test.speed if level >= 2 else None,
    )


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a verdict."""
    (reference,), definitions = msgspec.json.schema_components([Verdict], ref_template="#/$defs/{name}")
    for definition in definitions.values():
        definition["description"] = inspect.cleandoc(definition["description"])
    # The harness's version changes with every release, but the schema does not.
    definitions["Verdict"]["properties"]["harness_version"].pop("default")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **reference, "$defs": definitions}


def schema_json() -> bytes:
    """Return the text of graders/verdict.schema.json."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2) + b"\n"


def to_json(value: Verdict | list[Verdict]) -> bytes:
    """Return a verdict or a list of verdicts as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2)


def from_json(data: bytes) -> Verdict:
    """Read a verdict. Raises KataError if it is not one, or has another schema."""
    with contextlib.suppress(msgspec.DecodeError):
        return _decode(data)  # the slow path below says what is wrong
    try:
        raw = msgspec.json.decode(data)
    except msgspec.DecodeError as fault:
        raise KataError(f"not JSON: {fault}") from None
    except RecursionError:
        raise KataError("not a verdict: it is nested too deeply") from None
    if not isinstance(raw, dict):
        raise KataError("not a verdict: a JSON object is expected")
    if raw.get("schema") != SCHEMA:
        raise KataError(f"not a verdict that this version reads: schema {raw.get('schema')!r}, expected {SCHEMA!r}")
    try:
        return msgspec.convert(raw, Verdict)
    except msgspec.ValidationError as fault:
        raise KataError(f"not a verdict: {fault}") from None


_decode = msgspec.json.Decoder(Verdict).decode
