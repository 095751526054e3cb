"""`./run`: what it installs for each job, and what it says when the set-up fails.

The tests run the repository's own script in a stub of the project. They use real virtual environments, the real pip,
and small packages with the names that matter, on a local web server. Nothing here needs a network.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import shell
from tests.shell import PATIENCE_S, Finished, environment
from tests.workshop import ROOT, edit, write

NOWHERE = "http://127.0.0.1:9/"  # the port of the discard service, which hardly any machine runs: refused at once
DEVICE = "DEVICE=/dev/nvidia0\n"
CPU_INDEX = "TORCH_CPU_INDEX=https://download.pytorch.org/whl/cpu\n"
TRIED = "3.14 3.13 3.12 3.11"
SIZES = {"cpu": "about 200 MB", "cuda": "about 2.5 GB"}

PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "nn-katas"
version = "0.1"
[project.optional-dependencies]
torch = ["torch==2.13.0"]
data = ["pandas"]
figures = ["matplotlib"]
notebook = ["nbformat"]
serve = ["starlette"]
cohort = ["sqlalchemy"]
test = []
docs = []
all = []
lint = ["ruff"]
"""

# A minimal build backend. It makes an editable wheel with the extras of PROJECT, and a command `katas` that prints its
# arguments.
BACKEND = """\
import pathlib, tomllib
from wheels import write_wheel
def build_editable(folder, config_settings=None, metadata_directory=None):
    extras = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]["optional-dependencies"]
    needs = "".join(f"Provides-Extra: {name}\\n" for name in extras)
    needs += "".join(f"Requires-Dist: {each}; extra == \\"{name}\\"\\n" for name, all in extras.items() for each in all)
    code = "import sys\\ndef main(): print('katas', *sys.argv[1:])\\n"
    scripts = "[console_scripts]\\nkatas = stub_katas:main\\n"
    return write_wheel(folder, "nn_katas", "0.1", {"stub_katas.py": code}, needs, scripts)
"""

WHEELS = '''\
import base64, hashlib, pathlib, zipfile
def write_wheel(folder, name, version, files, needs="", scripts="", tag="py3-none-any"):
    """Write a wheel, and return its name."""
    info = f"{name}-{version}.dist-info"
    files = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: stub\\nRoot-Is-Purelib: true\\nTag: {tag}\\n",
    }
    if scripts:
        files[f"{info}/entry_points.txt"] = scripts
    record = ""
    path = pathlib.Path(folder) / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for each, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{each},sha256={digest},{len(text.encode())}\\n"
            wheel.writestr(each, text)
        wheel.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\\n")
    return path.name
'''


