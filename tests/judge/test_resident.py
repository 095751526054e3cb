"""A resident judge: it notices changed files, survives killed processes, and leaves no process behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from graders import Judge
from graders.errors import Abandoned
from graders.judge import process
from graders.judge.fork_server import LOOK_S, SUITES
from graders.judge.messages import GradeResponse
from graders.judge.suite_server import GROWN_BYTES
from graders.unix import address_space
from tests.observed import Process, command_line, descendants, result, running, statuses
from tests.workshop import ROOT

Written = Callable[..., Path]

RIGHT = "def answer(number):\n    return number\n"
LEFT_ALONE = "test_the_arguments_are_left_alone"
# Computes for a second of CPU time in its third test, so that a test has time to observe it on any machine.
BUSY = """
import time

def answer(number):
    until = time.process_time() + (number == 3)
    while time.process_time() < until:
        pass
    return number
"""
ENDLESS = "def answer(number):\n    while True:\n        pass\n"
BUSY_TICKS = 6  # of 10 ms each; a worker uses less for anything else
PATIENCE_S = 60.0
IMPORT_S = 4.0  # the import time of one misconception
LONG_S = 3 * PATIENCE_S  # for a call; longer than any wait in the tests


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Judge]:
    """A judge on a copy of the repository, in which tests change files and kill processes."""
    root = tmp_path_factory.mktemp("workshop") / "repository"
    shutil.copytree(repository, root)
    with Judge(root, require="full") as judge:
        yield judge


@pytest.fixture
def edit(workshop: Judge) -> Iterator[Callable[[str, str, str], None]]:
    """Return a function: `edit(path, old, new)` changes a file of the workshop until the test ends."""
    before: dict[Path, str] = {}

    def replace(name: str, old: str, new: str) -> None:
        path = workshop.root / name
        text = path.read_text(encoding="utf-8")
        before.setdefault(path, text)
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    yield replace
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def patient(edit: Callable[..., None]) -> None:
    """The kata `ten` with limits that are longer than any wait."""
    edit("katas/ten/kata.toml", "call_s = 5", f"call_s = {LONG_S}\ntest_s = {2 * LONG_S}\ntotal_s = {4 * LONG_S}")


def gone(processes: set[Process], seconds: float = PATIENCE_S) -> set[Process]:
    """Return the processes that still run after some seconds; return at once when none does."""
    known = {(process.pid, process.start) for process in processes}
    deadline = time.monotonic() + seconds
    while True:
        left = {process for process in running() if (process.pid, process.start) in known}
        if not left or time.monotonic() > deadline:
            return left
        os.sched_yield()


def root_pid(judge: Judge) -> int:
    assert judge._process is not None
    return judge._process.process.pid


def python_of_workers(root: int) -> list[Process]:
    """Return a judge's workers' fork servers: each Python of a sandbox whose parent is not another one."""
    pythons = {
        process.pid: process
        for process in descendants(root)
        if "python" in Path((line := command_line(process.pid) or [""])[0]).name
        and any("graders.worker.fork_server" in word for word in line)
    }
    return [process for process in pythons.values() if process.parent not in pythons]


def rooms(root: int) -> set[int]:
    """Return the suite servers under a judge's process."""
    own = command_line(root)
    return {each.pid for each in descendants(root) if each.parent == root and command_line(each.pid) == own}


def busy(root: int, computing: int = 1) -> Process | None:
    """Return the workers' fork server with this many computing workers."""
    for server in python_of_workers(root):
        if sum(worker.cpu_ticks >= BUSY_TICKS for worker in descendants(server.pid)) >= computing:
            return server
    return None


