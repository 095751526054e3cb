"""Files with another name or in another folder are found, and get no permission that exact names don't have."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from graders import catalogue, intake
from graders.errors import IntakeError
from katas_course import submissions
from tests.intake.test_archives import packed
from tests.workshop import ROOT, SOLUTION, TOML, write, write_kata, zipped

OTHER = SOLUTION.replace("FACTOR * x", "x + x")


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Return a repository in which no two katas declare files of the same name, apart from shared.py."""
    root = tmp_path_factory.mktemp("katas")
    write_kata(root, "one")
    for slug, names in (("two", '["thrice.py", "shared.py"]'), ("three", '["shared.py", "results/*"]')):
        write_kata(root, slug, toml=TOML.replace('["twice.py"]', names).replace('["factors.py"]', '["supplied.py"]'))
        for name in ("thrice.py", "shared.py", "supplied.py"):
            write(root / "katas" / slug / name, "")
            write(root / "solutions" / slug / name, "")
    return root


@pytest.fixture(scope="module")
def one(root) -> catalogue.Kata:
    return catalogue.load(root, "one")


def taken(kata: catalogue.Kata, place: Path) -> intake.Submission:
    return intake.take(kata, place, anywhere=True)


def notebook(*cells: str, kind: str = "code") -> str:
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": kind, "source": cell, "outputs": []} for cell in cells]})


@pytest.mark.parametrize(
    "name",
    [
        "Twice.py",
        "TWICE.PY",
        "twice (1).py",
        "twice(2).py",
        "twice-2.py",
        "twice - Copy.py",
        "twice - Copy (3).py",
        "twice copy.py",
        "twice (1)-4.py",
        "work/twice.py",
        "work/inner/twice.py",
        "work/katas/one/twice.py",
        "one/Twice.py",
    ],
)
def test_another_name_or_folder_is_taken_and_noted(one, tmp_path, name):
    write(tmp_path / name, SOLUTION)
    write(tmp_path / "notes.txt", "a note next to the folder")
    submission = taken(one, tmp_path)
    assert submission.graded == {"twice.py": SOLUTION.encode()}
    assert submission.notes == (f"{name} was graded as twice.py",)
    assert (submission.missing, submission.ignored) == ((), ("notes.txt",))
    assert submission.sha256 == intake.submission(one, {"twice.py": SOLUTION.encode()}).sha256


def test_exact_place_needs_no_note(one, tmp_path):
    write(tmp_path / "twice.py", SOLUTION)
    write(tmp_path / "twice (1).py", OTHER)
    submission = taken(one, tmp_path)
    assert (submission.graded["twice.py"], submission.notes) == (SOLUTION.encode(), ())
    assert submission == intake.take(one, tmp_path)


@pytest.mark.parametrize("name", ["exercise4.py", "twice.txt", "my_twice.py", "twice2.py", "twice.py.bak", "twice-.py"])
def test_a_name_that_means_something_else_is_not_taken(one, tmp_path, name):
    write(tmp_path / name, SOLUTION)
    submission = taken(one, tmp_path)
    assert (submission.files, submission.missing, submission.ignored) == ((), ("twice.py",), (name,))


@pytest.mark.parametrize("inner", ["twice.py", "katas/one/twice.py", "a/b/Twice (1).py"])
def test_an_archive_in_a_folder_is_opened(one, tmp_path, inner):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "code.zip").write_bytes(zipped({inner: SOLUTION}))
    submission = taken(one, tmp_path)
    assert submission.graded == {"twice.py": SOLUTION.encode()}
    assert submission.notes == (f"work/code.zip/{inner} was graded as twice.py",)


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_an_archive_in_an_archive_is_opened(one, tmp_path, form):
    inner = zipped({"b/twice.py": SOLUTION})
    path = tmp_path / f"ada.{form}"
    path.write_bytes(packed(form, ("code.zip", inner), ("notes.txt", b"x")))
    assert taken(one, path).graded == {"twice.py": SOLUTION.encode()}


