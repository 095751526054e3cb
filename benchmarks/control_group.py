"""The processor time of a process and all its children, as the kernel counts it."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ControlGroup:
    """A control group, of version 1 or 2, that contains this process and the children that it starts from now on."""

    folder: Path

    @classmethod
    def of_this_process(cls) -> ControlGroup | None:
        """Create a control group and move this process there. Return None without permission."""
        for base in (Path("/sys/fs/cgroup/cpuacct"), Path("/sys/fs/cgroup")):
            folder = base / f"katas-benchmark-{os.getpid()}"
            with contextlib.suppress(OSError):
                folder.mkdir(exist_ok=True)
                (folder / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
                return cls(folder)
        return None

    def cpu_s(self) -> float:
        """Return the CPU seconds used in this group so far."""
        with contextlib.suppress(OSError):
            return int((self.folder / "cpuacct.usage").read_text(encoding="ascii")) / 1e9
        return int((self.folder / "cpu.stat").read_text(encoding="ascii").split()[1]) / 1e6
