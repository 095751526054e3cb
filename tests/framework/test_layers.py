"""Any convolution and pooling against PyTorch's, and what happens to a module as a whole."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import your_framework as ours
from hypothesis import given, settings
from hypothesis import strategies as st
from your_framework import convolution

from tests.framework.sides import assert_as_torch, refusal
from tests.late import torch

RNG = np.random.default_rng(11)


@settings(max_examples=30)
@given(st.data())
def test_any_convolution(data: st.DataObject) -> None:
    small = st.integers(1, 3)
    n, groups, fan_in, fan_out = (data.draw(small, label=name) for name in ("n", "groups", "in", "out"))
    kernel, stride, dilation = (
        data.draw(st.tuples(small, small), label=name) for name in ("kernel", "stride", "dilation")
    )
    padding = data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2)), label="padding")
    least = [max(1, d * (k - 1) + 1 - 2 * p) for d, k, p in zip(dilation, kernel, padding, strict=True)]
    h, w = (data.draw(st.integers(n, n + 4), label="size") for n in least)
    limit = data.draw(st.sampled_from([1, 40, convolution.COLUMNS]), label="columns at a time")

    def convolved(lib, x, weight, bias):
        function = convolution.conv2d if lib is ours else torch.nn.functional.conv2d
        return function(x, weight, bias, stride, padding, dilation, groups)

    one = (groups * fan_in, h, w)
    image = one if data.draw(st.booleans(), label="a single image") else (n, *one)
    shapes = image, (groups * fan_out, fan_in, *kernel), (groups * fan_out,)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolution, "COLUMNS", limit)
        assert_as_torch(convolved, *[RNG.standard_normal(shape) for shape in shapes], rtol=1e-9, atol=1e-11)


@settings(max_examples=30)
@given(st.data())
def test_any_pooling(data: st.DataObject) -> None:
    small = st.integers(1, 3)
    kernel, stride, dilation = (
        data.draw(st.tuples(small, small), label=name) for name in ("kernel", "stride", "dilation")
    )
    padding = tuple(data.draw(st.integers(0, k // 2), label="padding") for k in kernel)
    h, w = (data.draw(st.integers(d * (k - 1) + 1, 8)) for d, k in zip(dilation, kernel, strict=True))
    x = RNG.integers(-3, 3, (2, 2, h, w)).astype(float)  # with ties
    settings_ = f"{kernel}, {stride}, {padding}"
    ceil, include = data.draw(st.booleans(), label="ceil_mode"), data.draw(st.booleans(), label="count_include_pad")
    for code in (
        f"MaxPool2d({settings_}, {dilation}, ceil_mode={ceil})",
        f"AvgPool2d({settings_}, {ceil}, {include})",
    ):
        assert_as_torch(lambda lib, x, code=code: layer_of(lib, code)(x), x)


def layer_of(lib, code: str):
    return eval(f"layers.{code}", {"layers": torch.nn if lib is torch else ours})


def test_the_maximum_of_whole_numbers() -> None:
    x = RNG.integers(-9, 9, (1, 1, 4, 4))
    assert_as_torch(lambda lib, x: layer_of(lib, "MaxPool2d(2, padding=1)")(x), x)


REFUSED = {
    "Linear(4, 3)": (2, 5),
    "Conv2d(3, 4, 3)": (2, 4, 6, 5),
    "Conv2d(3, 4, 5)": (2, 3, 4, 4),
    "Conv2d(3, 4, 3, groups=2)": (2, 3, 4, 4),
    "MaxPool2d(2, padding=2)": (1, 1, 4, 4),
    "AvgPool2d(5)": (1, 1, 4, 4),
    "LayerNorm(3)": (2, 4),
    "BatchNorm1d(3)": (1, 3),
    "BatchNorm2d(3)": (2, 3),
    "Dropout(1.5)": (2,),
    "Embedding(3, 2)": (2,),
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_a_layer_refuses(code: str) -> None:
    kinds = [refusal(lambda lib=lib: layer_of(lib, code)(lib.ones(REFUSED[code]))).split()[0] for lib in (ours, torch)]
    assert kinds[0] == kinds[1] != "nothing"


# ---------------------------------------------------------------------------------------------- modules


class Block(ours.Module):
    """Found by looking at its attributes, without a call of super().__init__()."""

    def __init__(self) -> None:
        self.first, self.scale = ours.Linear(3, 3), ours.Parameter(np.ones(3))
        self.rest = ours.ModuleList([ours.Linear(3, 2), ours.BatchNorm1d(2)])
        self.tied = self.first
        self.register_buffer("steps", ours.zeros(1))

    def forward(self, x: ours.Tensor) -> ours.Tensor:
        return self.rest[1](self.rest[0](self.tied(x) * self.scale))


def test_the_text_of_a_module_says_what_it_consists_of() -> None:
    block = Block()
    assert repr(block.rest) == (
        "ModuleList(\n  (0): Linear(in_features=3, out_features=2)\n"
        "  (1): BatchNorm1d(num_features=2, eps=1e-05, momentum=0.1)\n)"
    )


def test_a_module_is_converted_in_place_and_copied_whole() -> None:
    block = Block()
    weight = block.first.weight
    (block(ours.ones(4, 3)) * ours.tensor([[1.0, 2.0]])).sum().backward()
    block.to("float64")
    assert block.first.weight is weight
    assert {block.first.weight.dtype, block.first.weight.grad.dtype, block.rest[1].running_mean.dtype} == {
        np.dtype(float)
    }
    assert block.rest[1].num_batches_tracked.dtype == np.int64
    block.zero_grad()
    assert {p.grad for p in block.parameters()} == {None}
    for twin in (copy.deepcopy(block), pickle.loads(pickle.dumps(block))):
        assert twin.tied is twin.first
        assert twin.first.weight is not weight
        assert np.array_equal(twin.eval()(ours.ones(2, 3)).tolist(), block.eval()(ours.ones(2, 3)).tolist())


def test_a_module_takes_arrays() -> None:
    layer = ours.Linear(3, 2)
    assert layer(np.ones((4, 3), np.float32)).shape == (4, 2)
    with pytest.raises(NotImplementedError, match="Module"):
        ours.Module()(1)
    assert ours.Conv2D is ours.Conv2d
    model = ours.Sequential([ours.ReLU(), layer])
    assert (len(model), model[-1], list(model[1:]), type(model[1:])) == (2, layer, [layer], ours.Sequential)
