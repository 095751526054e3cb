"""Intake takes only the declared files of an archive or a commit, whatever else it holds or claims."""

from __future__ import annotations

import gzip
import io
import os
import random
import re
import stat
import struct
import subprocess
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from graders import catalogue, intake
from graders.errors import IntakeError, KataError
from graders.intake import archive, git, listing
from tests.intake.test_intake import SOURCE
from tests.intake.test_intake import TOML as WITH_NOTES
from tests.shell import katas
from tests.workshop import SOLUTION, write, write_repository

TOML = WITH_NOTES.replace(', "notes.md"', "").replace(', "results/ours.csv"', "")
HONEST = {"affine.py": SOURCE, "results/a.csv": b"1,2\n"}
PACKERS = {"tar": bytes, "tar.gz": partial(gzip.compress, mtime=0)}


@pytest.fixture(scope="session")
def kata(tmp_path_factory):
    root = tmp_path_factory.mktemp("katas")
    for place in ("katas", "solutions"):
        (root / place / "exercise01").mkdir(parents=True)
        (root / place / "exercise01/affine.py").write_bytes(SOURCE)
    (root / "katas/exercise01/network.py").write_text("# ours\n")
    (root / "katas/exercise01/kata.toml").write_text(TOML)
    return catalogue.load(root, "exercise01")


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # for names that occur twice
        for name, content in members:
            file.writestr(name, content, compress_type=method)
    return data.getvalue()


def tarred(*members: tuple[str | tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=form) as file:
        for name, content in members:
            member = tarfile.TarInfo(name) if isinstance(name, str) else name
            member.size = len(content) if member.isreg() else 0
            file.addfile(member, io.BytesIO(content))
    return data.getvalue()


def packed(form: str, *members: tuple[str, bytes]) -> bytes:
    return zipped(*members) if form == "zip" else PACKERS[form](tarred(*members))


def member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


@pytest.fixture
def put(tmp_path):
    """Return put(data), which writes an archive and returns its path."""

    def write(data: bytes, name: str = "handed-in") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def refusal(kata, put):
    def refused(data: bytes) -> str:
        with pytest.raises(IntakeError) as caught:
            intake.take(kata, put(data))
        return str(caught.value)

    return refused


def contents(taken: intake.Submission) -> dict[str, bytes]:
    return {file.name: file.data for file in taken.files}


# Files that are taken.


@pytest.mark.parametrize("form", ["zip", *PACKERS])
@pytest.mark.parametrize("prefix", ["", "./", "katas/exercise01/", "katas-main/", "katas-main/katas/exercise01/"])
def test_the_declared_files_are_found_where_people_pack_them(kata, put, form, prefix):
    files = [(prefix + name, data) for name, data in HONEST.items()]
    others = [(f"{prefix}notes.txt", b"mine"), (f"{prefix}__pycache__/affine.cpython-311.pyc", b"\0")]
    taken = intake.take(kata, put(packed(form, *files, *others)))
    assert contents(taken) == HONEST
    assert taken.ignored == ("notes.txt", "__pycache__/")


def test_an_archive_and_its_folder_are_one_submission(kata, tmp_path):
    for name, data in HONEST.items():
        (tmp_path / "sub" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sub" / name).write_bytes(data)
    (tmp_path / "sub/b/c").mkdir(parents=True)
    for name in ("z.txt", "b/x.txt", "b/c/y.txt"):
        (tmp_path / "sub" / name).touch()
    with tarfile.open(tmp_path / "sub.tar.gz", "w:gz") as file:
        file.add(tmp_path / "sub", ".")
    assert intake.take(kata, tmp_path / "sub.tar.gz") == intake.take(kata, tmp_path / "sub")


def test_files_at_the_top_win_over_those_of_a_repository(kata, put):
    data = zipped(("affine.py", SOURCE), ("katas/exercise01/affine.py", b"# another\n"))
    assert contents(intake.take(kata, put(data))) == {"affine.py": SOURCE}


def test_macos_metadata_in_a_zip_is_ignored(kata, put):
    data = zipped(("sub/affine.py", SOURCE), ("__MACOSX/sub/._affine.py", b"\0\5\26\7"), ("sub/.DS_Store", b"\0"))
    taken = intake.take(kata, put(data))
    assert contents(taken) == {"affine.py": SOURCE}
    assert taken.ignored == (".DS_Store",)


def test_an_archive_without_the_file_lacks_it(kata, put):
    assert intake.take(kata, put(zipped(("notes.txt", b"later")))).missing == ("affine.py",)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_read_in_every_dialect_of_tar(kata, put, form):
    deep = "d" * 90 + "/" + "e" * 90
    taken = intake.take(kata, put(tarred((f"{deep}/x.txt", b"1"), ("affine.py", SOURCE), form=form)))
    assert contents(taken) == {"affine.py": SOURCE}
    assert taken.ignored == (f"{deep}/x.txt",)


def unflagged(data: bytes) -> bytes:
    """Return a .zip whose flags don't announce UTF-8."""
    found = bytearray(data)
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = -1
        while (start := found.find(sign, start + 1)) >= 0:
            found[start + at + 1] &= ~0x08
    return bytes(found)


GREAT = (("affine.py", SOURCE), ("results/größe.csv", b"1"))
CP437 = zipped(("affine.py", SOURCE), ("results/gr__e.csv", b"1")).replace(b"gr__e", "größe".encode("cp437"))


@pytest.mark.parametrize("data", [zipped(*GREAT), packed("tar.gz", *GREAT), unflagged(zipped(*GREAT)), CP437])
def test_names_in_utf8_and_cp437_are_read_as_such(kata, put, data):
    assert "results/größe.csv" in contents(intake.take(kata, put(data)))


def test_the_archive_may_be_a_link(kata, put, tmp_path):
    (tmp_path / "link").symlink_to(put(zipped(("affine.py", SOURCE))))
    assert contents(intake.take(kata, tmp_path / "link")) == {"affine.py": SOURCE}


# Refused names. tests/attacks/test_files.py has those that lead out, and bombs.


def encrypted() -> bytes:
    data = bytearray(zipped(("affine.py", SOURCE)))
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def sparse(version: str) -> bytes:
    info = tarfile.TarInfo("affine.py")
    info.pax_headers = {version: "1"}
    return tarred((info, SOURCE))


def million_names() -> bytes:
    listed = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *(0,) * 6, *(0,) * 3, 1, *(0,) * 4, 0, 0) + b"x"
    listed *= 500_000
    return b"PK\x03\x04" + listed + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(listed), 0, 0)


