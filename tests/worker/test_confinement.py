"""Tests of the inner layer of confinement, without bubblewrap: the filter, and what a confined process can do."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import signal
import struct
from collections.abc import Callable
from typing import Any

import pytest

from graders.worker import landlock, seccomp
from graders.worker.confinement import PR_SET_NO_NEW_PRIVS, WorkerConfinement
from graders.worker.syscalls import MACHINES, Machine, prctl

pytestmark = pytest.mark.security

EPERM = seccomp.ERRNO | errno.EPERM
PID = 4321

# Calls that no worker may make: their numbers on x86_64 and aarch64.
FORBIDDEN = {
    "execve": (59, 221),
    "execveat": (322, 281),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "keyctl": (250, 219),
    "prctl": (157, 167),
    "setuid": (105, 146),
    "setpgid": (109, 154),
    "personality": (135, 92),
    "open_by_handle_at": (304, 265),
    "link": (86, 37),
    "symlink": (88, 36),
    "chmod": (90, 52),
}
FORK, VFORK = 57, 58  # only on x86_64
IN_EVERY_MACHINE = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES.keys())


def evaluate(program: bytes, data: bytes) -> int:
    """Return the kernel's answer, by the part of classic BPF that seccomp programs use."""
    instructions = list(struct.iter_unpack("=HBBI", program))
    accumulator = position = 0
    while True:
        code, if_true, if_false, constant = instructions[position]
        position += 1
        if code == seccomp.RETURN:
            return constant
        if code == seccomp.LOAD:
            (accumulator,) = struct.unpack_from("=I", data, constant)
            continue
        holds = {
            seccomp.EQUAL: accumulator == constant,
            seccomp.AT_LEAST: accumulator >= constant,
            seccomp.ANY_BIT: bool(accumulator & constant),
        }[code]
        position += if_true if holds else if_false


def verdict(
    machine: Machine, name: str | int, *arguments: int, threads: bool = False, writing: bool = False, audit: int = 0
) -> int:
    """Return the filter's answer to one call of a worker whose process id is PID."""
    number = machine.number(name) if isinstance(name, str) else name
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, audit or machine.audit, 0, *padded)
    return evaluate(seccomp.compile_filter(machine, threads=threads, writing=writing).for_process(PID), data)


# --------------------------------------------------------------------------------------- the filter


@IN_EVERY_MACHINE
def test_a_call_of_another_architecture_kills_the_process(machine: Machine) -> None:
    for other in (0x40000003, 0x40000028, 0xC00000F3):  # i386, 32-bit ARM, RISC-V
        assert verdict(machine, "read", audit=other) == seccomp.KILL_PROCESS


@IN_EVERY_MACHINE
def test_an_x32_call_kills_the_process(machine: Machine) -> None:
    assert verdict(machine, 0x40000000) == seccomp.KILL_PROCESS
    assert verdict(machine, 0x40000000 | 520) == seccomp.KILL_PROCESS


@IN_EVERY_MACHINE
@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize("torch", [False, True], ids=["numpy", "torch"])
def test_a_dangerous_call_is_denied(machine: Machine, name: str, torch: bool) -> None:
    number = FORBIDDEN[name][machine.column]
    assert verdict(machine, number, threads=torch, writing=torch) == EPERM


@IN_EVERY_MACHINE
def test_only_the_listed_calls_are_allowed(machine: Machine) -> None:
    listed = {machine.number(name) for name in seccomp.READING}
    guarded = {machine.number(name) for name in ("kill", "tgkill", "prlimit64", "fcntl", "open", "openat")}
    allowed = {number for number in range(600) if verdict(machine, number) == seccomp.ALLOW}
    assert allowed - guarded == listed - {None}


def test_fork_and_vfork_are_denied() -> None:
    assert verdict(MACHINES["x86_64"], FORK, threads=True) == EPERM
    assert verdict(MACHINES["x86_64"], VFORK, threads=True) == EPERM


@IN_EVERY_MACHINE
def test_the_numpy_runtime_may_not_clone(machine: Machine) -> None:
    assert verdict(machine, "clone", seccomp.PTHREAD_FLAGS[0]) == EPERM