def test_entries_of_a_tar_file_are_read_in_any_order(one, tmp_path):
    solution = SOLUTION.encode()
    members = ("a/twice.py", solution), ("b/twice.py", solution), ("c/note.txt", b"x")
    (tmp_path / "ada.tar.gz").write_bytes(packed("tar.gz", *members))
    assert taken(one, tmp_path / "ada.tar.gz").graded == {"twice.py": solution}


def test_a_single_file_is_a_submission(one, tmp_path):
    path = write(tmp_path / "twice (1).py", SOLUTION)
    assert taken(one, path).graded == {"twice.py": SOLUTION.encode()}
    assert taken(one, write(tmp_path / "other.py", SOLUTION)).ignored == ("other.py",)
    with pytest.raises(IntakeError, match="neither a folder nor a"):
        taken(one, write(tmp_path / "notes.txt", SOLUTION))


# Several candidates.


def test_better_name_wins_and_equal_files_are_no_conflict(one, tmp_path):
    write(tmp_path / "a" / "twice.py", SOLUTION)
    write(tmp_path / "a" / "twice (1).py", OTHER)
    write(tmp_path / "b" / "twice-1.py", OTHER)
    assert taken(one, tmp_path).graded == {"twice.py": SOLUTION.encode()}
    write(tmp_path / "b" / "twice.py", SOLUTION)
    assert taken(one, tmp_path).graded == {"twice.py": SOLUTION.encode()}


@pytest.mark.parametrize(
    "names", [("a/twice.py", "b/twice.py"), ("twice (1).py", "twice-2.py"), ("x/twice.py", "one/twice (1).py")]
)
def test_several_different_files_are_refused_with_their_names(one, tmp_path, names):
    for name, text in zip(names, (SOLUTION, OTHER), strict=True):
        write(tmp_path / name, text)
    write(tmp_path / "z.txt", "")
    with pytest.raises(IntakeError) as caught:
        taken(one, tmp_path)
    assert all(name in str(caught.value) for name in names)
    assert str(caught.value).startswith("twice.py: not found, but several files could be it: ")


def test_many_candidates_are_refused_in_short(one, tmp_path):
    for number in range(300):
        write(tmp_path / f"twice ({number}).py", f"{SOLUTION}# {number}")
    with pytest.raises(IntakeError) as caught:
        taken(one, tmp_path)
    assert len(str(caught.value)) < 400


def test_a_conflict_does_not_spoil_the_files_that_were_found(root, tmp_path):
    two = catalogue.load(root, "two")
    write(tmp_path / "thrice.py", SOLUTION)
    for folder in ("old", "older"):
        write(tmp_path / folder / "two" / "shared.py", folder)
    submission = taken(two, tmp_path)
    assert (list(submission.graded), submission.missing) == (["thrice.py"], ("shared.py",))
    assert submission.notes == (
        "shared.py was not found; several files could be it: old/two/shared.py, older/two/shared.py",
    )


# Other katas.


def test_a_file_of_another_kata_is_not_taken(one, tmp_path):
    write(tmp_path / "two" / "twice.py", SOLUTION)
    write(tmp_path / "katas" / "three" / "twice.py", SOLUTION)
    (tmp_path / "two.zip").write_bytes(zipped({"twice.py": SOLUTION}))
    assert taken(one, tmp_path).files == ()


def test_a_name_of_several_katas_needs_a_folder_that_tells(root, tmp_path):
    two = catalogue.load(root, "two")
    write(tmp_path / "x" / "thrice.py", SOLUTION)
    write(tmp_path / "x" / "y" / "shared.py", "a")
    assert list(taken(two, tmp_path).graded) == ["thrice.py"]
    write(tmp_path / "x" / "two" / "shared.py", "b")
    assert taken(two, tmp_path).graded["shared.py"] == b"b"


