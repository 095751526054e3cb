"""The red team's fixtures: grade submissions that attack the judge, and check what they achieve.

Every submission here tries to get a verdict that it did not earn, to learn something that it must not know, or to stop
the grading. Each is graded under full confinement, most of them by a resident judge. If the command itself is the
target, and at least once for every letter of the list, the real command grades in a separate process."""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graders import report as reports
from graders.report import terminal
from graders.verdict import Audience, Verdict
from tests.attacks.building import build, build_in_a_line, names
from tests.attacks.table import CARRIED, LETTERS, OBSERVED, Recorder, killed
from tests.shell.judges import Residents, children, running

ROOT = Path(__file__).resolve().parents[2]
SECRET = "planted-token-0f2c"  # in the grader's environment; the judge and submissions must not see it
PATIENCE_S = 240  # for one command, on a busy machine
ENDS_WITHIN_S = 60  # for killed processes to disappear
PR_SET_CHILD_SUBREAPER = 36
SECRETS = {"GITHUB_TOKEN": SECRET, "KATAS_SECRET": SECRET}
_residents = Residents(SECRETS, ENDS_WITHIN_S)

collect_ignore = ["submissions"]  # pytest must not read the attackers' conftest.py and pytest.ini


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "security: an attack on the grading, run under full confinement")
    config.addinivalue_line("markers", "attack(*numbers): the lines of the red team's list that a test covers")
    path = config.getoption("attacks_table", None)  # the option is unknown if pytest read this file too late
    if path and not hasattr(config, "workerinput"):  # workers of xdist report to the main process, which writes
        config.pluginmanager.register(Recorder(Path(path).absolute()))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--attacks-table", metavar="FILE", help="write the red team's list with its answers to FILE")


def pytest_itemcollected(item: pytest.Item) -> None:
    for mark in item.iter_markers("attack"):
        item.user_properties.extend((CARRIED, number) for number in mark.args)


_called: list[pytest.Item] = []  # the test whose body is running, because gradings by fixtures don't answer an attack


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    _called.append(item)
    try:
        return (yield)
    finally:
        _called.pop()


def _note(letter: str) -> None:
    """Record the answer (a letter of table.py) that the running test saw. Call it after the assertion."""
    assert letter in LETTERS
    for item in _called:
        item.user_properties.append((OBSERVED, letter))


@pytest.fixture(scope="session")
def observed() -> Callable[[str], None]:
    """Return observed(letter), which records the answer in a test with its own assertions. Call it after them."""
    return _note


