"""Intake takes only the declared files of a submission, and only plain files."""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from graders import catalogue, intake
from graders.errors import CatalogueError, IntakeError
from graders.intake import folder as folders
from graders.intake import rules

TOML = """\
format = 1
title = "Affine layer"
kind = "exercise"
difficulty = 1
minutes = 10
files = ["affine.py", "notes.md", "results/*"]
supplied = ["network.py", "results/ours.csv"]
entry_points = ["affine"]
runtime = "numpy"
[tasks.vector]
title = "One vector"
points = 3
"""
SOURCE = b"def affine(W, x, b):\n    return W @ x + b\n"


def write(path: Path, data: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture(scope="session")
def kata(tmp_path_factory):
    root = tmp_path_factory.mktemp("katas")
    write(root / "katas/exercise01/kata.toml", TOML.encode())
    for name in ("affine.py", "notes.md"):
        write(root / "katas/exercise01" / name, b"# stub\n")
        write(root / "solutions/exercise01" / name, b"# solved\n")
    write(root / "katas/exercise01/network.py", b"# ours\n")
    write(root / "katas/exercise01/results/ours.csv", b"ours\n")
    return catalogue.load(root, "exercise01")


@pytest.fixture
def folder(tmp_path):
    """Return a complete submission: the folder with the kata's own files."""
    write(tmp_path / "sub/affine.py", SOURCE)
    write(tmp_path / "sub/notes.md", b"# Notes\n")
    return tmp_path / "sub"


def names(submission: intake.Submission) -> list[str]:
    return [file.name for file in submission.files]


def refusal(kata: catalogue.Kata, folder: Path) -> str:
    with pytest.raises(IntakeError) as caught:
        intake.take(kata, folder)
    return str(caught.value)


# Files that are taken.


def test_the_declared_files_are_taken_as_they_are(kata, folder):
    submission = intake.take(kata, folder)
    assert submission.files == (
        intake.SubmissionFile(name="affine.py", data=SOURCE),
        intake.SubmissionFile(name="notes.md", data=b"# Notes\n"),
    )
    assert (submission.ignored, submission.missing) == ((), ())


def test_a_repository_is_read_from_its_kata_folder(kata, tmp_path):
    write(tmp_path / "katas/exercise01/affine.py", SOURCE)
    write(tmp_path / "katas/exercise01/tox.ini")
    write(tmp_path / "tox.ini")
    submission = intake.take(kata, tmp_path)
    assert (names(submission), submission.ignored, submission.missing) == (["affine.py"], ("tox.ini",), ("notes.md",))


def test_a_folders_own_files_win_over_its_katas_folder(kata, folder):
    write(folder / "katas/exercise01/affine.py", b"# another\n")
    submission = intake.take(kata, folder)
    assert submission.files[0].data == SOURCE
    assert submission.ignored == ("katas/exercise01/affine.py",)


def test_matching_a_pattern_does_not_make_a_folder_the_katas(kata, tmp_path):
    write(tmp_path / "katas/exercise01/affine.py", SOURCE)
    write(tmp_path / "results/other.csv")
    assert names(intake.take(kata, tmp_path)) == ["affine.py"]


def test_a_link_to_the_submission_itself_is_followed(kata, folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert intake.take(kata, tmp_path / "link") == intake.take(kata, folder)


def test_files_that_match_a_pattern_are_taken_and_sorted(kata, folder):
    for name in ("b.csv", "a.png"):
        write(folder / "results" / name, b"1\n")
    write(folder / "results/deep/c.csv")
    write(folder / "results/.DS_Store")
    submission = intake.take(kata, folder)
    assert names(submission) == ["affine.py", "notes.md", "results/a.png", "results/b.csv"]
    assert submission.ignored == ("results/.DS_Store", "results/deep/c.csv")


def test_a_supplied_file_replaces_the_submissions_copy(kata, folder):
    write(folder / "network.py", b"# theirs\n")
    write(folder / "results/ours.csv", b"theirs\n")
    submission = intake.take(kata, folder)
    assert submission.ignored == ("network.py", "results/ours.csv")
    assert names(submission) == ["affine.py", "notes.md"]
    assert intake.supplied(kata) == (
        intake.SubmissionFile(name="network.py", data=b"# ours\n"),
        intake.SubmissionFile(name="results/ours.csv", data=b"ours\n"),
    )


def test_a_missing_supplied_file_is_reported(kata, tmp_path):
    gone = structs.replace(kata, root=tmp_path)
    with pytest.raises(CatalogueError, match=r"katas/exercise01/network\.py: this supplied file cannot be read"):
        intake.supplied(gone)


@pytest.mark.parametrize(
    ("name", "data", "taken"),
    [
        ("affine.py", b"", b""),
        ("affine.py", b"\xef\xbb\xbf" + SOURCE, SOURCE),  # a byte-order mark
        ("results/plot.png", b"\xef\xbb\xbf\x89PNG\0\xff", b"\xef\xbb\xbf\x89PNG\0\xff"),
    ],
)
def test_data_is_taken_byte_for_byte_and_text_without_its_mark(kata, folder, name, data, taken):
    write(folder / name, data)
    assert intake.take(kata, folder).graded[name] == taken


# Files that are missing.


def test_what_is_missing_is_named_and_not_refused(kata, folder, tmp_path):
    (folder / "affine.py").unlink()
    submission = intake.take(kata, folder)
    assert (names(submission), submission.missing) == (["notes.md"], ("affine.py",))
    nothing = intake.take(kata, tmp_path / "nobody")
    assert (nothing.files, nothing.missing) == ((), ("affine.py", "notes.md"))
    write(tmp_path / "other/essay.txt")
    unrelated = intake.take(kata, tmp_path / "other")
    assert (unrelated.files, unrelated.ignored, unrelated.missing) == ((), ("essay.txt",), ("affine.py", "notes.md"))


def test_a_file_in_the_place_of_the_submission_is_reported(kata, folder):
    assert "it is neither a folder nor a .zip, .tar or .tar.gz file" in refusal(kata, folder / "affine.py")


# Files that are ignored.


def test_an_ordinary_clone_is_gradable(kata, folder):
    write(folder / "__pycache__/affine.cpython-311.pyc")
    write(folder / ".git/config")
    write(folder / "conftest.py")
    (folder / "tests").mkdir()
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "home").symlink_to("/", target_is_directory=True)
    os.mkfifo(folder / "pipe")
    seen = ("conftest.py", "home", "link", "pipe", ".git/", "__pycache__/", "tests/")
    assert intake.take(kata, folder).ignored == seen


def test_a_long_list_of_ignored_files_is_cut(kata, folder):
    for number in range(60):
        write(folder / f"file{number:02}.txt")
    ignored = intake.take(kata, folder).ignored
    assert (len(ignored), ignored[0], ignored[-1]) == (51, "file00.txt", "… and 10 more")


def test_a_very_large_folder_is_not_walked_to_its_end(kata, folder, monkeypatch):
    monkeypatch.setattr(rules, "IGNORED_WALKED", 100)
    for number in range(120):
        write(folder / f"file{number:03}.txt")
    assert intake.take(kata, folder).ignored[-1].startswith("… and more than ")


def test_a_very_deep_folder_is_not_walked_to_its_end(kata, folder):
    write(folder / "/".join("d" * 30) / "x.txt")
    assert intake.take(kata, folder).ignored == ("d/" * (rules.IGNORED_DEPTH + 1),)


@pytest.mark.parametrize(
    ("name", "shown"),
    [(b"a\x1b[31m.txt", r"a\x1b[31m.txt"), (b"a\n::error::.txt", r"a\n::error::.txt"), (b"\xff.txt", r"\udcff.txt")],
)
def test_the_name_of_an_ignored_file_is_safe_to_show(kata, folder, name, shown):
    write(folder / os.fsdecode(name))
    assert intake.take(kata, folder).ignored == (shown,)


# Files that are refused. tests/attacks/test_files.py has links, devices, encodings and giants.


@pytest.mark.parametrize("link", ["katas", "katas/exercise01"])
def test_a_linked_kata_folder_is_refused(kata, tmp_path, link):
    root = tmp_path / "repository"
    (root / link).parent.mkdir(parents=True)
    write(tmp_path / "elsewhere/exercise01/affine.py")
    (root / link).symlink_to(tmp_path / "elsewhere")
    assert f"{link}: it is a symbolic link" in refusal(kata, root)


def test_a_file_where_a_folder_is_declared_is_refused(kata, folder):
    write(folder / "results")
    assert "results: it is a file, not a folder" in refusal(kata, folder)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("notes.md", b"\xe9", "it is not UTF-8 (line 1)"),
        ("results/log.csv", b"a,\0\n", "NUL byte"),
        ("results/fast.so", b"", "compiled code"),
        ("results/fast.so.1", b"", "compiled code"),
        ("results/a.cpython-311.pyc", b"", "compiled code"),
        ("results/innocent.dat", b"\x7fELF\x02", "compiled code"),
        ("affine.py", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
    ],
)
def test_a_file_that_is_not_plain_source_or_data_is_refused(kata, folder, name, data, reason):
    write(folder / name, data)
    assert refusal(kata, folder).startswith(f"{name}: ")
    assert reason in refusal(kata, folder)


