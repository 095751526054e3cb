"""kata.toml is decoded strictly, and its author gets precise errors."""

from __future__ import annotations

import ast
import os
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import catalogue, intake
from graders.catalogue import validation
from graders.errors import CatalogueError
from graders.hidden_suites import with_hidden
from graders.verdict import Limits
from tests import workshop
from tests.workshop import ROOT

TOML = """\
format = 1
title = "Affine layer"
kind = "exercise"
difficulty = 1
minutes = 10
files = ["affine.py"]
entry_points = ["affine"]
runtime = "numpy"
[tasks.vector]
title = "One vector"
points = 3
[tasks.batch]
title = "A batch"
points = 2
after = ["vector"]
"""


def write(path: Path, text: str = "") -> Path:
    return workshop.write(path, text)


def write_kata(root: Path, slug: str = "exercise01", toml: str = TOML, files: tuple[str, ...] = ("affine.py",)) -> None:
    write(root / "katas" / slug / "kata.toml", toml)
    for name in files:
        write(root / "katas" / slug / name, "# stub\n")
        write(root / "solutions" / slug / name, "# solved\n")


@pytest.fixture
def root(tmp_path):
    write_kata(tmp_path)
    return tmp_path


def with_lines(*lines: str) -> str:
    """Return the valid text with these top-level lines; each replaces the line of its key."""
    top, tables = TOML.split("[tasks.vector]", 1)
    keys = [line.split(" = ")[0] for line in lines]
    kept = [line for line in top.splitlines() if line.split(" = ")[0] not in keys]
    return "\n".join([*kept, *lines]) + "\n[tasks.vector]" + tables


def message(root: Path, toml: str, slug: str = "exercise01") -> str:
    write(root / "katas" / slug / "kata.toml", toml)
    with pytest.raises(CatalogueError) as caught:
        catalogue.load(root, slug)
    return str(caught.value)


LONG_AGO = 1_000_000_000  # seconds


def test_a_changed_kata_toml_is_read_again(root):
    path = root / "katas/exercise01/kata.toml"
    for number, title in enumerate(["Affine layer", "Linear layer"]):  # titles of equal length
        write(path, TOML.replace("Affine layer", title))
        os.utime(path, (LONG_AGO, LONG_AGO + number))
        assert catalogue.load(root, "exercise01").title == title


def test_a_kata_is_what_its_file_says(root):
    kata = catalogue.load(root, "exercise01")
    assert (kata.slug, kata.title, kata.kind, kata.runtime) == ("exercise01", "Affine layer", "exercise", "numpy")
    assert (kata.files, kata.entry_points) == (("affine.py",), ("affine",))
    assert [(task.name, task.points, task.after) for task in kata.tasks] == [
        ("vector", 3, ()),
        ("batch", 2, ("vector",)),
    ]
    assert kata.limits == Limits()
    write(root / "katas/exercise01/kata.toml", TOML + "[limits]\ncall_s = 0.5\n")
    assert catalogue.load(root, "exercise01").limits == Limits(call_s=0.5)
    assert kata.folder == root / "katas/exercise01"
    assert kata.solution == root / "solutions/exercise01"
    assert kata.hidden == root / "graders/hidden/exercise01"
    with pytest.raises(AttributeError):
        kata.title = "Another"


def test_tasks_are_core_by_default_and_extras_may_be_required(root):
    digests = set()
    for toml, extra, required in (
        (TOML, False, False),
        (TOML + "extra = true\n", True, False),
        (with_lines("require_extras = true") + "extra = true\n", True, True),
    ):
        write(root / "katas/exercise01/kata.toml", toml)
        kata = catalogue.load(root, "exercise01")
        assert [task.extra for task in kata.tasks] == [False, extra]
        assert kata.require_extras == required
        digests.add(kata.kata_digest())
    assert len(digests) == 3


def test_a_kata_knows_its_tests(root):
    visible = write(root / "katas/exercise01/test_exercise01.py")
    hidden = write(root / "graders/hidden/exercise01/test_hidden.py")
    kata = catalogue.load(root, "exercise01")
    assert (kata.visible_tests, kata.hidden_tests) == ((visible,), (hidden,))