def zip64() -> bytes:
    data = zipped(("affine.py", SOURCE))
    at = data.rfind(b"PK\x05\x06")
    return data[:at] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1) + data[at:]


def in_tar(kind: bytes) -> bytes:
    return tarred((member("affine.py", kind, "/etc/passwd"), b""))


def in_zip(mode: int) -> bytes:
    return zipped((special("affine.py", mode), b"/etc/passwd"))


LARGE = [(f"results/{number}.bin", 7 << 20) for number in range(5)]
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {  # what makes the archive, and a pattern in the refusal
    "a name that cannot be shown": (
        lambda: tarred(("affine.py", b""), ("results/a\x1b.csv", b"")),
        r"results/a\\x1b\.csv: its name has characters",
    ),
    "a folder": (lambda: zipped(("affine.py/__init__.py", SOURCE)), r"^affine\.py: it is a folder"),
    "a hard link": (lambda: in_tar(tarfile.LNKTYPE), r"affine\.py: it is a hard link"),
    "a character device": (lambda: in_tar(tarfile.CHRTYPE), r"affine\.py: it is a device"),
    "a block device": (lambda: in_tar(tarfile.BLKTYPE), r"affine\.py: it is a device"),
    "a pipe": (lambda: in_tar(tarfile.FIFOTYPE), r"affine\.py: it is a pipe"),
    "sparse, version 1": (lambda: sparse("GNU.sparse.major"), r"affine\.py: it is a sparse file"),
    "sparse, version 0": (lambda: sparse("GNU.sparse.size"), r"affine\.py: it is a sparse file"),
    "a link in a zip": (lambda: in_zip(stat.S_IFLNK | 0o777), r"affine\.py: it is a symbolic link"),
    "a pipe in a zip": (lambda: in_zip(stat.S_IFIFO | 0o644), r"affine\.py: it is a device, a pipe or a socket"),
    "encrypted": (encrypted, r"affine\.py: it is encrypted"),
    "bzip2 in a zip": (lambda: zipped(("affine.py", SOURCE), method=zipfile.ZIP_BZIP2), "other than deflate"),
    "LZMA in a zip": (lambda: zipped(("affine.py", SOURCE), method=zipfile.ZIP_LZMA), "other than deflate"),
    "the limit of a file in a folder": (
        lambda: zipped(("affine.py", os.urandom(150 << 10).hex().encode())),
        r"^affine\.py: it is larger than 256 KB",
    ),
    "too many bytes": (
        lambda: zipped(("affine.py", SOURCE), *((name, os.urandom(size)) for name, size in LARGE)),
        "it makes the submission larger than 32 MB",
    ),
    "a million names, unread": (million_names, "it holds more than"),
    "zip64": (zip64, "it holds more than"),
    "an endless name": (
        lambda: tarred((tarfile.TarInfo("x" * (archive.NAME_BYTES + 1)), b""), form=tarfile.GNU_FORMAT),
        "a name in it is longer than",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_of_another_kind_or_size_is_refused(refusal, what):
    make, said = REFUSED[what]
    assert re.search(said, refusal(make()))


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
@pytest.mark.parametrize("second", ["affine.py", "./affine.py", "katas/../affine.py"])
def test_a_name_that_occurs_twice_is_refused(refusal, form, second):
    assert "affine.py: " in refusal(packed(form, ("affine.py", SOURCE), (second, b"# another\n")))


# Refused kinds of files.


@pytest.mark.parametrize("place", ["results", "katas", "katas/exercise01"])
def test_a_link_in_the_place_of_a_folder_is_refused(refusal, place):
    below = ("results/a.csv", b"1") if place == "results" else ("katas/exercise01/affine.py", SOURCE)
    files = [("affine.py", SOURCE)] if place == "results" else []
    said = refusal(zipped(*files, (special(place, stat.S_IFLNK | 0o777), b"/etc"), below))
    assert f"{place}: it is a symbolic link, not a folder" in said


def test_links_beside_the_declared_files_are_ignored(kata, put):
    taken = intake.take(kata, put(tarred(("affine.py", SOURCE), (member("link", tarfile.SYMTYPE, "/etc/passwd"), b""))))
    assert taken.ignored == ("link",)


@pytest.mark.parametrize(
    "data", [b"", SOURCE, b"BZh91AY" + bytes(600), b"7z\xbc\xaf\x27\x1c" + bytes(600), b"%PDF-1.7", bytes(1024)]
)
def test_a_file_that_is_not_an_archive_is_refused(refusal, data):
    assert refusal(data).startswith("handed-in: it is neither a folder nor a .zip, .tar or .tar.gz file")


def test_a_pipe_in_the_place_of_the_archive_is_refused(kata, tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(IntakeError, match="neither a folder nor a file"):
        intake.take(kata, tmp_path / "pipe.zip")


# Refused sizes.


def test_an_archive_that_is_too_large_is_not_read(kata, tmp_path):
    with (tmp_path / "big.zip").open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(archive.ARCHIVE_BYTES + 1)
    with pytest.raises(IntakeError, match="it is larger than 64 MB"):
        intake.take(kata, tmp_path / "big.zip")


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_an_archive_of_very_many_files_is_refused(refusal, form):
    files = [(f"{number}.txt", b"") for number in range(listing.ENTRIES + 1)]
    assert f"it holds more than {listing.ENTRIES} files" in refusal(packed(form, *files))


# Broken and arbitrary archives.


@pytest.mark.parametrize("form", ["zip", *PACKERS])
def test_a_truncated_archive_is_refused_or_complete(kata, put, form):
    data = packed(form, *HONEST.items())
    for end in range(4, len(data), max(len(data) // 97, 1)):
        with suppress(IntakeError):
            assert contents(intake.take(kata, put(data[:end]))) == HONEST


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz"])
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 1 << 12), st.binary(max_size=8)), min_size=1, max_size=4))
def test_an_archive_with_any_bytes_changed_is_taken_or_refused(kata, put, form, changes):
    data = bytearray(packed(form, *HONEST.items()))
    for at, piece in changes:
        at %= len(data)
        data[at : at + len(piece)] = piece
    with suppress(IntakeError):
        intake.take(kata, put(bytes(data)))


@given(st.text(max_size=12))
@example("./.")
@example("a//./b")
def test_an_accepted_name_stays_inside(name):
    with suppress(IntakeError):
        clean = listing.checked_name(name)
        assert not clean.startswith("/")
        assert not {"", ".", ".."} & set(clean.split("/")) or clean == ""


# On the command line.


@pytest.mark.parametrize(
    "written",
    [
        "handed-in.zip",
        pytest.param("handed-in.tar.gz", marks=pytest.mark.deep),
        pytest.param("{clone}@main", marks=pytest.mark.deep),
        pytest.param("git:{clone}@main", marks=pytest.mark.deep),
    ],
)
def test_katas_grade_takes_archives_and_commits(tmp_path, written):
    root = write_repository(tmp_path / "katas", ["alpha"])
    (tmp_path / "handed-in.zip").write_bytes(zipped(("main/katas/alpha/twice.py", SOLUTION.encode())))
    (tmp_path / "handed-in.tar.gz").write_bytes(packed("tar.gz", ("./twice.py", SOLUTION.encode())))
    write(tmp_path / "clone/katas/alpha/twice.py", SOLUTION)
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "solved"]):
        commit(tmp_path / "clone", *words)
    place = written.format(clone=tmp_path / "clone")
    done = katas("--root", str(root), "grade", "alpha", "--submission", place, "--format", "csv", cwd=tmp_path)
    assert (done.status, "passed,3,3" in done.out) == (0, True), done.said


