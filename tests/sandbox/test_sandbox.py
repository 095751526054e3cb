"""Tests of what a worker can reach: a stand-in fork server in the real sandbox forks workers that try and report."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graders.errors import ConfinementError
from graders.sandbox import launcher
from graders.sandbox.launcher import Launch, start
from graders.sandbox.runtimes import RuntimeFiles, runtime
from graders.worker.confinement import THREADS

pytestmark = pytest.mark.security

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 120.0

# Serves requests {"code", "memory", "scratch", "walls"} one after the other, each in its own worker. The code stores
# its findings in `found`; an exception is reported by its type.
STAND_IN = """
import socket
import numpy
if settings["runtime"] == "torch":
    import torch
    torch.set_num_threads(1)
from graders.worker.confinement import WorkerConfinement

walls = WorkerConfinement.build(settings["readable"], settings["threads"])
orders = socket.socket(fileno=settings["fd"])


def work(order, answer):
    if order["walls"]:
        walls.apply({answer}, order["memory"], 60, order["scratch"])
        os.chdir(order["scratch"]) if order["scratch"] else None
    names = {"settings": settings, "found": None}
    try:
        exec(order["code"], names)
        report = {"found": names["found"]}
    except BaseException as fault:
        report = {"raised": type(fault).__name__, "text": str(fault)}
    os.write(answer, json.dumps(report).encode())


while message := orders.recv(1 << 20):
    order = json.loads(message)
    if order["scratch"]:
        os.makedirs(order["scratch"], exist_ok=True)
    answer, own_answer = os.pipe()
    if os.fork() == 0:
        try:
            work(order, own_answer)
        finally:
            os._exit(0)
    os.close(own_answer)
    with open(answer, "rb") as file:
        report = file.read()
    _, status = os.wait()
    orders.send(report or json.dumps({"status": status}).encode())
"""


@dataclass
class StandIn:
    """The judge's side of a stand-in fork server."""

    launched: Launch
    orders: socket.socket

    def report(
        self, code: str, *, memory: int = 64 << 30, scratch: str | None = None, walls: bool = True
    ) -> dict[str, Any]:
        """Run `code` in a fresh worker and return its report."""
        order = {"code": code, "memory": memory, "scratch": scratch, "walls": walls}
        self.orders.send(json.dumps(order).encode())
        answer = self.orders.recv(1 << 20)
        assert answer, self.launched.errors()
        report: dict[str, Any] = json.loads(answer)
        return report

    def find(self, code: str, **order: Any) -> Any:
        """Return what `code` stored in `found`."""
        report = self.report(code, **order)
        assert "found" in report, report
        return report["found"]

    def raised(self, code: str, **order: Any) -> str:
        """Return the name of the exception that ended `code`."""
        report = self.report(code, **order)
        assert "raised" in report, report
        return str(report["raised"])

    def close(self) -> None:
        self.orders.close()
        self.launched.close()


def stand_in(name: str, **options: Any) -> StandIn:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(PATIENCE_S)
    with theirs:
        try:
            launched = start(runtime(name), theirs.fileno(), code=STAND_IN, **options).settle()
        except BaseException:
            ours.close()
            raise
    return StandIn(launched, ours)


def full(name: str) -> Iterator[StandIn]:
    server = stand_in(name, confinement="full")
    yield server
    server.close()


@pytest.fixture(scope="module")
def numpy_runtime() -> Iterator[StandIn]:
    yield from full("numpy")


@pytest.fixture(scope="module")
def torch_runtime() -> Iterator[StandIn]:
    yield from full("torch")


@pytest.fixture(params=["numpy", "torch"])
def either(request: pytest.FixtureRequest) -> StandIn:
    server: StandIn = request.getfixturevalue(f"{request.param}_runtime")
    return server


# ------------------------------------------------------------------------------- what is missing


EVERY_NAME = """
import os
names = {name for _, folders, files in os.walk("/") for name in folders + files}
found = sorted(names & set(%r))
"""


def test_torch_and_scipy_are_absent_from_the_numpy_runtime(numpy_runtime: StandIn) -> None:
    packages = ["numpy", "torch", "libtorch_cpu.so", "scipy", "sympy", "pandas", "sklearn"]
    assert numpy_runtime.find(EVERY_NAME % packages, walls=False) == ["numpy"]
    assert numpy_runtime.raised("import torch") == "ModuleNotFoundError"


def test_no_tests_solutions_or_history_are_in_the_file_system(either: StandIn) -> None:
    secret = ["hidden", "solutions", "katas", ".git", "kata.toml", "test_hidden.py", "judge", "tox.ini"]
    assert either.find(EVERY_NAME % secret, walls=False) == []


