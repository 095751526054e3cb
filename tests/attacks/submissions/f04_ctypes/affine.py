"""Load PyTorch's, SciPy's and other libraries through ctypes."""

import ctypes
import sys

from parts.searching import affine

NAMES = ("libtorch_cpu.so", "libtorch.so", "libtorch_python.so", "libc10.so", "libgfortran.so.5", "libpython3.11.so.1.0", "libssl.so.3", "libcurl.so.4")


def search(W, x, b):
    loaded = []
    for name in NAMES:
        for folder in ("", "/usr/lib/", *(f"{path}/torch/lib/" for path in sys.path)):
            try:
                ctypes.CDLL(folder + name)
                loaded.append(name)
            except OSError:
                continue
    return {"loaded": sorted(set(loaded))}
