"""A milestone in `katas serve`, in a real browser: its program's picture, and the exercises that come first."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests import milestone_course
from tests.cli.test_show import DRAWING
from tests.learner.test_serve_browser import HEADLINE, browser, opened, page, server, shows
from tests.milestone_course import NETWORK, WHOLE, write_files
from tests.workshop import write

__all__ = ["browser", "page", "server"]  # fixtures
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