def test_only_the_workers_part_of_the_harness_is_visible(either: StandIn) -> None:
    code = "import os; found = sorted(os.listdir('/harness/graders'))"
    assert either.find(code) == ["__init__.py", "errors.py", "unix.py", "wire.py", "worker"]


def test_the_repository_and_the_home_folder_are_out_of_reach(either: StandIn) -> None:
    for place in (REPOSITORY / "graders", Path.home() / ".bashrc", Path("/etc/passwd")):
        assert either.raised(f"open({str(place)!r}).read()") in ("FileNotFoundError", "PermissionError")


def test_proc_has_only_the_processors_description(either: StandIn) -> None:
    assert either.find("import os; found = os.listdir('/proc')", walls=False) == ["cpuinfo"]


def test_the_environment_is_only_the_runtimes(either: StandIn) -> None:
    names = set(either.find("import os; found = list(os.environ)"))
    assert names <= {*runtime("numpy").env, "PWD", "TMPDIR"}


def test_a_process_started_by_root_runs_as_nobody(either: StandIn) -> None:
    expected = 65534 if os.geteuid() == 0 else os.geteuid()
    assert either.find("import os; found = os.getuid()") == expected


def test_no_other_process_is_visible(either: StandIn) -> None:
    assert either.find("import os; found = os.getpid()") < 10_000
    assert either.raised(f"import os; os.kill({os.getpid()}, 0)", walls=False) == "ProcessLookupError"


def test_there_is_no_network(either: StandIn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        connect = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        assert either.raised(connect, walls=False) == "ConnectionRefusedError"


# ---------------------------------------------------------------------------------- what is denied


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket()",
        "import socket; socket.socketpair()",
        *(f"import os; os.kill({target}, 9)" for target in ("1", "os.getppid()", "-1", "0")),
        "import os, resource; resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))",
        "import os; os.sched_setaffinity(0, {0})",
        "import os; os.setpriority(os.PRIO_PROCESS, 0, 19)",
        "import os; os.nice(1)",
        "import os, sys; os.execv(sys.executable, ['python'])",
        "import subprocess, sys; subprocess.run([sys.executable])",
        "import os; os.fork()",
    ],
)
def test_sockets_other_processes_and_programs_are_out_of_reach(either: StandIn, code: str) -> None:
    assert either.raised(code) == "PermissionError"


def test_a_worker_may_lower_its_own_limits(either: StandIn) -> None:
    assert either.find("import resource; found = resource.setrlimit(resource.RLIMIT_CPU, (5, 6))") is None


def test_an_x32_call_ends_the_worker(numpy_runtime: StandIn) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("x32 is a mode of x86_64")
    report = numpy_runtime.report("import ctypes; ctypes.CDLL(None).syscall(0x40000000 | 39)")
    assert os.WTERMSIG(report["status"]) == signal.SIGSYS


def test_the_numpy_runtime_starts_no_thread(numpy_runtime: StandIn) -> None:
    assert numpy_runtime.raised("import threading; threading.Thread(target=print).start()") == "RuntimeError"


THREAD_BOMB = """
import threading
stop = threading.Event()
threads = []
try:
    while len(threads) < 100_000:
        thread = threading.Thread(target=stop.wait, daemon=True)
        thread.start()
        threads.append(thread)
except RuntimeError:
    pass
found = len(threads)
stop.set()
"""


def test_a_thread_bomb_stops_at_the_limit(torch_runtime: StandIn) -> None:
    assert 0 < torch_runtime.find(THREAD_BOMB) < THREADS


# ------------------------------------------------------------------------------------ what is written


TRY_TO_WRITE = """
import os
found = []
for folder, _, files in os.walk("/"):
    for path in (os.path.join(folder, "new"), *(os.path.join(folder, name) for name in files[:3])):
        try:
            open(path, "ab").close()
            found.append(path)
        except OSError:
            pass
found = [path for path in found if not path.startswith("/dev/")]
"""


def test_the_sandbox_alone_gives_numpy_no_writable_place(numpy_runtime: StandIn) -> None:
    assert numpy_runtime.find(TRY_TO_WRITE, walls=False) == []


def test_a_numpy_worker_cannot_open_anything_for_writing(numpy_runtime: StandIn) -> None:
    assert numpy_runtime.raised("open('/new', 'w')") == "OSError"
    assert numpy_runtime.raised("open('/dev/null', 'w')") == "OSError"