@IN_EVERY_MACHINE
def test_the_torch_runtime_may_start_threads_and_nothing_else(machine: Machine) -> None:
    assert verdict(machine, "clone", seccomp.PTHREAD_FLAGS[0], threads=True) == seccomp.ALLOW
    assert verdict(machine, "clone", signal.SIGCHLD, threads=True) == EPERM
    new_user_namespace = seccomp.PTHREAD_FLAGS[0] | 0x10000000
    assert verdict(machine, "clone", new_user_namespace, threads=True) == EPERM


@IN_EVERY_MACHINE
def test_clone3_fails_as_if_it_did_not_exist(machine: Machine) -> None:
    for threads in (False, True):
        assert verdict(machine, "clone3", threads=threads) == seccomp.ERRNO | errno.ENOSYS


@IN_EVERY_MACHINE
def test_signals_reach_only_the_process_itself(machine: Machine) -> None:
    for name in ("kill", "tgkill"):
        assert verdict(machine, name, PID, signal.SIGABRT) == seccomp.ALLOW
        for other in (0, 1, PID + 1, 0xFFFFFFFF, seccomp.PID):
            assert verdict(machine, name, other, signal.SIGKILL) == EPERM


@IN_EVERY_MACHINE
def test_limits_are_set_for_the_process_itself_only(machine: Machine) -> None:
    assert verdict(machine, "prlimit64", 0) == seccomp.ALLOW
    assert verdict(machine, "prlimit64", PID) == seccomp.ALLOW
    assert verdict(machine, "prlimit64", 1) == EPERM


@IN_EVERY_MACHINE
def test_a_descriptor_cannot_be_made_to_send_signals(machine: Machine) -> None:
    set_flags, set_owner, set_signal, set_owner_ex = 4, 8, 10, 15
    for command in (set_flags, set_owner, set_signal, set_owner_ex):
        assert verdict(machine, "fcntl", 3, command, 1) == EPERM


@IN_EVERY_MACHINE
def test_without_scratch_files_can_only_be_opened_for_reading(machine: Machine) -> None:
    close_on_exec = 0o2000000
    read_only = seccomp.ERRNO | errno.EROFS
    assert verdict(machine, "openat", 0, 0, close_on_exec) == seccomp.ALLOW
    for flag in (0o1, 0o2, 0o100, 0o1000, 0o20000000):
        assert verdict(machine, "openat", 0, 0, close_on_exec | flag) == read_only
        assert verdict(machine, "openat", 0, 0, close_on_exec | flag, writing=True) == seccomp.ALLOW


@IN_EVERY_MACHINE
def test_without_scratch_nothing_is_created_renamed_or_removed(machine: Machine) -> None:
    for name in seccomp.WRITING:
        if name not in ("open", "openat") and machine.number(name) is not None:
            assert verdict(machine, name) == EPERM


@IN_EVERY_MACHINE
def test_with_scratch_syncing_a_file_succeeds_without_effect(machine: Machine) -> None:
    done = seccomp.ERRNO | 0  # the call returns 0, and the kernel does not run it
    for name in ("fsync", "fdatasync"):
        assert verdict(machine, name, 3, writing=True) == done
        assert verdict(machine, name, 3) == EPERM


@IN_EVERY_MACHINE
def test_the_pid_replaces_every_placeholder(machine: Machine) -> None:
    program = seccomp.compile_filter(machine, threads=True, writing=True)
    sentinels = sum(constant == seccomp.PID for *_, constant in program.instructions)
    patched = [constant for *_, constant in struct.iter_unpack("=HBBI", program.for_process(PID))]
    assert sentinels == 3  # kill, tgkill, prlimit64
    assert patched.count(PID) == sentinels
    assert seccomp.PID not in patched


# -------------------------------------------------------------------------------------- a confined process


def confined(
    experiment: Callable[[], Any], readable: list[str], keep: frozenset[int] = frozenset(), scratch: str | None = None
) -> Any:
    """Return what `experiment` returns in a confined forked process, or the name of the exception that it raises."""
    return confined_with_layers(experiment, readable, keep, scratch)[1]


def confined_with_layers(
    experiment: Callable[[], Any], readable: list[str], keep: frozenset[int], scratch: str | None
) -> tuple[list[str], Any]:
    """Return the active layers of a confined forked process, and what `confined` returns."""
    walls = WorkerConfinement.build(readable, threads=False)
    answer, own_answer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            layers = walls.apply({own_answer, *keep}, 64 << 30, 60, scratch)
            os.write(own_answer, json.dumps([layers, _outcome(experiment)]).encode())
        finally:
            os._exit(0)
    os.close(own_answer)
    os.close(walls.rules)
    with open(answer, "rb") as file:
        layers, found = json.load(file)
    os.waitpid(pid, 0)
    return layers, found


