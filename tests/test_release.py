"""Bundles: what students get holds no answer, and what graders get grades in somebody else's clean root."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from graders import catalogue
from graders.cli.authoring import scaffold
from graders.debugging.faults import FAULTS
from graders.errors import KataError
from graders.release import contents, grading, student
from tests.github_server import git
from tests.late import Late
from tests.test_exports import SCHEMAS
from tests.warm import katas
from tests.workshop import ROOT, SOLUTION, write, write_clone
from tests.workshop import pytest as run_pytest

jsonschema = Late("jsonschema")
SLUGS = [path.parent.name for path in sorted((ROOT / "katas").glob("*/kata.toml"))]
_LISTED = git(ROOT, "ls-files", "katas/*/kata.toml")
COMMITTED = [slug for slug in SLUGS if f"katas/{slug}/kata.toml" in _LISTED]
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
    assert "9 failed" in stub.out
    place = handed_out / "katas/exercise01/affine.py"
    kept = place.read_bytes()
    shutil.copy(ROOT / "solutions/exercise01/affine.py", place)
    try:
        solved = run_pytest("katas/exercise01", "-q", cwd=handed_out)
        assert (solved.status, "9 passed" in solved.out) == (0, True), solved.said
        graded = module("grade", "exercise01", "--format", "json", cwd=handed_out)
        verdict = json.loads(graded.stdout)
        assert (verdict["status"], verdict["max_score"]) == ("passed", 10), graded.stderr
        assert "this copy has no others" in verdict["message"]
    finally:
        place.write_bytes(kept)


@pytest.mark.parametrize("slug", catalogue.slugs(ROOT))
def test_no_visible_test_needs_the_solution_which_no_student_has(slug):
    asked = [
        f"{path.name}: kata.{node.attr}"
        for path in catalogue.load(ROOT, slug).visible_tests
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("speed", "reference")
    ]
    assert asked == []


@pytest.mark.deep
def test_a_copy_of_challenge5s_solution_passes_in_the_bundle(tmp_path):
    contents.lay_out(*bundle("challenge5"), tmp_path / "handout")
    for name in catalogue.load(ROOT, "challenge5").files:
        shutil.copy(ROOT / "solutions/challenge5" / name, tmp_path / "handout/katas/challenge5")
    solved = run_pytest("katas/challenge5", "-q", cwd=tmp_path / "handout")
    assert solved.status == 0, solved.said


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
        timeout=240,
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
@pytest.mark.parametrize(
    ("more", "confinement"), [("", "full"), pytest.param(NO_NAMESPACES, "partial", marks=pytest.mark.deep)]
)
def test_gradescopes_bundle_grades_in_a_clean_root(autograder, more, confinement):
    done = run_autograder(autograder, WRONG, more)
    assert done.returncode == 0, done.stderr
    result = json.loads((autograder / "results/results.json").read_text())
    jsonschema.validate(result, SCHEMAS["gradescope"])
    assert result["extra_data"]["katas"][0]["confinement"] == confinement
    assert [(test["score"], test["status"]) for test in result["tests"]][:2] == [(4, "passed"), (0, "failed")]
    assert result["score"] == 4


@needs_bubblewrap
@pytest.mark.parametrize(
    ("more", "confinement"), [pytest.param("", "full", marks=pytest.mark.deep), (NO_NAMESPACES, "partial")]
)
def test_a_submission_finds_no_hidden_test_in_gradescopes_bundle(autograder, more, confinement):
    """By default where the walls are weaker; behind all of them the attacks of tests/attacks look for it too."""
    done = run_autograder(autograder, SEARCHING, more)
    assert done.returncode == 0, done.stderr
    text = (autograder / "results/results.json").read_text()
    assert json.loads(text)["extra_data"]["katas"][0]["confinement"] == confinement
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
    assert json.loads(done.stdout)["score"] == 4, done.stderr


# Classroom 50.

RUNNER = {
    "CLASSROOM": "cs1",
    "ASSIGNMENT": "affine",
    "SUBMISSION_TAG": "submit/1",
    "COMMIT_URL": "https://example.org/commit/1",
    "RELEASE_URL": "https://example.org/releases/1",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, kata):
    """A wrong submission's checkout after Classroom 50's bundle has run in it.

    A folder and a link were in the places of the reports.
    """
    place = tmp_path_factory.mktemp("classroom50")
    grading.classroom50(ROOT, [kata], place / "bundle.zip")
    with zipfile.ZipFile(place / "bundle.zip") as archive:
        archive.extractall(place / "bundle")
    checkout = place / "checkout"
    shutil.copytree(WRONG, checkout)
    (checkout / "release-body.md").symlink_to(write(place / "elsewhere", "not to be written to"))
    write(checkout / "result.json" / "folder" / "file", "not a result")
    done = subprocess.run(
        [sys.executable, str(place / "bundle/autograder.py")],
        cwd=checkout,
        env={"PATH": "/usr/bin:/bin", "KATAS_INSTALLED": "yes", **RUNNER},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return checkout


def test_classroom50s_bundle_writes_its_result(checkout):
    result = json.loads((checkout / "result.json").read_text())
    jsonschema.validate(result, SCHEMAS["classroom50"])
    assert (result["classroom"], result["score"], result["max-score"]) == ("cs1", 4, 10)


def test_classroom50s_bundle_tells_the_learner_why(checkout):
    told = (checkout / "release-body.md").read_text(encoding="utf-8")
    assert "4 of 10 points" in told
    assert "expected" in told
    assert "seed" not in told
    assert (checkout.parent / "elsewhere").read_text() == "not to be written to"


def test_a_kata_that_is_only_begun_shows_nothing(clone):
    scaffold(clone, "week3", "week3")
    files = contents.student_files(clone, [catalogue.load(clone, "week3")])
    assert student.leaks(clone, files) == []


# What a handout answers, and what it says.


def strings(path: Path) -> Iterator[str]:
    """The texts of a file: of a program its strings, joined as Python joins them."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix != ".py":
        yield text
        return
    yield from (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant) and node.value)


