"""A stand-in for GitHub on loopback, backed by a real git repository, and a runner that executes a job's steps."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock
from urllib.parse import parse_qs, urlencode, urlsplit

from graders import Judge
from graders.github import __main__ as pulls
from graders.github import grading
from tests.shell import environment
from tests.workshop import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"
NAME = "school/katas"
FORK = {"id": 77, "full_name": "ada/katas", "owner": {"login": "ada"}}
TOKEN = "token-of-the-workflow"
BOT = "github-actions[bot]"


def git(folder: Path, *words: str, text: str | None = None) -> str:
    own = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always"]
    done = subprocess.run(
        ["git", "-C", str(folder), *own, *words], input=text, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def committed(base: Path, folder: Path) -> Path:
    """Create a git repository in `folder` with the files of `base` in one commit on the default branch."""
    shutil.copytree(base, folder)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A", "-f", ".")
    git(folder, "commit", "-q", "-m", "katas")
    return folder


class GitHub:
    """The state of the server: a repository, a fork of it, requests, comments and check runs.

    `origin` is a repository from `committed`.
    """

    def __init__(self, folder: Path, origin: Path) -> None:
        self.clone = folder / "clone"
        git(folder, "clone", "-q", "--shared", str(origin), str(self.clone))
        self.base = git(self.clone, "rev-parse", "HEAD")
        self.pulls: dict[int, dict[str, Any]] = {}
        self.comments: list[dict[str, Any]] = []
        self.checks: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str]] = []
        self.failing = 0  # how many of the next responses are a failure
        self.failing_status, self.failing_headers = 502, {}
        self.url = ""

    # What users do.

    def commit(self, changes: Mapping[str, str | bytes | None], branch: str = "solve", message: str = "solved") -> str:
        """Commit changes to a branch of the fork and return the commit. None deletes a file or a folder."""
        exists = subprocess.run(["git", "-C", str(self.clone), "rev-parse", "-q", "--verify", f"refs/heads/{branch}"])
        if exists.returncode:
            git(self.clone, "update-ref", f"refs/heads/{branch}", self.base)
        git(self.clone, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
        git(self.clone, "reset", "-q", "--hard")
        for name, content in changes.items():
            path = self.clone / name
            if content is None:
                git(self.clone, "rm", "-q", "-r", name)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        git(self.clone, "add", "-A", "-f", ".")
        git(self.clone, "commit", "-q", "--allow-empty", "-F", "-", text=message)
        return git(self.clone, "rev-parse", "HEAD")

    def commit_link(self, name: str, mode: str, target: str) -> str:
        """Commit an entry with a mode: 120000 for a link to `target`, 160000 for a submodule at that commit."""
        self.commit({}, message="start")
        digest = target if mode == "160000" else git(self.clone, "hash-object", "-w", "--stdin", text=target)
        git(self.clone, "update-index", "--add", "--cacheinfo", f"{mode},{digest},{name}")
        git(self.clone, "commit", "-q", "-m", "link")
        return git(self.clone, "rev-parse", "HEAD")

    def request(self, commit: str, *, number: int = 7, branch: str = "solve", title: str = "My solution") -> int:
        """Open a request from the fork, or push to it."""
        self.pulls[number] = {
            "number": number,
            "state": "open",
            "title": title,
            "user": {"login": "ada", "type": "User"},
            "head": {"ref": branch, "label": f"ada:{branch}", "sha": commit, "repo": FORK},
            "base": {"ref": "main", "repo": {"id": 1, "full_name": NAME}},
            "changed_files": len(self.files(commit)),
        }
        return number

    def event(self, number: int = 7) -> dict[str, Any]:
        """Return the event that starts the official workflow: a recorded one, adapted to this request's commit."""
        event = json.loads((Path(__file__).with_name("github") / "workflow_run.json").read_text(encoding="utf-8"))
        head = self.pulls[number]["head"]
        event["workflow_run"] |= {"head_sha": head["sha"], "head_branch": head["ref"], "head_repository": FORK}
        return event

    # What the server responds.

    def files(self, commit: str) -> list[dict[str, Any]]:
        words = ["diff", "--name-status", "-z", "-M", f"{self.base}...{commit}"]
        parts = iter(git(self.clone, *words).rstrip("\0").split("\0"))
        found = []
        for status in parts:
            if not status:
                continue
            names = [next(parts) for _ in range(2 if status[0] in "RC" else 1)]
            file = {
                "filename": names[-1],
                "status": {"A": "added", "D": "removed", "R": "renamed"}.get(status[0], "modified"),
            }
            found.append(file | ({"previous_filename": names[0]} if len(names) > 1 else {}))
        return found

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        for verb, pattern, reply in self.routes():
            match = re.fullmatch(f"/repos/{NAME}/{pattern}", path)
            if match and verb == method:
                return reply(query, body, *match.groups())
        return 404, {"message": "Not Found"}

    def routes(self) -> list[tuple[str, str, Any]]:
        return [
            ("GET", r"pulls", self.list_pulls),
            ("GET", r"pulls/(\d+)", lambda _, __, number: (200, self.pulls[int(number)])),
            ("GET", r"pulls/(\d+)/files", self.list_files),
            ("GET", r"git/trees/([0-9a-f]{40})", self.tree),
            ("GET", r"git/blobs/([0-9a-f]{40})", self.blob),
            ("GET", r"issues/(\d+)/comments", lambda query, *_: (200, self.paged(self.comments, query))),
            ("POST", r"issues/(\d+)/comments", self.add_comment),
            ("PATCH", r"issues/comments/(\d+)", self.edit_comment),
            ("POST", r"check-runs", lambda _, body: (201, self.checks.append(body) or {"id": len(self.checks)})),
        ]

    @staticmethod
    def paged(items: list[Any], query: dict[str, list[str]]) -> list[Any]:
        size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        return items[(page - 1) * size : page * size]

    def list_pulls(self, query: dict[str, list[str]], _: Any) -> tuple[int, Any]:
        label = query["head"][0]
        return 200, self.paged([each for each in self.pulls.values() if each["head"]["label"] == label], query)

    def list_files(self, query: dict[str, list[str]], _: Any, number: str) -> tuple[int, Any]:
        return 200, self.paged(self.files(self.pulls[int(number)]["head"]["sha"]), query)

    def tree(self, query: dict[str, list[str]], _: Any, name: str) -> tuple[int, Any]:
        words = ["ls-tree", "-l", "-z", *(["-r", "-t"] if "recursive" in query else []), name]
        entries = []
        for line in git(self.clone, *words).split("\0"):
            if line:
                mode, kind, sha, size, path = re.fullmatch(
                    r"(\d+) (\w+) (\w+) +(-|\d+)\t(.*)", line, re.DOTALL
                ).groups()
                entries.append(
                    {"path": path, "mode": mode, "type": kind, "sha": sha}
                    | ({"size": int(size)} if size != "-" else {})
                )
        return 200, {"sha": name, "tree": entries, "truncated": False}

    def blob(self, _: Any, __: Any, name: str) -> tuple[int, Any]:
        data = subprocess.run(
            ["git", "-C", str(self.clone), "cat-file", "blob", name], capture_output=True, check=True
        ).stdout
        return 200, {"sha": name, "size": len(data), "encoding": "base64", "content": base64.encodebytes(data).decode()}

    def add_comment(self, _: Any, body: Any, __: str) -> tuple[int, Any]:
        self.comments.append({"id": 100 + len(self.comments), "user": {"login": BOT, "type": "Bot"}, **body})
        return 201, self.comments[-1]

    def edit_comment(self, _: Any, body: Any, number: str) -> tuple[int, Any]:
        self.comments[int(number) - 100].update(body)
        return 200, self.comments[int(number) - 100]