class Index(SimpleHTTPRequestHandler):
    """A package index of folders with wheels. It records requests, and never answers paths that start with `held`."""

    asked: list[str]
    held: str

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if type(self).held and self.path.startswith(self.held):
            self.rfile.read()  # returns when the client disconnects
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the wheels of PyPI and of PyTorch's index, and a torch that is larger than the test's small disk."""
    place = tmp_path_factory.mktemp("index")
    namespace: dict[str, Any] = {}
    exec(WHEELS, namespace)

    def wheel(index: str, name: str, version: str, text: str = "", **others: str) -> None:
        (place / index / name).mkdir(parents=True, exist_ok=True)
        namespace["write_wheel"](place / index / name, name, version, {f"{name}.py": text}, **others)

    for name in ("pandas", "matplotlib", "nbformat", "sqlalchemy", "ruff"):
        wheel("pypi", name, "1.0")
    wheel("pypi", "torch", "2.13.0")
    wheel("cpu", "torch", "2.13.0+cpu")
    wheel("large", "torch", "2.13.0", " " * (48 << 20))
    for version in ("2.13.0", "2.14.0"):
        wheel("other", "torch", version, tag="cp27-cp27m-any")
    wheel("other", "scikit_learn", "1.9.1", tag="cp27-cp27m-any")
    (place / "other/scikit-learn").symlink_to("scikit_learn")
    wheel("other", "pandas", "0.9")
    write(place / "other/pandas/pandas-1.0.tar.gz", "")
    return place


@pytest.fixture
def index(folder: Path) -> Iterator[tuple[str, type[Index]]]:
    """Yield the address of an index with these wheels, and its handler, which records the requests."""
    handler = type("Noting", (Index,), {"asked": [], "held": ""})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def empty_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment with only pip. Tests copy it, because making one takes seconds."""
    place = tmp_path_factory.mktemp("venv") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    return place


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write the stub project with the script. It finds no environment, no graphics card, and no PyTorch index."""
    root = tmp_path / "my kätas"
    write(root / "run", (ROOT / "run").read_text(encoding="utf-8")).chmod(0o755)
    edit(root / "run", DEVICE, "DEVICE=no/such/device\n")
    edit(root / "run", CPU_INDEX, f"TORCH_CPU_INDEX={NOWHERE}cpu\n")
    for name, content in {"pyproject.toml": PROJECT, "backend.py": BACKEND, "wheels.py": WHEELS}.items():
        write(root / name, content)
    write(root / "constraints.txt", "")
    return root


@pytest.fixture
def ready(project: Path, empty_venv: Path) -> Path:
    """Return the stub project with an environment that has only pip."""
    shutil.copytree(empty_venv, project / ".venv", symlinks=True)
    return project


Served = tuple[str, type[Index]]


def with_cpu_index(project: Path, address: str) -> None:
    edit(project / "run", f"{NOWHERE}cpu", f"{address}/cpu")


def settings(project: Path, address: str, **changes: str) -> dict[str, str]:
    """Return a shell environment in which pip uses only this index without constraints, and PATH has few commands."""
    config = write(
        project.parent / "pip.conf",
        f"[global]\nindex-url = {address}\nextra-index-url =\nfind-links =\nconstraint =\n"
        "retries = 0\nno-cache-dir = true\n",
    )
    tools = project.parent / "tools"
    if not tools.exists():
        tools.mkdir()
        (tools / "python3").symlink_to(sys.executable)
        write(tools / "bwrap", "#!/bin/sh\n").chmod(0o755)
    kept = {key: value for key, value in environment().items() if not key.startswith(("PIP", "UV", "VIRTUAL"))}
    kept |= {"PIP_CONFIG_FILE": str(config), "PIP_RETRIES": "0", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return kept | {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(project.parent)} | changes


def run(project: Path, *words: str, address: str = NOWHERE, before: Sequence[str] = (), **changes: str) -> Finished:
    """Run `./run words…` in this project."""
    return shell.run(*before, "./run", *words, cwd=project, env=settings(project, address, **changes))


def installed(project: Path) -> set[str]:
    """Return the environment's packages with their versions, except pip and setuptools."""
    found = {
        path.name.removesuffix(".dist-info") for path in project.glob(".venv/lib/python*/site-packages/*.dist-info")
    }
    return {name for name in found if not name.startswith(("pip-", "setuptools-"))}


def noted(project: Path) -> set[str]:
    return {line.split()[0] for line in (project / ".venv/installed").read_text(encoding="utf-8").splitlines()}


def assert_fails(done: Finished, *told: str) -> None:
    """Check that there is one message in one line, with these texts, and that the exit status is 2."""
    assert (done.status, done.out) == (2, ""), done.said
    *_, message = lines = [line for line in done.err.splitlines() if "installing" not in line]
    assert len(lines) == 1, done.err
    assert message.startswith("run: ")
    for each in told:
        assert each in message


# ---------------------------------------------------------------------------------- what is installed


@pytest.mark.deep
def test_two_installations_at_once_wait_for_each_other(ready: Path, index: Served) -> None:
    with_cpu_index(ready, index[0])
    env = settings(ready, f"{index[0]}/pypi")
    jobs = (["demo"], ["katas", "notebook"], ["katas", "gradebook"])
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(["./run", *job], cwd=ready, env=env, **pipes) for job in jobs]
    said = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert [out for out, _ in said] == ["katas demo\n", "katas notebook\n", "katas gradebook\n"]
    assert sum("waiting for another ./run" in err for _, err in said) == 2
    assert noted(ready) == {"torch", "notebook", "cohort"}


