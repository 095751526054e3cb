"""The first graded assignment in docs/cohorts.md: every command does what the page says, on the example course."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.shell import katas_here
from tests.workshop import ROOT

PAGE = ROOT / "docs/cohorts.md"


def steps() -> list[tuple[list[str], list[str]]]:
    """Return the `katas` commands of the first section as words, each with the lines that it prints."""
    found: list[tuple[list[str], list[str]]] = []
    section = PAGE.read_text(encoding="utf-8").split("\n## ")[1]
    assert section.startswith("Your first graded assignment")
    for line in re.findall(r"^    (.+)$", section, re.MULTILINE):
        if line.startswith("./run katas "):
            found.append((shlex.split(line)[2:], []))
        elif line.startswith("# "):
            found[-1][1].append(line[2:])
    return found


def test_the_first_graded_assignment_goes_as_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "graders").symlink_to(ROOT / "graders")
    commands = steps()
    assert [words[0] for words, _ in commands].count("gradebook") >= 4
    for words, expected in commands:
        done = katas_here("--root", str(ROOT), *words, cwd=tmp_path)
        assert done.status in (0, 1), done.said
        for line in expected:
            pattern = re.escape(line).replace("…", ".*")
            assert re.search(f"^{pattern}$", done.out.replace(f"{tmp_path}/", ""), re.MULTILINE), (line, done.out)
    assert sorted(path.name for path in (tmp_path / "graded/feedback").iterdir()) == ["ada", "bob", "cleo"]
    assert "bias" in (tmp_path / "graded/feedback/bob/exercise01.html").read_text(encoding="utf-8")
