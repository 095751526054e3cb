"""The commands: their output, the processes that they leave behind, and their exit status."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graders import Judge, cli
from graders.atomic import replacing
from graders.cli.grade import differences
from graders.output import progress_bar
from graders.verdict import TestResult, Verdict
from tests import shell, workshop
from tests.at_terminal import AtTerminal
from tests.shell import KATAS, Finished, katas_cold
from tests.workshop import ADDED, HALF, SOLUTION, STUB, write

# Broken and harmful submissions, by the kata that each is for. tests/judge and tests/attacks have many more.
BROKEN = {
    "syntax": "def twice(x)\n    return x\n",
    "signature": "def twice(x, y):\n    return x\n\n" + HALF,
    "loud": "import os\n\ndef twice(x):\n    print('loud' * 2_500_000, flush=True)\n    os._exit(0)\n\n" + HALF,
}
PLAIN = ("alpha", "beta")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a repository of small katas with stubs."""
    folder = tmp_path_factory.mktemp("cli") / "katas und mehr"
    return workshop.write_repository(folder, [*PLAIN, "missing", *BROKEN])


@pytest.fixture(scope="module")
def clone(root: Path) -> Path:
    """Make a learner's clone with a submission for every kata."""
    clone = root.parent / "clone"
    for slug, text in {**BROKEN, "alpha": SOLUTION, "beta": ADDED}.items():
        write(clone / "katas" / slug / "twice.py", text)
    (clone / "katas" / "missing").mkdir()
    return clone


def graded(done: Finished) -> dict[str, dict[str, Any]]:
    """Return the verdicts of `--format json` by kata."""
    return {verdict["kata"]: verdict for verdict in json.loads(done.out)}


@pytest.fixture(scope="module")
def everything(root: Path, clone: Path) -> Finished:
    """Grade all broken and harmful submissions with one command."""
    return katas_cold("grade", "missing", *BROKEN, "--submission", str(clone), "--format", "json", cwd=root)


@pytest.fixture(scope="module")
def judge(root: Path) -> Iterator[Judge]:
    with Judge(root) as judge:
        yield judge


@pytest.fixture(scope="module")
def record(root: Path, clone: Path) -> tuple[Path, Finished]:
    """Write an instructor's verdict on a folder with these files. Return its path."""
    path = root.parent / "verdict.json"
    words = ["--submission", str(clone / "katas" / "beta"), "--format", "json", "--audience", "instructor"]
    return path, katas_cold("grade", "beta", *words, "--output", str(path), cwd=root)


@pytest.fixture(scope="module")
def passed(root: Path) -> Finished:
    return katas_cold("grade", "alpha", "--against", "solutions", "--format", "json", cwd=root)


# ------------------------------------------------------------------------------------------ verdicts


def test_pass_exits_with_0_and_one_json_object(passed: Finished) -> None:
    assert passed.status == 0, passed.said
    assert json.loads(passed.out)["status"] == "passed"


def test_fail_exits_with_1_and_its_report_is_announced(record: tuple[Path, Finished]) -> None:
    path, done = record
    assert json.loads(path.read_text(encoding="utf-8"))["status"] == "failed"
    assert (done.status, done.out, done.err) == (1, "", f"written: {path}\n")


def test_several_katas_are_a_list(everything: Finished) -> None:
    assert list(graded(everything)) == ["missing", *BROKEN]


def test_a_repository_and_a_folder_are_the_same_submission(
    judge: Judge, clone: Path, record: tuple[Path, Finished]
) -> None:
    one, other = json.loads(record[0].read_text(encoding="utf-8")), judge.grade("beta", clone)
    assert one["submission_sha256"] == other.submission_sha256
    assert one["seed"] != other.seed


@pytest.mark.parametrize(
    ("slug", "status", "told"),
    [
        ("missing", "ungradable", "twice.py: not found"),
        ("syntax", "ungradable", "twice.py, line 1: def twice(x)"),
        ("signature", "failed", "missing 1 required positional argument: 'y'"),
    ],
)
def test_broken_submission_is_reported_in_a_message(everything: Finished, slug: str, status: str, told: str) -> None:
    assert everything.status == 1
    verdict = graded(everything)[slug]
    assert verdict["status"] == status
    messages = [verdict["message"], *(test["message"] for test in verdict["tests"])]
    assert any(told in message for message in messages), messages
    assert "Traceback" not in "".join(messages)


