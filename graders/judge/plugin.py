"""The pytest plugin of the katas: marks, fixtures and options, the same for learners and for the judge.

Which side a test's `kata` leads to is decided by the mode: LocalMode (here, for `pytest katas/…`) runs the submission
in this process; the judge's zygote puts its own mode in its place (graders.judge.room).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import pytest

from graders import catalogue
from graders.catalogue import Kata
from graders.checks.draw import Draw
from graders.errors import CatalogueError
from graders.judge.cases import Failure, Trial
from graders.judge.handle import Handle, Probes
from graders.judge.local import LocalSide
from graders.judge.race import Race
from graders.judge.scoring import Tally, blocking

HARNESS = str(Path(__file__).parents[1]) + os.sep
HIDDEN = HARNESS + "hidden" + os.sep


class Mode(Protocol):
    """Where submissions live in this pytest run."""

    def handle(self, item: pytest.Item, kata: Kata) -> Handle:
        """The `kata` of a test."""

    def run(self, item: pytest.Function, trial: Trial) -> None:
        """Run a test's cases; report a failure in the way of the mode."""


MODE = pytest.StashKey[Mode]()
SEED = pytest.StashKey[bytes]()
KATA = pytest.StashKey[Kata]()
HANDLE = pytest.StashKey[Handle]()
TALLY = pytest.StashKey[Tally]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("katas")
    group.addoption(
        "--against", metavar="NAME", help="run the katas' tests against a sibling tree of katas/, e.g. solutions"
    )
    group.addoption("--seed", metavar="HEX", dest="kata_seed", help="draw the inputs of an earlier run again")


def pytest_configure(config: pytest.Config) -> None:
    for line in (
        "task(name): the task of kata.toml that a test decides",
        "cases(count): run the test on so many freshly drawn inputs",
        "gpu: needs a CUDA device; ungraded without one",
    ):
        config.addinivalue_line("markers", line)
    against = config.getoption("--against")
    if against is not None and (not against.isidentifier()):
        raise pytest.UsageError(f"--against {against}: give the name of a folder beside katas/, such as solutions")
    config.stash[TALLY] = Tally()
    if MODE not in config.stash:
        config.stash[MODE] = LocalMode(against)
        config.stash[SEED] = _seed(config)
        config.pluginmanager.register(Learner(config), "katas-learner")


def _seed(config: pytest.Config) -> bytes:
    given = config.getoption("kata_seed") or getattr(config, "workerinput", {}).get("kata_seed")
    if given is None:
        return os.urandom(16)
    try:
        return bytes.fromhex(given)
    except ValueError:
        raise pytest.UsageError(
            f"--seed {given}: hexadecimal digits are expected, as an earlier run printed them"
        ) from None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """All xdist workers draw from one seed."""
    node.workerinput["kata_seed"] = node.config.stash[SEED].hex()


# ----------------------------------------------------------------------------------------- collection


def kata_of(path: Path) -> tuple[Path, str] | None:
    """The root of the repository and the slug of the kata that a test file belongs to."""
    folder = path.parent
    if (folder / "kata.toml").is_file() and folder.parent.name == "katas":
        return folder.parents[1], folder.name
    if folder.parent.name == "hidden" and folder.parents[1].name == "graders":
        return folder.parents[2], folder.name
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    loaded: dict[tuple[Path, str], Kata] = {}
    for item in items:
        place = kata_of(item.path)
        if place is None or "kata" not in getattr(item, "fixturenames", ()):
            continue
        try:
            kata = loaded.setdefault(place, catalogue.load(*place)) if place not in loaded else loaded[place]
            _check_task(item, kata)
        except CatalogueError as fault:
            raise pytest.UsageError(str(fault)) from None
        item.stash[KATA] = kata
        item.user_properties += [("root", str(kata.root)), ("kata", kata.slug), ("task", task_of(item))]


def _check_task(item: pytest.Item, kata: Kata) -> None:
    known = [task.name for task in kata.tasks]
    if task_of(item) not in known:
        raise CatalogueError(
            f"{item.path}: {item.name} is of task {task_of(item)!r}, which {kata.folder / 'kata.toml'} does not have; "
            f"mark it with @task(…), one of {', '.join(known)}"
        )


def task_of(item: pytest.Item) -> str:
    """The name of the task that a test decides."""
    mark = item.get_closest_marker("task")
    return str(mark.args[0]) if mark and mark.args else ""


# ---------------------------------------------------------------------------------- fixtures and calls


@pytest.fixture
def kata(request: pytest.FixtureRequest) -> Handle:
    """The submission: its entry points, `run` for probes, `raises`, `reference`."""
    if KATA not in request.node.stash:
        pytest.fail("the fixture `kata` works in katas/<slug>/ and graders/hidden/<slug>/ only", pytrace=False)
    handle = request.config.stash[MODE].handle(request.node, request.node.stash[KATA])
    request.node.stash[HANDLE] = handle
    return handle


@pytest.fixture
def draw(request: pytest.FixtureRequest) -> Draw:
    """Fresh inputs; each case of a test gets its own in its place."""
    return Draw(request.config.stash[SEED], test_name(request.node), 0)


@pytest.fixture
def probes(request: pytest.FixtureRequest) -> Probes:
    """The functions of the probes.py beside the test file, to be run where the submission is."""
    return Probes(request.path.parent / "probes.py")


