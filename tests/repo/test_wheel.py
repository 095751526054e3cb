"""The wheel: installed without a clone, it writes the katas and grades with their hidden tests."""

from __future__ import annotations

import json
import shutil
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from graders import catalogue
from tests.shell import Finished, environment, run
from tests.workshop import PACKAGES, ROOT, commit, write

MOST_BYTES = 15_000_000
STRAY = (  # what must not be in a wheel: files that git does not track, and rests of an earlier build
    "katas/exercise01/notes.txt",
    "katas/exercise01/__pycache__/affine.cpython-311.pyc",
    "graders/hidden/exercise01/wrong/draft.edit",
    "solutions/exercise01/draft.py",
    "graders/draft.py",
    "build/lib/graders/gone.py",
    "katas_page/web/node_modules/draft/draft.js",
)
RIGHT, WRONG = "return 1.0 * x @ W.T + b", "return x @ W.T - b"
STOLEN = """\
import glob, os

def affine(W, x, b):
    for name in ("test_hidden.py", "../../../solutions/exercise01/affine.py"):
        with open(os.path.join({hidden!r}, name)) as file:
            file.read()
    return x @ W.T + b
"""


def tracked() -> list[str]:
    return run("git", "ls-files", "-z").out.strip("\0").split("\0")


def contents(wheel: Path) -> dict[str, str]:
    """Return the digest of every file in a wheel by name, apart from the metadata."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        return {name: sha256(archive.read(name)).hexdigest() for name in names}


def built(source: Path, to: Path) -> Path:
    """Build the wheel with pip, without a network: setuptools comes from this environment."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-index"]
    done = run(*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", str(to), str(source), cwd=to)
    assert done.status == 0, done.said
    (wheel,) = to.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with the files of the working tree, and with files that do not belong in a wheel."""
    place = tmp_path_factory.mktemp("clone")
    for name in tracked():
        if (ROOT / name).is_file() and name.split("/")[0] not in ("docs", "tests", "benchmarks"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    commit(place)
    for name in STRAY:
        write(place / name, "stray = True\n")
    return place


@pytest.fixture(scope="module")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(clone, tmp_path_factory.mktemp("wheel"))


class Learner(NamedTuple):
    """Somebody who has installed the wheel, and has no clone."""

    python: Path
    shipped: Path
    home: Path

    def katas(self, *words: str, cwd: Path | None = None) -> Finished:
        return self.run(self.python.with_name("katas"), *words, cwd=cwd or self.folder)

    def run(self, *words: str | Path, cwd: Path) -> Finished:
        own = {"HOME": str(self.home), "NN_KATAS_PROGRESS": str(self.home / "progress.sqlite")}
        return run(*map(str, words), cwd=cwd, env=environment(**own))

    @property
    def folder(self) -> Path:
        return self.home / "my-katas"

    def answer(self, line: str) -> None:
        write(self.folder / "katas/exercise01/affine.py", f"def affine(W, x, b):\n    {line}\n")


@pytest.fixture(scope="module")
def learner(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learner]:
    """A bare environment with the wheel. A .pth file shows it this environment's packages, but no editable install."""
    place, home = tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("home")
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install", "--quiet"]
    done = run(*pip, "--no-index", "--no-deps", "--no-compile", str(wheel), cwd=home)
    assert done.status == 0, done.said
    (site,) = place.glob("lib/python*/site-packages")
    packages = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    write(site / "packages.pth", "\n".join(packages))
    someone = Learner(python, site / "graders" / "shipped", home)
    assert someone.katas("init", "my-katas", cwd=home).status == 0
    yield someone
    shutil.rmtree(place)


def test_wheel_has_every_kata_and_nothing_else(wheel: Path) -> None:
    shipped = ("katas/", "solutions/", "graders/hidden/", "conftest.py", "tox.ini")
    wanted = {f"graders/shipped/{name}" for name in tracked() if name.startswith(shipped)}
    wanted |= {name for name in tracked() if name.startswith(PACKAGES) and not name.startswith(shipped)}
    assert contents(wheel).keys() == wanted
    assert wheel.stat().st_size < MOST_BYTES


@pytest.mark.deep
def test_wheel_from_an_sdist_is_the_same(clone: Path, wheel: Path, tmp_path: Path) -> None:
    code = f"from setuptools.build_meta import build_sdist; build_sdist({str(tmp_path)!r})"
    done = run(sys.executable, "-c", code, cwd=clone)
    assert done.status == 0, done.said
    (packed,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (source,) = tmp_path.glob("nn_katas-*/")
    (tmp_path / "wheel").mkdir()
    write(source / "katas_page/web/node_modules/draft/draft.js", "")
    assert contents(built(source, tmp_path / "wheel")) == contents(wheel)


LOADED = """\
import sys
from graders.cli.app import run_command_line
sys.argv = ["katas", "grade", "exercise01", "--against", "solutions"]
assert run_command_line() == 0
print("loaded:", *(each.__file__ for each in sys.modules.values() if getattr(each, "__file__", None)), sep="\\n")
"""


def test_nothing_comes_from_the_clone(learner: Learner) -> None:
    """For the processes of the judge, the clone's folders are empty."""
    covered = [word for name in ("graders", "katas", "solutions") for word in ("--tmpfs", str(ROOT / name))]
    hiding = ["bwrap", "--dev-bind", "/", "/", *covered, "--cap-add", "ALL", "--die-with-parent", "--"]
    done = learner.run(*hiding, learner.python, "-c", LOADED, cwd=learner.folder)
    assert done.status == 0, done.said
    loaded = [Path(line) for line in done.out.partition("loaded:\n")[2].splitlines()]
    packages = sysconfig.get_path("purelib")
    assert [path for path in loaded if path.is_relative_to(ROOT) and not path.is_relative_to(packages)] == []
    assert any(path.is_relative_to(learner.shipped.parent) for path in loaded)


def test_folder_is_graded_with_the_hidden_tests(learner: Learner) -> None:
    kata = catalogue.load(ROOT, "exercise01")
    for line, status, said in ((RIGHT, 0, "passed"), (WRONG, 1, "failed")):
        learner.answer(line)
        done = learner.katas("grade", "exercise01", "--format", "json", "--audience", "instructor")
        assert done.status == status, done.said
        verdict = json.loads(done.out)
        assert verdict["status"] == said
        assert {test["visibility"] for test in verdict["tests"]} == {"visible", "hidden"}
        assert (verdict["kata_digest"], verdict["suite_digest"]) == (kata.kata_digest(), kata.suite_digest())


def test_unchanged_stub_is_recognised_without_git(learner: Learner) -> None:
    learner.katas("reset", "exercise01")
    done = learner.katas("grade", "exercise01")
    assert done.status == 1
    assert "unchanged since it was handed out" in done.out


@pytest.mark.security
def test_submission_cannot_read_the_shipped_tests(learner: Learner) -> None:
    hidden = learner.shipped / "graders" / "hidden" / "exercise01"
    assert (hidden / "test_hidden.py").is_file()
    write(learner.folder / "katas/exercise01/affine.py", STOLEN.format(hidden=str(hidden)))
    for confinement in ("auto", "partial"):
        done = learner.katas("grade", "exercise01", "--confinement", confinement)
        assert done.status == 1, done.said
        assert "affine raised FileNotFoundError" in done.out or "affine raised PermissionError" in done.out


def test_pytest_runs_the_visible_tests(learner: Learner) -> None:
    for line, status in ((RIGHT, 0), (WRONG, 1)):
        learner.answer(line)
        done = learner.run(learner.python, "-m", "pytest", "-q", "katas/exercise01", cwd=learner.folder)
        assert done.status == status, done.said
        assert "official: katas grade exercise01" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hint", "exercise01"), "Hint"),
        (("next",), "next: "),
        (("progress",), "exercise01"),
        (("solution", "exercise01", "--anyway"), "def affine"),
        (("debug", "list"), "puzzle"),
        (("grade", "exercise02", "--against", "solutions"), "passed"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_other_commands_work_in_the_folder(learner: Learner, words: tuple[str, ...], said: str) -> None:
    done = learner.katas(*words)
    assert done.status == 0, done.said
    assert said in done.out


def test_update_keeps_the_learners_answer(learner: Learner) -> None:
    learner.answer(RIGHT)
    readme = learner.folder / "katas/exercise01/README.md"
    shipped = readme.read_bytes()
    readme.unlink()
    done = learner.katas("init", ".")
    assert (done.status, done.out) == (0, ".: 1 file written\n")
    assert readme.read_bytes() == shipped
    assert RIGHT in (learner.folder / "katas/exercise01/affine.py").read_text(encoding="utf-8")


def test_handouts_and_bundles_leave_the_shipped_katas_out(learner: Learner, clone: Path) -> None:
    """A clone that the installed wheel works on, with --root, gets a handout without anybody's hidden tests."""
    out = learner.home / "handout"
    words = ["release", "exercise01", "--student", str(out), "--docker", str(out.with_name("docker"))]
    done = learner.katas("--root", str(clone), *words, cwd=learner.home)
    assert done.status == 0, done.said
    assert list(learner.home.glob("*/**/shipped")) == []
