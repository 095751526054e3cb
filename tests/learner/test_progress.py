"""The learner's progress file: what it stores, and that nothing is lost."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from graders import catalogue
from graders.errors import KataError
from graders.learner.listing import as_text
from graders.learner.progress import Progress, Standing, next_kata, remember
from graders.verdict import Verdict
from tests.workshop import ROOT

WRITER = """
import sys
from pathlib import Path
from graders.learner.progress import Progress
from graders.verdict import Verdict

with Progress(Path(sys.argv[1])) as progress:
    for number in range(int(sys.argv[2]), 10**9):
        moment = f"2026-03-01T10:00:00+00:00"
        progress.record(Verdict(kata="alpha", status="failed", score=number, graded_at=moment))
        print(number, flush=True)  # only what is said to be kept has to be there
"""


def verdict(slug: str, status: str, score: float, moment: str = "2026-03-01T10:00:00+00:00") -> Verdict:
    return Verdict(kata=slug, status=status, score=score, max_score=10, graded_at=moment)  # type: ignore[arg-type]


def test_best_points_and_first_pass_are_stored(tmp_path: Path) -> None:
    path = tmp_path / "new" / "progress.sqlite"
    with Progress(path) as progress:
        progress.record(verdict("alpha", "failed", 4))
        progress.record(verdict("alpha", "passed", 10, "2026-03-02T12:00:00+00:00"))
        progress.record(verdict("alpha", "failed", 6, "2026-03-03T12:00:00+00:00"))
        progress.record(verdict("alpha", "passed", 10, "2026-03-05T12:00:00+00:00"))
        progress.record(verdict("beta", "awaiting_review", 5))
        progress.record(verdict("forgotten", "passed", 5))
    with Progress(path) as progress:
        found = progress.standings(["alpha", "beta", "gamma"])
        progress.saw_hint("alpha", 2)
        progress.saw_hint("alpha", 2)
        assert (progress.hints_seen("alpha"), progress.hints_seen("beta")) == ({2}, set())
    assert found == {
        "alpha": Standing("alpha", 4, 10, "2026-03-02"),
        "beta": Standing("beta", 1, 5, "2026-03-01"),
        "gamma": Standing("gamma"),
    }
    assert [found[slug].done for slug in found] == [True, True, False]


@pytest.mark.parametrize("damage", ["text", "head", "middle"])
def test_damaged_file_is_renamed_and_a_new_one_started(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "progress.sqlite"
    with Progress(path) as progress, progress._connection:
        progress._connection.executemany(
            "INSERT INTO verdicts (slug, graded_at, status, score, max_score, submission_sha256) "
            "VALUES (?, '2026-03-01T10:00:00+00:00', 'failed', 1, 1, ?)",
            [(f"slug{number}", "0" * 64) for number in range(2000)],
        )
    data = bytearray(path.read_bytes())
    spoilt = {
        "text": b"not a database at all, by far, and long enough to be looked at" * 20,
        "head": b"\0" * 100 + data[100:],
        "middle": data[:4096] + random.Random(0).randbytes(len(data) - 8192) + data[-4096:],
    }[damage]
    path.write_bytes(spoilt)
    with Progress(path) as progress:
        assert "is damaged" in progress.warning
        progress.record(verdict("alpha", "passed", 10))
        assert progress.standings(["alpha"])["alpha"].done
    (aside,) = tmp_path.glob("progress.damaged-*.sqlite")
    assert aside.read_bytes() == spoilt


@pytest.mark.parametrize("place", ["a_file/progress.sqlite", "."])
def test_unusable_path_is_reported_with_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    (tmp_path / "a_file").write_text("")
    with pytest.raises(KataError, match="Set NN_KATAS_PROGRESS to a file that you can write to"):
        Progress(tmp_path / place)
    monkeypatch.setenv("NN_KATAS_PROGRESS", str(tmp_path / place))
    (said,) = remember([verdict("alpha", "passed", 10)], ROOT)
    assert said.startswith("the verdict was not recorded for `katas progress`: ")


def test_what_says_nothing_about_the_files_is_not_an_attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NN_KATAS_PROGRESS", str(tmp_path / "p.sqlite"))
    waiting = Verdict(kata="gamma", status="ungradable", reason="earlier kata", waits_for="exercise05")
    remember([verdict("alpha", "error", 0), verdict("beta", "failed", 0), waiting], ROOT)
    with Progress() as progress:
        found = progress.standings(["alpha", "beta", "gamma"])
    assert [each.tries for each in found.values()] == [0, 1, 0]


@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.deep)])
def test_kill_while_writing_loses_no_confirmed_record(tmp_path: Path, kills: int) -> None:
    path, kept = tmp_path / "progress.sqlite", 0
    luck = random.Random(1)
    for _ in range(kills):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(kept + 1)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()  # from here on the process is writing
            time.sleep(luck.uniform(0, 0.02))
            os.kill(writer.pid, signal.SIGKILL)
            kept = int((first + writer.stdout.read()).split("\n")[-2])
    with Progress(path) as progress:
        assert not progress.warning
        scores = [row[0] for row in progress._connection.execute("SELECT score FROM verdicts ORDER BY number")]
    # At every kill, one more record may have been written but not confirmed.
    assert sorted(set(scores)) == list(range(1, int(max(scores)) + 1))
    assert kept <= max(scores) <= kept + 1


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "progress.sqlite"
    text = WRITER.replace("10**9", "int(sys.argv[2]) + 100")
    writers = [
        subprocess.Popen([sys.executable, "-c", text, str(path), start], cwd=ROOT, stdout=subprocess.DEVNULL)
        for start in ("0", "1000")
    ]
    assert [writer.wait(240) for writer in writers] == [0, 0]
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM verdicts").fetchone() == (200,)


DONE = {"tries": 1, "best": 10, "done_on": "2026-03-01"}


def following(standings: dict[str, Standing]) -> tuple[str, str]:
    """Return the slug of the next kata, and the reason."""
    found = next_kata(catalogue.load_all(ROOT), standings)
    assert found is not None
    return found[0].slug, found[1]


def test_next_is_the_first_kata_in_order_that_is_not_done() -> None:
    standings = {slug: Standing(slug) for slug in catalogue.slugs(ROOT)}
    assert following(standings) == ("exercise00", "it builds on no other kata")
    standings["exercise04"] = Standing("exercise04", 2, 3.0)  # tried once, perhaps in another clone
    for number in (0, 1, 2, 3):
        assert following(standings)[0] == f"exercise0{number}"
        standings[f"exercise0{number}"] = Standing(f"exercise0{number}", **DONE)
    started = following(standings)
    assert started == ("exercise04", "in progress: 3 of 11 points")
    tried = {"exercise03": "2026-03-01T10:00:00+00:00", "challenge5": "2026-03-01T09:00:00+00:00"}
    later = standings | {slug: replace(standings[slug], tries=1, last=last) for slug, last in tried.items()}
    assert following(later) == started
    later["challenge5"] = replace(later["challenge5"], last="2026-03-01T11:00:00+00:00")
    assert following(later)[0] == "challenge5"
    done = {slug: Standing(slug, **DONE) for slug in standings}
    assert next_kata(catalogue.load_all(ROOT), done) is None
    assert following(done | {"exercise10": Standing("exercise10")})[0] == "exercise10"


def test_skipped_exercises_come_last() -> None:
    """Somebody who knows arrays begins with exercise 1, and leaves out exercise 3."""
    standings = {slug: Standing(slug) for slug in catalogue.slugs(ROOT)}
    way = {
        "exercise01": "exercise02",
        "exercise02": "exercise03",
        "exercise04": "exercise05",
        "exercise05": "exercise06",
    }
    for hour, (slug, then) in enumerate(way.items(), start=10):
        standings[slug] = Standing(slug, **DONE, last=f"2026-03-01T{hour}:00:00+00:00")
        assert following(standings)[0] == then
    standings |= {slug: Standing(slug, **DONE) for slug in standings if slug not in ("exercise00", *way)}
    assert following(standings)[0] == "exercise00"


def test_what_a_pass_builds_on_comes_after_all_others() -> None:
    """The learner may have checked the exercises of a milestone with pytest only."""
    slugs = catalogue.slugs(ROOT)
    standings = {slug: Standing(slug) for slug in slugs} | {"milestone1": Standing("milestone1", **DONE)}
    assert following(standings)[0] == "exercise00"
    standings["exercise00"] = Standing("exercise00", **DONE)
    assert following(standings) == ("exercise03", "it builds on exercise01 and exercise02")
    tried = standings | {"exercise04": Standing("exercise04", 1, 3.0, last="2026-03-02T10:00:00+00:00")}
    assert following(tried) == ("exercise04", "in progress: 3 of 11 points")
    needed = {"exercise01", "exercise04", "exercise05", "exercise09", "exercise11", "exercise13", "exercise14"}
    needed |= {"exercise15", "exercise18"}  # of milestone3: all that a hand-out of it contains
    standings = {slug: Standing(slug, **DONE) for slug in slugs if slug not in needed}
    standings |= {slug: Standing(slug) for slug in needed}
    assert following(standings) == (
        "exercise01",
        "you have passed a later kata; a pass in pytest does not mark this one as done",
    )


def test_visible_only_gradings_are_stored_separately(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NN_KATAS_PROGRESS", str(tmp_path / "p.sqlite"))  # other tests pass a kata named alpha too
    whole, handed_out = tmp_path / "whole", tmp_path / "handed out"
    (whole / "graders" / "hidden").mkdir(parents=True)
    handed_out.mkdir()
    remember([verdict("alpha", "passed", 3)], handed_out)
    for root, done in ((whole, False), (handed_out, True)):
        with Progress.of(root) as progress:
            assert progress.standings(["alpha"])["alpha"].done is done


def test_every_kata_says_what_it_adds_in_one_line() -> None:
    for kata in catalogue.load_all(ROOT):
        assert 10 < len(kata.adds) <= 70, kata.slug
        assert not kata.adds.endswith("."), kata.slug


def test_a_milestone_follows_the_last_exercise_that_it_needs() -> None:
    katas = catalogue.load_all(ROOT)
    order = [kata.slug for kata in catalogue.in_order(katas)]
    assert order.index("milestone1") == order.index("exercise07") + 1
    assert order.index("milestone4") == order.index("meta") + 1
    lines = as_text(katas).splitlines()
    assert lines.index("Part 1: digits") < lines.index("Challenges")
    assert [
        lines.count(heading) for heading in ("Part 1: digits", "Part 2: language", "Challenges", "Part 3: machine")
    ] == [1] * 4
    listed = [line.split()[0] for line in lines if line.startswith(("exercise07", "milestone1", "exercise08"))]
    assert listed == ["exercise07", "milestone1", "exercise08"]
    done = {slug: Standing(slug, **DONE) for slug in order if "exercise" <= slug <= "exercise07"}
    standings = {slug: Standing(slug) for slug in order} | done
    slug, why = following(standings)
    assert slug == "milestone1"
    assert why.startswith("it builds on exercise01 and exercise02 and")
    assert following(standings | {"exercise05": Standing("exercise05")})[0] == "exercise05"
