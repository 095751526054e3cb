"""`katas collect`: one private repository for each student becomes a folder of submissions with their times.

Attacks are in tests/attacks/test_repositories.py.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from katas_course.collecting import read, records
from katas_course.remotes import GitServer
from tests.classroom import ENVIRONMENT, Classroom, roster
from tests.github_server import TOKEN, git, serving
from tests.shell import Finished, environment, katas_here
from tests.workshop import ROOT

FILES = {"affine.py": "W = 1\n", "notes/first.md": "hello\n"}
UNTIL = "2026-05-31T23:59:00+02:00"
IN_TIME, LATE = "2026-05-31T21:58:59Z", "2026-05-31T21:59:01Z"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Classroom]:
    with serving(Classroom(tmp_path / "server")) as server:
        yield server


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Classroom]:
    with serving(Classroom(tmp_path / "server", keeps_pushes=False)) as server:
        yield server


def collect(room: Classroom, *words: str, logins: str = "ada bob", pattern: str = "", **variables: str) -> Finished:
    place = room.folder.parent
    listed = str(roster(place / "roster.csv", logins.split()))
    given = ["--from", pattern or room.pattern, "--out", str(place / "hw1")]
    return katas_here("collect", listed, *given, *words, cwd=place, env=ENVIRONMENT | variables)


def collected(room: Classroom, login: str) -> dict[str, str]:
    with zipfile.ZipFile(room.folder.parent / "hw1" / "submissions" / f"s-{login}.zip") as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def times(room: Classroom) -> dict[str, str]:
    with (room.folder.parent / "hw1" / "times.csv").open(encoding="utf-8") as file:
        return {line["person"]: line["time"] for line in csv.DictReader(file)}


def test_everyones_files_and_push_times_are_collected(room: Classroom) -> None:
    room.push("ada", FILES, "2026-05-01T10:00:00Z", dated=1)
    room.push("bob", {"affine.py": "W = 2\n"}, "2026-05-02T12:00:00+02:00")
    done = collect(room)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("2 of 2 collected in ")
    assert (collected(room, "ada"), collected(room, "bob")) == (FILES, {"affine.py": "W = 2\n"})
    assert times(room) == {"s-ada": "2026-05-01T10:00:00+00:00", "s-bob": "2026-05-02T10:00:00+00:00"}
    archive = room.folder.parent / "hw1" / "submissions" / "s-bob.zip"
    assert archive.stat().st_mtime == 1_777_716_000  # counts if a batch is graded without --times


def test_the_last_push_before_the_deadline_counts(room: Classroom) -> None:
    room.push("ada", {"affine.py": "early"}, "2026-05-01T10:00:00Z")
    room.push("ada", {"affine.py": "in time"}, IN_TIME)
    room.push("ada", {"affine.py": "late"}, LATE, dated=1)  # the commit says 1970
    room.push("bob", {"affine.py": "late"}, LATE, dated=1)
    done = collect(room, "--until", UNTIL)
    assert collected(room, "ada") == {"affine.py": "in time"}
    assert times(room) == {"s-ada": "2026-05-31T21:58:59+00:00"}
    said = "nothing was pushed until 2026-05-31T21:59:00+00:00; the first push was at 2026-05-31T21:59:01+00:00"
    assert f"late: s-bob ({room.url}/school/hw1-bob): {said}" in done.out


def test_a_push_that_was_later_overwritten_still_counts(room: Classroom) -> None:
    room.push("ada", {"affine.py": "in time"}, IN_TIME)
    room.push("ada", {"affine.py": "late"}, LATE, after=None)
    collect(room, "--until", UNTIL)
    assert collected(room, "ada") == {"affine.py": "in time"}


def test_what_counted_earlier_is_removed_when_it_no_longer_counts(room: Classroom) -> None:
    room.push("ada", FILES, LATE)
    collect(room, logins="ada")
    assert list(times(room)) == ["s-ada"]
    assert "late: s-ada" in collect(room, "--until", UNTIL, logins="ada").out
    assert times(room) == {}
    assert records(room.folder.parent / "hw1") == []


@pytest.mark.parametrize("state", ["missing", "empty", "late"])
def test_the_files_of_a_login_that_was_corrected_do_not_stay(room: Classroom, state: str) -> None:
    room.push("ada", FILES, IN_TIME)
    place = room.folder.parent
    words = ("collect", "roster.csv", "--from", room.pattern, "--out", "hw1", "--until", UNTIL)
    (place / "roster.csv").write_text("id,github\ns1,ada\n")
    assert katas_here(*words, cwd=place, env=ENVIRONMENT).status == 0
    if state == "empty":
        room.create("bob")
    elif state == "late":
        room.push("bob", FILES, LATE)
    (place / "roster.csv").write_text("id,github\ns1,bob\n")
    said = katas_here(*words, cwd=place, env=ENVIRONMENT).out
    assert f"{state}: s1 ({room.url}/school/hw1-bob)" in said
    assert f"s1: before, it was collected from {room.url}/school/hw1-ada" in said
    assert times(room) == {}


def test_another_repository_than_before_is_said(room: Classroom) -> None:
    room.push("ada", FILES)
    room.push("bob", {"affine.py": "W = 2\n"})
    place = room.folder.parent
    words = ("collect", "roster.csv", "--from", room.pattern, "--out", "hw1")
    for login in ("ada", "bob"):
        (place / "roster.csv").write_text(f"id,github\ns1,{login}\n")
        said = katas_here(*words, cwd=place, env=ENVIRONMENT).out
    assert (
        f"note: s1: before, it was collected from {room.url}/school/hw1-ada; what was graded from there still counts"
        in said
    )


def test_what_counted_in_time_is_kept_if_the_repository_is_made_anew(room: Classroom) -> None:
    room.push("ada", FILES, IN_TIME)
    collect(room, logins="ada")
    shutil.rmtree(room.place("ada"))
    room.pushes.clear()
    room.push("ada", {"affine.py": "late"}, LATE)
    assert "late: s-ada" in collect(room, "--until", UNTIL, logins="ada").out
    assert collected(room, "ada") == FILES


def test_what_stays_of_people_who_are_no_longer_in_the_roster_is_said(room: Classroom) -> None:
    room.push("ada", FILES)
    room.push("bob", FILES)
    collect(room)
    said = collect(room, logins="bob").out
    assert "still there, but not in the roster (remove what should not be graded): s-ada" in said


def test_a_second_call_fetches_only_what_is_new(room: Classroom) -> None:
    room.push("ada", FILES)
    room.push("bob", FILES)
    collect(room)
    room.asked.clear()
    room.push("bob", {"affine.py": "W = 3\n"}, "2026-05-03T10:00:00Z")
    done = collect(room)
    assert ": 1 new, 1 unchanged" in done.out
    assert collected(room, "bob") == {"affine.py": "W = 3\n"}
    fetched = [path for method, path in room.asked if method == "POST"]  # to list branches, and to fetch
    assert fetched.count("/school/hw1-ada/git-upload-pack") == 1
    assert fetched.count("/school/hw1-bob/git-upload-pack") > 1


def test_a_push_after_the_deadline_does_not_change_an_earlier_choice(room: Classroom) -> None:
    room.push("ada", FILES, IN_TIME)
    collect(room, "--until", UNTIL, logins="ada")
    room.push("ada", {"affine.py": "late"}, LATE)
    assert ": 0 new, 1 unchanged" in collect(room, "--until", UNTIL, logins="ada").out
    assert collected(room, "ada") == FILES


def test_missing_and_empty_repositories_get_a_line_each(room: Classroom) -> None:
    room.push("ada", FILES)
    room.create("bob")
    done = collect(room, logins="ada bob cleo")
    assert done.status == 0
    assert f"empty: s-bob ({room.url}/school/hw1-bob): nothing has been pushed yet" in done.out.splitlines()
    said = "there is no such repository, or you may not read it"
    assert f"missing: s-cleo ({room.url}/school/hw1-cleo): {said}" in done.out.splitlines()
    assert list(times(room)) == ["s-ada"]


def test_people_without_a_login_get_a_line_each(room: Classroom) -> None:
    room.push("ada", FILES)
    place = room.folder.parent
    (place / "roster.csv").write_text("id,github\ns-ada,ada\ns-bob,\ns-eve,../../x\n")
    words = ("--from", room.pattern, "--out", str(place / "hw1"))
    done = katas_here("collect", str(place / "roster.csv"), *words, cwd=place, env=ENVIRONMENT)
    assert "missing: s-bob: its github is missing in the roster" in done.out
    assert "missing: s-eve: its github is not one in the roster" in done.out
    assert list(times(room)) == ["s-ada"]


def test_an_unavailable_server_is_named_and_keeps_the_old(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graders.github.api.TRIES", 1)
    room.push("ada", FILES)
    collect(room, logins="ada")
    room.failing = 1
    done = collect(room, logins="ada")
    assert done.status == 2
    assert "unavailable: s-ada" in done.out
    assert "the server answered 502" in done.out
    assert collected(room, "ada") == FILES


def test_a_request_too_many_is_repeated_when_the_server_says(room: Classroom) -> None:
    room.push("ada", FILES)
    room.failing, room.failing_status, room.failing_headers = 2, 429, {"Retry-After": "0"}
    assert collect(room, logins="ada").status == 0
    assert collected(room, "ada") == FILES


def test_a_wrong_token_is_named_without_showing_it(room: Classroom) -> None:
    room.push("ada", FILES)
    done = collect(room, logins="ada", GH_ENTERPRISE_TOKEN="wrong-token")
    assert done.status == 2
    assert "unavailable: s-ada" in done.out
    assert "the server refuses your login; check GH_TOKEN" in done.out
    assert "wrong-token" not in done.said


def test_more_pushes_than_fit_on_a_page_are_read(room: Classroom) -> None:
    first = room.push("ada", FILES, IN_TIME)
    for minute in range(250):
        room.note("ada", first, f"2026-06-01T{minute // 60:02}:{minute % 60:02}:00Z")
    collect(room, "--until", UNTIL, logins="ada")
    assert times(room) == {"s-ada": "2026-05-31T21:58:59+00:00"}


def test_a_branch_can_be_named(room: Classroom) -> None:
    room.push("ada", FILES)
    room.push("ada", {"affine.py": "W = 5\n"}, branch="submit")
    room.push("bob", FILES)
    done = collect(room, "--branch", "submit")
    assert collected(room, "ada") == {"affine.py": "W = 5\n"}
    assert "s-bob" in done.out
    assert "it has no branch submit" in done.out


def test_newer_commits_on_another_branch_are_said(room: Classroom) -> None:
    room.push("ada", {"affine.py": "W = 1\n"}, dated=1_777_000_000)
    room.push("ada", {"affine.py": "W = 2\n"}, dated=1_777_000_500, branch="solution")
    room.push("bob", {"affine.py": "W = 3\n"}, dated=1_777_000_000, branch="try")
    room.push("bob", {"affine.py": "W = 4\n"}, dated=1_777_000_500)
    room.push("bob", {"page.md": "x"}, dated=1_777_000_900, branch="katas-feedback")
    for _ in range(2):  # also if there is nothing new to collect
        done = collect(room)
        assert "note: s-ada: branch solution is newer than main; to collect it: --branch solution" in done.out
        assert "s-bob:" not in done.out
    assert "is newer" not in collect(room, "--branch", "solution").out


def test_a_plain_server_gives_the_commits_dates_and_says_so(plain: Classroom) -> None:
    plain.push("ada", {"affine.py": "in time"}, dated=1_780_264_739)
    plain.push("ada", {"affine.py": "late"}, dated=1_780_264_741)
    plain.push("bob", FILES, dated=1_780_264_739)
    done = collect(plain, "--until", UNTIL)
    assert collected(plain, "ada") == {"affine.py": "in time"}
    assert times(plain) == dict.fromkeys(["s-ada", "s-bob"], "2026-05-31T21:58:59+00:00")
    assert "2 people: the server doesn't say when they pushed" in done.out
    assert "can set to anything: s-ada, s-bob." in done.out
    assert ": 0 new, 2 unchanged" in collect(plain, "--until", UNTIL).out
    earlier = UNTIL.replace("23:59", "23:58:59")
    assert ": 0 new, 2 unchanged" in collect(plain, "--until", earlier).out  # it finds the same commits


@pytest.mark.parametrize("scheme", ["file", "git"])
def test_other_servers_need_no_token(plain: Classroom, scheme: str) -> None:
    plain.push("ada", FILES)
    pattern, daemon = f"file://{plain.folder}/school/hw1-{{github}}", None
    if scheme == "git":
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        words = ["--reuseaddr", "--export-all", f"--base-path={plain.folder}", "--listen=127.0.0.1", f"--port={port}"]
        daemon = subprocess.Popen(["git", "daemon", *words], start_new_session=True)
        pattern = f"git://127.0.0.1:{port}/school/hw1-{{github}}"
    try:
        for _ in range(100):
            done = collect(plain, pattern=pattern, logins="ada", GH_ENTERPRISE_TOKEN="")
            if done.status == 0:  # the daemon may still be starting
                break
            time.sleep(0.1)
    finally:
        if daemon:
            os.killpg(daemon.pid, signal.SIGTERM)
            daemon.wait()
    assert done.status == 0, done.said
    assert collected(plain, "ada") == FILES


def test_ssh_runs_the_users_ssh(plain: Classroom, tmp_path: Path) -> None:
    plain.push("ada", FILES)
    script = tmp_path / "ssh"
    script.write_text(f'#!/bin/sh\nfor last; do :; done\necho "$1" >> {tmp_path}/log\neval "exec $last"\n')
    script.chmod(0o755)
    pattern = f"git@git.example.org:{plain.folder}/school/hw1-{{github}}"
    ssh = {"GIT_SSH_COMMAND": str(script), "GIT_SSH_VARIANT": "simple", "GH_ENTERPRISE_TOKEN": ""}
    done = collect(plain, pattern=pattern, logins="ada", **ssh)
    assert done.status == 0, done.said
    assert collected(plain, "ada") == FILES
    assert set((tmp_path / "log").read_text().split()) == {"git@git.example.org"}


def test_the_login_of_gh_is_used(room: Classroom, tmp_path: Path) -> None:
    room.push("ada", FILES)
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$*" = "auth token --hostname 127.0.0.1" ] && echo {TOKEN}\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    assert collect(room, logins="ada", GH_ENTERPRISE_TOKEN="", PATH=path).status == 0
    assert times(room) == {"s-ada": "2026-05-01T10:00:00+00:00"}


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("https://github.com/my-org/hw1", "put the person's login into it, as {github}, {login} or {id}"),
        ("https://github.com/my-org/hw1-{name}", "put the person's login into it"),
        ("ext::sh -c {github}", "expected an address such as https://github.com"),
        ("/srv/hw1-{github}", "expected an address such as https://github.com"),
        ("https://x:secret@github.com/o/{github}", "Leave it out, and put the token into GH_TOKEN"),
    ],
)
def test_a_wrong_pattern_is_rejected(room: Classroom, pattern: str, said: str) -> None:
    done = collect(room, pattern=pattern)
    assert done.status == 2
    assert said in done.err
    assert "secret" not in done.said


def test_two_people_with_one_repository_are_rejected(room: Classroom) -> None:
    done = collect(room, logins="ada Ada")
    assert done.status == 2
    assert "s-ada and s-Ada have the same repository" in done.err


def test_a_roster_without_logins_is_rejected(room: Classroom) -> None:
    (room.folder.parent / "plain.csv").write_text("id,name\nada,Ada\n")
    words = ("--from", room.pattern, "--out", "hw1")
    done = katas_here("collect", "plain.csv", *words, cwd=room.folder.parent, env=ENVIRONMENT)
    assert done.status == 2
    assert "no person in it has what" in done.err


def test_ctrl_c_keeps_what_is_done(room: Classroom) -> None:
    """The second person's repository waits for ever. An interrupt ends the command, and leaves no process behind."""
    room.push("ada", FILES)
    room.push("bob", FILES)
    room.waits_for = "hw1-bob"
    place = room.folder.parent
    listed = str(roster(place / "roster.csv", ["ada", "bob"]))
    words = ["-m", "graders.cli", "collect", listed, "--from", room.pattern, "--out", str(place / "hw1")]
    running = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=environment(**ENVIRONMENT), stderr=subprocess.PIPE, text=True
    )
    for _ in range(300):
        if (place / "hw1/submissions/s-ada.zip").is_file():
            break
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    room.released.set()
    assert running.returncode == 130
    assert re.search(r"katas: 1 of 2 are in .*hw1\. Run the same command again to continue\.", said)
    assert list(times(room)) == ["s-ada"]
    assert [path.name for path in (place / "hw1").iterdir() if path.name.startswith(".")] == []


