"""Reach a student's repository with git and with the server's API.

Nothing of a repository is checked out or run, its configuration is not read, and everything about it is bounded. The
token is in the environment of git's processes and in the headers of requests, and nowhere else.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from graders.errors import KataError
from graders.github.api import Repository
from graders.intake import git
from graders.report.text import clean_line

SCHEMES = ("https", "ssh", "http", "git", "file")
LARGEST = 256 * 1024**2  # bytes that git may write into one file, such as a fetched pack
MEMORY = 4 * 1024**3  # bytes for each process of git
PATIENCE_S = 300.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")
GITHUB = ("GH_TOKEN", "GITHUB_TOKEN")  # gh reads the same variables for the same hosts, in this order
ENTERPRISE = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//|:)(.+)")
_ABSENT = re.compile(r"not found|does not exist|does not appear to be a git repository|error: 404", re.IGNORECASE)
_REFUSED = re.compile(r"could not read (Username|Password)|Authentication failed|Permission denied|error: 403")
_BRANCH = re.compile(r"^([0-9a-f]{40,64})\t(refs/heads/\S+)$", re.MULTILINE)
_HEAD = re.compile(r"^ref: (refs/heads/\S+)\tHEAD$", re.MULTILINE)
# A repository that a student controls gets its objects in one file, which LIMITS bounds, and starts no programs.
_SETTINGS = {
    "core.bigFileThreshold": "1m",
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "user.email": "katas@localhost",
    "user.name": "katas",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",
    "gc.auto": "0",
    "http.followRedirects": "false",
    "maintenance.auto": "false",
    "protocol.version": "2",
    "transfer.bundleURI": "false",
    "transfer.unpackLimit": "1",
}
_ENVIRONMENT = git.ENVIRONMENT | {
    "GIT_ASKPASS": "",
    "GIT_ALLOW_PROTOCOL": ":".join(SCHEMES),
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=30",
}
_OF_USER = ("GIT_PROXY", "GIT_SSH", "GIT_SSL")  # how the user's variables for git begin that stay
_LIMITED = 'ulimit -f "$1"; ulimit -c 0; ulimit -v "$2" 2>/dev/null; shift 2; exec git "$@"'

Reason = Literal["missing", "empty", "late", "unavailable"]


class Unavailable(KataError):
    """A repository cannot be collected: it is missing, nothing in it counts, or the server does not give it out."""

    def __init__(self, text: str, reason: Reason = "unavailable") -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True)
class GitServer:
    """A git server, and the token for it, or an empty string. `api` is the address of its API, or empty."""

    host: str
    token: str = field(default="", repr=False)
    prefix: str = ""  # the addresses that get the token start with it
    api: str = ""

    @classmethod
    def of(cls, address: str, environment: Mapping[str, str] = os.environ) -> GitServer:
        """Return the server of an address. Raises KataError if the address is none, or contains a password."""
        if match := _SCP.fullmatch(address):
            scheme, host = "ssh", match[1]
        else:
            parts = urlsplit(address)
            scheme, host = parts.scheme, parts.netloc.rpartition("@")[2]
            if parts.password or (scheme != "ssh" and "@" in parts.netloc):
                raise KataError("the address contains a login. Leave it out, and put the token into GH_TOKEN.")
        if scheme not in SCHEMES or (not host and scheme != "file"):
            raise KataError(f"{address}: expected an address such as https://github.com/my-org/hw1-{{github}}.")
        name = urlsplit(f"//{host}").hostname or ""
        if scheme in ("git", "file") or (scheme == "http" and name not in LOOPBACK):
            return cls(host)  # a token would cross the network for everyone to read
        token = token_for(name, environment)
        web, at = ("https", name) if scheme == "ssh" else (scheme, host)
        api = "https://api.github.com" if name == "github.com" else f"{web}://{at}/api/v3"
        return cls(host, token, f"{web}://{at}/", api if token else "")

    def repository(self, address: str) -> Repository | None:
        """Return a client of the API for the repository at an address, or None if the server has no API for us."""
        name = _path(address).strip("/").removesuffix(".git")
        return Repository(name, self.token, self.api) if self.api and name.count("/") == 1 else None

    def web_address(self, address: str) -> str:
        """Return where anyone could read the repository at an address, or an empty string for a file."""
        if self.prefix:
            return self.prefix + _path(address).lstrip("/")
        return "" if urlsplit(address).scheme == "file" else address


def _path(address: str) -> str:
    return match[2] if (match := _SCP.fullmatch(address)) else urlsplit(address).path


def token_for(host: str, environment: Mapping[str, str]) -> str:
    """Return the token for a host from the environment or from gh, or an empty string. Raises KataError."""
    names = GITHUB if host == "github.com" or host.endswith(".ghe.com") else ENTERPRISE
    for name in names:
        if token := environment.get(name, "").strip():
            if not re.fullmatch(r"[!-~]+", token):
                raise KataError(f"{name}: not a token, because it has spaces or other characters. Copy it again.")
            return token
    return _token_of_gh(host, shutil.which("gh", path=environment.get("PATH")))


@cache
def _token_of_gh(host: str, program: str | None) -> str:
    if program:
        words = [program, "auth", "token", "--hostname", host]
        with suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
            if done.returncode == 0 and re.fullmatch(r"[!-~]+", done.stdout.strip()):
                return done.stdout.strip()
    return ""


class Git:
    """Runs git for several threads, until `stop` is called. A process of git is stopped at every limit."""

    def __init__(self, server: GitServer) -> None:
        settings = list(_SETTINGS.items())
        if server.token:  # without one, git uses the credentials that the user has configured
            basic = base64.b64encode(f"x-access-token:{server.token}".encode()).decode()
            header = f"http.{server.prefix}.extraHeader"
            settings += [("credential.helper", ""), (header, ""), (header, f"Authorization: Basic {basic}")]
        given = {f"GIT_CONFIG_KEY_{number}": key for number, (key, _) in enumerate(settings)}
        given |= {f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in enumerate(settings)}
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        own = {name: text for name, text in os.environ.items() if name.startswith(_OF_USER)}
        self._environment = kept | _ENVIRONMENT | own | given | {"GIT_CONFIG_COUNT": str(len(settings))}
        # Without the settings above, it follows a renamed repository to where it is now, as anyone's git does.
        self._anonymous = kept | _ENVIRONMENT | own | {"HOME": os.devnull, "XDG_CONFIG_HOME": os.devnull}
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End the running processes, and start no others."""
        self._stopped.set()

    def run(self, folder: Path, *words: str, text: bytes = b"", most: int = LARGEST, anonymous: bool = False) -> bytes:
        """Run git in a folder with this standard input, and return what it prints. No file may exceed `most` bytes.

        If `anonymous`, git has no token, and none of the user's settings and logins. Raises Unavailable if git fails.
        """
        words = ("sh", "-c", _LIMITED, "sh", str(most // 512), str(MEMORY // 1024), *words)
        with ExitStack() as files:
            given, out, errors = (files.enter_context(tempfile.TemporaryFile(dir=folder)) for _ in range(3))
            given.write(text)
            given.seek(0)
            env = self._anonymous if anonymous else self._environment
            process = subprocess.Popen(
                words, stdin=given, stdout=out, stderr=errors, cwd=folder, env=env, start_new_session=True
            )
            status = self._wait(process)
            for file in (out, errors):
                file.seek(0)
            if status:
                written = [os.fstat(out.fileno()), *(path.lstat() for path in folder.rglob("*"))]
                if max(each.st_size for each in written) >= most // 512 * 512:  # the pack, or what git has printed
                    raise Unavailable(f"it has more than {most // 1024**2} MB, or too many files")
                raise _fault(status, errors.read(16_384).decode(errors="replace"))
            return out.read()

    def create(self, folder: Path) -> None:
        """Make a folder a repository without files, hooks and remotes."""
        self.run(folder, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", ".", most=1024**2)

    def newest(self, folder: Path, address: str, ref: str) -> tuple[str, str, dict[str, str]]:
        """Return the commit that a branch or HEAD is at, the branch that HEAD is, and the commits of all branches.

        The first two are empty if there is none. The server also lists what only ends with `ref`.
        """
        words = ("ls-remote", "--symref", address, ref, "refs/heads/*")
        said = self.run(folder, *words, most=1024**2).decode(errors="replace")
        found = re.search(rf"^([0-9a-f]{{40,64}})\t{re.escape(ref)}$", said, re.MULTILINE)
        branch = _HEAD.search(said)
        heads = {name: commit for commit, name in _BRANCH.findall(said)}
        return found[1] if found else "", branch[1] if branch else "", heads

    def is_public(self, web: str) -> bool:
        """Return whether anyone can read the repository at a web address without logging in.

        A server that cannot be reached there counts as one that gives out nothing.
        """
        with tempfile.TemporaryDirectory() as place, suppress(Unavailable):
            self.run(Path(place), "ls-remote", "--quiet", web, most=1024**2, anonymous=True)
            return True
        return False

    def fetch(self, folder: Path, address: str, *commits: str, whole: bool = False) -> None:
        """Fetch commits, and with `whole` their history."""
        options = ["--quiet", "--no-tags", "--no-write-fetch-head", *([] if whole else ["--depth=1"])]
        self.run(folder, "fetch", *options, address, *commits)

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        until = time.monotonic() + PATIENCE_S
        try:
            while not self._stopped.is_set():
                with suppress(subprocess.TimeoutExpired):
                    return process.wait(0.2)
                if time.monotonic() > until:
                    raise Unavailable(f"git did not end within {PATIENCE_S:.0f} s; run the command again")
            raise Unavailable("interrupted")
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _fault(status: int, said: str) -> Unavailable:
    """Return what a failure of git means."""
    if _ABSENT.search(said):
        return Unavailable("there is no such repository, or you may not read it", "missing")
    if _REFUSED.search(said):
        return Unavailable("the server refuses your login; check GH_TOKEN, `gh auth status` or your SSH key")
    lines = [line for line in said.splitlines() if line.startswith(("fatal:", "error:", "ERROR:"))] or said.splitlines()
    return Unavailable(clean_line(lines[0].partition(":")[2].strip(), 200) if lines else f"git ended with {status}")