@dataclass(frozen=True)
class Graded:
    """The result of grading one submission: `katas grade`'s exit status, and its JSON report for an instructor."""

    exit_status: int
    verdict: dict[str, Any]
    record: Verdict | None = None  # the verdict itself, if a resident judge graded

    def report(self, style: str, audience: Audience = "instructor") -> str:
        """Return what the command prints in another format."""
        assert self.record is not None
        if style != "terminal":
            return reports.render([self.record], style, audience)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            terminal.print_verdict(self.record, audience=audience)
        return printed.getvalue()

    @property
    def tests(self) -> list[dict[str, Any]]:
        return self.verdict["tests"]

    @property
    def hurt(self) -> set[str]:
        """The names of the tests that did not pass: they failed, or a failed task blocked them."""
        return {test["name"] for test in self.tests if test["status"] != "passed"}

    @property
    def failed(self) -> list[dict[str, Any]]:
        return [test for test in self.tests if test["status"] == "failed"]

    @property
    def messages(self) -> list[str]:
        return [test["message"] for test in self.failed]

    @property
    def output(self) -> str:
        return "\n".join(test["output"] for test in self.tests)

    def passes(self) -> None:
        """Check that the submission passes like an honest one."""
        assert self.hurt == set(), self.messages
        assert (self.verdict["status"], self.exit_status) == ("passed", 0)
        assert self.verdict["score"] == self.verdict["max_score"] > 0
        _note("N")

    def fails(self, reason: str, within: Collection[str] | None = None) -> None:
        """Check that some tests fail, each for this reason (a pattern), and that their tasks give no points.

        With `within`, check that only these tests are hurt.
        """
        self._fails(reason)
        assert within is None or self.hurt <= set(within)
        self._note_failures()

    def _note_failures(self) -> None:
        for message in self.messages:
            _note("K" if killed(message) else "F")

    def _fails(self, reason: str) -> None:
        assert (self.verdict["status"], self.exit_status) == ("failed", 1)
        assert self.failed
        for message in self.messages:
            assert re.search(reason, message, re.IGNORECASE), message
        assert {test["status"] for test in self.tests} <= {"passed", "failed", "blocked"}
        assert self.verdict["score"] < self.verdict["max_score"]
        for task in self.verdict["tasks"]:
            if task["status"] != "passed":
                assert task["score"] == 0

    def fails_only(self, where: Collection[str], reason: str, task: str = "batch") -> None:
        """Check that only tests in `where` fail, with this reason, among them all those of `task`."""
        self._fails_only(where, reason, task)
        self._note_failures()

    def gains_nothing(self, where: Collection[str], reason: str, task: str = "batch") -> None:
        """Check that only the honest part counts: `fails_only` holds, and no worker was killed."""
        self._fails_only(where, reason, task)
        assert not any(map(killed, self.messages))
        _note("N")

    def _fails_only(self, where: Collection[str], reason: str, task: str) -> None:
        self._fails(reason)
        assert self.hurt <= set(where)
        assert {test["status"] for test in self.tests if test["task"] == task and test["name"] in where} == {"failed"}
        assert 0 < len(self.hurt) < len(self.tests)

    def is_killed_only(self, where: Collection[str], reason: str) -> Graded:
        """Check that exactly the tests in `where` fail, each killed for this reason. Later tests have other workers."""
        self._fails(reason)
        assert self.hurt == set(where)
        self._note_failures()
        return self

    def fails_everywhere(self, reason: str) -> None:
        """Check that no test passes."""
        self._fails(reason)
        assert len(self.hurt) == len(self.tests)
        assert self.verdict["score"] == 0
        self._note_failures()

    def is_ungradable(self, reason: str) -> None:
        """Check that the submission is ungradable for this reason and that no test ran."""
        self._is_ungradable(reason)
        _note("U")

    def _is_ungradable(self, reason: str) -> None:
        assert (self.verdict["status"], self.exit_status) == ("ungradable", 1)
        assert re.search(reason, self.verdict["message"], re.IGNORECASE | re.DOTALL), self.verdict["message"]
        assert self.verdict["score"] == 0
        assert self.tests == []

    def cannot_be_imported(self, reason: str) -> None:
        """Check that the submission is ungradable because its import failed in a confined worker."""
        self._is_ungradable(reason)
        assert self.verdict["confinement"] == "full"
        _note("U")

    def is_refused(self, reason: str) -> None:
        """Check that intake rejected the submission for this reason, which names the file."""
        self._is_ungradable(reason)
        assert self.verdict["submission_sha256"] == ""
        _note("R")

    def found(self) -> list[dict[str, Any]]:
        """Return what a searching submission reported, once for each test whose message contains a report."""
        reports = [re.search(r"FOUND-([0-9a-f]+)-END", message) for message in self.messages]
        assert any(reports), self.messages
        _note("C")
        return [json.loads(bytes.fromhex(match.group(1))) for match in reports if match]


Grade = Callable[..., Graded]


@pytest.fixture(scope="session", autouse=True)
def _adopt_orphans() -> None:
    """Make this process adopt processes that a command leaves behind, so that they are detected."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run_katas(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command in the repository. Check that none of its processes is left afterwards."""
    environment = os.environ | SECRETS
    command = [sys.executable, "-m", "graders.cli", *arguments]
    before = set(children(os.getpid()))  # other tests' judges are still running
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            pytest.fail(f"{' '.join(command)} did not end")
    if check:
        assert process.returncode in (0, 1), errors or output
    assert "Traceback" not in errors
    assert _residents.patiently(lambda: running(set(children(os.getpid())) - before)) == []
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _looked_at(exit_status: int, printed: str, record: Verdict | None = None) -> Graded:
    verdict = json.loads(printed)
    assert verdict["status"] in ("passed", "failed", "ungradable"), verdict["message"]
    assert verdict["confinement"] == "full" or verdict["status"] == "ungradable"  # rejected before anything ran
    assert "error" not in {result["status"] for result in (*verdict["tests"], *verdict["tasks"])}
    return Graded(exit_status, verdict, record)


@pytest.fixture(scope="session", autouse=True)
def _end_of_residents() -> Iterator[None]:
    yield
    _residents.close()


@pytest.fixture(scope="session")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all submissions, built from their files and parts."""
    folder = tmp_path_factory.mktemp("submissions")
    for name in names():
        build(name, folder / name)
    return folder


@pytest.fixture(scope="session")
def grade(submissions: Path) -> Grade:
    """Return grade(slug, folder[, root, tasks, diagnosing, visible]), which grades a folder of submissions.

    It grades against a repository of katas, by default this one, by a resident judge that has graded other attacks
    before, and whose caller had the secrets in its environment.
    """

    def by_resident(
        slug: str,
        submission: str | Path,
        root: Path | None = None,
        tasks: Collection[str] = (),
        *,
        diagnosing: bool = True,
        visible: bool = False,
    ) -> Graded:
        folder = submissions / submission  # joining leaves an absolute path unchanged
        assert folder.exists()
        verdict = _residents.grade(root or ROOT, slug, str(folder), tasks, diagnosing=diagnosing, visible=visible)
        return _looked_at(verdict.exit_status, reports.render([verdict], "json", "instructor"), verdict)

    return by_resident


@pytest.fixture(scope="session")
def memory_of_judges() -> Callable[..., contextlib.AbstractContextManager[list[float]]]:
    """`with memory_of_judges([root]) as most:` sets most[0] to a judge's peak memory beyond its start."""
    return lambda root=None: _residents.memory(root or ROOT)


