"""A milestone in `katas serve`, in a real browser: its program's picture, and the exercises that come first."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests import milestone_course
from tests.cli.test_show import DRAWING
from tests.learner.test_serve_browser import (
    EDITOR,
    HEADLINE,
    SAVED,
    becomes,
    browser,
    opened,
    page,
    server,
    shows,
    typed,
    visit,
)
from tests.milestone_course import ADD, NETWORK, STUB, WHOLE, write_files
from tests.workshop import write

__all__ = ["browser", "page", "server", "visit"]  # fixtures
pytestmark = [pytest.mark.deep, pytest.mark.timeout(300)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository with a milestone, in which the learner has finished everything."""
    return write_files(milestone_course.write_course(tmp_path / "course"), WHOLE)


def test_the_picture_of_a_milestones_program_is_shown(page: Any, root: Path) -> None:
    write(root / "katas/milestone/network.py", NETWORK + DRAWING)
    opened(page, "milestone")
    shows(page, HEADLINE, "passed")
    page.get_by_role("button", name="Plot").click()
    picture = page.locator(".pictures img[alt='Plot: milestone-network.png']")
    picture.wait_for()
    assert picture.evaluate("each => each.decode().then(() => each.naturalWidth)") == 80
    opened(page, "one")
    shows(page, ".verdict", re.compile(r"\w"))
    assert not page.get_by_role("button", name="Plot").is_visible()


@pytest.mark.parametrize("missing", [True, False])
def test_an_earlier_kata_that_is_not_done_is_named_with_a_link(page: Any, root: Path, missing: bool) -> None:
    earlier = root / "katas/two/add_two.py"
    if missing:
        earlier.unlink()
    else:
        write(earlier, STUB.format(name="add_two"))
    opened(page, "milestone")
    shows(page, HEADLINE, re.compile("^do two first$"))
    link = page.locator(".onward a.primary")
    assert link.inner_text() == "Do first: Earlier"
    link.click()
    becomes(lambda: page.url.partition("#")[2], "/two")
    if not missing:
        page.wait_for_selector(EDITOR)
        typed(page, ADD)
        shows(page, ".state", SAVED)
        opened(page, "milestone")
        shows(page, HEADLINE, "passed")
        assert page.locator(".onward a", has_text="Do first").count() == 0
