"""The environments of the processes on which a verdict depends.

A judge gets nothing from the shell but what is listed here, so a submission gets the same verdict in every shell. In
particular, the judge gets no options or plugins of pytest, nothing that changes Python (such as PYTHONPATH, or
PYTHONOPTIMIZE, which removes every `assert`), no numbers of threads, no preloaded library, no time zone and no secrets.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

_FOLDERS = (
    "HOME",  # the cache folder is in it, with the data sets that katas train on
    "XDG_CACHE_HOME",  # or this is the cache folder
    "NN_KATAS_DATA",  # or this is the folder of the data sets
)
_SEARCHED = (
    "PATH",  # bubblewrap is found here
    "LD_LIBRARY_PATH",  # the interpreter's libraries, or the graphics driver, may be found only here
)
_PROCESSOR = (
    # Where OpenBLAS misjudges a processor, it crashes without these. They choose a kernel, which changes last digits,
    # so judges and workers get the same ones.
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
)
_FIXED = {
    "LC_ALL": "C.UTF-8",
    # As in a worker. Several threads would wait for each other on a busy machine, and hang in a fork.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
# On macOS, BLAS uses threads of its own, which do not exist after a fork, and the system's frameworks end a process
# that was forked after their first use.
_FORKING = {"VECLIB_MAXIMUM_THREADS": "1", "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"}


def of_judge(shell: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a judge that is started from a shell. Folders are absolute, as `/` is its own."""
    kept = {name: os.path.abspath(shell[name]) for name in _FOLDERS if shell.get(name)}
    kept |= {name: folders for name in _SEARCHED if (folders := absolute(shell.get(name, "")))}
    return kept | of_machine(shell) | _FIXED


def of_machine(shell: Mapping[str, str]) -> dict[str, str]:
    """Return what a judge's workers get, too: a shell's settings for the processor, and what the system needs."""
    kept = {name: shell[name] for name in _PROCESSOR if shell.get(name)}
    return kept | (_FORKING if sys.platform == "darwin" else {})


def of_git(shell: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a git command that reads the repository that its arguments name.

    Git sets GIT_DIR while it runs a hook, and a shell may set GIT_CONFIG_COUNT. Both would change what is read.
    """
    kept = {name: value for name, value in shell.items() if not name.startswith("GIT_")}
    return kept | {"PATH": absolute(shell.get("PATH", os.defpath)), "LC_ALL": "C"}


def absolute(folders: str) -> str:
    """Leave out the empty and relative ones of these folders, which may lie in the folder of a submission."""
    return os.pathsep.join(folder for folder in folders.split(os.pathsep) if os.path.isabs(folder))