@pytest.mark.parametrize("comment", [b"# coding: utf-8\n", b"# -*- coding: UTF8 -*-\n", b"# coding: ascii\n"])
def test_a_coding_comment_that_means_utf8_is_taken(kata, folder, comment):
    write(folder / "affine.py", comment + SOURCE)
    assert intake.take(kata, folder).files[0].data == comment + SOURCE


@pytest.mark.parametrize(("name", "limit"), [("affine.py", 256 * 1024), ("results/data.bin", 8 * 1024**2)])
def test_a_file_may_be_as_large_as_its_limit_and_no_larger(kata, folder, name, limit):
    write(folder / name, b"#" * limit)
    assert name in names(intake.take(kata, folder))
    write(folder / name, b"#" * (limit + 1))
    assert f"{name}: it is larger than" in refusal(kata, folder)


def test_a_thousand_files_of_a_pattern_are_refused(kata, folder):
    for number in range(999):
        write(folder / f"results/{number}.csv")
    assert len(intake.take(kata, folder).files) == 1001
    write(folder / "results/999.csv")
    assert "results/*: 1000 files match; the limit is 999" in refusal(kata, folder)


def test_a_pattern_is_not_searched_among_too_many_files(kata, folder, monkeypatch):
    monkeypatch.setattr(folders, "FOLDER_ENTRIES", 20)
    for number in range(21):
        write(folder / f"results/.{number}")
    assert "results/: it holds more than 20 files" in refusal(kata, folder)


