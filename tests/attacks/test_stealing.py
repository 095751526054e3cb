"""C: stealing answers. Every submission searches for something, and reports what it found in an exception."""

import platform
import socket
import uuid

import pytest

pytestmark = pytest.mark.security
attack = pytest.mark.attack
only_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="written in the numbers of x86-64")

SERVER = {"affine.py", "probes.py", "serving.py", "fork_server.py", "loading.py"}  # a worker runs their code
HARNESS = {f"/harness/graders/{name}.py" for name in ("__init__", "errors", "unix", "wire")}
MODULES = {"graders", "graders.errors", "graders.unix", "graders.wire", "graders.worker"}
SETTINGS = {"LANG", "LC_ALL", "LC_CTYPE", "HOME", "USER", "PWD", "LD_LIBRARY_PATH"}
THREADS = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"}
PROCESSOR = {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}  # a machine may set them, and a worker needs them


@attack("C1")
def test_the_calling_frames_hold_no_answer_and_no_other_input(grade):
    for found in grade("exercise01", "c01_frames").found():
        assert found["depth"] > 2
        assert found["answers"] == 0
        assert found["foreign"] == 0
        assert {name for name in found["files"] if name.endswith(".py")} <= SERVER


@attack("C2")
def test_no_object_in_the_process_is_an_answer_or_a_test(grade):
    for found in grade("exercise01", "c02_objects").found():
        assert found["objects"] > 1000
        assert found["arrays"] == found["planted"] == 1  # the array that the submission itself planted
        assert found["texts"] == []


@attack("C3")
def test_there_is_no_proc_no_sys_and_no_memory_device(grade):
    for found in grade("exercise01", "c03_proc").found():
        assert found["tried"] > 20
        assert found["opened"] == []


@attack("C4")
def test_no_readable_file_mentions_tests_solutions_or_secrets(grade):
    for found in grade("exercise01", "c04_files").found():
        assert found["suspicious"] == []
        assert found["seen"] > 1000  # the standard library and NumPy are readable
        assert found["top"] == []
        assert {path for path in found["outside"] if not path.startswith("/harness/graders/worker/")} == HARNESS


@attack("C5")
def test_nothing_that_knows_an_answer_can_be_imported(grade):
    for found in grade("exercise01", "c05_imports").found():
        assert found["imported"] == []
        assert {name for name in found["loaded"] if not name.startswith("graders.worker.")} <= MODULES


@attack("C6")
@pytest.mark.parametrize("way", ["grade", pytest.param("katas_grade", marks=pytest.mark.deep)])
def test_the_environment_holds_no_secret(request, way, secret):
    for found in request.getfixturevalue(way)("exercise01", "c06_environment").found():
        assert not any(secret in value for value in found["names"].values())
        assert {name for name in found["names"] if not name.startswith("PYTHON")} <= SETTINGS | THREADS | PROCESSOR


@attack("C7")
def test_no_process_can_be_traced_or_read(grade):
    for found in grade("exercise01", "c07_ptrace").found():
        assert found["done"] == []


@attack("C8")
def test_no_socket_can_be_reached(grade, submission):
    name = f"\0katas-planted-{uuid.uuid4().hex}"  # all processes on the machine share abstract socket names
    with socket.socket(socket.AF_UNIX) as planted:
        planted.bind(name)
        planted.listen()
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(name)
        folder = submission("c08_sockets", {r'PLANTED = b"\0katas-planted"': f"PLANTED = {name.encode()!r}"})
        for found in grade("exercise01", folder).found():
            assert found["connected"] == []
            assert found["sockets"] == 1  # the worker's own channel


@attack("C9")
def test_nothing_can_be_fetched_or_leaked(grade, submission):
    with socket.create_server(("127.0.0.1", 0)) as planted:
        port = planted.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()
        for found in grade("exercise01", submission("c09_network", {"PORT = 0": f"PORT = {port}"})).found():
            assert found["tried"] == 6
            assert found["done"] == []


@attack("C10")
def test_no_socket_of_any_family_can_be_opened(grade):
    for found in grade("exercise01", "c10_families").found():
        assert found["opened"] == []


@attack("C11")
def test_no_memory_can_be_shared(grade):
    for found in grade("exercise01", "c11_shared_memory").found():
        assert found["done"] == []


@attack("C12")
def test_other_workers_cannot_be_signalled_or_found(grade):
    for found in grade("exercise01", "c12_neighbours").found():
        assert found["reached"] == []
        assert found["places"] == []
        kinds = [kind for _, kind in found["descriptors"]]
        assert kinds == ["device", "pipe", "pipe", "socket"]  # the worker's three streams and its channel


@attack("C13")
def test_the_seed_of_the_inputs_cannot_be_guessed(grade):
    graded = grade("exercise01", "c13_seed")
    seed = int(graded.verdict["seed"], 16)
    found = graded.found()
    assert all(report["tried"] > 3000 and report["matches"] == [] for report in found)
    assert not any(seed & 0xFFFFFFFF in report["words"] for report in found)


@pytest.mark.deep
@attack("C14")
def test_the_memory_of_a_worker_holds_no_text_of_a_test(grade):
    for found in grade("exercise01", "c14_heap").found():
        assert found["pages"] > 500
        assert found["control"] is True
        assert found["needles"] == []


@only_x86
@attack("Z12")
def test_system_calls_of_known_sandbox_escapes_are_denied(grade):
    for found in grade("exercise01", "z12_dangerous_syscalls").found():
        assert found["tried"] > 50
        assert found["answered"] == {}


@only_x86
@attack("Z11")
@pytest.mark.parametrize(
    "code",
    [
        rb"\xb8\x14\x00\x00\x00\xcd\x80\xc3",  # mov eax, 20; int 0x80; ret: getpid on 32 bits
        rb"\xb8\x27\x00\x00\x40\x0f\x05\xc3",  # mov eax, 0x40000027; syscall; ret: getpid on x32
    ],
    ids=["int 80", "x32"],
)
def test_system_calls_of_another_architecture_are_denied(grade, doing, impatient, code):
    """A filter that knows only this architecture's numbers would let them pass."""
    calling = f"""\
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(b"{code.decode()}")
answer = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
raise AssertionError(f"the kernel answered {{answer}}")"""
    grade("exercise01", doing(calling), impatient).fails("SIGSYS|SIGSEGV")