class Killer(threading.Thread):
    """A thread that kills a judge's workers' fork server as soon as a worker computes, a number of times."""

    def __init__(self, root: int, times: int, computing: int = 1) -> None:
        super().__init__(daemon=True)
        self.root = root
        self.computing = computing  # how many workers have to compute
        self.times = times
        self.killed: set[Process] = set()
        self.over = threading.Event()

    def run(self) -> None:
        while len(self.killed) < self.times and not self.over.is_set():
            server = busy(self.root, self.computing)
            if server is not None and server.pid not in {process.pid for process in self.killed}:
                self.killed.add(server)
                os.kill(server.pid, signal.SIGKILL)

    def __enter__(self) -> Killer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()


# --------------------------------------------------------------------------------------- what has changed


@pytest.mark.parametrize(
    ("file", "old", "new", "failed", "digest"),
    [
        ("katas/ten/test_ten.py", "kata.answer(2), 2", "kata.answer(2), 22", "test_two", "suite_digest"),
        ("graders/hidden/scaling/probes.py", "return list(arguments)", "return None", LEFT_ALONE, "suite_digest"),
        ("solutions/ten/ten.py", "return number", "return 0", "test_two", "kata_digest"),
    ],
    ids=["visible test", "probe", "solution"],
)
def test_a_change_is_noticed(
    workshop: Judge, edit: Callable[..., None], file: str, old: str, new: str, failed: str, digest: str
) -> None:
    slug = Path(file).parent.name
    folder = workshop.root / "solutions" / slug
    before = workshop.grade(slug, folder)
    edit(file, old, new)
    after = workshop.grade(slug, folder)
    assert (before.status, after.status) == ("passed", "failed")
    assert statuses(after)[failed] == "failed"
    assert getattr(before, digest) != getattr(after, digest)


def test_a_changed_hidden_test_is_noticed(workshop: Judge, written: Written, edit: Callable[..., None]) -> None:
    folder = written("ten", RIGHT)
    workshop.grade("ten", folder)
    edit("graders/hidden/ten/test_hidden.py", "def test_ten(kata)", "def test_eleven(kata)")
    assert "test_eleven" in statuses(workshop.grade("ten", folder))


def test_changed_settings_are_noticed(workshop: Judge, written: Written, edit: Callable[..., None]) -> None:
    folder = written("ten", RIGHT)
    workshop.grade("ten", folder)
    edit("katas/ten/kata.toml", "points = 5", "points = 7")
    assert workshop.grade("ten", folder).score == 14


def test_a_changed_misconception_is_noticed(workshop: Judge, written: Written, edit: Callable[..., None]) -> None:
    wrong = "graders/hidden/scaling/wrong/added.py"
    folder = written("scaling", (workshop.root / wrong).read_text(encoding="utf-8"))
    edit(wrong, "The factor is added", "A sum is made")
    said = [test.diagnosis for test in workshop.grade("scaling", folder).tests if test.diagnosis]
    assert said == ["A sum is made instead of multiplied."]


@pytest.mark.deep
@pytest.mark.parametrize("judges", [1, 2])
def test_misconceptions_are_observed_only_once(workshop: Judge, edit: Callable[..., None], judges: int) -> None:
    """One takes long to import; a second grading does not wait for it, and has the same diagnosis.

    If there are two judges, the second grading has another one.
    """
    edit(
        "graders/hidden/scaling/wrong/zeros.py", "import numpy", f"import time\n\ntime.sleep({IMPORT_S})\nimport numpy"
    )
    edit("katas/scaling/kata.toml", "[tasks.value]", f"[limits]\nimport_s = {LONG_S}\n[tasks.value]")
    added = (workshop.root / "graders/hidden/scaling/wrong/added.py").read_bytes()
    right = (workshop.root / "solutions/scaling/scaling.py").read_text(encoding="utf-8")
    slow = right.replace("    return x", "    import time\n\n    time.sleep(0.3)\n    return x").encode()
    clients = [workshop, Judge(workshop.root, require="full", started=workshop.process, slot=1)][:judges]
    before = rooms(root_pid(workshop))
    with ThreadPoolExecutor(judges) as threads:
        for each in [threads.submit(client.grade_files, "scaling", {"scaling.py": slow}) for client in clients]:
            assert each.result().status == "passed"
    (suite,) = rooms(root_pid(workshop)) - before
    forked = {judge.pid for judge in descendants(suite)}
    assert len(forked) == judges
    first, second = (
        workshop.grade_files("scaling", {"scaling.py": added}, diagnosing=True, seed=bytes([number]) * 16)
        for number in range(2)
    )
    for verdict in (first, second):
        assert [test.diagnosis for test in verdict.tests if test.diagnosis] == [
            "The factor is added instead of multiplied."
        ]
    assert first.duration_s > IMPORT_S
    assert second.duration_s < IMPORT_S
    assert judges == 1 or {judge.pid for judge in descendants(suite)} == forked