@pytest.mark.parametrize("name", ["Shared.py", "shared (1).py", "shared-1.py", "Two/Shared.py", "t-wo (1)/shared.py"])
def test_a_name_of_several_katas_may_be_misspelt_where_the_exact_name_is_taken(root, tmp_path, name):
    write(tmp_path / "thrice.py", OTHER)
    write(tmp_path / name, SOLUTION)
    submission = taken(catalogue.load(root, "two"), tmp_path)
    assert submission.graded == {"thrice.py": OTHER.encode(), "shared.py": SOLUTION.encode()}
    assert submission.notes == (f"{name} was graded as shared.py",)


def test_results_are_taken_from_the_folder_of_the_module(root, tmp_path):
    three = catalogue.load(root, "three")
    write(tmp_path / "three" / "Shared.py", SOLUTION)
    write(tmp_path / "three" / "results" / "log.csv", "1")
    write(tmp_path / "results" / "other.csv", "2")
    submission = taken(three, tmp_path)
    assert submission.graded == {"shared.py": SOLUTION.encode(), "results/log.csv": b"1"}
    assert submission.ignored == ("results/other.csv",)


# Notebooks.


def test_the_cells_of_a_notebook_are_taken(one, tmp_path):
    write(tmp_path / "work.ipynb", notebook("import numpy", f"# file: twice.py\n{SOLUTION}", "grade('one')"))
    submission = taken(one, tmp_path)
    assert submission.graded == {"twice.py": SOLUTION.encode()}
    assert submission.notes == ("cell 2 of work.ipynb was graded as twice.py",)


def test_the_notebook_that_katas_notebook_writes_is_taken(tmp_path):
    pytest.importorskip("nbformat")
    from graders.learner.notebook_file import written

    kata = catalogue.load(ROOT, "exercise04")
    path = write(tmp_path / "in" / "exercise04 (1).ipynb", written(kata, tmp_path))
    for place in (path, path.parent):
        assert taken(kata, place).graded == intake.in_katas(kata)


def test_an_untouched_notebook_of_all_exercises_is_no_submission(tmp_path):
    pytest.importorskip("nbformat")
    from graders.learner.notebook_file import written_together

    katas = [catalogue.load(ROOT, slug) for slug in ("exercise01", "exercise03", "exercise05")]
    path = tmp_path / "in" / "ada" / "exercises.ipynb"
    write(path, written_together(katas, path))
    (entry,) = submissions.read(tmp_path / "in").entries
    assert list(submissions.of_katas(entry, katas, every=False)) == []
    write(path, path.read_text().replace("    raise NotImplementedError", "    return 0", 1))
    assert len(list(submissions.of_katas(entry, katas, every=False))) == 1


def test_a_file_wins_over_a_notebook(one, tmp_path):
    write(tmp_path / "work.ipynb", notebook(f"# file: twice.py\n{OTHER}"))
    write(tmp_path / "twice (1).py", SOLUTION)
    assert taken(one, tmp_path).graded == {"twice.py": SOLUTION.encode()}


def test_two_different_cells_are_refused(one, tmp_path):
    write(tmp_path / "work.ipynb", notebook(f"# file: twice.py\n{OTHER}", f"# file: twice.py\n{SOLUTION}"))
    with pytest.raises(IntakeError, match=r"cell 1 of work\.ipynb, cell 2 of work\.ipynb"):
        taken(one, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"cells": 3}',
        '{"cells": [{"source": 3}]}',
        '{"cells": ' + "[" * 50_000,
        '{"x": ' * 50_000,
        notebook(f"# file: ../twice.py\n{SOLUTION}"),
        notebook(f"# file: twice.py\n{SOLUTION}", kind="markdown"),
        notebook(f"# file: factors.py\n{SOLUTION}"),
    ],
    ids=range(9),
)
def test_other_notebooks_give_nothing(one, tmp_path, text):
    write(tmp_path / "work.ipynb", text)
    assert taken(one, tmp_path).files == ()


# Nothing is allowed that an exact name does not allow.


