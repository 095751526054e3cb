"""`katas check` names everything that must be fixed before a kata is handed out."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

import pytest

from graders.output.progress_bar import LineReporter
from tests import shell, workshop
from tests.shell import Finished, katas_cold
from tests.workshop import ADDED, HALF, SOLUTION, edit, write

SUMMED_WRONGLY = "def twice(x):\n    return x + x + 1e-3\n\n" + HALF


EXTRA_TASK = '[tasks.exact]\ntitle = "The sign of 0"\npoints = 1\nextra = true\n'
EXTRA_TEST = """
@task("exact")
def test_minus_0_stays_minus_0(kata):
    assert str(kata.twice(np.array([-0.0]))[0]) == "-0.0"
"""
NEGATIVE_TEST = """
@task("exact")
def test_twice_is_no_text(kata):
    assert not isinstance(kata.twice(np.array([1.0])), str)
"""
SEED = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def katas_of_all_kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clean katas of three kinds, and one kata for every fault."""
    root = workshop.write_repository(tmp_path_factory.mktemp("check"), ["clean"])
    hidden = root / "graders" / "hidden"
    for slug in ("rejecting", "generous", "misnamed"):
        workshop.write_kata(root, slug)
    workshop.write_kata(root, "easy", stub=f"def twice(x):\n    raise NotImplementedError\n\n{HALF}")
    workshop.write_kata(root, "unsolved", solution=ADDED)
    write(hidden / "generous" / "wrong" / "right.py", f"# nothing is wrong\n# task: half\n{SOLUTION}")
    write(hidden / "rejecting" / "accept" / "wrong.py", f"# nothing is right\n{SUMMED_WRONGLY}")
    write(hidden / "misnamed" / "wrong" / "elsewhere.py", f"# one too many\n# task: half\n{SUMMED_WRONGLY}")
    thirded = f"\ndef twice(x):\n    return 2.0 * x\n\n{HALF.replace('2.0', '3.0')}"
    unseen = "a visible test would give the answer away"
    for slug, name, marked in (
        ("unseen", "thirded", ""),
        ("excused", "thirded", f"# hidden_only: {unseen}"),
        ("overexcused", "added", f"# hidden_only: {unseen}"),
    ):
        workshop.write_kata(root, slug)
        text, task = (thirded, "half") if name == "thirded" else (ADDED, "twice")
        write(hidden / slug / "wrong" / f"{name}.py", f"# wrong\n# task: {task}\n{marked}\n{text}")
    workshop.write_kata(root, "read", toml=workshop.TOML + EXTRA_TASK)
    write(root / "katas" / "read" / "test_read.py", workshop.VISIBLE + EXTRA_TEST)
    write(hidden / "read" / "accept" / "stranger.py", f"# By a loop.\n# independent\n{SOLUTION}")
    write(hidden / "read" / "accept" / "misled.py", f"# By a third.\n# independent\n{thirded}")
    write(hidden / "read" / "accept" / "told.py", f"# Two is added.\n# independent\n{ADDED}")
    careless = SOLUTION.replace("from factors import FACTOR\n    return FACTOR * x", "return 2.0 * x + 0.0")
    write(hidden / "read" / "accept" / "plain.py", f"# 2x and nothing else.\n# core only\n{careless}")
    write(hidden / "read" / "accept" / "hasty.py", f"# 2x, and no look at the extra.\n# independent\n{careless}")
    workshop.write_kata(root, "giving", toml=workshop.TOML + EXTRA_TASK)
    write(root / "katas" / "giving" / "test_giving.py", workshop.VISIBLE + NEGATIVE_TEST)
    workshop.write_kata(root, "unexplained")
    (root / "solutions" / "unexplained" / "after.md").unlink()
    workshop.write_kata(root, "halfexplained")
    write(root / "solutions" / "halfexplained" / "after.md", workshop.AFTER.replace("## In practice", "# In practice"))
    write_kata_of_two_modules(root, "several")
    write_kata_of_two_runtimes(root, "mixed")
    return root


def write_kata_of_two_modules(root: Path, slug: str) -> None:
    """A clean kata with a function named like one of its modules."""
    toml = workshop.TOML.replace('files = ["twice.py"]', 'files = ["other.py", "twice.py"]')
    workshop.write_kata(root, slug, toml=toml)
    hidden = root / "graders" / "hidden" / slug
    for folder in ("katas", "solutions"):
        write(root / folder / slug / "other.py", "OTHER = 1\n")
    for kind, name in (("wrong", "added"), ("accept", "summed")):
        (hidden / kind / "twice").mkdir()
        (hidden / kind / f"{name}.py").rename(hidden / kind / "twice" / f"{name}.py")


