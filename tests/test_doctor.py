"""`katas doctor`: each problem is provoked for real, and the report names it with its fix."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from graders import doctor
from graders.cli.doctor import SYMBOLS
from graders.learner.progress import default_path
from tests import shell, workshop
from tests.shell import KATAS, Finished, katas_cold
from tests.workshop import ROOT, write

FAULT, LIMITED, OK = "fault", "limited", "ok"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workshop.write_repository(tmp_path / "my kätas", ["alpha"])


def finding(report: Finished | Iterable[doctor.Finding], subject: str, state: str | None = None) -> dict[str, Any]:
    """Return the finding of this subject (and state) in what `katas doctor` printed, or in an examination."""
    findings = printed(report.out) if isinstance(report, Finished) else [msgspec.to_builtins(each) for each in report]
    found = [each for each in findings if each["subject"] == subject and state in (None, each["state"])]
    assert len(found) == 1, (subject, findings, report)
    return found[0]


def printed(text: str) -> list[dict[str, str]]:
    """Return the findings that `katas doctor` printed."""
    states = {symbol: state for state, symbol in SYMBOLS.items()}
    findings: list[dict[str, str]] = []
    key = "found"
    for line in text.splitlines():
        if line[:1] in states:
            key = "found"
            findings.append({"state": states[line[0]], "subject": line[2:22].strip(), key: line[22:], "remedy": ""})
        elif line.startswith(" " * 20):
            key = "remedy" if "→" in line[:22] else key
            findings[-1][key] = f"{findings[-1][key]} {line[22:]}".strip()
    return findings


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed packages, without torch and hypothesis."""
    packages = tmp_path_factory.mktemp("packages")
    # A copy with a planted fault also has another environment's packages on its path.
    installed = [Path(folder) for folder in sys.path if Path(folder).name == "site-packages"]
    entries = {entry.name: entry for folder in reversed(installed) for entry in folder.iterdir()}
    for name, entry in entries.items():
        if not name.startswith(("torch", "zizmor")):
            (packages / name).symlink_to(entry)
    return packages


def without_torch(packages: Path, cwd: Path, *before: str, **env: str) -> Finished:
    """Run `katas doctor` on a Python without torch, because its import takes longer than the rest."""
    program = f"import sys; sys.path += [{str(packages)!r}, {str(ROOT)!r}]; from graders.cli import main; main()"
    words = [*before, sys.executable, "-I", "-S", "-c", program, "doctor"]
    return shell.run(*words, cwd=cwd, env=shell.environment(**env))


@pytest.mark.deep
def test_sound_machine_is_reported_and_left_clean(root: Path) -> None:
    done = katas_cold("doctor", cwd=root, env={"NN_KATAS_PROGRESS": str(root / "progress.sqlite")})
    assert (done.status, done.err, done.left) == (0, "", []), done.said
    assert f"✓ python              CPython {sys.version.split()[0]}" in done.out
    assert "✓ confinement (numpy) full" in done.out
    assert "✗" not in done.out
    assert sorted(path.name for path in root.iterdir()) == ["conftest.py", "graders", "katas", "solutions", "tox.ini"]


@pytest.mark.deep
def test_report_has_every_subject_and_its_limitation(root: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    done = katas_cold("doctor", cwd=root, env={"PATH": str(tmp_path / "bin")})
    findings = printed(done.out)
    assert {"python", "torch", "confinement (torch)", "pytest settings", "data sets", "progress"} <= {
        each["subject"] for each in findings
    }
    assert all(each["remedy"] for each in findings if each["state"] != OK)
    # Without bubblewrap the confinement is partial.
    found = finding(done, "confinement (numpy)", LIMITED)
    assert found["found"] == "partial: bubblewrap is not installed"
    assert found["remedy"].startswith("apt install bubblewrap")
    assert FAULT not in {each["state"] for each in findings}
    assert done.status == 0


def test_missing_mounts_and_torch_have_named_fixes(root: Path, packages: Path) -> None:
    stray = write(root / "pytest.ini", "[pytest]\n")
    done = without_torch(packages, root, *workshop.refusing(1, x86_64=165, aarch64=40))  # mount(2)
    found = finding(done, "confinement (numpy)", LIMITED)
    assert found["found"].startswith("partial: ")
    assert "--security-opt seccomp=unconfined" in found["remedy"]
    assert finding(done, "torch", FAULT)["remedy"].startswith("pip install torch==2.13.0")
    assert "test" in finding(done, "optional packages", OK)["found"]  # zizmor is not there, and no kata needs it
    assert finding(done, "pytest settings", FAULT)["found"].startswith(f"pytest reads {stray} instead of")
    assert done.status == 1


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("katas/alpha/pytest.ini", "", "Remove {file}"),
        ("katas/.pytest.ini", "[pytest]\n", "Remove {file}"),
        ("pytest.ini", "[pytest]\n", "Remove {file}"),
        ("pyproject.toml", "[tool.pytest.ini_options]\n", "Remove the [tool.pytest] table from {file}"),
        ("katas/setup.cfg", "[tool:pytest]\n", "Remove the [tool:pytest] section from {file}"),
        ("katas/alpha/tox.ini", "[pytest]\n", "Remove the [pytest] section from {file}"),
        ("pyproject.toml", "[project]\nname = 'x'\n", None),
        ("setup.cfg", "[tool:pytest]\n", None),
        ("katas/alpha/setup.cfg", "[x]", None),
    ],
)
def test_settings_are_named_if_pytest_prefers_them(root: Path, name: str, text: str, remedy: str | None) -> None:
    stray = write(root / name, text)
    found = finding(doctor.pytest_settings(root), "pytest settings", OK if remedy is None else FAULT)
    if remedy is not None:
        assert found["found"].startswith(f"pytest reads {stray} instead of {root / 'tox.ini'}")
        assert found["remedy"].startswith(remedy.format(file=stray))


