"""Start `katas serve` in a folder, and talk to it as a browser does."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.shell import KATAS

PATIENCE_S = 120.0  # for one answer, on a busy machine
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)(?:/\?token=([\w-]+))?")  # behind a proxy, it has no secret


class Server:
    """A running `katas serve`. `cookie` is what the browser of its learner sends."""

    NAME = "katas"  # of the cookie, without the port

    def __init__(
        self,
        root: Path,
        *options: str,
        environment: dict[str, str] | None = None,
        before: Sequence[str] = (),
        command: Sequence[str] = (KATAS,),
    ) -> None:
        words = [*before, *command, "--root", str(root), "serve", "--no-browser", *(options or ("--port", "0"))]
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        assert self.process.stdout is not None
        self.first = self.process.stdout.readline()
        found = ADDRESS.search(self.first)
        assert found, self.first + self.process.stdout.read()
        self.port, self.token = int(found[1]), found[2]
        self.host = f"127.0.0.1:{self.port}"
        self.cookie = f"{self.NAME}-{self.port}={self.token}"

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str | None) -> tuple[int, Any, Any]:
        """Return the status, the headers and the body of an answer. A header that is None is not sent."""
        sent: dict[str, str | None] = {"Host": self.host, "Cookie": self.cookie, "Sec-Fetch-Site": "same-origin"}
        if method != "GET":
            sent |= {"Origin": f"http://{self.host}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def get(self, path: str) -> Any:
        status, _, body = self.request("GET", path)
        assert status == 200, body
        return json.loads(body)

    def send(self, method: str, path: str, given: Any) -> tuple[int, Any]:
        status, _, body = self.request(method, path, json.dumps(given).encode())
        return status, json.loads(body)

    def post(self, path: str, given: Any = None) -> Any:
        status, found = self.send("POST", path, given or {})
        assert status == 200, found
        return found

    def save(self, slug: str, name: str, text: str, base: str) -> tuple[int, Any]:
        return self.send("PUT", f"/api/katas/{slug}/files/{quote(name)}", {"text": text, "base": base})

    @contextlib.contextmanager
    def events(self, slug: str) -> Iterator[Callable[[Callable[[Any], object]], Any]]:
        """Yield wait(condition), which returns the next snapshot that fulfils a condition."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request("GET", f"/api/katas/{slug}/events", headers={"Host": self.host, "Cookie": self.cookie})
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()

            def wait(condition: Callable[[Any], object]) -> Any:
                last, ends = None, time.monotonic() + PATIENCE_S
                while time.monotonic() < ends:
                    line = answer.readline()
                    assert line, f"the stream ended; its last event was {last}"
                    if line.startswith(b"data: "):
                        last = json.loads(line[6:])
                        if condition(last):
                            return last
                raise AssertionError(f"this was the last event: {last}")

            yield wait

    def end(self, by: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """End the server. Return its exit status and what else it printed."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        said, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, said


@contextlib.contextmanager
def serving(
    root: Path,
    *options: str,
    environment: dict[str, str] | None = None,
    progress: Path | None = None,
    before: Sequence[str] = (),
) -> Iterator[Server]:
    """Run a server until the block ends: with this progress file, and below a command such as bwrap."""
    if progress is not None:
        environment = (environment or dict(os.environ)) | {"NN_KATAS_PROGRESS": str(progress)}
    server = Server(root, *options, environment=environment, before=before)
    try:
        yield server
    finally:
        server.end()
