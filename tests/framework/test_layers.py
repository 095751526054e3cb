"""Layers and modules: numbers, gradients and state against PyTorch's, initialisation, what a module consists of."""

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

LAYERS = {  # PyTorch's layer: a shape of its input
    "Linear(4, 3)": (5, 4),
    "Linear(4, 3, bias=False)": (2, 3, 4),
    "Linear(4, 1)": (4,),
    "Conv2d(3, 4, 3)": (2, 3, 6, 5),
    "Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2)": (2, 4, 6, 7),
    "Conv2d(3, 3, 3, padding=2, groups=3, bias=False)": (3, 5, 5),
    "Conv2d(2, 3, 3, padding='same', padding_mode='reflect')": (2, 2, 4, 5),
    "Conv2d(2, 3, (1, 3), padding='same', dilation=2, bias=False)": (2, 2, 4, 5),
    "Conv2d(2, 3, 3, stride=2, padding=(1, 2), padding_mode='circular')": (2, 4, 5),
    "MaxPool2d(2)": (2, 3, 5, 6),
    "AvgPool2d(2)": (3, 5, 6),
    "AvgPool2d(2, ceil_mode=True, divisor_override=5)": (2, 3, 5, 7),
    "Flatten()": (2, 3, 4),
    "Flatten(0, 1)": (2, 3, 4),
    "ReLU()": (3, 4),
    "LeakyReLU(0.2)": (3, 4),
    "ELU(0.7)": (3, 4),
    "GELU()": (3, 4),
    "Sigmoid()": (3, 4),
    "Tanh()": (3, 4),
    "Softmax(dim=1)": (3, 4, 2),
    "LayerNorm(4)": (3, 4),
    "LayerNorm((3, 4), eps=0.1)": (2, 3, 4),
    "BatchNorm1d(4)": (6, 4),
    "BatchNorm1d(4, eps=0.1, momentum=0.3, affine=False)": (6, 4, 3),
    "BatchNorm2d(3)": (4, 3, 2, 5),
    "BatchNorm2d(3, track_running_stats=False)": (4, 3, 2, 5),
    "Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8, 2))": (2, 1, 4, 4),
}


def twins(code: str) -> tuple[ours.Module, torch.nn.Module]:
    """A layer in float64 on both sides, with the same random numbers in parameters and buffers."""
    torch.manual_seed(0)
    theirs = eval(f"torch.nn.{code}", {"torch": torch}).double()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.copy_(torch.tensor(RNG.standard_normal(parameter.shape)))
    return ours.from_torch(theirs), theirs


@pytest.mark.parametrize("code", LAYERS)
def test_a_layer_in_training_and_in_evaluation(code: str) -> None:
    mine, theirs = twins(code)
    sides = {ours: mine, torch: theirs}
    names = [name for name, _ in theirs.named_parameters()]
    values = [p.detach().numpy().copy() for p in theirs.parameters()]

    def run(lib, x, *parameters):
        layer = sides[lib]
        if parameters and lib is torch:
            return torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), x)
        for name, parameter in zip(names, parameters, strict=True):
            *path, last = name.split(".")
            owner = dict(layer.named_modules())[".".join(path)]
            setattr(owner, last, parameter)
        return layer(x)

    for mode in (True, True, False):
        for layer in sides.values():
            layer.train(mode)
        x = RNG.standard_normal(LAYERS[code])
        assert_as_torch(run, x, *values, rtol=1e-9, atol=1e-10)
        for name, buffer in theirs.named_buffers():
            np.testing.assert_allclose(mine.state_dict()[name].numpy(), buffer.numpy(), 1e-12)


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

    shapes = (n, groups * fan_in, h, w), (groups * fan_out, fan_in, *kernel), (groups * fan_out,)
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


