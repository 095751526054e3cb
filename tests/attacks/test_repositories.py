"""K: students' repositories. What is collected must not run, lead out, forge its time or get the token."""

from __future__ import annotations

import os
import subprocess
import zipfile
from collections.abc import Sequence

import msgspec
import pytest

from graders import catalogue
from katas_course import remotes, submissions
from katas_course.collecting import PUSHES, Collected, read
from katas_course.commands import repositories as commands
from tests.classroom import BASIC, ENVIRONMENT, Classroom, roster
from tests.github_server import TOKEN, git, serving
from tests.shell import Finished, katas_here
from tests.workshop import SOLUTION, write_repository

pytestmark = pytest.mark.security
attack = pytest.mark.attack
UNTIL = "2026-05-31T23:59:00+02:00"


@pytest.fixture
def room(tmp_path):
    with serving(Classroom(tmp_path / "server")) as server:
        yield server


@pytest.fixture(scope="module")
def katas(tmp_path_factory) -> list[catalogue.Kata]:
    return catalogue.load_all(write_repository(tmp_path_factory.mktemp("katas"), ["one"]))


def collect(room: Classroom, *words: str, logins: Sequence[str] = ("eve",), **variables: str) -> Finished:
    place = room.folder.parent
    listed = str(roster(place / "roster.csv", logins))
    given = ("--from", room.pattern, "--out", str(place / "hw1"))
    return katas_here("collect", listed, *given, *words, cwd=place, env=ENVIRONMENT | variables)


def taken(room: Classroom, katas: list[catalogue.Kata], person: str = "s-eve") -> submissions.KataSubmission:
    """Return a person's submission, as `grade-batch` takes it."""
    found = submissions.read(room.folder.parent / "hw1/submissions").entries
    (entry,) = (each for each in found if each.person == person)
    (submission,) = submissions.of_katas(entry, katas, every=True)
    return submission


def archive(room: Classroom, login: str = "eve") -> zipfile.ZipFile:
    return zipfile.ZipFile(room.folder.parent / f"hw1/submissions/s-{login}.zip")


@attack("Z60")
@pytest.mark.parametrize("target", ["/etc/passwd", "../../roster.csv", "secret.py"])
def test_a_link_in_a_repository_is_refused(observed, room, katas, target):
    room.push("eve", {"twice.py": ("link", target), "secret.py": SOLUTION})
    assert collect(room).status == 0
    assert "twice.py: it is a symbolic link, not a file" in taken(room, katas).refused
    observed("R")


@attack("Z60")
def test_a_submodule_in_a_repository_is_refused(observed, room, katas):
    other = room.push("mallory", {"twice.py": SOLUTION})
    modules = f'[submodule "x"]\n\tpath = twice.py\n\turl = {room.url}/school/hw1-mallory\n'
    room.push("eve", {"twice.py": ("submodule", other), ".gitmodules": modules})
    room.asked.clear()
    assert collect(room).status == 0
    assert "twice.py: it is a folder, not a file" in taken(room, katas).refused
    assert not [path for _, path in room.asked if "mallory" in path]
    observed("R")


def push_tree(room: Classroom, names: list[bytes], login: str = "eve") -> None:
    """Push a tree that no git would make: one file under each name, and twice.py. A name may have slashes."""
    place = room.create(login)

    def store(kind: str, data: bytes) -> bytes:
        words = ["git", "-C", str(place), "hash-object", "-w", "--literally", "-t", kind, "--stdin"]
        return bytes.fromhex(subprocess.run(words, input=data, check=True, capture_output=True).stdout.decode().strip())

    entries = {b"twice.py": (b"100644", store("blob", SOLUTION.encode()))}
    for name in names:
        *folders, last = name.split(b"|")
        mode, digest = b"100644", store("blob", b"evil")
        for folder in reversed(folders):
            digest, mode, last = store("tree", mode + b" " + last + b"\0" + digest), b"40000", folder
        entries[last] = (mode, digest)
    tree = store("tree", b"".join(mode + b" " + name + b"\0" + digest for name, (mode, digest) in entries.items()))
    commit = store("commit", b"tree " + tree.hex().encode() + b"\nauthor e <e> 1 +0000\ncommitter e <e> 1 +0000\n\nx")
    git(place, "update-ref", "refs/heads/main", commit.hex())
    room.note(login, commit.hex(), "2026-05-01T10:00:00Z")