def test_names_that_are_one_file_on_other_systems_are_refused(kata, folder):
    for name in ("straße.csv", "STRASSE.csv"):
        write(folder / "results" / name)
    assert "only by letter case or Unicode form" in refusal(kata, folder)


def test_undeclared_names_may_differ_by_case(kata, folder):
    for name in ("notes.txt", "NOTES.txt"):
        write(folder / name)
    assert "NOTES.txt" in intake.take(kata, folder).ignored


def test_a_matched_name_that_cannot_be_shown_is_refused(kata, folder):
    write(folder / os.fsdecode(b"results/\xff\x1b.csv"))
    assert refusal(kata, folder).startswith(r"results/\udcff\x1b.csv: its name has characters that cannot be shown")


def test_a_file_that_may_not_be_read_is_reported(kata, folder, monkeypatch):
    def forbid():  # root may read everything, so changing the mode would have no effect
        raise PermissionError(13, "Permission denied")

    swap_before_open(monkeypatch, "affine.py", forbid)
    said = "affine.py: permission to read it is denied. Allow reading it: chmod -R u+rX on the submission."
    assert refusal(kata, folder) == said


# Files that change while they are read.


def swap_before_open(monkeypatch, name: str, swap) -> None:
    """Call `swap()` between the check of `name` and its opening."""
    opened = os.open

    def racing(path, *arguments, **options):
        if path == name:
            swap()
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", racing)


