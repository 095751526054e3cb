"""`pytest katas/…` tells the truth: its exit status, its points, and what official grading would refuse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graders import Judge
from graders.pytest_plugin.point_tally import NO_GPU
from tests import shell, workshop
from tests.pytest_plugin.test_learner_mode import QUICK, counted, in_toml, several, short_limit
from tests.shell import Finished
from tests.workshop import ADDED, HALF, SOLUTION, edit, write

IN_A_CALL = f"import sys, os\n\ndef twice(x):\n    {{}}\n    return 2.0 * x\n\n{HALF}"
AT_IMPORT = f"import sys, os\n\n{{}}\n\n{SOLUTION}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workshop.write_repository(tmp_path, ["alpha"])


def run(root: Path, *words: str, torch: bool = False) -> Finished:
    return shell.pytest("-p", "no:cacheprovider", *QUICK, "katas", *words, cwd=root, torch=torch)


def each_of(root: Path, texts: list[str]) -> dict[int, str]:
    """Run the tests once with each text as a kata of its own. Return the lines about points by the text's number."""
    several(root, {f"way{number:02}": text for number, text in enumerate(texts)})
    done = run(root)
    assert done.status == pytest.ExitCode.TESTS_FAILED, done.said
    return {int(number): line for number, line in re.findall(r"^way(\d\d): (.*)$", done.out, re.M)}


# ---------------------------------------------------------------------------------------- exit statuses

ENDING = [
    "os._exit(0)",
    "import posix; posix._exit(0)",
    "os.execv(sys.executable, [sys.executable, '-c', ''])",
    "os.kill(os.getpid(), 15)",
    "sys.exit(0)",
    "import unittest; raise unittest.SkipTest('later')",
    "sys.modules['pytest'].skip('later')",
    "sys.modules['pytest'].xfail('later')",
    "sys.modules['pytest'].exit('later', returncode=0)",
]


@pytest.mark.parametrize("place", [IN_A_CALL, AT_IMPORT], ids=["in a call", "at import"])
def test_a_submission_that_ends_or_skips_fails(tmp_path: Path, place: str) -> None:
    lines = each_of(tmp_path, [place.format(act) for act in ENDING])
    assert len(lines) == len(ENDING)
    assert all("0 of 1 tasks, 0 of 2 points" in line for line in lines.values()), lines


def test_what_ends_a_process_is_named_as_in_a_grading(root: Path) -> None:
    write(root / "katas/alpha/twice.py", IN_A_CALL.format("os._exit(0)"))
    done = run(root, "-k", "becomes_four")
    assert "AssertionError: twice: the process ended itself with exit status 0 instead of returning" in done.out
    assert "graders/" not in done.out


@pytest.mark.parametrize(
    "after", ["atexit.register(os._exit, 0)", "threading.Thread(target=os._exit, args=[0]).start()"]
)
def test_what_a_submission_leaves_behind_cannot_end_with_success(root: Path, after: str) -> None:
    in_toml(root, 'runtime = "numpy"', 'runtime = "torch"')  # in which threads may run
    write(root / "katas/alpha/twice.py", f"import atexit, os, threading, time\n\n{after}\ntime.sleep(0)\n\n{ADDED}")
    assert run(root, torch=True).status == pytest.ExitCode.TESTS_FAILED


def test_a_skipped_core_test_has_not_passed(root: Path) -> None:
    text = "\n@task('half')\ndef test_of_half(kata):\n    import pytest\n    pytest.skip('later')\n"
    write(root / "katas/alpha/test_alpha.py", workshop.VISIBLE + text)
    write(root / "katas/alpha/twice.py", SOLUTION)
    done = run(root)
    assert (done.status, counted(done)) == (pytest.ExitCode.TESTS_FAILED, {"passed": 2, "skipped": 1})
    assert "test_of_half was skipped, so it has not passed" in done.out
    in_toml(root, 'title = "Half a number"', 'title = "Half a number"\nextra = true')
    assert run(root).status == pytest.ExitCode.OK  # as in a grading