@attack("Z61")
@pytest.mark.parametrize(
    "name",
    [
        b"..|..|x.py",
        b"..",
        b".git|hooks|post-checkout",
        b".GIT|config",
        b"/etc/x",
        b"a\\..\\b",
        b"\xff.py",
        b"a\x1b[2Jb",
    ],
)
def test_a_hostile_name_in_a_repository_is_left_out(observed, room, katas, name):
    push_tree(room, [name])
    done = collect(room)
    assert done.status == 0, done.said
    assert archive(room).namelist() == ["twice.py"]
    assert [file.data for file in taken(room, katas).files.files] == [SOLUTION.encode()]
    assert "note: s-eve: left out, because of the name or the size: " in done.out
    assert "\x1b" not in done.said
    observed("N")


@attack("Z61")
def test_a_name_that_occurs_twice_counts_once(observed, room, katas):
    place = room.create("eve")
    digests = [git(place, "hash-object", "-w", "--stdin", text=text) for text in (SOLUTION, "evil")]
    data = b"".join(b"100644 twice.py\0" + bytes.fromhex(digest) for digest in digests)
    words = ["git", "-C", str(place), "hash-object", "-w", "--literally", "-t", "tree", "--stdin"]
    tree = subprocess.run(words, input=data, check=True, capture_output=True).stdout.decode().strip()
    commit = git(place, "commit-tree", tree, "-m", "x")
    git(place, "update-ref", "refs/heads/main", commit)
    room.note("eve", commit, "2026-05-01T10:00:00Z")
    assert collect(room).status == 0
    assert len(archive(room).namelist()) == 1
    assert len(taken(room, katas).files.files) == 1
    observed("N")


@attack("Z62")
def test_settings_in_a_repository_start_nothing(observed, room, katas, tmp_path):
    mark = tmp_path / "ran"
    hostile = {
        "twice.py": SOLUTION + "# $Format:%H$ $Id$\n",
        ".gitattributes": "* filter=x diff=x merge=x ident eol=crlf export-subst\ntwice.py export-ignore\n",
        ".gitconfig": f'[filter "x"]\n\tsmudge = touch {mark}\n[core]\n\tfsmonitor = touch {mark}\n',
        ".gitmodules": f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% {mark}\n\tupdate = !touch {mark}\n',
        ".lfsconfig": f"[lfs]\n\turl = {room.url}/lfs\n",
        "hooks/post-checkout": f"#!/bin/sh\ntouch {mark}\n",
        "config": f"[core]\n\tsshCommand = touch {mark}\n",
    }
    room.push("eve", hostile)
    assert collect(room).status == 0
    assert not mark.exists()
    assert {name: archive(room).read(name).decode() for name in archive(room).namelist()} == hostile
    assert taken(room, katas).files.files[0].data == hostile["twice.py"].encode()
    observed("N")


@attack("Z63")
def test_a_huge_repository_is_not_collected(observed, room, monkeypatch):
    monkeypatch.setattr(remotes.Git.run, "__kwdefaults__", {**remotes.Git.run.__kwdefaults__, "most": 2 * 1024**2})
    random = subprocess.run(["head", "-c", "6000000", "/dev/urandom"], capture_output=True, check=True).stdout
    room.push("eve", {"twice.py": SOLUTION, "data.bin": random})
    room.push("ada", {"twice.py": SOLUTION})
    done = collect(room, logins=["eve", "ada"])
    assert done.status == 2
    assert "unavailable: s-eve" in done.out
    assert "it has more than 2 MB, or too many files" in done.out
    folder = room.folder.parent / "hw1"
    assert sorted(path.name for path in folder.rglob("*")) == ["s-ada.zip", "submissions", "times.csv"]
    observed("R")