def test_no_state_of_a_submission_reaches_the_next(workshop: Judge, written: Written) -> None:
    workshop.grade("ten", written("ten", "import builtins\nbuiltins.left = 1\ndef answer(number):\n    return 0\n"))
    text = "import builtins\ndef answer(number):\n    return number if not hasattr(builtins, 'left') else 0\n"
    assert workshop.grade("ten", written("ten", text)).status == "passed"


def test_saving_an_answer_again_reads_nothing_again(workshop: Judge, edit: Callable[..., None]) -> None:
    assert workshop.grade("ten").status == "failed"
    before = rooms(root_pid(workshop))
    edit("katas/ten/ten.py", "raise NotImplementedError", "return number")
    for beside in (".ten.py.swp", "ten.py~", "#ten.py#"):
        (workshop.root / "katas" / "ten" / beside).write_text("", encoding="utf-8")
    assert workshop.grade("ten").status == "passed"
    assert rooms(root_pid(workshop)) == before


def test_a_visible_grading_decides_only_visible_tasks(workshop: Judge, written: Written) -> None:
    folder = written("ten", "def answer(number):\n    return min(number, 8)\n")
    assert workshop.grade("ten", folder).score == 5
    alone = workshop.grade("ten", folder, visible=True)
    assert (alone.status, alone.score, alone.max_score) == ("passed", 5, 5)
    assert {test.visibility for test in alone.tests} == {"visible"}


# ------------------------------------------------------------------------------------- cancelling


class Withdrawn(threading.Thread):
    """A thread that cancels a grading as soon as a worker computes; `left` has the workers that did."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root = root
        self.left: set[Process] = set()
        self.until, self.closer = os.pipe()
        self.start()

    def run(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self.left and time.monotonic() < deadline:
            server = busy(self.root)
            if server is not None:
                self.left = {each for each in descendants(server.pid) if each.cpu_ticks >= BUSY_TICKS}
        os.close(self.closer)


@pytest.mark.usefixtures("patient")
def test_a_cancelled_grading_ends_at_once_with_its_workers(workshop: Judge, written: Written) -> None:
    right = written("ten", RIGHT)
    workshop.grade("ten", right)
    withdrawn = Withdrawn(root_pid(workshop))
    with pytest.raises(Abandoned):
        workshop.grade("ten", written("ten", ENDLESS), until=withdrawn.until)
    assert withdrawn.left
    assert gone(withdrawn.left) == set()  # long before the end of their call
    assert workshop.grade("ten", right).status == "passed"
    os.close(withdrawn.until)


def test_a_finished_response_takes_priority_over_cancelling(workshop: Judge, written: Written) -> None:
    until, closer = os.pipe()
    assert workshop.grade("ten", written("ten", RIGHT), until=until).status == "passed"
    os.close(closer)
    with pytest.raises(Abandoned):
        workshop.grade("ten", written("ten", RIGHT), until=until)
    os.close(until)


# ---------------------------------------------------------------------------------------- what is killed


def test_a_fork_server_killed_between_gradings_is_replaced(workshop: Judge, written: Written) -> None:
    folder = written("ten", RIGHT)
    workshop.grade("ten", folder)
    servers = set(python_of_workers(root_pid(workshop)))
    assert servers
    for server in servers:
        os.kill(server.pid, signal.SIGKILL)
    verdict = workshop.grade("ten", folder)
    assert (verdict.status, verdict.score, verdict.message) == ("passed", 10, "")
    assert gone(servers) == set()


def test_only_a_fork_server_holds_its_own_end_of_a_socket(repository: Path) -> None:
    """If a suite server held it too, a judge would not notice the fork server's end, and would wait for minutes."""
    with Judge(repository) as judge:
        assert solve(judge, "ten") == "passed"
        (server,) = python_of_workers(root_pid(judge))
        others = {pid: sockets(pid) & sockets(server.pid) for pid in rooms(root_pid(judge))}
    assert others
    assert set().union(*others.values()) == set()


