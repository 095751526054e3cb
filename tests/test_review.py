"""`katas review`: a person's points and comment, and who gave them when, in the verdict."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from graders.batch import cohort
from graders.batch.cohort import Batch
from graders.batch.journal import Row
from graders.verdict import from_json
from tests import workshop
from tests.workshop import KATAS, SOLUTION, Finished, environment, katas, write

NOON = "2026-05-10T12:00:00+00:00"
TOML = (
    workshop.TOML.replace('files = ["twice.py"]', 'files = ["twice.py", "why.md"]')
    + '[tasks.why]\ntitle = "Why"\npoints = 4\nfiles = ["why.md"]\nreview = true\nrubric = "Does it say why?"\n'
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = workshop.write_repository(tmp_path_factory.mktemp("review"), [])
    workshop.write_kata(root, "alpha", toml=TOML)
    for folder in ("katas", "solutions"):
        write(root / folder / "alpha" / "why.md", "Because two is one and one.\x1b[2J\n")
    return root


@pytest.fixture
def record(root: Path, tmp_path: Path) -> Path:
    path = tmp_path / "ada.json"
    ada = root / "solutions" / "alpha"
    done = katas("grade", "alpha", "--submission", str(ada), "--format", "json", "--output", str(path), cwd=root)
    assert done.status == 0, done.said
    return path


def review(root: Path, record: Path, *words: str) -> Finished:
    return katas("review", str(record), *words, cwd=root)


@pytest.fixture
def batch(record: Path, tmp_path: Path) -> Batch:
    """A batch in which the verdict is Ada's."""
    found = Batch(tmp_path / "out")
    with found.open() as held:
        held.append([Row(person="ada", submitted_at=NOON, verdict=from_json(record.read_bytes()))])
    write(found.verdict_file("ada", "alpha"), record.read_text(encoding="utf-8"))
    return found


def task_in(record: Path) -> dict[str, Any]:
    found: dict[str, Any] = next(task for task in json.loads(record.read_text())["tasks"] if task["name"] == "why")
    return found


def test_points_are_given_with_name_and_date(root: Path, record: Path) -> None:
    done = review(root, record, "--by", "Grace", "--award", "why=4")
    assert (done.status, done.out) == (0, "alpha: passed, 7 of 7 points\n"), done.said
    after = json.loads(record.read_text())
    assert (after["status"], after["score"], after["max_score"], after["review_points"]) == ("passed", 7, 7, 0)
    marked = task_in(record)
    assert (marked["status"], marked["score"], marked["reviewer"]) == ("passed", 4, "Grace")
    assert marked["reviewed_at"].endswith("+00:00")


def test_a_comment_is_read_by_the_author_and_not_by_the_public(root: Path, record: Path) -> None:
    said = "Which one of\nthe two?\x1b[2J | `x` <b>"
    done = review(root, record, "--by", "Grace", "--award", "why=3", "--comment", f"why={said}")
    assert (done.status, task_in(record)["comment"]) == (1, said), done.said
    shown = {
        audience: katas("feedback", str(record), "--audience", audience, "--format", form, cwd=root).out
        for audience, form in (("learner", "text"), ("public", "html"))
    }
    assert "reviewed by Grace" in shown["learner"]
    assert "\n  From Grace, on Why:\n  │ Which one of\n  │ the two? | `x` <b>\n" in shown["learner"]
    assert "\x1b" not in shown["learner"]
    assert "Grace" not in shown["public"]
    assert "Which one" not in shown["public"]
    page = katas("feedback", str(record), "--format", "html", cwd=root).out
    assert (
        '<p>From Grace, on Why:</p>\n<pre tabindex="0" class="said">Which one of\nthe two? | `x` &lt;b&gt;</pre>'
        in page
    )


