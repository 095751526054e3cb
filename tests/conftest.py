"""Shared fixtures: a small repository of katas, and one judge that stays running for it."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders import Judge
from graders.verdict import Verdict
from tests.workshop import PRODUCTS

HERE = Path(__file__).parent
REPOSITORY = HERE / "repository"

collect_ignore = ["repository"]  # katas that the tests grade; they aren't tests of the project

# By default, Hypothesis draws a few examples, the same in every run, so that results don't change from run to run. To
# look for faults, draw many new examples with --hypothesis-profile=deep. There is no deadline per example, because the
# time depends on the machine.
ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", ANY_MACHINE, derandomize=True, max_examples=30)
settings.register_profile("deep", ANY_MACHINE, max_examples=1000)
settings.load_profile("quick")

MISSING = [name for name in PRODUCTS if find_spec(name) is None]

IMPORTED = pytest.StashKey[frozenset[str]]()
"""The names of the modules that collecting the tests imported."""

Graded = Callable[..., Verdict]
Written = Callable[..., Path]


def pytest_configure() -> None:
    """Don't look for garbage while collecting tests: what is made then stays.

    Don't let the commands that tests start inherit an ignored Ctrl-C, as a shell's jobs in the background do.

    Have a name, whoever runs the tests: nobody signs a decision as root.
    """
    gc.disable()
    os.environ |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Ivy"}
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the tests of a package beside graders that has been deleted, and those that need it."""
    if not MISSING or collection_path.suffix != ".py":
        return None
    text = collection_path.read_text(encoding="utf-8")
    return True if any(f" {name}" in text for name in MISSING) else None


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    """Let Hypothesis make its random generator before `gc.freeze` hides from it what refers to the generator.

    Otherwise, the first test with Hypothesis fails on Python 3.14, because of Hypothesis's warning.
    """
    given(st.none())(lambda _: None)()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make warnings errors, except in the red team's tests: their commands' warnings don't reach this process."""
    for item in items:
        if item.path.is_relative_to(HERE) and not item.path.is_relative_to(HERE / "attacks"):
            item.add_marker(pytest.mark.filterwarnings("error"), append=True)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what the collection made out of garbage collections, here and in the processes that tests fork.

    Look for garbage rarely: looking as often as Python does by default takes a sixth of the tests' time.
    """
    gc.freeze()
    gc.enable()
    gc.set_threshold(100_000)
    session.config.stash[IMPORTED] = frozenset(sys.modules)


@pytest.fixture(autouse=True, scope="session")
def progress_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the tests' gradings out of the progress file of the person who runs them."""
    os.environ["NN_KATAS_PROGRESS"] = str(tmp_path_factory.mktemp("progress") / "progress.sqlite")


@pytest.fixture(scope="module")
def jupyter_at_home() -> Iterator[None]:
    """Keep Jupyter's files in a temporary folder, with a short path because of the sockets in it."""
    ours = tempfile.TemporaryDirectory(prefix="jupyter-", ignore_cleanup_errors=True)  # a kernel may still run
    with ours as folder, pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
            patch.setenv(name, f"{folder}/{name.lower()}")
        os.mkdir(os.environ["JUPYTER_RUNTIME_DIR"])
        yield


@pytest.fixture
def crowd() -> Iterator[int]:
    """Yield the number of a processor on which other programs keep busy, each in a session of its own.

    Where the kernel groups processes by session, as many programs in one session would get no more than one would.
    """
    processor = min(os.sched_getaffinity(0))
    code = f"import os\nos.sched_setaffinity(0, {{{processor}}})\nwhile True: pass"
    loops = [subprocess.Popen([sys.executable, "-S", "-c", code], start_new_session=True) for _ in range(8)]
    yield processor
    for each in loops:
        each.kill()
        each.wait()


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the repository of katas that the tests grade. Tests must not write there."""
    return REPOSITORY


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """Yield a judge that is shared by all tests that leave it intact."""
    with Judge(REPOSITORY, require="full") as judge:
        yield judge


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Return written(slug, text), which writes a submission's files and returns their folder.

    `text` is the source of the kata's module, or a mapping from file names to texts.
    """

    def write(slug: str, text: str | Mapping[str, str]) -> Path:
        folder = tmp_path / f"submission-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for name, content in ({f"{slug}.py": text} if isinstance(text, str) else text).items():
            (folder / name).write_text(content, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def graded(judge: Judge, written: Written) -> Graded:
    """Return graded(slug, text, seed=…), which grades a submission given as text. The default seed is fixed."""

    def grade(slug: str, text: str | Mapping[str, str], seed: bytes = bytes(range(16))) -> Verdict:
        return judge.grade(slug, written(slug, text), seed=seed)

    return grade


@pytest.fixture
def solved(repository: Path) -> Callable[[str], str]:
    """Return solved(slug), which returns the source of the shipped solution."""
    return lambda slug: (repository / "solutions" / slug / f"{slug}.py").read_text(encoding="utf-8")