@pytest.fixture(scope="session")
def work_of_judges() -> Callable[..., contextlib.AbstractContextManager[list[float]]]:
    """`with work_of_judges([root]) as work:` sets work[0] to a judge's work; 1 is a count to ten million."""
    return lambda root=None: _residents.work(root or ROOT)


@pytest.fixture(scope="session")
def katas_report(submissions: Path) -> Callable[..., str]:
    """Return katas_report(slug, folder, format[, root, audience]), the real command's output in another format."""
    return lambda *of, **named: _command(submissions, *of, **named).stdout


@pytest.fixture(scope="session")
def katas_grade(submissions: Path) -> Grade:
    """Return katas_grade(slug, folder[, root]), which grades with the real command."""

    def by_command(slug: str, submission: str | Path, root: Path | None = None) -> Graded:
        done = _command(submissions, slug, submission, "json", root)
        return _looked_at(done.returncode, done.stdout)

    return by_command


def _command(
    submissions: Path,
    slug: str,
    submission: str | Path,
    style: str,
    root: Path | None = None,
    audience: str = "instructor",
) -> subprocess.CompletedProcess[str]:
    folder = submissions / submission
    assert folder.exists()
    where = [] if root is None else ["--root", str(root)]
    options = ["--format", style, "--audience", audience, "--require-confinement", "full"]
    return run_katas(*where, "grade", slug, "--submission", str(folder), *options)


@pytest.fixture
def submission(tmp_path: Path) -> Callable[..., Path]:
    """Return submission(folder, {old: new}), a copy of an attack with some of its text replaced."""
    return lambda name, replaced=None: build(name, tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}", replaced)


@pytest.fixture
def solved(tmp_path: Path) -> Callable[[str], Path]:
    """Return solved(slug), a folder with a copy of a kata's solution."""

    def copied(slug: str) -> Path:
        folder = tmp_path / f"{slug}-{len(list(tmp_path.iterdir()))}"
        return shutil.copytree(ROOT / "solutions" / slug, folder, ignore=shutil.ignore_patterns("__pycache__"))

    return copied


@pytest.fixture
def doing(tmp_path: Path) -> Callable[[str], Path]:
    """Return doing(code), an attack in a few lines: a submission that runs this code when it gets a batch.

    The code can use W, x and b, the right answer z, and what building.IN_A_LINE imports.
    """
    return lambda code: build_in_a_line(code, tmp_path / f"doing-{len(list(tmp_path.iterdir()))}")


@pytest.fixture
def losing(submission: Callable[..., Path]) -> Callable[[str], Path]:
    """Return losing(code), a submission to exercise04 whose loss is this expression instead of honest_loss(…)."""
    return lambda code: submission("honest_except_for_the_loss", {'raise ValueError("no loss here")': f"return {code}"})


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the folder in which the command runs."""
    return ROOT


@pytest.fixture(scope="session")
def secret() -> str:
    """Return the token that is in the grader's environment."""
    return SECRET


# Only the time for a call is short. On a busy machine, an import or a whole test may be slow without hanging.
LIMITS = "\n[limits]\nimport_s = 20\ncall_s = 1\ntest_s = 20\ntotal_s = 120\nmemory_mb = 256\noutput_kb = 16\n"
HASTY = LIMITS.replace("call_s = 1\n", "call_s = 0.5\n").replace("import_s = 20\n", "import_s = 2\n")
PATIENT = LIMITS.replace("call_s = 1\n", "call_s = 20\n")


def _repository(folder: Path, edit: Callable[[str], str]) -> Path:
    """Return a repository of one kata, with the layout of this one and an edited kata.toml."""
    for part in ("katas", "solutions", "graders/hidden"):
        shutil.copytree(ROOT / part / "exercise01", folder / part / "exercise01")
    for name in ("conftest.py", "tox.ini"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder)
    settings = folder / "katas/exercise01/kata.toml"
    text = re.sub(r"\n\[limits\][^\[]*", "\n", settings.read_text(encoding="utf-8"))
    text = re.sub(r"\nafter = .*", "", text)
    settings.write_text(edit(text), encoding="utf-8")
    return folder


FEW = ("test_the_worked_example", "test_a_batch_of_three_rows", "test_float32_stays_float32")