def test_points_and_comment_are_replaced_each_for_itself(root: Path, record: Path) -> None:
    steps = [
        (("--award", "why=3", "--comment", "why=Short."), (3, "Short.")),
        (("--award", "why=2"), (2, "Short.")),
        (("--comment", "why=Too short = sign."), (2, "Too short = sign.")),
        (("--comment", "why="), (2, None)),
    ]
    for words, expected in steps:
        done = review(root, record, "--by", "Grace", *words)
        assert (done.status, "Traceback" in done.err) == (1, False), done.said
        assert (task_in(record)["score"], task_in(record)["comment"]) == expected


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("why=Good.", "why: nobody has given points for it; give them too, such as --award why=POINTS"),
        ("Good.", "--comment Good.: TASK=TEXT is expected"),
        ("=Good.", "TASK=TEXT is expected"),
        ("twice=Good.", "alpha has no task 'twice' that awaits a person's marks; there is why"),
    ],
)
def test_a_comment_that_cannot_be_given_is_told_and_changes_nothing(
    root: Path, record: Path, comment: str, said: str
) -> None:
    before = record.read_bytes()
    done = review(root, record, "--by", "Grace", "--comment", comment)
    assert (done.status, said in done.err, "Traceback" in done.err) == (2, True, False), done.said
    assert record.read_bytes() == before


def test_a_comment_has_an_end(root: Path, record: Path) -> None:
    done = review(root, record, "--by", "Grace", "--award", "why=4", "--comment", f"why={'x' * 2001}")
    assert (done.status, "why: a comment of 2001 characters; it may have 2000" in done.err) == (2, True), done.said
    assert task_in(record)["score"] == 0


@pytest.mark.parametrize(("points", "status"), [("2.5", "partial"), ("0", "failed")])
def test_fewer_points_are_less_than_a_pass(root: Path, record: Path, points: str, status: str) -> None:
    done = review(root, record, "--by", "Grace", "--award", f"why={points}")
    assert (done.status, task_in(record)["status"]) == (1, status)


def test_points_given_in_a_batch_are_in_its_table_at_once(root: Path, batch: Batch) -> None:
    done = review(root, batch.verdict_file("ada", "alpha"), "--by", "Grace", "--award", "why=4")
    table = batch.out / "results.csv"
    assert done.status == 0, done.said
    assert f"written: {table}; `katas gradebook import {batch.out}` takes them over\n" in done.out
    assert f"ada,alpha,passed,7.0,7.0,{NOON}," in table.read_text(encoding="utf-8")


def test_points_survive_the_loss_of_the_verdicts_files(root: Path, batch: Batch) -> None:
    record = batch.verdict_file("ada", "alpha")
    assert review(root, record, "--by", "Grace", "--award", "why=3", "--comment", "why=Short.").status == 1
    before = from_json(record.read_bytes())
    shutil.rmtree(batch.out / "verdicts")
    cohort.restore_verdicts(batch)
    assert from_json(record.read_bytes()) == before
    assert f"ada,alpha,failed,6.0,7.0,{NOON}," in cohort.results(batch)


def test_points_given_while_the_batch_is_written_are_in_their_file(root: Path, batch: Batch) -> None:
    with batch.open():
        done = review(root, batch.verdict_file("ada", "alpha"), "--by", "Grace", "--award", "why=4")
    assert (done.status, "another katas is writing it" in done.err, "The points are in" in done.err) == (0, True, True)
    assert task_in(batch.verdict_file("ada", "alpha"))["score"] == 4


def test_a_table_that_cannot_be_written_costs_no_points(root: Path, batch: Batch) -> None:
    (batch.out / "results.csv").mkdir()
    done = review(root, batch.verdict_file("ada", "alpha"), "--by", "Grace", "--award", "why=4")
    assert (done.status, "results.csv: a folder" in done.err, "The points are in" in done.err) == (0, True, True)
    assert task_in(batch.verdict_file("ada", "alpha"))["score"] == 4


def test_points_are_given_where_nothing_can_be_said(root: Path, record: Path) -> None:
    with open("/dev/full", "w") as full:
        done = katas("review", str(record), "--by", "Grace", "--award", "why=4", cwd=root, stdout=full.fileno())
    assert (done.status, task_in(record)["score"]) == (0, 4)
    said = "katas: standard output: No space left on device; the points are written all the same: alpha: passed"
    assert done.err.startswith(said)