def test_an_embedding_adds_up_the_gradients_of_its_rows() -> None:
    mine, theirs = twins("Embedding(6, 3, padding_idx=2)")
    index = RNG.integers(0, 6, (4, 5))
    for layer, tensor in ((mine, ours.tensor), (theirs, torch.tensor)):
        (layer(tensor(index)) ** 2).sum().backward()
    np.testing.assert_allclose(mine.weight.grad.numpy(), theirs.weight.grad.numpy(), 1e-12)
    with pytest.raises(IndexError):
        mine(ours.tensor([6]))


def test_dropout_scales_what_it_keeps_and_repeats_with_the_seed() -> None:
    ours.manual_seed(0)
    layer, x = ours.Dropout(0.3), ours.ones(100_000, requires_grad=True)
    y = layer(x)
    assert np.unique(y.detach().numpy()).tolist() == pytest.approx([0, 1 / 0.7])
    assert float((y > 0).float().mean()) == pytest.approx(0.7, abs=0.01)
    y.sum().backward()
    assert (x.grad.numpy() == y.detach().numpy()).all()
    ours.manual_seed(0)
    assert (layer(x).detach().numpy() == y.detach().numpy()).all()
    assert layer.eval()(x) is x
    assert ours.Dropout(1.0)(x).sum().item() == 0


@pytest.mark.parametrize("code", ["Linear(300, 400)", "Conv2d(12, 300, 5)", "Conv2d(12, 300, (5, 3), groups=2)"])
def test_weights_begin_as_those_of_torch(code: str) -> None:
    ours.manual_seed(1)
    mine, theirs = layer_of(ours, code), layer_of(torch, code)
    bound = np.sqrt(1 / np.prod(theirs.weight.shape[1:]))
    assert [(n, p.shape, p.dtype) for n, p in mine.named_parameters()] == [
        (n, tuple(p.shape), np.float32) for n, p in theirs.named_parameters()
    ]
    for parameter in mine.parameters():
        values = parameter.detach().numpy().ravel()
        assert 0.98 * bound < np.abs(values).max() <= bound
        assert values.std() == pytest.approx(bound / np.sqrt(3), rel=0.1)
    assert ours.Embedding(300, 40).weight.detach().numpy().std() == pytest.approx(1, rel=0.03)


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


NAMES = ["scale", "steps", "first.weight", "first.bias", "rest.0.weight", "rest.0.bias", "rest.1.weight", "rest.1.bias"]
NAMES += ["rest.1.running_mean", "rest.1.running_var", "rest.1.num_batches_tracked", "tied.weight", "tied.bias"]


def test_a_module_knows_what_it_consists_of() -> None:
    block = Block()
    assert list(block.state_dict()) == NAMES
    assert [name for name, _ in block.named_parameters()] == ["scale", *NAMES[2:8]]
    assert len(list(block.modules())) == 5
    assert [type(child).__name__ for child in block.children()] == ["Linear", "ModuleList", "Linear"]
    assert not block.eval().rest[1].training
    assert block.train().rest[1].training
    assert repr(block.rest) == (
        "ModuleList(\n  (0): Linear(in_features=3, out_features=2)\n"
        "  (1): BatchNorm1d(num_features=2, eps=1e-05, momentum=0.1)\n)"
    )


def test_a_state_is_loaded_whole_or_not_at_all() -> None:
    source, block = Block(), Block()
    state = {name: np.asarray(value.numpy()) + 1 for name, value in source.state_dict().items()}
    before = block.first.weight.tolist()
    wrong = {**state, "first.bias": np.zeros(4), "more": np.zeros(1)}
    del wrong["scale"]
    with pytest.raises(RuntimeError) as said:
        block.load_state_dict(wrong)
    for part in ("scale", "more", "first.bias", "(4,)", "(3,)"):
        assert part in str(said.value)
    assert block.first.weight.tolist() == before
    weight = block.first.weight
    assert block.load_state_dict({"scale": state["scale"]}, strict=False)[0][0] == "steps"
    block.load_state_dict(state)
    assert (block.scale.tolist(), block.first.weight is weight) == ([2.0] * 3, True)
    assert np.array_equal(block.tied.weight.detach().numpy(), state["first.weight"])


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
