"""`katas handback`, and the whole chain: collect, grade-batch, feedback, handback."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from katas_course.commands import repositories as commands
from tests.classroom import ENVIRONMENT, TEACHER, Classroom, roster
from tests.github_server import git, serving
from tests.shell import Finished, katas_here
from tests.workshop import ADDED, ROOT, SOLUTION, write, write_repository


def run(room: Classroom, *words: str) -> Finished:
    return katas_here(*words, cwd=room.folder.parent, env=ENVIRONMENT)


def collect(room: Classroom) -> Finished:
    return run(room, "collect", "roster.csv", "--from", room.pattern, "--out", "hw1")


def grade(room: Classroom) -> Finished:
    words = ("hw1/submissions", "--times", "hw1/times.csv", "--out", "graded", "--kata", "one", "--workers", "1")
    done = run(room, "--root", "katas", "grade-batch", *words, "--require-confinement", "none")
    assert done.status == 0, done.said
    return done


def handback(room: Classroom, form: str, *words: str) -> Finished:
    return run(room, "--root", "katas", "handback", "hw1", "graded", "--as", form, *words)


def documented() -> list[list[str]]:
    """Return the commands of docs/cohorts.md that take an assignment from the pushes to the feedback."""
    text = (ROOT / "docs/cohorts.md").read_text(encoding="utf-8")
    section = text.partition("## Private repositories")[2].partition("**To create")[0]
    return [shlex.split(line, comments=True)[1:] for line in re.findall(r"^    (katas .+)$", section, re.MULTILINE)]


def test_the_documented_chain_goes_from_pushes_to_issues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "PAUSE_S", 0.0)
    file = "softmax_cross_entropy.py"
    solution = (ROOT / "solutions/exercise04" / file).read_text(encoding="utf-8")
    stub = (ROOT / "katas/exercise04" / file).read_text(encoding="utf-8")
    roster(tmp_path / "roster.csv", ["ada", "bob", "cleo"])
    with serving(Classroom(tmp_path / "server")) as room:
        room.push("ada", {f"katas/exercise04/{file}": solution}, "2026-05-30T10:00:00Z")
        room.push("bob", {file: stub}, "2026-05-30T11:00:00Z")
        room.push("bob", {file: solution}, "2026-06-02T10:00:00Z", dated=1)
        room.create("cleo")
        chain = documented()
        assert [words[0] for words in chain] == ["collect", "grade-batch", "feedback", "handback", "handback"]
        for words in chain:
            given = [room.pattern if "github.com" in word else word for word in words]
            done = run(room, "--root", str(ROOT), *given)
            assert done.status == 0, done.said
        (mine,) = room.issues["hw1-ada"]
        (other,) = room.issues["hw1-bob"]
        assert run(room, "--root", str(ROOT), *chain[-1]).out.startswith("0 written, 2 unchanged")
    assert re.search(r"## Final mark: (\d+) of \1 points", mine["body"])
    assert "2026-05-30 10:00 UTC" in mine["body"]
    assert "2026-05-30 11:00 UTC" in other["body"]  # the push in time, whatever the date of the late commit
    assert "## Final mark: 0 of" in other["body"]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classroom]:
    """Collect, grade and write the pages of two people. Tests use a copy."""
    place = tmp_path_factory.mktemp("course")
    write_repository(place / "katas", ["one"])
    with serving(Classroom(place / "server")) as room:
        room.push("ada", {"twice.py": SOLUTION}, "2026-05-01T10:00:00Z")
        room.push("bob", {"twice.py": ADDED}, "2026-05-02T10:00:00Z")
        roster(place / "roster.csv", ["ada", "bob"])
        assert collect(room).status == 0
        grade(room)
        assert run(room, "--root", "katas", "feedback", "graded", "--format", "markdown").status == 0
        yield room


@pytest.fixture
def room(graded: Classroom, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    """Return the server of what was graded, without any feedback on it."""
    monkeypatch.setattr(commands, "PAUSE_S", 0.0)
    for login in ("ada", "bob"):
        git(graded.place(login), "update-ref", "-d", "refs/heads/katas-feedback")
    graded.statuses, graded.issues, graded.public = {}, {}, set()
    return graded


def test_a_status_shows_the_points_on_the_graded_commit(room: Classroom) -> None:
    done = handback(room, "status")
    assert done.status == 0, done.said
    assert room.statuses == {}
    assert "2 to write (with --yes), 0 unchanged, 0 left out" in done.out
    done = handback(room, "status", "--yes")
    assert done.status == 0, done.said
    commits = {login: git(room.place(login), "rev-parse", "main") for login in ("ada", "bob")}
    sent = {"context": "katas/one", "state": "success", "description": "3 of 3 points"}
    assert room.statuses[commits["ada"]] == [sent]
    assert room.statuses[commits["bob"]][0]["state"] == "failure"
    before = {commit: list(each) for commit, each in room.statuses.items()}
    assert "0 written, 2 unchanged" in handback(room, "status", "--yes").out
    assert room.statuses == before


def test_an_issue_holds_the_page(room: Classroom) -> None:
    assert "would write: s-ada: new issue: Feedback on one" in handback(room, "issue").out
    assert room.issues == {}
    assert handback(room, "issue", "--yes").status == 0
    (issue,) = room.issues["hw1-bob"]
    page = room.folder.parent / "graded/feedback/s-bob/one.md"
    assert page.read_text(encoding="utf-8") in issue["body"]
    assert (issue["title"], issue["user"]["login"]) == ("Feedback on one", TEACHER)
    assert "0 written, 2 unchanged" in handback(room, "issue", "--yes").out
    issue["body"] = issue["body"].replace("points", "POINTS")  # the student has write access
    assert "1 written, 1 unchanged" in handback(room, "issue", "--yes").out
    assert page.read_text(encoding="utf-8") in room.issues["hw1-bob"][0]["body"]
    assert len(room.issues["hw1-bob"]) == 1


def test_a_branch_holds_all_pages(room: Classroom) -> None:
    handback(room, "branch")
    place = room.place("ada")
    assert git(place, "for-each-ref", "refs/heads/katas-feedback") == ""
    assert handback(room, "branch", "--yes").status == 0
    assert git(place, "ls-tree", "-r", "--name-only", "katas-feedback") == "one.md"
    page = room.folder.parent / "graded/feedback/s-ada/one.md"
    assert git(place, "show", "katas-feedback:one.md") == page.read_text(encoding="utf-8").strip()
    first = git(place, "rev-parse", "katas-feedback")
    assert "0 written, 2 unchanged" in handback(room, "branch", "--yes").out
    assert git(place, "rev-parse", "katas-feedback") == first
    mine = room.push("ada", {"one.md": "I passed", "mine.md": "x"}, branch="katas-feedback")
    assert "1 written, 1 unchanged" in handback(room, "branch", "--yes").out
    assert git(place, "ls-tree", "-r", "--name-only", "katas-feedback") == "one.md"
    assert git(place, "rev-parse", "katas-feedback^") == mine  # nothing of the student's is lost


def test_a_plain_server_takes_a_branch_only(room: Classroom) -> None:
    room.has_api = False
    try:
        done = handback(room, "issue", "--yes")
        assert done.status == 2
        assert "left out: s-ada, s-bob: " in done.out
        assert handback(room, "branch", "--yes").status == 0
    finally:
        room.has_api = True


@pytest.mark.parametrize("form", ["status", "issue", "branch"])
def test_nothing_goes_into_a_public_repository(room: Classroom, form: str) -> None:
    room.public.add("hw1-ada")
    done = handback(room, form, "--yes")
    assert done.status == 2
    assert "left out: s-ada: the repository is public, so everyone could read the feedback" in done.out
    assert "1 written, 0 unchanged, 1 left out" in done.out
    assert git(room.place("ada"), "for-each-ref", "refs/heads/katas-feedback") == ""


def test_a_repository_that_anyone_can_read_is_public_on_a_server_without_an_api_too(room: Classroom) -> None:
    room.has_api = False
    room.public.add("hw1-ada")
    try:
        done = handback(room, "branch", "--yes")
    finally:
        room.has_api = True
    assert done.status == 2
    assert "left out: s-ada: the repository is public, so everyone could read the feedback" in done.out
    assert "1 written, 0 unchanged, 1 left out" in done.out
    assert git(room.place("ada"), "for-each-ref", "refs/heads/katas-feedback") == ""


def test_the_students_own_branch_is_not_overwritten(room: Classroom) -> None:
    before = git(room.place("ada"), "rev-parse", "main")
    done = handback(room, "branch", "--yes", "--branch", "main")
    assert done.status == 2
    assert "the student works on this branch. Name another one." in done.out
    assert git(room.place("ada"), "rev-parse", "main") == before


def test_a_newer_push_is_graded_before_it_gets_feedback(room: Classroom, tmp_path: Path) -> None:
    place = room.folder.parent
    for name in ("hw1", "graded"):
        shutil.copytree(place / name, tmp_path / name)
    room.push("bob", {"twice.py": SOLUTION}, "2026-05-03T10:00:00Z")
    room.folder, folder = tmp_path / "server", room.folder
    (tmp_path / "server").symlink_to(folder)
    for name in ("katas", "roster.csv"):
        (tmp_path / name).symlink_to(place / name)
    try:
        assert collect(room).status == 0
        done = handback(room, "status", "--yes")
        said = "the push of 2026-05-03T10:00:00+00:00 is not the graded one, of 2026-05-02T10:00:00+00:00"
        assert f"left out: s-bob (one): {said}" in done.out
        assert [len(each) for each in room.statuses.values()] == [1]
        grade(room)
        assert "1 written, 1 unchanged, 0 left out" in handback(room, "status", "--yes").out
        assert room.statuses[git(room.place("bob"), "rev-parse", "main")][0]["state"] == "success"
    finally:
        room.folder = folder


def test_a_repository_that_is_someone_elses_by_the_roster_gets_nothing(room: Classroom, tmp_path: Path) -> None:
    place = room.folder.parent
    book = ("--gradebook", str(shutil.copytree(place / "graded", tmp_path / "graded") / "gradebook.sqlite"))
    (tmp_path / "hw1").symlink_to(place / "hw1")
    for exchanged in (False, True):
        pairs = zip(("ada", "bob"), ("bob", "Ada") if exchanged else ("Ada", "bob"), strict=True)
        text = "id,github\n" + "".join(f"s-{person},{login}\n" for person, login in pairs)
        file = write(tmp_path / "roster.csv", text)
        assert katas_here("gradebook", "people", "import", str(file), *book, cwd=place).status == 0
        words = ("handback", str(tmp_path / "hw1"), str(tmp_path / "graded"), "--as", "branch", "--yes")
        done = run(room, "--root", "katas", *words)
        assert done.status == 2 * exchanged, done.said
    assert "left out: s-ada (one): collected from ada's repository, but the roster has bob now." in done.out
    assert "0 written, 0 unchanged, 2 left out" in done.out


def test_the_repository_of_someone_who_left_may_be_someone_elses_now(room: Classroom, tmp_path: Path) -> None:
    place = room.folder.parent
    book = ("--gradebook", str(shutil.copytree(place / "graded", tmp_path / "graded") / "gradebook.sqlite"))
    for text in ("id,github\ns-ada,ada\ns-bob,bob\n", "id,github\ns-zed,Ada\ns-bob,bob\n"):
        file = write(tmp_path / "roster.csv", text)
        assert katas_here("gradebook", "people", "import", str(file), *book, cwd=place).status == 0
    done = run(room, "--root", "katas", "handback", "hw1", str(tmp_path / "graded"), "--as", "issue", "--yes")
    assert done.status == 2
    assert "left out: s-ada (one): collected from ada's repository, but that login is s-zed's now." in done.out
    assert list(room.issues) == ["hw1-bob"]


def test_a_page_with_another_mark_is_not_given_back(room: Classroom, tmp_path: Path) -> None:
    place = room.folder.parent
    book = ("--gradebook", str(shutil.copytree(place / "graded", tmp_path / "graded") / "gradebook.sqlite"))
    words = ("override", "s-bob", "one", "--points", "2", "--reason", "x", "--by", "Ivy")
    assert katas_here("--root", "katas", "gradebook", *words, *book, cwd=place).status == 0
    done = run(room, "--root", "katas", "handback", "hw1", str(tmp_path / "graded"), "--as", "issue", "--yes")
    said = (
        "left out: s-bob (one): its page does not have the mark, which is 2 of 3 points; write it with: katas feedback"
    )
    assert (done.status, said in done.out) == (2, True), done.said
    assert list(room.issues) == ["hw1-ada"]


def test_who_was_graded_but_not_collected_is_named(room: Classroom, tmp_path: Path) -> None:
    shutil.copytree(room.folder.parent / "hw1", tmp_path / "hw1")
    (tmp_path / "hw1/submissions/s-ada.zip").unlink()
    done = run(room, "--root", "katas", "handback", str(tmp_path / "hw1"), "graded", "--as", "status")
    assert done.status == 2
    assert f"left out: s-ada (one): not collected in {tmp_path}/hw1" in done.out


def test_a_missing_page_is_named_with_the_command(room: Classroom) -> None:
    page = room.folder.parent / "graded/feedback/s-ada/one.md"
    text = page.read_bytes()
    page.unlink()
    try:
        done = handback(room, "issue", "--yes")
    finally:
        page.write_bytes(text)
    assert done.status == 2
    assert "left out: s-ada (one): no page; write it with: katas feedback graded --format markdown" in done.out
    assert list(room.issues) == ["hw1-bob"]


def test_a_cause_that_many_share_is_said_once(room: Classroom) -> None:
    words = ("--root", "katas", "handback", "hw1", "graded", "--as")
    done = katas_here(*words, "status", cwd=room.folder.parent, env={**ENVIRONMENT, "GH_ENTERPRISE_TOKEN": ""})
    assert done.out.count("left out: ") == 1
    assert "left out: s-ada, s-bob: no token for 127.0.0.1:" in done.out
    pages = room.folder.parent / "graded/feedback"
    pages.rename(pages.with_name("elsewhere"))
    try:
        done = handback(room, "issue")
    finally:
        pages.with_name("elsewhere").rename(pages)
    assert "left out: s-ada (one), s-bob (one): no page; write it with: katas feedback graded" in done.out
    assert "0 to write (with --yes), 0 unchanged, 2 left out" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hw1", "graded", "--as", "mail"), "expected status, issue or branch"),
        (("hw1", "graded", "--as", "branch", "--kata", "one"), "a branch holds the pages on all katas of GRADED"),
        (("graded", "graded", "--as", "issue"), "nothing was collected there"),
        (("hw1", "hw1", "--as", "issue"), "hw1: not a batch"),
    ],
)
def test_a_wrong_argument_is_named(room: Classroom, words: tuple[str, ...], said: str) -> None:
    done = run(room, "handback", *words)
    assert done.status == 2
    assert said in done.err
