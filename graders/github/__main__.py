"""The commands `python -m graders.github visible | intake | grade | report`, one for each job of a workflow.

Besides the standard library, `intake` and `report` need only msgspec. `grade` needs everything that the judge needs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from graders import catalogue, environment
from graders.errors import KataError
from graders.github.records import TAKEN_BYTES, Intake, read, write

UNOFFICIAL = "Unofficial: only the visible tests, unconfined, from this branch's own copy."


def main(words: list[str] | None = None) -> int:
    """Run one command, and return its exit status, which is 2 after a KataError."""
    given = _parser().parse_args(words)
    try:
        return int(given.command(given))
    except KataError as fault:
        print(f"katas: {fault}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m graders.github", description="Grade a pull request, job by job.")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the default branch's checkout")
    commands = parser.add_subparsers(required=True)
    visible = commands.add_parser("visible", help="run the visible tests of the katas that changed since a commit")
    visible.add_argument("--base", required=True, metavar="COMMIT")
    intake = commands.add_parser("intake", help="take a pull request's declared files through the server's API")
    grade = commands.add_parser("grade", help="grade the files that intake took")
    hidden = "the folder with the hidden suites (a subfolder for each kata)"
    grade.add_argument("--hidden", type=Path, metavar="DIR", help=hidden)
    report = commands.add_parser("report", help="write the verdicts to the pull request")
    number = "the pull request's number, from the first job's output"
    report.add_argument("--number", type=int, required=True, help=number)
    report.add_argument("--commit", required=True, help="its commit, from the first job's output")
    for command, files in ((intake, ["--out"]), (grade, ["--taken", "--out"]), (report, ["--taken", "--verdicts"])):
        for name in files:
            command.add_argument(name, type=Path, required=True, metavar="FILE")
    for command in (grade, report):
        command.add_argument("--audience", choices=("learner", "public"), default="learner")
    for command, run in ((visible, _visible), (intake, _intake), (grade, _grade), (report, _report)):
        command.set_defaults(command=run)
    return parser


def _visible(given: argparse.Namespace) -> int:
    """Run the visible tests of the changed katas, on a machine without secrets. Return pytest's exit status."""
    katas = changed(given.root, given.base)
    print(UNOFFICIAL, flush=True)  # the tests come from the request, too
    if not katas:
        print("This branch changes no kata.")
        return 0
    words = [sys.executable, "-m", "pytest", *(f"katas/{slug}" for slug in katas)]
    return subprocess.run(words, cwd=given.root, check=False).returncode


def changed(root: Path, base: str) -> list[str]:
    """Return the slugs of the katas whose files differ from those in the commit `base`."""
    words = ["git", "-C", str(root), "diff", "--name-only", "-z", "--end-of-options", base, "--", "katas"]
    own = environment.of_git(os.environ)
    done = subprocess.run(words, env=own, capture_output=True, encoding="utf-8", errors="surrogateescape", check=False)
    if done.returncode:
        raise KataError(f"{base}: {done.stderr.strip()}")
    known = set(catalogue.slugs(root))
    parts = [name.split("/") for name in done.stdout.split("\0")]
    return sorted({each[1] for each in parts if len(each) > 2} & known)


def _intake(given: argparse.Namespace) -> int:
    from graders.github import intake
    from graders.github.api import Repository

    event = intake.event_in(Path(os.environ.get("GITHUB_EVENT_PATH", "")))
    taken = intake.take(Repository.of_environment(), given.root, event)
    if taken is None:
        print("nothing to grade: no open request at this commit changes a kata's files")
        return 0
    write(given.out, taken)
    if place := os.environ.get("GITHUB_OUTPUT"):
        # The outputs of the workflow step; none of them comes from the submission.
        gradable = "true" if taken.taken else "false"
        with open(place, "a", encoding="utf-8") as file:
            file.write(f"number={taken.pull.number}\ncommit={taken.pull.commit}\ngradable={gradable}\n")
    print(f"request {taken.pull.number} at {taken.pull.commit}: {len(taken.taken)} katas taken")
    return 0


def _grade(given: argparse.Namespace) -> int:
    from graders.github import grading
    from graders.hidden_suites import with_hidden

    taken = read(given.taken, Intake, TAKEN_BYTES)
    with with_hidden(given.root, given.hidden) as root:
        report = grading.grade(root, taken, audience=given.audience)
    write(given.out, report)
    print("\n".join(f"{verdict.kata}: {verdict.status}" for verdict in report.verdicts))
    return 0


def _report(given: argparse.Namespace) -> int:
    from graders.github import reporting
    from graders.github.api import Repository

    taken = read(given.taken, Intake, TAKEN_BYTES)
    if (taken.pull.number, taken.pull.commit) != (given.number, given.commit):
        raise KataError(f"{given.taken}: this file belongs to another request or commit; nothing is reported")
    published = reporting.publish(Repository.of_environment(), given.root, taken, given.verdicts, given.audience)
    moved = "not published: the request has a newer commit, which is graded by its own run"
    print("published" if published else moved)
    return 0


if __name__ == "__main__":
    sys.exit(main())
