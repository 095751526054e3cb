"""Share memory with another process: POSIX, System V, message queues, memfd."""

import ctypes
import os

from parts.searching import affine

LIBC = ctypes.CDLL(None, use_errno=True)


def search(W, x, b):
    done = []
    calls = {
        "shmget": lambda: LIBC.shmget(0x6B617461, 4096, 0o1666),
        "semget": lambda: LIBC.semget(0x6B617461, 1, 0o1666),
        "msgget": lambda: LIBC.msgget(0x6B617461, 0o1666),
        "shm_open": lambda: LIBC.shm_open(b"/katas-planted", os.O_RDWR | os.O_CREAT, 0o666),
        "mq_open": lambda: LIBC.syscall(240, b"katas-planted", os.O_RDWR | os.O_CREAT, 0o666, None),
        "memfd_create": lambda: LIBC.syscall(319, b"katas", 0),
        "shm file": lambda: os.open("/dev/shm/katas-planted", os.O_RDWR | os.O_CREAT),
    }
    for name, call in calls.items():
        try:
            if call() >= 0:
                done.append(name)
        except (OSError, AttributeError):
            continue
    return {"done": done}
