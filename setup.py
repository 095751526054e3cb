"""Put the katas, their solutions and their hidden suites into the wheel. All other settings are in pyproject.toml.

In the wheel, graders/shipped/ is laid out like this repository, because hidden tests find the katas by relative paths.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
SHIPPED = ("katas", "solutions", "graders/hidden", "conftest.py", "tox.ini")
PACKAGES = ("graders", "katas_course", "katas_page", "katas_practice")
NEEDED = (*SHIPPED, *PACKAGES, "constraints.txt", "setup.py")  # what an sdist has
LEFT_OUT = ("__pycache__", "build", "debug", "node_modules")  # git ignores them, but an unpacked sdist has no git


def sources() -> list[str]:
    """Return the names of the files to ship: those that git tracks or, outside a clone, those that are here."""
    if (HERE / ".git").exists():
        command = ["git", "ls-files", "-z", "--", *NEEDED]
        listed = subprocess.run(command, cwd=HERE, check=True, stdout=subprocess.PIPE).stdout.decode().split("\0")
        return sorted(name for name in listed if name and (HERE / name).is_file())
    return sorted(name for top in NEEDED for name in _below(top))


def _below(top: str) -> Iterator[str]:
    if (HERE / top).is_file():
        yield top
    for place, folders, files in os.walk(HERE / top):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        yield from (Path(place, name).relative_to(HERE).as_posix() for name in files if not name.endswith(".pyc"))


def target(name: str) -> str:
    """Return a file's place in the wheel, or "" if the wheel does not have it."""
    if any(name == each or name.startswith(f"{each}/") for each in SHIPPED):
        return f"graders/shipped/{name}"
    return name if name.startswith(tuple(f"{each}/" for each in PACKAGES)) else ""


class BuildWithKatas(build_py):
    """Build the package from the files of `sources`, except for an editable installation, which needs no copies."""

    def run(self) -> None:
        if self.editable_mode:
            super().run()
            return
        shutil.rmtree(self.build_lib, ignore_errors=True)  # an earlier build may have left files that are gone now
        for name, place in self._places().items():
            self.mkpath(os.path.dirname(place))
            self.copy_file(name, place, preserve_mode=False)

    def _places(self) -> dict[str, str]:
        found = ((name, target(name)) for name in sources())
        return {name: os.path.join(self.build_lib, place) for name, place in found if place}

    def get_source_files(self) -> list[str]:
        return sources()

    def get_outputs(self, *arguments: Any, **options: Any) -> list[str]:
        if self.editable_mode:
            return super().get_outputs(*arguments, **options)
        return list(self._places().values())


setup(cmdclass={"build_py": BuildWithKatas})