@pytest.mark.deep
def test_a_terminal_shows_what_an_installation_is_doing(ready: Path, index: Served) -> None:
    with_cpu_index(ready, index[0])
    env = settings(ready, f"{index[0]}/pypi")
    ours, theirs = os.openpty()
    with subprocess.Popen(["./run", "demo"], cwd=ready, env=env, stderr=theirs, stdout=subprocess.PIPE) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # Linux raises it when the other end is closed
            while more := os.read(ours, 4096):
                shown += more
        assert (process.stdout and process.stdout.read(), process.wait()) == (b"katas demo\n", 0)
    os.close(ours)
    assert re.search(rb"\r\x1b\[K0:0[1-9]  ", shown), shown
    assert shown.endswith(b"\r\x1b[K")
    assert not (ready / ".venv/pip.steps").exists()


@pytest.mark.deep
def test_each_job_installs_what_it_needs_once(ready: Path, index: Served) -> None:
    project, address = ready, f"{index[0]}/pypi"
    with_cpu_index(project, index[0])

    done = run(project, "demo", address=address)
    assert (done.status, done.out) == (0, "katas demo\n"), done.err
    assert len(done.err.splitlines()) == 1
    assert SIZES["cpu"] in done.err
    assert installed(project) == {"nn_katas-0.1", "torch-2.13.0+cpu"}
    assert noted(project) == {"torch"}
    assert list(project.glob(".venv/lib/python*/site-packages/__pycache__/torch.*.pyc")), "torch was not compiled"

    index[1].asked.clear()
    assert run(project, "katas", "list", address=address)[:3] == (0, "katas list\n", "")
    assert index[1].asked == []

    write(project / "katas/challenge1/kata.toml", 'packages = ["pandas", "matplotlib"]\ndata = []\n')
    done = run(project, "katas", "grade", "challenge1", address=address)
    assert (done.status, done.out) == (0, "katas grade challenge1\n"), done.err
    assert done.err == "run: installing data, figures into .venv; this takes a few minutes, once\n"
    assert {"pandas-1.0", "matplotlib-1.0"} < installed(project)
    assert noted(project) == {"torch", "data", "figures"}

    write(project / "constraints.txt", "pandas<2\n")  # the versions to install have changed
    done = run(project, "demo", address=address)
    assert (done.status, noted(project)) == (0, {"torch"})
    assert "MB" not in done.err  # torch is already installed


@pytest.mark.deep
def test_a_file_in_the_place_of_the_environment_is_replaced(project: Path) -> None:
    write(project / ".venv", ".tox/cpu\n")  # as tox 4.67 writes it
    done = run(project, "demo")
    assert "run: .venv is a file that refers to the environment .tox/cpu, as tox writes it; replacing it\n" in done.err
    assert "no package index answers" in done.err
    assert (project / ".venv/bin/python").exists()


def test_another_file_in_the_place_of_the_environment_is_kept(project: Path) -> None:
    write(project / ".venv", "two\nlines\n")
    assert_fails(run(project, "demo"), ".venv: it is a file. Move it away")
    assert (project / ".venv").read_text(encoding="utf-8") == "two\nlines\n"