def sockets(pid: int) -> set[str]:
    """Return the sockets that a process has open."""
    found = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}
    return {each for each in found if each.startswith("socket:")}


@pytest.mark.deep
@pytest.mark.usefixtures("patient")
def test_a_fork_server_killed_during_a_grading_is_replaced(workshop: Judge, written: Written) -> None:
    workshop.grade("ten", written("ten", RIGHT))
    with Killer(root_pid(workshop), times=1) as killer:
        verdict = workshop.grade("ten", written("ten", BUSY))
    assert len(killer.killed) == 1
    assert (verdict.status, verdict.score, verdict.message) == ("passed", 10, "")


@pytest.mark.usefixtures("patient")
def test_a_fork_server_that_two_gradings_lost_is_replaced_once(workshop: Judge, written: Written) -> None:
    """The second client must not stop the new fork server, which the first one already uses."""
    workshop.grade("ten", written("ten", RIGHT))
    shared = [Judge(workshop.root, slot=slot, crowded=True, started=workshop._process) for slot in (1, 2)]
    folders = [written("ten", BUSY) for _ in shared]
    with ThreadPoolExecutor(2) as pool, Killer(root_pid(workshop), times=1, computing=2) as killer:
        verdicts = list(pool.map(lambda judge, folder: judge.grade("ten", folder), shared, folders))
    assert len(killer.killed) == 1
    assert [(each.status, each.message) for each in verdicts] == [("passed", "")] * 2


@pytest.mark.deep
@pytest.mark.usefixtures("patient")
def test_a_fork_server_killed_twice_is_an_error(workshop: Judge, written: Written) -> None:
    workshop.grade("ten", written("ten", RIGHT))
    with Killer(root_pid(workshop), times=2) as killer:
        verdict = workshop.grade("ten", written("ten", BUSY))
    assert len(killer.killed) == 2
    assert (verdict.status, verdict.exit_status, verdict.score) == ("error", 2, 0)
    assert "failed" not in statuses(verdict).values()
    assert "workers' fork server" in verdict.message
    assert "this does not count against the submission" in verdict.message
    assert workshop.grade("ten", written("ten", RIGHT)).status == "passed"


def test_a_suite_server_killed_between_gradings_is_replaced(workshop: Judge, written: Written) -> None:
    folder = written("ten", RIGHT)
    workshop.grade("ten", folder)
    assert rooms(root_pid(workshop))
    for room in rooms(root_pid(workshop)):
        os.kill(room, signal.SIGKILL)
    verdict = workshop.grade("ten", folder)
    assert (verdict.status, verdict.score) == ("passed", 10)


def test_a_killed_judging_process_is_restarted(workshop: Judge, written: Written) -> None:
    folder = written("ten", RIGHT)
    workshop.grade("ten", folder)
    root = root_pid(workshop)
    left = descendants(root)
    os.kill(root, signal.SIGKILL)
    assert gone(left) == set()
    verdict = workshop.grade("ten", folder)
    assert (verdict.status, verdict.score) == ("passed", 10)
    assert root_pid(workshop) != root


