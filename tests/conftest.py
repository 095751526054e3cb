"""What the tests of the harness share: a small repository of katas, and a judge that stays on it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from graders import Judge
from graders.verdict import Verdict

HERE = Path(__file__).parent
REPOSITORY = HERE / "repository"

collect_ignore = ["repository"]  # katas of its own, which the tests grade

# By default hypothesis draws few examples, and the same in every run: what is red today was red yesterday. To look for
# faults, draw many new ones with --hypothesis-profile=deep. How long an example takes depends on the machine alone.
ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", ANY_MACHINE, derandomize=True, max_examples=30)
settings.register_profile("deep", ANY_MACHINE, max_examples=1000)
settings.load_profile("quick")

Graded = Callable[..., Verdict]
Written = Callable[..., Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A warning in the harness is an error. The red team's tests start commands, whose warnings are not seen here."""
    for item in items:
        if item.path.is_relative_to(HERE) and not item.path.is_relative_to(HERE / "attacks"):
            item.add_marker(pytest.mark.filterwarnings("error"), append=True)


@pytest.fixture(autouse=True, scope="session")
def progress_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the tests grade is no progress of whoever runs them."""
    os.environ["NN_KATAS_PROGRESS"] = str(tmp_path_factory.mktemp("progress") / "progress.sqlite")


@pytest.fixture(scope="module")
def jupyter_at_home() -> Iterator[None]:
    """Connection files, history and kernel specifications in a folder of our own; short, for sockets are in it too."""
    ours = tempfile.TemporaryDirectory(prefix="jupyter-", ignore_cleanup_errors=True)  # a kernel may still be ending
    with ours as folder, pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
            patch.setenv(name, f"{folder}/{name.lower()}")
        os.mkdir(os.environ["JUPYTER_RUNTIME_DIR"])
        yield


@pytest.fixture(scope="session")
def repository() -> Path:
    """The katas that the tests grade; nothing may be written there."""
    return REPOSITORY


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """One judge for all tests that do it no harm."""
    with Judge(REPOSITORY, require="full") as judge:
        yield judge


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """written(slug, text) is a folder with a submission; `text` is its module's, or a mapping from names to texts."""

    def write(slug: str, text: str | Mapping[str, str]) -> Path:
        folder = tmp_path / f"submission-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for name, content in ({f"{slug}.py": text} if isinstance(text, str) else text).items():
            (folder / name).write_text(content, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def graded(judge: Judge, written: Written) -> Graded:
    """graded(slug, text, seed=…) is the verdict on a submission given by its text, on the same inputs every time."""

    def grade(slug: str, text: str | Mapping[str, str], seed: bytes = bytes(range(16))) -> Verdict:
        return judge.grade(slug, written(slug, text), seed=seed)

    return grade


@pytest.fixture
def solved(repository: Path) -> Callable[[str], str]:
    """solved(slug) is the text of the shipped solution."""
    return lambda slug: (repository / "solutions" / slug / f"{slug}.py").read_text(encoding="utf-8")