@pytest.mark.parametrize(
    ("words", "sets"),
    [
        ("serve --port 0", "data, figures, serve"),
        ("katas serve", "data, figures, serve"),
        ("katas feedback out", "cohort"),
        ("katas feedback out --explanations", "cohort, serve"),
        ("katas notebook alpha", "notebook"),
        ("katas gradebook stats", "cohort"),
        ("katas collect roster.csv", "cohort"),
        ("katas handback roster.csv", "cohort"),
        ("katas show --readme", "figures"),
        ("katas grade", "data, figures, triton"),
        ("katas grade --against solutions", "data, figures, triton"),
        ("katas grade-batch submissions", "cohort, data, figures, triton"),
        ("katas check delta --every 20", "triton"),
        ("katas grade alpha", ""),
        ("katas grade alhpa", ""),
        ("katas watch beta", "data"),
    ],
)
def test_a_command_is_given_the_sets_it_needs(project: Path, words: str, sets: str) -> None:
    write(project / "katas/alpha/kata.toml", "packages = []\ndata = []\n")
    write(project / "katas/beta/kata.toml", 'packages = []\ndata = ["mnist"]\n')
    write(project / "katas/gamma/kata.toml", 'packages = ["matplotlib"]\ndata = []\n')
    write(project / "katas/delta/kata.toml", 'packages = ["triton"]\ndata = []\n')
    stub_tools(project, "torch")
    write(project / ".venv/bin/python", "#!/bin/sh\ncase $* in *install*) exit 1 ;; esac\n").chmod(0o755)
    done = run(project, *words.split())
    assert ("installing " + sets in done.err) if sets else (done.said == f"{words}\n"), done.said


@pytest.mark.deep
@pytest.mark.parametrize("why", ["a graphics card", "an index that the user chose", "an index that never answers"])
def test_the_large_torch_is_announced_and_installed(ready: Path, index: Served, why: str) -> None:
    address, handler = index
    with_cpu_index(ready, address)
    chosen = {"address": f"{address}/pypi"}
    if why == "a graphics card":
        settings(ready, "")
        write(ready.parent / "tools/nvidia-smi", "#!/bin/sh\n").chmod(0o755)
    elif why == "an index that the user chose":
        chosen = {"PIP_INDEX_URL": f"{address}/pypi"}
    else:
        handler.held = "/cpu/"
    done = run(ready, "demo", **chosen)
    assert done.status == 0, done.err
    assert SIZES["cuda"] in done.err
    assert "torch-2.13.0" in installed(ready)
    waited = why == "an index that never answers"
    assert ("does not answer" in done.err) == waited
    assert [path for path in handler.asked if path.startswith("/cpu")] == ["/cpu/torch/"] * waited


# ---------------------------------------------------------------------------- interrupted and damaged