def test_a_harmful_task_fails_alone_and_leaves_no_process(everything: Finished) -> None:
    loud = graded(everything)["loud"]
    assert {task["name"]: task["status"] for task in loud["tasks"]} == {"twice": "failed", "half": "passed"}
    assert 0 < max(len(test["output"]) for test in loud["tests"]) < 100_000
    assert (everything.status, everything.left) == (1, [])


def test_a_wrong_kata_or_repository_is_told_with_its_fix(root: Path, tmp_path: Path) -> None:
    unknown = shell.katas_here("grade", "alhpa", cwd=root)
    assert (unknown.status, "there is no kata `alhpa`. Did you mean `alpha`?" in unknown.err) == (2, True)
    missing = shell.katas_here("grade", "alpha", cwd=tmp_path)
    assert (missing.status, "--root DIR" in missing.err) == (2, True)
    workshop.write_kata(tmp_path, "alpha", toml=workshop.TOML.replace("minutes", "minuets"))
    typo = shell.katas_here("grade", "alpha", cwd=tmp_path)
    assert typo.status == 2
    assert typo.err == "katas: katas/alpha/kata.toml: unknown key `minuets`. Did you mean `minutes`?\n"


@pytest.mark.parametrize("command", ["list", "next", "progress"])
def test_a_deleted_file_is_no_reason_to_hide_the_katas(tmp_path: Path, command: str) -> None:
    workshop.write_kata(tmp_path, "alpha")
    (tmp_path / "katas/alpha/twice.py").unlink()
    found = shell.katas_here(command, cwd=tmp_path)
    assert (found.status, "alpha" in found.out) == (0, True)


def test_a_root_can_be_named_from_anywhere(root: Path, tmp_path: Path) -> None:
    assert "alpha" in shell.katas_here("--root", str(root), "list", cwd=tmp_path).out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seed", "zz"], "--seed zz: 32 hexadecimal digits"),
        (["--against", "solution"], "--against solution: there is no "),
        (["--against", "solutions", "--submission", "."], "exclude each other"),
        (["--format", "jsn"], "'jsn'"),
    ],
)
def test_wrong_option_is_reported(root: Path, words: list[str], told: str) -> None:
    done = shell.katas("grade", "alpha", *words, cwd=root)
    assert (done.status, done.left) == (2, [])
    assert told in done.err
    assert "Traceback" not in done.err


# ---------------------------------------------------------------------------------------- confinement


def test_less_confinement_than_required_grades_nothing(root: Path) -> None:
    done = shell.katas_here("grade", "alpha", "--require-confinement", "full", "--confinement", "partial", cwd=root)
    assert done.status == 2
    assert "full is required" in " ".join(done.out.split())


def test_without_bubblewrap_the_verdict_says_so_and_why(root: Path, tmp_path: Path) -> None:
    env = {"PATH": str(tmp_path)}
    done = shell.katas_here("grade", "alpha", "--against", "solutions", "--format", "json", cwd=root, env=env)
    assert (done.status, json.loads(done.out)["confinement"]) == (0, "partial"), done.said
    refused = shell.katas_here("grade", "alpha", "--require-confinement", "full", cwd=root, env=env)
    assert refused.status == 2
    assert "bubblewrap" in refused.said or "bwrap" in refused.said


# -------------------------------------------------------------------------------------------- output


@pytest.mark.parametrize("place", ["no/such/folder/report.json", ".", "/dev/full"])
def test_a_report_is_written_whole_or_not_at_all(root: Path, tmp_path: Path, place: str) -> None:
    words = ["--against", "solutions", "--format", "json", "--output", str(tmp_path / place)]
    done = shell.katas("grade", "alpha", *words, cwd=root)
    assert (done.status, list(tmp_path.iterdir())) == (2, [])
    assert done.err.startswith("katas: ")
    assert len(done.err.splitlines()) == 1
    assert Path("/dev/full").is_char_device()


def test_a_report_replaces_the_one_before(tmp_path: Path) -> None:
    from graders.output.delivery import deliver

    path = write(tmp_path / "report.txt", "a longer report than the next one")
    deliver("short", path)
    assert (path.read_text(encoding="utf-8"), [each.name for each in tmp_path.iterdir()]) == ("short\n", ["report.txt"])


def test_a_failed_write_leaves_the_file_and_folder_unchanged(tmp_path: Path) -> None:
    path = write(tmp_path / "report.txt", "before")
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("report.txt", b"before")]


CLOSED = "katas: standard output: closed, so nothing was printed\n"
FULL = "katas: standard output: No space left on device\n"
GRADE = ["grade", "alpha"]


