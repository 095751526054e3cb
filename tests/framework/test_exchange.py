"""Files of safetensors, and models that cross to PyTorch and back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import your_framework as ours
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tests.framework.sides import refusal
from tests.late import torch

RNG = np.random.default_rng(2)
KEPT = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
ARRAYS = npst.arrays(
    st.sampled_from(["bool", "uint8", "int32", "int64", "float16", "float32", "float64", ">f4"]),
    npst.array_shapes(min_dims=0, min_side=0, max_side=3),
)
STATES = st.dictionaries(st.text(max_size=8).filter(lambda name: name != "__metadata__"), ARRAYS, max_size=4)


@KEPT
@given(STATES)
def test_arrays_come_back_bit_by_bit(tmp_path: Path, state: dict[str, np.ndarray]) -> None:
    ours.save({name: ours.tensor(a) if i % 2 else a for i, (name, a) in enumerate(state.items())}, tmp_path / "a")
    found = ours.load(tmp_path / "a")
    assert list(found) == list(state)
    for name, a in state.items():
        b = found[name].numpy()
        assert (b.shape, b.dtype, b.tobytes()) == (a.shape, a.dtype.newbyteorder("="), a.astype(b.dtype).tobytes())
        assert b.flags.writeable


@KEPT
@given(STATES, st.data())
def test_damage_is_found_or_harmless_and_named(
    tmp_path: Path, state: dict[str, np.ndarray], data: st.DataObject
) -> None:
    path = tmp_path / "a.safetensors"
    ours.save(state, path)
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans(), label="cut off"):
        damaged = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        damaged = whole.copy()
        damaged[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(damaged)
    if refusal(lambda: ours.load(path)) == "nothing":
        assert len(damaged) == len(whole)
        assert all(isinstance(value, ours.Tensor) for value in ours.load(path).values())
    else:
        with pytest.raises(ValueError, match=re.escape(str(path))):
            ours.load(path)


HEADERS = [
    "[]", "7", "{", '{"a": 1}', '{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}',
    '{"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}',
    '{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}',
    '{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}',
    '{"a": {"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}}',
    '{"a": {"dtype": ["F32"], "shape": [1], "data_offsets": [0, 4]}}',
    '{"a": {"dtype": "F32", "shape": [0, 1e30], "data_offsets": [0, 0]}}',
    '{"a": {"dtype": "F32", "shape": [0, 99999999999999999999], "data_offsets": [0, 0]}}',
    '{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, '
    '"b": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}',
    '{"a": {"dtype": "I8", "shape": [1], "data_offsets": [3, 4]}}',
    "[" * 100_000, "\xff",
]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header[:40])
def test_a_header_that_lies_is_refused(header: str, tmp_path: Path) -> None:
    text = header.encode("latin1")
    (tmp_path / "a").write_bytes(len(text).to_bytes(8, "little") + text + bytes(4))
    with pytest.raises(ValueError, match="a: not a valid safetensors file"):
        ours.load(tmp_path / "a")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a"
    ours.save({"a": np.ones(2)}, path)
    for wrong in ({"a": np.ones(2), 3: np.ones(2)}, {"a": "text"}, {"a": np.ones(2, complex)}):
        with pytest.raises(TypeError):
            ours.save(wrong, path)
    with pytest.raises(OSError):
        ours.save({"a": np.ones(1)}, tmp_path / "nowhere" / "a")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    with path.open("rb") as reader:
        before = path.read_bytes()
        ours.save({"a": np.ones(3)}, path)
        assert reader.read() == before  # who reads the old file while it is replaced, reads all of it
    assert ours.load(path)["a"].tolist() == [1.0] * 3


# -------------------------------------------------------------------------------------------- PyTorch


def net() -> Any:
    """A model of a class of one's own, with a branch, a buffer and a layer that is used twice."""
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.GELU())
            self.pool, self.flat, self.drop = nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5)
            self.head = nn.Linear(8, 3)
            self.scale = nn.Parameter(torch.tensor(1.5))
            self.register_buffer("shift", torch.tensor([1.0, 2.0, 3.0]))
            self.power = 2

        def forward(self, x):
            h = self.pool(self.body(x))
            h = h + self.body[2](h)
            return self.head(self.drop(self.flat(h))) * self.scale**self.power + self.shift

    return Net()


def test_a_model_crosses_and_comes_back() -> None:
    torch.manual_seed(0)
    theirs = net().double()
    theirs(torch.randn(8, 1, 4, 4, dtype=torch.float64))
    mine = ours.from_torch(theirs.eval())
    back = ours.to_torch(mine)
    x = RNG.standard_normal((5, 1, 4, 4))
    expected = theirs(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(mine(ours.tensor(x)).detach().numpy(), expected, 1e-12)
    np.testing.assert_array_equal(back(torch.tensor(x)).detach().numpy(), expected)
    assert {k: v.dtype.name for k, v in mine.state_dict().items()} == {
        k: str(v.dtype).removeprefix("torch.") for k, v in theirs.state_dict().items()
    }
    with torch.no_grad():
        theirs.head.weight.zero_()
    assert np.abs(mine.head.weight.detach().numpy()).min() > 0  # the numbers were copied


def test_what_is_tied_stays_tied() -> None:
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh(), torch.nn.Linear(3, 3))
    theirs[2].weight = theirs[0].weight
    mine = ours.from_torch(theirs)
    assert mine[2].weight is mine[0].weight
    assert ours.to_torch(mine)[2].weight.shape == (3, 3)


FOREIGN = {  # code: the class that the message names
    "nn.LSTM(2, 2)": "LSTM",
    "nn.MaxPool2d(2, return_indices=True)": "MaxPool2d.*return_indices",
    "nn.Embedding(2, 3, max_norm=1.0)": "Embedding.*max_norm",
    "nn.Embedding(2, 3, scale_grad_by_freq=True)": "Embedding.*scale_grad_by_freq",
    "nn.Sequential(nn.Conv1d(1, 1, 1))": "Conv1d",
    "3": "int",
    "np.ones(2)": "ndarray",
}


@pytest.mark.parametrize("code", FOREIGN)
def test_what_has_no_counterpart_is_named(code: str) -> None:
    layer = eval(code, {"nn": torch.nn, "np": np})
    with pytest.raises(TypeError, match=FOREIGN[code]):
        ours.from_torch(layer)
