"""`pytest katas/…` as a learner runs it: from any folder, in one process, with helpful output."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

import pytest

from graders import Judge, catalogue
from tests import milestone_course, shell, workshop
from tests.shell import Finished
from tests.starving import STARVED
from tests.test_watchdog import needs_schedstat
from tests.workshop import ADDED, HALF, ROOT, SOLUTION, STUB, edit, write

SEED = "00112233445566778899aabbccddeeff"
MARK = "The smallest failing case, as code:"
QUICK = ("-p", "no:benchmark", "-p", "no:xdist", "-p", "no:hypothesispytest", "-p", "no:anyio")  # for faster imports


def outcomes(done: Finished) -> dict[str, str]:
    """Return the outcome of every test of a run with -v (or with xdist), by kata and name."""
    plain = re.findall(r"(\w+)/test_\w+\.py::(\w+) ([A-Z]+)", done.out)
    spread = re.findall(r"([A-Z]+) (?:katas/)?(\w+)/test_\w+\.py::(\w+)", done.out)
    return {f"{slug}::{name}": outcome for slug, name, outcome in plain} | {
        f"{slug}::{name}": outcome for outcome, slug, name in spread
    }


def counted(done: Finished) -> dict[str, int]:
    """Return {"passed": 3, …} from pytest's last line."""
    return {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", done.out.splitlines()[-1])}


def code_of(done: Finished) -> str:
    """Return the printed smallest failing case, without pytest's margin."""
    block = re.search(rf"^E +{re.escape(MARK)}\n((?:E.*\n)+)", done.out, re.M)
    assert block is not None, done.out
    return textwrap.dedent("".join(line[1:] or "\n" for line in block[1].splitlines(keepends=True))).strip()


# ------------------------------------------------------------------------------ the katas that are shipped

SHARE = ["exercise01", "exercise04"]  # a sample of the shipped katas, for every run of the tests
TRAINING = "challenge5"  # its five programs train until their symptoms show


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project under a path with spaces and umlauts."""
    return workshop.copy_project(tmp_path_factory.mktemp("m") / "Übungen für 2 und mehr")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample of the shipped katas, without the harness, under a path with spaces and umlauts."""
    root = workshop.write_repository(tmp_path_factory.mktemp("m") / "Übungen für 2", [])
    for name in ("katas", "solutions"):
        for slug in SHARE:
            ignored = shutil.ignore_patterns("__pycache__", ".benchmarks")
            shutil.copytree(ROOT / name / slug, root / name / slug, ignore=ignored)
    return root


@pytest.fixture(scope="module")
def solved(shared: Path) -> Finished:
    """A run of the sample against the solutions, from the root."""
    words = ("-v", "-p", "no:cacheprovider", "-p", "no:benchmark")
    return shell.pytest("katas", "--against", "solutions", *words, cwd=shared, torch=True)


@pytest.fixture(scope="module")
def stubs(shared: Path) -> Finished:
    """A run of the sample as cloned, from inside katas/."""
    return shell.pytest("-v", "-p", "no:cacheprovider", "-p", "no:benchmark", cwd=shared / "katas", torch=True)


def solutions_pass_and_stubs_fail(solved: Finished, stubs: Finished, slugs: Iterable[str]) -> None:
    assert solved.status == 0, solved.said
    assert set(counted(solved)) == {"passed"}
    assert stubs.status == 1
    found = outcomes(stubs)
    waiting = {name for name, outcome in found.items() if outcome == "SKIPPED"}  # diagnoses that have not been started
    assert all("the_diagnosis_is_filled_in" in name for name in waiting), found
    assert {outcome for name, outcome in found.items() if name not in waiting} <= {"FAILED", "BLOCKED"}, found
    assert {name.partition("::")[0] for name in found} == set(slugs)
    assert counted(solved)["passed"] == sum(counted(stubs).get(name, 0) for name in ("failed", "blocked", "skipped"))
    assert "warning" not in (solved.said + stubs.said).lower()


def test_every_visible_test_passes_for_the_solution_and_fails_for_the_stub(solved: Finished, stubs: Finished) -> None:
    solutions_pass_and_stubs_fail(solved, stubs, SHARE)
    assert re.search(r"^softmax is not written yet: exercise04/softmax_cross_entropy.py, line \d+$", stubs.out, re.M)


@pytest.mark.deep
def test_all_shipped_katas_behave_like_the_sample(project: Path) -> None:
    words = ("-p", "no:benchmark", "-k", "not real_reviews and not on_a_gpu")  # which not every machine has
    solved = shell.pytest("katas", "--against", "solutions", "-n", "2", *words, cwd=project)
    stubs = shell.pytest("-v", "-p", "no:cacheprovider", *words, cwd=project / "katas")
    solutions_pass_and_stubs_fail(solved, stubs, catalogue.slugs(ROOT))
    done = shell.pytest("-q", "--against", "solutions", cwd=project / "katas" / TRAINING)
    assert done.status == 0, done.said


def test_pytest_benchmark_says_nothing_if_no_benchmark_is_asked_for(shared: Path) -> None:
    words = ("katas/exercise04", "--against", "solutions", "-p", "no:cacheprovider", "-k", "five_times_as_fast")
    done = shell.pytest(*words, cwd=shared, torch=True)
    assert (done.status, counted(done)["passed"]) == (0, 2), done.said
    assert "plugins: " in done.out
    assert not re.search(r"^benchmark: |OPS|^-+ benchmark", done.out, re.M), done.out
    assert not (shared / ".hypothesis").exists()


def test_benchmarks_compare_the_framework_with_pytorch_if_asked_for(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path / "course", [])
    for name in ("katas", "solutions"):
        shutil.copytree(ROOT / name / "meta", root / name / "meta", ignore=shutil.ignore_patterns("__pycache__"))
    words = ("katas/meta", "--benchmark-only", "--benchmark-max-time=0.05", "-p", "no:cacheprovider")
    done = shell.pytest(*words, "--against", "solutions", cwd=root, torch=True)
    assert (done.status, counted(done)["passed"]) == (0, 4), done.said
    assert re.findall(r"^-+ benchmark '(.+)': 2 tests -+$", done.out, re.M) == [
        "784-128-10 with Adam",
        "a convolution with SGD",
    ]
    rows = re.findall(r"^test_a_training_step\[.+-(\w+)\] +[\d.,]+ ", done.out, re.M)
    assert sorted(rows) == ["pytorch", "pytorch", "your_framework", "your_framework"], done.out
    unwritten = shell.pytest(*words, cwd=root, torch=True)
    assert (unwritten.status, dict(counted(unwritten))["failed"]) == (1, 2), unwritten.said


@pytest.mark.parametrize("against", [(), ("--against", "solutions")])
def test_a_kata_runs_from_inside_its_folder(shared: Path, against: tuple[str, ...]) -> None:
    done = shell.pytest("-q", *against, cwd=shared / "katas" / "exercise04", torch=True)
    assert (done.status, set(counted(done))) == ((0, {"passed"}) if against else (1, {"failed"}))


def test_a_kata_runs_from_the_root() -> None:
    done = shell.pytest("katas/exercise04", "-p", "no:cacheprovider", cwd=ROOT, cold=True)
    assert done.status == 1
    assert "exercise04: 0 of 2 tasks, extras 0 of 4, 0 of 11 points" in done.out


# --------------------------------------------------------------------------------------- small katas


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workshop.write_repository(tmp_path, ["alpha"])


def submitted(root: Path, text: str, *words: str, slug: str = "alpha", typed: str | None = None) -> Finished:
    """`pytest words…` where `text` is the learner's module."""
    write(root / "katas" / slug / "twice.py", text)
    return shell.pytest("-p", "no:cacheprovider", *QUICK, *words, cwd=root, text=typed)


def several(root: Path, texts: dict[str, str]) -> Path:
    """Write a kata for each learner's module, so that one run of pytest tests them all. Return `root`."""
    workshop.write_repository(root, list(texts))
    for slug, text in texts.items():
        write(root / "katas" / slug / "twice.py", text)
    return root


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    """A run of a wrong answer that prints, with a fixed seed."""
    root = workshop.write_repository(tmp_path_factory.mktemp("added"), ["alpha"])
    text = ADDED.replace("    return 2.0", "    print('x is', x)\n    return 2.0")
    return root, submitted(root, text, "katas/alpha", "--seed", SEED)


def test_a_wrong_answer_is_reported_without_the_harness(added: tuple[Path, Finished]) -> None:
    shown = added[1].out
    assert f"--seed={SEED}" in shown.partition("collected")[0]
    assert re.search(r"^E +AssertionError: twice: wrong value at \[", shown, re.M)
    assert re.search(r"^-+ Captured stdout call -+\nx is \[", shown, re.M)
    assert "points, unofficial" in shown
    assert "katas grade alpha" in shown
    assert "graders/" not in shown
    assert "Handle(" not in shown


def test_the_smallest_failing_case_can_be_pasted(added: tuple[Path, Finished]) -> None:
    root, done = added
    code = f"{code_of(done)}\nprint(x.size, twice(x) - x)"
    assert shell.run(sys.executable, "-c", code, cwd=root / "katas" / "alpha").out.splitlines()[-1] == "1 [2.]"


def test_a_seed_draws_the_same_inputs_again(added: tuple[Path, Finished]) -> None:
    root, before = added
    text = ADDED.replace("    return 2.0", "    print('x is', x)\n    return 2.0")
    again = submitted(root, text, "katas/alpha", "--seed", SEED)
    other = submitted(root, text, "katas/alpha", "--seed", SEED[::-1])
    drawn = [re.findall(r"x is (.*)", done.out) for done in (before, again, other)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert code_of(before) == code_of(again)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seed", "zz"], "--seed zz: 32 hexadecimal digits"),
        (["--seed", "abcd"], "--seed abcd: 32 hexadecimal digits"),
        (["--against", "solution"], "--against solution: give the name of a folder next to katas/"),
        (["--against", "../x"], "--against ../x: give the name of a folder next to katas/"),
    ],
)
def test_a_bad_option_is_a_usage_error_in_one_line(root: Path, words: list[str], told: str) -> None:
    done = submitted(root, STUB, "katas", *words)
    assert done.status == pytest.ExitCode.USAGE_ERROR
    (line,) = done.said.strip().splitlines()
    assert line.startswith(f"ERROR: {told}")


