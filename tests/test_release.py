"""Bundles: what students get holds no answer, and what graders get grades in somebody else's clean root."""

from __future__ import annotations

import ast
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from graders import catalogue
from graders.cli.authoring import scaffold
from graders.errors import KataError
from graders.release import contents, grading, student
from tests.github_server import git
from tests.test_exports import SCHEMAS
from tests.workshop import ROOT, SOLUTION, katas, write, write_clone
from tests.workshop import pytest as run_pytest

SLUGS = [path.parent.name for path in sorted((ROOT / "katas").glob("*/kata.toml"))]
COMMITTED = [slug for slug in SLUGS if git(ROOT, "ls-files", f"katas/{slug}/kata.toml")]
WRONG = ROOT / "tests/attacks/submissions/b06_extra_axis"
SEARCHING = ROOT / "tests/attacks/submissions/c04_files"


# For students.


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    """The bundle of every kata, from the repository as it is."""
    folder = tmp_path_factory.mktemp("bundle") / "katas"
    chosen = [catalogue.load(ROOT, slug) for slug in COMMITTED]
    files = contents.student_files(ROOT, chosen)
    contents.lay_out(files, {}, folder)
    return folder


def functions(path: Path) -> Iterator[str]:
    """The bodies of a file's functions, without docstrings, whatever their layout; nothing that is a stub."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            text = "\n".join(map(ast.unparse, body))
            if len(text) > 60:
                yield text


def test_no_function_of_a_solution_a_hidden_test_or_a_variant_is_in_the_bundle(handed_out):
    seen_by_all = {text for path in (ROOT / "katas").rglob("*.py") for text in functions(path)}
    secret = {
        text: path
        for place in ("solutions", "graders/hidden")
        for path in (ROOT / place).rglob("*.py")
        for text in functions(path)
    }
    shown = {
        (str(path.relative_to(handed_out)), str(secret[text].relative_to(ROOT)))
        for path in handed_out.rglob("*.py")
        for text in functions(path)
        if text in secret and text not in seen_by_all
    }
    assert shown == set()
    assert len(secret) > 500


def test_no_sentence_of_a_misconception_is_in_the_bundle(handed_out):
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in handed_out.rglob("*") if path.suffix in (".py", ".md", ".toml")
    )
    sentences = [
        variant.sentence
        for slug in COMMITTED
        for variant in catalogue.load(ROOT, slug).wrong
        if len(variant.sentence) > 40
    ]
    assert len(sentences) > 50
    assert [sentence for sentence in sentences if sentence in text] == []


def test_no_file_of_the_bundle_has_a_secrets_name(handed_out):
    names = [str(path.relative_to(handed_out)) for path in handed_out.rglob("*")]
    assert [
        name for name in names if re.search(r"hidden/|solutions|/wrong/|/accept/|test_hidden|__pycache__|\.git/", name)
    ] == []


def test_the_visible_tests_run_in_the_bundle_and_it_grades_by_them(handed_out):
    stub = run_pytest("katas/exercise01", "-q", cwd=handed_out)
    assert stub.status == 1, stub.said
    assert "1 failed, 2 blocked" in stub.out
    place = handed_out / "katas/exercise01/affine.py"
    kept = place.read_bytes()
    shutil.copy(ROOT / "solutions/exercise01/affine.py", place)
    try:
        solved = run_pytest("katas/exercise01", "-q", cwd=handed_out)
        assert (solved.status, "3 passed" in solved.out) == (0, True), solved.said
        graded = module("grade", "exercise01", "--format", "json", cwd=handed_out)
        verdict = json.loads(graded.stdout)
        assert (verdict["status"], verdict["max_score"]) == ("passed", 8), graded.stderr
        assert "this copy has no others" in verdict["message"]
    finally:
        place.write_bytes(kept)


def module(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`katas words…` of the copy in `cwd`."""
    command = [sys.executable, "-m", "graders.cli", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture
def clone(tmp_path):
    return write_clone(tmp_path / "clone", ["alpha", "beta"], "# Alpha\n")


ITS_OWN = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]  # not this repository
from graders.cli import main
main()
"""


@pytest.mark.parametrize("command", [["grade-batch", "in", "--out", "out"], ["gradebook", "show"], ["new", "softplus"]])
def test_what_instructors_have_is_not_in_the_bundle_and_says_so(handed_out, command):
    done = subprocess.run(
        [sys.executable, "-c", ITS_OWN, *command],
        cwd=handed_out,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "it was handed out to learn with" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_writes_a_bundle(clone, tmp_path):
    done = katas("release", "alpha", "--student", str(tmp_path / "out"), cwd=clone)
    assert (done.status, done.err) == (0, "")
    assert re.fullmatch(r"written: \S+/out \(\d+ files, 1 kata\)\n", done.out)
    assert sorted(path.name for path in (tmp_path / "out/katas").iterdir()) == ["alpha"]
    assert "pytest katas/alpha" in (tmp_path / "out/README.md").read_text()
    again = katas("release", "alpha", "--student", str(tmp_path / "out"), cwd=clone)
    assert (again.status, "something is there already" in again.err) == (2, True)


def test_the_command_says_what_it_can_make(clone):
    done = katas("release", cwd=clone)
    assert (done.status, "--student DIR" in done.err) == (2, True)


def test_a_stub_that_was_begun_to_be_solved_is_not_handed_out(clone, tmp_path):
    write(clone / "katas/alpha/twice.py", SOLUTION + "# mine\n")
    done = katas("release", "--student", str(tmp_path / "out"), cwd=clone)
    assert (done.status, "katas/alpha/twice.py: it is not as it was committed" in done.err) == (2, True)
    git(clone, "commit", "-q", "-a", "-m", "oops")
    write(clone / "katas/alpha/twice.py", SOLUTION)
    git(clone, "commit", "-q", "-a", "-m", "oops")
    done = katas("release", "--student", str(tmp_path / "out"), cwd=clone)
    assert (done.status, "katas/alpha/twice.py: it is the solution" in done.err) == (2, True)
    assert not (tmp_path / "out").exists()


def test_without_git_a_stub_that_gets_points_is_not_handed_out(clone, tmp_path):
    shutil.rmtree(clone / ".git")
    done = katas("release", "--student", str(tmp_path / "first"), cwd=clone)
    assert done.status == 0, done.said
    write(clone / "katas/alpha/twice.py", SOLUTION.replace("return", "y = 0\n    return"))
    done = katas("release", "--student", str(tmp_path / "out"), cwd=clone)
    assert (done.status, "katas/alpha/twice.py: graded as it is, it gets points for" in done.err) == (2, True), (
        done.said
    )
    assert not (tmp_path / "out").exists()


def test_where_git_is_not_even_installed_stubs_are_graded_too(clone, tmp_path):
    bwrap = tmp_path / "bin/bwrap"
    bwrap.parent.mkdir()
    bwrap.symlink_to(str(shutil.which("bwrap")))
    write(clone / "katas/alpha/twice.py", SOLUTION.replace("return", "y = 0\n    return"))
    done = katas("release", "--student", str(tmp_path / "out"), cwd=clone, env={"PATH": str(bwrap.parent)})
    assert (done.status, "katas/alpha/twice.py: graded as it is, it gets points for" in done.err) == (2, True), (
        done.said
    )


def test_a_course_of_ones_own_is_handed_out_with_what_it_takes_to_start_it(clone, tmp_path):
    for name in contents.SETTINGS:
        (clone / name).unlink(missing_ok=True)
    done = katas("release", "--student", str(tmp_path / "out"), cwd=clone)
    assert done.status == 0, done.said
    assert set(contents.SETTINGS) <= {path.name for path in (tmp_path / "out").iterdir()}
    ran = run_pytest("katas/alpha", cwd=tmp_path / "out")
    assert "twice is not written yet" in ran.out, ran.said


@pytest.mark.parametrize(
    "secret", ["solutions/alpha/twice.py", "graders/hidden/alpha/test_hidden.py", "graders/hidden/alpha/wrong/added.py"]
)
def test_a_secret_in_any_file_is_found(clone, tmp_path, secret):
    lines = "".join(f"    value_{number} = compute_it({number})\n" for number in range(8))
    write(clone / secret, f"def answer(x):\n{lines}    return x\n")
    copied = write(
        tmp_path / "copied.py",
        f"class Other:\n    # moved\n    def f(self, x):\n{lines.replace('    value', '        value')}",
    )
    assert student.leaks(clone, {"graders/other.py": copied}) == [f"graders/other.py: it shows what stands in {secret}"]
    assert student.leaks(clone, {"graders/other.py": write(tmp_path / "own.py", "x = 1\n")}) == []


def test_a_folder_in_use_is_not_written_into(tmp_path):
    write(tmp_path / "used/notes.txt", "mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("used", "link"):
        with pytest.raises(KataError, match="something is there already"):
            contents.check_place(tmp_path / name)
    with pytest.raises(KataError, match="there is no folder"):
        contents.check_place(tmp_path / "nowhere/out")


# For graders: the bundle of one kata.


@pytest.fixture(scope="module")
def kata():
    return catalogue.load(ROOT, "exercise01")


@pytest.fixture(scope="module")
def autograder(tmp_path_factory, kata):
    """/autograder as Gradescope makes it of the .zip: source/, run_autograder, and what setup.sh installs."""
    place = tmp_path_factory.mktemp("gradescope") / "autograder"
    file = place.parent / "bundle.zip"
    grading.gradescope(ROOT, [kata], file)
    with zipfile.ZipFile(file) as archive:
        archive.extractall(place / "source")
    shutil.copy(place / "source/run_autograder", place)
    (place / "run_autograder").chmod(0o755)
    (place / "venv").symlink_to(sys.prefix)
    return place


CLEAN_ROOT = """
bwrap --unshare-all --unshare-user {more} --die-with-parent --new-session --clearenv
--setenv PATH /usr/bin:/bin --setenv LC_ALL C.UTF-8 --uid 0 --gid 0
--tmpfs /tmp --ro-bind /usr /usr
--symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib --symlink usr/lib64 /lib64
--dir /etc --ro-bind /etc/ld.so.cache /etc/ld.so.cache --ro-bind /etc/passwd /etc/passwd
--ro-bind-try /etc/alternatives /etc/alternatives
--dir /root --chmod 0755 /root --ro-bind {base} {base} --ro-bind {venv} {venv}
--dev /dev --proc /proc --bind {autograder} /autograder --chdir /autograder /autograder/run_autograder
"""


def run_autograder(autograder: Path, submission: Path, more: str = "") -> subprocess.CompletedProcess[str]:
    """Run it in a root that has Debian's /usr, Python and what setup.sh installs, and nothing of this repository."""
    for name in ("submission", "results"):
        shutil.rmtree(autograder / name, ignore_errors=True)
    shutil.copytree(submission, autograder / "submission")
    (autograder / "results").mkdir()
    command = CLEAN_ROOT.format(more=more, base=sys.base_prefix, venv=sys.prefix, autograder=autograder).split()
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