def test_a_full_disk_is_told_with_the_file_and_leaves_the_verdict_as_it_was(root: Path, tmp_path: Path) -> None:
    ada, full, record = root / "solutions" / "alpha", tmp_path / "full", tmp_path / "full" / "ada.json"
    full.mkdir()
    script = (
        f"{KATAS} grade alpha --submission {ada} --format json --output {record} && cp {record} {tmp_path}/before;"
        f"cat /dev/zero > {full}/zeros; {KATAS} review {record} --by Grace --award why=4;"
        f"echo status $?; cmp {record} {tmp_path}/before && ls -A {full}"
    )
    words = ["bwrap", "--dev-bind", "/", "/", "--size", "131072", "--tmpfs", str(full), "--cap-add", "ALL", "--"]
    done = subprocess.run(
        [*words, "bash", "-c", script], cwd=root, env=environment(), capture_output=True, text=True, check=False
    )
    assert f"katas: {record}: No space left on device: the points were not written" in done.stderr, done.stderr
    assert done.stdout.endswith("status 2\nada.json\nzeros\n"), done.stdout


def test_points_given_again_replace_what_was_there(root: Path, record: Path) -> None:
    review(root, record, "--by", "Grace", "--award", "why=1")
    done = review(root, record, "--by", "Emmy", "--award", "why=4")
    assert (done.status, task_in(record)["reviewer"], task_in(record)["score"]) == (0, "Emmy", 4)


@pytest.mark.parametrize(
    ("award", "said"),
    [
        ("why=5", "why: 5 points; from 0 to 4 can be given"),
        ("why=nan", "why: nan points; from 0 to 4 can be given"),
        ("why=-1", "from 0 to 4"),
        ("why", "--award why: TASK=POINTS is expected"),
        ("why=two", "--award why=two: TASK=POINTS is expected"),
        ("twice=1", "alpha has no task 'twice' that awaits a person's marks; there is why"),
        ("other=1", "alpha has no task 'other'"),
    ],
)
def test_what_cannot_be_given_is_told_and_changes_nothing(root: Path, record: Path, award: str, said: str) -> None:
    before = record.read_bytes()
    done = review(root, record, "--by", "Grace", "--award", award)
    assert (done.status, said in done.err, "Traceback" in done.err) == (2, True, False), done.said
    assert record.read_bytes() == before


def test_a_task_whose_tests_failed_awaits_no_points(root: Path, tmp_path: Path) -> None:
    ada = tmp_path / "ada"
    write(ada / "twice.py", SOLUTION)
    path = tmp_path / "ada.json"
    katas("grade", "alpha", "--submission", str(ada), "--format", "json", "--output", str(path), cwd=root)
    done = review(root, path, "--by", "Grace", "--award", "why=4")
    assert done.status == 2
    assert "no task 'why' that awaits" in done.err


def test_another_submission_is_not_shown_as_this_one(root: Path, record: Path, tmp_path: Path) -> None:
    write(tmp_path / "bob" / "why.md", "Because.")
    done = review(root, record, "--by", "Grace", "--submission", str(tmp_path / "bob"), "--award", "why=4")
    assert done.status == 2
    assert "it is not what the verdict is about" in done.err


def test_where_nobody_can_be_asked_it_says_how(root: Path, record: Path) -> None:
    done = review(root, record, "--by", "Grace")
    assert done.status == 2
    assert "--award why=POINTS" in done.err


def test_at_a_terminal_rubric_and_text_are_shown_and_points_asked_for(root: Path, record: Path) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, b"9\n3\nSay why it is two.\n")
    done = subprocess.run(
        [KATAS, "review", str(record), "--by", "Grace", "--submission", str(root / "solutions" / "alpha")],
        cwd=root,
        stdin=theirs,
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        timeout=workshop.PATIENCE_S,
        check=False,
    )
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 1, done.stderr
    for said in ("Does it say why?", "Because two is one and one.", "from 0 to 4 can be given", "6 of 7 points"):
        assert said in done.stdout
    assert "\x1b" not in done.stdout, "what a stranger wrote acts on the terminal"
    assert (task_in(record)["score"], task_in(record)["comment"]) == (3, "Say why it is two.")