# -------------------------------------------------------------------------------------- idle processes

OTHERS = ("scaling", "limits", "extras", "swift", "chain", "several")
MOST = 30  # processes: this bound is for `katas serve`, too


def solve(judge: Judge, slug: str) -> str:
    return judge.grade(slug, judge.root / "solutions" / slug).status


def test_a_judge_of_many_katas_stays_small(workshop: Judge) -> None:
    assert {solve(workshop, slug) for slug in OTHERS} == {"passed"}
    root, deadline = root_pid(workshop), time.monotonic() + PATIENCE_S
    while len(rooms(root)) > SUITES and time.monotonic() < deadline:
        os.sched_yield()
    time.sleep(2 * LOOK_S)  # by then, it has seen that the others have ended
    assert len(rooms(root)) == SUITES
    assert len(descendants(root)) < MOST


def test_a_judge_that_has_grown_ends(workshop: Judge, edit: Callable[..., None], written: Written) -> None:
    """The next grading gets a new judge, so nothing keeps what the tests left in the old one's memory."""
    check = "assert_equal(kata.answer(10), 10)"
    keep = f"vars(__import__('sys')).setdefault('kept', []).append(bytes({2 * GROWN_BYTES}))"
    graded = "type(kata.side).__name__ == 'WorkerSide'"  # the suite server and waiting judges run the tests themselves
    edit("graders/hidden/ten/test_hidden.py", check, f"{graded} and {keep}\n    {check}")
    for _ in range(3):
        assert workshop.grade("ten", written("ten", RIGHT)).status == "passed"
        assert gone(large(rooms(root_pid(workshop)))) == set()


def large(rooms: set[int]) -> set[Process]:
    """Return the judges of these suite servers that map much more memory than the suite server."""
    judges = [each for room in rooms for each in descendants(room)]
    return {each for each in judges if size(each.pid) > size(each.parent) + GROWN_BYTES}


def size(pid: int) -> int:
    try:
        return address_space(pid)
    except OSError:  # it has ended
        return 0


def test_a_sandbox_that_dies_while_it_starts_is_replaced(workshop: Judge) -> None:
    right = workshop.root / "solutions" / "torchy"
    with Judge(workshop.root, require="full", first="torchy") as judge:
        judge.start()
        assert judge.process is not None
        while not (starting := descendants(judge.process.process.pid)):
            os.sched_yield()
        for each in starting:
            with contextlib.suppress(ProcessLookupError):  # some only start others
                os.kill(each.pid, signal.SIGKILL)
        assert judge.grade("torchy", right).status in ("error", "passed")
        assert judge.grade("torchy", right).status == "passed"


def test_a_sandbox_that_starts_holds_up_no_other_grading(workshop: Judge) -> None:
    right = workshop.root / "solutions" / "torchy"
    assert workshop.grade("torchy", right).status == "passed"
    beside = Judge(workshop.root, require="full", started=workshop.process, slot=1)
    done: list[str] = []

    def first() -> None:
        assert beside.grade("torchy", right).status == "passed"
        done.append("in its own sandbox")

    with ThreadPoolExecutor(1) as threads:
        starting = threads.submit(first)
        time.sleep(0.2)  # then its request has been sent, and its sandbox imports PyTorch
        for _ in range(3):
            assert workshop.grade("torchy", right).status == "passed"
            done.append("beside it")
        starting.result()
    assert beside.process is workshop.process
    assert done == ["beside it"] * 3 + ["in its own sandbox"]