def write_kata_of_two_runtimes(root: Path, slug: str) -> None:
    """A clean kata where one task may import torch and the other may not."""
    toml = workshop.TOML.replace('title = "Half a number"', 'title = "Half a number"\nruntime = "torch"')
    half = "def half(x):\n    import torch\n    return (torch.tensor(x) / 2.0).item()\n"
    workshop.write_kata(root, slug, toml=toml, solution=workshop.SOLUTION.replace(HALF, half))
    hidden = root / "graders" / "hidden" / slug
    edit = 'file = "twice.py"\nold = "return FACTOR"\nnew = "import torch; return 2"\n'
    write(hidden / "wrong" / "by_torch.edit", f"# By the wrong library.\n# task: twice\n{edit}")
    write(hidden / "wrong" / "added.py", f"# two is added\n# task: twice\n{ADDED.replace(HALF, half)}")


@pytest.fixture(scope="module")
def checked(katas_of_all_kinds: Path) -> Finished:
    """The check of all these katas, with a fixed seed."""
    return katas_cold("check", "--flakes", "0", "--seed", SEED, cwd=katas_of_all_kinds)


def of(done: Finished, slug: str) -> str:
    """Return the output about one kata."""
    told = done.out.partition(f"{slug}: ")[2].splitlines()
    return "\n".join([told[0], *takewhile(lambda line: line.startswith("  "), told[1:])])


def test_a_fault_makes_the_exit_status_1(checked: Finished) -> None:
    assert checked.status == 1, checked.said
    assert checked.out.splitlines()[-1].startswith("15 katas checked, ")
    assert checked.left == []


@pytest.mark.parametrize(
    ("slug", "rejected", "seen", "diagnosed"),
    [
        ("clean", "1/1", "1/1", "1/1"),
        ("several", "1/1", "1/1", "1/1"),  # a function may be named like a module
        ("mixed", "2/2", "2/2", "2/2"),  # only a task with another runtime gets its workers
        ("excused", "2/2", "1/1 (+1)", "2/2"),  # a reason lets a wrong variant be hidden only
    ],
)
def test_a_clean_kata_has_one_line(checked: Finished, slug: str, rejected: str, seen: str, diagnosed: str) -> None:
    figures = f"seen by visible tests {seen}, accepted 1/1, diagnosed {diagnosed}, false alarms not measured"
    assert of(checked, slug) == f"wrong rejected {rejected}, {figures}"


@pytest.mark.parametrize(
    ("slug", "told"),
    [
        ("generous", "  wrong/right must fail the task half, which is passed"),
        ("rejecting", "  accept/wrong is failed but must pass: test_two_becomes_four: twice: wrong value at"),
        ("unseen", "wrong rejected 2/2, seen by visible tests 1/2, "),
        ("unseen", "  wrong/thirded is caught by hidden tests only. Add a visible test"),
        ("overexcused", "  wrong/added is marked hidden_only, but a visible test catches it"),
        ("easy", "  stub gets points for half"),
        ("giving", "  null (each function gives None) gets points for exact"),
        ("misnamed", "  wrong/elsewhere must fail the task half, which is passed; it fails twice"),
        ("unsolved", "  solution is failed but must pass: test_every_vector_is_doubled: twice: wrong value at"),
        ("unsolved", "(--seed "),
    ],
)
def test_a_fault_is_named(checked: Finished, slug: str, told: str) -> None:
    assert told in of(checked, slug)


def test_a_wrong_answer_with_other_points_each_time_is_named(tmp_path: Path) -> None:
    workshop.write_repository(tmp_path, ["clean"])
    lucky = (
        "import random\n\ndef twice(x):\n    return 2.0 + x\n\ndef half(x):\n    return x / random.choice([2.0, 3.0])\n"
    )
    write(tmp_path / "graders/hidden/clean/wrong/lucky.py", f"# half is right by chance\n# task: twice\n{lucky}")
    done = katas_cold("check", "clean", "--flakes", "0", "--repeat", "30", cwd=tmp_path)
    assert "wrong/lucky gets different points by chance: the task half was" in done.out, done.said
    assert "wrong/added gets" not in done.out


def test_a_wrong_answer_with_another_part_of_the_points_each_time_is_named(tmp_path: Path) -> None:
    workshop.write_repository(tmp_path, ["clean"])
    edit(tmp_path / "katas/clean/kata.toml", "points = 1\n", "points = 3\npartial = true\n")
    more = "\n".join(
        f'@task("half")\ndef test_{x}_is_halved(kata):\n    assert_close(kata.half({x}.0), {x / 2})\n' for x in (4, 5)
    )
    edit(tmp_path / "graders/hidden/clean/test_hidden.py", '@task("half")', f'{more}\n@task("half")')
    lucky = "import random\n\ndef twice(x):\n    return 2.0 + x\n\n"
    lucky += "def half(x):\n    return {3.0: 1.5, 4.0: random.choice([2.0, 9.0]), 5.0: 9.0}[float(x)]\n"
    write(tmp_path / "graders/hidden/clean/wrong/lucky.py", f"# half of 4 is right by chance\n# task: twice\n{lucky}")
    done = katas_cold("check", "clean", "--flakes", "0", "--repeat", "30", cwd=tmp_path)
    found = re.search(r"wrong/lucky gets different points by chance: the task half was (.+)", done.out)
    assert found, done.said
    assert re.sub(r"\d+ times", "N times", found[1]) in (
        "partial (1 of 3 points) N times and partial (2 of 3 points) N times",
        "partial (2 of 3 points) N times and partial (1 of 3 points) N times",
    )