@pytest.fixture(scope="module")
def debugger(tmp_path_factory):
    """The handout of the kata in which a person marks how faults are explained."""
    folder = tmp_path_factory.mktemp("debugger") / "handout"
    contents.lay_out(*bundle("challenge5"), folder)
    return folder


def bundle(*slugs: str) -> tuple[contents.Files, dict[str, str]]:
    """What is handed out of these katas, as it lies here: files, and what is written for the handout."""
    chosen = [catalogue.load(ROOT, slug) for slug in slugs]
    return contents.student_files(ROOT, chosen), student.texts(ROOT, chosen)


def test_no_sentence_that_explains_a_fault_is_handed_out_where_a_person_marks_such_sentences(debugger):
    told = [text for fault in FAULTS.values() for text in (fault.why, fault.fix, fault.prevention)]
    sentences = [part for text in told for part in re.split(r"(?<=[.;]) ", text) if len(part) > 20]
    assert len(sentences) > 200
    text = "\n".join(
        str(each)
        for path in debugger.rglob("*")
        if path.suffix in (".py", ".md", ".toml", ".txt", ".json")
        for each in strings(path)
    )
    assert [sentence for sentence in sentences if sentence in text] == []
    assert not [path for path in debugger.rglob("*") if path.stem in ("hidden", "faults")]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(words.split(), id=words, marks=[] if words in ("new", "check --seeds 1") else pytest.mark.deep)
        for words in ("new", "grade", "hint", "solution 1", "list", "check --seeds 1")
    ],
)
def test_a_handout_without_practice_networks_says_so_and_why(debugger, words):
    done = module("debug", *words, cwd=debugger)
    assert (done.returncode, done.stdout) == (2, "")
    assert "this handout has no practice networks" in done.stderr
    assert "what a person marks in challenge5" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.deep
def test_every_test_is_collected_in_a_handout_without_practice_networks(debugger):
    collected = run_pytest("katas/challenge5", "--collect-only", "-q", cwd=debugger)
    assert (collected.status, "10 tests collected" in collected.out) == (0, True), collected.said


def test_everything_else_stands_in_a_handout_without_practice_networks(debugger):
    looked = run_pytest("katas/challenge5/test_diagnosis.py", "-q", cwd=debugger)
    assert (looked.status, "5 skipped" in looked.out) == (0, True), looked.said
    listed = module("list", cwd=debugger)
    assert (listed.returncode, "challenge5" in listed.stdout) == (0, True), listed.stderr


def test_a_handout_in_which_nobody_marks_explanations_has_practice_networks(tmp_path):
    contents.lay_out(*bundle("exercise04"), tmp_path / "handout")
    done = module("debug", "list", cwd=tmp_path / "handout")
    assert (done.returncode, "no puzzle yet" in done.stdout) == (0, True), done.stderr