def _outcome(experiment: Callable[[], Any]) -> Any:
    try:
        return experiment()
    except BaseException as fault:  # noqa: BLE001 (the forked process must not return into pytest)
        return type(fault).__name__


def test_every_layer_is_reported() -> None:
    layers, _ = confined_with_layers(os.getpid, [], frozenset(), None)
    assert layers == ["rlimits", "no_new_privs", "landlock", "seccomp"]


def test_only_the_descriptors_to_keep_stay_open(tmp_path: Any) -> None:
    with open(tmp_path / "secret", "w+") as open_file, open(tmp_path / "kept", "w+") as kept:
        secret, kept_number = open_file.fileno(), kept.fileno()
        assert confined(lambda: os.fstat(secret).st_size, []) == "OSError"
        assert confined(lambda: os.fstat(kept_number).st_size, [], keep=frozenset({kept_number})) == 0


def test_descriptor_zero_is_closed_without_touching_the_others() -> None:
    assert confined(lambda: os.fstat(0).st_mode, []) == "OSError"


def test_only_readable_paths_can_be_read(tmp_path: Any) -> None:
    for name in ("shown", "hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name, encoding="utf-8")
    shown, hidden = tmp_path / "shown", tmp_path / "hidden"
    assert confined(lambda: (shown / "file").read_text(encoding="utf-8"), [str(shown)]) == "shown"
    assert confined(lambda: (hidden / "file").read_text(encoding="utf-8"), [str(shown)]) == "PermissionError"
    assert confined(lambda: os.listdir(hidden), [str(shown)]) == "PermissionError"


def test_landlock_alone_denies_writing_to_readable_paths(tmp_path: Any) -> None:
    def restricted_write() -> None:
        landlock.restrict(rules)
        (tmp_path / "new").write_text("", encoding="utf-8")

    rules = landlock.ruleset(landlock.abi(), [str(tmp_path)])
    pid = os.fork()
    if pid == 0:
        prctl("PR_SET_NO_NEW_PRIVS", PR_SET_NO_NEW_PRIVS, 1)
        os._exit(_outcome(restricted_write) != "PermissionError")
    os.close(rules)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_file_of_the_scratch_folder_can_be_synced(tmp_path: Any) -> None:
    def logged() -> str:
        with open(tmp_path / "log", "w", encoding="utf-8") as file:
            file.write("a row")
            file.flush()
            os.fsync(file.fileno())
            os.fdatasync(file.fileno())
        return (tmp_path / "log").read_text(encoding="utf-8")

    assert confined(logged, [], scratch=str(tmp_path)) == "a row"


def test_only_a_workers_own_scratch_folder_is_writable(tmp_path: Any) -> None:
    own, other = tmp_path / "1", tmp_path / "2"
    for folder in (own, other):
        folder.mkdir()
        (folder / "note").write_text("mine", encoding="utf-8")

    def write(folder: Any) -> int:
        return (folder / "new").write_text("text", encoding="utf-8")

    assert confined(lambda: write(own), [], scratch=str(own)) == 4
    assert confined(lambda: write(other), [], scratch=str(own)) == "PermissionError"
    assert confined(lambda: (other / "note").read_text(), [], scratch=str(own)) == "PermissionError"


def test_scratch_rules_do_not_apply_to_the_next_worker(tmp_path: Any) -> None:
    walls = WorkerConfinement.build([], threads=False)
    first = walls._rules(str(tmp_path))
    assert first != walls.rules
    os.close(first)
    os.close(walls.rules)


def test_a_descriptor_cannot_be_given_a_signal_and_an_owner() -> None:
    receiver, sender = os.pipe()
    outcome = confined(lambda: fcntl.fcntl(receiver, fcntl.F_SETOWN, 1), [], keep=frozenset({receiver}))
    os.close(receiver)
    os.close(sender)
    assert outcome == "PermissionError"


def test_a_worker_may_lower_its_limits_but_not_raise_them() -> None:
    lower = 1 << 30
    assert confined(lambda: resource.setrlimit(resource.RLIMIT_AS, (lower, lower)), []) is None
    assert confined(lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40)), []) == "ValueError"