def test_a_killed_call_is_continued(room: Classroom) -> None:
    """A call that was killed has written no times, and its last archive is not whole."""
    room.push("ada", FILES)
    room.push("bob", FILES)
    collect(room)
    place = room.folder.parent / "hw1"
    (place / "times.csv").unlink()
    whole = (place / "submissions/s-bob.zip").read_bytes()
    (place / "submissions/s-bob.zip").write_bytes(whole[: len(whole) // 2])
    (place / ".fetching-x").mkdir()
    assert ": 1 new, 1 unchanged" in collect(room).out
    assert collected(room, "bob") == FILES
    assert list(times(room)) == ["s-ada", "s-bob"]
    assert not (place / ".fetching-x").exists()


def test_the_token_goes_only_to_its_own_kind_of_server() -> None:
    ours = {"GH_TOKEN": "a", "GH_ENTERPRISE_TOKEN": "b", "PATH": ""}
    assert GitServer.of("https://github.com/o/{github}", ours).token == "a"
    assert GitServer.of("git@github.com:o/{github}", ours) == GitServer(
        "github.com", "a", "https://github.com/", "https://api.github.com"
    )
    assert GitServer.of("https://git.example.org/o/{github}", ours).token == "b"
    assert GitServer.of("https://git.example.org/o/{github}", {"GH_TOKEN": "a", "PATH": ""}).token == ""
    for address in ("http://git.example.org/o/{github}", "git://github.com/o/{github}", "file:///srv/{github}"):
        assert GitServer.of(address, ours).token == ""
    assert "secret" not in repr(GitServer("h", "secret"))


def test_the_archive_says_which_commit_it_holds(room: Classroom) -> None:
    commit = room.push("ada", FILES)
    collect(room, logins="ada")
    record = read(room.folder.parent / "hw1/submissions/s-ada.zip")
    assert record is not None
    assert (record.commit, record.branch, record.source) == (commit, "refs/heads/main", "push")
    assert record.address == f"{room.url}/school/hw1-ada"
    assert git(room.place("ada"), "rev-parse", "main") == commit
