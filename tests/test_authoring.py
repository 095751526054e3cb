"""`katas new`: a kata is begun, and `katas check` leads through it until it is fit to be handed out."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders import catalogue
from graders.cli.authoring import PLACES, UNSAID, scaffold
from graders.errors import KataError
from tests.workshop import ROOT, katas, write, write_repository

PLUS = "import numpy as np\n\n\ndef softplus(x):\n    return np.logaddexp(0.0, x)\n"


@pytest.fixture
def root(tmp_path):
    return write_repository(tmp_path, ["alpha"])


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, path
    write(path, text.replace(before, after))


def test_check_leads_from_the_first_file_to_a_clean_kata(root):
    begun = katas("new", "softplus", cwd=root)
    assert (begun.status, begun.err) == (0, "")
    assert [line.split(". ")[0].strip() for line in begun.out.splitlines() if line.startswith("  ")] == list("12345")
    hidden = root / "graders/hidden/softplus"

    said = katas("check", "softplus", cwd=root)
    assert (said.status, "solution" in said.out, "write the solution here" in said.out) == (1, True, True), said.said
    write(root / "solutions/softplus/softplus.py", PLUS)

    said = katas("check", "softplus", cwd=root)
    assert (said.status, "test_the_worked_example" in said.out) == (1, True), said.said
    edit(root / "katas/softplus/test_softplus.py", "[0.0, 0.0]", "[1.3132616875182228, 2.1269280110429727]")

    said = katas("check", "softplus", cwd=root)
    assert (said.status, "test_every_vector_has_its_value" in said.out) == (1, True), said.said
    edit(hidden / "test_hidden.py", "return np.zeros_like(x)", "return np.log1p(np.exp(x))")

    said = katas("check", "softplus", cwd=root)
    assert (said.status, "another_way" in said.out, "solution" in said.out.split("\n", 1)[1]) == (1, True, False), (
        said.said
    )
    write(
        hidden / "accept/another_way.py",
        "# log1p of exp\n" + PLUS.replace("np.logaddexp(0.0, x)", "np.log1p(np.exp(x))"),
    )

    said = katas("check", "softplus", cwd=root)
    assert (said.status, said.out.count("still as it was begun")) == (1, 2), said.said
    assert [place for place in PLACES if repr(place) not in " ".join(said.out.split())] == [], said.said
    assert "wrong/first its first line is still as it was begun" in said.out
    readme = root / "katas/softplus/README.md"
    text = readme.read_text(encoding="utf-8")
    for place in PLACES:
        text = text.replace(place, "")
    write(readme, text)
    first = hidden / "wrong/first.py"
    edit(first, UNSAID, "the sign was wrong")

    said = katas("check", "softplus", cwd=root)
    assert (said.status, "clean" in said.out) == (0, True), said.said


def test_what_is_to_be_replaced_in_the_readme_is_named_line_by_line(root):
    begun = katas("new", "softplus", cwd=root)
    written = (root / "katas/softplus/README.md").read_text(encoding="utf-8")
    _, _, told = begun.out.partition("What of katas/softplus/README.md has to be replaced by hand:\n")
    assert told.splitlines() == [f"> {place}" for place in PLACES]
    assert [place for place in PLACES if written.count(place) != 1] == []


def test_what_is_begun_is_a_kata_that_the_catalogue_reads(root):
    scaffold(root, "softplus", "soft_plus")
    kata = catalogue.load(root, "softplus")
    assert (kata.entry_points, kata.modules) == (("soft_plus",), ("softplus",))
    assert [variant.task for variant in kata.wrong] == ["value"]
    assert len(kata.accept) == 1


def test_no_shared_file_is_touched(root):
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    scaffold(root, "softplus", "softplus")
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("slug", "function", "words"),
    [
        ("alpha", "f", "katas/alpha: it is there already"),
        ("Soft Plus", "f", "no slug"),
        ("../up", "f", "no slug"),
        ("softplus", "class", "no name of a function"),
        ("softplus", "a-b", "no name of a function"),
    ],
)
def test_a_name_that_will_not_do_is_told(root, slug, function, words):
    with pytest.raises(KataError, match=words):
        scaffold(root, slug, function)
    assert not (root / "katas/softplus").exists()


def test_the_guide_names_the_command():
    assert "katas new" in (ROOT / "docs/authoring.md").read_text(encoding="utf-8")
