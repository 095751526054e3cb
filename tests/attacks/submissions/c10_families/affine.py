"""Open a socket of every family and type that Linux knows."""

import socket

from parts.searching import affine


def search(W, x, b):
    opened = []
    for family in range(46):
        for kind in (1, 2, 3, 5):
            try:
                socket.socket(family, kind, 0).close()
                opened.append([family, kind])
            except OSError:
                continue
        try:
            socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            opened.append(["pair", 1])
        except OSError:
            continue
    return {"opened": opened[:20]}
