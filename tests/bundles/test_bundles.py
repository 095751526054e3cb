"""Tests of bundles: those for students contain no answers, and those for graders work in a clean root."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graders import catalogue
from graders.authoring.scaffold import scaffold
from graders.bundles import contents, grading, student
from graders.cli import app
from graders.errors import KataError
from katas_practice.faults import FAULTS
from tests.attacks.building import build, build_in_a_line
from tests.github_server import git
from tests.late import Late
from tests.milestone_course import write_course
from tests.repo.test_docs import links
from tests.report.test_exports import SCHEMAS
from tests.shell import katas
from tests.shell import pytest as run_pytest
from tests.workshop import ROOT, SOLUTION, write, write_clone

jsonschema = Late("jsonschema")
SLUGS = [path.parent.name for path in sorted((ROOT / "katas").glob("*/kata.toml"))]
_LISTED = git(ROOT, "ls-files", "katas/*/kata.toml")
COMMITTED = [slug for slug in SLUGS if f"katas/{slug}/kata.toml" in _LISTED]


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """Return a submission whose answers for a batch are wrong."""
    return build_in_a_line("return z[..., None]", tmp_path_factory.mktemp("wrong") / "submission")


# For students.


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    """Return the bundle of all katas, made from the current repository."""
    folder = tmp_path_factory.mktemp("bundle") / "katas"
    chosen = [catalogue.load(ROOT, slug) for slug in COMMITTED]
    files = contents.student_files(ROOT, chosen)
    contents.lay_out(files, {}, folder)
    return folder


def functions(path: Path) -> Iterator[str]:
    """Yield the bodies of a file's functions, without docstrings, layout and stubs."""
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


@pytest.mark.deep
def test_no_secret_function_is_in_the_bundle(handed_out):
    seen_by_all = {text for path in (ROOT / "katas").rglob("*.py") for text in functions(path)}
    places = [path for place in ("solutions", "graders/hidden") for path in (ROOT / place).rglob("*.py")]
    secret = {text: path for path in places for text in functions(path)}
    leaked = secret.keys() & {text for path in handed_out.rglob("*.py") for text in functions(path)} - seen_by_all
    assert {secret[text] for text in leaked} == set()
    assert len(secret) > 500


def test_no_sentence_of_a_misconception_is_in_the_bundle(handed_out):
    read = [path for path in handed_out.rglob("*") if path.suffix in (".py", ".md", ".toml")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in read)
    sentences = [variant.sentence for slug in COMMITTED for variant in catalogue.load(ROOT, slug).wrong]
    sentences = [sentence for sentence in sentences if len(sentence) > 40]
    assert len(sentences) > 50
    assert [sentence for sentence in sentences if sentence in text] == []


def test_no_file_of_the_bundle_has_a_secrets_name(handed_out):
    names = [str(path.relative_to(handed_out)) for path in handed_out.rglob("*")]
    secret = re.compile(r"hidden/|solutions|/wrong/|/accept/|test_hidden|__pycache__|\.git/")
    assert list(filter(secret.search, names)) == []


def test_the_bundle_runs_and_grades_by_the_visible_tests(handed_out):
    stub = run_pytest("katas/exercise01", "-q", cwd=handed_out)
    assert stub.status == 1, stub.said
    assert "11 failed" in stub.out
    place = handed_out / "katas/exercise01/affine.py"
    kept = place.read_bytes()
    shutil.copy(ROOT / "solutions/exercise01/affine.py", place)
    try:
        solved = run_pytest("katas/exercise01", "-q", cwd=handed_out)
        assert (solved.status, "11 passed" in solved.out) == (0, True), solved.said
        graded = module("grade", "exercise01", "--format", "json", cwd=handed_out)
        verdict = json.loads(graded.stdout)
        assert (verdict["status"], verdict["max_score"]) == ("passed", 11), graded.stderr
        assert "This copy has no hidden tests" in verdict["message"]
    finally:
        place.write_bytes(kept)