def test_nothing_is_lost_when_a_suite_server_ends(workshop: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every grading ends the suite server of another kata, and the next one asks for that kata."""
    lost = answers_without_verdict(monkeypatch)
    slugs = OTHERS[: SUITES + 1]
    assert [solve(workshop, slug) for slug in slugs * 5] == ["passed"] * len(slugs) * 5
    assert lost == []


@pytest.mark.usefixtures("patient")
def test_a_suite_server_finishes_before_it_ends(
    workshop: Judge, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = answers_without_verdict(monkeypatch)
    solve(workshop, "ten")
    found: list[str] = []
    grading = threading.Thread(target=lambda: found.append(workshop.grade("ten", written("ten", BUSY)).status))
    other = Judge(workshop.root, require="full", started=workshop.process, slot=1)
    root = root_pid(workshop)
    grading.start()
    while busy(root) is None:
        assert grading.is_alive()
    assert {solve(other, slug) for slug in OTHERS} == {"passed"}
    assert solve(other, "ten") == "passed"
    grading.join()
    assert (found, lost) == (["passed"], [])


HASTY = "import sys; from graders.judge import fork_server as server; server.IDLE_S = server.LOOK_S = 0.001; "
HASTY += "server.main(int(sys.argv[1]), 'auto', sys.argv[2], '', '', '')"


def test_nothing_is_lost_when_everything_ends_at_once(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This fork server ends every idle process at once, and starts new ones for the next request."""
    lost = answers_without_verdict(monkeypatch)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        words = [sys.executable, "-c", HASTY, str(theirs.fileno()), str(tmp_path)]
        started = subprocess.Popen(words, pass_fds=[theirs.fileno()], cwd=ROOT, start_new_session=True)
    with Judge(repository, started=process.JudgeProcess(started, ours, str(tmp_path))) as judge:
        assert [solve(judge, slug) for slug in ("ten", "ten", "scaling", "ten")] == ["passed"] * 4
        assert lost == []
        assert gone(descendants(root_pid(judge))) == set()


def answers_without_verdict(monkeypatch: pytest.MonkeyPatch) -> list[GradeResponse]:
    """Return a list of all answers from now on that let the client try again."""
    lost: list[GradeResponse] = []
    ask = Judge._ask

    def asked(*words: Any, **more: Any) -> GradeResponse:
        answer = ask(*words, **more)
        if answer.verdict is None:
            lost.append(answer)
        return answer

    monkeypatch.setattr(Judge, "_ask", asked)
    return lost


# ------------------------------------------------------------------------------------ what is left behind

CLIENT = """
import sys
from pathlib import Path
from graders import Judge
from graders.judge import process

with Judge(Path(sys.argv[1])) as judge:
    judge.grade("ten", Path(sys.argv[1]) / "solutions/ten")
    print(judge._process.process.pid, flush=True)
    for folder in sys.argv[2:]:
        judge.grade("ten", Path(folder))
    sys.stdin.read()
"""


@pytest.fixture
def client(repository: Path, tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], int]]]:
    """client(folder…) is a process with a judge that has graded once and goes on with these; and its judge's pid.

    Its temporary files are in `tmp_path`, in folders whose names begin with `katas-`.
    """
    started = []

    def start(*folders: Path) -> tuple[subprocess.Popen[str], int]:
        process = subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(repository), *map(str, folders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"TMPDIR": str(tmp_path)},
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, int(process.stdout.readline())

    yield start
    for each in started:
        each.kill()
        each.communicate()


@pytest.mark.security
def test_nothing_is_left_after_the_client_is_killed(client: Callable[..., tuple], tmp_path: Path) -> None:
    process, root = client()
    left = descendants(process.pid)
    assert root in {each.pid for each in left}
    assert python_of_workers(root)
    assert list(tmp_path.glob("katas-*"))
    process.kill()
    process.wait()
    assert gone(left) == set()
    assert list(tmp_path.glob("katas-*")) == []


@pytest.mark.deep
@pytest.mark.security
def test_nothing_is_left_after_the_client_dies_while_grading(
    client: Callable[..., tuple], written: Written, tmp_path: Path
) -> None:
    process, root = client(written("ten", ENDLESS))
    deadline = time.monotonic() + PATIENCE_S
    while busy(root) is None:
        assert time.monotonic() < deadline
    left = descendants(process.pid)
    process.kill()
    process.wait()
    assert gone(left) == set()
    assert list(tmp_path.glob("katas-*")) == []


