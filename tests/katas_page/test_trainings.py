"""A training in the "Train" tab: what frames contain, how the page sets the pace, and what a terminal shows instead."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from graders import catalogue, intake
from graders.catalogue import Kata
from graders.errors import KataError
from graders.judge.client import Judge
from katas_page.frames import written_of
from katas_page.trainings import ENDED, FRAMES_PER_S, trained_by
from katas_page.tryout import STOPPED
from tests.shell import KATAS
from tests.training_course import GRADIENT, PROGRAM, START, TWO, Watcher, rest, write_course
from tests.workshop import ROOT, copy_project, write

Begin = Callable[..., dict[str, Any]]
ONE = {"once": 1}
DIGIT = base64.b64encode(bytes(784)).decode()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_course(tmp_path_factory.mktemp("trained") / "katas")


@pytest.fixture
def begin(root: Path, watcher: Watcher) -> Begin:
    """begin(program) returns the first frame of a training with this text in twice.py."""

    def begun(program: str = PROGRAM, **given: Any) -> dict[str, Any]:
        write(root / "katas/alpha/twice.py", program)
        return watcher.begin(catalogue.load(root, "alpha"), given)

    return begun


def test_the_frames_together_have_every_step(watcher: Watcher, begin: Begin) -> None:
    frames = rest(watcher, begin())
    assert [point[0] for frame in frames for point in frame["points"]] == list(range(1, 41))
    assert [point[1] for point in frames[0]["points"]] == [pytest.approx(2.4**2)]
    assert frames[0]["settings"] == {"learning_rate": 0.1, "seed": 3}
    assert (frames[0]["of"], frames[0]["unit"], frames[0]["text"]) == (40, "loss", "<b>hi")
    assert frames[0]["sizes"] == [["only", 2.4, 6]]
    assert set(base64.b64decode(frames[0]["weights"])) == {254}
    assert len(base64.b64decode(frames[0]["digits"])) == 20 * 784
    assert frames[0]["read"] == [3] * 20
    assert (frames[-1]["fault"], frames[-1]["output"]) == ("", "at last 0.000\n")


def test_a_program_may_train_more_than_once(watcher: Watcher, begin: Begin) -> None:
    frames = rest(watcher, begin(TWO))
    begun = [(frame["title"], frame["of"], frame["points"][0][0]) for frame in frames if frame["of"]]
    assert begun == [("flat", 3, 1), ("steep", 5, 1)]
    assert [point[0] for frame in frames for point in frame["points"]] == [1, 2, 3, 1, 2, 3, 4, 5]
    assert frames[0]["sizes"] == [["layer 1", None, 0.001], ["layer 2", None, 1]]


def test_a_training_that_breaks_off_is_shown_before_the_next_begins(watcher: Watcher, begin: Begin) -> None:
    broken_off = TWO.replace("sizes = ", "if title == 'flat' and step == 2: break\n            sizes = ")
    assert broken_off != TWO
    frames = rest(watcher, begin(broken_off))
    assert [frame["title"] for frame in frames if frame["of"]] == ["flat", "steep"]
    second = next(at for at, frame in enumerate(frames) if frame["title"] == "steep")
    assert [point[0] for frame in frames[:second] for point in frame["points"]] == [1, 2]


def test_the_page_may_choose_the_settings(begin: Begin) -> None:
    frame = begin(settings={"learning_rate": 0.5, "seed": 7.0, "other": 1})
    assert frame["settings"] == {"learning_rate": 0.5, "seed": 7}
    assert frame["points"] == [[1, 0, 0.5]]


def test_a_training_waits_until_it_is_asked_for_more(watcher: Watcher, begin: Begin) -> None:
    frame = begin()
    time.sleep(0.3)
    assert watcher.next(frame, ONE)["step"] == 2
    assert watcher.next(frame, {"once": 5})["step"] == 7


def test_a_paused_training_goes_on_after_one_with_other_packages(watcher: Watcher, begin: Begin, root: Path) -> None:
    frame = begin()
    kata = msgspec.structs.replace(catalogue.load(root, "alpha"), packages=("pandas",))
    run = watcher.trainings.begin(kata, {"paused": True, "once": 1})["run"]
    while not (frames := watcher.trainings.news("alpha", {"run": run})["frames"]):
        pass
    assert frames[0]["step"] == 1
    later = watcher.next(frame, ONE)
    assert (later["step"], later["fault"]) == (2, "")


def test_the_network_reads_a_digit_during_and_after_the_training(watcher: Watcher, begin: Begin) -> None:
    frame = begin()
    during = watcher.read_digit(frame, DIGIT)
    assert during["probabilities"][3] == pytest.approx(1 - 2.4 / 100)
    rest(watcher, frame)
    after = watcher.read_digit(frame, DIGIT)
    assert after["probabilities"] == pytest.approx([0, 0, 0, 1, 0, 0, 0, 0, 0, 0], abs=1e-3)
    with pytest.raises(KataError, match="784 pixels"):
        watcher.read_digit(frame, "AAAA")


def test_the_program_tries_its_network_when_asked(watcher: Watcher, begin: Begin) -> None:
    frame = begin()
    assert (frame["levels"], frame["test"]) == ({"a guess": 4.0}, "Try <b>it")
    asked = {"run": frame["run"]}
    assert watcher.trainings.test("alpha", asked) == {"said": "<b>0.417", "fault": ""}
    last = rest(watcher, watcher.next(frame))[-1]
    assert last["done"]
    assert watcher.trainings.test("alpha", asked)["said"].startswith("<b>")
    zero = {"run": begin(PROGRAM.replace("2 * w", "w / 0.1"))["run"]}
    assert watcher.trainings.test("alpha", zero)["fault"].startswith("ZeroDivisionError")
    other = {"run": begin(TWO)["run"]}
    assert watcher.trainings.test("alpha", other)["fault"] == "There is no network yet."


def test_a_model_goes_on_with_a_prompt(watcher: Watcher, begin: Begin) -> None:
    frame = begin()
    assert frame["writes"] == ["temperature", "top_k"]
    asked = {"run": frame["run"], "prompt": "Mia", "how": {"temperature": 0.5, "top_k": 2, "other": 1}}
    found = watcher.trainings.write("alpha", asked)
    assert (found["text"], found["tokens"], found["fault"]) == ("Mia<b>!", ["Mia", "<b>", "!"], "")
    assert found["likely"] == [["<b>", 0.75], ["!", 0.25]]
    looks = list(base64.b64decode(found["attention"]))
    assert (found["heads"], looks[:9], looks[9:]) == (
        [2, 1],
        [255, 0, 0, 255, 255, 0, 255, 255, 255],
        [128, 0, 0, 128, 128, 0, 128, 128, 128],
    )
    assert watcher.trainings.write("alpha", asked | {"prompt": 3})["fault"] == "ValueError: type something"
    assert watcher.trainings.write("alpha", asked | {"prompt": "exit"})["fault"] == "this program ends"
    asked["how"] = {"temperature": 0.5, "top_k": None}
    assert watcher.trainings.write("alpha", asked)["likely"][1] == ["!", 0.0625]
    assert "missing 2 required" in watcher.trainings.write("alpha", asked | {"how": [1]})["fault"]


def test_an_endless_answer_is_stopped(watcher: Watcher, begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("katas_page.trainings.ANSWER_S", 1.0)
    asked = {"run": begin()["run"], "prompt": "loop", "how": {"temperature": 0.5, "top_k": 2}}
    with pytest.raises(KataError, match="did not answer"):
        watcher.trainings.write("alpha", asked)


@pytest.mark.parametrize("found", [{"attention": 3}, {"attention": np.ones((1, 1, 2, 3), np.uint8)}, {"likely": [3]}])
def test_what_a_model_answers_is_checked(found: dict[str, Any]) -> None:
    shown = written_of({"text": 5, "tokens": ["a", "b"], "heads": 7} | found)
    assert shown == {"text": "", "likely": [], "tokens": [], "heads": [], "attention": "", "fault": ""}


def test_a_ladder_says_when_each_rung_was_reached(watcher: Watcher, begin: Begin) -> None:
    frames = rest(watcher, first := begin())
    assert first["ladder"] == ["is small", "is <b>tiny", "is nothing"]
    assert [rung for frame in frames for rung in frame["reached"]] == [[5, "is small"]]


@pytest.mark.parametrize("seed", [-1, -3.0, 0.5, 1e300])
def test_a_setting_that_cannot_be_is_named(begin: Begin, seed: float) -> None:
    frame = begin(settings={"seed": seed})
    assert frame["fault"] == f"seed: give a whole number from 0 to 1000000000, not {seed:g}."
    assert frame["settings"] == {"learning_rate": 0.1, "seed": seed}


def test_probabilities_that_are_not_finite_are_named(watcher: Watcher, begin: Begin) -> None:
    frame = begin('def gradient(w):\n    return float("nan")\n\n' + START)
    found = watcher.read_digit(frame, DIGIT)
    assert found == {"probabilities": [], "fault": "Your network's probabilities are not finite numbers."}


def test_stop_ends_a_loop_at_once_and_a_new_training_starts(watcher: Watcher, begin: Begin) -> None:
    frame = begin("def gradient(w):\n    while w < 2.5:\n        pass\n    return 2 * w\n\n" + START)
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.append(watcher.next(frame)))
    waiting.start()
    time.sleep(0.5)
    started = time.monotonic()
    watcher.trainings.stop_one("alpha", frame)
    waiting.join()
    assert time.monotonic() - started < 5
    assert (found[0]["done"], found[0]["fault"]) == (True, STOPPED)
    assert begin()["step"] == 1


def test_a_network_that_was_stopped_between_two_steps_still_reads_digits(watcher: Watcher, begin: Begin) -> None:
    frame = begin()
    watcher.trainings.stop_one("alpha", frame)
    assert watcher.read_digit(frame, DIGIT)["probabilities"][3] == pytest.approx(1, abs=0.03)
    begin()
    assert watcher.read_digit(frame, DIGIT)["probabilities"][3] == pytest.approx(1, abs=0.03)


def test_a_network_without_a_state_is_unloaded(watcher: Watcher, begin: Begin) -> None:
    frame = begin(TWO)
    rest(watcher, frame)
    begin()
    with pytest.raises(KataError, match=ENDED):
        watcher.read_digit(frame, DIGIT)


def test_a_fault_of_the_learners_code_is_shown_with_its_line(begin: Begin) -> None:
    frame = begin("def gradient(w):\n    return w / 0\n\n" + START)
    assert frame["done"]
    assert re.findall(r'File "(.*)", line (\d+)', frame["fault"]) == [("twice.py", "6"), ("twice.py", "2")]
    assert re.search(r"\nZeroDivisionError: (float )?division by zero\n\Z", frame["fault"])  # Python 3.14 is briefer
    stub = begin("def gradient(w):\n    raise NotImplementedError\n\n" + START)
    assert stub["fault"].endswith("(gradient in twice.py is not written yet)")


def test_a_training_without_steps_ends(watcher: Watcher, begin: Begin) -> None:
    frame = begin(GRADIENT + 'if __name__ == "__main__":\n    print("nothing to train")\n')
    assert (frame["done"], frame["step"], frame["fault"]) == (True, 0, "")
    assert frame["output"] == "nothing to train\n"
    found = watcher.read_digit(frame, DIGIT)
    assert found == {"probabilities": [], "fault": "There is no network yet."}


def test_frames_are_thirty_a_second_at_most(watcher: Watcher, begin: Begin) -> None:
    frame, started = begin(), time.monotonic()
    for _ in range(15):
        watcher.next(frame, ONE)
    assert time.monotonic() - started >= 14 / FRAMES_PER_S


def test_a_loss_that_is_not_finite_is_sent_as_null(begin: Begin) -> None:
    frame = begin("def gradient(w):\n    return float('nan')\n\n" + START)
    assert (frame["points"], frame["begins"], frame["note"]) == ([[1, None, 0.5]], True, "")
    json.dumps(frame, allow_nan=False)


def test_a_kata_trains_with_a_recorder_or_its_optimizers_watched(watcher: Watcher) -> None:
    found = {kata.slug: trained_by(kata) for kata in catalogue.load_all(ROOT) if trained_by(kata).programs}
    assert {slug: each.programs for slug, each in found.items() if not each.watched} == {
        "challenge1": ("vanishing.py",),
        "challenge3": ("attention.py",),
        "challenge4": ("transfer.py",),
        "milestone1": ("network.py",),
        "milestone2": ("blocks.py",),
        "milestone3": ("language_model.py",),
        "milestone4": ("gpt.py",),
    }
    debugger = catalogue.load(ROOT, "challenge5")
    programs = tuple(name for name in debugger.files if name.endswith(".py"))
    assert {slug: each.programs for slug, each in found.items() if each.watched} == {"challenge5": programs}
    with pytest.raises(KataError, match=r"'diagnosis.toml' is not a program of challenge5. Choose bug1_"):
        watcher.begin(debugger, {"program": "diagnosis.toml"})
    plain = catalogue.load(ROOT, "exercise01")
    with pytest.raises(KataError, match="exercise01 has no training to watch"):
        watcher.begin(plain, {})


def test_a_terminal_shows_the_same_steps_as_lines(root: Path) -> None:
    write(root / "katas/alpha/twice.py", PROGRAM)
    done = subprocess.run(
        [KATAS, "--root", str(root), "run", "alpha"], capture_output=True, text=True, check=True, timeout=60
    )
    *lines, last = done.stdout.splitlines()
    assert lines.pop(2) == "step     5: is small"
    assert [line[:13] for line in lines[::2]] == [f"step {step:5} of" for step in (1, 10, 20, 30, 40)]
    assert lines[0].startswith("step     1 of 40  loss 5.76   50% right")
    assert lines[0].endswith("s left")
    assert set(lines[1::2]) == {"    <b>hi"}
    assert last == "drawn"


@pytest.fixture
def solved(tmp_path: Path) -> Callable[[str], tuple[Watcher, Kata]]:
    """solved(slug) returns the trainings of a clone in which the solution is written, and the kata."""

    def written(slug: str) -> tuple[Watcher, Kata]:
        course = copy_project(tmp_path / "clone")
        for kata in (catalogue.load(course, slug), *catalogue.load(course, slug).earlier):
            for name, data in intake.shipped(kata, kata.solution).items():
                (kata.folder / name).parent.mkdir(exist_ok=True)
                (kata.folder / name).write_bytes(data)
        return Watcher(Judge(course)), catalogue.load(course, slug)

    return written


@pytest.mark.deep
def test_challenge1_shows_where_the_gradient_vanishes(solved: Callable[[str], tuple[Watcher, Kata]]) -> None:
    watcher, kata = solved("challenge1")
    with closing(watcher):
        frames = rest(watcher, watcher.begin(kata, {}))
    assert frames[-1]["fault"] == ""
    assert [frame["title"] for frame in frames if frame["of"]] == ["sigmoid", "relu", "fixed network"]
    first, last = (frames[0]["sizes"][at][2] for at in (0, -1))
    assert (len(frames[0]["sizes"]), first < 1e-6 * last) == (15, True)


@pytest.mark.deep
def test_the_model_on_the_own_framework_writes_in_the_page(solved: Callable[[str], tuple[Watcher, Kata]]) -> None:
    watcher, kata = solved("milestone4")
    with closing(watcher):
        frame = watcher.begin(kata, {})
        assert (frame["fault"], frame["unit"], frame["step"]) == ("", "bits", 1)
        assert frame["text"].startswith("Ben ")  # as the second of the unseen stories does


@pytest.mark.deep
@pytest.mark.parametrize("slug", ["milestone3", "milestone4"])
def test_a_language_model_goes_on_as_if_nothing_had_happened(
    solved: Callable[[str], tuple[Watcher, Kata]], slug: str
) -> None:
    watcher, kata = solved(slug)
    with closing(watcher):
        whole = rest(watcher, watcher.begin(kata, {"settings": {"steps": 8}}))
        frame = watcher.begin(kata, {"settings": {"steps": 8}})
        watcher.next(frame, {"once": 2})
        watcher.trainings.stop_one(slug, {"run": frame["run"]})
        watcher.trainings.begin(kata, {"continues": frame["run"], "settings": {"steps": 12}})
        while not (news := watcher.trainings.news(slug, {"run": frame["run"], "since": 10**6}))["ended"]:
            pass
        found = watcher.trainings.news(slug, {"run": frame["run"]})["frames"]
    points = [point[:2] for frame in found for point in frame.get("points", ())]
    assert [step for step, _ in points] == list(range(1, 13))
    assert points[3][1] == pytest.approx([point for frame in whole for point in frame["points"]][3][1], rel=1e-5)
    assert [frame["fault"] for frame in found if frame.get("fault")] == []
    assert news["can_go_on"]


@pytest.mark.deep
@pytest.mark.parametrize(("slug", "steps"), [("milestone1", 900), ("milestone2", 600)])
def test_the_solution_of_a_milestone_learns_in_the_page(
    solved: Callable[[str], tuple[Watcher, Kata]], slug: str, steps: int
) -> None:
    watcher, kata = solved(slug)
    with closing(watcher):
        frames = rest(watcher, watcher.begin(kata, {}))
        last = next(frame for frame in frames if frame["step"] == steps)
        assert sum(one == other for one, other in zip(last["read"], frames[0]["labels"], strict=True)) >= 14
        assert frames[-1]["fault"] == ""
        digit = base64.b64decode(frames[0]["digits"])[:784]
        found = watcher.read_digit(frames[0], base64.b64encode(digit).decode())
    assert found["probabilities"].index(max(found["probabilities"])) == last["read"][0]