FAULTS = {
    "an unknown key": (with_lines("minuets = 10"), ["unknown key `minuets`", "Did you mean `minutes`?"]),
    "an unknown key of a task": (TOML + "pionts = 1\n", ["`pionts` in [tasks.batch]", "`points`"]),
    "an unknown limit": (TOML + "[limits]\nmemory = 1\n", ["`memory` in [limits]", "`memory_mb`"]),
    "a key like no other": (with_lines("zzz = 1"), ["unknown key `zzz`", "Known keys: format, title"]),
    "a missing key": (TOML.replace("minutes = 10\n", ""), ["the key `minutes` is missing", "Add `minutes"]),
    "a missing format": (TOML.replace("format = 1\n", ""), ["the key `format` is missing"]),
    "a task without points": (TOML.replace("points = 3\n", ""), ["`points` is missing in [tasks.vector]"]),
    "a string for a number": (with_lines('minutes = "ten"'), ["Expected `int`, got `str` - at `$.minutes`"]),
    "a number for a list": (with_lines("files = 3"), ["Expected `array`, got `int` - at `$.files`"]),
    "a number in a list": (with_lines("files = [3]"), ["Expected `str`, got `int` - at `$.files[0]`"]),
    "a string for a yes": (
        TOML + 'partial = "yes"\n',
        ["Expected `bool`, got `str` - at `$.partial` in [tasks.batch]"],
    ),
    "a truth for a number": (with_lines("difficulty = true"), ["Expected `int`, got `bool` - at `$.difficulty`"]),
    "a date for a title": (with_lines("title = 2024-01-01"), ["`$.title`"]),
    "a table that is none": (with_lines("limits = 3"), ["[limits] must be a table"]),
    "a task that is no table": ("tasks = {vector = 1}\n" + TOML.split("[tasks")[0], ["[tasks.vector] must be a table"]),
    "no task": (TOML.split("[tasks")[0], ["the kata has no task", "[tasks.NAME]"]),
    "another format": (with_lines("format = 2"), ["format 2 is not supported"]),
    "an unknown runtime": (
        with_lines('runtime = "nunpy"'),
        ["runtime = 'nunpy'", "Did you mean `numpy`?", "torch, gpu"],
    ),
    "an unknown kind": (with_lines('kind = "quiz"'), ["kind = 'quiz'", "exercise, milestone, challenge, framework"]),
    "an unknown detail": (with_lines('hidden_detail = "all"'), ["hidden_detail = 'all'", "counterexample"]),
    "a line that is no TOML": (TOML.replace("minutes = 10", "minutes 10"), ["kata.toml, line 5", "invalid TOML"]),
    "a text that ends early": (TOML + 'rubric = """', ["kata.toml, line 16", "invalid TOML"]),
    "a task twice": (TOML + "[tasks.vector]\n", ["kata.toml, line 16", "twice"]),
    "a difficulty of 6": (with_lines("difficulty = 6"), ["difficulty = 6", "1–5"]),
    "a difficulty of 0": (with_lines("difficulty = 0"), ["difficulty = 0", "1–5"]),
    "no minutes": (with_lines("minutes = 0"), ["minutes must be more than 0"]),
    "no points": (TOML.replace("points = 3", "points = 0"), ["points in [tasks.vector] must be more than 0"]),
    "endless points": (TOML.replace("points = 3", "points = inf"), ["points in [tasks.vector]", "inf"]),
    "points that are no number": (TOML.replace("points = 3", "points = nan"), ["points in [tasks.vector]", "nan"]),
    "a limit of 0": (TOML + "[limits]\ncall_s = 0\n", ["call_s in [limits] must be more than 0"]),
    "a negative limit": (TOML + "[limits]\nmemory_mb = -1\n", ["memory_mb in [limits] must be more than 0"]),
    "negative attempts": (with_lines("attempts_per_day = -1"), ["attempts_per_day = -1 is negative"]),
    "an unknown task before": (TOML.replace('["vector"]', '["vektor"]'), ["after `vektor`", "Did you mean `vector`?"]),
    "a task after itself": (TOML.replace('["vector"]', '["batch"]'), ["batch → batch"]),
    "tasks in a circle": (TOML.replace("points = 3", 'points = 3\nafter = ["batch"]'), ["vector → batch → vector"]),
    "a task twice before": (TOML.replace('["vector"]', '["vector", "vector"]'), ["names `vector` twice"]),
    "a file of a task that the kata lacks": (
        TOML.replace("[tasks.vector]\n", '[tasks.vector]\nfiles = ["afine.py"]\n'),
        ["[tasks.vector] names `afine.py`, which is not in files", "affine.py"],
    ),
    "an odd task name": (TOML.replace("tasks.batch", 'tasks."a b"'), ["task name `a b`"]),
    "an unknown requirement": (with_lines('requires = ["exercise99"]'), ["requires `exercise99`", "exercise01"]),
    "a requirement outside": (with_lines('requires = ["../x"]'), ["requires `../x`, which is not a kata"]),
    "a kata that requires itself": (with_lines('requires = ["exercise01"]'), ["exercise01 → exercise01"]),
    "a requirement twice": (with_lines('requires = ["a", "a"]'), ["requires names `a` twice"]),
    "an entry point with a dot": (with_lines('entry_points = ["affine.py"]'), ["`affine.py` is not a Python name"]),
    "an entry point with a space": (with_lines('entry_points = ["a b"]'), ["`a b` is not a Python name"]),
    "no files": (with_lines("files = []"), ["`files` is empty"]),
    "an empty name": (with_lines('files = [""]'), ["files has an empty item"]),
    "a file twice": (with_lines('files = ["affine.py", "affine.py"]'), ["files names `affine.py` twice"]),
    "a file that is not there": (with_lines('files = ["afine.py"]'), ["`afine.py`", "not in katas/exercise01/"]),
    "a supplied file that is not there": (with_lines('supplied = ["net.py"]'), ["`net.py`", "katas/exercise01/"]),
    "a supplied pattern": (with_lines('supplied = ["x/*"]'), ["`x/*` in supplied is a pattern"]),
    "a supplied file to be written": (with_lines('supplied = ["affine.py"]'), ["in both files and supplied"]),
    "the kata's own file": (with_lines('files = ["probes.py"]'), ["`files` lists `probes.py`, a name reserved"]),
    "the kata's own test": (with_lines('files = ["test_x.py"]'), ["`files` lists `test_x.py`, a name reserved"]),
    "a pattern for everything": (with_lines('files = ["*"]'), ["would match the kata's own files"]),
    "a pattern for modules": (with_lines('files = ["a*.py"]'), ["would match the kata's own files"]),
    "a pattern for folders": (with_lines('files = ["*/x.csv"]'), ["wildcard outside its last part"]),
    "a pattern for trees": (with_lines('files = ["results/**"]'), ["wildcard outside its last part"]),
    "a package that is a path": (with_lines('packages = ["../pandas"]'), ["package `../pandas`"]),
    "a review without rubric": (TOML + "review = true\n", ["[tasks.batch] has review = true but no rubric"]),
    "extras alone": (
        TOML.replace("points = 3", "points = 3\nextra = true").replace('after = ["vector"]', "extra = true"),
        ["every task is extra, so nothing decides whether the kata is passed", "Remove extra = true from one task."],
    ),
    "a task after an extra": (
        TOML.replace("points = 3", "points = 3\nextra = true"),
        ["[tasks.batch] comes after `vector`, which is extra", 'Remove "vector" from `after`'],
    ),
    "an extra that is no yes": (
        TOML + 'extra = "yes"\n',
        ["Expected `bool`, got `str` - at `$.extra` in [tasks.batch]"],
    ),
    "a rubric without review": (TOML + 'rubric = "Clear?"\n', ["[tasks.batch] has a rubric but no review = true"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_error_names_file_and_fix(root, name):
    toml, expected = FAULTS[name]
    told = message(root, toml)
    assert told.startswith("katas/exercise01")
    assert [part for part in expected if part not in told] == [], told


@pytest.mark.parametrize("key", ["files", "supplied"])
@pytest.mark.parametrize(
    "name", ["../x.py", "/etc/passwd", "a/../../x.py", "./x.py", "a//x", "a/", "C:x", "a\\x", "~/x", "a\nb"]
)
def test_a_path_stays_inside_its_folder(root, key, name):
    assert "does not stay inside the folder" in message(root, with_lines(f"{key} = ['''{name}''']"))


def test_a_file_must_be_among_the_solutions_too_unless_there_are_none(root):
    (root / "solutions/exercise01/affine.py").unlink()
    assert "not in solutions/exercise01/" in message(root, TOML)
    (root / "solutions/exercise01").rmdir()
    (root / "solutions").rmdir()  # as in a bundle for students
    assert catalogue.load(root, "exercise01").files == ("affine.py",)


def test_a_pattern_may_match_nothing(root):
    write(root / "katas/exercise01/kata.toml", with_lines('files = ["affine.py", "results/*", "*.png"]'))
    assert catalogue.load(root, "exercise01").files[1:] == ("results/*", "*.png")


def test_text_that_is_not_utf8_is_reported(root):
    (root / "katas/exercise01/kata.toml").write_bytes(TOML.replace("Affine", "Äffine").encode("latin-1"))
    with pytest.raises(CatalogueError, match=r"katas/exercise01/kata\.toml: the file is not UTF-8"):
        catalogue.load(root, "exercise01")


def test_katas_may_require_each_other_in_a_chain_and_not_in_a_circle(root):
    write_kata(root, "exercise02", with_lines('requires = ["exercise01"]'))
    write_kata(root, "exercise03", with_lines('requires = ["exercise01", "exercise02"]'))
    assert catalogue.load(root, "exercise03").requires == ("exercise01", "exercise02")
    assert "exercise01 → exercise02 → exercise01" in message(root, with_lines('requires = ["exercise02"]'))
    write_kata(root, "exercise02", "format = ")  # errors of a required kata are not reported
    assert catalogue.load(root, "exercise01").requires == ("exercise02",)


@pytest.mark.parametrize(
    ("slug", "told"),
    [
        *((slug, "there is no kata") for slug in ("../katas/exercise01", "", ".", "Exercise01")),
        *((slug, r"Did you mean `exercise01`\? `") for slug in ("exercise1", "exercise01/", "katas/exercise01/")),
        ("exercse1", r"Did you mean `exercise10` or `exercise01`\? `katas list` shows them all\."),
        ("My Kata", "katas/My Kata: the folder's name is not a valid slug"),
        ("draft", r"katas/draft: the folder has no kata\.toml"),
    ],
)
def test_unknown_kata_is_reported(root, slug, told):
    for name in ("exercise10", "meta", "My Kata"):
        write_kata(root, name)
    (root / "katas/draft").mkdir()
    with pytest.raises(CatalogueError, match=told):
        catalogue.load(root, slug)


def test_all_katas_come_sorted_and_a_broken_one_is_reported(root):
    for slug in ("meta", "challenge1"):
        write_kata(root, slug)
    write(root / "katas/notes/README.md")
    assert [kata.slug for kata in catalogue.load_all(root)] == ["challenge1", "exercise01", "meta"]
    write_kata(root, "exercise02", with_lines("difficulty = 9"))
    with pytest.raises(CatalogueError, match=r"katas/exercise02/kata\.toml: difficulty = 9"):
        catalogue.load_all(root)


@pytest.mark.parametrize("look", [catalogue.load_all, catalogue.find_root])
def test_root_without_katas_is_reported(tmp_path, look):
    with pytest.raises(CatalogueError, match="--root DIR"):
        look(tmp_path)


def test_the_root_is_the_nearest_folder_with_katas(root):
    inner = root / "katas/exercise01"
    assert catalogue.find_root(inner) == catalogue.find_root(inner / "affine.py") == root.resolve()


@pytest.mark.parametrize(
    ("slug", "paths"),
    [
        ("exercise01", ["katas/exercise01", "katas/exercise01/x/y.py", "solutions/exercise01/affine.py"]),
        (None, ["", "katas", "graders/hidden", "katas/none/x.py", "tests/exercise01", ".."]),
    ],
)
def test_a_path_belongs_to_its_kata(root, slug, paths):
    assert {catalogue.slug_of(root / path, root) for path in paths} == {slug}


def test_modules_are_the_top_level_names(root):
    files = ("one.py", "pack/__init__.py", "pack/inner.py", "notes.md")
    toml = with_lines('files = ["one.py", "pack/__init__.py", "pack/*.py", "notes.md", "out/*"]')
    write_kata(root, "meta", toml, files)
    assert catalogue.load(root, "meta").modules == ("one", "pack")


def test_only_declared_files_are_taken(root):
    write_kata(root, "meta", with_lines('files = ["affine.py", "out/*"]', 'supplied = ["out/ours.py"]'))
    write(root / "katas/meta/out/ours.py")
    kata = catalogue.load(root, "meta")
    names = ["affine.py", "out/a.csv", "out/ours.py", "out/.hidden", "out/deep/a.csv", "other/affine.py", "out"]
    assert [name for name in names if kata.declares(name)] == ["affine.py", "out/a.csv"]


def variant(root: Path, name: str, text: str, slug: str = "exercise01") -> Path:
    return write(root / "graders/hidden" / slug / name, text)


def test_a_variant_has_a_sentence_and_a_wrong_one_a_task(root):
    wrong = variant(root, "wrong/no_bias.py", "# The bias is missing.\n# task: batch\n\nx = 1\n")
    accepted = variant(root, "accept/einsum.py", "# By einsum.\nimport numpy\n")
    kata = catalogue.load(root, "exercise01")
    said = {"replaces": "affine.py", "sentence": "The bias is missing.", "task": "batch"}
    assert kata.wrong == (catalogue.Variant(path=wrong, **said),)
    assert kata.accept == (catalogue.Variant(path=accepted, **said | {"sentence": "By einsum.", "task": None}),)


PACKAGE = with_lines('files = ["affine.py", "pack/*.py"]')


@pytest.fixture
def meta(root):
    """Return a root with a kata of several modules."""
    write_kata(root, "meta", PACKAGE, ("affine.py", "pack/layers.py"))
    return root


def test_of_several_modules_the_folder_says_which_is_replaced(meta):
    variant(meta, "wrong/layers/a.py", "# A.\n# task: batch\n", "meta")
    variant(meta, "wrong/affine/b.py", "# B.\n# task: vector\n", "meta")
    assert [v.replaces for v in catalogue.load(meta, "meta").wrong] == ["affine.py", "pack/layers.py"]


EDIT = '# Subtracted.\n# task: batch\nfile = "affine.py"\nold = "+ b"\nnew = "- b"\n'


MORE = EDIT.partition("old")[0] + '[[edit]]\nold = "+ b"\nnew = "- b"\n[[edit]]\nold = "x @"\nnew = "x * 2 @"\n'


def test_a_variant_may_be_a_change_of_one_or_several_passages(root):
    variant(root, "wrong/minus.edit", EDIT)
    variant(root, "wrong/more.edit", MORE)
    one, several = catalogue.load(root, "exercise01").wrong
    assert (one.replaces, one.sentence, one.task) == ("affine.py", "Subtracted.", "batch")
    assert one.applied({"affine.py": b"return x @ W + b\n"}) == b"return x @ W - b\n"
    assert several.applied({"affine.py": b"return x @ W + b\n"}) == b"return x * 2 @ W - b\n"
    for change, text, told in (
        (one, b"x", "does not occur"),
        (one, b"x + b + b", "occurs 2 times"),
        (several, b"return W @ x + b\n", "does not occur"),
    ):
        with pytest.raises(CatalogueError, match=told):
            change.applied({"affine.py": text})


def test_a_variant_may_have_a_family(root):
    variant(root, "wrong/minus.edit", EDIT + 'family = { "- b" = ["- 2 * b", "- 3 * b"] }\n')
    (found,) = catalogue.load(root, "exercise01").wrong
    members = [each.applied({"affine.py": b"return x + b"}) for each in found.members()]
    assert members == [b"return x - b", b"return x - 2 * b", b"return x - 3 * b"]
    assert len({*found.members()}) == 3  # a diagnosis uses them as keys


def test_an_accepted_answer_may_be_a_whole_submission(meta):
    variant(meta, "accept/terse/about.txt", "# In two lines.\n# independent\n", "meta")
    variant(meta, "accept/terse/pack/layers.py", "layers = 1\n", "meta")
    variant(meta, "accept/affine/looped.py", "# By loops.\n", "meta")
    looped, terse = catalogue.load(meta, "meta").accept
    assert (terse.path.name, terse.sentence, terse.mark) == ("terse", "In two lines.", "independent")
    solution = {"affine.py": b"a", "pack/layers.py": b"l"}
    assert terse.submission(solution) == {"pack/layers.py": b"layers = 1\n"}
    assert looped.submission(solution) == {"affine.py": b"# By loops.\n", "pack/layers.py": b"l"}
    assert catalogue.load(meta, "meta").tasks_of(terse.replaces) == {"vector", "batch"}


def test_a_whole_submission_may_lie_over_another(meta):
    for name, text in {
        "terse/about.txt": "# In two lines.\n# independent\n",
        "terse/pack/layers.py": "layers = 1\n",
        "terse/affine.py": "x = 1\n",
        "tidy/about.txt": "# The same, tidied.\n# independent\n# over: terse\n",
        "tidy/affine.py": "x = 2\n",
    }.items():
        variant(meta, f"accept/{name}", text, "meta")
    _, tidy = catalogue.load(meta, "meta").accept
    assert tidy.submission({"affine.py": b"a"}) == {"affine.py": b"x = 2\n", "pack/layers.py": b"layers = 1\n"}


def test_an_accepted_answer_may_be_graded_without_some_tasks(root):
    variant(root, "accept/terse.py", "# In one line.\n# independent\n# without: batch\n")
    (terse,) = catalogue.load(root, "exercise01").accept
    assert terse.without == ("batch",)


def test_a_task_may_have_another_runtime_than_its_kata(root):
    write_kata(root, "meta", TOML + '[tasks.compatible]\ntitle = "t"\npoints = 1\nruntime = "torch"\n')
    kata = catalogue.load(root, "meta")
    assert kata.runtimes == ("numpy", "torch")
    assert (kata.runtime_of("compatible"), kata.runtime_of("vector")) == ("torch", "numpy")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("wrong/a.edit", EDIT.replace("affine.py", "other.py"), "`other.py` is not one of the learner's files"),
        ("wrong/a.edit", EDIT.replace("new =", "now ="), "unknown key `now`"),
        ("wrong/a.edit", EDIT.replace("new =", "new"), "line 5: invalid TOML"),
        ("wrong/a.edit", EDIT.replace('new = "- b"', ""), "an edit lacks `old` or `new`"),
        ("wrong/a.edit", EDIT.partition("old")[0], "an edit lacks `old` or `new`"),
        ("wrong/a.edit", EDIT + 'family = { "- c" = ["+ c"] }\n', "`- c`, in `family`, occurs in no `new`"),
        ("wrong/a.py", "x = 1\n", "the first line has no sentence"),
        ("wrong/a.py", "#\n# task: batch\n", "the first line has no sentence"),
        ("wrong/a.py", "# A.\nx = 1\n", "the second line names no task"),
        ("wrong/a.py", "# A.\n# task: bacth\n", "one of vector, batch"),
        ("wrong/a.py", "# A.\n# task: batch\n# hidden_only:\n", "the third line gives no reason"),
        ("wrong/afine/a.py", "# A.\n# task: batch\n", "named after one of: affine"),
        ("wrong/terse/about.txt", "# A.\n# task: batch\n", "a wrong variant must be a single file"),
        ("accept/terse/about.txt", "# A.\n# over: terser\n", "`terser` is not a whole submission"),
        (
            "accept/a.py",
            "# A.\n# independent\n# without: bacth\n",
            "`bacth`, after `without:`, is not a task of the kata",
        ),
        ("accept/more/notes.md", "", "`notes.md` is not one of the kata's files"),
    ],
)
def test_an_invalid_variant_is_reported(root, name, text, told):
    variant(root, "accept/more/about.txt", "# A.\n")
    variant(root, "accept/more/affine.py", "x = 1\n")
    variant(root, name, text)
    with pytest.raises(CatalogueError, match=told):
        print(catalogue.load(root, "exercise01").wrong, catalogue.load(root, "exercise01").accept)


def digests(root: Path) -> tuple[str, str]:
    kata = catalogue.load(root, "exercise01")
    return kata.kata_digest(), kata.suite_digest()


@pytest.fixture
def suite(root):
    """A kata with tests; its files and the digests (kata, suite) that depend on each."""
    write(root / "katas/exercise01/test_exercise01.py")
    write(root / "katas/exercise01/probes.py")
    variant(root, "test_hidden.py", "")
    variant(root, "probes.py", "")
    variant(root, "wrong/a.py", "# A.\n# task: batch\n")
    return root


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("katas/exercise01/kata.toml", (True, False)),
        ("katas/exercise01/README.md", (True, False)),
        ("solutions/exercise01/affine.py", (True, False)),
        ("katas/exercise01/test_exercise01.py", (True, True)),
        ("katas/exercise01/probes.py", (True, True)),
        ("graders/hidden/exercise01/test_hidden.py", (False, True)),
        ("graders/hidden/exercise01/probes.py", (False, True)),
        ("graders/hidden/exercise01/wrong/a.py", (False, False)),
        ("katas/exercise01/derive.toml", (False, False)),
        ("katas/exercise01/affine.py", (False, False)),
        ("katas/exercise01/__pycache__/affine.cpython-311.pyc", (False, False)),
        ("graders/hidden/exercise01/probes.pyc", (False, False)),
    ],
)
def test_a_digest_follows_its_own_files_alone(suite, name, changed):
    before = digests(suite)
    path = suite / name
    write(path, (path.read_text() if path.exists() else "") + "\n# changed\n")
    after = digests(suite)
    assert (before[0] != after[0], before[1] != after[1]) == changed