needs_bubblewrap = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap makes the clean root")
NO_NAMESPACES = "--disable-userns"  # as in a container that may not make any: the first wall cannot be built


@needs_bubblewrap
@pytest.mark.parametrize(("more", "confinement"), [("", "full"), (NO_NAMESPACES, "partial")])
def test_gradescopes_bundle_grades_in_a_clean_root(autograder, more, confinement):
    done = run_autograder(autograder, WRONG, more)
    assert done.returncode == 0, done.stderr
    result = json.loads((autograder / "results/results.json").read_text())
    jsonschema.validate(result, SCHEMAS["gradescope"])
    assert result["extra_data"]["katas"][0]["confinement"] == confinement
    assert [(test["score"], test["status"]) for test in result["tests"]][:2] == [(3, "passed"), (0, "failed")]
    assert result["score"] == 3


@needs_bubblewrap
@pytest.mark.parametrize("more", ["", NO_NAMESPACES])
def test_a_submission_finds_no_hidden_test_in_gradescopes_bundle(autograder, more):
    done = run_autograder(autograder, SEARCHING, more)
    assert done.returncode == 0, done.stderr
    text = (autograder / "results/results.json").read_text()
    reports = re.findall(r"FOUND-([0-9a-f]+)-END", text)
    assert reports
    for report in reports:
        found = json.loads(bytes.fromhex(report))
        assert not [
            name for name in json.dumps(found).split('"') if re.search(r"/autograder|test_hidden|solutions", name)
        ], found


