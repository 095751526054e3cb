"""`katas doctor`: each finding provoked for real, with what it says of it and the remedy."""

from __future__ import annotations

import json
import shutil
import site
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests import workshop
from tests.workshop import KATAS, ROOT, Finished, katas, write

FAULT, LIMITED, OK = "fault", "limited", "ok"

# Refuses mount(2), as the default profile of a container does, and goes on with the command.
WITHOUT_MOUNTS = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from graders.worker import seccomp
from graders.worker.syscalls import prctl
number = {{"x86_64": 165, "aarch64": 40}}[os.uname().machine]
check = (seccomp.LOAD, 0, 0, seccomp.NUMBER), (seccomp.EQUAL, 0, 1, number)
answers = (seccomp.RETURN, 0, 0, seccomp.ERRNO | 1), (seccomp.RETURN, 0, 0, seccomp.ALLOW)
prctl("PR_SET_NO_NEW_PRIVS", 38, 1)
seccomp.install(seccomp.Program((*check, *answers)).for_process(0))
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workshop.write_repository(tmp_path / "my kätas", ["alpha"])


def finding(done: Finished, subject: str, state: str | None = None) -> dict[str, Any]:
    """The finding of this subject (and state) in a report as JSON."""
    found = [
        each
        for each in json.loads(done.out)["findings"]
        if each["subject"] == subject and state in (None, each["state"])
    ]
    assert len(found) == 1, (subject, done.out, done.err)
    return found[0]


def doctor(root: Path, *words: str, **env: str) -> Finished:
    return katas("doctor", "--format", "json", *words, cwd=root, env=env)


def test_a_sound_machine_is_told_so_and_nothing_is_left_behind(root: Path) -> None:
    done = katas("doctor", cwd=root, env={"NN_KATAS_PROGRESS": str(root / "progress.sqlite")})
    assert (done.status, done.err, done.left) == (0, "", [])
    assert f"✓ python              CPython {sys.version.split()[0]}" in done.out
    assert "✓ confinement (numpy) full" in done.out
    assert "✗" not in done.out
    assert sorted(path.name for path in root.iterdir()) == ["conftest.py", "graders", "katas", "solutions", "tox.ini"]


def test_the_report_as_json_has_every_subject(root: Path) -> None:
    done = doctor(root)
    report = json.loads(done.out)
    assert report["schema"] == "katas/doctor/v1"
    assert report["root"] == str(root)
    assert {"python", "torch", "confinement (torch)", "pytest settings", "data sets", "progress"} <= {
        each["subject"] for each in report["findings"]
    }
    assert all(each["remedy"] for each in report["findings"] if each["state"] != OK)


def test_without_bubblewrap_the_confinement_is_partial(root: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(str(shutil.which("git")))
    done = doctor(root, PATH=str(tmp_path / "bin"))
    found = finding(done, "confinement (numpy)", LIMITED)
    assert found["found"] == "partial: bubblewrap is not installed"
    assert found["remedy"].startswith("apt install bubblewrap")
    assert done.status == 0
    assert doctor(root, "--strict", PATH=str(tmp_path / "bin")).status == 1


def test_where_no_namespaces_are_allowed_the_remedies_are_named(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MOUNTS, KATAS, "doctor", "--format", "json"],
        cwd=root,
        capture_output=True,
        encoding="utf-8",
        env=workshop.environment(),
        check=False,
    )
    found = finding(Finished(done.returncode, done.stdout, done.stderr, []), "confinement (numpy)", LIMITED)
    assert found["found"].startswith("partial: ")
    assert "--security-opt seccomp=unconfined" in found["remedy"]


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("katas/alpha/pytest.ini", "", "Remove {file}"),
        ("katas/.pytest.ini", "[pytest]\n", "Remove {file}"),
        ("pytest.ini", "[pytest]\n", "Remove {file}"),
        ("pyproject.toml", "[tool.pytest.ini_options]\n", "Take the [tool.pytest] table out of {file}"),
        ("katas/setup.cfg", "[tool:pytest]\n", "Take the [tool:pytest] section out of {file}"),
        ("katas/alpha/tox.ini", "[pytest]\n", "Take the [pytest] section out of {file}"),
    ],
)
def test_settings_that_pytest_would_prefer_are_named(root: Path, name: str, text: str, remedy: str) -> None:
    stray = write(root / name, text)
    done = doctor(root)
    found = finding(done, "pytest settings", FAULT)
    assert found["found"].startswith(f"{stray} is preferred to {root / 'tox.ini'}")
    assert found["remedy"].startswith(remedy.format(file=stray))
    assert done.status == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [("pyproject.toml", "[project]\nname = 'x'\n"), ("setup.cfg", "[tool:pytest]\n"), ("katas/alpha/setup.cfg", "[x]")],
)
def test_settings_that_pytest_does_not_prefer_are_none_of_our_business(root: Path, name: str, text: str) -> None:
    write(root / name, text)
    assert finding(doctor(root), "pytest settings")["state"] == OK