def test_a_broken_kata_toml_is_one_message(root: Path) -> None:
    in_toml(root, "minutes", "minuets")
    done = submitted(root, STUB, "-q", "katas")
    assert done.status == pytest.ExitCode.USAGE_ERROR
    assert "katas/alpha/kata.toml: unknown key `minuets`. Did you mean `minutes`?" in done.said
    assert "Traceback" not in done.said


def test_a_python_without_the_packages_is_one_message() -> None:
    code = "import sys; sys.modules['msgspec'] = None; import pytest; sys.exit(pytest.main())"
    done = shell.run(sys.executable, "-c", code, "katas/exercise01")
    assert done.status == pytest.ExitCode.USAGE_ERROR
    (line,) = done.said.strip().splitlines()
    assert "In a clone, activate the environment first: . .venv/bin/activate" in line


WAYS = ["np.asarray(x).view(Mine)", "Mine", "object()", "np.array([object()])", "{1, 2}"]


def test_a_value_that_is_not_plain_fails_as_in_a_grading(tmp_path: Path, judge_of: Judge) -> None:
    text = f"import numpy as np\n\nclass Mine(np.ndarray): ...\n\ndef twice(x):\n    return {{}}\n\n{HALF}"
    root = several(tmp_path, {f"way{number}": text.format(way) for number, way in enumerate(WAYS)})
    done = shell.pytest("-p", "no:cacheprovider", *QUICK, "katas", "-k", "two_becomes", cwd=root)
    assert counted(done)["failed"] == len(WAYS)
    for way in WAYS:
        verdict = judge_of.grade_files("alpha", {"twice.py": text.format(way).encode()})
        message = next(test.message for test in verdict.tests if test.name == "test_two_becomes_four")
        assert message.startswith("twice returned ")
        assert f"AssertionError: {message}" in done.out