Server = TypeVar("Server")


@contextmanager
def serving(github: Server) -> Iterator[Server]:
    """Run a GitHub, or another server with the same attributes, on a free port while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            address, headers = urlsplit(self.path), {}
            github.asked.append((self.command, address.path))
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = parse_qs(address.query)
            if hasattr(github, "git") and not address.path.startswith("/api/"):
                status, headers, data = github.git(self.command, address, self.headers, sent)
            elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, data = 401, b'{"message": "Bad credentials"}'
            elif github.failing:
                github.failing -= 1
                status, headers, data = github.failing_status, github.failing_headers, b'{"message": "Server Error"}'
            else:
                status, answer = github.answer(self.command, address.path, query, json.loads(sent) if sent else None)
                data = json.dumps(answer).encode()
                if isinstance(answer, list) and str(len(answer)) in query.get("per_page", ()):
                    following = urlencode({**query, "page": int(query.get("page", ["1"])[0]) + 1}, doseq=True)
                    headers = {"Link": f'<{github.url}{address.path}?{following}>; rel="next"'}
            self.send_response(status)
            for name, text in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = handle_any

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        github.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield github
        finally:
            server.shutdown()


def workflow(name: str) -> dict[str, Any]:
    """Return a parsed workflow. YAML reads its key `on` as True."""
    import yaml

    return yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))


# Replaces `python` in a step's shell by a function that prints its arguments instead of running them.
SPELLED = """python() { printf '%s\\0' "$@"; }
"""


class Runner:
    """A runner of official.yml's jobs, each in a fresh copy of the default branch. It passes artifacts between jobs.

    With a `judge` of the default branch, nothing is copied, and the steps' commands are called in this process. They
    get the arguments as the shell splits them, the same environment, and a separate folder for each job.
    """

    # Steps that need the network or root. The machine of the tests already has what they set up.
    NOT_RUN = ("Install", "Let only bubblewrap create user namespaces")

    def __init__(
        self,
        github: GitHub,
        default_branch: Path,
        folder: Path,
        variables: Mapping[str, str] | None = None,
        judge: Judge | None = None,
    ) -> None:
        assert judge is None or judge.root == default_branch.resolve()
        self.judge = judge
        self.github = github
        self.default_branch = default_branch
        self.folder = folder
        self.variables = dict(variables or {})
        self.artifacts = folder / "artifacts"
        self.artifacts.mkdir()
        self.jobs = workflow("official")["jobs"]
        self.outputs: dict[str, dict[str, str]] = {}
        self.said = ""
        self.ran: list[str] = []

    def run(self, *jobs: str) -> Runner:
        for job in jobs or self.jobs:
            if self.holds(self.jobs[job]["if"], {}):
                self.job(job)
        return self

    def job(self, name: str) -> None:
        self.ran.append(name)
        place = self.folder / f"{name}-{len(self.ran)}"
        if self.judge is None:
            shutil.copytree(self.default_branch, place)
        else:
            place.mkdir()
        event = self.folder / "event.json"
        event.write_text(json.dumps(self.github.event()), encoding="utf-8")
        outputs: dict[str, str] = {}
        for step in self.jobs[name]["steps"]:
            if step.get("name") in self.NOT_RUN or not self.holds(step.get("if", "true"), outputs):
                continue
            if "run" in step:
                self.step(name, step, place, event, outputs)
            else:
                self.action(step, place)
        wanted = self.jobs[name].get("outputs", {})
        self.outputs[name] = {key: self.value(text, outputs) for key, text in wanted.items()}

    def step(self, job: str, step: Mapping[str, Any], place: Path, event: Path, outputs: dict[str, str]) -> None:
        said = self.folder / "output"
        said.write_text("")
        given = {
            "GITHUB_API_URL": self.github.url,
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_OUTPUT": str(said),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        } | {key: self.value(str(text), outputs) for key, text in step.get("env", {}).items()}
        done = self.shell(step["run"] if self.judge is None else SPELLED + step["run"], place, given)
        if self.judge is not None:
            done = self.called(self.judge, done, place, given)
        self.said += f"--- {job}\n{done.stdout}{done.stderr}"
        outputs |= dict(line.split("=", 1) for line in said.read_text().splitlines())
        if done.returncode:
            raise Failed(f"{job}: exit status {done.returncode}\n{self.said}")

    def shell(self, text: str, place: Path, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", text],
            cwd=place,
            env=environment(**given),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def called(
        self, judge: Judge, spelled: subprocess.CompletedProcess[str], place: Path, given: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Call the command that a step's shell has printed. Where it starts a judge, it gets the resident one."""

        def staying(root: Path, *, require: str) -> contextlib.AbstractContextManager[Judge]:
            assert (root.resolve(), require) == (judge.root, judge.require)
            return nullcontext(judge)

        assert (spelled.returncode, spelled.stderr) == (0, "")
        *words, last = spelled.stdout.split("\0")
        assert (words[:2], last) == (["-m", "graders.github"], "")
        words = ["--root", str(self.default_branch), *words[2:]]
        with (
            contextlib.chdir(place),
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()) as err,
            mock.patch.dict(os.environ, environment(**given), clear=True),
            mock.patch.object(grading, "Judge", staying),
        ):
            status = pulls.main(words)
        return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())

    def action(self, step: Mapping[str, Any], place: Path) -> None:
        action, given = step["uses"].split("@")[0], step.get("with", {})
        if action == "actions/upload-artifact":
            shutil.copy(place / given["path"], self.artifacts / given["name"])
        elif action == "actions/download-artifact":
            if (self.artifacts / given["name"]).exists() or not step.get("continue-on-error"):
                shutil.copy(self.artifacts / given["name"], place / f"{given['name']}.json")
        elif action == "actions/checkout" and "path" in given:
            shutil.copytree(self.folder / "hidden-repository", place / given["path"])
        else:
            assert action in ("actions/checkout", "actions/setup-python"), action

    def holds(self, condition: str, outputs: Mapping[str, str]) -> bool:
        """Evaluate an `if:`: terms joined by &&, each a comparison with a text or a constant of the runner."""
        terms = condition.removeprefix("${{").removesuffix("}}").split("&&")
        return all(self.term(term.strip(), outputs) for term in terms)

    def term(self, term: str, outputs: Mapping[str, str]) -> bool:
        if term in ("true", "!cancelled()"):
            return True
        left, sign, right = re.fullmatch(r"(\S+) (==|!=) '(.*)'", term).groups()
        return (self.expression(left, outputs) == right) == (sign == "==")

    def value(self, text: str, outputs: Mapping[str, str]) -> str:
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: self.expression(found[1], outputs), text)

    def expression(self, words: str, outputs: Mapping[str, str]) -> str:
        name, _, otherwise = words.partition(" || ")
        parts = name.split(".")
        if parts[0] == "vars":
            return self.variables.get(parts[1], otherwise.strip("'"))
        if parts[0] == "needs":
            return self.outputs.get(parts[1], {}).get(parts[3], "")
        if parts[0] == "steps":
            return outputs.get(parts[3], "")
        return {"github.token": TOKEN, "github.event.workflow_run.event": self.github.event()["workflow_run"]["event"]}[
            name
        ]


class Failed(Exception):
    """A step of a job ended with an exit status other than 0."""