def test_links_and_special_files_are_refused(one, tmp_path):
    secret = write(tmp_path / "secret.py", SOLUTION)
    for number, make in enumerate((os.symlink, os.link)):
        (tmp_path / str(number)).mkdir()
        make(secret, tmp_path / str(number) / "Twice.py")
        with pytest.raises(IntakeError, match=r"twice\.py: it is a (symbolic|hard) link"):
            taken(one, tmp_path / str(number))
    os.mkfifo(tmp_path / "0" / "twice (1).py")
    (tmp_path / "0" / "Twice.py").unlink()
    with pytest.raises(IntakeError, match=r"twice\.py: it is a pipe"):
        taken(one, tmp_path / "0")


def test_a_linked_folder_is_not_entered(one, tmp_path):
    write(tmp_path / "elsewhere" / "twice.py", SOLUTION)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "work").symlink_to(tmp_path / "elsewhere")
    write(tmp_path / "in" / "z.txt", "")
    assert taken(one, tmp_path / "in").files == ()


@pytest.mark.parametrize(
    ("data", "reason"), [(b"x" * 300_000, "larger than 256 KB"), (b"\0", "NUL byte"), (b"# caf\xe9\n", "not UTF-8")]
)
def test_sizes_and_contents_are_checked(one, tmp_path, data, reason):
    (tmp_path / "Twice.py").write_bytes(data)
    with pytest.raises(IntakeError, match=rf"twice\.py: .*{reason}"):
        taken(one, tmp_path)


def test_a_supplied_file_is_never_taken(one, tmp_path):
    write(tmp_path / "Twice.py", SOLUTION)
    write(tmp_path / "Factors.py", "FACTOR = 3.0\n")
    write(tmp_path / "factors.py", "FACTOR = 3.0\n")
    assert list(taken(one, tmp_path).graded) == ["twice.py"]


def test_an_archive_in_an_archive_in_an_archive_is_not_opened(one, tmp_path):
    inner = zipped({"b.zip": zipped({"c.zip": zipped({"twice.py": SOLUTION})})})
    (tmp_path / "a.zip").write_bytes(inner)
    for place in (tmp_path, tmp_path / "a.zip"):
        submission = taken(one, place)
        assert (submission.files, any("b.zip" in name for name in submission.ignored)) == ((), True)


def test_an_archive_that_explodes_is_not_unpacked(one, tmp_path):
    bomb = zipped({"twice.py": bytes(150 << 20)})
    (tmp_path / "a.zip").write_bytes(bomb)
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04 broken")
    submission = taken(one, tmp_path)
    assert submission.files == ()
    assert submission.notes[0].startswith("a.zip: it unpacks to more than")
    assert submission.notes[1].startswith("b.zip: the archive is broken")
    write(tmp_path / "Twice.py", SOLUTION)
    assert taken(one, tmp_path).graded == {"twice.py": SOLUTION.encode()}


def test_many_archives_together_keep_the_limit(one, tmp_path):
    large = zipped({"x.bin": b"".join(os.urandom(400) + bytes(30_000) for _ in range(1900))})
    for number in range(3):
        (tmp_path / f"large{number}.zip").write_bytes(large)
    submission = taken(one, tmp_path)
    assert submission.notes[0].startswith("large2.zip: the archives hold too much")


@pytest.mark.deep
def test_ten_thousand_nested_folders_are_not_followed(one, tmp_path):
    deep = tmp_path / "deep"
    deep.mkdir()
    here = os.open(deep, os.O_RDONLY)
    for _ in range(10_000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    write(tmp_path / "Twice.py", SOLUTION)
    assert taken(one, tmp_path).graded == {"twice.py": SOLUTION.encode()}
    os.system(f"rm -r {deep}")  # Python's shutil recurses


@pytest.mark.deep
def test_too_many_files_are_not_searched(one, tmp_path):
    (tmp_path / "many").mkdir()
    for number in range(20_100):
        os.close(os.open(tmp_path / "many" / str(number), os.O_CREAT | os.O_WRONLY))
    write(tmp_path / "Twice.py", SOLUTION)
    assert taken(one, tmp_path).files == ()