@pytest.fixture(scope="module")
def judge_of(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """A judge of the same small kata."""
    with Judge(workshop.write_repository(tmp_path_factory.mktemp("judged"), ["alpha"])) as judge:
        yield judge


COUNTED = "import sys\n\n" + ADDED.replace("    return 2.0", "    print('called', file=sys.stderr)\n    return 2.0")


def test_a_failing_case_is_reduced_except_under_a_debugger(root: Path) -> None:
    assert submitted(root, COUNTED, "-s", "katas").err.count("called") > 3
    done = submitted(root, COUNTED, "-s", "--pdb", "katas", typed="p 'x is', x\nq\n")
    assert done.err.count("called") == 2  # the example, which passes, and the first case, which fails
    assert "katas/alpha/test_alpha.py" in done.out.partition("(Pdb)")[0]


def test_leaving_a_debugger_leaves_pytest(root: Path) -> None:
    done = submitted(root, ADDED.replace("    return 2.0", "    breakpoint()\n    return 2.0"), "katas", typed="q\n")
    assert done.status == pytest.ExitCode.INTERRUPTED
    assert MARK not in done.out


def test_it_works_without_pytests_debugger(root: Path) -> None:
    assert counted(submitted(root, SOLUTION, "-p", "no:debugging", "katas")) == {"passed": 2}


IN_NUMPY = f"import numpy as np\n\ndef twice(x):\n    return np.stack([x, x[:0]])\n\n{HALF}"
INNER = f"def twice(x):\n    return inner(x)\n\ndef inner(x):\n    raise KeyError('mine')\n\n{HALF}"


@pytest.mark.parametrize(
    ("text", "line", "raised"),
    [(INNER, "raise KeyError('mine')", "5: KeyError"), (IN_NUMPY, "return np.stack([x, x[:0]])", "4: ValueError")],
    ids=["own", "before numpy"],
)
def test_a_traceback_ends_in_the_learners_own_line(root: Path, text: str, line: str, raised: str) -> None:
    done = submitted(root, text, "katas", "-k", "becomes_four")
    assert f"\n>       {line}\n" in done.out
    assert f"katas/alpha/twice.py:{raised}" in done.out
    assert "graders/" not in done.out
    assert "site-packages" not in done.out


def test_the_debugger_stops_in_the_learners_line(root: Path) -> None:
    done = submitted(root, IN_NUMPY, "katas", "-k", "becomes_four", "--pdb", typed="p 'x is', x\nup\np kata\nq\n")
    assert "katas/alpha/twice.py(4)twice()" in done.out.partition("(Pdb)")[0]
    assert "('x is', array([2.]))" in done.out
    assert "(Pdb) <alpha: kata.twice(x), kata.half(x)>\n" in done.out


ENDLESS = f"def twice(x):\n    while True:\n        x = x + 0\n\n{HALF}"
SWALLOWING = (
    "def twice(x):\n    try:\n        while True: pass\n    except BaseException:\n        while True: pass\n\n"
)


def in_toml(root: Path, old: str, new: str, slug: str = "alpha") -> None:
    edit(root / "katas" / slug / "kata.toml", old, new)


def short_limit(root: Path, slug: str = "alpha") -> None:
    in_toml(root, "call_s = 3", "call_s = 0.5", slug)


def half_after_twice(root: Path) -> None:
    """Let the task half come after twice, and make its hidden test visible."""
    in_toml(root, 'title = "Half a number"', 'title = "Half a number"\nafter = ["twice"]')
    write(root / "katas" / "alpha" / "test_more.py", workshop.HIDDEN)


def test_a_call_is_stopped_by_its_limit(tmp_path: Path) -> None:
    asleep = f"import time\n\ndef twice(x):\n    time.sleep(600)\n\n{HALF}"
    root = several(tmp_path, {"endless": ENDLESS, "catching": SWALLOWING + HALF, "asleep": asleep})
    for path in (root / "katas").iterdir():
        short_limit(root, path.name)
    done = shell.pytest("-p", "no:cacheprovider", *QUICK, "katas", cwd=root)
    assert (counted(done)["failed"], counted(done)["blocked"]) == (3, 3)  # one limit for each submission
    assert done.out.count("AssertionError: twice took longer than 0.5 s and was stopped, in line ") == 3
    assert len(re.findall(r"stopped, in line \d of twice.py: the loop .* did not end$", done.out, re.M)) == 2
    assert 'is not run, because your code was stopped in "test_two_becomes_four"' in done.out
    for slug in ("endless", "catching", "asleep"):
        assert len(re.findall(rf"^katas/{slug}/twice.py:\d: AssertionError$", done.out, re.M)) == 1, slug
    assert "graders/" not in done.out


def test_an_endless_loop_below_a_probe_names_no_probe(root: Path) -> None:
    short_limit(root)
    folder = root / "katas" / "alpha"
    write(folder / "probes.py", "def four_times(submission, x):\n    return submission.twice(submission.twice(x))\n")
    tests = 'from graders.checks import task\n\n@task("twice")\ndef test_four(kata, probes):\n'
    write(folder / "test_alpha.py", tests + "    assert kata.run(probes.four_times, 1.0) == 4.0\n")
    done = submitted(root, ENDLESS, "katas")
    assert "AssertionError: your code took longer than 0.5 s and was stopped" in done.out
    assert re.search(r"^katas/alpha/twice.py:[23]: AssertionError$", done.out, re.M)


def test_many_short_calls_are_limited_together(root: Path) -> None:
    text = f"from graders.pytest_plugin import local_side\n\nlocal_side.LEAST_S = 1\n\n{workshop.VISIBLE}"
    write(root / "katas" / "alpha" / "test_alpha.py", text.replace("@cases(4)", "@cases(1000)"))
    in_toml(root, "test_s = 6", "test_s = 0.4")
    text = SOLUTION.replace("    return FACTOR", "    time.sleep(0.02)\n    return FACTOR")
    done = submitted(root, f"import time\n\n{text}", "katas")
    assert counted(done) == {"passed": 1, "failed": 1}
    assert "AssertionError: the test took longer than 1 s and was stopped" in done.out


STARVING = SOLUTION.replace("    from factors", "    from starving import starved, work\n    from factors")
STARVING = STARVING.replace("    return FACTOR", "    with starved(): work(3)\n    return FACTOR")


def test_a_long_test_says_that_it_runs(root: Path) -> None:
    often = "from graders.pytest_plugin import learner_mode\n\nlearner_mode.LONG_S = 0.5\n"
    write(root / "katas" / "alpha" / "conftest.py", often)
    toml = root / "katas" / "alpha" / "kata.toml"
    write(toml, toml.read_text(encoding="utf-8").replace('kind = "exercise"', 'kind = "challenge"'))
    text = SOLUTION.replace("    return FACTOR", "    time.sleep(1.2 if len(x) == 1 else 0)\n    return FACTOR")
    done = submitted(root, f"import time\n\n{text}", "katas", "-k", "becomes_four")
    assert "test 1 of 1, test_two_becomes_four: running for 0.5 s …\n" in done.out
    assert "test 1 of 1, test_two_becomes_four: running for 1 s …\n" in done.out
    assert "running" not in submitted(root, SOLUTION, "katas").out


@needs_schedstat
def test_a_machine_that_is_too_busy_is_an_error_of_no_learner(root: Path) -> None:
    short_limit(root)
    in_toml(root, '["factors.py"]', '["factors.py", "starving.py"]')
    write(root / "katas/alpha/starving.py", STARVED)  # a supplied file may start processes
    done = submitted(root, STARVING, "katas", "-k", "becomes_four")  # a call that waits for a processor is not stopped
    assert counted(done) == {"passed": 1, "deselected": 1}, done.out
    half_after_twice(root)
    impatient = "from graders import watchdog\n\nwatchdog.PATIENCE, watchdog.LEAST_PATIENCE_S = 4, 0\n"
    write(root / "katas" / "alpha" / "conftest.py", impatient)
    done = submitted(root, STARVING, "katas", "-k", "becomes_four or halved")
    assert counted(done) == {"passed": 1, "deselected": 1, "error": 1}
    assert "the machine is too busy: in " in done.out
    assert "Run pytest again when the machine is less busy." in done.out
    assert done.status == pytest.ExitCode.TESTS_FAILED


def test_a_module_that_is_imported_late_costs_the_call_nothing(root: Path) -> None:
    short_limit(root)
    in_toml(root, '["twice.py"]', '["twice.py", "late.py"]')
    for name in ("katas", "solutions"):
        write(root / name / "alpha" / "late.py", "import time\n\ntime.sleep(1)\nFACTOR = 2.0\n")
    text = SOLUTION.replace("from factors", "from late")
    done = submitted(root, text, "katas", "-k", "becomes_four")
    assert counted(done) == {"passed": 1, "deselected": 1}, done.said


def test_an_endless_import_is_stopped_by_its_own_limit(root: Path) -> None:
    in_toml(root, "call_s = 3", "import_s = 0.5")
    done = submitted(root, f"while True:\n    pass\n\n{SOLUTION}", "katas")
    late = (
        "importing twice.py took longer than 0.5 s and was stopped, in line [12] of twice.py: the loop .* did not end"
    )
    assert re.search(f"^{late}$", done.out, re.M)
    assert 'katas/alpha/twice.py", line ' in done.out
    assert "WorkerError" not in done.out
    assert "graders/" not in done.out


@pytest.mark.parametrize("words", [(), pytest.param(("-n", "1"), marks=pytest.mark.deep)])
def test_a_stop_in_the_import_of_a_library_ends_the_run(root: Path, words: tuple[str, ...]) -> None:
    short_limit(root)
    write(root / "libraries" / "winsound.py", "import time\n\ntime.sleep(600)\n")  # a name of the standard library
    text = f"import sys\n\nsys.path.append({str(root / 'libraries')!r})\n\n"
    text += SOLUTION.replace("from factors import FACTOR", "import winsound")
    write(root / "katas" / "alpha" / "twice.py", text)
    done = shell.pytest("-p", "no:cacheprovider", "katas", *words, cwd=root)
    assert counted(done) == {"failed": 1}
    assert "AssertionError: twice took longer than 0.5 s and was stopped" in done.out
    assert done.out.count("run pytest again: a time limit stopped the import of winsound") == 1
    assert done.status == pytest.ExitCode.INTERRUPTED


def test_libraries_are_imported_before_the_submission(root: Path) -> None:
    numpy = f"import sys\n\nassert 'torch' not in sys.modules\n\n{SOLUTION}"
    assert counted(submitted(root, numpy, "katas")) == {"passed": 2}
    in_toml(root, 'runtime = "numpy"', 'runtime = "torch"\npackages = ["matplotlib"]')
    imported = "{'torch._dynamo', 'matplotlib.pyplot'} <= sys.modules.keys()"
    write(root / "katas" / "alpha" / "twice.py", f"import sys\n\nassert {imported}\n\n{SOLUTION}")
    assert counted(shell.pytest("katas", *QUICK, cwd=root, torch=True)) == {"passed": 2}


@pytest.mark.deep
def test_a_person_at_a_breakpoint_is_not_stopped(root: Path) -> None:
    short_limit(root)
    text = SOLUTION.replace("    return FACTOR", "    breakpoint()\n    return FACTOR")
    done = submitted(root, text, "katas", "-k", "becomes_four", typed="import time; time.sleep(1.5)\nc\n")
    assert counted(done) == {"passed": 1, "deselected": 1}


ONLY_NUMPY = "official grading has only the standard library, NumPy, and the kata's own files"


def test_a_failed_import_is_reported_without_importlib_frames(tmp_path: Path) -> None:
    told = {
        "def twice(x)\n    return x\n": "SyntaxError: expected ':'",
        "import numpi\n": "ModuleNotFoundError: No module named 'numpi'",
        "import torch\n": f"ModuleNotFoundError: No module named 'torch' ({ONLY_NUMPY})",
        "1 / 0\n": "ZeroDivisionError: division by zero",
    }
    root = several(tmp_path, {f"broken{number}": text for number, text in enumerate(told)})
    done = shell.pytest("-q", "-p", "no:cacheprovider", *QUICK, "katas", "-k", "becomes_four", cwd=root)
    for number, message in enumerate(told.values()):
        assert f"twice.py cannot be imported: {message}" in done.out
        assert f'katas/broken{number}/twice.py", line 1' in done.out
    assert "importlib" not in done.out
    assert "graders/" not in done.out


def test_a_failed_import_is_explained_once(tmp_path: Path) -> None:
    root = several(tmp_path, {"broken": "1 / 0\n"})
    done = shell.pytest("-q", "-p", "no:cacheprovider", *QUICK, "katas", cwd=root)
    assert done.out.count('katas/broken/twice.py", line 1') == 1
    assert "twice.py cannot be imported: see the first failed test" in done.out


def test_matrices_are_multiplied_by_one_thread_as_in_a_grading(root: Path) -> None:
    product = "import os\nimport numpy as np\nnp.ones((600, 600)) @ np.ones((600, 600))\n"
    counting = f'{product}assert len(os.listdir("/proc/self/task")) == 1\n'
    assert counted(submitted(root, counting + SOLUTION, "katas", *QUICK)) == {"passed": 2}


def test_a_forbidden_function_is_refused_as_in_a_grading(root: Path) -> None:
    in_toml(root, "[limits]", 'forbidden = ["numpy.einsum"]\n[limits]')
    named = f"import numpy as np\n\ndef unused(x):\n    return np.einsum('i->i', x)\n\n{SOLUTION}"
    assert "twice.py, line 4: numpy.einsum may not be used in this kata" in submitted(root, named, "katas").out


GUARDED = "try:\n    import torch\nexcept ImportError:\n    torch = None\nassert torch is None\n"


def test_what_a_library_imports_itself_is_not_refused(root: Path) -> None:
    """NumPy's own test helpers import pytest, which a learner's file may not. A module may be optional."""
    text = f"import numpy.testing.overrides\nimport xml.dom.minidom\n{GUARDED}{SOLUTION}"
    assert counted(submitted(root, text, "katas")) == {"passed": 2}
    assert "twice.py does not define twice" in submitted(root, HALF, "katas").out
    called = SOLUTION.replace("def twice(x):\n", "def twice(x):\n    import sklearn\n")
    assert ONLY_NUMPY in submitted(root, called, "katas").out


def test_a_module_that_leaves_python_is_a_failure_with_its_line(root: Path) -> None:
    done = submitted(root, f"def twice(x):\n    raise SystemExit(0)\n\n{HALF}", "katas")
    assert counted(done) == {"failed": 2}
    assert "katas/alpha/twice.py:2: SystemExit" in done.out


def test_equal_module_names_do_not_mix(root: Path) -> None:
    workshop.write_kata(root, "beta")
    write(root / "katas" / "beta" / "factors.py", "FACTOR = 3.0\n")
    write(root / "katas" / "beta" / "twice.py", SOLUTION)
    for slug in ("alpha", "beta"):
        write(root / "katas" / slug / "test_same.py", workshop.VISIBLE)
    done = submitted(root, SOLUTION, "-v", "katas")
    found = outcomes(done)
    assert {found[name] for name in found if name.startswith("alpha")} == {"PASSED"}
    assert {found[name] for name in found if name.startswith("beta")} == {"FAILED"}


def test_a_blocked_test_names_the_task_that_blocks_it(root: Path) -> None:
    half_after_twice(root)
    done = submitted(root, STUB, "katas/alpha/test_alpha.py", "katas/alpha/test_more.py")
    assert counted(done) == {"failed": 2, "blocked": 1}
    assert 'test_three_is_halved is blocked: first make `twice` ("Twice a vector") pass' in done.out


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with a milestone, in which the learner has finished everything."""
    return milestone_course.write_files(milestone_course.write_course(tmp_path / "course"), milestone_course.WHOLE)


def test_an_unfinished_earlier_kata_is_named(course: Path) -> None:
    write(course / "katas/one/double.py", milestone_course.STUB.format(name="double"))
    done = shell.pytest("katas/milestone", cwd=course)
    assert "double is not written yet: katas/one/double.py, line 2. Finish one first: katas grade one" in done.out
    assert "NotImplementedError" not in done.out


def test_a_missing_earlier_file_is_named_once(course: Path) -> None:
    root = course
    (root / "katas/two/add_two.py").unlink()
    done = shell.pytest("katas/milestone", cwd=root)
    assert counted(done) == {"failed": 1, "blocked": 1}
    assert f"Do two first: {Path('katas/two/add_two.py')} is missing" in done.out
    assert "the rest of milestone is blocked: do two first" in done.out
    assert "ModuleNotFoundError" not in done.out
    for slug in ("one", "two"):  # the file of another folder is not what counts
        write(root / "elsewhere" / slug / f"{slug}.txt", "")
    milestone_course.write_files(root / "elsewhere/milestone", {"network.py": milestone_course.NETWORK})
    done = shell.pytest("katas/milestone", "--against", "elsewhere", cwd=root)
    assert f"Do one first: {Path('elsewhere/one/double.py')} is missing" in done.out
    assert counted(shell.pytest("katas/milestone", "--against", "solutions", cwd=root)) == {"passed": 2}


def test_an_assertion_message_is_shown_alone(root: Path) -> None:
    asked = "\n@task('half')\ndef test_of_half(kata):\n    assert kata.half(4.0) == [9], 'nine is asked'\n"
    write(root / "katas/alpha/test_alpha.py", workshop.VISIBLE + asked)
    done = submitted(root, SOLUTION, "katas/alpha", "-k", "of_half")
    assert "E       AssertionError: half: nine is asked\n" in done.out
    assert "where" not in done.out
    assert "assert 2.0 == [9]" not in done.out
