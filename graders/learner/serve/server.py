"""Start and end the server: its secret, its port, and the address that is printed."""

from __future__ import annotations

import errno
import os
import secrets
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn

from graders.errors import KataError
from graders.judge.client import Judge
from graders.learner.progress import default_path
from graders.learner.serve.app import application
from graders.learner.serve.guard import Guard, forwarded
from graders.learner.serve.live import LiveKatas

PORT = 8765
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
ENDS_WITHIN_S = 1  # open pages get this long to receive their last event


def serve(judge: Judge, root: Path, *, host: str, port: int | None, browser: bool, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C. Raises KataError if the port is taken or the secret cannot be kept."""
    token = secret()
    listener, number = listening(host, port)
    katas = LiveKatas(root, judge)
    hosts = {*LOOPBACK, host}
    if host in ("0.0.0.0", "::"):  # then the machine's own names lead here, too
        hosts |= {socket.gethostname(), socket.getfqdn()}
    guarded = Guard(application(katas), token=token, port=number, hosts=hosts)
    settings = uvicorn.Config(
        guarded, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=ENDS_WITHIN_S
    )
    origin = next(iter(forwarded(number)), f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{number}")
    address = f"{origin}/?token={token}"
    say(f"The katas are at {address}\nCtrl-C ends the server.")
    if browser:
        webbrowser.open(address)
    try:
        uvicorn.Server(settings).run([listener])
    finally:
        listener.close()
        katas.close()
        judge.close()


def listening(host: str, port: int | None) -> tuple[socket.socket, int]:
    """Return a socket that listens, and its port: the given one, or else PORT or the next one that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in [port] if port is not None else [*range(PORT, PORT + 20), 0]:
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, number))
            found.listen(128)
        except OSError as fault:
            found.close()
            if fault.errno == errno.EADDRINUSE and port is None:
                continue
            why = "it is taken, perhaps by another `katas serve`" if fault.errno == errno.EADDRINUSE else fault.strerror
            raise KataError(f"port {number} on {host}: {why}. Choose another: katas serve --port 0") from None
        except (OverflowError, UnicodeError):
            found.close()
            raise KataError(f"--host {host} --port {number}: there is no such address.") from None
        return found, found.getsockname()[1]
    raise KataError(f"no port from {PORT} to {PORT + 19} is free on {host}.")


def secret() -> str:
    """Return the secret in the page's address.

    It is kept beside the learner's progress, so that open pages still work after the server was started again.
    """
    path = default_path().with_name("serve-token")
    try:
        kept = path.read_text(encoding="ascii").strip()
        if len(kept) == 43 and path.stat().st_mode & 0o077 == 0:
            return kept
    except (OSError, UnicodeDecodeError):
        pass
    token = secrets.token_urlsafe(32)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(token)
    except OSError:
        pass  # the secret is then valid for this run only
    return token
