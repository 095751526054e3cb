"""Run the public test suites of micrograd and tinygrad on the framework of the kata meta.

    KATAS_PEERS=DIR python -m pytest tests/katas/test_peer_suites.py -rP

DIR contains the unpacked suites next to each other. They are not part of this repository:

    pip download --no-deps --no-binary :all: micrograd==0.1.0 tinygrad==0.14.0; tar xf …     (tinygrad's has one file)
    git clone https://github.com/tinygrad/tinygrad    at a9069c177a

An adapter (tests/peers) gives the framework the peer's names. A test that needs something that the framework does not
have is skipped. A test that expects another behaviour is listed below with the reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
PEERS = Path(os.environ.get("KATAS_PEERS") or "/nowhere")
SUITES = {  # file: adapter, folder of the peer, the least number of tests that pass
    "test/test_engine.py": ("micrograd_names", "micrograd*", 2),
    "test/test_tiny.py": ("tinygrad_names", "tinygrad*", 11),
    "test/backend/test_ops.py": ("tinygrad_names", "tinygrad*", 206),
    "test/backend/test_tensor.py": ("tinygrad_names", "tinygrad*", 33),
    "test/backend/test_nn.py": ("tinygrad_names", "tinygrad*", 10),
    "test/backend/test_optim.py": ("tinygrad_names", "tinygrad*", 26),
    "test/backend/test_setitem.py": ("tinygrad_names", "tinygrad*", 23),
    "test/unit/test_indexing.py": ("tinygrad_names", "tinygrad*", 13),
    "test/unit/test_gradient.py": ("tinygrad_names", "tinygrad*", 5),
}
OF_THE_ADAPTER = {  # these test inputs that the adapter makes, so they say nothing about the framework
    "TestTiny": "test_eye test_random",
    "TestOps": "test_eye test_full test_negative_dims_eye test_negative_dims_full",
    "TestTinygrad": "test_rand_rejects_unknown_kwargs",
    "TestZeroShapeTensor": "test_rand test_full",
}
DIFFERENT = {  # why a test fails although it needs no missing feature
    "the step of a slice is positive, as in PyTorch": {
        "TestOps": "test_slice_negative_strides",
        "TestSetitem": "test_padded_setitem test_setitem_flip test_simple_setitem",
    },
    "a tensor with one integer may be part of a slice, as in PyTorch": {"TestOps": "test_slice_errors"},
    "a list as an index is one array, as in NumPy; PyTorch's reading of it as a tuple is deprecated": {
        "TestAdvancedIndexing": "test_integer_array_indexing test_numpy_parity_and_backward_2d "
        "test_numpy_parity_and_backward_3d test_numpy_parity_and_backward_4d",
    },
    "a[...] is a different tensor from a, as in PyTorch": {"TestNumpy": "test_ellipsis_index"},
    "another exception is raised": {  # PyTorch's, or Python's own
        "TestOps": "test_cat",
        "TestIndexing": "test_index",
        "TestTinygrad": "test_argfix",
        "TestTensorGradient": "test_non_scalar_output",
    },
    "∞/∞ is nan, as in PyTorch: nothing is simplified beforehand": {"TestOps": "test_sigmoid_alt_extreme"},
    "the maximum of an empty tensor is an error, as in PyTorch": {"TestZeroShapeTensor": "test_reduce_default"},
    "the adapter's integers have 32 bits": {"TestOps": "test_arange"},
    "an integer that the dtype cannot hold is an error, as in NumPy": {
        "TestOps": "test_int_or",
        "TestTinygrad": "test_tensor_list_implicit_cast test_tensor_list_special_values",
    },
    "None in a shape, and tensors in addition to a list of tensors, are errors": {"TestOps": "test_reshape test_stack"},
    "layers have two dimensions and no negative padding": {"TestOps": "test_avg_pool3d test_negative_padding_conv2d"},
    "only leaves keep their gradient, as in PyTorch": {
        "TestTinygrad": "test_const_backward_pass",
        "TestZeroShapeTensor": "test_clone_with_grad",
        "TestWithGrad": "test_set_overlapping_backward test_set_iadd_backward",
        "TestViewGradient": "test_expand",
        "TestTensorGradient": "test_gradient_through_clone_from_grad_src test_gradient_through_clone_from_detached_src",
    },
    "there are no gradients of gradients": {"TestTinygrad": "test_second_order_backward_pass"},
    "a tensor made from a number is like any other tensor": {
        "TestTensorGradient": "test_const_target_raise test_bare_const_skipped_by_backward"
    },
    "a given gradient must have the tensor's shape, as in PyTorch": {"TestTensorGradient": "test_with_custom_gradient"},
    "an in-place change is an error only when backward needs the old value, as in PyTorch": {
        "TestWithGrad": "test_set_used_before_setitem test_setitem_raises_with_unrealized_downstream",
        "TestTensorGradient": "test_setitem_on_grad_used_tensor_raises",
    },
    "assigned values are converted, as in PyTorch": {"TestSetitem": "test_setitem_dtype_mismatch"},
    "an optimiser rejects a parameter that is given twice; PyTorch warns": {"TestOptim": "test_duped_weights"},
    "an optimiser does not check for training mode": {"TestOptim": "test_assert_tensor_train"},
}


def listed(names: dict[str, str]) -> set[str]:
    return {f"{kind}.{name}" for kind, several in names.items() for name in several.split()}


KNOWN = set().union(*map(listed, DIFFERENT.values()))


def folders() -> list[tuple[str, Path]]:
    """Return (file, folder of the peer) for each suite that exists."""
    found = {file: sorted(PEERS.glob(f"{peer}/{file}")) for file, (_, peer, _) in SUITES.items()}
    return [(file, path.parents[file.count("/")]) for file, paths in found.items() for path in paths]


def outcomes(file: str, folder: Path, report: Path) -> dict[str, str]:
    """Return for each test, as Class.name, whether it passed, was skipped, or why it failed."""
    paths = [str(ROOT), str(ROOT / "solutions" / "meta")]
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", ".", "-p", "no:cacheprovider"]
    command += ["-p", f"tests.peers.{SUITES[file][0]}", f"--junitxml={report}", "-q", "--tb=line", file]
    own = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1", "RUN_SLOW": "1"}
    done = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True, timeout=250)
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, str] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname', '').rpartition('.')[2]}.{case.get('name')}"
        faults = [case.find(kind) for kind in ("failure", "error")]
        wrong = next((fault.get("message", "") for fault in faults if fault is not None), "")
        said = wrong or ("passed" if case.find("skipped") is None else "skipped")
        # subtests follow their test, under the same name
        found[name] = said if found.get(name, "passed") in ("passed", "skipped") else found[name]
    return found


@pytest.mark.parametrize(("file", "folder"), folders() or [("", PEERS)], ids=lambda value: str(value) or "none")
def test_the_framework_passes_the_shared_tests(file: str, folder: Path, tmp_path: Path) -> None:
    if not file:
        pytest.skip("KATAS_PEERS names no folder with suites")
    found = outcomes(file, folder, tmp_path / "report.xml")
    of_us = {name: said for name, said in found.items() if name not in listed(OF_THE_ADAPTER)}
    wrong = {name: said for name, said in of_us.items() if said not in ("passed", "skipped")}
    counted = Counter("different" if name in wrong else said for name, said in of_us.items())
    print(f"{folder.name} {file}: {len(of_us)} tests: {dict(counted)}")
    assert {name: said for name, said in wrong.items() if name not in KNOWN} == {}
    assert counted["passed"] >= SUITES[file][2]


def test_no_reason_is_given_twice() -> None:
    names = [name for names in DIFFERENT.values() for name in sorted(listed(names))]
    assert [name for name, times in Counter(names).items() if times > 1] == []