@attack("Z63")
def test_a_huge_file_is_left_out(observed, room, katas):
    room.push("eve", {"twice.py": SOLUTION, "zeros.bin": bytes(64_000_000)})
    done = collect(room)
    assert "note: s-eve: left out, because of the name or the size: zeros.bin" in done.out
    assert [file.data for file in taken(room, katas).files.files] == [SOLUTION.encode()]
    observed("N")


@attack("Z63")
def test_a_tree_that_unfolds_without_end_is_not_collected(observed, room):
    place = room.create("eve")
    entry = f"100644 blob {git(place, 'hash-object', '-w', '--stdin', text='x')}"
    for _ in range(10):
        listed = "".join(f"{entry}\tf{number}\n" for number in range(10))
        entry = f"040000 tree {git(place, 'mktree', text=listed)}"
    commit = git(place, "commit-tree", entry.split()[2], "-m", "x")
    git(place, "update-ref", "refs/heads/main", commit)
    room.note("eve", commit, "2026-05-01T10:00:00Z")
    done = collect(room)
    assert done.status == 2
    assert "it has more than 8 MB, or too many files" in done.out
    observed("R")


@attack("Z64")
def test_a_forged_date_does_not_beat_the_servers(observed, room):
    room.push("eve", {"twice.py": "late"}, "2026-06-03T10:00:00Z", dated=1)
    assert "nothing was pushed until" in collect(room, "--until", UNTIL).out
    collect(room)
    assert read(room.folder.parent / "hw1/submissions/s-eve.zip").time == "2026-06-03T10:00:00+00:00"
    observed("N")


@attack("Z64")
def test_a_push_to_another_branch_does_not_date_this_one(observed, room):
    commit = room.push("eve", {"twice.py": "early"}, "2026-05-01T10:00:00Z", branch="other")
    git(room.place("eve"), "update-ref", "refs/heads/main", commit)
    room.note("eve", commit, "2026-06-03T10:00:00Z")
    for name in ("a/refs/heads/main", "HEAD"):  # the server lists them, too, when it is asked for main or HEAD
        git(room.place("eve"), "update-ref", f"refs/heads/{name}", commit)
    assert "nothing was pushed until" in collect(room, "--until", UNTIL).out
    observed("N")


@attack("Z64")
def test_many_pushes_cannot_hide_an_earlier_one(observed, room):
    first = room.push("eve", {"twice.py": "x"}, "2026-05-01T10:00:00Z")
    for number in range(PUSHES):
        room.note("eve", first, f"2026-06-01T10:{number // 60:02}:{number % 60:02}Z")
    done = collect(room, "--until", UNTIL)
    assert done.status == 2
    assert f"more than {PUSHES} pushes" in done.out
    room.pushes["hw1-eve"].pop(0)
    collect(room, "--until", UNTIL)
    assert read(room.folder.parent / "hw1/submissions/s-eve.zip").time == "2026-05-01T10:00:00+00:00"
    observed("N")


@attack("Z65")
@pytest.mark.parametrize(
    "login", ["../other/secret", "x@evil.example", "-oProxyCommand=x", "a b", "a%2fb", "{id}", "é"]
)
def test_a_login_cannot_lead_elsewhere(observed, room, login):
    room.push("ada", {"twice.py": SOLUTION})
    done = collect(room, logins=["ada", login])
    assert [path for _, path in room.asked if "hw1-ada" not in path] == []
    assert "its github is not one in the roster" in done.out
    observed("R")


