"""Landlock limits the files that a worker may access, regardless of its user's permissions.

A ruleset lets a worker read the given paths, and read and write its scratch folder. It denies every other right that
the running kernel knows, such as executing files or writing elsewhere. Newer kernels also prevent the worker from
binding TCP ports or connecting to them, and from reaching abstract sockets or signalling processes outside. Source:
https://docs.kernel.org/userspace-api/landlock.html.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable

from graders.worker.syscalls import call

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
REFER, TRUNCATE = 1 << 13, 1 << 14
# The number of file rights in each ABI: REFER was added in 2, TRUNCATE in 3, and IOCTL_DEV in 5.
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
NEWEST_FILE_RIGHTS = 16
BIND_AND_CONNECT_TCP = 0b11  # available from ABI 4 on
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11  # available from ABI 6 on

OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE  # the only rights that a rule for a single file may name
READ = READ_FILE | READ_DIR
SCRATCH = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE

CREATE_VERSION = 1  # makes landlock_create_ruleset return the ABI
RULE_PATH_BENEATH = 1


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"  # Python 3.14 wants to be told; this name stands for the layout of a packed structure
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def abi() -> int:
    """Return the Landlock version of the running kernel, or 0 if it has none."""
    try:
        return call("landlock_create_ruleset", None, 0, CREATE_VERSION)
    except OSError:
        return 0


def ruleset(version: int, readable: Iterable[str], scratch: str | None = None) -> int:
    """Return the descriptor of a ruleset that allows reading `readable`, and reading and writing `scratch`.

    Paths that do not exist are skipped. Raises OSError.
    """
    handled = (1 << FILE_RIGHTS.get(version, NEWEST_FILE_RIGHTS)) - 1
    net = BIND_AND_CONNECT_TCP if version >= 4 else 0
    scoped = ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0
    attributes = _Ruleset(handled, net, scoped)
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = call("landlock_create_ruleset", ctypes.byref(attributes), size, 0)
    for path in readable:
        _allow(rules, path, READ & handled)
    if scratch is not None:
        _allow(rules, scratch, SCRATCH & handled)
    return rules


def restrict(rules: int) -> None:
    """Apply the rules permanently to the calling thread and everything it starts. Requires no_new_privs."""
    call("landlock_restrict_self", rules, 0)


def _allow(rules: int, path: str, rights: int) -> None:
    if sys.platform != "linux":
        raise OSError("this needs Linux")
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return
    try:
        if not stat.S_ISDIR(os.fstat(parent).st_mode):
            rights &= OF_FILES
        rule = _PathBeneath(rights, parent)
        call("landlock_add_rule", rules, RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)
