"""Statistics on tasks, and the ranking by speed."""

from __future__ import annotations

import msgspec
import pytest

from graders.verdict import TestResult
from katas_course import statistics
from katas_course.gradebook import Gradebook
from tests.katas_course.books import add, graded, moment, output_of, results_in, task
from tests.shell import katas
from tests.workshop import ROOT


def test_statistics_count_passes_by_any_valid_submission(opened):
    with opened() as found:
        add(found, graded(8, sha="1", status="passed"), "ada", moment(1))
        add(found, graded(9, sha="2", status="failed", at=moment(2, 1)), "ada", moment(2))
        (kata,) = statistics.of_katas(results_in(found))
        url = found.name
    assert (kata.people, kata.passed) == (1, 1)
    shown = katas("gradebook", "show", "ada", "--gradebook", url, cwd=ROOT)
    assert "one: 9 of 10  failed, passed by another submission" in shown.out, shown.said


def test_task_that_only_the_best_solve_discriminates():
    rest = list(range(20))
    assert statistics.discrimination([float(points >= 10) for points in rest], rest) == 1.0
    assert statistics.discrimination([1.0] * 20, rest) == 0.0
    assert statistics.discrimination([float(points < 10) for points in rest], rest) == -1.0
    assert statistics.discrimination([1.0] * 9, rest[:9]) is None
    assert statistics.discrimination([1.0] * 20, [5.0] * 20) is None


def test_ties_at_the_edge_of_a_group_are_all_in_it():
    rest = [0.0] * 5 + [1.0] * 5  # the upper and the lower 27 % are 3 people, but all are tied
    assert statistics.discrimination([1, 0, 0, 0, 0, 1, 1, 1, 1, 0], rest) == pytest.approx(0.8 - 0.2)


def test_statistics_count_people_and_misconceptions_once(tmp_path):
    wrong = TestResult(name="t", task="twice", visibility="hidden", status="failed", diagnosis="Two was added.")
    with Gradebook(str(tmp_path / "book.sqlite")) as found:
        for number in range(12):
            score = 10.0 if number >= 6 else 0.0
            tests = () if score else (wrong, msgspec.structs.replace(wrong, name="u"))
            tasks = (task("twice", score), task("half", float(number % 2), 1.0))
            status = "passed" if score and number % 2 else "failed"
            verdict = graded(score, sha=f"{number:x}", tasks=tasks, tests=tests, status=status, title="Twice")
            add(found, verdict, f"p{number:02d}", moment(1))
        add(found, graded(0, sha="f", at=moment(1, 1), status="ungradable", tasks=()), "q", moment(1))
        (kata,) = statistics.of_katas(results_in(found))
    twice, half = kata.tasks
    assert (kata.people, kata.passed, kata.ungradable) == (13, 3, 1)
    assert (twice.people, twice.pass_rate, twice.mean, twice.misconceptions) == (12, 0.5, 0.5, (("Two was added.", 6),))
    assert (half.people, half.pass_rate, half.misconceptions) == (12, 0.5, ())


def test_statistics_name_the_people_they_count(tmp_path):
    url = ("--gradebook", str(tmp_path / "book.sqlite"))
    with Gradebook(url[1]) as found:
        add(found, graded(10, sha="1"), "ada", moment(1))
        add(found, graded(4, sha="2"), "bob", moment(1))
        add(
            found,
            graded(0, sha="3", status="ungradable", tasks=(), max_score=0.0),
            "cleo",
            moment(1),
        )
    assert output_of(ROOT, "gradebook", "stats", *url).splitlines()[:4] == [
        "one (one): 1 of the 3 people who submitted passed, mean 70 %",
        "  1 could not be graded: they are left out of the means and the task statistics",
        "  Twice",
        "      50 % of the 2 people graded pass, mean 70 %, D –",
    ]


def test_statistics_page_escapes_html():
    hostile = statistics.TaskStatistics("t", "<script>alert(1)</script>", 12, 0.25, 0.5, -0.31, (("<b>", 3),))
    text = statistics.render(
        [statistics.KataStatistics("one", "A & B", 12, 3, 1, 20, 0.5, (hostile,))], 12, "2026-05-31"
    )
    assert text.startswith("<!doctype html>")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "A &amp; B" in text
    assert "25 % of 12" in text
    assert "−0.31" in text
    assert "default-src 'none'" in text
