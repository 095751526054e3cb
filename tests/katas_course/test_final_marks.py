"""The final mark at the top of every form of feedback, with its reasons and with times in the course's zone."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from katas_course.clock import Clock
from tests.katas_course.books import output_of, rows_of
from tests.workshop import ADDED, SOLUTION, write, write_repository

FORMS = {"html": "html", "markdown": "md", "text": "txt", "json": "json", "csv": "csv", "junit": "xml"}
FORMS |= {"gradescope": "gradescope.json"}
DUE = "2026-05-31T23:59"  # in Berlin
LATE = 1_780_268_400  # 2026-06-01 01:00 in Berlin


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grade ada, who is late and has an override of a task, and bob, who is in time. Tests use a copy."""
    place = tmp_path_factory.mktemp("marks")
    root = write_repository(place / "root", ["one"])
    for person, text, time in (("ada", ADDED, LATE), ("bob", SOLUTION, LATE - 86_400)):
        os.utime(write(place / "in" / person / "twice.py", text), (time, time))
    output_of(root, "grade-batch", str(place / "in"), "--out", str(place / "out"), "--kata", "one", "--workers", "1")
    book = ("--gradebook", str(place / "out/gradebook.sqlite"))
    output_of(root, "gradebook", "course", "--zone", "Europe/Berlin", *book)
    output_of(root, "gradebook", "rule", "one", "--due", DUE, "--late-percent", "10", *book)
    points = ("--task", "twice", "--points", "2", "--reason", "oral exam", "--by", "Ivy")
    output_of(root, "gradebook", "override", "ada", "one", *points, *book)
    return place


Run = Callable[..., str]


@pytest.fixture
def out(graded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(graded / "out", tmp_path / "out"))


@pytest.fixture
def run(graded: Path, out: Path) -> Run:
    """Run a command of the gradebook, or `feedback`."""

    def run(*words: str) -> str:
        book = () if words[0] == "feedback" else ("--gradebook", str(out / "gradebook.sqlite"))
        return output_of(graded / "root", *(words if words[0] == "feedback" else ("gradebook", *words)), *book)

    return run


def page(run: Run, out: Path, person: str, form: str) -> str:
    run("feedback", str(out), person, "--format", form)
    return (out / "feedback" / person / f"one.{FORMS[form]}").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["html", "markdown", "text"])
def test_page_begins_with_the_final_mark_and_its_reasons(run: Run, out: Path, form: str) -> None:
    text = html.unescape(re.sub(r"<style>.*</style>", "", page(run, out, "ada", form), flags=re.DOTALL))
    order = ["2.7 of 3 points", "1 of 3; twice: 0 → 2 by Ivy: oral exam; 1 day late: −10 %", "2026-06-01 01:00 CEST"]
    order += ["2026-05-31 23:59 CEST", "set to 2 by Ivy: oral exam"]
    flat = re.sub(r"\s+", " ", text)
    assert "+00:00" not in flat
    assert re.search(r"Graded \d{4}-\d\d-\d\d \d\d:\d\d CES?T", flat) or form != "html"
    places = [flat.find(each) for each in order]
    assert -1 not in places, flat
    assert places == sorted(places)
    if form == "markdown":
        assert text.startswith("## Final mark: 2.7 of 3 points\n")
    if form == "text":
        assert text.startswith("Final mark: 2.7 of 3 points\n")
        assert max(map(len, text.partition("\n\n")[0].splitlines())) <= 80