@pytest.mark.parametrize("slug", catalogue.slugs(ROOT))
def test_no_visible_test_needs_the_solution(slug):
    asked = [
        f"{path.name}: kata.{node.func.attr}"
        for path in catalogue.load(ROOT, slug).visible_tests
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in ("speed", "reference") and "than" not in {keyword.arg for keyword in node.keywords}
    ]
    assert asked == []  # kata.speed(…, than=…) compares a submission with itself


@pytest.mark.deep
@pytest.mark.wide
def test_a_copy_of_challenge5s_solution_passes_in_the_bundle(tmp_path):
    contents.lay_out(*bundle("challenge5"), tmp_path / "handout")
    for name in catalogue.load(ROOT, "challenge5").files:
        shutil.copy(ROOT / "solutions/challenge5" / name, tmp_path / "handout/katas/challenge5")
    solved = run_pytest("katas/challenge5", "-q", cwd=tmp_path / "handout")
    assert solved.status == 0, solved.said


def run(command: list[str], cwd: Path, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240, check=False, **more)


def module(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `katas words…` of the copy in `cwd`."""
    return run([sys.executable, "-m", "graders.cli", *words], cwd)


@pytest.fixture
def clone(tmp_path):
    return write_clone(tmp_path / "clone", ["alpha", "beta"], "# Alpha\n")


ITS_OWN = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]  # not this repository
from graders.cli import main
main()
"""


COMMANDS = [
    ["grade-batch", "in", "--out", "out"],
    ["gradebook", "show"],
    ["new", "softplus"],
    ["collect", "roster.csv"],
]


@pytest.mark.parametrize("command", COMMANDS)
def test_instructors_commands_say_that_they_are_not_included(handed_out, command):
    done = run([sys.executable, "-c", ITS_OWN, *command], handed_out)
    assert done.returncode == 2
    lacking = f"this copy of the katas has no `katas {command[0]}`"
    assert ("this is a copy for learners" if command[0] == "new" else lacking) in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_writes_a_bundle(clone, tmp_path):
    done = katas("release", "alpha", "--student", str(tmp_path / "out"), cwd=clone)
    assert (done.status, done.err) == (0, "")
    assert re.fullmatch(r"written: \S+/out \(\d+ files, 1 kata\)\n", done.out)
    assert sorted(path.name for path in (tmp_path / "out/katas").iterdir()) == ["alpha"]
    assert "pytest katas/alpha" in (tmp_path / "out/README.md").read_text()
    again = katas("release", "alpha", "--student", str(tmp_path / "out"), cwd=clone)
    assert (again.status, "it exists and is not an empty folder" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("slugs", "install"),
    [
        (["exercise01", "exercise04"], '-e ".[serve]"\n'),
        (["exercise02", "milestone1"], '-e ".[serve,torch,data]"\n'),
        (["challenge1"], '-e ".[serve,torch,data,figures]"\n'),
    ],
)
def test_handout_installs_only_what_its_katas_need(slugs, install):
    text = student.texts(ROOT, [catalogue.load(ROOT, slug) for slug in slugs])["README.md"]
    assert f"pip install -c constraints.txt {install}" in text
    assert "on macOS, or on Windows in WSL 2" in text


def test_handout_lists_the_katas_in_the_order_of_the_course():
    text = student.texts(ROOT, [catalogue.load(ROOT, slug) for slug in COMMITTED])["README.md"]
    places = [
        text.index(f"(katas/{slug}/README.md)") for slug in ("exercise00", "milestone1", "exercise10", "milestone2")
    ]
    places += [text.index("**Part 2: language**")]
    places += [text.index(f"(katas/{slug}/README.md)") for slug in ("exercise11", "milestone3", "challenge1", "meta")]
    assert places == sorted(places)
    assert "    pytest katas/exercise00 " in text
    assert "    katas watch exercise00 " in text


def test_handout_warns_if_practice_gives_away_a_kata_that_it_lacks():
    def warned(*slugs):
        return student.warnings(ROOT, [catalogue.load(ROOT, slug) for slug in slugs])

    said = (
        "WARNING: `katas debug` in it gives away answers to challenge5. Hand it out after challenge5 has been graded."
    )
    assert warned("exercise01", "challenge1") == [said]
    assert warned("exercise01", "challenge5") == []


def test_handout_links_to_nothing_that_it_lacks(handed_out):
    texts = [path for path in handed_out.rglob("*.md") if "node_modules" not in path.parts]
    found = [(path, link) for path in texts for link in links(path.read_text("utf-8")) if "://" not in link]
    assert len(found) > 20
    gone = [(path, link) for path, link in found if not link.startswith("#") and not there(path, link)]
    assert gone == []


def there(path: Path, link: str) -> bool:
    return (path.parent / link.partition("#")[0]).exists()


def test_handout_says_how_to_work_what_to_submit_and_why_earlier_katas_are_in_it():
    text = student.texts(ROOT, [catalogue.load(ROOT, slug) for slug in ("exercise04", "milestone1")])["README.md"]
    assert "    katas serve " in text
    assert "| [Your own network learns](katas/milestone1/README.md) | 40 minutes | `network.py` |\n" in text
    earlier = [line for line in text.splitlines() if line.startswith("- ")]
    assert "- [ReLU and its derivative](katas/exercise02/README.md): milestone1 uses your `relu.py`" in earlier
    after = student.texts(ROOT, [catalogue.load(ROOT, "exercise03")])["README.md"]
    assert "- [Affine layer](katas/exercise01/README.md): it comes before exercise03\n" in after
    alone = student.texts(ROOT, [catalogue.load(ROOT, "exercise01")])["README.md"]
    assert "- [" not in alone


def test_command_without_pytorch_says_how_to_install_it(monkeypatch, capsys):
    def fails(**_):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(app, "app", fails)
    assert app.run_command_line() == 2
    assert "the package torch is not installed. Install it: pip install" in capsys.readouterr().err


@pytest.mark.deep
def test_explanations_are_handed_out_only_on_request(clone, tmp_path):
    words = ("release", "alpha", "--student")
    assert katas(*words, str(tmp_path / "plain"), cwd=clone).status == 0
    assert not (tmp_path / "plain/solutions").exists()
    assert not list((tmp_path / "plain").rglob("after.md"))
    done = katas(*words, str(tmp_path / "out"), "--with-explanations", cwd=clone)
    assert done.status == 0, done.said
    given = [path for path in (tmp_path / "out/solutions").rglob("*") if path.is_file()]
    assert given == [tmp_path / "out/solutions/alpha/after.md"]
    env = {"NN_KATAS_PROGRESS": str(tmp_path / "progress.sqlite")}
    early = katas("solution", "alpha", "--explain", cwd=tmp_path / "out", env=env)
    assert (early.status, "You have not passed alpha yet" in early.err) == (2, True)
    assert "Why it works" in katas("solution", "alpha", "--explain", "--anyway", cwd=tmp_path / "out", env=env).out
    told = katas("solution", "alpha", "--anyway", cwd=tmp_path / "out", env=env)
    assert (told.status, "there is no solution here. Ask your instructor" in told.err) == (2, True)
    graded = katas("grade", "alpha", cwd=tmp_path / "out", env=env)
    assert graded.status == 1, graded.said
    write(tmp_path / "out/katas/alpha/twice.py", SOLUTION)
    graded = katas("grade", "alpha", cwd=tmp_path / "out", env=env)
    assert graded.out.endswith("\n\nkatas solution alpha --explain: why it works\n"), graded.said


def test_the_command_says_what_it_lacks(clone, tmp_path):
    for words in ((), ("--with-explanations", "--docker", str(tmp_path / "out"))):
        done = katas("release", *words, cwd=clone)
        assert (done.status, "--student DIR" in done.err) == (2, True)


def test_text_from_an_explanation_is_a_secret(clone, tmp_path):
    secret = "\n".join(f"Sentence number {number} of the explanation." for number in range(6))
    write(clone / "solutions/alpha/after.md", secret)
    write(clone / "graders/hidden/alpha/notes.md", "nothing")
    copied = write(tmp_path / "copied.md", f"# Handout\n{secret}\n")
    found = student.leaks(clone, {"docs/copied.md": copied})
    assert found == ["docs/copied.md: it contains text from solutions/alpha/after.md"]


def test_an_edited_stub_is_not_handed_out(clone, tmp_path):
    write(clone / "katas/alpha/twice.py", SOLUTION + "# mine\n")
    done = katas("release", "--student", str(tmp_path / "out"), cwd=clone)
    assert (done.status, "katas/alpha/twice.py: it has uncommitted changes" in done.err) == (2, True)
    git(clone, "commit", "-q", "-a", "-m", "oops")
    write(clone / "katas/alpha/twice.py", SOLUTION)
    git(clone, "commit", "-q", "-a", "-m", "oops")
    done = katas("release", "--student", str(tmp_path / "out"), cwd=clone)
    assert (done.status, "katas/alpha/twice.py: it is the solution" in done.err) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("without", [pytest.param("repository", marks=pytest.mark.deep), "program"])
def test_a_stub_that_gets_points_is_not_handed_out_without_git(clone, tmp_path, without):
    env = {}
    if without == "repository":
        shutil.rmtree(clone / ".git")
        done = katas("release", "--student", str(tmp_path / "first"), cwd=clone)
        assert done.status == 0, done.said
    else:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/bwrap").symlink_to(str(shutil.which("bwrap")))
        env = {"PATH": str(tmp_path / "bin")}
    write(clone / "katas/alpha/twice.py", SOLUTION.replace("return", "y = 0\n    return"))
    done = katas("release", "--student", str(tmp_path / "out"), cwd=clone, env=env)
    assert (done.status, "katas/alpha/twice.py: this stub gets points for" in done.err) == (2, True), done.said
    assert not (tmp_path / "out").exists()


@pytest.mark.deep
def test_a_custom_course_is_handed_out_with_settings(clone, tmp_path):
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
    moved = lines.replace("    value", "        value")
    copied = write(tmp_path / "copied.py", f"class Other:\n    # moved\n    def f(self, x):\n{moved}")
    assert student.leaks(clone, {"graders/other.py": copied}) == [f"graders/other.py: it contains text from {secret}"]
    assert student.leaks(clone, {"graders/other.py": write(tmp_path / "own.py", "x = 1\n")}) == []


def test_a_folder_in_use_is_not_written_into(tmp_path):
    write(tmp_path / "used/notes.txt", "mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("used", "link"):
        with pytest.raises(KataError, match="it exists and is not an empty folder"):
            contents.check_place(tmp_path / name)
    with pytest.raises(KataError, match="there is no folder"):
        contents.check_place(tmp_path / "nowhere/out")


# For graders: the bundle of one kata.


@pytest.fixture(scope="module")
def kata():
    return catalogue.load(ROOT, "exercise01")


@pytest.fixture(scope="module")
def autograder(tmp_path_factory, kata):
    """Return /autograder as Gradescope makes it from the .zip: source/, run_autograder, and what setup.sh installs."""
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
--dir /root --chmod 0755 /root --ro-bind {base} {base} --ro-bind {venv} {venv} {packages}
--dev /dev --proc /proc --bind {autograder} /autograder --chdir /autograder /autograder/run_autograder
"""


def run_autograder(autograder: Path, submission: Path, more: str = "") -> subprocess.CompletedProcess[str]:
    """Run it in a root with only Debian's /usr, Python and what setup.sh installs, without this repository."""
    for name in ("submission", "results"):
        shutil.rmtree(autograder / name, ignore_errors=True)
    shutil.copytree(submission, autograder / "submission")
    (autograder / "results").mkdir()
    # A planted copy has the packages of another environment on its path as well.
    folders = [folder for folder in sys.path if Path(folder).name == "site-packages"]
    packages = " ".join(f"--ro-bind {folder} {folder}" for folder in folders)
    places = {"base": sys.base_prefix, "venv": sys.prefix, "packages": packages, "autograder": autograder}
    command = CLEAN_ROOT.format(more=more, **places).split()
    return run(command, autograder)


needs_bubblewrap = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap makes the clean root")
NO_NAMESPACES = "--disable-userns"  # as in a container that may not make any: the outer layer cannot be set up


@pytest.mark.deep
@needs_bubblewrap
@pytest.mark.parametrize(("more", "confinement"), [("", "full"), (NO_NAMESPACES, "partial")])
def test_gradescopes_bundle_grades_in_a_clean_root(autograder, wrong, more, confinement):
    done = run_autograder(autograder, wrong, more)
    assert done.returncode == 0, done.stderr
    result = json.loads((autograder / "results/results.json").read_text())
    jsonschema.validate(result, SCHEMAS["gradescope"])
    assert result["extra_data"]["katas"][0]["confinement"] == confinement
    assert [(test["score"], test["status"]) for test in result["tests"]][:2] == [(4, "passed"), (0, "failed")]
    assert result["score"] == 4


@pytest.mark.deep
@needs_bubblewrap
@pytest.mark.parametrize(("more", "confinement"), [("", "full"), (NO_NAMESPACES, "partial")])
def test_a_submission_finds_no_hidden_test_on_gradescope(autograder, tmp_path, more, confinement):
    done = run_autograder(autograder, build("c04_files", tmp_path / "submission"), more)
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


@pytest.mark.deep
@needs_bubblewrap
def test_a_fault_of_the_harness_leaves_gradescope_no_result(autograder, wrong, tmp_path):
    broken = tmp_path / "autograder"
    shutil.copytree(autograder, broken, symlinks=True)
    write(broken / "source/graders/hidden/exercise01/test_hidden.py", "import nothing_that_is_there\n")
    done = run_autograder(broken, wrong)
    assert done.returncode == 1
    assert not (broken / "results/results.json").exists()


def test_gradescopes_bundle_has_the_documented_layout(tmp_path, kata):
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


def test_the_same_files_give_the_same_bundle(tmp_path, kata):
    for name in ("one.zip", "two.zip"):
        grading.gradescope(ROOT, [kata], tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.parametrize(("slug", "extras"), [("challenge6", "torch,data,triton"), ("exercise01", "torch,data")])
def test_a_bundle_installs_what_its_katas_need(tmp_path, slug, extras):
    kata = catalogue.load(ROOT, slug)
    grading.gradescope(ROOT, [kata], tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        assert f'-e ".[{extras}]"' in archive.read("setup.sh").decode()
    grading.docker(ROOT, [kata], tmp_path / "image")
    assert f'-e ".[{extras}]"' in (tmp_path / "image/Dockerfile").read_text()


# Docker.


def test_hadolint_finds_nothing_in_the_dockerfile(tmp_path, kata):
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


@pytest.mark.deep
def test_the_images_command_grades(tmp_path, kata, wrong):
    grading.docker(ROOT, [kata], tmp_path / "image")
    text = (tmp_path / "image/Dockerfile").read_text()
    entry, words = (json.loads(re.search(rf"^{name} (.*)$", text, re.MULTILINE)[1]) for name in ("ENTRYPOINT", "CMD"))
    assert entry == ["python", "-m", "graders.cli"]
    words = [str(wrong) if word == "/submission" else word for word in words]
    done = module(*words, cwd=tmp_path / "image/source")
    assert json.loads(done.stdout)["score"] == 4, done.stderr


def test_a_new_kata_leaks_nothing(clone):
    scaffold(clone, "week3", "week3")
    files = contents.student_files(clone, [catalogue.load(clone, "week3")])
    assert student.leaks(clone, files) == []


# Explanations in a handout.


def strings(path: Path) -> Iterator[str]:
    """Yield the text of a file, or the strings of a program, joined as Python joins them."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix != ".py":
        yield text
        return
    yield from (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant) and node.value)


@pytest.fixture(scope="module")
def debugger(tmp_path_factory):
    """Return the handout of the kata in which a person reviews explanations of faults."""
    folder = tmp_path_factory.mktemp("debugger") / "handout"
    contents.lay_out(*bundle("challenge5"), folder)
    return folder


def bundle(*slugs: str) -> tuple[contents.Files, dict[str, str]]:
    """Return the files of these katas' handout, and the texts generated for it."""
    chosen = [catalogue.load(ROOT, slug) for slug in slugs]
    return contents.student_files(ROOT, chosen), student.texts(ROOT, chosen)


def test_no_explanation_is_handed_out_if_a_person_reviews_them(debugger):
    texts = [text for fault in FAULTS.values() for text in (fault.why, fault.fix, fault.prevention)]
    sentences = [part for text in texts for part in re.split(r"(?<=[.;]) ", text) if len(part) > 20]
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
        pytest.param(words.split(), id=words, marks=[] if words == "new" else pytest.mark.deep)
        for words in ("new", "grade", "hint", "solution 1", "list")
    ],
)
def test_a_handout_without_practice_says_so_and_why(debugger, words):
    done = module("debug", *words, cwd=debugger)
    assert (done.returncode, done.stdout) == (2, "")
    assert "this handout has no practice networks" in done.stderr
    assert "answers that a person grades in challenge5" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.deep
def test_a_handout_without_practice_has_everything_else(debugger):
    collected = run_pytest("katas/challenge5", "--collect-only", "-q", cwd=debugger)
    assert (collected.status, "15 tests collected" in collected.out) == (0, True), collected.said
    looked = run_pytest("katas/challenge5/test_diagnosis.py", "-q", cwd=debugger)
    assert (looked.status, "5 skipped" in looked.out) == (1, True), looked.said
    listed = module("list", cwd=debugger)
    assert (listed.returncode, "challenge5" in listed.stdout) == (0, True), listed.stderr


def test_a_handout_without_reviewed_explanations_has_practice(tmp_path):
    contents.lay_out(*bundle("exercise04"), tmp_path / "handout")
    done = module("debug", "list", cwd=tmp_path / "handout")
    assert (done.returncode, "no puzzles yet" in done.stdout) == (0, True), done.stderr


@pytest.mark.deep
def test_a_students_copy_calls_only_official_results_official(tmp_path, monkeypatch):
    monkeypatch.setenv("NN_KATAS_PROGRESS", str(tmp_path / "progress.sqlite"))
    place = tmp_path / "handout"
    contents.lay_out(*bundle("exercise04"), place)
    shutil.copy(ROOT / "solutions/exercise04/softmax_cross_entropy.py", place / "katas/exercise04")
    ran = run_pytest("katas/exercise04", "-q", cwd=place)
    assert "11 of 11 points in the tests run here; the official result comes from your course" in ran.out, ran.said
    assert "official: katas" not in ran.out
    graded = module("grade", "exercise04", cwd=place)
    assert graded.returncode == 0, graded.stderr
    for words in (["progress"], ["next"]):
        output = module(*words, cwd=place).stdout
        assert "Your course grades them with the hidden tests." in output
        assert "You have passed every kata" not in output


def test_the_demo_says_what_a_students_copy_lacks(tmp_path):
    contents.lay_out(*bundle("exercise04"), tmp_path / "handout")
    done = module("demo", cwd=tmp_path / "handout")
    assert (done.returncode, done.stdout) == (2, "")
    assert "does not include the demo's submissions" in done.stderr
    assert "katas grade exercise04" in done.stderr


# The recipes of docs/pulls.md and docs/release.md.


def recipe(page: str, heading: str) -> str:
    """Return the first block of commands under a heading of a page."""
    section = (ROOT / "docs" / page).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", section, re.MULTILINE)
    return textwrap.dedent(blocks[0])


@pytest.mark.deep
def test_the_documented_recipe_stores_points_of_requests(clone, tmp_path):
    git(clone, "branch", "-M", "main")
    for number, slug in ((7, "alpha"), (8, "beta")):
        git(clone, "checkout", "-q", "-b", f"request{number}", "main")
        write(clone / "katas" / slug / "twice.py", SOLUTION)
        git(clone, "commit", "-q", "-a", "-m", "solved")
        git(clone, "update-ref", f"refs/pull/{number}/head", "HEAD")
    git(clone, "checkout", "-q", "main")
    course = tmp_path / "course"
    git(tmp_path, "clone", "-q", str(clone), str(course))
    write(course / "people.txt", "7 ada\n8 bob\n")
    commands = recipe("pulls.md", "Course points").replace("exercise04", "alpha")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    env = {"PATH": path, "HOME": str(tmp_path), "NN_KATAS_PROGRESS": str(tmp_path / "progress.sqlite")}
    alone = "katas grade alpha --submission git:.@refs/pulls/7"
    assert alone.replace("alpha", "exercise04") in (ROOT / "docs/pulls.md").read_text(encoding="utf-8")
    done = run(["bash", "-e", "-c", f"{commands}\nkatas gradebook show\n{alone}"], course, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^ada\b.*\b3\b", done.stdout, re.MULTILINE), done.stdout
    assert "bob" not in done.stdout


@pytest.mark.deep
def test_a_handout_grades_with_hidden_suites_from_elsewhere(clone, tmp_path):
    done = katas("release", "alpha", "--student", str(tmp_path / "public"), cwd=clone)
    assert done.status == 0, done.said
    shutil.copytree(ROOT / "graders/github", tmp_path / "public/graders/github")
    hidden = tmp_path / "hidden"
    shutil.copytree(clone / "graders/hidden/alpha", hidden / "alpha")
    shutil.copytree(clone / "solutions", hidden / "solutions")
    taken = {"pull": {"number": 7, "commit": "a" * 40}, "taken": []}
    write(tmp_path / "taken.json", json.dumps(taken))
    words = ["grade", "--taken", str(tmp_path / "taken.json"), "--out", str(tmp_path / "out.json")]
    graded = run([sys.executable, "-m", "graders.github", *words, "--hidden", str(hidden)], tmp_path / "public")
    assert (graded.returncode, json.loads((tmp_path / "out.json").read_text())) == (0, {"verdicts": []}), graded.stderr
    solved = write(tmp_path / "solved/twice.py", SOLUTION).parent
    words = ["grade", "alpha", "--submission", str(solved), "--hidden", str(hidden), "--format", "json"]
    verdict = json.loads(module(*words, cwd=tmp_path / "public").stdout)
    assert (verdict["status"], verdict["score"]) == ("passed", 3)


@pytest.mark.parametrize(
    ("script", "audience"),
    [
        (grading.RUN_AUTOGRADER, "learner"),
        (grading.DOCKERFILE, None),  # and the command's own default is the learner
    ],
    ids=["gradescope", "docker"],
)
def test_a_bundle_reports_to_learners(script: str, audience: str | None) -> None:
    words = shlex.split(script.replace("\\\n", " "), comments=True)
    assert (words[words.index("--audience") + 1] if "--audience" in words else None) == audience


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_course(tmp_path_factory.mktemp("course"))


def test_students_get_the_earlier_katas_but_no_solution(root: Path) -> None:
    files = contents.student_files(root, [catalogue.load(root, "milestone")])
    assert {name for name in files if name.startswith("katas/") and name.endswith("kata.toml")} == {
        f"katas/{slug}/kata.toml" for slug in ("milestone", "one", "two")
    }
    assert not [name for name in files if name.startswith(("solutions/", "graders/hidden/"))]


def test_graders_get_the_earlier_solutions(root: Path) -> None:
    files = contents.grader_files(root, [catalogue.load(root, "milestone")])
    assert {name for name in files if name.startswith("solutions/")} == {
        "solutions/milestone/network.py",
        "solutions/one/double.py",
        "solutions/two/add_two.py",
    }
    assert "katas/one/double.py" in files  # the stub, so that an unchanged one is recognised