def test_a_digest_is_the_same_anywhere(suite, tmp_path_factory):
    other = tmp_path_factory.mktemp("clone")
    for path in sorted((path for path in suite.rglob("*") if path.is_file()), reverse=True):
        write(other / path.relative_to(suite), path.read_text())
    assert digests(other) == digests(suite)


NAMES = st.text(st.sampled_from("ab."), min_size=1, max_size=4)


@given(st.lists(NAMES, min_size=1, max_size=3).map("/".join), NAMES)
def test_a_pattern_for_a_folder_takes_its_visible_files_alone(name, folder):
    *places, base = name.split("/")
    assert catalogue.matches(f"{folder}/*", name) == (places == [folder] and not base.startswith("."))


@given(st.dictionaries(st.sampled_from("abcd"), st.lists(st.sampled_from("abcd"), max_size=3)))
def test_cycle_is_found(graph):
    reached, before = set(graph.get("a", ())), set()
    while reached != before:
        before, reached = reached, reached | {after for name in reached for after in graph.get(name, ())}
    way = validation._cycle("a", lambda name: graph.get(name, ()))
    assert bool(way) == ("a" in reached)
    assert all(after in graph[name] for name, after in pairwise(way))


def test_file_affects_its_tasks_and_earlier_ones(root):
    kata = catalogue.load(root, "exercise01")
    assert kata.tasks_of("affine.py") == {task.name for task in kata.tasks}