def test_a_run_in_which_nothing_could_run_is_no_success(root: Path) -> None:
    edit(root / "katas/alpha/test_alpha.py", '@task("twice")', '@pytest.mark.gpu\n@task("twice")')
    edit(root / "katas/alpha/test_alpha.py", "import numpy", "import pytest\nimport numpy")
    write(root / "katas/alpha/twice.py", SOLUTION)
    done = run(root)
    assert done.status == NO_GPU
    assert "\nno GPU: nothing was tested\n===" in done.out
    assert "points" not in done.out
    assert run(root, "--collect-only").status == pytest.ExitCode.OK


def test_another_test_that_passes_is_a_success_without_a_gpu(root: Path) -> None:
    write(root / "katas/alpha/twice.py", SOLUTION)
    edit(root / "katas/alpha/test_alpha.py", '@task("twice")', '@pytest.mark.gpu\n@task("twice")')
    edit(root / "katas/alpha/test_alpha.py", "import numpy", "import pytest\nimport numpy")
    write(root / "katas/alpha/test_more.py", workshop.VISIBLE)
    done = run(root)
    assert done.status == pytest.ExitCode.OK
    assert "no GPU" not in done.out.replace("this machine has no GPU", "")


# ----------------------------------------------------------------------------------------------- points


def test_a_task_counts_only_if_all_its_tests_have_run(root: Path) -> None:
    write(root / "katas/alpha/twice.py", SOLUTION)
    for words in (
        ("-k", "becomes_four"),
        ("katas/alpha/test_alpha.py::test_two_becomes_four", "--deselect", "katas/x"),
    ):
        paths = () if "::" in words[0] else ("katas",)
        done = shell.pytest("-p", "no:cacheprovider", *QUICK, *paths, *words, cwd=root)
        assert done.status == 0
        assert "alpha: 0 of 0 points in the tests run here; not in this total: 3 points for tasks that were" in done.out
    assert "alpha: 1 of 1 tasks, 2 of 2 points in the tests run here; not in this total: 1 point " in run(root).out


def test_an_interrupted_run_counts_what_has_finished(root: Path) -> None:
    text = SOLUTION.replace("    return FACTOR", "    if len(x) != 1: raise KeyboardInterrupt\n    return FACTOR")
    write(root / "katas/alpha/twice.py", text)
    done = run(root, "--seed", "00112233445566778899aabbccddeeff")
    assert done.status == pytest.ExitCode.INTERRUPTED
    assert "alpha: 0 of 0 points in the tests run here" in done.out


# Says what pytest-rerunfailures says: it logs the failed attempt as a rerun, and runs the test again.
RERUNS = """
import pytest
from _pytest.runner import runtestprotocol

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    for last in (False, True):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        failed = any(report.failed for report in reports)
        for report in reports:
            report.outcome = "rerun" if report.failed and not last else report.outcome
            item.ihook.pytest_runtest_logreport(report=report)
        if not failed:
            break
    return True

def pytest_report_teststatus(report):
    return ("rerun", "R", "RERUN") if report.outcome == "rerun" else None
"""


def test_a_test_that_runs_again_counts_once(root: Path) -> None:
    write(root / "katas/conftest.py", RERUNS)
    tests = root / "katas/alpha/test_alpha.py"
    first = "    assert_close(kata.twice(np.array([2.0])"
    edit(tests, first, f"    runs.append(1)\n    assert len(runs) > 1\n{first}")
    edit(tests, "import numpy", "runs = []\nimport numpy")
    write(root / "katas/alpha/twice.py", SOLUTION)
    done = run(root)
    assert counted(done) == {"passed": 2, "rerun": 1}
    assert (done.status, "1 of 1 tasks, 2 of 2 points" in done.out) == (0, True), done.out
    write(root / "katas/alpha/twice.py", ADDED)
    done = run(root)
    assert (done.status, "0 of 1 tasks, 0 of 2 points" in done.out) == (1, True), done.out


def test_points_of_the_solutions_are_called_theirs(root: Path) -> None:
    done = run(root, "--against", "solutions")
    assert "points of solutions/, unofficial" in done.out


# ------------------------------------------------------------------------------------------------ state

