"""Fixtures of the tests of `katas serve`. Each of their modules has its own `root`, the repository that is served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from graders.judge.client import Judge
from tests.browser import chromium
from tests.serving import Server, serving
from tests.training_course import Watcher
from tests.workshop import ROOT


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[Server]:
    with serving(root, progress=root.parent / "progress.sqlite") as server:
        yield server


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a server of this repository's own katas; its tests change nothing there."""
    with serving(ROOT, progress=tmp_path_factory.mktemp("real") / "progress.sqlite") as server:
        yield server


@pytest.fixture(scope="module")
def watcher(root: Path) -> Iterator[Watcher]:
    with closing(Watcher(Judge(root))) as found:
        yield found
