"""`katas init`: a learner's folder, written from the installed katas, and updated without losing the learner's work."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from graders import KataError, catalogue
from graders.catalogue import manifest
from graders.catalogue.stubs import handed_out
from graders.learner.initialisation import initialise
from tests import shell
from tests.shell import environment
from tests.workshop import ROOT, STUB, edit, write, write_clone

STUB_OF = "katas/alpha/twice.py"
README = "katas/alpha/README.md"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_clone(tmp_path / "source", ["alpha", "beta"], "# Alpha, as first shipped\n")


@pytest.fixture
def folder(tmp_path: Path, source: Path) -> Path:
    """A learner's folder that was just written from `source`."""
    initialise(tmp_path / "mine", source)
    return tmp_path / "mine"


def files(folder: Path) -> dict[str, str]:
    """Return the digest of every file in a folder by name, apart from the list of what was written."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: sha256(found[name].read_bytes()).hexdigest() for name in sorted(found) if name != catalogue.MANIFEST}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's own katas, written by the command."""
    place = tmp_path_factory.mktemp("real") / "my katas"
    done = shell.katas_here("init", str(place))
    assert (done.status, done.err) == (0, "")
    assert f"cd '{place}'" in done.out
    return place


def test_learner_gets_stubs_tests_and_settings_only(folder: Path) -> None:
    own = ("factors.py", "kata.toml", "twice.py")
    wanted = {f"katas/{slug}/{name}" for slug in ("alpha", "beta") for name in (*own, f"test_{slug}.py")}
    assert files(folder).keys() == {*wanted, README, "README.md", ".gitignore", "conftest.py", "tox.ini"}


def test_stubs_are_the_original_ones(tmp_path: Path, source: Path) -> None:
    edit(source / STUB_OF, "raise NotImplementedError", "return x")  # what the owner of the clone has written
    initialise(tmp_path / "mine", source)
    assert (tmp_path / "mine" / STUB_OF).read_text(encoding="utf-8") == STUB


def test_folder_has_the_digests_of_the_repository(real: Path) -> None:
    slugs = catalogue.slugs(ROOT)
    assert catalogue.slugs(real) == slugs
    for slug in slugs:
        here, there = catalogue.load(real, slug), catalogue.load(ROOT, slug)
        assert (here.kata_digest(), here.suite_digest()) == (there.kata_digest(), there.suite_digest()), slug
        assert here.hidden_tests == there.hidden_tests
        assert handed_out(here) == handed_out(there)
        manifest.check_current(here)


def test_folder_is_not_a_copy_without_hidden_tests(real: Path, folder: Path) -> None:
    assert not catalogue.is_handed_out(real)
    (folder / catalogue.MANIFEST).unlink()
    assert catalogue.is_handed_out(folder)


@pytest.mark.parametrize("words", [["new", "gamma"], ["check", "exercise01"], ["release", "--student", "out"]])
def test_authors_commands_need_a_clone(real: Path, words: list[str]) -> None:
    before = files(real)
    done = shell.katas_here(*words, cwd=real)
    assert (done.status, done.out) == (2, "")
    assert "Use a clone of the repository" in done.err
    assert files(real) == before


# ---------------------------------------------------------------------------------------------- updates


