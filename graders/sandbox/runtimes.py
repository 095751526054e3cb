"""Runtimes, which define the files of this machine that a worker can see.

A package that is not listed is not in the worker's file system, so it cannot be imported. Files keep their paths inside
the sandbox, except the harness's few files (under /harness) and the C libraries (in one folder that the loader
searches without a cache). This module imports neither NumPy nor PyTorch.
"""

from __future__ import annotations

import contextlib
import fnmatch
import importlib.metadata
import importlib.util
import os
import re
import struct
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from graders import environment
from graders.errors import ConfinementError, MissingPackage
from graders.extras import missing

HARNESS = "/harness"
HARNESS_FILES = ("__init__.py", "errors.py", "unix.py", "wire.py", "worker")
DEVICES = ("/dev/null", "/dev/urandom")
# Without this file, PyTorch assumes an old processor and falls back to its slowest kernels.
PROCESSOR = "/proc/cpuinfo"

PACKAGES = {"numpy": ("numpy", "msgspec"), "torch": ("numpy", "msgspec", "torch", "torchgen", "typing_extensions")}
PACKAGES["gpu"] = PACKAGES["torch"]
# PyTorch imports the first two packages for meta tensors, shapes and Adam. Its CUDA builds load libraries from the
# third.
OPTIONAL_PACKAGES = {"numpy": (), "torch": ("sympy", "mpmath", "nvidia")}
OPTIONAL_PACKAGES["gpu"] = (*OPTIONAL_PACKAGES["torch"], "cupy", "cupyx", "cupy_backends", "cuda")

# The libraries that the interpreter's and the wheels' extension modules link to; workers see those that exist.
C_LIBRARIES = """
    libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libutil.so.1 libgcc_s.so.1 libstdc++.so.6 libatomic.so.1
    libz.so.1 libbz2.so.1* liblzma.so.5 libzstd.so.1 libffi.so.[678] libcrypto.so.[13]* libexpat.so.1 libmpdec.so.[234]
    libcrypt.so.[12] libb2.so.1 libgomp.so.1 libgfortran.so.[345] libquadmath.so.0 libblas.so.3 liblapack.so.3
    libopenblas.so.0 libcblas.so.3
"""
# The worker's whole environment. BLAS threads in a fork server would make the server's children hang.
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "HOME": "/nonexistent",
    "USER": "nobody",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}

NO_DATA: Mapping[str, str] = {}


@dataclass(frozen=True)
class RuntimeFiles:
    """The files, paths and environment of a workers' fork server.

    `binds` are pairs of a file or folder on this machine and its path in the sandbox, where it is read-only. `readable`
    contains the paths in the sandbox that Landlock lets workers read. `covered` contains folders under these paths that
    appear empty.
    """

    name: str
    binds: tuple[tuple[str, str], ...]
    readable: tuple[str, ...]
    sys_path: tuple[str, ...]
    python: str
    env: dict[str, str]
    covered: tuple[str, ...] = ()

    @property
    def threads(self) -> bool:
        """Whether a worker may start threads and has a scratch folder, because PyTorch needs both."""
        return self.name != "numpy"


def runtime(
    name: str, packages: Iterable[str] = (), data: Mapping[str, str | os.PathLike[str]] = NO_DATA
) -> RuntimeFiles:
    """Return the runtime "numpy", "torch" or "gpu" for this interpreter, with a kata's additional packages and data.

    `data` maps names of data sets to their folders. The folders keep their absolute paths, which a worker finds in the
    environment (for example, in KATAS_DATA_MNIST_FULL). Raises MissingPackage, or ConfinementError for a missing path.
    """
    if name not in PACKAGES:
        raise ConfinementError(f"there is no runtime {name!r}: kata.toml may name {' or '.join(map(repr, PACKAGES))}")
    python = os.path.realpath(sys.executable)
    stdlib = os.path.realpath(sysconfig.get_path("stdlib"))
    dynload = _dynload(stdlib)
    folders = package_paths(name, packages)
    harness = str(Path(__file__).parents[1])
    libpython = _libpython()
    shown = [python, *libpython, stdlib, *([] if dynload.startswith(f"{stdlib}/") else [dynload])]
    folders_of_data = {each: _existing(path) for each, path in data.items()}
    shown += [*folders, *folders_of_data.values(), *filter(os.path.exists, [PROCESSOR])]
    binds = [(path, path) for path in shown]
    binds += [(f"{harness}/{file}", f"{HARNESS}/graders/{file}") for file in HARNESS_FILES]
    c_libraries = _c_libraries(python)
    binds += c_libraries
    libraries = dict.fromkeys(os.path.dirname(target) for _, target in c_libraries)
    site = dict.fromkeys(os.path.dirname(path) for path in folders)
    env = ENVIRONMENT | environment.of_machine(os.environ)
    env |= {f"KATAS_DATA_{each.upper().replace('-', '_')}": path for each, path in folders_of_data.items()}
    env |= {"CUPY_CACHE_IN_MEMORY": "1"} if name == "gpu" else {}
    env |= {"LD_LIBRARY_PATH": os.path.dirname(libpython[0])} if libpython else {}
    return RuntimeFiles(
        name=name,
        binds=tuple(binds),
        readable=_outermost([HARNESS, *site, *libraries, *(target for _, target in binds), *DEVICES]),
        sys_path=(HARNESS, stdlib, dynload, *site),
        python=python,
        env=env,
        covered=tuple(path for kind in ("site", "dist") if os.path.isdir(path := f"{stdlib}/{kind}-packages")),
    )


