"""Sends and receives whole messages on a stream between trusted processes."""

from __future__ import annotations

import socket
import struct

LENGTH = struct.Struct("<Q")


def send(connection: socket.socket, data: bytes) -> None:
    """Send a message, preceded by its length."""
    connection.sendall(LENGTH.pack(len(data)) + data)


def receive(connection: socket.socket) -> bytes:
    """Receive a message from `send`. Raises EOFError if the other side has closed the stream."""
    (length,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    return _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        chunk = connection.recv(min(count - len(parts), 1 << 20))
        if not chunk:
            raise EOFError
        parts += chunk
    return bytes(parts)