@pytest.mark.deep
def test_a_set_up_that_was_killed_is_resumed(ready: Path, index: Served) -> None:
    project, (address, handler) = ready, index
    handler.held = "/pypi/torch/torch"
    shell = subprocess.Popen(
        ["./run", "demo"],
        cwd=project,
        env=settings(project, f"{address}/pypi"),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + PATIENCE_S
    while not any(path.startswith(handler.held) for path in handler.asked):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(shell.pid, signal.SIGKILL)
    shell.communicate()
    assert not (project / ".venv/installed").exists()

    handler.held = ""
    done = run(project, "demo", address=f"{address}/pypi")
    assert (done.status, done.out) == (0, "katas demo\n"), done.err
    assert noted(project) == {"torch"}


@pytest.mark.deep
@pytest.mark.parametrize("damage", ["no environment", "no pip", "half of pip", "no pyvenv.cfg", "no interpreter"])
def test_a_missing_or_half_made_environment_is_completed(
    project: Path, request: pytest.FixtureRequest, index: Served, damage: str
) -> None:
    if damage != "no environment":
        venv = request.getfixturevalue("ready") / ".venv"
        (site,) = venv.glob("lib/python*/site-packages")
        (info,) = site.glob("pip-*.dist-info")
        if damage == "no pip":
            shutil.rmtree(info)
            shutil.rmtree(site / "pip")
        elif damage == "half of pip":
            (info / "RECORD").unlink()
            shutil.rmtree(site / "pip/_vendor/urllib3")
        elif damage == "no pyvenv.cfg":
            (venv / "pyvenv.cfg").unlink()
        else:
            (venv / "bin/python").unlink()
            (venv / "bin/python").symlink_to("/no/such/python")
    done = run(project, "demo", address=f"{index[0]}/pypi")
    assert (done.status, done.out) == (0, "katas demo\n"), done.err
    assert len(done.err.splitlines()) == 1
    assert "torch-2.13.0" in installed(project)


# -------------------------------------------------------------------------------- what cannot go on


@pytest.mark.deep
@pytest.mark.parametrize("retries", ["0", "1"])  # pip prints other messages after a retry
def test_without_a_network_the_message_says_so(ready: Path, index: Served, retries: str) -> None:
    done = run(ready, "demo", PIP_RETRIES=retries)
    assert_fails(done, "no package index answers", "Check the network", ".venv/pip.log")
    assert "torch" in (ready / ".venv/pip.log").read_text(encoding="utf-8")
    assert run(ready, "demo", address=f"{index[0]}/pypi").status == 0
    assert not (ready / ".venv/pip.log").exists()


@pytest.mark.deep
def test_a_version_that_no_index_has_is_named(ready: Path, index: Served) -> None:
    write(ready / "constraints.txt", "torch<2\n")
    assert_fails(run(ready, "demo", address=f"{index[0]}/pypi"), "pip failed", "torch", ".venv/pip.log")


@pytest.mark.deep
@pytest.mark.parametrize(
    ("wanted", "constraint", "said"),
    [
        ("torch==2.13.0", "", "torch has no wheel"),
        ("Torch>=2", "torch==2.13.0", "torch 2.13.0 has no wheel"),
        ("scikit_learn>=1", "", "scikit-learn has no wheel"),
        ("pandas>=0.5", "pandas==1.0", "pandas 1.0 has no wheel"),  # only its source
        ("pandas==9", "", "pip failed"),
        ("pandas>=9", "", "pip failed"),
    ],
)
def test_a_package_without_a_wheel_for_this_python_is_named(
    ready: Path, index: Served, wanted: str, constraint: str, said: str
) -> None:
    edit(ready / "pyproject.toml", "torch==2.13.0", wanted)
    write(ready / "constraints.txt", f"{constraint}\n")
    done = run(ready, "demo", address=f"{index[0]}/other")
    if "wheel" in said:
        assert_fails(done, f"run: {said} for Python {platform.python_version()} on {platform.system()} ")
        assert "Name an index that has one" in done.err
        edit(ready / "run", f'TRIED="{TRIED}"', 'TRIED="3.10 3.9"')
        done = run(ready, "demo", address=f"{index[0]}/other")
        said = "Remove .venv and name another Python (tried: 3.10 3.9): rm -r .venv && PYTHON=python3.13 ./run demo"
    assert_fails(done, said)
    assert not (ready / ".venv/pip.steps").exists()


@pytest.mark.deep
@pytest.mark.parametrize("while_", ["the environment is made", "pip installs"])
def test_a_full_disk_is_named(
    project: Path, request: pytest.FixtureRequest, index: Served, tmp_path: Path, while_: str
) -> None:
    """Use a disk of a few megabytes that is mounted only for the command."""
    small = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    if shutil.which("unshare") is None or subprocess.run([*small, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no mount")
    size = "2m"
    if while_ == "pip installs":
        request.getfixturevalue("ready")
        size = "44m"
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = f'mount -t tmpfs -o size={size} none "$0" && cp -R . "$0" && cd "$0" && exec "$@"'
    done = run(project, "demo", address=f"{index[0]}/large", before=[*small, "sh", "-c", mounted, str(disk)])
    assert_fails(done, f"{disk}/.venv: the disk is full", "Free some gigabytes")


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ('[ "$1" = --version ] && echo "Python 3.10.4"\n[ "$1" = --version ]\n', "this is Python 3.10.4"),
        ("exit 127\n", "this is not a working interpreter"),
    ],
)
def test_an_unsupported_python_is_named(project: Path, tmp_path: Path, script: str, told: str) -> None:
    python = write(tmp_path / "python3.10", f"#!/bin/sh\n{script}")
    python.chmod(0o755)
    done = run(project, "demo", PYTHON=str(python))
    assert_fails(done, f"{python}: Python 3.11 or later is needed", told, "PYTHON=python3.13 ./run demo")
    assert not (project / ".venv").exists()


def test_an_environment_of_an_unsupported_python_is_named(project: Path) -> None:
    script = "#!/bin/sh\ncase $* in *prefix*) exit 0 ;; --version) echo Python 3.10.4 ;; *) exit 1 ;; esac\n"
    write(project / ".venv/bin/python", script).chmod(0o755)
    assert_fails(run(project, "demo"), ".venv: it was made with Python 3.10.4", "Remove it (rm -r .venv)")


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ({"python3": (3, 11)}, "python3"),
        ({"python3": (3, 10), "python3.12": (3, 12)}, "python3.12"),
        ({"python3": (3, 10), "python3.13": None, "python3.11": (3, 11)}, "python3.11"),
        ({"python3": (3, 15), "python3.14": (3, 14)}, "python3.14"),
        ({"python3": (3, 15)}, "python3"),
        ({"python3": (3, 10), "python3.16": (3, 16)}, "python3.16"),
    ],
)
def test_a_python_that_fits_is_found_by_itself(
    project: Path, tmp_path: Path, there: dict[str, tuple[int, int] | None], taken: str
) -> None:
    """The interpreters are this one with another version, without ensurepip; one is broken."""
    settings(project, "")
    path = tmp_path / "path"
    path.mkdir()
    for tool in ("dirname", "sed", "cat", "cksum", "grep", "uname", "flock"):
        (path / tool).symlink_to(shutil.which(tool) or "/no/such/tool")
    for name, version in there.items():
        lie = f"import sys; sys.version_info = {version}; sys.modules['ensurepip'] = None\n"
        script = f'code=$2; shift 2; exec {sys.executable} -c "{lie}$code" "$@"' if version else "exit 1"
        write(path / name, f"#!/bin/sh\n{script}\n").chmod(0o755)
    assert_fails(run(project, "demo", PATH=str(path)), f"run: {taken}: it has no ensurepip")


