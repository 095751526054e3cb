"""The pictures of the READMEs are what their scripts draw."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lxml import etree

from graders import catalogue
from graders.authoring.figures import drawn
from graders.errors import KataError
from tests import workshop
from tests.shell import katas
from tests.workshop import ROOT, write

PICTURES = [(kata, script) for kata in catalogue.load_all(ROOT) for script in kata.solution.glob("figure*.py")]
SHOWN = "exercise04"  # the kata whose picture the default run draws
SCRIPT = """\
from twice import half

def draw(figure):
    axes = figure.subplots()
    axes.plot([0, 1], [0, half(1.0)])
    axes.set_title("Half")
"""


def elements(text: str) -> list[str]:
    """Return the tags of a picture in order, without coordinates, whose last digits differ between machines."""
    return [str(element.tag) for element in etree.fromstring(text.encode()).iter()]


def each_picture(*, deep: bool) -> pytest.MarkDecorator:
    marks = {kata.slug: [pytest.mark.deep] if deep and kata.slug != SHOWN else [] for kata, _ in PICTURES}
    cases = [pytest.param(*each, id=f"{each[0].slug}-{each[1].stem}", marks=marks[each[0].slug]) for each in PICTURES]
    return pytest.mark.parametrize(("kata", "script"), cases)


@each_picture(deep=True)
def test_the_picture_is_what_the_script_draws(kata: catalogue.Kata, script: Path) -> None:
    assert elements(drawn(kata, script)) == elements((kata.folder / f"{script.stem}.svg").read_text(encoding="utf-8"))


@each_picture(deep=False)
def test_readme_shows_the_picture_with_alt_text(kata: catalogue.Kata, script: Path) -> None:
    readme = (kata.folder / "README.md").read_text(encoding="utf-8")
    description = readme.partition(f"]({script.stem}.svg)")[0].rpartition("![")[2]
    assert len(description.split()) >= 5


def test_every_exercise_has_a_picture() -> None:
    exercises = {kata.slug for kata in catalogue.load_all(ROOT) if kata.kind == "exercise"}
    assert exercises <= {kata.slug for kata, _ in PICTURES}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = workshop.write_repository(tmp_path, ["alpha", "beta"])
    write(root / "solutions" / "alpha" / "figure.py", SCRIPT)
    return root


def test_a_picture_is_drawn_from_the_solution_and_always_the_same(root: Path) -> None:
    done = katas("show", "--readme", cwd=root)
    assert (done.status, done.out) == (0, "katas/alpha/figure.svg: redrawn\n"), done.said
    assert "svg" in elements((root / "katas" / "alpha" / "figure.svg").read_text(encoding="utf-8"))[0]
    assert katas("show", "alpha", "--readme", cwd=root).out == "katas/alpha/figure.svg: unchanged\n"


def test_a_kata_may_have_further_pictures(root: Path) -> None:
    write(root / "solutions" / "alpha" / "figure_more.py", SCRIPT)
    drawn_now = "katas/alpha/figure.svg: redrawn\nkatas/alpha/figure_more.svg: redrawn\n"
    assert katas("show", "alpha", "--readme", cwd=root).out == drawn_now


def test_two_solutions_of_one_module_name_are_kept_apart(root: Path) -> None:
    write(root / "solutions" / "beta" / "figure.py", SCRIPT)
    write(root / "solutions" / "beta" / "twice.py", "def half(x):\n    return 7 * x\n")
    katas("show", "--readme", cwd=root)
    pictures = [(root / "katas" / slug / "figure.svg").read_bytes() for slug in ("alpha", "beta")]
    assert pictures[0] != pictures[1]


def test_a_kata_without_a_script_is_named(root: Path) -> None:
    done = katas("show", "beta", "--readme", cwd=root)
    assert done.status == 2
    assert f"solutions{os.sep}beta{os.sep}figure.py: no such file" in done.err


def test_failing_script_is_named_with_its_error(root: Path) -> None:
    write(root / "solutions" / "alpha" / "figure.py", "def draw(figure):\n    return 1 / 0\n")
    with pytest.raises(KataError, match=r"figure\.py: ZeroDivisionError: division by zero"):
        drawn(catalogue.load(root, "alpha"), root / "solutions" / "alpha" / "figure.py")