def test_second_call_changes_nothing(folder: Path, source: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert initialise(folder, source) == [f"{folder}: nothing to do; every file is up to date"]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_update_adds_replaces_and_removes_files(folder: Path, source: Path) -> None:
    write(source / README, "# Alpha, corrected\n")
    write(source / "katas" / "alpha" / "test_more.py", "# more tests\n")
    (source / "katas" / "beta" / "factors.py").rename(source / "katas" / "beta" / "notes.txt")
    edit(source / "katas" / "beta" / "kata.toml", '["factors.py"]', "[]")
    assert initialise(folder, source) == [f"{folder}: 2 files written, 2 files updated, 1 file removed"]
    assert (folder / README).read_text(encoding="utf-8") == "# Alpha, corrected\n"
    assert (folder / "katas/alpha/test_more.py").is_file()
    assert not (folder / "katas/beta/factors.py").exists()


def test_update_keeps_what_the_learner_has_written(folder: Path, source: Path) -> None:
    write(folder / STUB_OF, "# my answer\n")
    write(folder / README, "# my notes\n")
    write(folder / "katas/alpha/scratch.py", "# mine\n")
    before = files(folder)
    write(source / README, "# Alpha, corrected\n")
    report = initialise(folder, source)
    line = f"kept: {README}, which you have changed. Its new version is .katas/new/{README}"
    assert report == [f"{folder}: nothing to do; every other file is up to date", line]
    assert (folder / ".katas/new" / README).read_text(encoding="utf-8") == "# Alpha, corrected\n"
    assert {name: digest for name, digest in files(folder).items() if not name.startswith(".katas/")} == before
    assert initialise(folder, source) == [f"{folder}: nothing to do; every file is up to date"]  # said once


def test_deleted_file_comes_back(folder: Path, source: Path) -> None:
    before = files(folder)
    (folder / STUB_OF).unlink()
    assert initialise(folder, source) == [f"{folder}: 1 file written"]
    assert files(folder) == before


def test_folder_of_another_version_is_not_judged(folder: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graders.catalogue.paths.SHIPPED", source)
    kata = catalogue.load(folder, "alpha")
    manifest.check_current(kata)
    write(folder / STUB_OF, "# my answer\n")
    write(folder / README, "# my notes\n")
    manifest.check_current(kata)
    edit(source / "katas/alpha/test_alpha.py", "two_becomes_four", "two_becomes_one")
    with pytest.raises(KataError, match=r"not from the installed version of nn-katas\. Update .*katas init '"):
        manifest.check_current(kata)
    initialise(folder, source)
    manifest.check_current(kata)


# --------------------------------------------------------------------------------- what must not happen


def test_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "essay.txt", "mine")
    done = shell.katas_here("init", str(tmp_path))
    assert (done.status, done.out) == (2, "")
    said = f"katas: {tmp_path}: `katas init` did not write this folder, and it is not empty (essay.txt)."
    assert " ".join(done.err.split()) == f"{said} Choose a new or empty folder."
    assert files(tmp_path) == {"essay.txt": sha256(b"mine").hexdigest()}


def test_folder_with_only_an_environment_is_filled(tmp_path: Path, source: Path) -> None:
    write(tmp_path / "mine/.venv/pyvenv.cfg", "")
    write(tmp_path / "mine/.gitignore", "my own\n")
    report = initialise(tmp_path / "mine", source)
    assert report[1:] == ["kept: .gitignore, which you have changed. Its new version is .katas/new/.gitignore"]
    assert (tmp_path / "mine/.gitignore").read_text(encoding="utf-8") == "my own\n"


@pytest.mark.parametrize("name", ["note.txt", "note.txt/mine"])
def test_file_in_the_way_is_named(tmp_path: Path, name: str) -> None:
    write(tmp_path / "note.txt", "mine")
    done = shell.katas_here("init", str(tmp_path / name))
    assert (done.status, done.out) == (2, "")
    assert str(tmp_path / "note.txt") in "".join(done.err.split("\n"))
    assert (tmp_path / "note.txt").read_text(encoding="utf-8") == "mine"


def test_link_out_of_the_folder_is_not_followed(tmp_path: Path, folder: Path, source: Path) -> None:
    write(tmp_path / "elsewhere/README.md", "mine\n")
    (folder / README).unlink()
    (folder / README).symlink_to(tmp_path / "elsewhere/README.md")
    with pytest.raises(KataError, match="a link to a place outside"):
        initialise(folder, source)
    listed = json.loads((folder / catalogue.MANIFEST).read_text(encoding="utf-8"))
    listed["files"]["../elsewhere/README.md"] = sha256(b"mine\n").hexdigest()
    write(folder / catalogue.MANIFEST, json.dumps(listed))
    (folder / README).unlink()
    with pytest.raises(KataError, match=r"'\.\./elsewhere/README\.md' is not the name of a file in this folder"):
        initialise(folder, source)
    assert (tmp_path / "elsewhere/README.md").read_text(encoding="utf-8") == "mine\n"


def test_link_in_the_folder_for_new_versions_is_not_followed(tmp_path: Path, folder: Path, source: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / ".katas").symlink_to(tmp_path / "elsewhere")
    write(folder / README, "mine\n")
    write(source / README, "newer\n")
    with pytest.raises(KataError, match="a link to a place outside"):
        initialise(folder, source)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("name", ["", ".", "katas/", "/tmp/a", "a//b", "a\0b"])
def test_manifest_with_a_strange_name_is_reported(folder: Path, source: Path, name: str) -> None:
    listed = json.loads((folder / catalogue.MANIFEST).read_text(encoding="utf-8"))
    listed["files"][name] = "00"
    write(folder / catalogue.MANIFEST, json.dumps(listed))
    with pytest.raises(KataError, match="is not the name of a file in this folder"):
        initialise(folder, source)


def test_damaged_manifest_is_reported(folder: Path, source: Path) -> None:
    write(folder / catalogue.MANIFEST, "{")
    with pytest.raises(KataError, match=r"\.nn-katas\.json: .* is damaged .*Restore the file"):
        initialise(folder, source)


INIT = [sys.executable, "-m", "graders.cli", "init"]


def test_full_disk_is_reported_and_a_second_call_completes(tmp_path: Path, real: Path) -> None:
    place = tmp_path / "mine"
    limit = 300_000  # in bytes; a larger file cannot be written, as on a full disk
    done = subprocess.run(
        [*INIT, str(place)],
        env=environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    said = " ".join(done.stderr.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert said.endswith(f"Nothing of yours was lost. Fix that and complete the folder: katas init '{place}'"), said
    assert "File too large" in said
    assert 0 < len(files(place)) < len(files(real))
    write(place / "katas/challenge1/mine.txt", "mine")
    assert shell.katas_here("init", str(place)).status == 0
    assert files(place) == files(real) | {"katas/challenge1/mine.txt": sha256(b"mine").hexdigest()}


def test_killed_call_is_completed_by_the_next_one(tmp_path: Path, real: Path) -> None:
    place = tmp_path / "mine"
    running = subprocess.Popen([*INIT, str(place)], env=environment(PYTHONPATH=str(ROOT)), stdout=subprocess.DEVNULL)
    while running.poll() is None and not (place / "katas").is_dir():
        os.sched_yield()
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert shell.katas_here("init", str(place)).status == 0
    assert files(real).items() <= files(place).items()


def test_repository_is_not_an_argument(tmp_path: Path) -> None:
    done = shell.katas_here("init", str(tmp_path / "mine"), "--root", str(ROOT))
    assert done.status == 2
    assert "--root has no meaning here" in done.err
    assert not (tmp_path / "mine").exists()
