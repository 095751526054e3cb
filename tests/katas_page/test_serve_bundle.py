"""The bundle of `katas serve` is complete, names all licences, and is built from sources without type errors."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.browser import missing
from tests.shell import run
from tests.workshop import ROOT, write

WEB = ROOT / "katas_page" / "web"
SHARED, MARKING_WEB = ROOT / "graders" / "web" / "src", ROOT / "katas_course" / "serve" / "src"
STATIC = ROOT / "katas_page" / "static"
SOURCES = sorted(path for each in (WEB / "src", SHARED, MARKING_WEB) for path in each.rglob("*.js"))
FILES = ("app.js", "app.css", "LICENSES.txt")
MARKING = ROOT / "katas_course" / "serve" / "static"
BUILT = {name: STATIC / name for name in FILES} | {name: MARKING / name for name in ("marking.js", "marking.css")}
REGISTRY = "https://registry.npmjs.org/"
MOST_BYTES = 640_000


def locked() -> dict[str, dict[str, Any]]:
    """Return the packages in package-lock.json by their paths."""
    packages = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return {path: about for path, about in packages.items() if path}


def test_the_bundle_is_there_and_small() -> None:
    for name, path in BUILT.items():
        assert 1000 < path.stat().st_size < MOST_BYTES, name


def test_the_bundle_loads_nothing_from_elsewhere() -> None:
    for script in (STATIC / "app.js", MARKING / "marking.js"):
        forbidden = r"\beval\(|new Function\(|\bimport\(|sourceMappingURL"
        assert not re.search(forbidden, script.read_text(encoding="utf-8"))
    for style in (STATIC / "app.css", MARKING / "marking.css"):
        assert not re.search(r"@import|url\(", style.read_text(encoding="utf-8"))


def test_the_marking_page_makes_elements_from_text_only() -> None:
    """What learners submit is untrusted. (`trusted` in dom.js is for HTML of the learners' own server.)"""
    for path in MARKING_WEB.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\btrusted\b|document\.write", text), path.name
    assert "innerHTML" not in (MARKING / "marking.js").read_text(encoding="utf-8")


def test_the_licences_name_every_bundled_package() -> None:
    text = (STATIC / "LICENSES.txt").read_text(encoding="utf-8")
    named = dict(re.findall(r"^((?:@[\w-]+/)?[\w-]+) (\d[\w.-]*)$", text, re.MULTILINE))
    versions = {path.removeprefix("node_modules/"): about["version"] for path, about in locked().items()}
    assert named.items() <= versions.items()
    wanted = json.loads((WEB / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert named.keys() >= wanted.keys()
    assert text.count("Permission is hereby granted") == len(named)


def test_locked_packages_come_from_the_registry_with_the_mit_licence() -> None:
    for path, about in locked().items():
        assert about["license"] == "MIT" or about["dev"], path  # a tool's licence does not matter to the bundle
        assert about["resolved"].startswith(REGISTRY), path
        assert about["integrity"].startswith("sha512-"), path


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_source_file_fits_the_limits(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 400
    assert max(map(len, lines)) <= 120
    assert lines[0].startswith("/**"), "the first line says what the module does"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the sources with everything that npm installs."""
    if not shutil.which("npm"):
        missing("npm is needed to build the bundle")
    root = tmp_path_factory.mktemp("sources")
    for each in (WEB, SHARED, MARKING_WEB):
        shutil.copytree(each, root / each.relative_to(ROOT), ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(ROOT / ".ci", root / ".ci")
    words = ["npm", "ci", "--no-audit", "--no-fund"]
    done = run(*words, cwd=root / "katas_page/web")
    if done.status:
        missing(f"npm could not fetch the packages: {done.err[-500:]}")
    return root


@pytest.mark.deep
def test_the_committed_bundle_is_what_the_sources_give(copy: Path, tmp_path: Path) -> None:
    done = run("npm", "run", "build", cwd=copy / "katas_page/web", env=os.environ | {"KATAS_STATIC": str(tmp_path)})
    assert done.status == 0, done.said
    for name, path in BUILT.items():
        assert (tmp_path / name).read_bytes() == path.read_bytes(), f"{name}: run `npm run build` in katas_page/web"


@pytest.mark.deep
def test_lint_finds_nothing_in_the_sources(copy: Path) -> None:
    done = run(".ci/lint_pages", cwd=copy)
    assert (done.status, done.said) == (0, "")


@pytest.mark.deep
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("export const wrong = Math.max(1).length;", "Property 'length' does not exist on type 'number'"),
        ("const wrong = process.argv;", "'wrong' is assigned a value but never used"),
    ],
    ids=["tsc", "eslint"],
)
def test_lint_finds_a_fault_in_each_folder(copy: Path, code: str, told: str) -> None:
    folders = [WEB, WEB / "src", WEB / "src/figures", SHARED, MARKING_WEB]
    planted = [write(copy / each.relative_to(ROOT) / "planted.js", f"{code}\n") for each in folders]
    done = run(".ci/lint_pages", cwd=copy)
    for path in planted:
        path.unlink()
    assert done.status != 0
    assert (done.out.count("planted.js"), done.out.count(told)) == (5, 5), done.said
