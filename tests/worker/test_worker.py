"""Tests of a submission's process: little code of the harness, a fresh worker for each test, plain values."""

from __future__ import annotations

import ast
import io
import json
import linecache
import os
import random
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

import graders
from graders import watchdog, wire
from graders.errors import ForkServerDied, JudgeError, MachineBusy
from graders.judge.fork_server import POOL
from graders.judge.messages import LoadRequest
from graders.judge.worker_handle import WorkerGroup
from graders.verdict import Verdict
from graders.worker import serving
from graders.worker.fork_server import RESTING
from graders.worker.loading import refuse_forbidden, unload
from graders.worker.removal import remove
from graders.worker.serving import Rehearsal, RequestHandler, rehearse, respond
from tests.late import torch
from tests.observed import Process, command_line, descendants, result, statuses, tasks
from tests.workshop import ROOT

GRADERS = Path(graders.__file__).parent
PATIENCE_S = 60.0
OURS = {"graders", "graders.errors", "graders.unix", "graders.wire"}

Graded = Callable[..., Verdict]
Solved = Callable[[str], str]


def imports(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            if node.module == "graders":
                yield from (f"graders.{alias.name}" for alias in node.names)
            else:
                yield str(node.module)


def top(name: str) -> str:
    return name.partition(".")[0]


def of_the_harness(name: str) -> bool:
    return name in OURS or name.startswith("graders.worker")


# --------------------------------------------------------------------------------------- what is imported


@pytest.mark.security
@pytest.mark.parametrize("path", sorted((GRADERS / "worker").glob("*.py")), ids=lambda path: path.name)
def test_the_worker_imports_only_the_stdlib_numpy_and_the_wire(path: Path) -> None:
    foreign = {name for name in imports(path) if top(name) not in sys.stdlib_module_names and top(name) != "numpy"}
    assert {name for name in foreign if not of_the_harness(name)} == set()


@pytest.mark.security
@pytest.mark.parametrize("file", ["__init__.py", "errors.py", "unix.py", "wire.py"])
def test_files_shared_with_the_judge_import_no_more(file: str) -> None:
    foreign = {name for name in imports(GRADERS / file) if top(name) not in sys.stdlib_module_names}
    assert {name for name in foreign if not of_the_harness(name)} <= {"numpy", "msgspec"}


@pytest.mark.parametrize("path", sorted((GRADERS / "report").rglob("*.py")), ids=lambda path: path.name)
def test_a_report_imports_only_the_verdict_and_the_errors(path: Path) -> None:
    known = {name for name in imports(path) if top(name) == "graders"}
    beyond = {name for name in known if not name.startswith("graders.report")}
    assert beyond <= {"graders", "graders.verdict", "graders.errors"}


LOADED = """
import json, sys
print("LOADED", json.dumps(sorted(sys.modules)))

def answer(number):
    return number
"""


@pytest.mark.security
def test_a_sandboxed_submission_finds_nothing_of_the_judge(graded: Graded) -> None:
    output = result(graded("ten", LOADED), "test_one").output
    loaded = set(json.loads(re.search(r"LOADED (.*)", output)[1]))
    assert {name for name in loaded if top(name) == "graders" and not of_the_harness(name)} == set()
    of_cython = {name for name in loaded if re.fullmatch(r"cython_runtime|_cython_[\d_]+", name)}  # by numpy.random
    known = {*sys.stdlib_module_names, "numpy", "msgspec", "graders", "ten", "__main__"}
    assert {top(name) for name in loaded - of_cython} <= known


# -------------------------------------------------------------------------------- a fresh worker for each


def test_no_memory_is_carried_from_test_to_test(graded: Graded) -> None:
    text = """
import builtins, random
import numpy as np

seen = []

def answer(number):
    seen.append(number)
    builtins.left = getattr(builtins, "left", 0) + 1
    np.left = getattr(np, "left", 0) + 1
    return number if (len(seen), builtins.left, np.left) == (1, 1, 1) else -1
"""
    verdict = graded("ten", text)
    assert set(statuses(verdict).values()) == {"passed"}
    assert (verdict.score, verdict.max_score) == (10, 10)


@pytest.mark.security
def test_without_pytorch_no_file_can_be_written(graded: Graded) -> None:
    text = """
import os, tempfile

def answer(number):
    kept = []
    for folder in ["/tmp", "/dev/shm", "/var/tmp", ".", "/", "/harness", "/scratch", os.path.expanduser("~")]:
        try:
            open(os.path.join(folder, "left"), "w").close()
            kept.append(folder)
        except OSError:
            pass
    return number if not kept else kept
"""
    verdict = graded("ten", text)
    assert set(statuses(verdict).values()) == {"passed"}, verdict.tests[0].message


@pytest.mark.deep
@pytest.mark.security
def test_with_pytorch_a_file_of_one_test_is_gone_in_the_next(graded: Graded, solved: Solved) -> None:
    text = (
        solved("torchy").replace("import torch\n", "import os, tempfile\nimport torch\n")
        + """

honest = slope

def slope(x):
    places = [".", tempfile.gettempdir()]
    left = [place for place in places if os.path.exists(os.path.join(place, "left"))]
    for place in places:
        open(os.path.join(place, "left"), "w").close()
    assert os.path.exists("left")
    return honest(x) if not left else None
"""
    )
    verdict = graded("torchy", text)
    assert statuses(verdict) == {"test_once": "passed", "test_again": "passed"}


# ------------------------------------------------------------------------------------- arguments and supplied files


def test_changes_to_arguments_stay_in_the_worker(graded: Graded, solved: Solved) -> None:
    text = solved("scaling").replace(
        "return x * x.dtype.type(factor)", "answer = x * x.dtype.type(factor); x[...] = 7; return answer"
    )
    verdict = graded("scaling", text)
    assert tasks(verdict) == {
        "value": "passed",
        "types": "passed",
        "inputs": "failed",
        "errors": "passed",
        "noise": "passed",
    }


def test_arguments_can_be_written_to(graded: Graded) -> None:
    text = """
import numpy as np

def scale(x, factor):
    if x.ndim != 1:
        raise ValueError("x is no vector")
    x *= x.dtype.type(factor)
    return x

def noise(rng, count):
    return rng.standard_normal(count)
"""
    assert tasks(graded("scaling", text))["value"] == "passed"


def test_a_generator_arrives_as_numpys_default_one(graded: Graded, solved: Solved) -> None:
    text = solved("scaling").replace(
        "return rng.standard_normal(count)",
        "assert isinstance(rng, __import__('numpy').random.Generator)\n    return rng.standard_normal(count)",
    )
    assert tasks(graded("scaling", text))["noise"] == "passed"
    text = solved("scaling").replace("return rng.standard_normal", "return __import__('numpy').random.standard_normal")
    assert tasks(graded("scaling", text))["noise"] == "failed"


def test_a_probe_sees_the_submissions_and_supplied_modules(graded: Graded, repository: Path) -> None:
    folder = repository / "solutions/several"
    files = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}
    verdict = graded("several", files)
    assert statuses(verdict)["test_a_probe_sees_every_module"] == "passed"
    assert verdict.status == "passed"


