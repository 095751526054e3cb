"""Find out whether workers can use a GPU of this machine."""

from __future__ import annotations

import subprocess
import sys

ANSWERS_WITHIN_S = 60
# A process cannot use CUDA if it was forked after CUDA was initialised, so another process asks the driver.
PROBE = """
import ctypes
driver, count = ctypes.CDLL("libcuda.so.1"), ctypes.c_int()
raise SystemExit(driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)) or count.value < 1)
"""


def missing(runtime: str) -> str:
    """Return why a worker with this runtime cannot use a GPU, or an empty string if it can."""
    if not _has_device():
        return "this machine has no GPU"
    if runtime != "gpu":
        return (
            "confined workers cannot use this machine's GPU, because they would need the graphics driver. To grade a "
            "submission that you have read and trust: --confinement none"
        )
    return ""


def _has_device() -> bool:
    command = [sys.executable, "-I", "-S", "-c", PROBE]
    try:
        return not subprocess.run(command, capture_output=True, timeout=ANSWERS_WITHIN_S, check=False).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False