def test_a_torch_worker_writes_into_its_own_scratch_folder(torch_runtime: StandIn) -> None:
    code = """
import os, torch
torch.save({"weight": torch.ones(3)}, "model.pt")
os.makedirs("runs/1")
os.rename("model.pt", "runs/1/model.pt")
found = torch.load("runs/1/model.pt")["weight"].tolist()
"""
    assert torch_runtime.find(code, scratch="/scratch/own") == [1.0, 1.0, 1.0]


def test_a_torch_worker_without_scratch_writes_nowhere(torch_runtime: StandIn) -> None:
    assert torch_runtime.raised("open('/scratch/new', 'w')") == "OSError"


def test_a_worker_cannot_use_the_scratch_folder_of_another(torch_runtime: StandIn) -> None:
    torch_runtime.find("open('/scratch/first/secret', 'w').write('42')", scratch="/scratch/first")
    for code in ("open('/scratch/first/secret')", "open('/scratch/first/x', 'w')", "import os; os.listdir('/scratch')"):
        assert torch_runtime.raised(code, scratch="/scratch/second") == "PermissionError"


# ------------------------------------------------------------------------------------ what still works


def test_numpy_works_inside_both_layers(numpy_runtime: StandIn) -> None:
    code = """
import numpy as np
rng = np.random.default_rng(7)
a = rng.normal(size=(600, 600))
u, s, vt = np.linalg.svd(a[:80, :80])
found = [
    bool(np.allclose((u * s) @ vt, a[:80, :80])),
    bool(np.allclose(np.linalg.solve(a, a @ a), a)),
    bool(np.allclose(np.fft.ifft(np.fft.fft(a[0])), a[0])),
    bool(np.allclose((a @ a)[0, 0], np.einsum("i,i->", a[0], a[:, 0]))),
    float(np.random.RandomState(3).rand()) < 1.0,
    int(np.sort(rng.integers(0, 9, 1000)).sum()) > 0,
]
"""
    assert numpy_runtime.find(code) == [True] * 6


def test_modules_of_the_standard_library_can_still_be_imported(numpy_runtime: StandIn) -> None:
    names = "dataclasses, decimal, statistics, hashlib, itertools, fractions, logging, heapq, bisect"
    assert numpy_runtime.find(f"import {names}; found = True")


def test_torch_works_inside_both_layers(torch_runtime: StandIn) -> None:
    code = """
import torch
from torch import nn
generator = torch.Generator().manual_seed(3)
x = torch.randn(4, 3, 8, 8, generator=generator)
model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
optimizer = torch.optim.Adam(model.parameters())
losses = []
for _ in range(20):
    optimizer.zero_grad()
    loss = model(x).pow(2).mean()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
states, _ = nn.LSTM(8, 5)(torch.randn(6, 2, 8))
states.sum().backward()
attended = nn.functional.scaled_dot_product_attention(*torch.randn(3, 1, 2, 4, 8))
singular = torch.linalg.svdvals(torch.randn(50, 50))
found = [losses[-1] < losses[0], list(states.shape), list(attended.shape), bool(singular[0] > 0)]
"""
    assert torch_runtime.find(code, scratch="/scratch/work") == [True, [6, 2, 5], [1, 2, 4, 8], True]


def test_too_much_memory_is_a_memory_error(either: StandIn, numpy_runtime: StandIn) -> None:
    # One allocation beyond the limit, whose memory is never touched.
    assert either.raised("bytearray(1 << 40)", memory=16 << 30) == "MemoryError"
    raised = numpy_runtime.raised("import numpy as np; np.ones(1 << 30)", memory=2 << 30)
    assert raised in ("MemoryError", "_ArrayMemoryError")


# -------------------------------------------------------------------------------- the life of a fork server


# A judge that launches a fork server whose one worker sleeps, with a standard library for its only import path.
JUDGE = """
import signal, sys
from graders.sandbox.runtimes import runtime
from graders.sandbox.launcher import start

SLEEPER = '''
import signal, socket
from graders.worker.confinement import WorkerConfinement
walls = WorkerConfinement.build(settings["readable"], settings["threads"])
if os.fork() == 0:
    walls.apply({settings["fd"]}, 64 << 30, 60, None)
    os.write(settings["fd"], b"up")
    signal.pause()
os.wait()
'''
launched = start(runtime("numpy"), int(sys.argv[1]), confinement=sys.argv[2], code=SLEEPER).settle()
signal.pause()
"""


@pytest.mark.parametrize("confinement", ["full", "partial"])
def test_everything_ends_with_a_killed_judge(confinement: str) -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE_S)
    command = [sys.executable, "-c", JUDGE, str(theirs.fileno()), confinement]
    judge = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=REPOSITORY)
    theirs.close()
    assert ours.recv(2) == b"up"
    judge.kill()
    judge.wait()
    # The fork server, its worker and every bubblewrap hold the other end: it closes when the last of them is gone.
    assert ours.recv(1) == b""
    ours.close()


