"""The outer layer of confinement, which starts a workers' fork server in bubblewrap if the machine allows it.

The fork server is a separately started `python -I -S -B`. It runs `graders.worker.fork_server.main(fd, settings)`. Its
only command-line argument contains the settings in JSON:

    runtime   name of the runtime
    fd        the socket for the judges' requests
    readable  paths that Landlock lets workers read
    threads   whether workers may start threads
    scratch   folder in which each worker gets a writable folder, or None
    walls     whether workers apply graders.worker.confinement
    sys_path  the folders in which Python looks for modules

The caller may add further settings. The fork server's standard error goes to a file that `Launch.errors` reads.

If root starts it, the sandbox runs as the user `nobody` (uid 65534), because the kernel does not limit root's threads.
The interpreter may be in a folder that this user cannot enter (such as /root). So graders.sandbox.drop_root, still as
root, binds every source into a folder in its own mount namespace, and bubblewrap binds from there.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import re
import select
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from graders import environment
from graders.errors import ConfinementError, JudgeError
from graders.sandbox.runtimes import DEVICES, HARNESS, RuntimeFiles
from graders.verdict import Confinement
from graders.worker import landlock
from graders.worker.removal import remove_if_possible
from graders.worker.syscalls import this_machine

NOBODY = 65534
SCRATCH = "/scratch"
SCRATCH_BYTES = 1 << 30
STAGE = "/tmp"  # a tmpfs covers it, but only in drop_root's mount namespace
DROP_ROOT = str(Path(__file__).with_name("drop_root.py"))
NO_BUBBLEWRAP = "bubblewrap is not installed, so workers have only the inner layer: apt install bubblewrap"
STARTS_WITHIN_S = 300.0  # on a busy machine; a failed start is noticed at once
ENDS_WITHIN_S = 10.0  # of a fork server without confinement, whose workers may keep the machine busy

SERVER = "from graders.worker.fork_server import main\nmain(settings['fd'], settings)\n"
# Without bubblewrap, only this death signal ends the fork server together with its judge. Other systems than Linux have
# no such signal, so there the fork server ends when the last judge closes the control socket.
PROLOGUE = """\
import json, os, sys
settings = json.loads(sys.argv[1])
sys.path[:] = settings["sys_path"]
if "parent" in settings:
    import ctypes
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
    if os.getppid() != settings["parent"]:
        os._exit(0)