@pytest.mark.security
def test_a_raised_syntax_error_is_reported_as_an_exception(graded: Graded, solved: Solved) -> None:
    """A file that cannot be compiled uses up no attempt; an import that ran must not count as one."""
    verdict = graded("scaling", solved("scaling") + "\nraise SyntaxError('the seed is 7')\n")
    assert verdict.status == "ungradable"
    assert verdict.message.startswith("the submission cannot be imported: SyntaxError: the seed is 7")
    verdict = graded("scaling", solved("scaling") + "\n) raise\n")
    assert verdict.status == "ungradable"
    assert verdict.message.startswith("SyntaxError: unmatched ')'")


@pytest.mark.security
def test_output_that_every_test_repeats_is_kept_once(graded: Graded, solved: Solved) -> None:
    printing = "import sys\nsys.stdout.buffer.write(b'\\xff' * 70_000)\nsys.stdout.flush()\n"
    verdict = graded("scaling", printing + solved("scaling"))
    assert verdict.status == "passed"
    sizes = [len(test.output.encode()) for test in verdict.tests]
    assert sizes[0] > 60_000
    assert max(sizes) < 66_000
    left_out = "(left out: the tests together printed more than 256 kB)"
    assert any(left_out in test.output for test in verdict.tests)
    assert sum(len(test.output.encode()) for test in verdict.tests if left_out not in test.output) <= 256 << 10