def test_a_python_without_ensurepip_is_named(project: Path, tmp_path: Path) -> None:
    write(tmp_path / "broken/ensurepip.py", "raise ModuleNotFoundError('ensurepip')\n")
    done = run(project, "demo", PYTHONPATH=str(tmp_path / "broken"))
    assert_fails(done, "python3: it has no ensurepip", "apt install python3-venv")
    assert not (project / ".venv").exists()


# -------------------------------------------------------------------------------------------- the jobs


def stub_tools(project: Path, *sets: str) -> None:
    """Write an environment that lists these sets as installed and whose commands print their arguments."""
    for name in ("python", "katas", "ruff", "mypy"):
        said = 'echo "${0##*/}" "$@"' if name != "katas" else 'echo katas "$@"'
        write(project / ".venv/bin" / name, f"#!/bin/sh\n{said}\n").chmod(0o755)
    write(project / ".ci/lint_pages", '#!/bin/sh\necho lint_pages "$@"\n').chmod(0o755)
    versions = shell.run("sh", "-c", "cat pyproject.toml constraints.txt | cksum", cwd=project).out
    write(project / ".venv/installed", "".join(f"{each} {versions}" for each in sets))


JOBS = [
    ("demo", ["katas demo"]),
    ("serve --no-browser", ["katas serve --no-browser"]),
    (
        "teach",
        [
            "Installed. Your first graded assignment, with three example submissions: docs/cohorts.md. It begins with:",
            "    ./run katas release --student handout/",
            "    ./run katas grade-batch graders/demo/course/submissions/ --out graded/ --kata exercise01",
        ],
    ),
    ("katas grade a", ["katas grade a"]),
    ("tests -k b", ["python -m pytest -n 2 --dist loadfile --max-worker-restart 0 -k b"]),
    ("test tests/a.py -q", ["python -m pytest -x tests/a.py -q"]),
    (
        "docs",
        [
            "python -m mkdocs build --strict",
            "python -m pytest -q tests/repo/test_docs.py tests/repo/test_plain_english.py",
        ],
    ),
    ("lint", ["ruff format --check .", "ruff check .", "mypy", "lint_pages"]),
    ("lint --fix", ["ruff format .", "ruff check --fix .", "mypy", "lint_pages --fix"]),
]
EVERY_SET = ("torch", "triton", "test", "data", "figures", "notebook", "serve", "cohort", "docs", "all", "lint")