@pytest.mark.parametrize("name", ["tox.ini", "conftest.py"])
def test_a_file_that_pytest_needs_is_missed(root: Path, name: str) -> None:
    (root / name).unlink()
    assert finding(doctor(root), "pytest settings", FAULT)["remedy"] == f"Get it back: git checkout {name}"


def test_an_environment_that_changes_pytest_is_told(root: Path) -> None:
    # pytest's variables are kept from every command here, as from the outer run's: this one is meant.
    env = workshop.environment() | {"PYTEST_ADDOPTS": "-p no:terminal"}
    done = subprocess.run([KATAS, "doctor"], cwd=root, env=env, capture_output=True, encoding="utf-8", check=False)
    assert "~ pytest environment  PYTEST_ADDOPTS=-p no:terminal" in done.stdout
    assert "→ unset PYTEST_ADDOPTS" in done.stdout


@pytest.mark.parametrize(
    ("subject", "variable", "name"),
    [("data sets", "NN_KATAS_DATA", "cache"), ("progress", "NN_KATAS_PROGRESS", "progress.sqlite")],
)
def test_a_folder_that_cannot_be_written_to_is_told(root: Path, subject: str, variable: str, name: str) -> None:
    done = doctor(root, **{variable: f"/dev/null/{name}"})
    found = finding(done, subject, LIMITED)
    assert "Not a directory" in found["found"]
    assert variable in found["remedy"]
    assert done.status == 0


def test_a_read_only_cache_and_checkout_are_told(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    done = subprocess.run(
        [*workshop.read_only(root, cache), KATAS, "doctor", "--format", "json"],
        cwd=root,
        env=workshop.environment(NN_KATAS_DATA=str(cache)),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    finished = Finished(done.returncode, done.stdout, done.stderr, [])
    assert "Read-only file system" in finding(finished, "data sets", LIMITED)["found"]
    assert "--submission DIR" in finding(finished, "your files", LIMITED)["remedy"]


def test_a_temporary_folder_that_cannot_be_used_is_a_fault(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    done = subprocess.run(
        [*workshop.read_only(folder), "sh", "-c", 'TMPDIR="$1" "$0" doctor', KATAS, str(folder)],
        cwd=root,
        env=workshop.environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    # Python itself goes on to /tmp, so that nothing is at fault.
    assert done.returncode == 0
    assert "✓ temporary folder    /tmp" in done.stdout


def test_without_a_repository_the_rest_is_looked_at(tmp_path: Path) -> None:
    done = doctor(tmp_path)
    assert "katas --root DIR doctor" in finding(done, "repository", FAULT)["remedy"]
    assert finding(done, "python", OK)
    assert done.status == 1


def test_a_broken_kata_toml_is_told_with_its_remedy(root: Path) -> None:
    path = root / "katas" / "alpha" / "kata.toml"
    write(path, path.read_text(encoding="utf-8").replace("minutes", "minuets"))
    found = finding(doctor(root), "repository", FAULT)
    assert "unknown key `minuets`" in found["found"] + found["remedy"]


def test_a_checkout_with_a_harness_of_its_own_is_told(tmp_path: Path) -> None:
    copy = workshop.copy_project(tmp_path / "copy")
    assert finding(doctor(copy), "harness", LIMITED)["remedy"].endswith(f"-e '{copy}'")


def test_a_python_without_torch_is_told_how_to_get_it(root: Path, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    for entry in Path(site.getsitepackages()[0]).iterdir():
        if not entry.name.startswith(("torch", "hypothesis")):
            (packages / entry.name).symlink_to(entry)
    program = f"import sys; sys.path += [{str(packages)!r}, {str(ROOT)!r}]; from graders.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, "doctor", "--format", "json"],
        cwd=root,
        env=workshop.environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    finished = Finished(done.returncode, done.stdout, done.stderr, [])
    assert finding(finished, "torch", FAULT)["remedy"].startswith("pip install torch==2.13.0")
    assert finding(finished, "packages [test]", LIMITED)["found"].startswith("hypothesis is not installed")
    assert finished.status == 1


def test_an_encoding_without_marks_is_no_traceback(root: Path) -> None:
    env = workshop.environment(LC_ALL="C") | {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([KATAS, "doctor"], cwd=root, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"+ python" in done.stdout
    assert b"export LC_ALL=C.UTF-8" in done.stdout


def test_a_form_that_there_is_not_is_refused(root: Path) -> None:
    done = katas("doctor", "--format", "yaml", cwd=root)
    assert done.status == 2
    assert "terminal or json" in done.err


def test_a_folder_above_the_interpreter_that_is_closed_is_found() -> None:
    from graders.doctor import _closed_folder

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        python = write(Path(folder) / "home" / "bin" / "python", "")
        assert _closed_folder(python) is None
        python.parents[1].chmod(0o700)
        assert _closed_folder(python) == python.parents[1]
