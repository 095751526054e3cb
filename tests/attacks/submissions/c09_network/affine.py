"""Look up a host name, connect to a planted port on loopback and to the Internet, and fetch a page."""

import socket
import urllib.request

from parts.searching import affine

PORT = 0


def search(W, x, b):
    done = []
    attempts = {
        "loopback": lambda: socket.create_connection(("127.0.0.1", PORT), timeout=0.2),
        "loopback6": lambda: socket.create_connection(("::1", PORT), timeout=0.2),
        "world": lambda: socket.create_connection(("1.1.1.1", 53), timeout=0.2),
        "lookup": lambda: socket.getaddrinfo("example.org", 80),
        "http": lambda: urllib.request.urlopen("http://example.org", timeout=0.2),
        "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"leak", ("1.1.1.1", 53)),
    }
    for name, attempt in attempts.items():
        try:
            attempt()
            done.append(name)
        except OSError:
            continue
    return {"tried": len(attempts), "done": done}
