"""Attacks by the lines in the "Try" tab of `katas serve`, which run in a worker like a submission."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graders import catalogue
from graders.catalogue import Kata
from graders.errors import KataError
from graders.judge import worker_handle
from graders.judge.client import Judge
from graders.judge.worker_handle import Worker
from katas_page import tryout
from katas_page.tryout import Tryouts
from tests import workshop
from tests.learner.test_learning import README
from tests.serving import Server, serving
from tests.workshop import STUB, write

pytestmark = pytest.mark.security

SECRET = "only_the_grader_knows_this"
LIMIT_KB = 64


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = workshop.write_clone(tmp_path_factory.mktemp("tried") / "katas", ["alpha"], README)
    for name in ("graders/hidden/alpha/test_hidden.py", "solutions/alpha/twice.py", "progress/progress.sqlite"):
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# {SECRET}\n" + (path.read_text(encoding="utf-8") if path.exists() else ""), encoding="utf-8")
    write(root / "progress" / "serve-token", SECRET)
    return root


@pytest.fixture(scope="module")
def kata(root: Path) -> Kata:
    return catalogue.load(root, "alpha")


@pytest.fixture(scope="module")
def tryouts(root: Path) -> Iterator[Tryouts]:
    found = Tryouts(Judge(root, require="full"))
    yield found
    found.close()


def everything(found: dict[str, Any]) -> str:
    return json.dumps(found)


@pytest.mark.parametrize(
    "name",
    [
        "graders/hidden/alpha/test_hidden.py",
        "solutions/alpha/twice.py",
        "progress/serve-token",
        "progress/progress.sqlite",
        "katas/alpha/twice.py",
        ".git/HEAD",
    ],
)
def test_no_file_of_the_learner_can_be_read(tryouts, kata, root, name):
    assert (root / name).is_file()
    found = tryouts.run(kata, f"print(open({str(root / name)!r}).read())\n")
    assert "FileNotFoundError" in found["fault"] or "PermissionError" in found["fault"]
    assert SECRET not in everything(found).replace("progress", "")


def test_no_folder_shows_the_learners_files(tryouts, kata, root):
    lines = "import os\nfor folder, _, names in os.walk('/'):\n    for name in names:\n"
    lines += "        if 'hidden' in name or name == 'serve-token' or name == 'progress.sqlite': print(folder, name)\n"
    found = tryouts.run(kata, lines)
    assert "test_hidden" not in everything(found)
    assert "serve-token" not in everything(found)
    assert str(root) not in everything(found)


def test_nothing_secret_is_in_the_process(tryouts, kata):
    lines = "import os, sys\nprint(dict(os.environ), sys.argv)\n"
    lines += "for name in ('environ', 'cmdline', 'maps'):\n    try:\n"
    lines += "        print(open(f'/proc/1/{name}').read())\n    except OSError as fault:\n        print(fault)\n"
    found = tryouts.run(kata, lines)
    assert found["fault"] == ""
    assert SECRET not in everything(found)
    assert "katas-" not in everything(found)


@pytest.mark.parametrize("kind", ["AF_INET", "AF_INET6", "AF_UNIX"])
def test_no_socket_can_be_opened(tryouts, kata, kind):
    found = tryouts.run(kata, f"import socket\nsocket.socket(socket.{kind})\n")
    assert "PermissionError" in found["fault"]


@pytest.mark.parametrize("place", ["katas/alpha/twice.py", "katas/alpha/new.py", "progress/progress.sqlite"])
def test_nothing_is_written_where_the_learner_works(tryouts, kata, root, place):
    before = (root / place).read_bytes() if (root / place).exists() else None
    found = tryouts.run(kata, f"open({str(root / place)!r}, 'w').write('mine')\n")
    assert "Error" in found["fault"]
    assert ((root / place).read_bytes() if (root / place).exists() else None) == before


@pytest.mark.parametrize("is_busy", [False, True])
def test_an_endless_loop_is_stopped(tryouts, kata, monkeypatch, is_busy):
    monkeypatch.setattr(tryout, "TRY_S", 1.0)
    if is_busy:  # the machine, so that the worker says too late where it is, but before it ends
        kill = Worker.kill
        monkeypatch.setattr(worker_handle, "ANSWERED_WITHIN_S", 0.0)
        monkeypatch.setattr(Worker, "kill", lambda *given: time.sleep(0.5) or kill(*given))
    started = time.monotonic()
    lines = (
        "import signal\nprint('begun')\nwhile True:\n    try:\n        pass\n    except BaseException:\n        pass\n"
    )
    found = tryouts.run(kata, lines)
    assert time.monotonic() - started < 30
    assert found["fault"] == tryout.LATE
    assert found["output"] == "begun\n"
    assert tryouts.run(kata, "1 + 1\n")["value"] == "2"


def test_output_without_end_is_cut(tryouts, kata):
    found = tryouts.run(kata, "for _ in range(100):\n    print('x' * 1_000_000)\n")
    assert len(found["output"]) < (LIMIT_KB << 10) + 100
    assert "[output cut at 64 kB]" in found["output"]
    value = tryouts.run(kata, "'x' * 100_000_000\n")
    assert len(everything(value)) < 200_000


def test_no_process_can_be_started(tryouts, kata):
    lines = "import os\nwhile True:\n    os.fork()\n"
    assert "PermissionError" in tryouts.run(kata, lines)["fault"] or "Blocking" in tryouts.run(kata, lines)["fault"]
    assert "Error" in tryouts.run(kata, "import subprocess\nsubprocess.run(['ls'])\n")["fault"]


def test_memory_is_limited(tryouts, kata):
    found = tryouts.run(kata, "held = []\nwhile True:\n    held.append(bytearray(64 << 20))\n")
    assert "MemoryError" in found["fault"] or "crashed" in found["fault"]


@pytest.mark.parametrize(
    "lines",
    [
        "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'\\xff' * 4096)\n    except OSError: pass\n",
        "import os\nos.closerange(0, 64)\n",
        "import os\nos._exit(0)\n",
        "import os, signal\nos.kill(os.getpid(), 9)\n",
        pytest.param("import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()\n", marks=pytest.mark.deep),
        "import graders.worker.trying as own\nown._plain = lambda text: [[{'a': object}]]\n",
        "import graders.worker.trying as own\nown._figures = lambda: [b'<svg onload=alert(1)>', 'text', 3]\n",
        "import graders.wire as own\nown.reply = None\n",
    ],
)
def test_a_worker_that_answers_anything_harms_nobody(tryouts, kata, lines, monkeypatch):
    monkeypatch.setattr(tryout, "TRY_S", 2.0)
    found = tryouts.run(kata, lines)
    assert {name: type(value) for name, value in found.items()} == {
        "output": str,
        "value": str,
        "fault": str,
        "figures": list,
        "seconds": float,
    }
    assert found["figures"] == []
    assert tryouts.run(kata, "1 + 1\n")["value"] == "2"


@pytest.mark.parametrize("place", ["/tmp/x.png", "/x.png", "/dev/x.png", "/scratch/x.png", "x.png", "{config}/x.png"])
def test_lines_that_plot_write_no_file(tryouts, kata, place):
    pytest.importorskip("matplotlib")
    lines = "import os, matplotlib, matplotlib.pyplot as plt\nplt.plot([1])\n"
    lines += f"plt.savefig({place!r}.replace('{{config}}', matplotlib.get_configdir().rstrip('/')))\n"
    assert "Error" in tryouts.run(kata, lines)["fault"]


def test_lines_that_plot_are_confined_too(tryouts, kata, root):
    pytest.importorskip("matplotlib")
    head = "import matplotlib.pyplot as plt\nplt.plot([1])\n"
    for lines in (
        f"open({str(root / 'solutions/alpha/twice.py')!r})",
        "import socket; socket.socket()",
        "import os; os.fork()",
        "import threading; threading.Thread(target=print).start()",
    ):
        assert "Error" in tryouts.run(kata, f"{head}{lines}\n")["fault"], lines


def test_what_is_not_a_picture_is_no_figure(tryouts, kata):
    fake = (
        "import sys, types\nm = types.ModuleType('matplotlib.pyplot')\nm.get_fignums = lambda: list(range(100))\n"
        "class F:\n    def savefig(self, to, format): to.write(b'<html><script>')\n"
        "m.figure = lambda n: F()\nsys.modules['matplotlib.pyplot'] = m\n"
    )
    assert tryouts.run(kata, fake)["figures"] == []
    pictures = tryouts.run(kata, fake.replace("b'<html>", "b'\\x89PNG\\r\\n\\x1a\\n<html>"))["figures"]
    assert len(pictures) == tryout.MOST_FIGURES
    assert all(each.startswith("data:image/png;base64,") for each in pictures)


def test_lines_see_nothing_of_the_lines_before(tryouts, kata):
    tryouts.run(kata, "import builtins, numpy\nbuiltins.left = numpy.left = 1\n")
    assert tryouts.run(kata, "import builtins, numpy\n(hasattr(builtins, 'left'), hasattr(numpy, 'left'))\n")[
        "value"
    ] == ("(False, False)")


@pytest.mark.parametrize("text", [None, 3, ["x"], "x" * (tryout.LONGEST + 1)])
def test_only_a_short_text_is_run(tryouts, kata, text):
    with pytest.raises(KataError, match="are a text of at most"):
        tryouts.run(kata, text)


@pytest.mark.parametrize("text", ["\0", "\ud800", "(" * 10_000, "x" * 60_000 + "()", "\ufeff1"])
def test_a_strange_text_gets_an_answer(tryouts, kata, text):
    try:
        found = tryouts.run(kata, text)
    except KataError:
        return
    json.dumps(found).encode()


# ------------------------------------------------------------------------------------- over the wire


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[Server]:
    environment = os.environ | {"NN_KATAS_PROGRESS": str(root.parent / "served" / "progress.sqlite")}
    with serving(root, environment=environment) as server:
        yield server


TRY, STOP = "/api/katas/alpha/try", "/api/katas/alpha/try/stop"


def test_only_a_text_for_a_kata_is_run(server):
    for body in (b"{}", b'{"text": 3}', b'{"text": null}', b"[]"):
        assert server.request("POST", TRY, body)[0] == 400
    assert server.post(TRY, {"text": "1 + 1"})["value"] == "2"
    assert server.send("POST", "/api/katas/nothing/try", {"text": "1"})[0] == 404


def test_lines_cannot_talk_to_the_server(server):
    lines = f"import urllib.request\nprint(urllib.request.urlopen('http://{server.host}/').read())\n"
    assert "Error" in server.post(TRY, {"text": lines})["fault"]


def test_html_stays_text(server):
    found = server.post(TRY, {"text": "print('<script>alert(1)</script>')\n'<b>'\n"})
    assert found["output"] == "<script>alert(1)</script>\n"
    assert found["value"] == "'<b>'"


def test_lines_can_be_stopped_and_count_nothing(server, root):
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(server.post(TRY, {"text": "while True: pass\n"})))
    thread.start()
    ends = time.monotonic() + 60
    while thread.is_alive() and time.monotonic() < ends:
        time.sleep(0.3)
        server.post(STOP)
    thread.join()
    assert answers[0]["fault"] == tryout.STOPPED
    assert (root / "katas/alpha/twice.py").read_text(encoding="utf-8") == STUB
    assert server.get("/api/katas")["katas"][0]["tries"] == 0