def test_a_missing_place_is_reported_before_grading(tmp_path):
    root = write_repository(tmp_path / "katas", ["alpha"])
    for place, words in (
        ("nowhere.zip", "there is no such folder, archive or git reference"),
        (".@main", "Specify a branch, a tag or a commit"),
        ("git:nowhere@main", "no such repository"),
        ("", "--submission is empty"),
    ):
        done = katas("--root", str(root), "grade", "alpha", "--submission", place, cwd=tmp_path)
        assert (done.status, words in done.err) == (2, True), done.said


# Commits.


@pytest.fixture
def clone(tmp_path):
    """Return a repository of katas with one commit on main, and with a different affine.py in the work tree."""
    root = tmp_path / "clone"
    for name, data in HONEST.items():
        path = root / "katas/exercise01" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    commit(root, "init", "-q", "-b", "main")
    commit(root, "add", ".")
    commit(root, "commit", "-q", "-m", "solved")
    (root / "katas/exercise01/affine.py").write_text("# not committed\n")
    return root


def commit(root: Path, *words: str) -> str:
    root.mkdir(exist_ok=True)
    own = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    return subprocess.run(["git", "-C", root, *own, *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("written", ["{}@main", "git:{}@main", "git:{}@HEAD", "git:{}@{commit}"])
def test_the_committed_files_are_taken(kata, clone, written):
    reference = written.format(clone, commit=commit(clone, "rev-parse", "HEAD"))
    assert contents(intake.take(kata, reference)) == HONEST


def test_a_bare_repository_is_accepted(kata, clone, tmp_path):
    commit(tmp_path, "clone", "-q", "--bare", str(clone), "bare.git")
    assert contents(intake.take(kata, f"git:{tmp_path}/bare.git@main")) == HONEST


def test_a_folder_with_an_at_sign_is_a_folder(kata, tmp_path):
    (tmp_path / "ada@home").mkdir()
    (tmp_path / "ada@home/affine.py").write_bytes(SOURCE)
    (tmp_path / "ada").mkdir()
    assert contents(intake.take(kata, str(tmp_path / "ada@home"))) == {"affine.py": SOURCE}


def test_a_committed_link_or_submodule_is_refused(kata, clone):
    path = clone / "katas/exercise01/affine.py"
    path.unlink()
    path.symlink_to("/etc/passwd")
    commit(clone, "commit", "-q", "-a", "-m", "link")
    with pytest.raises(IntakeError, match=r"affine\.py: it is a symbolic link"):
        intake.take(kata, f"git:{clone}@main")
    commit(clone, "rm", "-q", "-r", "--cached", "katas/exercise01/affine.py")
    cacheinfo = f"160000,{commit(clone, 'rev-parse', 'HEAD')},katas/exercise01/affine.py"
    commit(clone, "update-index", "--add", "--cacheinfo", cacheinfo)
    commit(clone, "commit", "-q", "-m", "submodule")
    with pytest.raises(IntakeError, match=r"affine\.py: it is a submodule"):
        intake.take(kata, f"git:{clone}@main")


def test_a_large_blob_is_refused_unread(kata, clone):
    (clone / "katas/exercise01/affine.py").write_bytes(b"#" * (9 << 20))
    commit(clone, "commit", "-q", "-a", "-m", "large")
    with pytest.raises(IntakeError, match=r"affine\.py: it is larger than 256 KB"):
        intake.take(kata, f"git:{clone}@main")


def test_a_commit_of_very_many_files_is_refused(kata, clone, monkeypatch):
    for module, limit, value in ((listing, "ENTRIES", 3), (git, "LISTING_BYTES", 40)):
        monkeypatch.setattr(module, limit, value)
        with pytest.raises(IntakeError, match="it has more than 3 files"):
            intake.take(kata, f"git:{clone}@main")


@pytest.mark.parametrize("revision", ["nowhere", "--help", "main:katas", "-n1"])
def test_a_revision_that_is_not_a_commit_is_reported(clone, revision):
    with pytest.raises(KataError, match="Specify a branch, a tag or a commit"):
        intake.find(f"git:{clone}@{revision}")


def test_a_missing_repository_is_reported(tmp_path):
    with pytest.raises(KataError, match="no such repository"):
        intake.find(f"git:{tmp_path}/nowhere@main")
    with pytest.raises(KataError, match="git:REPO@REF"):
        intake.find("git:nowhere")


def test_an_untrusted_repository_runs_nothing(kata, clone, tmp_path):
    trap = tmp_path / "trap"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {trap}\n")
    script.chmod(0o755)
    for setting in ("core.fsmonitor", "core.pager", "core.sshCommand", "core.editor", "diff.external"):
        commit(clone, "config", setting, str(script))
    commit(clone, "config", "extensions.partialClone", "origin")
    commit(clone, "config", "core.repositoryFormatVersion", "1")
    commit(clone, "config", "remote.origin.url", f"ext::{script}")
    commit(clone, "config", "remote.origin.promisor", "true")
    commit(clone, "config", "protocol.ext.allow", "always")
    blob = commit(clone, "rev-parse", "HEAD:katas/exercise01/affine.py")
    (clone / ".git/objects" / blob[:2] / blob[2:]).unlink()  # so that it would have to be fetched
    with pytest.raises(IntakeError, match=r"affine\.py: it is missing in this repository"):
        intake.take(kata, f"git:{clone}@main")
    assert not trap.exists()


def test_the_files_of_a_tar_share_one_unpacked_limit(kata, put, refusal, monkeypatch):
    monkeypatch.setattr(archive, "UNPACKED_BYTES", 1024**2)
    fillers = [(f"filler{number}", bytes(300_000)) for number in range(4)]
    assert contents(intake.take(kata, put(tarred(*fillers[:3], ("affine.py", SOURCE))))) == {"affine.py": SOURCE}
    assert "it unpacks to more than 1 MB" in refusal(tarred(*fillers, ("affine.py", SOURCE)))


def test_entries_without_content_count_towards_the_unpacked_limit(refusal, monkeypatch):
    """Their headers are read one after the other, and their random comments can hardly be packed."""
    monkeypatch.setattr(archive, "UNPACKED_BYTES", 1024**2)
    entries = []
    for number in range(100):
        entry = member("./", tarfile.DIRTYPE)
        entry.pax_headers = {"comment": random.Random(number).randbytes(8_000).hex()}
        entries.append((entry, b""))
    # The file comes first, because tarfile seeks the entry after it, and `seek` looks at the limit, too.
    assert "it unpacks to more than 1 MB" in refusal(tarred(("affine.py", SOURCE), *entries))


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_a_file_with_an_extreme_packing_ratio_is_refused(refusal, form):
    padding = bytes(2 * 1024**2)  # a thousandth when it is packed
    said = refusal(packed(form, ("affine.py", SOURCE), ("padding", padding)))
    assert "it unpacks to more than 200 times its size" in said