# ------------------------------------------------------------------------------------------- rehearsals


def test_a_rehearsal_leaves_the_process_unchanged() -> None:
    """A fork server rehearses before it forks, so every worker would inherit changed limits and modules."""

    def state() -> tuple[object, ...]:
        limits = [resource.getrlimit(each) for each in (resource.RLIMIT_CPU, resource.RLIMIT_AS)]
        return limits, set(sys.modules), list(sys.meta_path), "rehearsal.py" in linecache.cache

    rehearse("numpy")
    before = state()
    rehearse("numpy")
    assert state() == before


# ----------------------------------------------------------------------------------- workers forked ahead


def ahead(server: Process) -> int:
    return len(descendants(server.pid))


def test_a_pool_has_as_many_workers_as_a_run_used_until_it_rests(
    fork_server: tuple[socket.socket, Path],
) -> None:
    control, scratch = fork_server
    scratch.mkdir()
    (server,) = (each for each in descendants(os.getpid()) if str(scratch) in " ".join(command_line(each.pid)))
    assert reached(lambda: ahead(server), RESTING)
    group = WorkerGroup(control, 64)
    assert len(group.acquire(POOL + 1)) == POOL + 1
    group.close()
    assert reached(lambda: ahead(server), POOL)
    control.send(b'{"rest": true}')
    assert reached(lambda: ahead(server), RESTING)
    assert reached(lambda: len(list(scratch.iterdir())), RESTING)
    assert acquired(control) == 1


def reached(number: Callable[[], int], wanted: int) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while number() != wanted and time.monotonic() < deadline:
        os.sched_yield()
    return number() == wanted


# ------------------------------------------------------------------------- where no worker can be started


