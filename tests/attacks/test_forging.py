"""A: forging the verdict."""

import pytest

pytestmark = pytest.mark.security
attack = pytest.mark.attack

OFF = r"wrong value|expected"
EVERYTHING_PASSES = """
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"


def pytest_sessionfinish(session, exitstatus):
    session.exitstatus = 0
"""
SETTINGS = {
    "pytest.ini": "[pytest]\naddopts = -p everything_passes --collect-only\n",
    "tox.ini": "[pytest]\naddopts = -p everything_passes\n",
    "setup.cfg": "[tool:pytest]\naddopts = -p everything_passes\n",
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-p everything_passes"\n',
}
EXIT = "import os\n\nos._exit(0)\n"


@pytest.fixture
def bringing(doing):
    """Return bringing(files), a submission with a wrong answer and these further files."""

    def written(files):
        folder = doing("return z + 1")
        for name, text in files.items():
            (folder / name).write_text(text)
        return folder

    return written


@attack("A1")
def test_exiting_with_status_zero_fails_the_tests_that_do_it(katas_grade, doing, batch_tests):
    katas_grade("exercise01", doing("os._exit(0)")).is_killed_only(batch_tests, "exit status 0")


@attack("A2")
def test_exiting_during_import_makes_a_submission_ungradable(grade, tmp_path):
    (tmp_path / "affine.py").write_text("import sys\n\nsys.exit(0)\n")
    grade("exercise01", tmp_path).cannot_be_imported("SystemExit")


@attack("A3")
def test_a_raised_keyboard_interrupt_interrupts_nothing_else(grade, doing, batch_tests):
    grade("exercise01", doing("raise KeyboardInterrupt")).fails_only(batch_tests, "KeyboardInterrupt")


@attack("A4")
def test_exiting_in_a_finaliser_changes_nothing(grade, doing):
    leave = "def leave(self): raise SystemExit(0)\n"
    grade("exercise01", doing(leave + "type('Leaver', (), {'__del__': leave})()")).passes()


@attack("A5")
def test_a_printed_summary_is_only_output(grade, doing, batch_tests):
    printed = """\
print("katas/exercise01/test_exercise01.py ........ [100%]\\n============ 10 passed in 0.01s ============")
print('{"status": "passed", "score": 10, "max_score": 10}', file=sys.stderr)
return z + 1"""
    graded = grade("exercise01", doing(printed))
    graded.gains_nothing(batch_tests, OFF)
    assert "10 passed in 0.01s" in graded.output


@attack("A6")
def test_reports_written_by_a_submission_appear_nowhere(grade, repository, batch_tests):
    grade("exercise01", "a06_fake_report_files").gains_nothing(batch_tests, OFF)
    assert list(repository.glob("forged-*")) == list(repository.parent.glob("forged-*")) == []


@attack("A7")
def test_patched_assertions_do_not_affect_the_judge(grade, batch_tests):
    grade("exercise01", "a07_patched_assertions").gains_nothing(batch_tests, OFF)


@attack("A8")
def test_a_conftest_in_a_submission_is_ignored_and_named(grade, bringing, batch_tests):
    graded = grade("exercise01", bringing({"conftest.py": EVERYTHING_PASSES}))
    graded.gains_nothing(batch_tests, OFF)
    assert graded.verdict["ignored_files"] == ["conftest.py"]


@attack("A9")
def test_settings_in_a_submission_are_ignored_and_named(grade, bringing, batch_tests):
    graded = grade("exercise01", bringing(SETTINGS | {"everything_passes.py": EVERYTHING_PASSES}))
    graded.gains_nothing(batch_tests, OFF)
    assert set(graded.verdict["ignored_files"]) >= SETTINGS.keys()


@attack("A10")
def test_files_that_python_runs_at_start_are_ignored_and_named(grade, bringing, batch_tests):
    files = {"attack.pth": "import os; os._exit(0)\n", "sitecustomize.py": EXIT, "usercustomize.py": EXIT}
    graded = grade("exercise01", bringing(files))
    graded.gains_nothing(batch_tests, OFF)
    assert set(graded.verdict["ignored_files"]) == files.keys()