@attack("Z66")
def test_the_token_is_in_no_argument_file_or_message(observed, room, tmp_path):
    """A program in the place of git writes down its arguments, and then runs git."""
    program = tmp_path / "bin/git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {tmp_path}/log\nPATH=${{PATH#*:}} exec git "$@"\n')
    program.chmod(0o755)
    room.push("eve", {"twice.py": SOLUTION, "read": "x"})
    path = f"{program.parent}:{os.environ['PATH']}"
    done = collect(room, logins=["eve", "ada"], PATH=path)
    wrong = collect(room, PATH=path, GH_ENTERPRISE_TOKEN=f"{TOKEN}-wrong")
    arguments = (tmp_path / "log").read_text()
    assert "fetch" in arguments
    files = [each.read_bytes() for each in (tmp_path / "hw1").rglob("*") if each.is_file()]
    for secret in (TOKEN, BASIC):
        assert secret not in arguments + done.said + wrong.said
        assert not [each for each in files if secret.encode() in each]
    observed("C")


@attack("Z66")
def test_a_redirect_does_not_get_the_token(observed, room, tmp_path):
    with serving(Classroom(tmp_path / "other")) as other:
        other.push("eve", {"twice.py": SOLUTION})
        room.create("eve")
        room.redirects_to = other.url
        done = collect(room)
    assert done.status == 2
    assert "unavailable: s-eve" in done.out
    assert other.asked == []
    observed("C")


@pytest.fixture
def graded(room, tmp_path, monkeypatch):
    """Collect and grade eve's repository, and write her page."""
    monkeypatch.setattr(commands, "PAUSE_S", 0.0)
    write_repository(tmp_path / "katas", ["one"])
    room.push("eve", {"twice.py": SOLUTION})
    collect(room)
    words = ("hw1/submissions", "--times", "hw1/times.csv", "--out", "graded", "--kata", "one", "--workers", "1")
    katas_here("--root", "katas", "grade-batch", *words, "--require-confinement", "none", cwd=tmp_path)
    assert katas_here("--root", "katas", "feedback", "graded", "--format", "markdown", cwd=tmp_path).status == 0
    return room


def handback(room: Classroom, form: str) -> Finished:
    words = ("--root", "katas", "handback", "hw1", "graded", "--yes", "--as", form)
    return katas_here(*words, cwd=room.folder.parent, env=ENVIRONMENT)


@attack("Z67")
def test_a_forged_issue_or_status_is_not_taken_for_ours(observed, graded):
    handback(graded, "issue")
    mine = {**graded.issues["hw1-eve"].pop(), "number": 1, "user": {"login": "eve"}}
    graded.issues["hw1-eve"].append(mine)
    assert "1 written" in handback(graded, "issue").out
    assert [each["user"]["login"] for each in graded.issues["hw1-eve"]] == ["eve", "teacher"]
    commit = git(graded.place("eve"), "rev-parse", "main")
    graded.statuses[commit] = [{"context": "katas/one", "state": "success", "description": "99 of 3 points"}]
    handback(graded, "status")
    assert graded.statuses[commit][-1]["description"] == "3 of 3 points"
    observed("N")


@attack("Z67")
def test_a_forged_branch_is_replaced(observed, graded):
    graded.push(
        "eve", {"one.md": ("link", "/etc/passwd"), ".github/workflows/x.yml": "on: push"}, branch="katas-feedback"
    )
    assert "1 written" in handback(graded, "branch").out
    assert git(graded.place("eve"), "ls-tree", "-r", "katas-feedback").split()[:2] == ["100644", "blob"]
    assert git(graded.place("eve"), "ls-tree", "-r", "--name-only", "katas-feedback") == "one.md"
    observed("N")


@attack("Z68")
def test_a_foreign_archive_does_not_get_feedback_or_the_token(observed, graded, tmp_path):
    with serving(Classroom(tmp_path / "other")) as other:
        record = read(tmp_path / "hw1/submissions/s-eve.zip")
        address = f"{other.url}/school/hw1-eve"
        with zipfile.ZipFile(tmp_path / "hw1/submissions/mallory.zip", "w") as packed:
            packed.comment = msgspec.json.encode(Collected(**{**msgspec.structs.asdict(record), "address": address}))
        done = handback(graded, "branch")
        assert other.asked == []
    assert done.status == 2
    assert "the collected repositories are on several servers" in done.err
    observed("R")
