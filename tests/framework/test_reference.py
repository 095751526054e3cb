"""docs/framework.md is what docs/build_api.py writes, and leaves nothing out."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import your_framework

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "framework.md").read_text(encoding="utf-8")


def test_the_committed_page_is_the_one_that_is_written() -> None:
    assert runpy.run_path(str(DOCS / "build_api.py"))["page"]() == PAGE, "run python docs/build_api.py"


def test_every_exported_name_has_an_entry_with_a_text() -> None:
    entries = dict(re.findall(r"^### `(\w+)[^\n]*\n\n(.+)$", PAGE, re.MULTILINE))
    named = {*entries, *re.findall(r"^### .*\(also `(\w+)`\)$", PAGE, re.MULTILINE)}
    assert set(your_framework.__all__) - named == set()
    assert [name for name, text in entries.items() if len(text) < 10] == []


def test_every_public_method_of_a_tensor_has_an_entry() -> None:
    entries = {*re.findall(r"^- `\.(\w+)|\*\*`\.(\w+)|also `(\w+)`", PAGE, re.MULTILINE)}
    entries = {name for found in entries for name in found if name}
    methods = {name for name in vars(your_framework.Tensor) if name[0] != "_"}
    assert methods - entries - set(your_framework.Tensor.__slots__) == set()