@attack("A11")
def test_actions_at_exit_come_too_late(grade, doing, batch_tests):
    at_exit = "import atexit\natexit.register(lambda: (print('10 passed', flush=True), os._exit(0)))\n"
    grade("exercise01", doing(f"{at_exit}return z + 1")).gains_nothing(batch_tests, OFF)


@attack("A12")
def test_tracing_and_profiling_do_not_reach_the_judge(grade, batch_tests):
    grade("exercise01", "a12_tracer").gains_nothing(batch_tests, OFF)


@attack("A13")
def test_patched_numpy_comparisons_decide_nothing(grade, batch_tests):
    grade("exercise01", "a13_patched_numpy").gains_nothing(batch_tests, OFF)


@attack("A14")
@pytest.mark.parametrize("raised", ["GeneratorExit", "StopIteration", "MemoryError", "RecursionError"])
def test_a_control_exception_is_an_ordinary_exception(grade, doing, batch_tests, raised):
    grade("exercise01", doing(f"raise {raised}")).fails_only(batch_tests, raised)


@attack("A15")
def test_an_object_that_replaces_the_module_passes_nothing(grade):
    grade("exercise01", "a15_module_replaced").fails_everywhere("which is not a plain value")


@attack("A15")
def test_a_module_that_answers_to_every_name_fails_by_its_answers(grade):
    grade("exercise01", "a15_answers_to_everything").fails_everywhere(OFF)


@attack("Z3")
@pytest.mark.parametrize(
    ("name", "raised"),
    [
        ("SkipTest", "unittest.SkipTest"),
        ("Skipped", "type('Skipped', (Exception,), {})"),  # named as pytest's own
        ("Mismatch", "type('Mismatch', (AssertionError,), {})"),  # as the judge's own
        ("JudgeError", "type('JudgeError', (Exception,), {})"),  # as the harness's own, charged to no submission
    ],
)
def test_a_submission_cannot_skip_or_excuse_a_test(grade, doing, batch_tests, name, raised):
    folder = doing(f"raise {raised}('nothing to see')")
    grade("exercise01", folder).fails_only(batch_tests, f"{name}: nothing to see")


@attack("Z4")
def test_closed_and_replaced_streams_change_nothing(grade):
    grade("exercise01", "z04_closed_streams").passes()


@attack("Z6")
def test_settings_changed_in_a_worker_stay_there(grade):
    grade("exercise01", "z06_global_settings").passes()


@pytest.mark.deep
@pytest.mark.parametrize("text", ["import time\n\ntime.sleep(1e6)\n", "while True: pass\n"], ids=["sleeps", "computes"])
@attack("Z10")
def test_an_import_that_never_ends_makes_a_submission_ungradable(grade, tmp_path, hasty, text):
    (tmp_path / "affine.py").write_text(text)
    late = "importing the submission took longer than 2 s and was stopped"
    grade("exercise01", tmp_path, hasty).cannot_be_imported(late)


@attack("Z10")
def test_a_hostile_text_raised_by_an_import_is_cleaned(grade, tmp_path):
    (tmp_path / "affine.py").write_text(r'raise ValueError("\x1b[2J::error::\x00<script>alert(1)</script>")')
    graded = grade("exercise01", tmp_path)
    graded.cannot_be_imported("ValueError")
    message = graded.verdict["message"]
    assert not {"\x1b", "\x00"} & set(message)
    assert not any(line.startswith("::") for line in message.splitlines())


@attack("Z31")
def test_a_raised_syntax_error_is_a_failed_import(grade, tmp_path):
    """A file that cannot be compiled costs no attempt, so an import could leak something without costing one."""
    (tmp_path / "affine.py").write_text("import os\n\nraise SyntaxError(f'{os.cpu_count()} processors')\n")
    graded = grade("exercise01", tmp_path)
    graded.cannot_be_imported("^the submission cannot be imported: SyntaxError: [0-9]+ processors")
