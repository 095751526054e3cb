"""Start and end the server: its secret, its port, and the address that is printed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import signal
import socket
import webbrowser
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import NamedTuple

import uvicorn
from starlette.types import ASGIApp

from graders.errors import KataError
from graders.web.guard import Guard, forwarded

PORT = 8765
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
EVERYWHERE = ("0.0.0.0", "::")
ENDS_WITHIN_S = 1  # open pages get this long to receive their last event


class Server(uvicorn.Server):
    """A server that ends the streams of open pages when it is told to end. Otherwise they would be cancelled."""

    def __init__(self, settings: uvicorn.Config, ends: Callable[[], None]) -> None:
        super().__init__(settings)
        self.ends = ends

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.ends()
        await super().shutdown(sockets)


class Door(NamedTuple):
    """An application, the file that keeps the secret in its address, and what introduces the address."""

    app: ASGIApp
    secret_in: Path
    said: str


def serve(
    *doors: Door,
    cookie: str,
    host: str,
    port: int | None,
    browser: bool,
    say: Callable[[str], None],
    public: str = "",
    ends: Callable[[], None] = lambda: None,
) -> None:
    """Serve applications until Ctrl-C, each at an address with a secret of its own. Raises KataError for a taken port.

    The cookie's name begins with `cookie`. A proxy shows the server at `public`, if that is given. The server calls
    `ends` when it shuts down. Only a single application is opened in the browser.
    """
    tokens = [secret(door.secret_in) for door in doors]
    listener, number = listening(host, port)
    hosts = {*LOOPBACK, named(host)}
    if host in EVERYWHERE:  # then the machine's own names lead here, too
        hosts |= {socket.gethostname(), socket.getfqdn()}
    apps = {token: door.app for token, door in zip(tokens, doors, strict=True)}
    guarded = Guard(apps, port=number, hosts=hosts, name=cookie, public=public)
    settings = uvicorn.Config(
        guarded, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=ENDS_WITHIN_S
    )
    addresses = [f"{public}/?token={token}" if public else address_of(host, number, token) for token in tokens]
    said = (f"{door.said} {address}" for door, address in zip(doors, addresses, strict=True))
    proxied = [f"The proxy at {public} must pass requests on to http://{named(host)}:{number}."] if public else []
    say("\n".join([*proxied, *said, "Ctrl-C ends the server."]))
    address, beside = addresses[0], doors[0].secret_in.with_name(f"serve-open-{number}.html")
    page = opening_page(beside, address) if browser and len(doors) == 1 else None
    if page is not None:
        webbrowser.open(address if forwarded(number) else page.as_uri())  # a codespace opens no files
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # uvicorn raises the signal again at its end
    try:
        Server(settings, ends).run([listener])
    finally:
        if page is not None:
            page.unlink(missing_ok=True)
        listener.close()


def named(host: str) -> str:
    """Return a host as it is written in an address. IPv6 addresses have brackets there."""
    return f"[{host}]" if ":" in host else host


def address_of(host: str, port: int, token: str) -> str:
    """Return the address to open, with its secret."""
    here = "127.0.0.1" if host in EVERYWHERE else named(host)
    return f"{next(iter(forwarded(port)), f'http://{here}:{port}')}/?token={token}"


def opening_page(path: Path, address: str) -> Path | None:
    """Write a page that leads to an address, and that only its owner can read. Return None if it cannot be written.

    The browser is started with this page's path, because other people on the machine can see the arguments of every
    process.
    """
    head = '<!doctype html><meta charset="utf-8"><title>katas</title>'
    try:
        _write_privately(path, f'{head}<meta http-equiv="refresh" content="0; url={escape(address)}">\n')
    except OSError:
        return None
    return path


def listening(host: str, port: int | None) -> tuple[socket.socket, int]:
    """Return a socket that listens, and its port: the given one, or else PORT or the next one that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in [port] if port is not None else [*range(PORT, PORT + 20), 0]:
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, number))
            found.listen(128)
            return found, found.getsockname()[1]
        except (OSError, OverflowError, UnicodeError) as fault:
            found.close()
            if not isinstance(fault, OSError):
                raise KataError(f"--host {host} --port {number}: there is no such address.") from None
            taken = fault.errno == errno.EADDRINUSE
            if taken and port is None:
                continue
            why = "it is taken, perhaps by another `katas serve`" if taken else fault.strerror
            raise KataError(f"port {number} on {host}: {why}. Choose another: katas serve --port 0") from None
    raise KataError(f"no port from {PORT} to {PORT + 19} is free on {host}.")


def secret(path: Path) -> str:
    """Return the secret in a page's address, which is kept in a file, so that open pages survive another start."""
    try:
        kept = path.read_text(encoding="ascii").strip()
        if len(kept) == 43 and path.stat().st_mode & 0o077 == 0:
            return kept
    except (OSError, UnicodeDecodeError):
        pass
    token = secrets.token_urlsafe(32)
    with contextlib.suppress(OSError):  # after a fault, the secret is valid for this run only
        _write_privately(path, token)
    return token


def _write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner can read. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
