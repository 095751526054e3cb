"""From root to nobody: a program that makes sources reachable, gives root up, and becomes another program.

Run as `python -I -S descent.py '{"sources": [...], "stage": folder, "uid": n, "parent": pid, "command": [...]}'`.
In a mount namespace of its own it covers `stage` with a tmpfs, binds source number i to `stage/i`, so that the
folders which the sources lie in need not be open to anyone, and executes the command as `uid`. It is never the
parent of that command: the kernel sends the death signal of a parent with the dying parent's rights, and a monitor
that has dropped root's could not end what runs as somebody else.
"""

from __future__ import annotations

import ctypes
import json
import os
import stat
import sys

CLONE_NEWNS = 0x20000
MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 4, 4096, 16384, 1 << 18


def descend(sources: list[str], stage: str, uid: int, parent: int, command: list[str]) -> None:
    """Become the command. Raises OSError where the machine does not let root do this."""
    libc = ctypes.CDLL(None, use_errno=True)

    def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
        texts = [os.fsencode(text) if text is not None else None for text in (source, target, kind, data)]
        if libc.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]):
            raise OSError(ctypes.get_errno(), f"mounting {source} on {target}: {os.strerror(ctypes.get_errno())}")

    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), f"unshare(CLONE_NEWNS): {os.strerror(ctypes.get_errno())}")
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    # Opened before the stage covers what lies there.
    opened = [os.open(source, os.O_PATH) for source in sources]
    mount("tmpfs", stage, "tmpfs", MS_NODEV, "mode=755")
    for index, descriptor in enumerate(opened):
        target = f"{stage}/{index}"
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.mkdir(target, 0o755)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
        mount(f"/proc/self/fd/{descriptor}", target, None, MS_BIND | MS_REC)
        os.close(descriptor)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if os.getppid() == parent:
        os.execv(command[0], command)


if __name__ == "__main__":
    descend(**json.loads(sys.argv[1]))
