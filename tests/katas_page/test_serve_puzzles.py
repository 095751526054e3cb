"""The puzzles of `katas debug` in the browser: made, repaired, graded, and explained once they are solved."""

from __future__ import annotations

import multiprocessing
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from graders.errors import KataError
from katas_page import app, live
from katas_page.files import digest_of
from katas_page.live import LiveKatas
from katas_page.pane import IDLE
from katas_practice import page as puzzles
from katas_practice import practice
from katas_practice.generate import candidate
from katas_practice.puzzle import hints
from tests import workshop
from tests.learner.test_learning import README
from tests.serving import Server, serving

SYMPTOM = "Something is off."
PUZZLE = replace(candidate(8, 1, "evaluation"), symptom=SYMPTOM)
API = "/api/katas/debug:8"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = workshop.write_clone(tmp_path_factory.mktemp("puzzles") / "katas", ["alpha"], README)
    practice.write(PUZZLE, root, 1, "evaluation")
    return root


@pytest.fixture
def folder(root: Path) -> Path:
    """Return the puzzle's folder, whose files are the original ones again."""
    folder = root / "katas" / "debug" / "8"
    for name, text in practice.stubs(PUZZLE).items():
        (folder / name).write_text(text, encoding="utf-8")
    for name in (practice.ATTEMPTS, practice.SHOWN):
        (folder / name).unlink(missing_ok=True)
    return folder


def test_the_list_has_what_the_command_lists(server: Server, folder: Path) -> None:
    found = server.get("/api/puzzles")
    (puzzle,) = found["puzzles"]
    assert puzzle["slug"] == "debug:8"
    assert (puzzle["level"], puzzle["program"], puzzle["attempts"]) == (1, PUZZLE.program.name, 0)
    assert [each["level"] for each in found["levels"]] == [1, 2, 3]
    assert "evaluation" in found["families"]
    practice.record_attempt(folder, 5, 10)
    practice.record_attempt(folder, 10, 10)
    (puzzle,) = server.get("/api/puzzles")["puzzles"]
    assert (puzzle["best"], puzzle["attempts"]) == (10, 2)
    assert puzzle["solved_on"]
    (folder / "puzzle.toml").rename(folder / "kept")
    try:
        (folder / "puzzle.toml").write_text("seed = ", encoding="utf-8")
        (puzzle,) = server.get("/api/puzzles")["puzzles"]
        assert "puzzle.toml" in puzzle["fault"]
    finally:
        (folder / "kept").replace(folder / "puzzle.toml")


def test_a_puzzle_has_its_text_and_the_learners_own_files(server: Server, folder: Path) -> None:
    del folder
    found = server.get(API)
    assert SYMPTOM in found["readme"]
    assert [(file["name"], file["text"]) for file in found["files"]] == list(practice.stubs(PUZZLE).items())
    assert found["is_puzzle"]
    program, diagnosis = found["files"]
    assert program["choices"] is None
    assert PUZZLE.faults[0].cause in [each["name"] for each in diagnosis["choices"]["cause"]]
    assert diagnosis["choices"]["file"] == [{"name": "program.py", "meaning": ""}]


@pytest.mark.deep
def test_a_puzzle_is_solved_in_the_page(server: Server, folder: Path) -> None:
    with server.events("debug:8") as wait:
        server.post(API + "/grade")
        first = wait(lambda now: now["status"] == "failed" and not now["grading"])
        assert first["score"].startswith("failed, 0 of 10 points")
        assert "visible tests" not in first["verdict"]
        assert practice.attempts(folder) == []  # nothing was saved, so this was no attempt
        server.post(API + "/hint")
        hinted = wait(lambda now: now["hints"])
        assert hints(PUZZLE.faults)[0].split(":")[0] in hinted["hints"][0]
        assert (hinted["hints_left"], practice.hints_shown(folder)) == (2, {1})
        answer = practice.solution(PUZZLE)["diagnosis.toml"]
        base = digest_of(practice.stubs(PUZZLE)["diagnosis.toml"].encode())
        assert server.save("debug:8", "diagnosis.toml", answer, base)[0] == 200
        named = wait(lambda now: now["score"].startswith("failed, 2 of 10") and not now["grading"])
        assert not named["done"]
        status, _, body = server.request("GET", API + "/explanation?anyway=1")
        assert status == 400
        assert b"You have not solved puzzle 8 yet" in body
        assert server.save("debug:8", "program.py", PUZZLE.twin, digest_of(PUZZLE.source.encode()))[0] == 200
        solved = wait(lambda now: now["status"] == "passed" and not now["grading"])
        assert solved["done"]
        ends = time.monotonic() + 60  # the attempt is recorded after the verdict is sent
        while not practice.attempts(folder)[1:] and time.monotonic() < ends:
            time.sleep(0.05)
    assert practice.attempts(folder) == [2, 10]
    found = server.get(API + "/explanation")
    assert PUZZLE.faults[0].cause in found["html"]
    assert found["solution"][0] == {"name": "program.py", "text": PUZZLE.twin, "own": PUZZLE.twin}
    assert found["solution"][1]["text"] == answer