LEFT = {
    "np.seterr(all='raise')": "np.geterr()['over'] == 'warn'",
    "np.set_printoptions(precision=1)": "np.get_printoptions()['precision'] == 8",
    "sys.setrecursionlimit(400)": "sys.getrecursionlimit() > 400",
    "decimal.getcontext().prec = 3": "decimal.getcontext().prec == 28",
    "warnings.simplefilter('error')": "not any(each[0] == 'error' and each[1] is None for each in warnings.filters)",
    "os.chdir('/')": "os.getcwd() != '/'",
    "os.environ['LEFT'] = 'behind'": "'LEFT' not in os.environ",
    "os.environ.pop('COLUMNS')": "'COLUMNS' in os.environ",
    "locale.setlocale(locale.LC_ALL, 'C')": "locale.setlocale(locale.LC_ALL) != 'C'",
    "sys.stdout = io.StringIO()": "type(sys.stdout) is not io.StringIO",
    "builtins.sum = builtins.print = None": "None not in (builtins.sum, builtins.print)",
    "builtins.mine = 1": "not hasattr(builtins, 'mine')",
    "math.exp = None": "math.exp(0) == 1",
    "signal.signal(signal.SIGINT, signal.SIG_IGN)": "signal.getsignal(signal.SIGINT) != signal.SIG_IGN",
    "gc.disable()": "gc.isenabled()",
    "gc.set_threshold(1)": "gc.get_threshold()[0] != 1",
    "sys.path.append('/mine')": "'/mine' not in sys.path",
    "sys.excepthook = print": "sys.excepthook is not print",
}
OF_TORCH = {
    "torch.set_default_dtype(torch.float64)": "torch.get_default_dtype() is torch.float32",
    "torch.set_default_device('meta')": "torch.zeros(1).device.type == 'cpu'",
    "torch.set_grad_enabled(False)": "torch.is_grad_enabled()",
    "torch.use_deterministic_algorithms(True)": "not torch.are_deterministic_algorithms_enabled()",
    "torch.autograd.set_detect_anomaly(True)": "not torch.is_anomaly_enabled()",
    "torch.set_num_threads(2)": "torch.get_num_threads() == 1",
}
IMPORTS = "import builtins, decimal, gc, io, locale, math, os, signal, sys, warnings\nimport numpy as np\n"
LOOKS = """
{imports}
from graders.checks import task

CLEAN = {clean!r}

@task("twice")
def test_first(kata):
    assert kata.twice(1.0) == 2.0
    assert [each for each in CLEAN if not eval(each)] == []

@task("half")
def test_second(kata):
    assert kata.half(1.0) == 0.5
    assert kata.half(1.0) == 0.5
"""


def leaving(root: Path, left: dict[str, str], imports: str) -> Finished:
    """Run a submission that leaves all this behind in `twice`. A test, and then `half`, look for it."""
    acts = "".join(f"    {act}\n" for act in left)
    looked = "".join(f"    assert {clean}, {clean!r}\n" for clean in left.values())
    write(
        root / "katas/alpha/twice.py",
        f"{imports}\ndef twice(x):\n{acts}    return 2.0 * x\n\ndef half(x):\n{looked}    return x / 2\n",
    )
    write(root / "katas/alpha/test_alpha.py", LOOKS.format(imports=imports, clean=list(left.values())))
    return run(root, torch="torch" in imports)


def test_what_a_submission_sets_reaches_no_test(root: Path) -> None:
    done = leaving(root, LEFT, IMPORTS)
    assert counted(done) == {"passed": 2}, done.out


def test_what_a_submission_sets_in_torch_reaches_no_test(root: Path) -> None:
    in_toml(root, 'runtime = "numpy"', 'runtime = "torch"')
    done = leaving(root, OF_TORCH, IMPORTS + "import torch\n")
    assert counted(done) == {"passed": 2}, done.out


def test_a_submission_keeps_its_settings_within_a_test_as_in_a_worker(root: Path, judge_of: Judge) -> None:
    text = """
import os, sys, warnings
import numpy as np
np.seterr(all="raise")
sys.setrecursionlimit(5000)
warnings.simplefilter("error")
os.environ["MINE"] = "1"

def half(x):
    assert (np.geterr()["over"], sys.getrecursionlimit(), os.environ["MINE"]) == ("raise", 5000, "1")
    assert warnings.filters[0][0] == "error"
    return x / 2.0

def twice(x):
    half(x)
    return 2.0 * x
"""
    write(root / "katas/alpha/twice.py", text)
    assert counted(run(root)) == {"passed": 2}
    assert judge_of.grade_files("alpha", {"twice.py": text.encode()}).status == "passed"


