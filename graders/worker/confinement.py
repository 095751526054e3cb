"""The inner layer of confinement, which a forked worker applies to itself before a submission arrives.

The worker sets no_new_privs, applies Landlock, closes descriptors, lowers its limits and installs a seccomp filter. The
fork server prepares as much of this as it can, once for all workers.
"""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass

from graders.worker import landlock, seccomp
from graders.worker.syscalls import end_with_parent, prctl, this_machine

OPEN_FILES = 64
LAST_DESCRIPTOR = 1 << 20
SCRATCH_FILE_BYTES = 256 << 20
STACK_BYTES = 8 << 20
# The kernel counts the threads of all workers of a fork server together, unless the fork server runs as root.
THREADS = 128

PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38


@dataclass(frozen=True)
class WorkerConfinement:
    """The parts of the inner layer that the fork server has prepared for its workers."""

    readable: tuple[str, ...]
    threads: bool
    landlock_abi: int
    rules: int | None
    """The descriptor of the Landlock rules for workers without a scratch folder."""
    reading: seccomp.FilterProgram | None
    writing: seccomp.FilterProgram | None

    @classmethod
    def build(cls, readable: list[str], threads: bool) -> WorkerConfinement:
        """Prepare the inner layer. `readable` lists the paths that workers may read. Raises OSError."""
        machine = this_machine()
        abi = landlock.abi() if machine else 0
        rules = landlock.ruleset(abi, readable) if abi else None
        reading = seccomp.compile_filter(machine, threads=threads, writing=False) if machine else None
        writing = seccomp.compile_filter(machine, threads=threads, writing=True) if machine else None
        return cls(tuple(readable), threads, abi, rules, reading, writing)

    def apply(self, keep: set[int], memory_bytes: int, cpu_s: int, scratch: str | None) -> list[str]:
        """Confine this freshly forked, single-threaded process for the rest of its life.

        Only the descriptors in `keep` stay open, so `keep` must include 0, 1 and 2 if they should stay open.
        `memory_bytes` limits the address space, including libraries, and `cpu_s` limits the CPU time. `scratch` is the
        worker's writable folder, if it has one. Returns the names of the active layers. Raises an OSError that names
        the layer if a layer that the kernel supports cannot be applied.
        """
        layers = ["rlimits"]
        rules = self._rules(scratch)
        if sys.platform == "linux":
            end_with_parent()
            prctl("PR_SET_NO_NEW_PRIVS", PR_SET_NO_NEW_PRIVS, 1)
            prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0)
            layers.append("no_new_privs")
        if rules is not None:
            landlock.restrict(rules)
            layers.append("landlock")
        _close_all_but(keep)
        self._lower_limits(memory_bytes, cpu_s, scratch)
        program = self.reading if scratch is None else self.writing
        if program is not None:
            seccomp.install(program.for_process(os.getpid()))
            layers.append("seccomp")
        return layers

    def _rules(self, scratch: str | None) -> int | None:
        # A rule added to the prepared set would apply to every later worker, so a scratch folder needs its own set.
        if scratch is None or self.rules is None:
            return self.rules
        return landlock.ruleset(self.landlock_abi, self.readable, scratch)

    def _lower_limits(self, memory_bytes: int, cpu_s: int, scratch: str | None) -> None:
        limits = {
            "AS": memory_bytes,
            "CORE": 0,
            "FSIZE": 0 if scratch is None else SCRATCH_FILE_BYTES,
            "NOFILE": OPEN_FILES,
            "NPROC": THREADS if self.threads else 0,
            "STACK": STACK_BYTES,
            "MEMLOCK": 0,
        }
        for name, value in limits.items():
            _lower(name, value, value)
        # The soft limit sends a signal that can be ignored; the hard limit, a second later, sends one that cannot.
        _lower("CPU", cpu_s, cpu_s + 1)


def _lower(name: str, soft: int, hard: int) -> None:
    limit = getattr(resource, f"RLIMIT_{name}")
    ceiling = resource.getrlimit(limit)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    try:
        resource.setrlimit(limit, (soft, hard))
    except (OSError, ValueError) as fault:
        if sys.platform == "linux":
            raise OSError(f"setrlimit({name}, {soft}): {fault}") from fault


def _close_all_but(keep: set[int]) -> None:
    start = 0
    for descriptor in (*sorted(keep), LAST_DESCRIPTOR):
        # Skip an empty range that starts at 0. Its end would be -1, which the kernel reads as the largest unsigned
        # number, so all descriptors would close.
        if start < descriptor:
            os.closerange(start, descriptor)
        start = descriptor + 1
