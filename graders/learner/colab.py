"""Where a repository can be fetched from, and how a notebook on another machine, such as Google Colab, installs it."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import quote, urlsplit

NO_ADDRESS = (
    "It has no Colab badge and no cell that installs the katas, because this repository has no address: "
    "neither a git remote `origin` on a web server nor [project.urls] in pyproject.toml."
)
INSTALL = """\
# Run this cell first on a machine without the katas, such as Google Colab. Where they are installed, it does nothing.
import importlib.util
import pathlib
import subprocess
import sys

if importlib.util.find_spec("graders") is None:
    here = pathlib.Path("nn-katas").resolve()
    if not here.is_dir():
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", {address!r}, str(here)], check=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--editable", str(here)], check=True)
    sys.path.insert(0, str(here))\
"""
_BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({link})"
_SSH = re.compile(r"(?:ssh://)?[^@/\s]+@(?P<host>[^:/\s]+)(?::\d+/|[:/])(?P<path>\S+)")


def address_of(root: Path) -> str | None:
    """Return the https address of a repository, without passwords, or None if it is unknown."""
    found = [_git(root, "remote", "get-url", "origin"), *_urls(root / "pyproject.toml")]
    return next((address for each in found if (address := _as_https(each))), None)


def badge(root: Path, notebook: Path, address: str) -> str:
    """Return a Colab badge in Markdown, or an empty string.

    Colab opens notebooks in GitHub repositories. The badge works once the notebook is committed and pushed.
    """
    notebook = notebook.resolve()
    place = urlsplit(address)
    if place.hostname != "github.com" or not notebook.is_relative_to(root.resolve()):
        return ""
    branch = _git(root, "rev-parse", "--abbrev-ref", "origin/HEAD").removeprefix("origin/") or "main"
    name = notebook.relative_to(root.resolve()).as_posix()
    link = f"https://colab.research.google.com/github{place.path}/blob/{quote(branch)}/{quote(name)}"
    return _BADGE.format(link=link)


def _as_https(address: str) -> str | None:
    """Return an address that anybody can clone from, or None for a path or an unknown protocol."""
    address = address.strip().removesuffix("/").removesuffix(".git")
    ssh = _SSH.fullmatch(address) if not address.startswith(("http://", "https://")) else None
    if ssh:
        return f"https://{ssh['host']}/{ssh['path']}"
    place = urlsplit(address)
    if place.scheme not in ("http", "https") or not place.hostname or len(place.path) < 2:
        return None
    port = f":{place.port}" if place.port else ""
    return f"{place.scheme}://{place.hostname}{port}{place.path}"


def _urls(path: Path) -> list[str]:
    try:
        urls = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {}).get("urls", {})
    except (OSError, ValueError):
        return []
    known = {str(name).lower(): str(url) for name, url in urls.items()}
    return [known[name] for name in ("repository", "source", "homepage") if name in known]


def _git(root: Path, *words: str) -> str:
    """Return what git prints, or an empty string if it fails."""
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