@pytest.mark.parametrize("slug", catalogue.slugs(ROOT))
def test_every_variant_can_be_compiled(slug):
    """A passage that no longer fits the solution would turn a misconception into a different fault."""
    kata = catalogue.load(ROOT, slug)
    solution = intake.solved(kata)
    for variant in (*kata.wrong, *kata.accept):
        for name, text in variant.submission(solution).items():
            if name.endswith(".py") and solution.get(name) != text:
                compile(text, f"{variant.path}: {name}", "exec")


def test_solutions_with_hidden_suites_replace_public_ones(tmp_path):
    root = workshop.write_repository(tmp_path / "public", ["alpha"])
    shutil.move(root / "graders/hidden", tmp_path / "hidden")
    write(tmp_path / "hidden/solutions/alpha/twice.py", workshop.SUMMED)
    with with_hidden(root, tmp_path / "hidden") as place:
        kata = catalogue.load(place, "alpha")
        assert (kata.solution / "twice.py").read_text(encoding="utf-8") == workshop.SUMMED
    assert (root / "solutions/alpha/twice.py").read_text(encoding="utf-8") == workshop.SOLUTION


# ---------------------------------------------------------------------------------------- milestones


def milestone(*lines: str, builds_on: str = '["exercise01"]') -> str:
    own = ('kind = "milestone"', 'files = ["network.py"]', 'entry_points = ["backward"]', f"builds_on = {builds_on}")
    return with_lines(*{line.split(" = ")[0]: line for line in (*own, *lines)}.values())