def _visible_alone(folder: Path, edit: Callable[[str], str]) -> Path:
    """Return a similar repository with three visible tests, one for each task, and only their tasks."""
    root = _repository(folder, lambda text: edit(text.partition("\n[tasks.inputs]")[0]))
    tests = root / "katas/exercise01/test_exercise01.py"
    blocks = tests.read_text(encoding="utf-8").split("\n\n\n")  # imports and numbers, then one test each
    kept = [block for block in blocks[1:] if any(f"def {name}(" in block for name in FEW)]
    assert len(kept) == len(FEW)
    tests.write_text("\n\n\n".join([blocks[0], *kept]) + "\n", encoding="utf-8")
    hidden = root / "graders/hidden/exercise01"  # without it, this would be a student's copy
    shutil.rmtree(hidden)
    hidden.mkdir()
    return root


@pytest.fixture(scope="session")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with exercise01, with small limits and without tasks that block others."""
    return _repository(tmp_path_factory.mktemp("impatient"), lambda text: text + LIMITS)


@pytest.fixture(scope="session")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return exercise01 with few tests, one of them with a batch, so that a submission hangs only once and briefly."""
    return _visible_alone(tmp_path_factory.mktemp("hasty"), lambda text: text + HASTY)


@pytest.fixture(scope="session")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same repository, but with enough time for tests that take long and end by themselves."""
    return _visible_alone(tmp_path_factory.mktemp("patient"), lambda text: text + PATIENT)


@pytest.fixture(scope="session")
def torch_runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return exercise01 with its visible tests in the torch runtime, which allows threads and a scratch folder."""

    def edit(text: str) -> str:
        assert 'runtime = "numpy"' in text
        return text.replace('runtime = "numpy"', 'runtime = "torch"') + LIMITS

    return _visible_alone(tmp_path_factory.mktemp("torch"), edit)


@pytest.fixture(scope="session")
def with_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return exercise01 with a folder of results among its declared files, and with a supplied module."""

    def edit(text: str) -> str:
        text = text.replace('files = ["affine.py"]', 'files = ["affine.py", "results/*"]')
        return text.replace("supplied = []", 'supplied = ["constants.py"]')

    root = _repository(tmp_path_factory.mktemp("results"), edit)
    constants = root / "katas/exercise01/constants.py"
    constants.write_text('"""Supplied to every submission."""\n\nSHIFT = 0.0\n', encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def secretive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an exercise01 that shows a learner only the status of a hidden test."""

    def edit(text: str) -> str:
        assert 'hidden_detail = "counterexample"' in text
        return text.replace('hidden_detail = "counterexample"', 'hidden_detail = "status"')

    return _repository(tmp_path_factory.mktemp("secretive"), edit)


@pytest.fixture(scope="session")
def batch_tests(grade: Grade) -> set[str]:
    """Return the tests of exercise01 that fail or are blocked if the submission rejects batches."""
    return _hurt_by(grade, "exercise01", "honest_except_for_batches")


@pytest.fixture(scope="session")
def impatient_batch_tests(grade: Grade, impatient: Path) -> set[str]:
    """Return the tests of the impatient exercise01 that use a batch."""
    return _hurt_by(grade, "exercise01", "honest_except_for_batches", impatient)


@pytest.fixture(scope="session")
def hasty_batch_tests(grade: Grade, hasty: Path) -> set[str]:
    """Return the only test of the hasty exercise01 that uses a batch."""
    found = _hurt_by(grade, "exercise01", "honest_except_for_batches", hasty)
    assert len(found) == 1
    return found


@pytest.fixture(scope="session")
def is_killed(grade: Grade, impatient: Path, impatient_batch_tests: set[str]) -> Grade:
    """Return is_killed(folder, reason), which grades the impatient exercise01 and calls is_killed_only for batches."""
    return lambda folder, reason: grade("exercise01", folder, impatient).is_killed_only(impatient_batch_tests, reason)


@pytest.fixture(scope="session")
def is_killed_hastily(grade: Grade, hasty: Path, hasty_batch_tests: set[str]) -> Grade:
    """Return is_killed_hastily(folder, reason), which does the same in the hasty exercise01."""
    return lambda folder, reason: grade("exercise01", folder, hasty).is_killed_only(hasty_batch_tests, reason)


@pytest.fixture(scope="session")
def loss_tests(grade: Grade) -> set[str]:
    """Return the tests of exercise04 that fail or are blocked if cross_entropy is missing."""
    return _hurt_by(grade, "exercise04", "honest_except_for_the_loss")


def _hurt_by(grade: Grade, slug: str, submission: str, root: Path | None = None) -> set[str]:
    graded = grade(slug, submission, root)
    graded.fails("no (batches|loss) here")
    assert 0 < len(graded.hurt) < len(graded.tests)
    return graded.hurt
