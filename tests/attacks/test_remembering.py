"""D: remembering and replaying."""

import re
import shutil

import pytest

from graders import Judge, catalogue, intake

pytestmark = pytest.mark.security
attack = pytest.mark.attack

OFF = r"wrong value|expected"


@pytest.mark.deep
@attack("D1")
def test_no_file_written_in_one_test_is_found_in_the_next(katas_grade):
    katas_grade("exercise01", "d01_files_as_memory").passes()


@attack("D2")
def test_globals_that_are_carried_from_test_to_test_change_nothing(grade):
    graded = grade("exercise01", "d02_globals_as_memory")
    graded.passes()
    processes = {re.search(r"in process (\d+)", test["output"]).group(1) for test in graded.tests}
    assert len(processes) > 1  # tests about speed have a worker of their own


@attack("D3")
def test_answers_for_the_visible_inputs_fail_on_fresh_ones(grade):
    graded = grade("exercise01", "d03_visible_inputs_only")
    graded.fails(OFF)
    hidden = {test["name"] for test in graded.tests if test["visibility"] == "hidden" and test["task"] == "vector"}
    assert hidden
    assert hidden <= graded.hurt


@attack("D4")
def test_behaving_only_in_the_first_calls_is_detected(grade):
    graded = grade("exercise01", "d04_tired_after_three")
    graded.fails(OFF)
    assert {test["task"] for test in graded.failed} == {"vector", "batch"} or graded.verdict["score"] == 0


@attack("D5")
def test_nothing_in_a_worker_shows_that_a_test_is_running(grade):
    graded = grade("exercise01", "d05_only_when_watched")
    graded.fails(OFF)
    assert graded.verdict["score"] == 0
    passed = {test["name"] for test in graded.tests if test["status"] == "passed"}
    assert passed <= {"test_each_row_of_any_batch_is_mapped_on_its_own"}  # it compares answers that are equally wrong


@attack("D6")
def test_a_table_with_the_worked_example_fails_on_fresh_inputs(grade, loss_tests):
    graded = grade("exercise04", "d06_lookup_table")
    graded.fails(OFF, within=loss_tests)
    assert any(test["visibility"] == "hidden" for test in graded.failed)


@attack("Z29")
def test_layers_of_any_size_are_checked(grade):
    graded = grade("exercise01", "z29_sizes_in_between")
    graded.fails("wrong value|blocked")


@pytest.mark.deep
@attack("Z30")
def test_a_report_of_nothing_is_not_a_report(grade, submission, repository):
    folder = submission("z30_report_of_nothing")
    program = folder / "bug1_never_learning.py"
    added = program.read_text(encoding="utf-8")
    solved = repository / "solutions" / "challenge5"
    shutil.copytree(solved, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    program.write_text(program.read_text(encoding="utf-8") + "\n\n" + added, "utf-8")
    graded = grade("challenge5", folder, tasks={"bug1_learns", "bug1_program"}, diagnosing=False)
    graded.fails("networks returned predictions|history|accuracy|expected|one class for all|classified correctly")
    assert "test_bug1_predict_uses_only_the_model_it_is_given" in graded.hurt


@pytest.mark.deep
@attack("Z33")
def test_a_truncated_observation_is_not_taken_for_the_answer(repository, submissions, observed):
    """Grade with a resident judge that has graded the misconception and the forgery before."""
    kata = catalogue.load(repository, "exercise07")
    solution = intake.shipped(kata, kata.solution)
    zeros = next(each for each in kata.wrong if each.path.stem == "zeros")
    program = (submissions / "z33_kept_in_part" / "initialization.py").read_bytes()
    forged = {"initialization.py": program}
    plain = {"initialization.py": program.replace(b'("float64", weights.shape, np.zeros(65))', b"None")}
    assert plain != forged
    with Judge(repository, require="full") as judge:
        honest = judge.grade_files("exercise07", solution | {zeros.replaces: zeros.applied(solution)}, diagnosing=True)
        assert [test.diagnosis for test in honest.tests if test.diagnosis] == [zeros.sentence]
        for number in range(4):
            named = []
            for files in (forged, plain):
                verdict = judge.grade_files("exercise07", files, diagnosing=True, seed=bytes([number]) * 16)
                assert verdict.status == "failed"
                named.append({test.name for test in verdict.tests if test.diagnosis})
            # The small matrices of both really are zeros, which may be said. The stored fingerprints add nothing.
            assert named[0] <= named[1]
    observed("F")