def test_reports_for_programs_have_lateness_and_overrides(run: Run, out: Path) -> None:
    found = json.loads(page(run, out, "ada", "json"))
    mark = found.pop("final_mark")
    assert (mark["points"], mark["maximum"], mark["days_late"]) == (2.7, 3.0, 1)
    assert mark["due_at"] == "2026-05-31T23:59:00+02:00"
    (decision,) = mark["decisions"]
    assert [decision[key] for key in ("kind", "task", "points", "who", "reason")] == [
        *("override", "twice", 2.0, "Ivy", "oral exam")
    ]
    assert (found["kata"], found["score"]) == ("one", 1.0)
    (row,) = csv.DictReader(io.StringIO(page(run, out, "ada", "csv")))
    assert list(row)[:4] == ["final_points", "final_maximum", "days_late", "steps"]
    assert list(row.values())[:3] == ["2.7", "3.0", "1"]
    assert "oral exam" in row["steps"]
    properties = ElementTree.fromstring(page(run, out, "ada", "junit")).iter("property")
    values = {each.get("name"): each.get("value") for each in properties}
    assert (values["final_points"], values["days_late"], values["score"]) == ("2.7", "1", "1")
    result = json.loads(page(run, out, "ada", "gradescope"))
    assert result["score"] == 2.7
    assert result["output"].startswith("Final mark: 2.7 of 3 points\nHow: 1 of 3; twice: 0 → 2 by Ivy: oral exam; ")


def test_a_rule_is_on_the_page_of_those_whom_it_concerns(run: Run, out: Path) -> None:
    for person in ("ada", "bob"):
        page(run, out, person, "markdown")
    run("rule", "one", "--late-percent", "20")
    late, in_time = (page(run, out, person, "markdown") for person in ("ada", "bob"))
    assert "rules of the kata: penalty for lateness: 10 % a day → penalty for lateness: 20 % a day" in late
    assert "rules of the kata" not in in_time
    assert "Change" not in in_time


@pytest.mark.parametrize("form", ["html", "markdown", "text", "json"])
def test_a_request_and_its_answer_are_on_the_page(run: Run, out: Path, form: str) -> None:
    run("request", "add", "bob", "one", "--reason", "task 2 is right")
    text = html.unescape(page(run, out, "bob", form))
    assert "task 2 is right" in text
    closed = run("request", "close", "1", "--answer", "It rounds down.", "--by", "Grace")
    assert f"write them again: katas feedback {out} --kata one" in closed
    text = re.sub(r"\s+", " ", html.unescape(page(run, out, "bob", form)))
    assert "It rounds down." in text
    if form != "json":
        assert re.search(r"task 2 is right → Grace, \d{4}-\d\d-\d\d \d\d:\d\d CES?T: It rounds down\.", text), text


def test_lists_and_exports_have_times_in_the_zone_of_the_course(run: Run, out: Path) -> None:
    assert "due 2026-05-31T23:59:00+02:00" in run("rule", "one")
    assert "2026-06-01T01:00:00+02:00" in run("show", "ada")
    assert "times in Europe/Berlin" in run("course")
    trail = run("audit")
    assert "+02:00" in trail
    assert "+00:00" not in trail
    assert {row["submitted_at"][-6:] for row in rows_of(run("export", "csv"))} == {"+02:00"}
    assert {row["submitted_at"][-6:] for row in rows_of((out / "results.csv").read_text("utf-8"))} == {"+02:00"}


def test_zone_that_does_not_exist_is_refused(graded: Path, out: Path) -> None:
    from tests.katas_course.books import refused

    said = refused(graded / "root", "gradebook", "course", "--zone", "Mars", "--gradebook", f"{out}/gradebook.sqlite")
    assert said == "katas: --zone Mars: there is no such time zone. Specify one such as Europe/Berlin.\n"


def test_clock_writes_winter_and_summer_and_leaves_other_texts() -> None:
    clock = Clock("Europe/Berlin")
    assert clock.words("2026-01-31T22:59:00+00:00") == "2026-01-31 23:59 CET"
    assert clock.iso("2026-07-31T22:59:00+00:00") == "2026-08-01T00:59:00+02:00"
    assert clock.in_text("due 2026-01-31T22:59:00+00:00, or never") == "due 2026-01-31T23:59:00+01:00, or never"
    assert clock.words("never") == clock.iso("never") == "never"