@pytest.mark.parametrize(("words", "called"), JOBS, ids=[words for words, _ in JOBS])
def test_a_job_calls_its_tools(project: Path, words: str, called: list[str]) -> None:
    stub_tools(project, *EVERY_SET)
    done = run(project, *words.split())
    assert (done.status, done.out.splitlines(), done.err) == (0, called, "")


@pytest.mark.parametrize(
    ("job", "tool"),
    [
        ("lint", ".venv/bin/ruff"),
        ("lint", ".venv/bin/mypy"),
        ("lint", ".ci/lint_pages"),
        ("docs", ".venv/bin/python"),
        ("test x", ".venv/bin/python"),
    ],
)
def test_a_job_fails_with_its_tool(project: Path, job: str, tool: str) -> None:
    stub_tools(project, *EVERY_SET)
    write(project / tool, "#!/bin/sh\nexit 3\n").chmod(0o755)
    done = run(project, *job.split())
    assert (done.status, done.out.count("pytest")) == (3, 0)


@pytest.mark.parametrize("node", ["", "#!/bin/sh\nexit 1\n"], ids=["without npm", "with an old Node.js"])
def test_lint_says_what_the_pages_javascript_needs(project: Path, node: str) -> None:
    stub_tools(project, *EVERY_SET)
    shutil.copy(ROOT / ".ci/lint_pages", project / ".ci")
    write(project / "katas_page/web/package-lock.json", "{}")
    tools = project.parent / "few tools"
    for name in ("sh", "cat", "cksum", "dirname", "grep", "uname"):
        write(tools / name, f'#!/bin/sh\nexec {shutil.which(name)} "$@"\n').chmod(0o755)
    for name in ("bwrap", *(["npm", "node"] if node else [])):
        write(tools / name, node).chmod(0o755)
    done = run(project, "lint", PATH=str(tools))
    assert (done.status, done.out.splitlines()) == (2, ["ruff format --check .", "ruff check .", "mypy"])
    (message,) = done.err.splitlines()
    assert "it needs npm and Node.js 18.18 or later. Install them" in message


def test_lint_needs_nothing_without_the_page(project: Path) -> None:
    script = write(project / ".ci/lint_pages", (ROOT / ".ci/lint_pages").read_text(encoding="utf-8"))
    assert shell.run("sh", str(script), cwd=project)[:3] == (0, "", "")


@pytest.mark.parametrize(
    ("words", "told"),
    [("test", "no path is given"), ("lint --fx", "lint: --fx is not an option"), ("tset", "there is no job tset")],
)
def test_a_wrong_job_or_option_is_named(project: Path, words: str, told: str) -> None:
    done = run(project, *words.split())
    assert done.status == 2
    assert done.err.startswith("run: ")
    assert told in done.err
    assert not (project / ".venv").exists()


def test_every_job_is_in_the_help(project: Path) -> None:
    done = run(project)
    assert (done.status, done.err) == (0, "")
    named = [line.split()[1] for line in done.out.splitlines() if line.startswith("./run ")]
    assert set(named) == {words.split()[0] for words, _ in JOBS}


def test_the_sets_of_the_script_are_extras_of_the_project() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(EVERY_SET) <= set(extras)
    assert any(each.startswith("torch==") for each in extras["torch"])
    assert f'EVERY_SET="{" ".join(EVERY_SET[:-1])}"' in (ROOT / "run").read_text(encoding="utf-8")
