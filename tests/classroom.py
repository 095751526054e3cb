"""A stand-in for an organisation on GitHub with a private repository for each student: its API and its git server."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import threading
from collections.abc import Iterable, Mapping
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult

from tests.github_server import TOKEN, GitHub, git

BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
TEACHER = "teacher"
NOBODY = "Student <s@example.org>"
MODES = {"link": "120000", "submodule": "160000"}
ENVIRONMENT = {"GH_ENTERPRISE_TOKEN": TOKEN, "GH_TOKEN": "", "GITHUB_TOKEN": ""}


class Classroom:
    """The state of the server. `keeps_pushes` is false for a plain git server, which has no API."""

    def __init__(self, folder: Path, *, keeps_pushes: bool = True) -> None:
        self.folder = folder
        self.keeps_pushes, self.has_api = keeps_pushes, True
        self.pushes: dict[str, list[dict[str, Any]]] = {}
        self.statuses: dict[str, list[dict[str, Any]]] = {}
        self.issues: dict[str, list[dict[str, Any]]] = {}
        self.public: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.failing, self.failing_status, self.failing_headers = 0, 502, {}
        self.waits_for = "?"  # the name of a repository for which git waits until `released` is set
        self.released = threading.Event()
        self.redirects_to = ""  # the address of another server, which gets all requests of git
        self.url = ""

    @property
    def pattern(self) -> str:
        return f"{self.url}/school/hw1-{{github}}"

    def place(self, login: str) -> Path:
        return self.folder / "school" / f"hw1-{login}"

    # What students do.

    def create(self, login: str) -> Path:
        place = self.place(login)
        place.mkdir(parents=True)
        git(place, "init", "-q", "--bare", "-b", "main", "--template=")
        return place

    def push(
        self,
        login: str,
        files: Mapping[str, str | bytes | tuple[str, str]],
        at: str = "2026-05-01T10:00:00Z",
        *,
        dated: int = 1_777_000_000,
        branch: str = "main",
        after: str | None = "",
    ) -> str:
        """Push a commit with these files to a branch, and return it. `at` is when, and `dated` what the commit says.

        A file may be a pair: ("link", target) or ("submodule", commit). `after` is its parent, by default the branch.
        """
        place, ref = self.place(login), f"refs/heads/{branch}"
        if not place.exists():
            self.create(login)
        parent = git(place, "for-each-ref", "--format=%(objectname)", ref) if after == "" else after
        stream = f"commit {ref}\nauthor {NOBODY} {dated} +0000\ncommitter {NOBODY} {dated} +0000\ndata 4\nwork".encode()
        stream += f"\nfrom {parent}\ndeleteall\n".encode() if parent else b"\n"
        for name, content in files.items():
            kind, text = content if isinstance(content, tuple) else ("file", content)
            if kind == "submodule":
                stream += f"M 160000 {text} {name}\n".encode()
                continue
            data = text.encode() if isinstance(text, str) else text
            stream += f"M {MODES.get(kind, '100644')} inline {name}\ndata {len(data)}\n".encode() + data + b"\n"
        words = ["git", "-C", str(place), "fast-import", "--quiet", "--force"]
        subprocess.run(words, input=stream, check=True, capture_output=True)
        return self.note(login, git(place, "rev-parse", ref), at, branch)

    def note(self, login: str, commit: str, at: str, branch: str = "main") -> str:
        """Record a push, as the server does."""
        push = {"ref": f"refs/heads/{branch}", "after": commit, "timestamp": at, "activity_type": "push"}
        self.pushes.setdefault(f"hw1-{login}", []).insert(0, push)
        return commit

    # What the server responds.

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        path = path.removeprefix("/api/v3") if self.has_api else ""
        if path == "/user":
            return 200, {"login": TEACHER}
        found = re.fullmatch(r"/repos/school/(hw1-[\w-]+)/?(.*)", path)
        if found is None or not (self.folder / "school" / found[1]).is_dir():
            return 404, {"message": "Not Found"}
        name, rest = found.groups()
        match method, rest.split("/"):
            case "GET", [""]:
                return 200, {"private": name not in self.public}
            case "GET", ["activity"] if self.keeps_pushes:
                pushes = [each for each in self.pushes.get(name, ()) if each["ref"] == query["ref"][0]]
                return 200, GitHub.paged(pushes, query)
            case "GET", ["commits", commit, "statuses"]:
                return 200, GitHub.paged([*reversed(self.statuses.get(commit, []))], query)
            case "POST", ["statuses", commit]:
                self.statuses.setdefault(commit, []).append(body)
                return 201, body
            case "GET", ["issues"]:
                mine = [each for each in self.issues.get(name, ()) if each["user"]["login"] == query["creator"][0]]
                return 200, GitHub.paged(mine, query)
            case "POST", ["issues"]:
                return 201, self.add_issue(name, TEACHER, body)
            case "PATCH", ["issues", number]:
                self.issues[name][int(number) - 1] |= body
                return 200, {}
        return 404, {"message": "Not Found"}

    def add_issue(self, name: str, login: str, body: Mapping[str, Any]) -> dict[str, Any]:
        issues = self.issues.setdefault(name, [])
        issues.append({"number": len(issues) + 1, "user": {"login": login}, **body})
        return issues[-1]

    def git(
        self, method: str, address: SplitResult, headers: Message, sent: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Let git's own CGI program answer."""
        name = address.path.strip("/").split("/")[1]
        for_all = name in self.public and "git-receive-pack" not in address.path + address.query
        if not for_all and headers.get("Authorization") != f"Basic {BASIC}":
            return 401, {"WWW-Authenticate": 'Basic realm="git"'}, b""
        if self.redirects_to:
            return 302, {"Location": f"{self.redirects_to}{address.path}?{address.query}"}, b""
        if self.waits_for in address.path:
            self.released.wait(60)
        variables = {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding", ""),
            "REMOTE_USER": TEACHER,
            "REQUEST_METHOD": method,
            "PATH_INFO": address.path,
            "QUERY_STRING": address.query,
            "CONTENT_TYPE": headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(sent)),
            "PATH": os.environ["PATH"],
        }
        done = subprocess.run(["git", "http-backend"], input=sent, capture_output=True, env=variables, check=False)
        head, _, data = done.stdout.partition(b"\r\n\r\n")
        said = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        return int(said.pop("Status", "200").split()[0]), said, data


def roster(path: Path, logins: Iterable[str]) -> Path:
    """Write a roster in which everyone's id is their login with `s-` before it."""
    path.write_text("id,github\n" + "".join(f"s-{login},{login}\n" for login in logins), encoding="utf-8")
    return path
