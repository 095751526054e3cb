"""A milestone imports the files that the same person wrote for earlier katas, wherever the submission comes from."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from graders import Judge, catalogue, intake
from graders.errors import KataError
from graders.judge.cached_kata import NOTHING_YET
from graders.report import render
from graders.verdict import Verdict, from_json, to_json
from katas_course.blobs import Store
from tests.milestone_course import ADD, DOUBLE, FLAT, MIXED, NETWORK, STUB, WHOLE, commit, write_course, write_files
from tests.observed import statuses


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def judge(repository: Path) -> Iterator[Judge]:
    with Judge(repository, require="full") as judge:
        yield judge


@pytest.fixture
def graded(judge: Judge, tmp_path: Path) -> Callable[..., Verdict]:
    return lambda files, **options: judge.grade("milestone", write_files(tmp_path / "ada", files), **options)


def archived(folder: Path, place: Path) -> Path:
    if place.suffix == ".zip":
        with zipfile.ZipFile(place, "w") as archive:
            for file in sorted(folder.rglob("*.py")):
                archive.write(file, file.relative_to(folder))
    else:
        with tarfile.open(place, "w:gz") as archive:
            archive.add(folder, "ada")
    return place


# ------------------------------------------------------------------------------- where the files come from


@pytest.mark.parametrize("files", [FLAT, WHOLE, MIXED], ids=["flat", "whole", "mixed"])
@pytest.mark.parametrize("form", ["folder", "inner folder", "ada.zip", "ada.tar.gz", "git"])
def test_earlier_files_come_from_where_the_submission_is(
    judge: Judge, tmp_path: Path, files: dict[str, str], form: str
) -> None:
    place: Path | str = write_files(tmp_path / "outer/ada", files)
    if form == "inner folder":
        place = tmp_path / "outer"
    elif form == "git":
        commit(tmp_path / "outer/ada")
        place = f"git:{place}@HEAD"
    elif form != "folder":
        place = archived(tmp_path / "outer/ada", tmp_path / form)
    verdict = judge.grade("milestone", place)
    assert (verdict.status, verdict.message, verdict.score) == ("passed", "", 3)
    taken = intake.take(catalogue.load(judge.root, "milestone"), place)
    assert taken.graded == {name: text.encode() for name, text in FLAT.items()}
    assert verdict.builds_on == {each.kata: each.sha256 for each in taken.earlier}
    assert verdict.submission_sha256 == taken.sha256
    assert not [name for name in verdict.ignored_files if name.endswith(".py")]


def test_a_kata_folder_has_its_earlier_files_next_to_it(judge: Judge, tmp_path: Path) -> None:
    write_files(tmp_path, WHOLE)
    assert judge.grade("milestone", tmp_path / "katas/milestone").status == "passed"


def test_the_solution_is_graded_with_the_solutions(judge: Judge, repository: Path) -> None:
    assert judge.grade("milestone", repository / "solutions/milestone").status == "passed"


def test_the_digests_change_with_an_earlier_file(graded: Callable[..., Verdict]) -> None:
    before = graded(WHOLE)
    after = graded({**WHOLE, "katas/two/add_two.py": ADD + "# changed\n"})
    assert before.builds_on["one"] == after.builds_on["one"]
    assert before.builds_on["two"] != after.builds_on["two"]
    assert before.submission_sha256 != after.submission_sha256


def test_a_stored_submission_is_the_same_again(repository: Path, tmp_path: Path) -> None:
    kata = catalogue.load(repository, "milestone")
    taken = intake.take(kata, write_files(tmp_path / "ada", WHOLE))
    store = Store(tmp_path / "store")
    place = store.keep(taken)
    assert store.take(kata, taken.sha256) == msgspec.structs.replace(taken, ignored=())
    assert intake.take(kata, place).sha256 == taken.sha256  # katas replay reads the archive like any submission


# ------------------------------------------------------------------------------------ unfinished katas


def test_an_earlier_stub_is_done_first(graded: Callable[..., Verdict]) -> None:
    verdict = graded({**WHOLE, "katas/one/double.py": STUB.format(name="double")})
    expected = "Do one first: katas/one/double.py is still the stub"
    assert (verdict.status, verdict.message) == ("ungradable", f"{expected}, as it was {NOTHING_YET}")
    assert (verdict.reason, verdict.waits_for) == ("earlier kata", "one")  # so it is not an attempt


def test_an_earlier_stub_in_the_own_checkout_is_done_first(judge: Judge) -> None:
    verdict = judge.grade("milestone")
    assert (verdict.status, verdict.message[:44]) == ("ungradable", "Do one first: katas/one/double.py is still t")


@pytest.mark.parametrize(
    ("text", "is_stub"),
    [
        (STUB.format(name="double"), True),
        (DOUBLE + STUB.format(name="later"), False),
        ("def double(x): return 2 * x\n" + STUB.format(name="later"), False),
    ],
)
def test_a_stub_is_recognised_without_gits_history(repository: Path, tmp_path: Path, text: str, is_stub: bool) -> None:
    root = shutil.copytree(repository, tmp_path / "handout", ignore=shutil.ignore_patterns(".git"))
    write_files(root, {**WHOLE, "katas/one/double.py": text})
    with Judge(root, resident=False) as judge:
        verdict = judge.grade("milestone")
    assert verdict.message.startswith("Do one first") == is_stub
    assert verdict.status == ("ungradable" if is_stub else "passed")


def test_a_submission_that_was_taken_without_earlier_files_lacks_them(judge: Judge) -> None:
    kata = catalogue.load(judge.root, "milestone")
    verdict = judge.grade("milestone", intake.submission(kata, {"network.py": NETWORK.encode()}))
    assert (verdict.status, verdict.message) == ("ungradable", "Do one first: katas/one/double.py is missing")


def test_a_missing_earlier_file_is_named(graded: Callable[..., Verdict]) -> None:
    verdict = graded({name: text for name, text in WHOLE.items() if "/two/" not in name})
    assert (verdict.status, verdict.message) == ("ungradable", "Do two first: katas/two/add_two.py is missing")


@pytest.mark.parametrize(
    ("text", "why", "reason"),
    [
        ("def add_two(x:\n", "SyntaxError", "files"),
        ("1 / 0\n", "ZeroDivisionError: division by zero", "import"),
        ("import os\nos._exit(0)\n", "the worker died", "import"),
        ("raise SystemExit\n", "SystemExit", "import"),
    ],
)
def test_an_earlier_file_that_cannot_be_imported_is_named(
    graded: Callable[..., Verdict], text: str, why: str, reason: str
) -> None:
    verdict = graded({**WHOLE, "katas/two/add_two.py": text})
    assert verdict.status == "ungradable"
    assert verdict.message.startswith("Do two first: katas/two/add_two.py cannot be imported: ")
    assert why in verdict.message or "ended" in verdict.message
    assert (verdict.reason, verdict.waits_for) == (reason, "two")  # code that ran spends an attempt


def test_an_earlier_file_that_is_not_imported_must_work_too(graded: Callable[..., Verdict]) -> None:
    alone = "def both(x):\n    return 2 * x + 2\n"
    verdict = graded({**WHOLE, "katas/milestone/network.py": alone, "katas/two/add_two.py": "1 / 0\n"})
    assert verdict.message.startswith("Do two first")


def test_the_milestones_own_fault_is_not_blamed_on_others(graded: Callable[..., Verdict]) -> None:
    verdict = graded({**WHOLE, "katas/milestone/network.py": "1 / 0\n"})
    assert verdict.message.startswith("the submission cannot be imported: ZeroDivisionError")


def test_a_refused_earlier_file_names_its_kata(graded: Callable[..., Verdict]) -> None:
    verdict = graded({**WHOLE, "katas/one/double.py": DOUBLE + "#" * 300_000})
    assert (verdict.status, verdict.message[:39]) == ("ungradable", "one: double.py: it is larger than 256 K")


def test_a_wrong_earlier_file_fails_the_task_that_checks_it(graded: Callable[..., Verdict]) -> None:
    verdict = graded({**WHOLE, "katas/one/double.py": "def double(x):\n    return 3 * x\n"})
    assert {test.status for test in verdict.tests if test.task == "parts"} == {"failed"}
    assert {test.status for test in verdict.tests if test.task == "both"} == {"blocked"}
    assert "from double import double" in verdict.tests[0].counterexample


# ------------------------------------------------------------------------------- with the shipped files


def test_shipped_files_are_used_for_practice(graded: Callable[..., Verdict]) -> None:
    verdict = graded({"network.py": NETWORK}, with_shipped=True)
    assert (verdict.status, verdict.with_shipped, sorted(verdict.builds_on)) == ("passed", True, ["one", "two"])
    expected = "Unofficial: graded with the shipped files of one, two, not with your own."
    for form in ("terminal", "markdown", "html"):
        assert expected in " ".join(render([verdict], form, "learner").split()), form
    assert from_json(to_json(verdict)) == verdict


def test_shipped_files_are_missing_in_a_students_copy(repository: Path, tmp_path: Path) -> None:
    for name in ("katas", "conftest.py", "tox.ini"):
        (tmp_path / name).symlink_to(repository / name)
    with Judge(tmp_path, resident=False) as judge, pytest.raises(KataError, match="needs the solutions, which this"):
        judge.grade("milestone", with_shipped=True)


def test_a_kata_that_builds_on_none_has_no_shipped_files(judge: Judge) -> None:
    with pytest.raises(KataError, match="one builds on no other kata"):
        judge.grade("one", with_shipped=True)


# --------------------------------------------------------------------------------------- the author's side


def test_a_variant_may_replace_an_earlier_file(judge: Judge, repository: Path) -> None:
    kata = catalogue.load(repository, "milestone")
    (variant,) = kata.wrong
    assert variant.replaces == "double.py"
    files = variant.submission(intake.solved(kata))
    verdict = judge.grade_files("milestone", files, diagnosing=True)
    assert statuses(verdict)["test_parts"] == "failed"
    assert {test.diagnosis for test in verdict.tests} >= {"Halved."}
    assert judge.grade_files("milestone", {"network.py": NETWORK.encode()}).status == "passed"