def test_a_seed_repeats_global_random_numbers_too(root: Path) -> None:
    text = SOLUTION.replace(
        "    return FACTOR", "    print('drew', random.random(), np.random.rand())\n    return FACTOR"
    )
    write(root / "katas/alpha/twice.py", f"import random\nimport numpy as np\n\n{text}")
    seeds = ["00112233445566778899aabbccddeeff"] * 2 + ["ffeeddccbbaa99887766554433221100"]
    drawn = [re.findall(r"drew .*", run(root, "-s", "--seed", seed).out) for seed in seeds]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0][0] != drawn[0][1]


# ------------------------------------------------------------------------------------------------ texts

TEXTS = {
    "endless": "def __str__(self):\n        while True: pass",
    "long": "def __str__(self): return 'x' * 10**7",
    "raising": "def __str__(self): raise ValueError",
    "leaving": "def __str__(self): raise SystemExit(0)",
}
RAISING = "class Mine(ValueError):\n    {}\n\ndef twice(x):\n    {}\n\n" + HALF


def test_an_exception_without_a_usable_text_is_shown(tmp_path: Path) -> None:
    texts = {name: RAISING.format(text, "raise Mine") for name, text in TEXTS.items()}
    texts["caught"] = RAISING.format(TEXTS["endless"], "try:\n        raise Mine\n    except Mine: 1 / 0")
    texts["builtin"] = f"def twice(x):\n    raise KeyError('x' * 10**7)\n\n{HALF}"
    root = several(tmp_path, texts)
    for slug in texts:
        short_limit(root, slug)
    done = run(root, "-k", "becomes_four")
    assert counted(done)["failed"] == len(texts)
    assert len(done.out) < 60_000
    assert "twice took longer than 0.5 s and was stopped" in done.out
    assert "Mine: (no message: str() of the exception raised ValueError)" in done.out
    assert "Mine: (no message: str() of the exception raised SystemExit)" in done.out
    assert "(9996000 more characters)" in done.out
    assert "ZeroDivisionError: division by zero" in done.out


def test_a_long_text_at_import_is_cut(root: Path) -> None:
    write(root / "katas/alpha/twice.py", "raise ValueError('x' * 10**7)\n")
    done = run(root)
    assert "(9996000 more characters)" in done.out
    assert len(done.out) < 30_000


def test_printed_output_is_cut_as_in_a_grading(root: Path) -> None:
    write(root / "katas/alpha/twice.py", ADDED.replace("    return 2.0", "    print('x' * 10**6)\n    return 2.0"))
    done = run(root, "-k", "becomes")
    write(root / "katas/alpha/twice.py", "def twice(x):\n    print('x' * 10**6)\n    return x\n")
    done = run(root, "-k", "becomes")
    assert "[output cut at 64 kB]" in done.out
    assert len(done.out) < 100_000


# ------------------------------------------------------------------------------------ what is forbidden

FORBIDDEN = {
    "threading.Thread(target=print).start()": "threading.Thread.start: a submission can't start threads. ",
    "concurrent.futures.ThreadPoolExecutor().submit(print)": "Executor.submit: a submission can't start threads. ",
    "multiprocessing.pool.ThreadPool(2)": "multiprocessing",
    "multiprocessing.Pool(2)": "multiprocessing.context.BaseContext.Pool: a submission can't start processes. ",
    "multiprocessing.Process(target=print).start()": "a submission can't start processes. ",
    "concurrent.futures.ProcessPoolExecutor().submit(print)": "a submission can't start processes. ",
    "subprocess.run(['true'])": "subprocess.run: a submission can't start processes. ",
    "os.fork()": "os.fork: a submission can't start processes. ",
    "socket.socket()": "socket.socket: a submission has no network. ",
    "socket.create_connection(('127.0.0.1', 9))": "socket.create_connection: a submission has no network. ",
    "urllib.request.urlopen('http://127.0.0.1:9/')": "urllib.request.urlopen: a submission has no network. ",
    "open('log.txt', 'w')": "open: a submission can't write, move or delete files. ",
    "pathlib.Path('log.txt').write_text('x')": "write_text: a submission can't write, move or delete files. ",
    "np.save('log.npy', x)": "save: a submission can't write, move or delete files. ",
    "os.mkdir('logs')": "os.mkdir: a submission can't write, move or delete files. ",
    "os.remove('katas/alpha/kata.toml')": "os.remove: a submission can't write, move or delete files. ",
    "tempfile.TemporaryFile()": "tempfile.",
    "open('katas/alpha/notes.txt')": "FileNotFoundError: [Errno 2] No such file or directory: 'katas/alpha/notes.txt'",
    "pathlib.Path(__file__).with_name('notes.txt').read_text()": "In official grading, your files are alone: ",
}
MODULES = (
    "import concurrent.futures, multiprocessing.pool, os, pathlib, socket, subprocess, tempfile, threading\n"
    "import urllib.request\nimport numpy as np\n"
)


