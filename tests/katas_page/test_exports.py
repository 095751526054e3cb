"""A training that has ended can be saved as one HTML file, which its program makes in the sandbox."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graders import catalogue
from graders.errors import KataError
from graders.judge.client import Judge
from katas_page.exports import LARGEST_FILE, file_of
from katas_page.kept import KeptTrainings
from katas_page.trainings import ENDED, Trainings
from tests.browser import violations, visits
from tests.katas_page.test_kept_trainings import SLOW, STATELESS, begin, begun, ended, news, reached
from tests.serving import Server
from tests.training_course import PROGRAM, write_course

FORGETFUL = PROGRAM.replace("training.main", "training.Recorder.publish = lambda self, text: None\n    training.main")
RATE, START = 0.1, 3.0  # of the course's program


def weight_after(steps: int) -> str:
    return f"{START * (1 - 2 * RATE) ** steps:.4f}"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_course(tmp_path_factory.mktemp("exported") / "katas")


@pytest.fixture
def trainings(root: Path, tmp_path: Path) -> Iterator[Trainings]:
    with closing(opened(root, tmp_path)) as found:
        yield found


def opened(root: Path, folder: Path) -> Trainings:
    found = Trainings(Judge(root), KeptTrainings(folder / "trainings"))
    found.resume(lambda slug: catalogue.load(root, slug))
    return found


def export(trainings: Trainings, run: int) -> dict[str, Any]:
    return trainings.export("alpha", {"run": run})


def stopped(trainings: Trainings, run: int) -> int:
    """Stop a training, and return how many steps it has taken."""
    trainings.stop_one("alpha", {"run": run})
    return int(ended(trainings, run)[-2]["step"])


def test_a_finished_training_has_a_file(trainings: Trainings, root: Path) -> None:
    run = begin(trainings, root)
    ended(trainings, run)
    assert news(trainings, run, 10**6)["has_file"]
    found = export(trainings, run)
    weight, _, authors = found["text"].removeprefix("<p>").partition(" ")
    assert (found["name"], weight) == ("alpha.html", weight_after(40))
    assert json.loads(authors) == [{"title": "Twice", "functions": ["twice", "half"], "best": 0.0, "points": 3.0}]


def test_a_file_outlives_the_server_and_goes_with_its_training(root: Path, tmp_path: Path) -> None:
    with closing(opened(root, tmp_path)) as first:
        run = begin(first, root)
        ended(first, run)
    with closing(opened(root, tmp_path)) as second:
        assert export(second, run)["text"].startswith(f"<p>{weight_after(40)} ")
        second.forget("alpha", {"run": run})
    assert list((tmp_path / "trainings").iterdir()) == []


def test_a_stopped_training_is_finished_as_by_ctrl_c(trainings: Trainings, root: Path) -> None:
    run = begun(trainings, root, SLOW)
    with pytest.raises(KataError, match="Stop this training first"):
        export(trainings, run)
    steps = stopped(trainings, run)
    assert steps < 40
    assert export(trainings, run)["text"].startswith(f"<p>{weight_after(steps)} ")


def test_a_stopped_training_is_finished_by_the_next_server(root: Path, tmp_path: Path) -> None:
    with closing(opened(root, tmp_path)) as first:
        run = begun(first, root, SLOW)
        steps = stopped(first, run)
    with closing(opened(root, tmp_path)) as second:
        assert news(second, run)["has_file"]
        weight = weight_after(steps + 1)  # this program has no setting for `steps`, so it takes one before it ends
        assert export(second, run)["text"].startswith(f"<p>{weight} ")
    assert steps < 40


def test_a_training_that_goes_on_loses_its_file(trainings: Trainings, root: Path) -> None:
    run = begun(trainings, root, SLOW)
    steps = stopped(trainings, run)
    before = export(trainings, run)["text"]
    trainings.begin(catalogue.load(root, "alpha"), {"continues": run})
    reached(trainings, run, steps + 1)
    assert not news(trainings, run, 10**6)["has_file"]
    ended(trainings, run)
    assert export(trainings, run)["text"] != before


def test_a_program_that_makes_no_file_says_so(trainings: Trainings, root: Path) -> None:
    run = begin(trainings, root, FORGETFUL)
    ended(trainings, run)
    with pytest.raises(KataError, match="has made no file"):
        export(trainings, run)
    assert not news(trainings, run, 10**6)["frames"]


def test_a_network_that_was_unloaded_has_no_file(trainings: Trainings, root: Path) -> None:
    run = begin(trainings, root, STATELESS)
    ended(trainings, run)
    ended(trainings, begin(trainings, root))  # its worker ends the first one's
    assert not news(trainings, run, 10**6)["has_file"]
    with pytest.raises(KataError, match=ENDED):
        export(trainings, run)


@pytest.mark.parametrize(
    "found", [None, "<p>", np.zeros(3), np.full(9, 255, np.uint8), np.full(LARGEST_FILE + 1, 65, np.uint8)],
    ids=["nothing", "text", "numbers", "no UTF-8", "too long"],
)  # fmt: skip
def test_what_is_no_short_text_is_not_kept(found: Any) -> None:
    assert file_of(found) == b""
    assert file_of(np.full(LARGEST_FILE, 65, np.uint8)) == b"A" * LARGEST_FILE


@pytest.mark.deep
@pytest.mark.timeout(600)
def test_the_page_saves_the_file(browser: Any, server: Server) -> None:
    with visits(browser) as visit:
        page = visit(server)
        page.wait_for_selector(".katas li")
        page.goto(f"http://{server.host}/#/alpha")
        page.wait_for_selector(".training", state="attached")
        page.keyboard.press("Alt+Digit5")
        save = page.get_by_role("button", name="Save as one HTML file")
        assert not save.is_visible()
        page.locator(".training .primary").click()
        save.wait_for()
        assert page.get_by_role("img", name=re.compile("^Loss: .*; a guess: 4.00$")).count() == 1
        page.get_by_role("button", name="Try <b>it").click()
        page.get_by_label("What it can do").get_by_text("<b>").wait_for()
        assert violations(page) == []
        with page.expect_download() as download:
            save.click()
        assert download.value.suggested_filename == "alpha.html"
        assert download.value.path().read_text(encoding="utf-8").startswith(f"<p>{weight_after(40)} ")
        page.get_by_text("alpha.html is in your downloads").wait_for()
        assert page.url.endswith("#/alpha")
