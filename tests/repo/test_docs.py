"""The repository's texts: every link has a target, every command that they name exists, and the site can be built."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html

from tests.shell import Finished, run
from tests.workshop import ROOT

TEXTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "katas").glob("*/*.md")])
_CODE = re.compile(r"^(```|~~~).*?^\1|^(?: {4}|\t).*?$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)|<(?:a|img)\s[^>]*?(?:href|src)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


def links(text: str) -> list[str]:
    """Return the targets of all links and pictures, except in code."""
    return [found[1] or found[2] for found in _LINK.finditer(_CODE.sub("", text))]


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors that GitHub makes from a text's headings."""
    found: list[str] = []
    for heading in _HEADING.findall(re.sub(r"^(```|~~~).*?^\1", "", path.read_text("utf-8"), flags=re.M | re.S)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.append(slug if slug not in found else f"{slug}-{found.count(slug)}")
    return frozenset(found)


def dead(path: Path, link: str) -> str:
    """Return why a link is dead, or an empty text if it isn't or leads out of the repository."""
    parts = urlsplit(link)
    if parts.scheme in ("http", "https", "mailto"):
        return ""
    if parts.scheme or parts.path.startswith("/"):
        return "neither a web address nor a relative path"
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    root = ROOT / "katas" if path.is_relative_to(ROOT / "katas") else ROOT  # a learner's folder has the katas alone
    if not target.exists() or not target.is_relative_to(root):
        return "there is no such file"
    if parts.fragment and target.suffix == ".md" and unquote(parts.fragment) not in anchors(target):
        return f"{target.name} has no such heading"
    return ""


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_in_a_text_has_a_target(path: Path) -> None:
    found = {link: dead(path, link) for link in links(path.read_text(encoding="utf-8"))}
    assert {link: why for link, why in found.items() if why} == {}


@pytest.mark.parametrize("name", ["architecture.md", "attacks.md"])
def test_every_file_on_the_maps_exists(name: str) -> None:
    """Paths begin in the root or in graders/; a word in capitals stands for any name."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|toml|js|yml))`", text))
    named = {path for path in named if not re.search(r"\b[A-Z]{3,}\b", path)}
    assert len(named) > 20
    assert [path for path in sorted(named) if not any((at / path).is_file() for at in (ROOT, ROOT / "graders"))] == []


def test_dead_links_are_found() -> None:
    lost = ["gone.md", "gone.svg", "#gone", "learner.md#gone", "gone.png", "/etc/passwd", "../../outside.md"]
    text = '[a](gone.md) ![a](gone.svg) [a](#gone) [a](learner.md#gone) <img src="gone.png"> [a](/etc/passwd)'
    text += " [a](../../outside.md) [a](learner.md#watching) [a `b`](learner.md) [a](https://example.org/)"
    text += "\n`[a](code.md)`\n```\n[a](code.md)\n```\n    [a](code.md)\n"
    assert [link for link in links(text) if dead(ROOT / "docs" / "index.md", link)] == lost
    assert len(links(text)) == len(lost) + 3


def test_the_texts_contain_links() -> None:
    assert sum(len(links(path.read_text(encoding="utf-8"))) for path in TEXTS) > 40


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_a_text_exists(path: Path) -> None:
    typed = re.findall(
        r"(?:^ {4,}|`|; |\$ )katas ((?:--root \S+ )?[a-z][\w-]*)(?=[\s`;])", path.read_text("utf-8"), re.M
    )
    named = {words.split()[-1] for words in typed}
    assert named - commands() - set(os.listdir(ROOT / "katas")) == set()


@cache
def commands() -> set[str]:
    from typer.main import get_command

    from graders.cli.app import app

    return set(get_command(app).commands)  # type: ignore[attr-defined]


# -------------------------------------------------------------------------------------------- the site


class Page(NamedTuple):
    """The links of a page, its anchors, the files that it loads, and its number of formulas."""

    links: list[str]
    names: set[str]
    loads: list[str]
    formulas: int


def read(path: Path) -> Page:
    found = html.document_fromstring(path.read_bytes()).xpath
    loads = found("//script/@src | //img/@src | //iframe/@src | //link[@rel='stylesheet' or @rel='icon']/@href")
    return Page(found("//a/@href"), set(found("//@id | //@name")), loads, len(found("//math")))


def built(site: Path, cwd: Path = ROOT) -> Finished:
    """Build the site, as `tox -e docs` does."""
    pytest.importorskip("mkdocs", reason="only tox -e docs installs the packages that build the site")
    pytest.importorskip("latex2mathml")
    env = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    return run(sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site), cwd=cwd, env=env)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    done = built(place)
    assert done.status == 0, done.err
    return place


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: read(path) for path in site.rglob("*.html")}


def test_the_site_has_every_text_and_every_kata(site: Path) -> None:
    wanted = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert {path.stem for path in site.glob("*.html")} >= wanted
    slugs = {path.parent.name for path in TEXTS if path.name == "README.md" and path.parent != ROOT}
    assert {path.parent.name for path in site.glob("katas/*/index.html")} == slugs


def test_every_text_is_in_the_navigation(site: Path, pages: dict[Path, Page]) -> None:
    home = {link.partition("#")[0] for link in pages[site / "index.html"].links}
    assert {path.with_suffix(".html").name for path in (ROOT / "docs").glob("*.md")} <= home


def test_every_link_on_the_site_has_a_target(pages: dict[Path, Page]) -> None:
    lost = []
    for path, page in pages.items():
        for link in (*page.links, *page.loads):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or path.name == "404.html":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            names = pages[target].names if target in pages else {unquote(parts.fragment)}
            if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in names):
                lost.append((path.name, link))
    assert lost == []


def test_the_site_loads_nothing_from_elsewhere(pages: dict[Path, Page]) -> None:
    outside = {link for page in pages.values() for link in page.loads if urlsplit(link).netloc}
    assert outside == set()


def test_formulas_and_folded_hints_are_rendered(site: Path, pages: dict[Path, Page]) -> None:
    page = site / "katas" / "challenge1" / "index.html"
    assert pages[page].formulas > 10
    text = (site / "katas" / "exercise09" / "index.html").read_text(encoding="utf-8")
    assert "<code>x.mean(axis=-1)</code>" in text  # in a hint, which is folded
    assert not any("arithmatex" in path.read_text(encoding="utf-8") for path in pages)
