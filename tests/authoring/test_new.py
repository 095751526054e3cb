"""`katas new` starts a kata, and `katas check` leads its author to a kata that can be handed out."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders import catalogue
from graders.authoring.scaffold import PLACES, UNSAID, scaffold
from graders.errors import KataError
from tests import shell, workshop
from tests.authoring.test_check import of
from tests.shell import katas_cold
from tests.workshop import ROOT, write, write_repository

PLUS = "import numpy as np\n\n\ndef softplus(x):\n    return np.logaddexp(0.0, x)\n"


@pytest.fixture
def root(tmp_path):
    return write_repository(tmp_path, ["alpha"])


def edit(path: Path, before: str, after: str) -> None:
    assert path.read_text(encoding="utf-8").count(before) == 1, path
    workshop.edit(path, before, after)


def solve(root, slug):
    write(root / f"solutions/{slug}/{slug}.py", PLUS)


def work_out_the_example(root, slug):
    edit(root / f"katas/{slug}/test_{slug}.py", "[0.0, 0.0]", "[1.3132616875182228, 2.1269280110429727]")


def write_the_reference(root, slug):
    edit(root / f"graders/hidden/{slug}/test_hidden.py", "return np.zeros_like(x)", "return np.log1p(np.exp(x))")


def write_another_way(root, slug):
    another = "# log1p of exp\n" + PLUS.replace("np.logaddexp(0.0, x)", "np.log1p(np.exp(x))")
    write(root / f"graders/hidden/{slug}/accept/another_way.py", another)


def say_what_is_left(root, slug):
    for place in PLACES:
        edit(root / f"katas/{slug}/README.md", place, "")
    edit(root / f"graders/hidden/{slug}/wrong/first.py", UNSAID, "the sign was wrong")


STEPS = [solve, work_out_the_example, write_the_reference, write_another_way, say_what_is_left]


@pytest.mark.deep
def test_check_leads_from_the_first_file_to_a_clean_kata(root):
    """`step0` is a new kata, `step1` has completed the first step, and so on; all are checked at once."""
    created = katas_cold("new", "step0", "--function", "softplus", cwd=root)
    assert (created.status, created.err) == (0, "")
    assert [line.split(". ")[0].strip() for line in created.out.splitlines() if line.startswith("  ")] == list("12345")
    slugs = [f"step{done}" for done in range(len(STEPS) + 1)]
    for done, slug in enumerate(slugs):
        if done:
            scaffold(root, slug, "softplus")
        for step in STEPS[:done]:
            step(root, slug)

    checked = katas_cold("check", *slugs, cwd=root)
    assert checked.status == 1, checked.said
    said, warned = [], []
    for slug in slugs:
        lines = of(checked, slug).split("\n")
        said.append("\n".join(line for line in lines if not line.startswith("  warning: ")))
        warned.append([line for line in lines if line.startswith("  warning: ")])
    assert "solution" in said[0]
    assert "write the solution here" in said[0]
    assert "test_the_worked_example" in said[1]
    assert "test_every_vector_has_its_value" in said[2]
    assert "another_way" in said[3]
    assert "solution" not in said[3].partition("\n")[2]
    assert said[4].count("template") == 2
    assert [place for place in PLACES if repr(place) not in " ".join(said[4].split())] == []
    assert "wrong/first its first line is still the template" in said[4]
    assert "\n" not in said[5]
    assert "accepted 1/1" in said[5]
    for slug, lines in zip(slugs, warned, strict=True):  # an explanation can come later
        assert [line.split(": ")[1] for line in lines] == [f"solutions/{slug}/after.md"]


def test_new_lists_the_readme_lines_to_replace(root):
    created = shell.katas("new", "softplus", cwd=root)
    written = (root / "katas/softplus/README.md").read_text(encoding="utf-8")
    _, _, told = created.out.partition("Replace these lines of katas/softplus/README.md by hand:\n")
    assert told.splitlines() == [f"> {place}" for place in PLACES]
    assert [place for place in PLACES if written.count(place) != 1] == []


def test_catalogue_reads_a_new_kata_and_no_shared_file_is_touched(root):
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    scaffold(root, "softplus", "soft_plus")
    assert {path: path.read_bytes() for path in before} == before
    kata = catalogue.load(root, "softplus")
    assert (kata.entry_points, kata.modules) == (("soft_plus",), ("softplus",))
    assert [variant.task for variant in kata.wrong] == ["value"]
    assert len(kata.accept) == 1


@pytest.mark.parametrize(
    ("slug", "function", "words"),
    [
        ("alpha", "f", "katas/alpha: the folder exists already"),
        ("Soft Plus", "f", "not a valid slug"),
        ("../up", "f", "not a valid slug"),
        ("softplus", "class", "not a valid name for a Python function"),
        ("softplus", "a-b", "not a valid name for a Python function"),
    ],
)
def test_invalid_name_is_reported(root, slug, function, words):
    with pytest.raises(KataError, match=words):
        scaffold(root, slug, function)
    assert not (root / "katas/softplus").exists()


def test_the_guide_names_the_command():
    assert "katas new" in (ROOT / "docs/authoring.md").read_text(encoding="utf-8")