def test_a_wrong_answer_that_is_sometimes_ungradable_is_named(tmp_path: Path) -> None:
    workshop.write_repository(tmp_path, ["clean"])
    lucky = f"import random\n\nif random.random() < 0.5:\n    raise OSError\n\n{ADDED}"
    write(tmp_path / "graders/hidden/clean/wrong/lucky.py", f"# not always there\n# task: twice\n{lucky}")
    done = katas_cold("check", "clean", "--flakes", "0", "--repeat", "30", cwd=tmp_path)
    assert "wrong/lucky gets different points by chance: the task twice was" in done.out, done.said


def test_programs_must_print_what_is_reported(tmp_path: Path) -> None:
    workshop.write_repository(tmp_path, ["clean"])
    elsewhere = ADDED.replace("2.0 + x", '(2.0 if "graders.worker" in __import__("sys").modules else 3.0) + x')
    write(tmp_path / "graders/hidden/clean/wrong/elsewhere.py", f"# one more in a program\n# task: twice\n{elsewhere}")
    done = katas_cold("check", "clean", "--flakes", "0", "--programs", cwd=tmp_path)
    assert done.out.splitlines()[1] == "  programs that print what they report: 1 of 2 failures", done.said
    told = "  wrong/elsewhere shows a program that does not print what is reported: test_every_vector_is_doubled: [3.]"
    assert told in done.out


def test_missing_explanation_is_only_a_warning(checked: Finished) -> None:
    first, *more = of(checked, "unexplained").splitlines()
    assert first == of(checked, "clean")
    assert len(more) == 1
    assert more[0].startswith("  warning: solutions/unexplained/after.md: there is no explanation for people")
    assert of(checked, "halfexplained").splitlines()[1:] == [
        "  warning: solutions/halfexplained/after.md: add the heading 'In practice', as `## …`."
    ]


def test_independent_answers_green_on_the_core_are_counted(checked: Finished) -> None:
    told = of(checked, "read")
    assert "accepted 4/6, green, then passed 2/3" in told  # one of the two fails an extra task
    assert "  accept/misled is failed but must pass: test_three_is_halved" in told


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (
            "graders/hidden/alpha/wrong/added.py",
            "graders/hidden/alpha/wrong/added.py: `tvice`, in the second line, is not a task",
        ),
        ("katas/alpha/test_alpha.py", "'tvice'"),
    ],
)
def test_a_file_that_names_no_task_cannot_be_checked(tmp_path: Path, place: str, told: str) -> None:
    path = workshop.write_repository(tmp_path, ["alpha"]) / place
    edit(path, "task: twice" if "wrong" in place else '"twice"', "task: tvice" if "wrong" in place else '"tvice"')
    done = shell.katas("check", "--flakes", "0", cwd=tmp_path)
    assert done.status == 2, done.said
    assert told in done.err
    assert "Traceback" not in done.err


@pytest.mark.deep
def test_a_shipped_kata_is_clean() -> None:
    done = katas_cold("check", "exercise01", "--flakes", "0")
    assert (done.status, done.left) == (0, []), done.said
    assert done.out.endswith("1 kata checked, clean\n")


def test_function_may_be_named_like_a_module(katas_of_all_kinds: Path) -> None:
    learnt = shell.pytest("katas/several", "--against", "solutions", cwd=katas_of_all_kinds)
    assert learnt.status == 0, learnt.said


def test_seed_determines_the_inputs(checked: Finished, katas_of_all_kinds: Path) -> None:
    again = shell.katas("check", "rejecting", "--flakes", "0", "--seed", SEED, cwd=katas_of_all_kinds)
    assert f"(--seed {SEED})" in of(checked, "rejecting")
    assert of(checked, "rejecting") == of(again, "rejecting")
    assert shell.katas("check", "--seed", "12", cwd=katas_of_all_kinds).status == 2


def test_progress_is_printed_in_lines_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = LineReporter(4, every_s=0.0)
    reporter.advance("alpha")
    reporter.every_s = 3600.0
    reporter.advance("alpha")
    told = capsys.readouterr().err
    assert re.fullmatch(r"katas: alpha: 1 of 4, \d+\.\d a minute, about \d+ min left\n", told)