def test_name(item: pytest.Item) -> str:
    """A test's name without the place of the repository, so that a seed means the same everywhere."""
    return f"{'hidden' if item.path.parent.parent.name == 'hidden' else 'visible'}/{item.name}"


test_name.__test__ = False  # type: ignore[attr-defined]


def trial_of(item: pytest.Function, seed: bytes) -> Trial:
    """The test as something to run on drawn inputs."""
    names = item._fixtureinfo.argnames
    fixed = {name: item.funcargs[name] for name in names if name not in ("kata", "draw")}
    mark = item.get_closest_marker("cases")
    count = int(mark.args[0]) if mark else 1

    def body(handle: Handle, drawn: Draw) -> object:
        __tracebackhide__ = True
        own = {"kata": handle, "draw": drawn}
        return item.obj(**fixed, **{name: own[name] for name in own if name in names})

    return Trial(body, item.stash[HANDLE], seed, test_name(item), count)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if HANDLE not in pyfuncitem.stash:
        return None
    __tracebackhide__ = True
    pyfuncitem.config.stash[MODE].run(pyfuncitem, trial_of(pyfuncitem, pyfuncitem.config.stash[SEED]))
    return True


# ---------------------------------------------------------------------------------------- learner mode


@dataclass
class LocalMode:
    """The submission lives in this process: katas/<slug> itself, or the sibling tree named by --against."""

    against: str | None = None
    folders: Callable[[Kata], Path] = field(init=False)

    def __post_init__(self) -> None:
        self.folders = lambda kata: kata.root / (self.against or "katas") / kata.slug

    def handle(self, item: pytest.Item, kata: Kata) -> Handle:
        folder = self.folders(kata)
        if not folder.is_dir():
            pytest.fail(f"{folder} does not exist: --against takes the name of a folder beside katas/", pytrace=False)
        return Handle(
            kata,
            LocalSide(kata, folder),
            lambda: LocalSide(kata, kata.solution),
            timed=lambda race, _: _show_times(item, race),
        )

    def run(self, item: pytest.Function, trial: Trial) -> None:
        __tracebackhide__ = True
        failure = trial.failure(reducing=not item.config.getoption("usepdb"))
        if failure is None:
            return
        fault = failure.fault
        note = _note(failure)
        if note:
            fault.add_note(note)
        raise fault.with_traceback(_without_harness(fault.__traceback__))


def _show_times(item: pytest.Item, race: Race) -> None:
    """Two rows of pytest-benchmark's table, submission beside reference."""
    session = getattr(item.config, "_benchmarksession", None)
    if session is None or session.disabled or session.skip:
        return
    from pytest_benchmark.fixture import BenchmarkFixture

    for who, times in zip(("submission", "reference"), race.times, strict=True):
        fixture: Any = BenchmarkFixture(  # type: ignore[no-untyped-call]
            item,
            add_stats=session.benchmarks.append,
            logger=session.logger,
            warner=item.warn,
            disabled=False,
            **dict(session.options, group=f"speed: {item.name}"),
        )
        fixture.name = fixture.fullname = who
        stats = fixture._make_stats(1)
        for seconds in times[1:]:  # the first is the warm-up
            stats.update(seconds)


def _note(failure: Failure) -> str:
    if isinstance(failure.fault, NotImplementedError) or not failure.counterexample:
        return ""
    return "\nThe smallest failing case, as code:\n\n" + "\n".join(
        "    " + line for line in failure.counterexample.splitlines()
    )


def _without_harness(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames of the harness, but with those of hidden tests."""
    kept = []
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith(HARNESS) or file.startswith(HIDDEN):
            kept.append(trace)
        trace = trace.tb_next
    rebuilt: TracebackType | None = None
    for entry in reversed(kept):
        rebuilt = TracebackType(rebuilt, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return rebuilt


def pytest_runtest_setup(item: pytest.Item) -> None:
    if KATA not in item.stash or not isinstance(item.config.stash[MODE], LocalMode):
        return
    if item.get_closest_marker("gpu") and not has_gpu():
        pytest.skip("ungraded: there is no GPU here")
    kata = item.stash[KATA]
    others = blocking(kata, item.config.stash[TALLY].failed(kata), task_of(item))
    if others:
        pytest.skip(f"blocked: first make {' and '.join(others)} pass")


def has_gpu() -> bool:
    """Whether torch can use a CUDA device."""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_available())


def pytest_report_header(config: pytest.Config) -> str | None:
    if not isinstance(config.stash[MODE], LocalMode):
        return None
    against = config.getoption("--against")
    return f"katas: {against or 'your own files'}, inputs drawn with --seed={config.stash[SEED].hex()}"


class Learner:
    """Keeps the tally and prints it; registered in learner mode, in xdist's controller as in its workers."""

    def __init__(self, config: pytest.Config) -> None:
        self.tally = config.stash[TALLY]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = {name: str(value) for name, value in report.user_properties}
        if "kata" in properties and (report.when == "call" or not report.passed):
            self.tally.record(properties, report.outcome)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        lines = self.tally.lines()
        if lines:
            terminalreporter.section("points, unofficial", sep="-")
        for line in lines:
            terminalreporter.write_line(line)