@pytest.mark.security
def test_nothing_is_left_after_a_judge_is_closed(repository: Path) -> None:
    judge = Judge(repository)
    with judge:
        assert judge.grade("ten", repository / "solutions/ten").status == "passed"
        left = descendants(root_pid(judge)) | {each for each in running() if each.pid == root_pid(judge)}
    assert gone(left) == set()
    judge.close()  # closing twice is allowed


def test_a_closed_judge_restarts_for_the_next_grading(repository: Path) -> None:
    judge = Judge(repository, resident=False)
    try:
        for _ in range(2):
            assert judge.grade("chain", repository / "solutions/chain").status == "passed"
            judge.close()
    finally:
        judge.close()


def test_workers_are_gone_after_every_grading(workshop: Judge, written: Written) -> None:
    folder = written("ten", RIGHT)
    counts = []
    for _ in range(4):
        workshop.grade("ten", folder)
        deadline = time.monotonic() + PATIENCE_S
        # The pool of prepared workers is refilled, and never grows beyond its size.
        while len(descendants(root_pid(workshop))) > 30 and time.monotonic() < deadline:
            os.sched_yield()
        counts.append(len(descendants(root_pid(workshop))))
    assert max(counts) <= 30


# ------------------------------------------------------------------------------------------- confinement


@pytest.fixture(scope="module")
def weak(repository: Path) -> Iterator[Judge]:
    """A judge with only the inner layer of confinement."""
    with Judge(repository, confinement="partial") as judge:
        yield judge


@pytest.mark.security
def test_partial_confinement_works_and_is_reported(weak: Judge, repository: Path) -> None:
    verdict = weak.grade("ten", repository / "solutions/ten")
    assert (verdict.status, verdict.confinement) == ("passed", "partial")


@pytest.mark.security
def test_too_weak_confinement_is_an_error_and_runs_nothing(weak: Judge, repository: Path) -> None:
    strict = Judge(repository, confinement="partial", require="full", started=weak._process)
    verdict = strict.grade("ten", repository / "solutions/ten")
    assert (verdict.status, verdict.exit_status, verdict.tests) == ("error", 2, ())
    assert verdict.message == "confinement is partial, but full is required: bubblewrap was left out"
    assert verdict.confinement == "partial"


@pytest.mark.security
@pytest.mark.parametrize("required", ["partial", "none", None])
def test_as_much_confinement_as_required_is_enough(weak: Judge, repository: Path, required: str | None) -> None:
    strict = Judge(repository, confinement="partial", require=required, started=weak._process)
    assert strict.grade("ten", repository / "solutions/ten").status == "passed"


@pytest.mark.security
def test_partial_confinement_still_blocks_files_and_sockets(weak: Judge, written: Written) -> None:
    text = """
import json, os, socket

def answer(number):
    found = []
    for path in ["/etc/passwd", "/proc/self/status", os.path.expanduser("~")]:
        try:
            open(path).close()
            found.append(path)
        except IsADirectoryError:
            found.append(path)
        except OSError:
            pass
    try:
        socket.socket()
        found.append("socket")
    except OSError:
        pass
    raise RuntimeError("FOUND " + json.dumps(found))
"""
    message = result(weak.grade("ten", written("ten", text)), "test_one").message
    assert json.loads(message.split("FOUND ")[1].splitlines()[0]) == []


def test_pytorch_is_not_imported_for_tests_that_do_not_use_it(judge: Judge) -> None:
    assert judge._process is not None
    assert "libtorch" not in Path(f"/proc/{judge._process.process.pid}/maps").read_text()


def test_a_mention_of_pytorch_in_any_test_is_found(repository: Path) -> None:
    assert not process._tests_mention_torch(repository)
    assert process._tests_mention_torch(Path(__file__).parents[2])
