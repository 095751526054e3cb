"""The pytest plugin of the katas: marks, fixtures and options, the same for learners and for the judge.

Which side a test's `kata` leads to is decided by the mode: LocalMode (graders.judge.learner, for `pytest katas/…`) runs
the submission in this process; a judge's zygote puts itself in its place (graders.judge.room).
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import pytest

from graders import catalogue
from graders.catalogue import Kata
from graders.checks.draw import Draw
from graders.errors import CatalogueError
from graders.judge.handle import Handle, Probes
from graders.judge.items import HANDLE, KATA, MODE, SEED, kata_of, task_of, test_name, trial_of
from graders.judge.learner import Learner, LocalMode


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("katas")
    group.addoption(
        "--against", metavar="NAME", help="run the katas' tests against a sibling tree of katas/, e.g. solutions"
    )
    group.addoption("--seed", metavar="HEX", dest="kata_seed", help="draw the inputs of an earlier run again")


def pytest_configure(config: pytest.Config) -> None:
    for line in (
        "task(name, title=None): the task of kata.toml that a test decides, and what reports call the test",
        "cases(count): run the test on so many freshly drawn inputs",
        "gpu: needs a CUDA device; ungraded without one",
    ):
        config.addinivalue_line("markers", line)
    against = config.getoption("--against")
    if against is not None and not (against.isidentifier() and _stands_beside_katas(config.rootpath, against)):
        raise pytest.UsageError(f"--against {against}: give the name of a folder beside katas/, such as solutions")
    if MODE not in config.stash:
        config.stash[MODE] = LocalMode(against)
        config.stash[SEED] = _seed(config)
        config.pluginmanager.register(Learner(config), "katas-learner")


def _stands_beside_katas(root: Path, name: str) -> bool:
    return (root / name).is_dir() or not (root / "katas").is_dir()


def _seed(config: pytest.Config) -> bytes:
    given = config.getoption("kata_seed") or getattr(config, "workerinput", {}).get("kata_seed")
    if given is None:
        return os.urandom(16)
    try:
        seed = bytes.fromhex(given)
    except ValueError:
        seed = b""
    if len(seed) != 16:
        raise pytest.UsageError(f"--seed {given}: 32 hexadecimal digits are expected, as an earlier run printed them")
    return seed


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """All xdist workers draw from one seed."""
    node.workerinput["kata_seed"] = node.config.stash[SEED].hex()


# ----------------------------------------------------------------------------------------- collection


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
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
    known = [task.name for task in kata.tasks]
    if task_of(item) not in known:
        raise CatalogueError(
            f"{item.path}: {item.name} is of task {task_of(item)!r}, which {kata.folder / 'kata.toml'} does not have; "
            f"mark it with @task(…), one of {', '.join(known)}"
        )


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
    """The functions of the probes.py beside the test file (of test_NAME.py probes_NAME.py, if there is one)."""
    return probes_beside(request.path)


@functools.cache
def probes_beside(path: Path) -> Probes:
    """Parsed once: a judge's zygote has them before it forks."""
    own = path.with_name(f"probes_{path.stem.removeprefix('test_')}.py")
    return Probes(own if own.is_file() else path.with_name("probes.py"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if HANDLE not in pyfuncitem.stash:
        return None
    __tracebackhide__ = True
    pyfuncitem.config.stash[MODE].run(pyfuncitem, trial_of(pyfuncitem, pyfuncitem.config.stash[SEED]))
    return True
