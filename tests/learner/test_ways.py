"""`katas next --for NAME` recommends along a list of katas instead of the usual order."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders import catalogue
from graders.errors import KataError
from graders.learner import ways
from graders.learner.listing import along
from graders.learner.progress import Progress, Standing
from graders.verdict import Verdict
from tests import shell
from tests.shell import Finished
from tests.workshop import ROOT

KATAS = {kata.slug: kata for kata in catalogue.load_all(ROOT)}
NOTHING = {slug: Standing(slug) for slug in KATAS}
DONE = {"tries": 1, "best": 10, "done_on": "2026-03-01"}
NAMES = ["pytorch", "maths", "weekend", "term"]


def done(*slugs: str) -> dict[str, Standing]:
    return NOTHING | {slug: Standing(slug, **DONE) for slug in slugs}


def recommended(name: str, standings: dict[str, Standing]) -> str:
    """Return the slug that comes next on a way."""
    text = along(ways.way(name), list(KATAS.values()), standings)
    return text.partition("next: ")[2].partition(",")[0]


def typed(tmp_path: Path, *words: str, cwd: Path = ROOT) -> Finished:
    return shell.katas_here("next", *words, cwd=cwd, env={"NN_KATAS_PROGRESS": str(tmp_path / "progress.sqlite")})


@pytest.mark.parametrize("name", NAMES)
def test_a_way_lists_katas_once_and_in_an_order_that_works(name: str) -> None:
    way = ways.way(name)
    assert len(set(way.katas)) == len(way.katas) > 1
    assert set(way.katas) <= KATAS.keys()
    for number, slug in enumerate(way.katas):
        assert not set(KATAS[slug].prerequisites) & set(way.katas[number:]), slug


@pytest.mark.parametrize("name", ["maths", "weekend", "term"])
def test_a_way_for_beginners_has_everything_that_a_milestone_uses(name: str) -> None:
    listed = ways.way(name).katas
    used = {slug for each in listed for slug in KATAS[each].builds_on}
    assert used <= set(listed)
    assert any(slug.startswith("milestone") for slug in listed)


def test_next_is_the_first_kata_of_the_way_that_is_not_done() -> None:
    assert recommended("maths", NOTHING) == "exercise00"
    assert recommended("weekend", NOTHING) == "exercise01"
    assert recommended("weekend", done("exercise01")) == "exercise02"
    assert recommended("pytorch", done("exercise01")) == "exercise15"


def test_a_skipped_kata_comes_after_the_others() -> None:
    """A pass with shipped files is unofficial, so a kata that was graded so is passed over."""
    assert recommended("pytorch", done("exercise18")) == "meta"
    assert recommended("pytorch", done("exercise18", "meta", "milestone4", "challenge6")) == "exercise15"


def test_a_kata_that_builds_on_others_is_graded_with_shipped_files() -> None:
    text = along(ways.way("pytorch"), list(KATAS.values()), NOTHING)
    assert "katas grade exercise15 --with-shipped" in text
    assert "with-shipped" not in along(ways.way("pytorch"), list(KATAS.values()), done("exercise14"))
    assert "with-shipped" not in along(ways.way("pytorch"), list(KATAS.values()), done("exercise15", "exercise18"))


@pytest.mark.parametrize("name", NAMES)
def test_the_list_fits_a_terminal_and_shows_what_is_done(name: str) -> None:
    first, second, *_ = ways.way(name).katas
    text = along(ways.way(name), list(KATAS.values()), done(first))
    assert max(map(len, text.splitlines())) <= 80
    assert f"✓ {first} " in text
    assert f"· {second} " in text


def test_a_way_ends_and_a_folder_may_lack_some_of_its_katas() -> None:
    weekend = ways.way("weekend")
    assert "next:" not in along(weekend, list(KATAS.values()), done(*weekend.katas))
    assert "exercise02" not in along(weekend, [KATAS["exercise01"]], NOTHING)
    with pytest.raises(KataError, match="has no kata of"):
        along(weekend, [KATAS["challenge6"]], NOTHING)


def test_the_command_recommends_along_a_way_and_lists_the_names(tmp_path: Path) -> None:
    with Progress(tmp_path / "progress.sqlite") as progress:
        progress.record(Verdict(kata="exercise01", status="passed", graded_at="2026-03-01T10:00:00+00:00"))
    assert "next: exercise02, " in typed(tmp_path, "--for", "weekend").out
    assert typed(tmp_path).out.startswith("next: exercise02, ")
    refused = typed(tmp_path, "--for", "holidays")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith("katas: there is no way `holidays`. Choose one of these:\n")
    for name in NAMES:
        assert f"\n  {name} " in refused.err
        assert name in typed(tmp_path, "--help").out
