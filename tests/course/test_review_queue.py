"""`katas review COURSE`: the queue of everything that a person has to score."""

from __future__ import annotations

import datetime
import re
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa

from graders.course.batch import Batch
from graders.course.gradebook import Gradebook, leases
from graders.course.gradebook.batch_tables import EntryRow
from graders.course.gradebook.review_tables import LeaseRow
from graders.manual_scores import marks_of
from graders.verdict import from_json
from tests.at_terminal import AtTerminal
from tests.course.books import current, graded, table
from tests.course.marking import PEOPLE, write_reviewed_kata
from tests.warm import katas
from tests.workshop import KATAS, Finished, write

ALL = [(task, person) for task in ("why", "how") for person in PEOPLE]


class Course(NamedTuple):
    """A repository with one kata, the submissions of three people, and their batch."""

    root: Path
    folder: Path
    batch: Batch

    def grade(self, *words: str) -> Finished:
        return katas("grade-batch", str(self.folder), "--out", str(self.batch.out), *words, cwd=self.root)

    def queue(self, *words: str, by: str = "Grace", course: str = "", **env: str) -> AtTerminal:
        command = [KATAS, "review", course or str(self.batch.out), "--by", by, *words]
        return AtTerminal(command, self.root, columns=150, lines=200, env=env)

    def run(self, *words: str) -> Finished:
        return katas("review", *words, "--by", "Grace", cwd=self.root)

    def marks(self) -> dict[tuple[str, str], tuple[float, str, str]]:
        return {
            (mark.task, row.person): (mark.points, mark.reviewer, mark.comment)
            for row in current(self.batch.out)
            for mark in marks_of(row.verdict)
        }

    def files_agree(self) -> bool:
        """Return whether results.csv and the verdict files say what the store says."""
        files = all(
            from_json(self.batch.verdict_file(*row.key).read_bytes()) == row.verdict for row in current(self.batch.out)
        )
        return files and (self.batch.out / "results.csv").read_text(encoding="utf-8") == table(self.batch.out)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grade a course in which everything awaits review. Tests must not write to it."""
    place = tmp_path_factory.mktemp("queue")
    root = write_reviewed_kata(place, why='"why.md"')
    for person in PEOPLE:
        write(place / "in" / person / "why.md", f"{person.title()} says why: by {person}.\x1b[2J\n")
        write(place / "in" / person / "out" / "how.txt", f"How {person} did it.\n")
        (place / "in" / person / "out" / "picture.png").write_bytes(b"\x89PNG" + person.encode())
    done = Course(root, place / "in", Batch(place / "out")).grade()
    assert (done.status, "3 awaiting_review" in done.out) == (0, True), done.said
    return place


@pytest.fixture
def course(begun: Path, tmp_path: Path) -> Course:
    for name in ("root", "in", "out"):
        subprocess.run(["cp", "-a", str(begun / name), str(tmp_path)], check=True)
    return Course(tmp_path / "root", tmp_path / "in", Batch(tmp_path / "out"))


def offered(text: str) -> list[tuple[str, str]]:
    """Return the tasks and people that the queue has shown, in order."""
    return [(task.lower(), person) for task, person in re.findall(r"alpha · (\w+) · ([\w ]+?)\s+\d+ of", text)]


def prompts(count: int) -> Callable[[str], bool]:
    """Return whether the screen has asked this often for points."""
    return lambda text: text.count("points 0 to 4") == count


@pytest.mark.deep
def test_queue_marks_one_task_for_everybody_in_a_row(course: Course) -> None:
    with course.queue() as grace:
        text = grace.wait(prompts(1))
        assert "0 of 6 marked, 6 left" in text
        assert "Ada says why: by ada." in text
        assert "Does it say why?" in text
        grace.type("3\nToo short.\nSay more.\n\n")
        text = grace.wait(prompts(2))
        assert "1 of 6 marked, 5 left" in text
        assert re.search(r"5 left · \d+ s each", text), text
        for number in range(3, 7):
            grace.type("4\n\n")
            grace.wait(prompts(number))
        grace.type("0\n\n")
        done = grace.end()
    assert (done.status, offered(done.out)) == (0, ALL), done.out
    assert "\x1b[2J" not in done.out, "what a stranger wrote acts on the terminal"
    assert "6 of 6 marked, 0 left" in done.out
    marks = course.marks()
    assert marks.pop(("why", "ada")) == (3.0, "Grace", "Too short.\nSay more.")
    assert marks.pop(("how", "cleo")) == (0.0, "Grace", "")
    assert set(marks.values()) == {(4.0, "Grace", "")}
    assert course.files_agree()
    with course.batch.reading() as held:
        assert [line.who for line in held.book.audit() if line.what == "marked"] == ["Grace"] * 7


@pytest.mark.deep
def test_queue_shows_files_that_match_a_pattern(course: Course) -> None:
    with course.queue("--task", "how", "--person", "bob") as grace:
        text = grace.wait(prompts(1))
        assert "--- out/how.txt\nHow bob did it.\n---" in text
        assert "out/picture.png: 7 bytes" in text
        grace.type("f\n")
        text = grace.wait("files: ")
        folder = Path(re.search(r"files: (\S+)", text)[1])  # type: ignore[index]
        assert (folder / "out" / "picture.png").read_bytes() == b"\x89PNGbob"
        grace.type("q\n")
        assert grace.end().status == 0
    assert not folder.exists()


@pytest.mark.deep
def test_skip_back_and_quit(course: Course) -> None:
    with course.queue() as grace:
        grace.wait(prompts(1))
        grace.type("s\n")
        grace.wait(prompts(2))
        grace.type("2\n\n")
        grace.wait(prompts(3))
        grace.type("b\n")
        text = grace.wait(prompts(4))
        assert "now: 2 by Grace" in text
        grace.type("1\nLess.\n\n")
        grace.wait(prompts(5))
        grace.type("b\nb\n")
        grace.wait(prompts(7))
        grace.type("b\n")
        grace.wait("This is the first one.")
        grace.type("q\n")
        done = grace.end()
    assert offered(done.out) == [("why", name) for name in ("ada", "bob", "cleo", "bob", "cleo", "bob", "ada", "ada")]
    assert (done.status, course.marks()) == (0, {("why", "bob"): (1.0, "Grace", "Less.")})
    assert course.files_agree()


@pytest.mark.deep
def test_skipped_pieces_are_offered_in_the_next_session(course: Course) -> None:
    with course.queue("--task", "why") as grace:
        for number in range(1, 4):
            grace.wait(prompts(number))
            grace.type("\n")
        assert grace.end().status == 0
    with course.queue("--task", "why") as grace:
        assert "0 of 3 marked" in grace.wait(prompts(1))


@pytest.mark.deep
def test_invalid_answers_are_asked_for_again(course: Course) -> None:
    with course.queue("--task", "why") as grace:
        grace.wait(prompts(1))
        grace.type("5\n")
        grace.wait("5 points is out of range; award 0 to 4")
        grace.type("many\n")
        grace.wait("many: type points from 0 to 4, or one of these keys:")
        grace.type(f"3\n{'x' * 1001}\n{'y' * 1001}\n\n")
        grace.wait("its comment has 2003 characters; the limit is 2000")
        grace.type("Short.\n\n")
        grace.wait(prompts(4))
        grace.type("q\n")
        assert grace.end().status == 0
    assert course.marks() == {("why", "ada"): (3.0, "Grace", "Short.")}


@pytest.mark.deep
def test_comment_can_be_written_in_an_editor(course: Course, tmp_path: Path) -> None:
    editor = write(tmp_path / "editor", '#!/bin/sh\nprintf "From the editor.\\n\\nTwo parts.\\n" > "$1"\n')
    editor.chmod(0o755)
    with course.queue(VISUAL="", EDITOR=str(editor)) as grace:
        grace.wait(prompts(1))
        grace.type("3\ne\n")
        grace.wait(prompts(2))
        grace.type("3\n")
        grace.wait("comment")
        grace.type("q\n\n")  # a comment of one letter, not a key
        grace.wait(prompts(3))
        grace.type("q\n")
        assert grace.end().status == 0
    assert course.marks() == {
        ("why", "ada"): (3.0, "Grace", "From the editor.\n\nTwo parts."),
        ("why", "bob"): (3.0, "Grace", "q"),
    }


@pytest.mark.deep
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--person", "bob"), [("why", "bob"), ("how", "bob")]),
        (("--task", "how", "--person", "bob", "--person", "cleo"), [("how", "bob"), ("how", "cleo")]),
        (("--kata", "alpha", "--task", "why"), [("why", name) for name in PEOPLE]),
    ],
)
def test_queue_can_be_filtered(course: Course, words: Sequence[str], expected: list[tuple[str, str]]) -> None:
    with course.queue(*words) as grace:
        for number in range(1, len(expected) + 1):
            grace.wait(prompts(number))
            grace.type("s\n")
        assert offered(grace.end().out) == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--person", "dora"), "--person dora: nothing of this person is in the queue"),
        (("--task", "twice"), "--task twice: no such task in the queue. Its tasks: why, how"),
        (("--kata", "beta"), "beta"),
        (("--award", "why=3"), "--award: this is for a verdict file"),
        (("--anonymous", "--person", "ada"), "--person ada: with --anonymous, give the pseudonym"),
    ],
)
def test_filter_that_fits_nothing_is_reported(course: Course, words: Sequence[str], said: str) -> None:
    done = course.run(str(course.batch.out), *words)
    assert (done.status, said in done.err, "Traceback" in done.err) == (2, True, False), done.said


def test_options_of_the_queue_are_refused_for_a_verdict_file(course: Course) -> None:
    done = course.run(str(course.batch.verdict_file("ada", "alpha")), "--anonymous")
    assert (done.status, "--anonymous: this is for a queue" in done.err) == (2, True), done.said


def test_queue_needs_a_terminal(course: Course) -> None:
    done = course.run(str(course.batch.out))
    assert (done.status, "standard input is not a terminal" in done.err) == (2, True), done.said


def test_queue_without_anything_to_mark_says_so(course: Course) -> None:
    for person in PEOPLE:
        done = course.run(str(course.batch.verdict_file(person, "alpha")), "--award", "why=4", "--award", "how=4")
        assert done.status == 0
    done = course.run(str(course.batch.out))
    assert (done.status, done.out) == (0, "6 of 6 marked, 0 left\n"), done.said


@pytest.mark.deep
def test_marked_pieces_are_shown_again_on_request(course: Course) -> None:
    course.run(str(course.batch.verdict_file("ada", "alpha")), "--award", "why=2", "--comment", "why=Hm.")
    with course.queue("--task", "why") as grace:
        assert offered(grace.wait(prompts(1))) == [("why", "bob")]
        grace.type("q\n")
        grace.end()
    with course.queue("--task", "why", "--again") as grace:
        assert "now: 2 by Grace: Hm." in grace.wait(prompts(1))
        grace.type("4\n\n")  # Enter keeps the comment
        grace.wait(prompts(2))
        grace.type("s\n")
        grace.wait(prompts(3))
        grace.type("s\n")
        done = grace.end()
    assert (done.status, course.marks()) == (0, {("why", "ada"): (4.0, "Grace", "Hm.")})


# Ctrl-C and kills


@pytest.mark.deep
@pytest.mark.parametrize("moment", ["points", "comment"])
def test_ctrl_c_keeps_what_is_done(course: Course, moment: str) -> None:
    with course.queue() as grace:
        grace.wait(prompts(1))
        grace.type("3\nFine.\n\n")
        grace.wait(prompts(2))
        if moment == "comment":
            grace.type("2\nHalf of a")
            grace.wait("Half of a")
        grace.type("\x03")
        done = grace.end()
    assert (done.status, "Traceback" in done.out) == (130, False), done.out
    expected = {("why", "ada"): (3.0, "Grace", "Fine.")}
    if moment == "comment":
        expected["why", "bob"] = (2.0, "Grace", "")
    assert course.marks() == expected
    assert course.files_agree()
    assert leased(course) == []


@pytest.mark.deep
def test_killed_queue_keeps_what_is_done_and_its_lease_runs_out(course: Course) -> None:
    with course.queue() as grace:
        grace.wait(prompts(1))
        grace.type("3\n\n")
        grace.wait(prompts(2))
        grace.kill(signal.SIGKILL)
    assert course.marks() == {("why", "ada"): (3.0, "Grace", "")}
    assert [task for _, task in leased(course)] == ["why"]
    with course.queue("--task", "why", by="Alan") as alan:
        assert offered(alan.wait(prompts(1))) == [("why", "cleo")]
        alan.type("4\n\n")
        assert "1 piece is open at Grace, until " in alan.end().out
    with course.queue("--task", "why") as grace:
        assert offered(grace.wait(prompts(1))) == [("why", "bob")], "the reviewer has to wait for the own lease"
        with course.queue("--task", "why") as twin:
            assert offered(twin.end().out) == [], "a living session lost its piece"
        grace.kill(signal.SIGKILL)
    with course.batch.reading() as held, held.book.transaction() as transaction:
        transaction.session.execute(sa.update(LeaseRow).values(until="2000-01-01T00:00:00+00:00"))
    with course.queue("--task", "why", by="Alan") as alan:
        assert offered(alan.wait(prompts(1))) == [("why", "bob")]


def leased(course: Course) -> list[tuple[int, str]]:
    with course.batch.reading() as held, held.book.transaction() as transaction:
        return [(row.submission_id, row.task) for row in transaction.session.scalars(sa.select(LeaseRow))]


def test_verdict_file_that_cannot_be_written_costs_no_points(course: Course) -> None:
    file = course.batch.verdict_file("ada", "alpha")
    with course.queue("--task", "why", "--person", "ada") as grace:
        grace.wait(prompts(1))
        file.unlink()
        file.mkdir()
        grace.type("4\n\n")
        done = grace.end()
    assert "The points are stored." in done.out
    assert "1 of 1 marked, 0 left" in done.out
    assert course.marks() == {("why", "ada"): (4.0, "Grace", "")}
    file.rmdir()
    assert course.grade().status == 0
    assert course.files_agree()


# Two reviewers


@pytest.mark.deep
def test_two_reviewers_are_offered_different_pieces(course: Course) -> None:
    with course.queue() as grace, course.queue(by="Alan") as alan:
        grace.wait(prompts(1))
        alan.wait(prompts(1))
        for number in range(2, 4):
            grace.type("3\n\n")
            grace.wait(prompts(number))
            alan.type("1\n\n")
            alan.wait(prompts(number))
        grace.type("3\n\n")
        alan.type("1\n\n")
        both = [grace.end(), alan.end()]
    assert [done.status for done in both] == [0, 0]
    shown = [offered(done.out) for done in both]
    assert sorted(shown[0] + shown[1]) == sorted(ALL)
    for reviewer, points, pieces in zip(("Grace", "Alan"), (3.0, 1.0), shown, strict=True):
        assert {course.marks()[piece] for piece in pieces} == {(points, reviewer, "")}
    assert course.files_agree()


def test_mark_given_meanwhile_is_shown_and_not_overwritten(course: Course) -> None:
    with course.queue("--task", "why") as grace:
        grace.wait(prompts(1))
        record = str(course.batch.verdict_file("ada", "alpha"))
        words = ("review", record, "--by", "Alan", "--award", "why=1", "--comment", "why=No.")
        assert katas(*words, cwd=course.root).status == 1
        grace.type("4\n")
        text = grace.wait(prompts(2))
        assert "Alan has given 1 point meanwhile: No." in text
        assert "Your points were not stored" in text
        grace.type("q\n")
        grace.end()
    assert course.marks() == {("why", "ada"): (1.0, "Alan", "No.")}


@pytest.mark.deep
def test_submission_graded_meanwhile_is_offered_anew(course: Course) -> None:
    with course.queue("--task", "why") as grace:
        grace.wait(prompts(1))
        write(course.folder / "ada" / "why.md", "Because of something else.\n")
        assert course.grade().status == 0
        grace.type("4\n")
        grace.wait("graded again in the meantime")
        for number in (2, 3):
            grace.wait(prompts(number))
            grace.type("4\n\n")
        assert "something else" in grace.wait(prompts(4))
        grace.type("2\n\n")
        assert grace.end().status == 0
    assert course.marks() == {("why", "ada"): (2.0, "Grace", "")} | {
        ("why", person): (4.0, "Grace", "") for person in ("bob", "cleo")
    }


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_lease_belongs_to_one_holder_until_it_runs_out(url: str) -> None:

    noon = datetime.datetime(2026, 5, 10, 12, tzinfo=datetime.UTC)
    with Gradebook(url) as one, Gradebook(url) as other:
        one.import_verdict(graded(), "ada")

        def take(book: Gradebook, holder: str, minutes: int = 0) -> bool:
            with book.transaction(alone=True) as transaction:
                return leases.take(transaction, 1, "why", holder, noon + datetime.timedelta(minutes=minutes))

        assert [take(one, "g"), take(other, "a"), take(one, "g", 14)] == [True, False, True]
        assert [take(other, "a", 28), take(other, "a", 30), take(one, "g", 31)] == [False, True, False]
        with one.transaction(alone=True) as transaction:
            leases.release(transaction, "g")
        assert not take(one, "g", 31)
        with other.transaction(alone=True) as transaction:
            leases.release(transaction, "a")
        assert take(one, "g", 31)
        one.forget("ada")


# Anonymous


@pytest.mark.deep
def test_anonymous_queue_shows_no_names(course: Course) -> None:
    shown = []
    for _ in range(2):
        with course.queue("--anonymous") as grace:
            for number in range(1, 7):
                grace.wait(prompts(2 * number - 1))
                grace.type("f\n")
                grace.wait(prompts(2 * number))
                grace.type("s\n")
            done = grace.end()
        assert not re.search("ada|bob|cleo", done.out.replace(str(course.root.parent), ""), re.IGNORECASE), done.out
        shown.append(offered(done.out))
    assert shown[0] == shown[1]
    names = [name for task, name in shown[0] if task == "why"]
    assert (len(set(names)), names) == (3, sorted(names))
    with course.queue("--anonymous", "--person", names[1]) as grace:
        assert offered(grace.wait(prompts(1))) == [("why", names[1])]


# The queue of a gradebook


@pytest.mark.deep
def test_queue_of_a_gradebook_writes_the_files_of_its_batches(course: Course, tmp_path: Path) -> None:
    book = str(tmp_path / "course.sqlite")
    done = katas("gradebook", "import", str(course.batch.out), "--gradebook", book, cwd=course.root)
    assert done.status == 0, done.said
    with course.queue("--task", "why", course=book) as grace:
        for number in range(1, 4):
            grace.wait(prompts(number))
            grace.type("4\nWell done.\n\n")
        done = grace.end()
    assert (done.status, offered(done.out)) == (0, [("why", name) for name in PEOPLE])
    assert course.marks() == {("why", person): (4.0, "Grace", "Well done.") for person in PEOPLE}
    assert course.files_agree()


@pytest.mark.deep
def test_gradebook_offers_only_submissions_that_can_count(course: Course) -> None:
    write(course.folder / "ada" / "why.md", "Because of something else.\n")
    assert course.grade().status == 0
    book = str(course.batch.out / "gradebook.sqlite")
    with course.queue("--task", "why", "--person", "ada", course=book) as grace:
        grace.wait(prompts(1))
        grace.type("4\n\n")
        done = grace.end()
    assert (done.status, len(offered(done.out))) == (0, 1), done.out
    with Gradebook(book) as found, found.transaction() as transaction:
        assert transaction.session.scalar(sa.select(sa.func.count()).select_from(EntryRow)) == 3


@pytest.mark.deep
@pytest.mark.parametrize("decision", ["exclude", "override"])
def test_people_with_decided_points_are_left_out(course: Course, decision: str) -> None:
    book = str(course.batch.out / "gradebook.sqlite")
    points = ("--points", "8") if decision == "override" else ()
    words = ("gradebook", decision, "bob", "alpha", *points, "--reason", "case 7", "--gradebook", book)
    assert katas(*words, cwd=course.root).status == 0
    for where in ("", book):
        with course.queue("--task", "why", course=where) as grace:
            assert "0 of 2 marked, 2 left" in grace.wait(prompts(1))
            grace.type("q\n")
            assert grace.end().status == 0


def test_missing_gradebook_is_not_created(course: Course, tmp_path: Path) -> None:
    done = course.run(str(tmp_path / "none.sqlite"), "--again")
    assert (done.status, "no such" in done.err.lower()) == (2, True), done.said
    assert not (tmp_path / "none.sqlite").exists()