@pytest.mark.parametrize(
    ("swapped", "reason"),
    [(lambda path: path.symlink_to("/etc/passwd"), "it cannot be read"), (os.mkfifo, "it is a pipe")],
)
def test_a_file_replaced_before_opening_is_refused(kata, folder, monkeypatch, swapped, reason):
    def swap():
        (folder / "affine.py").unlink()
        swapped(folder / "affine.py")

    swap_before_open(monkeypatch, "affine.py", swap)
    assert f"affine.py: {reason}" in refusal(kata, folder)


def test_a_folder_replaced_by_a_link_before_opening_is_refused(kata, folder, tmp_path, monkeypatch):
    write(folder / "results/a.csv")
    write(tmp_path / "elsewhere/a.csv", b"secret")

    def swap():
        if not (folder / "results").is_symlink():
            (folder / "results").rename(folder / "moved")
            (folder / "results").symlink_to(tmp_path / "elsewhere")

    swap_before_open(monkeypatch, "results", swap)
    assert "results: it cannot be read" in refusal(kata, folder)


def test_a_file_that_grows_while_it_is_read_is_refused(kata, folder, monkeypatch):
    looked = folders._kind

    def grow(status):
        write(folder / "affine.py", b"#" * (rules.SOURCE_BYTES + 1))
        return looked(status)

    monkeypatch.setattr(folders, "_kind", grow)
    assert "affine.py: it is larger than 256 KB" in refusal(kata, folder)


def test_no_descriptor_is_left_open(kata, folder):
    write(folder / "results/a.csv")
    write(folder / "b/c/d.txt")
    gc.collect()  # other tests' forgotten descriptors must not be closed meanwhile
    before = os.listdir("/dev/fd")
    for number in range(5):
        intake.take(kata, folder)
        (folder / f"results/b{number}.csv").symlink_to("/etc/passwd")
        refusal(kata, folder)
        (folder / f"results/b{number}.csv").unlink()
    assert len(os.listdir("/dev/fd")) <= len(before)


# The digest.


def test_the_digest_depends_only_on_names_and_contents(kata, folder, tmp_path):
    write(tmp_path / "clone/katas/exercise01/notes.md", b"# Notes\n")
    write(tmp_path / "clone/katas/exercise01/affine.py", SOURCE)
    write(tmp_path / "clone/katas/exercise01/junk.txt")
    assert intake.take(kata, folder).sha256 == intake.take(kata, tmp_path / "clone").sha256


FILES = st.dictionaries(st.text("ab/.", min_size=1, max_size=5), st.binary(max_size=5), max_size=4)


@given(FILES, FILES)
def test_different_submissions_have_different_digests(kata, first, second):
    digests = {intake.submission(kata, files).sha256 for files in (first, second)}
    assert (len(digests) == 1) == (first == second)


@given(FILES)
def test_the_digest_does_not_depend_on_the_order_of_reading(kata, files):
    backwards = dict(reversed(files.items()))
    assert intake.submission(kata, files) == intake.submission(kata, backwards)


@given(st.text())
def test_a_shown_name_is_one_printable_line(name):
    shown = rules.printable(name)
    assert shown.isprintable()
    assert len(shown) <= 200


@given(st.binary(max_size=40))
def test_accepted_source_is_valid_utf8(data):
    with suppress(IntakeError):
        assert "\0" not in rules.content("affine.py", data).decode("utf-8")


def test_a_submission_may_be_in_one_folder(kata, tmp_path):
    write(tmp_path / "in/ada-1234/affine.py")
    write(tmp_path / "in/.DS_Store")
    assert "affine.py" in [file.name for file in intake.take(kata, tmp_path / "in").files]
    write(tmp_path / "in/another/affine.py")
    assert "affine.py" in intake.take(kata, tmp_path / "in").missing


def test_an_only_folder_that_is_a_link_is_not_entered(kata, tmp_path):
    write(tmp_path / "elsewhere/affine.py")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/ada").symlink_to(tmp_path / "elsewhere")
    assert "affine.py" in intake.take(kata, tmp_path / "in").missing