def test_the_last_words_of_a_dying_fork_server_are_kept() -> None:
    ours, theirs = socket.socketpair()
    code = "raise SystemExit('no wings')"
    launched = start(runtime("numpy"), theirs.fileno(), confinement="full", code=code).settle()
    theirs.close()
    assert ours.recv(1) == b""
    assert launched.errors() == "no wings"
    ours.close()
    launched.close()


# ------------------------------------------------------------------------------- less than full confinement


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield an empty folder that replaces PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    launcher._bwrap_version.cache_clear()
    yield tmp_path
    launcher._bwrap_version.cache_clear()


def failing_bubblewrap(folder: Path, says: str) -> None:
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)


def test_without_a_working_bubblewrap_confinement_is_partial_with_a_remedy(programs: Path) -> None:
    for reasons in (
        ["apt install bubblewrap"],
        ["setting up uid map: Permission denied", "apparmor_restrict_unprivileged_userns"],
    ):
        server = stand_in("numpy")
        assert server.launched.confinement == "partial"
        assert all(reason in server.launched.reason for reason in reasons)
        server.close()
        failing_bubblewrap(programs, "bwrap: setting up uid map: Permission denied")


def test_full_confinement_is_refused_if_it_is_not_possible(programs: Path) -> None:
    with pytest.raises(ConfinementError, match="apt install bubblewrap"):
        stand_in("numpy", confinement="full")
    failing_bubblewrap(programs, "bwrap: No permissions to create new namespace")
    with pytest.raises(ConfinementError, match="No permissions to create new namespace"):
        stand_in("numpy", confinement="full")


def test_the_inner_layer_limits_a_worker_to_its_runtime() -> None:
    server = stand_in("numpy", confinement="partial")
    for place in (__file__, "/etc/passwd", str(REPOSITORY / "graders" / "verdict.py")):
        assert server.raised(f"open({place!r})") == "PermissionError"
    assert server.raised("import torch") == "ModuleNotFoundError"
    assert server.raised("import socket; socket.socket()") == "PermissionError"
    assert server.raised("import os; os.kill(os.getppid(), 9)") == "PermissionError"
    assert server.find("import numpy as np; found = float(np.linalg.det(np.eye(3)))") == 1.0
    server.close()


@pytest.mark.deep
def test_torch_works_inside_the_inner_layer_alone() -> None:
    server = stand_in("torch", confinement="partial")
    code = """
import torch
model = torch.nn.Linear(2, 3)
optimizer = torch.optim.Adam(model.parameters())
model(torch.ones(1, 2)).sum().backward()
optimizer.step()
torch.save(model.state_dict(), "model.pt")
found = True
"""
    assert server.find(code, scratch=f"{server.launched.folder}/scratch/1")
    server.close()


def test_closing_a_launch_removes_its_files() -> None:
    server = stand_in("numpy", confinement="none")
    assert server.launched.confinement == "none"
    folder = Path(str(server.launched.folder))
    assert folder.exists()
    server.close()
    assert not folder.exists()


# --------------------------------------------------------------------------------------------- runtimes


def test_a_runtime_shows_the_packages_and_data_that_a_kata_names(tmp_path: Path) -> None:
    data = tmp_path / "digits"
    data.mkdir()
    shown = runtime("numpy", packages=["pluggy"], data={"mnist": data})
    targets = [target for _, target in shown.binds]
    assert str(data) in targets
    assert shown.env["KATAS_DATA_MNIST"] == str(data)
    assert [target for target in targets if target.endswith("/pluggy")]


@pytest.mark.parametrize("options", [{"packages": ["no_such_package"]}, {"data": {"mnist": "/no/such/data"}}])
def test_a_runtime_refuses_missing_packages_and_data(options: dict[str, Any]) -> None:
    with pytest.raises(ConfinementError, match=r"no.such"):
        runtime("numpy", **options)


def test_an_unknown_runtime_is_refused() -> None:
    with pytest.raises(ConfinementError, match="'numpy' or 'torch'"):
        runtime("jax")


def test_describing_a_runtime_imports_neither_numpy_nor_torch() -> None:
    code = (
        "import sys; from graders.sandbox import launcher; from graders.sandbox.runtimes import runtime; "
        "runtime('numpy'); runtime('torch'); print(sorted({'numpy', 'torch'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_a_file_that_others_may_not_read_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    hidden = RuntimeFiles("numpy", ((str(closed), "/closed"),), (), (), sys.executable, {})
    assert launcher._closed_to_nobody(hidden) == str(closed)