def test_a_copy_for_students_calls_nothing_official_that_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("NN_KATAS_PROGRESS", str(tmp_path / "progress.sqlite"))
    place = tmp_path / "handout"
    contents.lay_out(*bundle("exercise04"), place)
    shutil.copy(ROOT / "solutions/exercise04/softmax_cross_entropy.py", place / "katas/exercise04")
    ran = run_pytest("katas/exercise04", "-q", cwd=place)
    assert "10 of 10 points, by the tests run here; what counts is graded by your course" in ran.out, ran.said
    assert "official: katas" not in ran.out
    graded = module("grade", "exercise04", cwd=place)
    assert graded.returncode == 0, graded.stderr
    for words in (["progress"], ["next"]):
        told = module(*words, cwd=place).stdout
        assert "What counts is graded by your course." in told
        assert "Everything is done" not in told
    assert module("progress", "--html", str(tmp_path / "page.html"), cwd=place).returncode == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert ("What counts is graded by your course." in page, "Everything is done" in page) == (True, False)


def test_the_demo_says_what_a_copy_lacks(tmp_path):
    contents.lay_out(*bundle("exercise04"), tmp_path / "handout")
    done = module("demo", cwd=tmp_path / "handout")
    assert (done.returncode, done.stdout) == (2, "")
    assert "comes without the demo's submissions" in done.stderr
    assert "katas grade exercise04" in done.stderr


# The recipes of docs/pulls.md and docs/release.md.


def recipe(page: str, heading: str, number: int = 0) -> str:
    """A block of commands under a heading of a page."""
    section = (ROOT / "docs" / page).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", section, re.MULTILINE)
    return textwrap.dedent(blocks[number])


@pytest.mark.deep
def test_the_points_of_requests_come_into_the_gradebook_as_it_is_documented(clone, tmp_path):
    git(clone, "branch", "-M", "main")
    git(clone, "checkout", "-q", "-b", "right")
    write(clone / "katas/alpha/twice.py", SOLUTION)
    git(clone, "commit", "-q", "-a", "-m", "solved")
    git(clone, "update-ref", "refs/pull/7/head", "HEAD")
    git(clone, "checkout", "-q", "-b", "other", "main")
    write(clone / "katas/beta/twice.py", SOLUTION)
    git(clone, "commit", "-q", "-a", "-m", "of another kata")
    git(clone, "update-ref", "refs/pull/8/head", "HEAD")
    git(clone, "checkout", "-q", "main")
    course = tmp_path / "course"
    git(tmp_path, "clone", "-q", str(clone), str(course))
    write(course / "people.txt", "7 ada\n8 bob\n")
    commands = recipe("pulls.md", "Course points").replace("exercise04", "alpha")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    env = {"PATH": path, "HOME": str(tmp_path), "NN_KATAS_PROGRESS": str(tmp_path / "progress.sqlite")}
    alone = recipe("pulls.md", "Course points", 1).replace("exercise04", "alpha")
    done = subprocess.run(
        ["bash", "-e", "-c", f"{commands}\nkatas gradebook show\n{alone}"],
        cwd=course,
        env=env,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^ada\b.*\b3\b", done.stdout, re.MULTILINE), done.stdout
    assert "bob" not in done.stdout
    assert json.loads((course / "ada.json").read_text())["seed"]


def test_a_public_repository_made_of_a_handout_grades_by_hidden_suites_that_lie_elsewhere(clone, tmp_path):
    done = katas("release", "alpha", "--student", str(tmp_path / "public"), cwd=clone)
    assert done.status == 0, done.said
    shutil.copytree(ROOT / "graders/pulls", tmp_path / "public/graders/pulls")
    hidden = tmp_path / "hidden"
    shutil.copytree(clone / "graders/hidden/alpha", hidden / "alpha")
    shutil.copytree(clone / "solutions", hidden / "solutions")
    taken = {"pull": {"number": 7, "commit": "a" * 40}, "taken": []}
    write(tmp_path / "taken.json", json.dumps(taken))
    words = ["grade", "--taken", str(tmp_path / "taken.json"), "--out", str(tmp_path / "out.json")]
    told = subprocess.run(
        [sys.executable, "-m", "graders.pulls", *words, "--hidden", str(hidden)],
        cwd=tmp_path / "public",
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (told.returncode, json.loads((tmp_path / "out.json").read_text())) == (0, {"verdicts": []}), told.stderr
    solved = write(tmp_path / "solved/twice.py", SOLUTION).parent
    words = ["grade", "alpha", "--submission", str(solved), "--hidden", str(hidden), "--format", "json"]
    verdict = json.loads(module(*words, cwd=tmp_path / "public").stdout)
    assert (verdict["status"], verdict["score"]) == ("passed", 3)
