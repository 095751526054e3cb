"""Whole messages over a stream between processes of ours."""

from __future__ import annotations

import socket
import struct

LENGTH = struct.Struct("<Q")


def send(connection: socket.socket, data: bytes) -> None:
    """A message with its length before it."""
    connection.sendall(LENGTH.pack(len(data)) + data)


def receive(connection: socket.socket) -> bytes:
    """A message as `send` sent it. Raises EOFError when the other side is gone."""
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