os.write(settings["ready"], b"1")
os.close(settings["ready"])
"""


class Plan(NamedTuple):
    """One way to start the fork server, the confinement that it provides, and the reason why that is not better."""

    kind: Literal["nobody", "bubblewrap", "bare"]
    confinement: Confinement
    reason: str


class Launch:
    """A workers' fork server. `settle` waits until Python runs inside the sandbox.

    Then `confinement` is final, and `reason` says why it is not better, and how to improve it.
    """

    process: subprocess.Popen[bytes]
    ready: io.FileIO  # readable as soon as the start has succeeded or failed
    confinement: Confinement
    reason: str

    def __init__(self, runtime: RuntimeFiles, socket_fd: int, plans: list[Plan], settings: dict[str, Any], code: str):
        self.runtime, self.socket_fd, self.settings, self.code = runtime, socket_fd, settings, code
        self.plans = iter(plans)
        self.failures: list[str] = []
        self._begin(next(self.plans))

    def settle(self) -> Launch:
        """Wait until the fork server runs. If one plan fails, try the next. Raises ConfinementError if all fail."""
        while not (select.select([self.ready], [], [], STARTS_WITHIN_S)[0] and self.ready.read(1) == b"1"):
            self.failures.append(_diagnosis(self.errors()))
            self.close()
            plan = next(self.plans, None)
            if plan is None:
                raise ConfinementError(_joined(*self.failures))
            self._begin(plan)
        self.ready.close()
        self.reason = _joined(*self.failures, self.reason)
        return self

    def errors(self) -> str:
        """Return the last part of what the fork server wrote to its standard error."""
        end = os.fstat(self.error_file.fileno()).st_size
        # The fork server shares the file's position, so it must not move.
        return os.pread(self.error_file.fileno(), 4000, max(end - 4000, 0)).decode("utf-8", "replace").strip()

    def end(self) -> None:
        """Kill the fork server and all of its workers. Without confinement, only the fork server can kill them."""
        if not self.settings["walls"]:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(ENDS_WITHIN_S)
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End the fork server and its workers, and remove their files."""
        self.end()
        self.ready.close()
        self.error_file.close()
        remove_if_possible(self.folder)

    def _begin(self, plan: Plan) -> None:
        kind, self.confinement, self.reason = plan
        ready, own_ready = os.pipe()
        self.ready = open(ready, "rb", buffering=0)  # noqa: SIM115 (`settle` or `close` closes it)
        self.error_file = tempfile.TemporaryFile()  # noqa: SIM115 (`close` closes it)
        self.folder = tempfile.mkdtemp(prefix="katas-") if kind == "bare" else None
        settings = self.settings | {"ready": own_ready, "fd": self.socket_fd}
        if self.folder:
            settings |= _bare_settings(self.runtime, self.folder)
        else:
            scratch = SCRATCH if self.runtime.threads else None
            settings |= {"readable": self.runtime.readable, "sys_path": self.runtime.sys_path, "scratch": scratch}
        try:
            self.process = subprocess.Popen(
                _command(kind, self.runtime, self.code, settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.error_file,
                pass_fds=(self.socket_fd, own_ready),
                env=self.runtime.env | ({"TMPDIR": self.folder} if self.folder else {}),
                cwd="/",
                start_new_session=True,
            )
        except OSError as fault:
            self.ready.close()
            raise JudgeError(f"the workers' fork server cannot be started: {fault}") from fault
        finally:
            os.close(own_ready)


def start(
    runtime: RuntimeFiles,
    socket_fd: int,
    *,
    confinement: Confinement | Literal["auto"] = "auto",
    settings: Mapping[str, Any] | None = None,
    code: str = SERVER,
) -> Launch:
    """Start a workers' fork server that serves `socket_fd`, without waiting for it. Call `settle` on the result later.

    "auto" takes the best confinement that works, and "full" raises ConfinementError if full confinement is impossible.
    "partial" leaves out bubblewrap, and "none" also leaves out the inner layer. Call this in a thread that outlives the
    fork server, because the kernel kills the fork server when the thread ends. `settings` are added to the fork
    server's own settings. `code` is the program that it runs, which is another one only in tests and `katas doctor`.
    """
    walls = confinement != "none" and sys.platform == "linux"
    own = {"runtime": runtime.name, "threads": runtime.threads, "walls": walls}
    return Launch(runtime, socket_fd, _plans(runtime, confinement), own | dict(settings or {}), code)


# ------------------------------------------------------------------------------------- ways of starting


def _plans(runtime: RuntimeFiles, confinement: Confinement | Literal["auto"]) -> list[Plan]:
    """Return the plans that may give the requested confinement, best first. Raises ConfinementError if none can."""
    if confinement == "none":
        return [Plan("bare", "none", "no confinement was requested")]
    missing = _missing_wall()
    wrapped: Confinement = "partial" if missing else "full"
    plans = [] if confinement == "partial" else _bubblewrap_plans(runtime, wrapped, missing)
    if confinement == "full":
        plans = [plan for plan in plans if plan.confinement == "full"]
        if not plans:
            raise ConfinementError(f"full confinement is not possible here: {missing or NO_BUBBLEWRAP}")
        return plans
    reasons = [missing, "" if plans else NO_BUBBLEWRAP if confinement == "auto" else "bubblewrap was left out"]
    if runtime.threads and _is_root():
        reasons.append("katas runs as root, so a worker's threads are not limited: run it as another user")
    plans.append(Plan("bare", "none" if missing else "partial", _joined(*reasons)))
    return plans


def _bubblewrap_plans(runtime: RuntimeFiles, confinement: Confinement, missing: str) -> list[Plan]:
    if sys.platform != "linux" or _found() is None:
        return []
    if not _is_root():
        return [Plan("bubblewrap", confinement, missing)]
    reason = "bubblewrap runs as root, and the kernel does not limit root's threads"
    closed = _closed_to_nobody(runtime)
    if closed:
        reason = f"{closed} is not readable by other users, so {reason}: chmod -R o+rX {closed}"
    as_root = Plan("bubblewrap", confinement, _joined(missing, reason))
    return [as_root] if closed else [Plan("nobody", confinement, missing), as_root]


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _missing_wall() -> str:
    """Return the part of the inner layer that this machine lacks, and the remedy, or "" if it lacks none."""
    if sys.platform != "linux":
        return f"confinement needs Linux, not {sys.platform}: grade in a Linux container or virtual machine"
    if this_machine() is None:
        return f"there is no seccomp filter for {os.uname().machine}: grade on x86_64 or aarch64"
    if landlock.abi() == 0:
        return "the kernel does not offer Landlock: use Linux 5.13 or later with landlock in its lsm= list"
    return ""


def _closed_to_nobody(runtime: RuntimeFiles) -> str:
    """Return the first bind that other users may not read, or "" if they may read all of them."""
    for source, _ in runtime.binds:
        mode = os.stat(source).st_mode
        needed = stat.S_IROTH | stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
        if mode & needed != needed:
            return source
    return ""


# ---------------------------------------------------------------------------------------- command lines


def _command(kind: str, runtime: RuntimeFiles, code: str, settings: dict[str, Any]) -> list[str]:
    python = [runtime.python, "-I", "-S", "-B", "-c", PROLOGUE + code, json.dumps(settings)]
    if kind == "bare":
        return python
    sources = [source for source, _ in runtime.binds]
    staged = sources if kind == "bubblewrap" else [f"{STAGE}/{index}" for index in range(len(sources))]
    inner = [*_bwrap(), *_isolation(runtime), *_mounts(runtime, staged), "--", *python]
    if kind == "bubblewrap":
        return inner
    arguments = {"sources": sources, "stage": STAGE, "uid": NOBODY, "parent": os.getpid(), "command": inner}
    return [runtime.python, "-I", "-S", "-B", DROP_ROOT, json.dumps(arguments)]


def _isolation(runtime: RuntimeFiles) -> list[str]:
    options = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if _bwrap_version() >= (0, 8):
        options.append("--disable-userns")
    options += ["--hostname", "worker", "--chdir", "/", "--clearenv"]
    temporary = {"TMPDIR": SCRATCH} if runtime.threads else {}
    for name, value in (runtime.env | temporary).items():
        options += ["--setenv", name, value]
    return options


def _mounts(runtime: RuntimeFiles, sources: list[str]) -> list[str]:
    """Return options that mount everything. Only the devices and the scratch folder are writable."""
    mounts: list[str] = []
    for source, (_, target) in zip(sources, runtime.binds, strict=True):
        mounts += ["--ro-bind", source, target]
        for covered in runtime.covered:
            if os.path.dirname(covered) == target:
                mounts += ["--tmpfs", covered]
    for device in DEVICES:
        mounts += ["--dev-bind", device, device]
    for covered in runtime.covered:
        mounts += ["--remount-ro", covered]
    if runtime.threads:
        size = ["--size", str(SCRATCH_BYTES)] if _bwrap_version() >= (0, 7) else []
        mounts += [*size, "--tmpfs", SCRATCH]
    return [*mounts, "--remount-ro", "/"]


def _found() -> str | None:
    return shutil.which("bwrap", path=environment.absolute(os.environ.get("PATH", os.defpath)))


def _bwrap() -> list[str]:
    path = _found()
    if path is None:
        raise ConfinementError(NO_BUBBLEWRAP)
    return [path]


@functools.cache
def _bwrap_version() -> tuple[int, ...]:
    answer = subprocess.run([*_bwrap(), "--version"], capture_output=True, text=True, env={}, check=False).stdout
    return tuple(map(int, re.findall(r"\d+", answer)[:2])) or (0, 0)


# --------------------------------------------------------------------------------------------- settings


def _bare_settings(runtime: RuntimeFiles, folder: str) -> dict[str, Any]:
    """Return settings that show the same files at their real paths. Only Landlock blocks all other files.

    Python finds modules through links in `folder`. A package outside the runtime is therefore missing rather than
    forbidden, because optional imports expect an ImportError.
    """
    modules, scratch = f"{folder}/modules", f"{folder}/scratch"
    os.makedirs(f"{modules}/graders")
    os.mkdir(scratch)
    _, *standard = runtime.sys_path[:3]
    site = runtime.sys_path[3:]  # the folders of packages
    for source, target in runtime.binds:
        if target.startswith(f"{HARNESS}/"):
            os.symlink(source, f"{modules}/{target.removeprefix(HARNESS)}")
        elif os.path.dirname(target) in site:
            os.symlink(source, f"{modules}/{os.path.basename(target)}")
    readable = [modules, *(source for source, _ in runtime.binds), *DEVICES]
    for covered in runtime.covered:
        parent = os.path.dirname(covered)
        if parent in readable:
            readable.remove(parent)
            readable += [entry.path for entry in os.scandir(parent)]
    return {
        "readable": [path for path in readable if path not in runtime.covered],
        "sys_path": [modules, *standard],
        "scratch": scratch if runtime.threads else None,
    } | ({"parent": os.getpid()} if sys.platform == "linux" else {})


# ---------------------------------------------------------------------------------------------- reasons


def _joined(*reasons: str) -> str:
    return "; ".join(reason for reason in reasons if reason)


def _diagnosis(errors: str) -> str:
    """Return bubblewrap's error and, if it is known, the fix."""
    last = errors.splitlines()[-1] if errors else "it printed nothing"
    if re.search(r"namespace|uid map|Operation not permitted|RTM_NEWADDR|Permission denied|No space left", last):
        remedy = (
            "user namespaces are not allowed here. On Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0, "
            "or an AppArmor profile for bwrap; in Docker: --security-opt seccomp=unconfined --security-opt "
            "apparmor=unconfined --security-opt systempaths=unconfined"
        )
        return f"bubblewrap failed ({last}): {remedy}"
    return f"bubblewrap failed ({last})"