@pytest.mark.parametrize("name", ["tox.ini", "conftest.py"])
def test_missing_pytest_file_is_reported(root: Path, name: str) -> None:
    (root / name).unlink()
    found = finding(doctor.pytest_settings(root), "pytest settings", FAULT)
    assert found["remedy"] == f"Restore it: git checkout {name}"


@pytest.mark.deep
def test_report_prints_in_ascii(root: Path) -> None:
    env = shell.environment(LC_ALL="C") | {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([KATAS, "doctor"], cwd=root, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"+ python" in done.stdout


@pytest.mark.parametrize(
    ("subject", "variable", "name"),
    [("data sets", "NN_KATAS_DATA", "cache"), ("progress", "NN_KATAS_PROGRESS", "progress.sqlite")],
)
def test_unwritable_folder_is_reported(
    root: Path, monkeypatch: pytest.MonkeyPatch, subject: str, variable: str, name: str
) -> None:
    monkeypatch.setenv(variable, f"/dev/null/{name}")
    found = finding(doctor.folders(root, default_path()), subject, LIMITED)
    assert "Not a directory" in found["found"]
    assert variable in found["remedy"]


def test_read_only_folders_are_reported(root: Path, packages: Path, tmp_path: Path) -> None:
    for name in ("cache", "tmp"):
        (tmp_path / name).mkdir()
    before = workshop.read_only(root, tmp_path / "cache", tmp_path / "tmp")
    # bubblewrap needs a temporary folder too, so this one is set afterwards.
    before += ["env", f"TMPDIR={tmp_path / 'tmp'}"]
    done = without_torch(packages, root, *before, NN_KATAS_DATA=str(tmp_path / "cache"))
    assert "Read-only file system" in finding(done, "data sets", LIMITED)["found"]
    assert "--submission DIR" in finding(done, "your files", LIMITED)["remedy"]
    # Python itself falls back to /tmp, so this is not a fault.
    assert finding(done, "temporary folder", OK)["found"] == "/tmp"


def test_rest_is_examined_without_a_repository(packages: Path, tmp_path: Path) -> None:
    done = without_torch(packages, tmp_path)
    assert "katas --root DIR doctor" in finding(done, "repository", FAULT)["remedy"]
    assert finding(done, "python", OK)
    assert done.status == 1


@pytest.mark.parametrize(("bound", "version", "state"), [("NEWEST", (3, 10), LIMITED), ("OLDEST", (3, 99), FAULT)])
def test_a_python_that_was_not_tried_is_reported(
    monkeypatch: pytest.MonkeyPatch, bound: str, version: tuple[int, int], state: str
) -> None:
    monkeypatch.setattr(doctor, bound, version)
    remedy = finding(doctor.python(), "python", state)["remedy"]
    assert "The katas were tried with Python 3." in remedy
    assert "rm -r .venv && PYTHON=python3.13 ./run demo" in remedy


def test_broken_kata_toml_is_reported_with_its_fix(root: Path) -> None:
    workshop.edit(root / "katas" / "alpha" / "kata.toml", "minutes", "minuets")
    found = finding(doctor.repository(root), "repository", FAULT)
    assert "unknown key `minuets`" in found["found"] + found["remedy"]


def test_checkout_with_another_harness_is_reported(root: Path) -> None:
    (root / "graders" / "cli").mkdir()
    assert finding(doctor.repository(root), "harness", LIMITED)["remedy"].endswith(f"-e '{root}'")


def test_a_folder_above_the_interpreter_that_is_closed_is_found() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        python = write(Path(folder) / "home" / "bin" / "python", "")
        assert doctor._closed_folder(python) is None
        python.parents[1].chmod(0o700)
        assert doctor._closed_folder(python) == python.parents[1]


def test_every_installation_can_limit_the_time_of_visible_tests() -> None:
    """CI installs no extra for tests, and learners need not either."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert any(each.startswith("pytest-timeout") for each in project["dependencies"])
