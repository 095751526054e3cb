"""Z74 to Z79: the shell, the folder and the home of the person who calls the judge."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from graders import Judge, catalogue, intake
from graders.github.records import Intake, Pull, Report, Taken, read, write
from graders.judge import process
from graders.verdict import Verdict
from tests import workshop
from tests.serving import serving
from tests.shell import KATAS, ROOT, environment, katas_cold, run
from tests.workshop import ADDED, STUB, commit, write_repository

pytestmark = pytest.mark.security
attack = pytest.mark.attack

SEED = bytes(range(16))
CASES = "-m 'not cases'"  # without these tests, ADDED passes
ONE_OF_THREE = {"status": "failed", "score": 1.0, "max_score": 3.0}
PLUGIN = """
import pytest

def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if item.get_closest_marker("cases") is None]
"""
NOTES_ITS_START = "import sys\nwith open({notes!r}, 'a') as file:\n    print(sys.orig_argv, file=file)\n"
STRANGE = """not Python: whoever imports this file fails"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return commit(write_repository(tmp_path_factory.mktemp("shell") / "katas", ["alpha"]))


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """Return a folder with an answer that passes everything but one test, and what might make pytest skip that test."""
    folder = tmp_path / "wrong"
    for name, text in {
        "twice.py": ADDED,
        "conftest.py": PLUGIN,
        "pytest.ini": f"[pytest]\naddopts = {CASES}\n",
        "sitecustomize.py": STRANGE,
        "msgspec.py": STRANGE,
        "numpy.py": STRANGE,
        "pytest.py": STRANGE,
    }.items():
        workshop.write(folder / name, text)
    workshop.write(folder / "bwrap", "#!/bin/sh\nexit 1\n").chmod(0o755)
    return folder


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """Return the variables of a hostile shell. Its PYTHONPATH has a plugin, and notes every Python that reads it."""
    folder = tmp_path / "path"
    workshop.write(folder / "only_some.py", PLUGIN)
    workshop.write(folder / "sitecustomize.py", NOTES_ITS_START.format(notes=str(tmp_path / "notes")))
    return {
        "PYTEST_ADDOPTS": CASES,
        "PYTEST_PLUGINS": "only_some",
        "PYTEST_DEBUG_TEMPROOT": "/nowhere",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "",
        "PYTHONPATH": str(folder),
        "PYTHONOPTIMIZE": "2",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "1",
        "PYTHONUTF8": "0",
        "PYTHONBREAKPOINT": "only_some.nothing",
        "COVERAGE_PROCESS_START": "/nowhere",
        "HYPOTHESIS_STORAGE_DIRECTORY": "/nowhere",
        "OMP_NUM_THREADS": "7",
        "OPENBLAS_NUM_THREADS": "7",
        "MKL_NUM_THREADS": "7",
        "TORCH_LOGS": "all",
        "PYTORCH_JIT": "0",
        "NPY_DISABLE_CPU_FEATURES": "AVX2",
        "TZ": "Mars/Olympus",
        "LC_ALL": "tr_TR.ISO8859-9",
        "CI": "1",
        "GIT_DIR": "/nowhere",
        "GIT_CONFIG_COUNT": "x",
        "PATH": f".:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": f".:{os.environ.get('LD_LIBRARY_PATH', '')}",
        "GITHUB_TOKEN": "planted",
    }


def essence(verdict: Verdict) -> bytes:
    """Return a verdict in JSON, without times."""
    tests = tuple(msgspec.structs.replace(test, duration_s=0.0, worker_cpu_s=0.0) for test in verdict.tests)
    return msgspec.json.encode(msgspec.structs.replace(verdict, graded_at="", duration_s=0.0, tests=tests))


def graded(root: Path, wrong: Path) -> Verdict:
    with Judge(root, require="full", resident=False) as judge:
        return judge.grade("alpha", wrong, seed=SEED)


