"""Bind-mounts the sources into a staging folder, gives up root, and executes a command as an unprivileged user.

Run as `python -I -S drop_root.py '{"sources": [...], "stage": folder, "uid": n, "parent": pid, "command": [...]}'`.
In its own mount namespace, it covers `stage` with a tmpfs and binds source number i to `stage/i`, so that the folders
around the sources may stay closed to other users. The command then replaces this process and runs as the user `uid`. It
does not run in a child process, because the kernel sends a parent-death signal with the rights of the dying parent. A
parent without root could not kill the process of another user.
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
    """Execute the command in place of this process. Raises OSError if the machine does not permit this."""
    if sys.platform != "linux":
        raise OSError("this needs Linux")
    libc = ctypes.CDLL(None, use_errno=True)

    def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
        texts = [os.fsencode(text) if text is not None else None for text in (source, target, kind, data)]
        if libc.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]):
            raise OSError(ctypes.get_errno(), f"mounting {source} on {target}: {os.strerror(ctypes.get_errno())}")

    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), f"unshare(CLONE_NEWNS): {os.strerror(ctypes.get_errno())}")
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    # Open the sources before the stage hides them.
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