def _outermost(paths: list[str]) -> tuple[str, ...]:
    """Return only the paths that are not inside another path, because every extra rule slows down every worker."""
    return tuple(path for path in dict.fromkeys(paths) if not any(path.startswith(f"{other}/") for other in paths))


def _existing(path: str | os.PathLike[str]) -> str:
    absolute = os.path.realpath(path)
    if not os.path.exists(absolute):
        raise ConfinementError(f"{absolute}: a kata's workers need this data, but it does not exist")
    return absolute


def _dynload(stdlib: str) -> str:
    shared = sysconfig.get_config_var("DESTSHARED")
    for folder in (f"{stdlib}/lib-dynload", shared):
        if folder and os.path.isdir(folder):
            return os.path.realpath(folder)
    return f"{stdlib}/lib-dynload"


def _libpython() -> list[str]:
    """Return the interpreter's shared library that this process has mapped, or an empty list if it has none."""
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return []
    found = re.search(r"(/\S*/libpython3[^/\s]*\.so[^/\s]*)$", maps, re.MULTILINE)
    return [found.group(1)] if found else []


# --------------------------------------------------------------------------------------------- packages


def package_paths(name: str, packages: Iterable[str]) -> list[str]:
    """Return the folders and modules of a runtime's packages, with a kata's additional packages."""
    found = [path for package in PACKAGES[name] for path in _required(package)]
    found += [path for package in OPTIONAL_PACKAGES[name] for path in _files_of(package)]
    return list(dict.fromkeys([*found, *_further(packages)]))


def _required(package: str) -> list[str]:
    files = list(_files_of(package))
    if not files:
        raise MissingPackage(missing(package))
    return files


def _further(packages: Iterable[str]) -> Iterator[str]:
    waiting, seen = [], set()
    for package in packages:
        owners = _owners_of(package)
        if not owners:
            yield from _required(package)
        waiting += owners
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # this dependency is for another system or Python version
        site = str(distribution.locate_file(""))
        tops = dict.fromkeys(file.parts[0] for file in distribution.files or ())
        yield from (os.path.join(site, top) for top in tops if not top.endswith((".dist-info", "..", "__pycache__")))
        needed = [line for line in distribution.requires or () if "extra ==" not in line]
        waiting += [found.group() for line in needed if (found := re.match(r"[\w.-]+", line))]


def _owners_of(package: str) -> list[str]:
    """Return the distributions that a package comes from. Most have its name; a search for the others takes 0.2 s."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        namesake = importlib.metadata.distribution(package)
        if any(file.parts[0] == package for file in namesake.files or ()):
            return [namesake.name]
    return importlib.metadata.packages_distributions().get(package, [])


def _files_of(package: str) -> Iterator[str]:
    """Yield a package's folder and the libraries bundled with its wheel, or its single module."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        return
    for folder in spec.submodule_search_locations or ():
        yield folder
        if os.path.isdir(f"{folder}.libs"):
            yield f"{folder}.libs"
    if spec.submodule_search_locations is None and spec.origin:
        yield spec.origin


# ------------------------------------------------------------------------------------------ C libraries


def _c_libraries(python: str) -> list[tuple[str, str]]:
    """Return binds that put the loader at the path that the interpreter names, and the C libraries into one folder."""
    loader = _loader(python)
    if loader is None:
        return []
    folders = {folder: os.listdir(folder) for folder in _library_folders() if os.path.isdir(folder)}
    home = next((folder for folder, files in folders.items() if "libc.so.6" in files), None)
    binds = {loader: os.path.realpath(loader)}
    for pattern in C_LIBRARIES.split() if home else ():
        for folder, files in folders.items():
            for library in fnmatch.filter(files, pattern):
                binds.setdefault(f"{home}/{library}", os.path.realpath(f"{folder}/{library}"))
    return [(source, target) for target, source in binds.items()]


def _library_folders() -> list[str]:
    triplet = sysconfig.get_config_var("MULTIARCH")
    specific = [f"/lib/{triplet}", f"/usr/lib/{triplet}"] if triplet else []
    return [*specific, "/lib64", "/usr/lib64", "/lib", "/usr/lib"]


def _loader(executable: str) -> str | None:
    """Return the loader that an ELF file names in its PT_INTERP, or None for a static file or another format."""
    with open(executable, "rb") as file:
        head = file.read(64)
        if head[:5] != b"\x7fELF\x02":
            return None
        table, size, count = *struct.unpack_from("<Q", head, 32), *struct.unpack_from("<HH", head, 54)
        for index in range(count):
            file.seek(table + index * size)
            kind, _, offset, _, _, length = struct.unpack("<IIQQQQ", file.read(40))
            if kind == 3:
                file.seek(offset)
                return file.read(length).rstrip(b"\0").decode()
    return None
