"""Message sockets, as Linux offers them and as a stream replaces them, and what is known about a process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from graders import unix
from graders.unix import receive_message, send_message
from tests.workshop import ROOT

Pair = tuple[socket.socket, socket.socket]
KINDS = [socket.SOCK_STREAM, *([socket.SOCK_SEQPACKET] if sys.platform == "linux" else [])]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Yield two connected message sockets of each kind."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, request.param)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.security
@pytest.mark.skipif(sys.platform != "linux", reason="about Linux")
def test_linux_never_uses_a_replacement(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = unix.message_pair()
    with ours, theirs:
        assert (ours.type, theirs.type) == (socket.SOCK_SEQPACKET, socket.SOCK_SEQPACKET)
    monkeypatch.delattr(os, "sched_getaffinity")
    with pytest.raises(AttributeError):
        unix.processors()
    monkeypatch.delattr(socket, "SOCK_SEQPACKET")
    with pytest.raises(AttributeError):
        unix.message_pair()


def test_messages_stay_apart(pair: Pair) -> None:
    ours, theirs = pair
    for message in (b"one", b"2" * 5000, b"three"):
        send_message(ours, message)
    assert [receive_message(theirs, 65536)[0] for _ in range(3)] == [b"one", b"2" * 5000, b"three"]


def test_descriptors_belong_to_their_message(pair: Pair) -> None:
    ours, theirs = pair
    pipes = [os.pipe() for _ in range(4)]
    for (first, _), (second, _) in pairwise(pipes):
        send_message(ours, b"pair", [first, second])
        send_message(ours, b"none")
    for (_, first), (_, second) in pairwise(pipes):
        message, received = receive_message(theirs, 100, 4)
        assert (message, len(received)) == (b"pair", 2)
        assert receive_message(theirs, 100, 4) == (b"none", [])
        for descriptor, writing in zip(received, (first, second), strict=True):
            os.write(writing, b"x")
            assert os.read(descriptor, 10) == b"x"
            os.close(descriptor)
    for descriptor in (each for pipe in pipes for each in pipe):
        os.close(descriptor)


def test_a_closed_end_is_an_empty_message_and_then_an_error(pair: Pair) -> None:
    ours, theirs = pair
    send_message(ours, b"last")
    ours.close()
    assert [receive_message(theirs, 100)[0] for _ in range(2)] == [b"last", b""]
    with pytest.raises(OSError):
        send_message(theirs, b"too late")


def test_a_message_that_was_cut_off_is_the_end() -> None:
    for part in (b"\5", b"\5\0\0\0", b"\5\0\0\0abc", b"\xff\xff\xff\xff" + b"x" * 200):
        ours, theirs = socket.socketpair()
        with theirs:
            ours.sendall(part)
            ours.close()
            assert receive_message(theirs, 100)[0] == b""


def test_without_waiting_there_is_nothing_to_receive(pair: Pair) -> None:
    with pytest.raises(BlockingIOError):
        receive_message(pair[0], 100, wait=False)


def test_a_reader_that_never_reads_stops_no_writer(pair: Pair) -> None:
    ours, theirs = pair
    sent = 0
    with pytest.raises(OSError):
        while True:
            send_message(ours, bytes([sent % 256]) * 50_000, wait=False)
            sent += 1
    assert [receive_message(theirs, 65536)[0][:1] for _ in range(sent)] == [bytes([n % 256]) for n in range(sent)]


def test_a_message_may_be_larger_than_the_buffer() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        sender = threading.Thread(target=send_message, args=(ours, b"x" * 1_000_000))
        sender.start()
        assert receive_message(theirs, 1_000_000)[0] == b"x" * 1_000_000
        sender.join()


def test_messages_of_several_processes_are_not_mixed(pair: Pair) -> None:
    ours, theirs = pair
    code = (
        "import socket, sys; from graders.unix import send_message; s = socket.socket(fileno=int(sys.argv[1]))\n"
        "for _ in range(500): send_message(s, sys.argv[2].encode() * 200)"
    )
    command = [sys.executable, "-c", code, str(ours.fileno())]
    senders = [subprocess.Popen([*command, name], pass_fds=[ours.fileno()], cwd=ROOT) for name in "ab"]
    received = [receive_message(theirs, 65536)[0] for _ in range(1000)]
    assert sorted(received) == [b"a" * 200] * 500 + [b"b" * 200] * 500
    assert [sender.wait() for sender in senders] == [0, 0]


def test_the_cpu_time_of_another_process_is_known() -> None:
    assert unix.measures_cpu()
    code = "import time\nwhile time.process_time() < 0.5: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seconds = unix.cpu_seconds(process.pid)
        assert seconds is not None
        assert 0.5 <= seconds < 1.5
        process.communicate(b"\n")
    assert unix.cpu_seconds(process.pid) is None
    own = unix.cpu_seconds(os.getpid())
    assert own == pytest.approx(time.process_time(), rel=0.2)


GROWS = """
import os
from graders.unix import limit_own_memory
limit_own_memory(64 << 20)
kept = []
for often in (1, 2):
    try:
        for _ in range(4000):  # a quick machine fills some hundred MB before the first look
            kept.append(bytearray(1 << 20))
        os._exit(1)
    except MemoryError:
        assert 64 * often <= len(kept), len(kept)
os._exit(0)  # as a worker ends
"""


def test_a_process_that_limits_its_memory_is_stopped_while_it_grows() -> None:
    done = subprocess.run([sys.executable, "-c", GROWS], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