@pytest.fixture
def course(root):
    write_kata(root, "exercise02", with_lines('files = ["relu.py"]', 'entry_points = ["relu"]'), ("relu.py",))
    write_kata(root, "milestone1", milestone(), ("network.py",))
    return root


def test_a_milestone_knows_the_katas_it_builds_on(course):
    write(course / "katas/milestone1/kata.toml", milestone(builds_on='["exercise02", "exercise01"]'))
    for kata in (catalogue.load(course, "milestone1"), catalogue.load_all(course)[-1]):
        assert [each.slug for each in kata.earlier] == ["exercise02", "exercise01"]
        assert kata.earlier_modules == ("relu", "affine")
        assert (kata.files, kata.modules) == (("network.py",), ("network",))


def test_what_a_milestone_builds_on_is_a_prerequisite(course):
    toml = milestone('requires = ["exercise02", "exercise01"]', builds_on='["exercise01"]')
    write(course / "katas/milestone1/kata.toml", toml)
    assert catalogue.load(course, "milestone1").prerequisites == ("exercise02", "exercise01")


def test_earlier_files_may_be_missing_in_a_learners_copy(course):
    (course / "katas/exercise01/affine.py").unlink()
    assert catalogue.load(course, "milestone1").earlier[0].files == ("affine.py",)


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        (milestone(builds_on='["exercise09"]'), "it builds on `exercise09`, which is not a kata. Did you mean"),
        (milestone(builds_on='["milestone1"]'), "it builds on itself. Remove milestone1 from `builds_on`."),
        (milestone(builds_on="[]"), "a milestone needs `builds_on`. List the katas whose files it imports"),
        (
            milestone('kind = "challenge"'),
            '`builds_on` in a challenge. Write kind = "milestone" or "exercise", or use `requires`.',
        ),
        (milestone(builds_on='["exercise01", "exercise01"]'), "builds_on names `exercise01` twice"),
        (
            milestone('files = ["affine.py"]'),
            "`affine.py` of exercise01 has the name of a file of milestone1 itself. Both would be one module",
        ),
        (milestone('supplied = ["Affine.py"]'), "`affine.py` of exercise01 has the name of a file of milestone1"),
    ],
)
def test_a_wrong_builds_on_is_refused_with_its_fix(course, toml, expected):
    for name in ("affine.py", "Affine.py"):
        write(course / "katas/milestone1" / name)
        write(course / "solutions/milestone1" / name)
    said = message(course, toml, "milestone1")
    assert said.startswith("katas/milestone1/kata.toml: ")
    assert expected in said


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (('requires = ["milestone1"]',), "katas require each other: milestone1 → exercise01 → milestone1. Remove one"),
        (('runtime = "torch"',), 'exercise01 needs runtime torch. Write runtime = "torch" here too.'),
        (('packages = ["pandas"]',), "exercise01 needs `pandas` in packages. Add it to packages here too."),
        (('data = ["mnist"]',), "exercise01 needs `mnist` in data. Add it to data here too."),
        (('files = ["affine.py", "*.csv"]',), "the files of exercise01 include a pattern outside a folder. Build on"),
    ],
)
def test_an_earlier_kata_that_does_not_fit_is_refused(course, changed, expected):
    write(course / "katas/exercise01/kata.toml", with_lines(*changed))
    assert expected in message(course, milestone(), "milestone1")