def redirected(root: Path, redirection: str, *words: str) -> tuple[int, str, str]:
    done = shell.run("bash", "-c", f'"$0" "$@" {redirection}; exit ${{PIPESTATUS[0]}}', KATAS, *words, cwd=root)
    return done.status, done.out, done.err


@pytest.mark.parametrize("words", [["list"], ["--help"]])
def test_broken_pipe_gives_no_traceback(root: Path, words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = katas_cold(*words, cwd=root, stdout=writing)
    os.close(writing)
    assert (done.status, done.err) == (2, "")


@pytest.mark.parametrize(("words", "status"), [(GRADE, 1), ([*GRADE, "--against", "solutions"], 0)])
def test_a_verdict_is_the_status_although_nobody_reads_it(root: Path, words: list[str], status: int) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = katas_cold(*words, cwd=root, stdout=writing)
    os.close(writing)
    assert (done.status, done.err, done.left) == (status, "", [])


@pytest.mark.parametrize(("words", "status"), [(["list"], 2), (["--help"], 2), (GRADE, 1)])
def test_closed_standard_output_is_reported(root: Path, words: list[str], status: int) -> None:
    assert redirected(root, ">&-", *words) == (status, "", CLOSED)


@pytest.mark.parametrize("words", [["list"], GRADE])
def test_full_disk_behind_standard_output_is_reported(root: Path, words: list[str]) -> None:
    assert redirected(root, ">/dev/full", *words) == (2, "", FULL)


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_a_message_without_standard_error_is_not_printed_elsewhere(root: Path, redirection: str) -> None:
    assert redirected(root, redirection, "list", "unknown") == (2, "", "")


FAULTY = "import graders.cli as cli, graders.cli.app as app; app.run_command_line = lambda: {}[1]; cli.main()"


@pytest.mark.parametrize("setting", ["", "1"])
def test_an_unexpected_fault_is_printed_whatever_python_buffers(root: Path, setting: str) -> None:
    env = shell.environment(PYTHONUNBUFFERED=setting)
    done = shell.run(sys.executable, "-c", FAULTY, cwd=root, env=env)
    assert (done.status, done.err.splitlines()[-1:]) == (2, ["KeyError: 1"])


def test_closed_standard_input_is_empty(root: Path) -> None:
    assert redirected(root, "<&-", "list") == redirected(root, "</dev/null", "list")


def test_a_verdict_is_written_without_any_standard_stream(root: Path, tmp_path: Path) -> None:
    """What is printed must not go to the file or socket that is opened next, which gets the number of a stream."""
    report = tmp_path / "report.json"
    status, _, err = redirected(root, "<&- >&- 2>&-", *GRADE, "--format", "json", "--output", str(report))
    assert (status, err) == (1, "")
    assert json.loads(report.read_text(encoding="utf-8"))["kata"] == "alpha"


# ------------------------------------------------------------------------------------------- Ctrl-C


def test_ctrl_c_behind_another_exception_is_ctrl_c(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """While a class is created, Python 3.11 turns KeyboardInterrupt into a RuntimeError."""

    def run() -> int:
        raise RuntimeError("Error calling __set_name__") from KeyboardInterrupt()

    left: list[int] = []
    monkeypatch.setattr("graders.cli.app.run_command_line", run)
    monkeypatch.setattr("os._exit", left.append)
    monkeypatch.setattr("sys.argv", ["katas", "list"])
    cli.main()
    assert left == [130]
    assert capsys.readouterr().err == "katas: interrupted\n"


@pytest.mark.parametrize("command", ["grade", "check"])
def test_ctrl_c_ends_everything_quietly(tmp_path: Path, command: str) -> None:
    root = workshop.write_repository(tmp_path, [])
    slowly = "import time\ntime.sleep(4)\n\n"  # within the time for an import
    for slug in PLAIN:
        workshop.write_kata(root, slug, stub=slowly + STUB, solution=slowly + SOLUTION)
    with AtTerminal([KATAS, command, *PLAIN], root) as terminal:
        terminal.wait("ing")  # in the progress bar
        terminal.type("\x03")
        done = terminal.end()
    assert (done.status, done.left) == (130, []), done.said
    assert "katas: interrupted" in done.out
    assert "Traceback" not in done.out


# ------------------------------------------------------------------------------------ other commands


def test_the_list_names_every_kata_in_80_columns(root: Path) -> None:
    listed = shell.katas_here("list", cwd=root).out
    assert all(path.name in listed for path in (root / "katas").iterdir())
    assert max(map(len, shell.katas_here("list").out.splitlines())) <= 80


@pytest.mark.deep
@pytest.mark.security
def test_the_demo_shows_three_verdicts() -> None:
    done = katas_cold("demo")
    assert done.status == 0, done.said
    assert re.findall(r"^(\w+) ─+$", done.out, re.M) == ["right", "wrong", "cheating"]
    assert len(re.findall(r"^[✓✗] .* \(exercise04\)", done.out, re.M)) == 3
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_replay_agrees_or_says_what_differs(root: Path, clone: Path, record: tuple[Path, Finished]) -> None:
    same = shell.katas("replay", str(record[0]), "--submission", str(clone), cwd=root)
    assert (same.status, same.err) == (0, "")
    assert "the same statuses, scores and counterexamples" in same.out
    other = shell.katas("replay", str(record[0]), "--against", "solutions", cwd=root)
    assert other.status == 1
    assert "the submission differs" in other.out
    assert "failed then, passed now" in other.out


def test_a_learners_record_has_no_seed_to_replay(root: Path, tmp_path: Path, passed: Finished) -> None:
    done = shell.katas("replay", str(write(tmp_path / "learner.json", passed.out)), cwd=root)
    assert (done.status, "--audience instructor" in done.err) == (2, True)


@pytest.mark.parametrize("damage", ["", "{", '{"schema": "other"}', "[]"])
def test_a_damaged_record_is_told(root: Path, tmp_path: Path, damage: str) -> None:
    done = shell.katas("replay", str(write(tmp_path / "damaged.json", damage)), cwd=root)
    assert done.status == 2
    assert "damaged.json" in done.err
    assert "Traceback" not in done.err


def test_the_installed_command_shows_help_and_version_anywhere(tmp_path: Path) -> None:
    done = katas_cold("--version", cwd=tmp_path)
    assert re.fullmatch(r"katas \d+\.\d+\.\d+\n", done.out)
    done = katas_cold("grade", "--help", cwd=tmp_path)
    assert (done.status, done.err, done.left) == (0, "", [])
    assert done.out.startswith("Usage: katas grade [OPTIONS] [SLUG]...")


def test_a_stub_is_graded_where_it_lies(root: Path) -> None:
    done = shell.katas("grade", "alpha", cwd=root / "katas" / "alpha")
    assert done.status == 1
    assert re.search(r"^  \d tasks? still to do; next: twice$", done.out, re.MULTILINE), done.said
    assert (root / "katas" / "alpha" / "twice.py").read_text(encoding="utf-8") == STUB


def test_grading_says_which_test_runs_where_there_is_no_terminal(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("grade", "alpha", "--against", "solutions")
    assert "test 1 of" not in shell.katas_here(*words, cwd=root).err  # it takes no time
    monkeypatch.setattr(progress_bar, "LINE_S", 0.0)
    done = shell.katas_here(*words, cwd=root)
    assert re.search(r"^katas: grading alpha: test [12] of 3: Twice a vector$", done.err, re.MULTILINE), done.err


def test_several_katas_end_with_a_total_and_one_failure_decides(root: Path, clone: Path) -> None:
    done = shell.katas("grade", *PLAIN, "--against", "solutions", cwd=root)
    assert re.fullmatch(r"2 katas, 2 passed: 6 of 6 points, in \d+\.\d\d s", done.out.splitlines()[-1]), done.said
    done = shell.katas("grade", *PLAIN, "--submission", str(clone), cwd=root)
    assert done.status == 1, done.said
    assert "2 katas, 1 passed" in done.out


def test_python_caches_next_to_a_solution_are_not_reported(root: Path, judge: Judge) -> None:
    write(root / "solutions" / "alpha" / "__pycache__" / "twice.cpython-311.pyc", "")
    write(root / "solutions" / "alpha" / "figure.py", "")
    assert judge.grade("alpha", root / "solutions" / "alpha").ignored_files == ()


def test_a_replay_reports_another_counterexample() -> None:
    def verdict(code: str) -> Verdict:
        test = TestResult(name="test_a", task="t", visibility="visible", status="failed", counterexample=code)
        return Verdict(kata="any", status="failed", tests=(test,))

    assert differences(verdict("f(1)"), verdict("f(2)")) == ["test_a: the counterexample differs"]
    assert differences(verdict("f(1)"), verdict("f(1)")) == []