def test_what_a_worker_forbids_is_forbidden_alike(tmp_path: Path, judge_of: Judge) -> None:
    texts = [f"{MODULES}\ndef twice(x):\n    {act}\n    return 2.0 * x\n\n{HALF}" for act in FORBIDDEN]
    root = several(tmp_path, {f"way{number:02}": text for number, text in enumerate(texts)})
    for folder in (root / "katas").iterdir():
        write(folder / "notes.txt", "notes")
    done = run(root, "-k", "becomes_four")
    assert counted(done)["failed"] == len(FORBIDDEN), done.out
    assert not (root / "log.txt").exists()
    blocks = re.split(r"^_{3,} \w+ _{3,}$", done.out, flags=re.M)[1:]
    for text, (act, said), block in zip(texts, FORBIDDEN.items(), blocks, strict=True):
        verdict = judge_of.grade_files("alpha", {"twice.py": text.encode()})
        message = next(test.message for test in verdict.tests if test.name == "test_two_becomes_four")
        assert said in message, (act, message)
        assert said in " ".join(line.removeprefix("E").strip() for line in block.splitlines()), (act, block)


@pytest.fixture(scope="module")
def judge_of(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """A judge of the same small kata."""
    with Judge(workshop.write_repository(tmp_path_factory.mktemp("judged"), ["alpha"])) as judge:
        yield judge


ALLOWED = f"""
import io, os, random, time, tempfile, threading, traceback
import numpy as np

def twice(x):
    print("x is", x, flush=True)
    lock = threading.Lock()
    with lock, open(np.__file__) as file, open("/dev/urandom", "rb") as numbers:
        file.read(1), numbers.read(1)
    np.save(io.BytesIO(), x)
    try:
        raise KeyError
    except KeyError:
        traceback.print_exc()
    import xml.sax.saxutils
    assert os.system("touch made") == 127 << 8
    return 2.0 * x

{HALF}
"""


def test_what_a_worker_allows_works(root: Path, judge_of: Judge) -> None:
    write(root / "katas/alpha/twice.py", ALLOWED)
    assert counted(run(root)) == {"passed": 2}
    verdict = judge_of.grade_files("alpha", {"twice.py": ALLOWED.encode()})
    assert verdict.status == "passed", verdict.tests[0].message


def test_a_debugger_of_ones_own_may_do_anything(root: Path) -> None:
    write(
        root / "debugger.py",
        "import os, socket\n\ndef debug():\n    socket.socket().close()\n    open('history', 'w').close()\n",
    )
    text = SOLUTION.replace("    return FACTOR", "    breakpoint()\n    return FACTOR")
    write(root / "katas/alpha/twice.py", text)
    own = {"PYTHONBREAKPOINT": "debugger.debug"}
    done = shell.pytest("-p", "no:cacheprovider", *QUICK, "-s", "katas", cwd=root, env=own)
    assert counted(done) == {"passed": 2}, done.out
    assert (root / "history").exists()


def test_a_torch_submission_may_write_and_start_threads(root: Path) -> None:
    in_toml(root, 'runtime = "numpy"', 'runtime = "torch"')
    act = "threading.Thread(target=print).start(); open('log.txt', 'w').close(); open('log.txt').close()"
    write(root / "katas/alpha/twice.py", f"import threading\n\ndef twice(x):\n    {act}\n    return 2.0 * x\n\n{HALF}")
    assert counted(run(root, torch=True)) == {"passed": 2}
    write(root / "katas/alpha/twice.py", f"def twice(x):\n    open('/log.txt', 'w')\n\n{HALF}")
    done = run(root, torch=True)
    assert "open: a submission can write files only in its scratch folder." in done.out