@pytest.fixture
def fork_server(tmp_path: Path) -> Iterator[tuple[socket.socket, Path]]:
    """Yield the control socket of an unconfined fork server, and its missing folder for scratch folders."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    scratch = tmp_path / "scratch"
    settings = {"runtime": "numpy", "readable": [], "pool": POOL, "scratch": str(scratch), "walls": False}
    code = f"from graders.worker import fork_server; fork_server.main({theirs.fileno()}, {settings})"
    with ours, theirs, subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, pass_fds=[theirs.fileno()]) as process:
        _, descriptors, _, _ = socket.recv_fds(ours, 4096, 1)
        os.close(descriptors[0])
        ours.send(b'{"base_memory": 0}')  # from now on, it forks workers ahead of need
        yield ours, scratch
        ours.close()
        assert process.poll() is None or process.returncode == 0


def test_a_machine_that_is_too_busy_is_not_the_submissions_fault(
    fork_server, crowd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "LEAST_PATIENCE_S", 1.0)
    monkeypatch.setattr(watchdog, "PATIENCE", 0.2)
    server, scratch = fork_server
    scratch.mkdir()
    group = WorkerGroup(server, 64)
    (worker,) = group.acquire(1)
    os.sched_setaffinity(worker.pid, {crowd})
    order = LoadRequest(
        files={"endless.py": b"while True: pass"},
        supplied={},
        modules=["endless"],
        seed=0,
        memory_mb=512,
        cpu_s=60,
        forbidden=[],
    )
    worker.post("load", "", msgspec.structs.asdict(order))
    with pytest.raises(MachineBusy, match=r"the machine is too busy: in \d+ s, .* \(load average \d"):
        worker.receive(5.0, "importing", "too long")
    worker.kill("the test is over")
    group.close()


def acquired(server: socket.socket) -> int:
    group = WorkerGroup(server, 64)
    try:
        return len(group.acquire(1))
    finally:
        group.close()


def test_a_missing_scratch_folder_ends_only_one_grading(fork_server) -> None:
    server, scratch = fork_server
    for _ in range(2):
        with pytest.raises(JudgeError, match="no worker can be started"):
            acquired(server)
    scratch.mkdir()
    assert acquired(server) == 1


# ------------------------------------------------------------------------- what outlives a worker


def test_leftovers_of_a_worker_end_the_fork_server(fork_server) -> None:
    server, scratch = fork_server
    scratch.mkdir()
    (scratch / "matplotlib").mkdir()  # the fork server's own
    assert acquired(server) == 1
    (scratch / "0-1").mkdir()  # as if its removal had failed
    with pytest.raises(ForkServerDied):
        acquired(server)


def test_leftovers_do_not_end_a_running_grading(fork_server) -> None:
    server, scratch = fork_server
    scratch.mkdir()
    group = WorkerGroup(server, 64)
    (worker,) = group.acquire(1)
    (scratch / "0-1").mkdir()
    assert acquired(server) == 1
    assert worker.alive
    group.close()


def test_folders_and_files_of_any_mode_are_removed(tmp_path: Path) -> None:
    os.chmod(tmp_path.parent, 0o711)
    room = tmp_path / "room"
    room.mkdir()
    pid = os.fork()
    if pid == 0:
        try:
            os.chdir(room)
            if os.getuid() == 0:  # root ignores modes
                os.chown(room, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
            for mode in (0, 0o100, 0o300, 0o500, 0o700):
                for inner in (0o500, 0):
                    os.makedirs(place := f"1/{mode:o}/{inner:o}/deep")
                    with open(f"{place}/file", "w", encoding="utf-8") as file:
                        os.fchmod(file.fileno(), mode)
                    os.symlink("/", f"{place}/link")
                    os.chmod(place, inner)
                    os.chmod(os.path.dirname(place), inner)
                os.chmod(f"1/{mode:o}", mode)
            os.chmod("1", 0)
            remove("1")
            os._exit(len(os.listdir(".")))
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


ORDER = {"files": {}, "supplied": {}, "seed": 1, "memory_mb": 0, "cpu_s": 0, "forbidden": []}


def test_a_file_that_one_worker_has_compiled_is_not_compiled_again() -> None:
    order = ORDER | {"modules": ["own"], "forbidden": ["math.nothing"]}
    compiled = Rehearsal("numpy", 0).read("", order | {"files": {"own.py": b"x = 1"}})
    worker = Rehearsal("numpy", 0)
    try:
        worker.load("", order | {"files": {"own.py": b"import math; x = math.nothing("}, "compiled": compiled})
        assert worker.submission.x == 1
    finally:
        assert worker.sources is not None
        unload(worker.sources)


def test_only_the_call_that_should_raise_fails_in_a_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = []

    def watched(handler: RequestHandler, request: wire.Request) -> list[object]:
        answer = respond(handler, request)
        data = io.BytesIO(b"".join(map(bytes, answer)))
        if not wire.receive_reply(wire.Reader(data.read), request.number).ok:
            failed.append(request.number)
        return answer

    monkeypatch.setattr(serving, "respond", watched)
    rehearse("numpy")
    assert failed == [3]


GENERATORS: dict[str, Callable[[], object]] = {
    "random": random.random,
    "numpy.random": lambda: float(np.random.rand()),
    "torch": lambda: float(torch.rand(())),
}


@pytest.fixture
def restored() -> Iterator[None]:
    """Leave the global generators of this process as they were."""
    own, numpys = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        yield
    random.setstate(own)
    np.random.set_state(numpys)


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("name", GENERATORS)
def test_a_worker_seeds_each_global_generator_by_its_test(name: str) -> None:
    def first_draw(seed: int) -> object:
        Rehearsal("torch", 0).read("", {**ORDER, "seed": seed})  # this leaves the limits of this process alone
        return GENERATORS[name]()

    assert first_draw(1) == first_draw(1)
    assert first_draw(1) != first_draw(2)


@pytest.mark.parametrize(
    "use", ["import torch.nn.Twice", "from torch.nn import Twice as T", "torch.nn.Twice(2)", "n.Twice", "x = n.Twice.y"]
)
def test_a_forbidden_symbol_is_found_in_every_form(use: str) -> None:
    with pytest.raises(ImportError, match=r"own\.py, line 2: torch\.nn\.Twice may not be used in this kata"):
        refuse_forbidden({"own.py": f"pass\n{use}\n"}, ["own.py"], ["torch.nn.Twice"])
    refuse_forbidden({"own.py": f"pass\n{use}\n"}, ["own.py"], ["torch.nn.Thrice"])