def test_a_milestone_builds_on_a_package_whose_modules_are_a_pattern(course):
    write(course / "katas/exercise01/kata.toml", with_lines('files = ["affine.py", "out/*.py"]'))
    write(course / "katas/milestone1/kata.toml", milestone())
    assert catalogue.load(course, "milestone1").earlier_modules == ("affine", "out")


def test_two_earlier_katas_with_one_file_name_are_refused(course):
    write_kata(course, "exercise03")
    said = message(course, milestone(builds_on='["exercise01", "exercise03"]'), "milestone1")
    assert "`affine.py` of exercise03 has the name of a file of exercise01" in said


def test_a_later_milestone_lists_everything_that_it_builds_on(course):
    write_kata(course, "milestone2", files=("deeper.py",))
    said = message(course, milestone('files = ["deeper.py"]', builds_on='["milestone1"]'), "milestone2")
    assert "it builds on milestone1, which builds on exercise01. Add exercise01 to `builds_on` too." in said


def test_the_tests_of_a_suite_are_those_in_the_syntax_of_its_files():
    for kata in [*catalogue.load_all(ROOT), *catalogue.load_all(ROOT / "tests" / "repository")]:
        found = {}
        for path in (*kata.visible_tests, *kata.hidden_tests):
            body = ast.parse(path.read_bytes()).body
            names = [each.name for each in body if isinstance(each, ast.FunctionDef) and each.name.startswith("test")]
            found |= {f"{path.relative_to(kata.root)}::{name}": None for name in names}
        assert kata.suite_tests() == tuple(found) != (), kata.slug
