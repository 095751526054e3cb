"""The katas' pytest plugin, with the same marks, fixtures and options for learners and for the judge.

LocalMode (learner_mode.py) runs the submission in this process; graders.judge.suite_server installs another mode.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from graders import catalogue
from graders.catalogue import Kata
from graders.catalogue.paths import home
from graders.checks.arrays import values_only
from graders.checks.draw import Draw
from graders.errors import CatalogueError
from graders.pytest_plugin.handle import Handle, Probes, probes_beside
from graders.pytest_plugin.items import HANDLE, KATA, MODE, SEED, kata_of, task_of, test_name, trial_of
from graders.pytest_plugin.learner_mode import Learner, LocalMode


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("katas")
    against = "run the katas' tests against the folder NAME next to katas/, such as solutions"
    group.addoption("--against", metavar="NAME", help=against)
    group.addoption("--seed", metavar="HEX", dest="kata_seed", help="repeat a run with the same inputs")


def pytest_configure(config: pytest.Config) -> None:
    for line in (
        "task(name, title=None, unless_hidden=False): the task in kata.toml that the test belongs to, the test's "
        "title in reports, and whether the test is left out if hidden tests of the same task run",
        "cases(count): run the test on this many freshly generated inputs",
        "gpu: needs a CUDA device; ungraded without one",
    ):
        config.addinivalue_line("markers", line)
    against = config.getoption("--against")
    if against is not None and not (against.isidentifier() and _is_next_to_katas(config.rootpath, against)):
        raise pytest.UsageError(f"--against {against}: give the name of a folder next to katas/, such as solutions")
    if MODE not in config.stash:
        config.stash[MODE] = LocalMode(against)
        config.stash[SEED] = _seed(config)
        config.pluginmanager.register(Learner(config), "katas-learner")


def _is_next_to_katas(root: Path, name: str) -> bool:
    return (home(root) / name).is_dir() or (root / name).is_dir() or not (root / "katas").is_dir()


def _seed(config: pytest.Config) -> bytes:
    given = config.getoption("kata_seed") or getattr(config, "workerinput", {}).get("kata_seed")
    if given is None:
        return os.urandom(16)
    try:
        seed = bytes.fromhex(given)
    except ValueError:
        seed = b""
    if len(seed) != 16:
        raise pytest.UsageError(f"--seed {given}: 32 hexadecimal digits are expected, as printed by an earlier run")
    return seed


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give all xdist workers the same seed."""
    node.workerinput["kata_seed"] = node.config.stash[SEED].hex()


# ----------------------------------------------------------------------------------------- collection


def _is_benchmarking(config: pytest.Config) -> bool:
    return bool(config.getoption("benchmark_only", False))


@pytest.hookimpl(wrapper=True)
def pytest_report_header(config: pytest.Config) -> Generator[None, list[Any], list[Any]]:
    """Leave out pytest-benchmark's line, unless benchmarks are run."""
    lines = yield
    return [line for line in lines if _is_benchmarking(config) or not str(line).startswith("benchmark: ")]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Collect a kata's benchmark.py, but only with --benchmark-only."""
    wanted = file_path.name == "benchmark.py" and _is_benchmarking(parent.config) and kata_of(file_path)
    return pytest.Module.from_parent(parent, path=file_path) if wanted else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _is_benchmarking(config):  # pytest-benchmark would skip the other tests, but a skipped test has not passed
        others = [item for item in items if "benchmark" not in getattr(item, "fixturenames", ())]
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=others)
    mode = config.stash[MODE]
    loaded: dict[tuple[Path, str], Kata] = {}
    for item in items:
        place = kata_of(item.path)
        if place is None or "kata" not in getattr(item, "fixturenames", ()):
            continue
        try:
            if place not in loaded:
                loaded[place] = catalogue.load(*place)
            kata = loaded[place]
            _check_task(item, kata)
        except CatalogueError as fault:
            mode.faults.append(str(fault))
            continue
        item.stash[KATA] = kata
        item.user_properties += [("root", str(kata.root)), ("kata", kata.slug), ("task", task_of(item))]
    if mode.faults and isinstance(mode, LocalMode):
        raise pytest.UsageError(*dict.fromkeys(mode.faults))


def _check_task(item: pytest.Item, kata: Kata) -> None:
    names = [task.name for task in kata.tasks]
    if task_of(item) not in names:
        undefined = f"{item.name} has the task {task_of(item)!r}, which {kata.folder / 'kata.toml'} does not define"
        raise CatalogueError(f"{item.path}: {undefined}; mark it with @task(…) and one of {', '.join(names)}")


# ---------------------------------------------------------------------------------- fixtures and calls


@pytest.fixture
def kata(request: pytest.FixtureRequest) -> Handle:
    """The submission: its entry points, `run` for probes, `raises` and `reference`."""
    if KATA not in request.node.stash:
        pytest.fail("the fixture `kata` works only in katas/<slug>/ and graders/hidden/<slug>/", pytrace=False)
    handle = request.config.stash[MODE].handle(request.node, request.node.stash[KATA])
    request.node.stash[HANDLE] = handle
    return handle


@pytest.fixture
def draw(request: pytest.FixtureRequest) -> Draw:
    """Fresh inputs. The trial replaces them with its own inputs for each case of a test."""
    return Draw(request.config.stash[SEED], test_name(request.node), 0)


@pytest.fixture
def probes(request: pytest.FixtureRequest) -> Probes:
    """The functions in the file of probes that belongs to the test file (see probes_beside)."""
    return probes_beside(request.path)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if HANDLE not in pyfuncitem.stash:
        return None
    __tracebackhide__ = True
    core = not any(task.extra for task in pyfuncitem.stash[KATA].tasks if task.name == task_of(pyfuncitem))
    with values_only(core):
        pyfuncitem.config.stash[MODE].run(pyfuncitem, trial_of(pyfuncitem, pyfuncitem.config.stash[SEED]))
    return True