@needs_bubblewrap
def test_a_fault_of_ours_leaves_gradescope_without_a_result(autograder, tmp_path):
    broken = tmp_path / "autograder"
    shutil.copytree(autograder, broken, symlinks=True)
    write(broken / "source/graders/hidden/exercise01/test_hidden.py", "import nothing_that_is_there\n")
    done = run_autograder(broken, WRONG)
    assert done.returncode == 1
    assert not (broken / "results/results.json").exists()


def test_gradescopes_bundle_is_laid_out_as_it_is_documented(tmp_path, kata):
    names = grading.gradescope(ROOT, [kata], tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        assert sorted(archive.namelist()) == names
        modes = {name: archive.getinfo(name).external_attr >> 16 & 0o777 for name in ("setup.sh", "run_autograder")}
        assert modes == {"setup.sh": 0o755, "run_autograder": 0o755}
        for name in modes:
            assert archive.read(name).startswith(b"#!/usr/bin/env bash\n")
            checked = subprocess.run(["bash", "-n"], input=archive.read(name), capture_output=True, check=False)
            assert checked.returncode == 0, checked.stderr
    hidden = {name.split("/")[2] for name in names if name.startswith("graders/hidden/")}
    assert hidden == {"exercise01"}


def test_the_same_bundle_is_the_same_bytes(tmp_path, kata):
    for name in ("one.zip", "two.zip"):
        grading.gradescope(ROOT, [kata], tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


# Docker.


def test_the_dockerfile_is_a_good_one(tmp_path, kata):
    names = grading.docker(ROOT, [kata], tmp_path / "image")
    text = (tmp_path / "image/Dockerfile").read_text()
    assert {name.split("/")[0] for name in names} == {"source", "Dockerfile", ".dockerignore"}
    assert re.search(r"^FROM python:\d+\.\d+\.\d+-slim-\w+$", text, re.MULTILINE)
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE)[-1] not in ("root", "0")
    for line in re.findall(r"^(?:ENTRYPOINT|CMD|SHELL) (.*)$", text, re.MULTILINE):
        assert all(isinstance(word, str) for word in json.loads(line))
    if shutil.which("hadolint"):
        done = subprocess.run(["hadolint", "-"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_what_the_image_starts_grades(tmp_path, kata):
    grading.docker(ROOT, [kata], tmp_path / "image")
    text = (tmp_path / "image/Dockerfile").read_text()
    entry, words = (json.loads(re.search(rf"^{name} (.*)$", text, re.MULTILINE)[1]) for name in ("ENTRYPOINT", "CMD"))
    assert entry == ["python", "-m", "graders.cli"]
    words = [str(WRONG) if word == "/submission" else word for word in words]
    done = module(*words, cwd=tmp_path / "image/source")
    assert json.loads(done.stdout)["score"] == 3, done.stderr


# Classroom 50.

RUNNER = {
    "CLASSROOM": "cs1",
    "ASSIGNMENT": "affine",
    "SUBMISSION_TAG": "submit/1",
    "COMMIT_URL": "https://example.org/commit/1",
    "RELEASE_URL": "https://example.org/releases/1",
}


def test_classroom50s_bundle_writes_its_result(tmp_path, kata):
    grading.classroom50(ROOT, [kata], tmp_path / "bundle.zip")
    with zipfile.ZipFile(io.BytesIO((tmp_path / "bundle.zip").read_bytes())) as archive:
        archive.extractall(tmp_path / "bundle")
    checkout = tmp_path / "checkout"
    shutil.copytree(WRONG, checkout)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "bundle/autograder.py")],
        cwd=checkout,
        env={"PATH": "/usr/bin:/bin", "KATAS_INSTALLED": "yes", **RUNNER},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((checkout / "result.json").read_text())
    jsonschema.validate(result, SCHEMAS["classroom50"])
    assert (result["classroom"], result["score"], result["max-score"]) == ("cs1", 3, 10)


def test_a_kata_that_is_only_begun_shows_nothing(clone):
    scaffold(clone, "week3", "week3")
    files = contents.student_files(clone, [catalogue.load(clone, "week3")])
    assert student.leaks(clone, files) == []