def test_a_reset_brings_the_broken_program_back(server: Server, folder: Path) -> None:
    with server.events("debug:8") as wait:
        (folder / "program.py").write_text("x = 1\n", encoding="utf-8")
        wait(lambda now: now["files"]["program.py"] == digest_of(b"x = 1\n"))
        server.post(API + "/reset")
        found = wait(lambda now: any("backup" in note for note in now["notes"]))
        assert any("restored: katas/debug/8/program.py" in note for note in found["notes"])
    assert (folder / "program.py").read_text(encoding="utf-8") == PUZZLE.source
    (kept,) = (folder.parents[2] / ".katas" / "backup").glob("debug-8-*/program.py")
    assert kept.read_text(encoding="utf-8") == "x = 1\n"


def test_an_untouched_puzzle_is_not_graded_before_somebody_asks(server: Server, folder: Path) -> None:
    """Grading trains networks for many seconds, and says only what the README says already."""
    with server.events("debug:8") as wait:
        found = wait(lambda now: now["activity"].startswith("Change something"))
        assert (found["status"], found["grading"], found["score"]) == (None, False, "not graded yet")
        assert found["activity"] == IDLE
        (folder / "diagnosis.toml").write_text("[fault]\nline = 1\n", encoding="utf-8")
        wait(lambda now: now["grading"])
        server.post(API + "/reset")  # the broken program again
        wait(lambda now: now["activity"].startswith("Change something") and not now["grading"])
        server.post(API + "/grade")
        wait(lambda now: now["grading"])
        server.post(API + "/stop")
        wait(lambda now: not now["grading"])


@pytest.mark.deep
def test_a_new_puzzle_is_made_as_the_command_does(server: Server, root: Path) -> None:
    status, found = server.send("POST", "/api/puzzles", {"seed": 3, "level": 1, "family": "update"})
    assert (status, found) == (200, {"slug": "debug:3"})
    assert practice.read(root / "katas" / "debug" / "3").family == "update"
    told = {
        "this puzzle exists already": {"seed": 3},
        "unknown level": {"seed": 4, "level": 7},
        "unknown family": {"seed": 4, "family": "karma"},
        "not a whole number": {"level": "1"},
        "is from 0 to": {"seed": -1},
    }
    for words, given in told.items():
        status, found = server.send("POST", "/api/puzzles", given)
        assert status == 400, words
        assert words in found["error"]
    assert server.request("GET", "/api/katas/debug:99")[0] == 400


@pytest.mark.deep
def test_the_next_puzzle_is_ready_when_it_is_asked_for(server: Server, root: Path) -> None:
    wishes = {"level": 1, "family": "update"}
    (first, _), seconds = _made(server, root, wishes)
    waiting = practice.ahead_of(root) / "katas" / "debug"
    waited = time.monotonic()
    while not practice.puzzles(practice.ahead_of(root)):
        assert time.monotonic() - waited < puzzles.CREATION_S
        time.sleep(0.1)
    (name,) = (each.name for each in waiting.iterdir() if each.name.isdecimal())
    (second, record), quick = _made(server, root, {"like": first})
    assert second == f"debug:{name}"
    assert (record.level, record.family) == (1, "update")
    assert quick < seconds / 2
    assert server.send("POST", "/api/puzzles", {"like": "debug:0000"})[0] == 400


@pytest.mark.deep
def test_a_puzzle_that_nobody_has_asked_for_ends_with_the_server(root: Path, tmp_path: Path) -> None:
    with serving(root, progress=tmp_path / "progress.sqlite") as server:
        _made(server, root, {"level": 1, "family": "evaluation"})
        status, _ = server.end()  # returns when no process of the server has its output any more
    assert status == 0
    assert list(practice.made_ahead(root, 1, "evaluation")) == []


def _made(server: Server, root: Path, given: dict[str, object]) -> tuple[tuple[str, practice.PracticeRecord], float]:
    started = time.monotonic()
    status, found = server.send("POST", "/api/puzzles", given)
    assert status == 200, found
    record = practice.read(root / "katas" / "debug" / found["slug"].removeprefix("debug:"))
    return (found["slug"], record), time.monotonic() - started


def test_a_handout_without_puzzles_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without() -> None:
        raise KataError("this handout has no practice networks")

    monkeypatch.setattr(live, "puzzle_room", without)
    found = app.puzzles(LiveKatas(root, None), {})  # type: ignore[arg-type]
    assert (found["puzzles"], found["why"]) == ([], "this handout has no practice networks")


def test_a_killed_creation_is_reported_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A puzzle's proof trains networks, and the system kills a process that runs out of memory."""

    def kill_it() -> None:
        while not (children := multiprocessing.active_children()):
            time.sleep(0.01)
        children[0].kill()

    monkeypatch.setattr(puzzles, "CREATION_S", 30.0)  # without a report, it would end with another message
    killer = threading.Thread(target=kill_it)
    killer.start()
    with pytest.raises(KataError, match="The puzzle could not be made: its process was killed"):
        puzzles.create(root, {"level": 1, "family": "evaluation", "seed": 77})
    killer.join()
