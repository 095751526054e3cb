"""F: using libraries and programs instead of writing a solution."""

import shutil
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.security
attack = pytest.mark.attack


@attack("F1")
def test_a_library_that_the_runtime_lacks_cannot_be_imported(katas_grade, doing, batch_tests):
    folder = doing("import torch\nreturn torch.nn.functional.linear(*map(torch.tensor, (x, W, b))).numpy()")
    katas_grade("exercise01", folder).fails_only(batch_tests, r"No module named 'torch' \(official grading has only")


@attack("F2")
@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("importlib.import_module(name)", "No module named 'torch'"),
        ("__import__(name)", "No module named 'torch'"),
        ("eval('__imp' + 'ort__(name)', {'name': name})", "No module named 'torch'"),
        ("importlib.util.find_spec(name).loader.load_module(name)", "No module named 'torch'|NoneType"),
    ],
)
def test_no_way_of_importing_finds_a_missing_library(grade, doing, batch_tests, way, reason):
    folder = doing(f"import importlib.util\nname = 'hcrot'[::-1]\n{way}.zeros(1)")
    grade("exercise01", folder).fails_only(batch_tests, reason)


@attack("F3")
def test_scipy_cannot_be_imported_in_a_kata_from_scratch(grade, losing, loss_tests):
    folder = losing("float(__import__('scipy.special').special.logsumexp(logits) - logits[target])")
    grade("exercise04", folder).fails("No module named 'scipy", within=loss_tests)


@attack("F4")
def test_no_library_that_could_help_can_be_loaded(grade):
    for found in grade("exercise01", "f04_ctypes").found():
        assert [name for name in found["loaded"] if not name.startswith("libpython")] == []  # already running


@attack("F5")
@pytest.mark.parametrize(
    "command", ['["python3", "-c", "print(0)"]', '["gcc", "--version"]', '["/bin/sh", "-c", "curl -s x"]']
)
def test_no_other_program_can_be_started(grade, doing, batch_tests, command):
    folder = doing(
        f"import subprocess\nreturn float(subprocess.run({command}, capture_output=True, check=True).stdout)"
    )
    grade("exercise01", folder).fails_only(batch_tests, "PermissionError|Operation not permitted")


@attack("F6")
def test_compiled_code_named_like_the_module_is_refused(grade, tmp_path):
    shutil.copy("/bin/true", tmp_path / "affine.py")
    grade("exercise01", tmp_path).is_refused(r"affine\.py.*compiled code")


@attack("F6")
def test_compiled_code_inside_a_declared_folder_is_refused(grade, submission, with_results):
    folder = submission("honest")
    (folder / "results").mkdir()
    shutil.copy("/bin/true", folder / "results/helper.so")
    grade("exercise01", folder, with_results).is_refused(r"results/helper\.so.*compiled code")


@attack("F6")
def test_compiled_code_next_to_the_module_is_ignored_and_named(grade, submission):
    folder = submission("honest")
    name = f"affine{EXTENSION_SUFFIXES[0]}"
    shutil.copy("/bin/true", folder / name)
    graded = grade("exercise01", folder)
    graded.passes()
    assert graded.verdict["ignored_files"] == [name]


@attack("F7")
def test_code_unpacked_from_a_text_is_judged_by_its_results(grade):
    grade("exercise01", "f07_payload").passes()


ATTENTION = """\
    scores = H @ query
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)  # e^-inf is exactly 0
    return scores.softmax(dim=1)
"""
READY = """\
    here = None if mask is None else mask[:, None, :]
    eye = torch.eye(H.shape[1], dtype=H.dtype).expand(len(H), -1, -1)
    ready = {}
    return ready(query.expand(len(H), 1, -1), H, eye, attn_mask=here, scale=1.0)[:, 0]
"""
HEADS = """\
    heads = {}
    return heads(H.shape[-1], 1)(query.expand(1, len(H), -1), H.mT, H.mT, key_padding_mask=mask)[1][:, 0]
"""


def attending(folder, text):
    """Return challenge3's solution with another way to compute the attention weights."""
    solution = (ROOT / "solutions/challenge3/attention.py").read_text()
    assert ATTENTION in solution
    (folder / "attention.py").write_text(solution.replace(ATTENTION, text))
    return folder


@pytest.mark.deep
@attack("F8")
def test_ready_made_attention_is_refused_by_its_name(grade, tmp_path):
    folder = attending(tmp_path, READY.format("F.scaled_dot_product_attention"))
    grade("challenge3", folder).cannot_be_imported("scaled_dot_product_attention may not be used in this kata")


@pytest.mark.deep
@attack("F9")
@pytest.mark.parametrize(
    "text",
    [
        READY.format('getattr(F, "scaled_dot_" + "product_attention")'),
        READY.format('getattr(torch._C._nn, "scaled_dot_" + "product_attention")'),
        READY.format('getattr(torch.ops.aten, "scaled_dot_" + "product_attention")'),
        READY.format('getattr(getattr(torch.ops.aten, "scaled_dot_" + "product_attention"), "default")'),
        HEADS.format('getattr(nn, "Multihead" + "Attention")'),
    ],
    ids=["functional", "binding", "operator", "overload", "module"],
)
def test_ready_made_attention_cannot_be_reached_indirectly(grade, tmp_path, text):
    graded = grade("challenge3", attending(tmp_path, text), None, ["weights"], diagnosing=False)
    graded.fails("may not be used in this kata")
    assert {test["task"] for test in graded.failed} == {"weights"}


@pytest.mark.deep
@attack("F10")
def test_a_framework_on_top_of_another_cannot_be_imported(grade):
    grade("meta", "f10_autograd").cannot_be_imported("No module named 'torch'")


@attack("F11")
def test_a_vendored_library_is_too_large_for_a_module(grade, submission):
    folder = submission("honest")
    with (folder / "affine.py").open("a") as module:
        module.write("\n# vendored\n" + "VALUE = 0\n" * 100_000)
    grade("exercise01", folder).is_refused(r"affine\.py.*larger than")


@attack("F11")
def test_a_vendored_package_next_to_the_module_is_not_taken(grade, tmp_path):
    (tmp_path / "vendored").mkdir()
    (tmp_path / "vendored/__init__.py").write_text("def affine(W, x, b):\n    return x @ W.T + b\n")
    (tmp_path / "affine.py").write_text(
        "def affine(W, x, b):\n    import vendored\n\n    return vendored.affine(W, x, b)\n"
    )
    graded = grade("exercise01", tmp_path)
    graded.fails_everywhere("No module named 'vendored'")
    assert graded.verdict["ignored_files"] == ["vendored/__init__.py"]


@attack("F12")
def test_a_probe_leads_to_no_reference(grade, impatient):
    for found in grade("exercise01", "f12_reference_by_probe", impatient).found():
        assert found == {"names": [], "functions": []}