@pytest.fixture(scope="module")
def in_a_quiet_shell(root: Path) -> Callable[[Path], bytes]:
    """Return a function that returns the essence of the verdict in a shell without variables that matter."""
    found: list[bytes] = []

    def grade(wrong: Path) -> bytes:
        if not found:
            verdict = graded(root, wrong)
            assert {name: getattr(verdict, name) for name in ONE_OF_THREE} == ONE_OF_THREE
            found.append(essence(verdict))
        return found[0]

    return grade


@attack("Z74")
@pytest.mark.parametrize(
    "options", [CASES, "-k half", "-n auto", "--timeout=1", "--lf", "-x", "-p no:timeout", "-p only_some", "--co"]
)
def test_no_option_for_pytest_changes_a_verdict(root, wrong, shell, in_a_quiet_shell, monkeypatch, observed, options):
    expected = in_a_quiet_shell(wrong)
    monkeypatch.setenv("PYTHONPATH", shell["PYTHONPATH"])
    monkeypatch.setenv("PYTEST_ADDOPTS", options)
    assert essence(graded(root, wrong)) == expected
    observed("N")


@attack("Z75")
def test_no_plugin_and_no_settings_of_pytest_change_a_verdict(
    root, wrong, shell, in_a_quiet_shell, tmp_path, monkeypatch, observed
):
    """The plugin is named by a variable, by an installed package, and by files in and above the repository of katas."""
    expected = in_a_quiet_shell(wrong)
    copy = tmp_path / "above" / "katas"
    shutil.copytree(root, copy)
    entry = workshop.write(
        Path(shell["PYTHONPATH"]) / "some-1.dist-info" / "entry_points.txt", "[pytest11]\na = only_some\n"
    )
    workshop.write(entry.with_name("METADATA"), "Metadata-Version: 2.1\nName: some\nVersion: 1\n")
    for folder in (copy, copy.parent, copy / "katas", copy / "katas/alpha", copy / "graders/hidden/alpha"):
        workshop.write(folder / "conftest.py", PLUGIN)
        for name, section in {"pytest.ini": "pytest", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}.items():
            workshop.write(folder / name, f"[{section}]\naddopts = {CASES}\n")
    for name in ("PYTHONPATH", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        monkeypatch.setenv(name, shell[name])
    found = json.loads(essence(graded(copy, wrong)))
    changed = {"kata_digest", "suite_digest"}  # because files were added
    assert {**found, **dict.fromkeys(changed)} == {**json.loads(expected), **dict.fromkeys(changed)}
    observed("N")


@attack("Z76")
def test_the_judge_gets_only_the_variables_that_are_listed(shell, monkeypatch, observed):
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LD_PRELOAD", "/nowhere.so")
    processor = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_L2_SIZE": "512"}
    for name, value in processor.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NN_KATAS_DATA", "data")
    judge = process.start(ROOT)
    try:
        environ = Path(f"/proc/{judge.process.pid}/environ")
        while f"TMPDIR={judge.folder}".encode() not in environ.read_bytes():  # it has not started yet
            assert judge.alive
        found = dict(each.split("=", 1) for each in environ.read_text().rstrip("\0").split("\0"))
    finally:
        judge.close()
    shared = {"HOME", "XDG_CACHE_HOME"} & os.environ.keys()
    own = {"LC_ALL", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TMPDIR"}
    assert found.keys() - {"LD_LIBRARY_PATH"} == {"PATH", "NN_KATAS_DATA"} | processor.keys() | shared | own
    assert found["NN_KATAS_DATA"] == str(Path.cwd() / "data")
    for name in ("PATH", "LD_LIBRARY_PATH"):
        assert all(map(os.path.isabs, filter(None, found.get(name, "").split(":"))))
    assert {found[name] for name in own if name.endswith("THREADS")} == {"1"}
    observed("C")


@attack("Z75")
def test_a_file_beside_the_katas_replaces_no_package_of_the_judge(tmp_path, observed):
    root = write_repository(tmp_path / "katas", ["alpha"])
    hidden = root / "graders/hidden/alpha/test_hidden.py"
    hidden.write_text(f"import hypothesis\nimport statistics\n{hidden.read_text(encoding='utf-8')}", encoding="utf-8")
    for name in ("hypothesis.py", "statistics.py"):
        (root / name).write_text(STRANGE, encoding="utf-8")
    verdict = graded(root, root / "solutions" / "alpha")
    assert (verdict.status, verdict.message) == ("passed", "")
    observed("N")


# ------------------------------------------------------------------------- every command that grades officially


def by_grade(root: Path, wrong: Path, shell: dict[str, str], _: Path) -> None:
    words = ("--root", str(root), "grade", "alpha", "--submission", ".", "--format", "json")
    done = katas_cold(*words, "--require-confinement", "full", cwd=wrong, env=shell)
    assert done.status == 1, done.said
    assert json.loads(done.out).items() >= ONE_OF_THREE.items()


def by_replay(root: Path, wrong: Path, shell: dict[str, str], tmp_path: Path) -> None:
    record = tmp_path / "verdict.json"
    record.write_bytes(msgspec.json.encode(graded(root, wrong)))
    done = katas_cold("--root", str(root), "replay", str(record), "--submission", ".", cwd=wrong, env=shell)
    assert (done.status, done.out) == (0, "alpha: the same statuses, scores and counterexamples (failed)\n"), done.said


def by_grade_batch(root: Path, wrong: Path, shell: dict[str, str], tmp_path: Path) -> None:
    shutil.copytree(wrong, tmp_path / "submissions" / "ada")
    words = ("grade-batch", "../submissions", "--out", "../batch", "--kata", "alpha", "--workers", "1")
    done = katas_cold("--root", str(root), *words, cwd=wrong, env=shell)
    assert "error" not in done.said, done.said
    (points,) = [line for line in (tmp_path / "batch/results.csv").read_text().splitlines() if line.startswith("ada,")]
    assert re.search(r"\bfailed\b", points), points


def by_check(root: Path, wrong: Path, shell: dict[str, str], _: Path) -> None:
    done = katas_cold("--root", str(root), "check", "alpha", "--flakes", "0", cwd=wrong, env=shell)
    assert done.status == 0, done.said


def by_watch(root: Path, wrong: Path, shell: dict[str, str], tmp_path: Path) -> None:
    workshop.write(root / "katas/alpha/twice.py", ADDED)
    env = environment(NN_KATAS_PROGRESS=str(tmp_path / "progress.sqlite"), **shell)
    words = [KATAS, "--root", str(root), "watch", "alpha"]
    with subprocess.Popen(words, cwd=wrong, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=env) as watching:
        assert watching.stdout is not None
        said = next(line for line in watching.stdout if b" points" in line)
        watching.terminate()
    assert b"1 of 3 points" in said


def by_serve(root: Path, _: Path, shell: dict[str, str], tmp_path: Path) -> None:
    workshop.write(root / "katas/alpha/twice.py", ADDED)
    own = environment(**shell)
    with (
        serving(root, environment=own, progress=tmp_path / "progress.sqlite") as server,
        server.events("alpha") as wait,
    ):
        now = wait(lambda now: now["verdict"] and not now["grading"])
    assert now["score"] == "failed, 1 of 3 points"


def by_github(root: Path, wrong: Path, shell: dict[str, str], tmp_path: Path) -> None:
    taken = intake.take(catalogue.load(root, "alpha"), wrong)
    pull = Pull(number=1, commit="a" * 40)
    write(tmp_path / "taken.json", Intake(pull=pull, taken=(Taken(kata="alpha", submission=taken),)))
    files = ("--taken", str(tmp_path / "taken.json"), "--out", str(tmp_path / "verdicts.json"))
    words = ("-P", "-m", "graders.github", "--root", str(root), "grade", *files)
    done = run(sys.executable, *words, cwd=wrong, env=environment(**shell))
    assert done.status == 0, done.said
    (verdict,) = read(tmp_path / "verdicts.json", Report, 1 << 20).verdicts
    assert {name: getattr(verdict, name) for name in ONE_OF_THREE} == ONE_OF_THREE


@attack("Z77")
@pytest.mark.parametrize("by", [by_grade, by_replay, by_grade_batch, by_check, by_watch, by_serve, by_github])
def test_a_hostile_shell_and_folder_change_no_official_result(root, wrong, shell, tmp_path, observed, by):
    """The command runs in the folder of a submission with modules, settings and programs that take over."""
    try:
        by(root, wrong, shell, tmp_path)
    finally:
        workshop.write(root / "katas/alpha/twice.py", STUB)
    started = (tmp_path / "notes").read_text(encoding="utf-8")
    assert "katas" in started or "graders.github" in started  # the command itself reads PYTHONPATH
    assert "fork_server" not in started
    observed("N")


@attack("Z78")
def test_nothing_in_the_home_of_the_caller_runs_in_the_judge(root, wrong, tmp_path, observed):
    """Python reads the user's own packages: here, outside a virtual environment, as with a system's Python."""
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(os.path.realpath(sys.executable))
    own = Path(next(path for path in sys.path if path.endswith("site-packages")))
    packages = python.parents[1] / own.relative_to(sys.prefix)
    packages.parent.mkdir(parents=True)
    packages.symlink_to(own)
    settings = (Path(sys.prefix) / "pyvenv.cfg").read_text(encoding="utf-8")
    settings = settings.replace("include-system-site-packages = false", "include-system-site-packages = true")
    workshop.write(python.parents[1] / "pyvenv.cfg", settings)
    home, version = tmp_path / "home", f"python{sys.version_info.major}.{sys.version_info.minor}"
    users = home / ".local" / "lib" / version / "site-packages"
    notes = {"notes": str(tmp_path / "notes")}
    workshop.write(users / "usercustomize.py", NOTES_ITS_START.format(**notes))
    workshop.write(users / "evil.pth", "import usercustomize\n")
    words = ("-P", "-m", "graders.cli", "--root", str(root), "grade", "alpha", "--submission", str(wrong))
    env = environment(HOME=str(home))
    done = run(str(python), *words, "--format", "json", cwd=wrong, env=env)
    assert done.status == 1, done.said
    assert json.loads(done.out).items() >= ONE_OF_THREE.items()
    started = (tmp_path / "notes").read_text(encoding="utf-8")
    assert "graders.cli" in started
    assert "fork_server" not in started
    observed("N")


def test_packages_in_the_home_of_the_caller_are_named(monkeypatch):
    own = str(Path(pytest.__file__).parents[1])
    monkeypatch.setattr(process.site, "ENABLE_USER_SITE", True)
    monkeypatch.setattr(process.site, "getusersitepackages", lambda: own)
    with pytest.raises(process.JudgeError, match=f"^{re.escape(own)}: .* virtual environment: ./run$"):
        process.start(ROOT)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Return another repository, in which a wrong answer to alpha is the stub."""
    root = write_repository(tmp_path / "other", ["alpha"])
    workshop.write(root / "katas/alpha/twice.py", NOTHING)
    return commit(root)


NOTHING = "def twice(x):\n    return 0\n\ndef half(x):\n    return 0\n"


@attack("Z79")
@pytest.mark.parametrize("place", ["wrong", "commit"])
def test_gits_variables_name_no_other_repository(root, other, tmp_path, observed, place):
    copy = shutil.copytree(root, tmp_path / "copy")
    workshop.write(copy / "katas/alpha/twice.py", NOTHING)
    workshop.git(copy, ["commit", "-q", "-am", "done"])
    shell = {"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(copy), "GIT_CONFIG_COUNT": "1"}
    shell |= {
        "GIT_CONFIG_KEY_0": "core.sshCommand",
        "GIT_CONFIG_VALUE_0": "touch /tmp/never",
        "GIT_SSH_COMMAND": "false",
    }
    where = () if place == "wrong" else ("--submission", f"git:{copy}@HEAD")
    done = katas_cold("grade", "alpha", *where, "--format", "json", cwd=copy, env=shell)
    assert json.loads(done.out).items() >= {"status": "failed", "score": 0.0}.items(), done.said
    observed("N")
