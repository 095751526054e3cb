"""House rules for every kata, present and future."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from pathlib import Path

import pytest

from graders import catalogue, intake
from graders.catalogue import Kata
from graders.catalogue.records import AFTER
from tests.workshop import PACKAGES, ROOT

KATAS = catalogue.load_all(ROOT)
EXERCISES = [kata for kata in KATAS if kata.kind == "exercise"]


def every(katas: list[Kata]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kata", katas, ids=[kata.slug for kata in katas])


def files(folder: Path, suffix: str = "") -> list[Path]:
    return sorted(
        path
        for path in folder.rglob(f"*{suffix}")
        if path.is_file() and not {"__pycache__", ".benchmarks"} & set(path.parts)
    )


def readme(kata: Kata) -> str:
    return (kata.folder / "README.md").read_text(encoding="utf-8")


# -------------------------------------------------------------------------------------------- settings


def test_only_tox_ini_configures_pytest() -> None:
    assert "pytest" not in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    assert not [name for name in ("pytest.ini", ".pytest.ini", "setup.cfg", "pytest.toml") if (ROOT / name).exists()]
    settings = configparser.ConfigParser()
    settings.read(ROOT / "tox.ini", encoding="utf-8")
    assert "--import-mode=importlib" in settings["pytest"]["addopts"]
    assert "--strict-markers" in settings["pytest"]["addopts"]


def test_the_plugin_is_registered_once_and_no_kata_has_settings() -> None:
    places = [path for folder in ("katas", "tests") for path in files(ROOT / folder, "conftest.py")]
    assert "graders.pytest_plugin.plugin" in (ROOT / "conftest.py").read_text(encoding="utf-8")
    assert not [path for path in places if "pytest_plugins" in path.read_text(encoding="utf-8")]
    assert "entry-points" not in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {"conftest.py", "pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml"}
    assert not [path for path in files(ROOT / "katas") if path.name in names]


# --------------------------------------------------------------------------------------------- katas


def test_katas_solutions_and_hidden_tests_mirror_each_other() -> None:
    slugs = [kata.slug for kata in KATAS]
    for room in (ROOT / "katas", ROOT / "solutions", ROOT / "graders" / "hidden"):
        assert sorted(path.name for path in room.iterdir() if files(path)) == slugs, room


BESIDE = {  # scripts and tables that produce submitted files or parts of a README
    "challenge2": ("recommending.py",),
    "challenge4": ("sizes.py", "sizes.csv"),
    "challenge5": ("remedies.py",),
}


@every(KATAS)
def test_a_solution_has_the_declared_files_and_no_others(kata: Kata) -> None:
    names = [path.relative_to(kata.solution).as_posix() for path in files(kata.solution)]
    assert len(names) > 1
    assert AFTER in names
    more = {".gitignore", AFTER, *BESIDE.get(kata.slug, ())}
    assert all(kata.declares(name) or re.fullmatch(r"figure(_\w+)?\.py", name) or name in more for name in names), names


@every(KATAS)
def test_every_variant_can_be_made_from_the_solution(kata: Kata) -> None:
    solved = intake.solved(kata)
    for each in (*kata.wrong, *kata.accept):
        assert each.submission(solved)  # an edit whose passage is not there raises an exception


@every(KATAS)
def test_a_kata_has_visible_and_hidden_tests(kata: Kata) -> None:
    visible, hidden = ([path.name for path in tests] for tests in (kata.visible_tests, kata.hidden_tests))
    if kata.kind == "exercise":
        assert (visible, hidden) == ([f"test_{kata.slug}.py"], ["test_hidden.py"])
    assert visible
    assert hidden


@every(KATAS)
def test_a_readme_has_problem_maths_example_grading_and_hints(kata: Kata) -> None:
    text = readme(kata)
    title, _, rest = text.partition("\n")
    name, number = re.fullmatch(r"([a-z]+)(\d*)", kata.slug).groups()
    assert re.match(rf"# {name.capitalize()} {int(number)}: \w" if number else rf"# {name.capitalize()}: \w", title)
    assert len(re.split(r"^## ", rest, flags=re.M)[0].split()) >= 15, "no problem before the first section"
    wanted = ["What is graded", "Hints"] + (["The maths", "Worked example"] if kata.kind == "exercise" else [])
    assert set(wanted) <= set(re.findall(r"^## (.*)", text, re.M))
    assert re.search(r"^## (What to read next|To read next)$", text, re.M)


@every(KATAS)
def test_three_hints_are_folded(kata: Kata) -> None:
    hints = readme(kata).partition("## Hints")[2].partition("\n## ")[0]
    parts = hints.split("\n### ")[1:] or [hints]  # a kata with several programs has hints for each
    for part in parts:
        assert re.findall(r"<details>\s*<summary>Hint (\d)", part) == ["1", "2", "3"]
        assert part.count("</details>") == 3


@every(KATAS)
def test_a_readme_lists_every_task_with_its_points(kata: Kata) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", readme(kata), re.M))
    assert {name: float(points) for name, points in rows.items()} == {task.name: task.points for task in kata.tasks}


@every(KATAS)
def test_a_readme_names_every_entry_point_or_file(kata: Kata) -> None:
    names = kata.entry_points if kata.kind == "exercise" else kata.files
    assert [name for name in names if name.partition("*")[0] not in readme(kata)] == []


@every(EXERCISES)
def test_the_worked_example_is_a_visible_test(kata: Kata) -> None:
    names = [
        node.name
        for path in kata.visible_tests
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    ]
    assert any(name.startswith("test_the_worked_example") for name in names), names


@every(EXERCISES)
def test_an_exercise_has_wrong_and_accepted_variants(kata: Kata) -> None:
    assert len(kata.wrong) >= 8
    assert len(kata.accept) >= 4


@every(KATAS)
def test_every_task_has_a_wrong_variant(kata: Kata) -> None:
    covered = {variant.task for variant in kata.wrong}
    # Without a GPU, or without the downloaded reviews, these tasks are ungraded, so that no wrong answer could fail.
    needed = [task.name for task in kata.tasks if not task.review and task.name not in ("gpu", "reviews")]
    assert [name for name in needed if name not in covered] == []


@every(EXERCISES)
def test_a_stub_has_docstrings_and_no_code(kata: Kata) -> None:
    for name in kata.files:
        tree = ast.parse((kata.folder / name).read_text(encoding="utf-8"))
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        assert {node.name for node in functions} >= set(kata.entry_points) or len(kata.files) > 1
        for node in functions:
            assert ast.get_docstring(node), node.name
            assert ast.unparse(node.body[-1]).startswith("raise NotImplementedError"), node.name


@every(EXERCISES)
def test_stub_and_solution_have_the_same_signatures(kata: Kata) -> None:
    def signatures(folder: Path) -> dict[str, str]:
        trees = [ast.parse((folder / name).read_text(encoding="utf-8")) for name in kata.files]
        found = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
        return {node.name: ast.unparse(node.args) for node in found if node.name in kata.entry_points}

    assert signatures(kata.folder) == signatures(kata.solution)


# ------------------------------------------------------------------------------------------- names


def test_a_module_is_named_by_what_it_does() -> None:
    """Accepted variants are exempt, because their authors have named the files."""
    paths = [path for each in PACKAGES for path in files(ROOT / each, ".py") if "accept" not in path.parts]
    assert not [path for path in paths if {"utils", "helpers", "common", "manager"} & {path.stem, path.parent.name}]
