"""Every argument that PyTorch documents has PyTorch's meaning here, or is refused by a message that names it."""

from __future__ import annotations

import contextlib
import inspect
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import your_framework as ours

from tests.framework.sides import assert_as_torch
from tests.late import torch

RNG = np.random.default_rng(5)
REFUSED = object()  # in place of results to compare: the value is refused

# for each class: the arguments that it needs, and the shape of an input
LAYERS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "Linear": ({"in_features": 4, "out_features": 3}, (5, 4)),
    "Conv2d": ({"in_channels": 2, "out_channels": 4, "kernel_size": 3}, (2, 2, 6, 7)),
    "MaxPool2d": ({"kernel_size": 3}, (2, 2, 6, 7)),
    "AvgPool2d": ({"kernel_size": 3, "padding": 1}, (2, 2, 6, 7)),
    "Flatten": ({}, (2, 3, 4)),
    "ReLU": ({}, (3, 4)),
    "LeakyReLU": ({}, (3, 4)),
    "ELU": ({}, (3, 4)),
    "GELU": ({}, (3, 4)),
    "Softmax": ({}, (3, 4)),
    "Dropout": ({"p": 0.0}, (3, 4)),
    "LayerNorm": ({"normalized_shape": 4}, (3, 4)),
    "BatchNorm1d": ({"num_features": 4}, (5, 4)),
    "BatchNorm2d": ({"num_features": 4}, (2, 4, 3, 2)),
    "Embedding": ({"num_embeddings": 6, "embedding_dim": 3}, (4, 2)),
}
LOSSES = {
    "MSELoss": (RNG.standard_normal((4, 3)), RNG.standard_normal((4, 3))),
    "L1Loss": (RNG.standard_normal((4, 3)), RNG.standard_normal((4, 3))),
    "BCEWithLogitsLoss": (RNG.standard_normal((4, 3)), RNG.uniform(0, 1, (4, 3))),
    "CrossEntropyLoss": (RNG.standard_normal((4, 3)), np.array([2, 0, 1, 1])),
}
OPTIMIZERS: dict[str, dict[str, Any]] = {"SGD": {"momentum": 0.9}, "Adam": {}, "AdamW": {}}

# values of each argument besides its default; a dict holds arguments that only work together
COMPUTED: dict[str, list[Any]] = {
    "bias": [False],
    "dtype": ["float64"],
    "device": ["cpu"],
    "stride": [2, (1, 2)],
    "padding": [1, (1, 0)],
    "dilation": [2],
    "groups": [2],
    "padding_mode": [{"padding_mode": mode, "padding": (1, 2)} for mode in ("reflect", "replicate", "circular")],
    "ceil_mode": [True, {"ceil_mode": True, "stride": 2}, {"ceil_mode": True, "stride": 4, "padding": 1}],
    "count_include_pad": [False, {"count_include_pad": False, "ceil_mode": True, "stride": 2}],
    "divisor_override": [5],
    "start_dim": [0],
    "end_dim": [1],
    "negative_slope": [0.3],
    "alpha": [0.5],
    "approximate": ["tanh"],
    "dim": [0, None],
    "eps": [0.1],
    "elementwise_affine": [False],
    "momentum": [0.3, None],
    "affine": [False],
    "track_running_stats": [False],
    "padding_idx": [2],
    "norm_type": [1.0],  # without max_norm, PyTorch ignores it
    "inplace": [REFUSED, True],
    "return_indices": [REFUSED, True],
    "max_norm": [REFUSED, 1.0],
    "scale_grad_by_freq": [REFUSED, True],
    "sparse": [REFUSED, True],
}
OF_CONV2D = {"padding": ["same", "valid", {"padding": "same", "kernel_size": (2, 4), "dilation": (1, 3)}]}
OF_LOSSES: dict[str, list[Any]] = {
    "weight": [np.array([0.5, 2.0, 1.0])],
    "pos_weight": [np.array([0.5, 2.0, 1.0])],
    "size_average": [False, True, {"size_average": False, "reduce": False}],
    "reduce": [False, True],
    "reduction": ["sum", "none"],
    "ignore_index": [1],
    "label_smoothing": [0.2],
}
OF_OPTIMIZERS: dict[str, list[Any]] = {
    "lr": [0.1, {"lr": "tensor"}],
    "momentum": [0.5, 0],
    "dampening": [0.3],
    "weight_decay": [0.2],
    "nesterov": [True],
    "betas": [(0.5, 0.7)],
    "eps": [0.1],
    "amsgrad": [True, {"amsgrad": True, "maximize": True, "weight_decay": 0.1}],
    "maximize": [True, {"maximize": True, "weight_decay": 0.1}],
    "decoupled_weight_decay": [True, {"decoupled_weight_decay": True, "weight_decay": 0.1}],
    "foreach": [True, False],
    "fused": [False],
    "capturable": [REFUSED, True],
    "differentiable": [REFUSED, True],
}


@contextlib.contextmanager
def without_warnings(text: str) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", text)
        yield


def parameters(function: Any) -> dict[str, inspect.Parameter]:
    """The documented parameters of a function by name, in order."""
    found = inspect.signature(function).parameters
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {name: p for name, p in found.items() if name[0] != "_" and name != "self" and p.kind not in kinds}


def assert_same_parameters(mine: Any, theirs: Any) -> None:
    """PyTorch's names and defaults, and its order for what may be given by position."""
    expected, found = parameters(theirs), parameters(mine)
    positional = [name for name, p in expected.items() if p.kind is not p.KEYWORD_ONLY]
    assert list(found)[: len(positional)] == positional
    assert set(found) == set(expected)
    assert {name: p.default for name, p in found.items()} == {name: p.default for name, p in expected.items()}


def values(name: str, *tables: Mapping[str, list[Any]]) -> tuple[list[dict[str, Any]], list[Any]]:
    """The arguments to compare with PyTorch's, and the values to be refused, for the parameter of this name."""
    given = [value for table in tables for value in table.get(name, [])]
    assert any(name in table for table in tables), f"nothing is known of {name}"
    if given and given[0] is REFUSED:
        return [], given[1:]
    return [value if isinstance(value, dict) else {name: value} for value in given], []


def assert_refused(make: Any, name: str, value: object) -> None:
    with pytest.raises(NotImplementedError, match=rf"\b{name}={re.escape(repr(value))}.* only "):
        make(**{name: value})


def in_torch(value: Any) -> Any:
    """An argument as PyTorch takes it."""
    if isinstance(value, np.ndarray):
        return torch.tensor(value)
    return getattr(torch, value) if value == "float64" else value


def both(name: str, arguments: Mapping[str, Any]) -> dict[Any, Any]:
    """One layer or loss on both sides, in training, with the same numbers; library -> layer."""
    theirs = getattr(torch.nn, name)(**{key: in_torch(value) for key, value in arguments.items()})
    mine = getattr(ours, name)(**arguments)
    found = {key: value.dtype.name for key, value in mine.state_dict().items()}
    assert found == {key: str(value.dtype)[6:] for key, value in theirs.state_dict().items()}
    assert [key for key, _ in mine.named_parameters()] == [key for key, _ in theirs.named_parameters()]
    mine.load_state_dict(theirs.state_dict())
    return {ours: mine, torch: theirs}


@pytest.mark.parametrize("name", [*LAYERS, *LOSSES, "ModuleList"])
def test_a_class_has_the_parameters_of_torch(name: str) -> None:
    assert_same_parameters(getattr(ours, name), getattr(torch.nn, name))


@pytest.mark.parametrize("name", LAYERS)
@without_warnings("Using padding='same'|Implicit dimension choice")
def test_each_argument_of_a_layer(name: str) -> None:
    needed, shape = LAYERS[name]
    tables = (COMPUTED, OF_CONV2D) if name == "Conv2d" else (COMPUTED,)
    for parameter, described in parameters(getattr(torch.nn, name)).items():
        if described.default is described.empty or parameter == "p":  # Dropout is random: see test_layers
            continue
        computed, refused = values(parameter, *tables)
        for arguments in [{parameter: described.default}, *computed]:
            full = {**needed, **arguments}
            sides = both(name, full)
            dtype = full.get("dtype") or "float32"
            x = RNG.standard_normal(shape).astype(dtype) if name != "Embedding" else RNG.integers(0, 6, shape)
            for _ in range(2):  # batch norm's running statistics move
                assert_as_torch(lambda lib, x, sides=sides: sides[lib](x), x, rtol=1e-4, atol=1e-5)
            if "momentum" in full:
                for layer in sides.values():
                    layer.eval()
                assert_as_torch(lambda lib, x, sides=sides: sides[lib](x), x, rtol=1e-4, atol=1e-5)
            grads = [{key: p.grad for key, p in layer.named_parameters()} for layer in sides.values()]
            for key, grad in grads[1].items():
                np.testing.assert_allclose(grads[0][key].numpy(), grad.numpy(), 1e-4, 1e-4)
        for value in refused:
            assert_refused(lambda needed=needed, **more: getattr(ours, name)(**{**needed, **more}), parameter, value)


def test_layers_without_arguments_and_containers() -> None:
    for layer in (ours.Sigmoid, ours.Tanh):
        with pytest.raises(TypeError, match=layer.__name__):
            layer(True)
    assert len(ours.ModuleList(modules=None)) == 0


def test_a_layer_converts_its_buffers_too() -> None:
    layer = ours.BatchNorm1d(3, dtype="float64")
    assert [t.dtype.name for t in layer.state_dict().values()] == ["float64"] * 4 + ["int64"]
    with pytest.raises(TypeError, match="int32"):
        ours.Linear(2, 3, dtype="int32")


@pytest.mark.parametrize(("mode", "padding"), [("reflect", 4), ("circular", 5)])
def test_padding_from_an_image_that_is_too_small(mode: str, padding: int) -> None:
    for lib, layers in ((ours, ours), (torch, torch.nn)):
        with pytest.raises(RuntimeError):
            layers.Conv2d(1, 1, 3, padding=padding, padding_mode=mode)(lib.ones(1, 1, 4, 4))


@pytest.mark.parametrize("name", LOSSES)
@without_warnings("size_average and reduce")
def test_each_argument_of_a_loss(name: str) -> None:
    x, y = LOSSES[name]
    for parameter, described in parameters(getattr(torch.nn, name)).items():
        computed, _ = values(parameter, OF_LOSSES)
        for arguments in [{parameter: described.default}, *computed]:
            sides = both(name, arguments)
            assert_as_torch(lambda lib, x, sides=sides: sides[lib](x, lib.tensor(y)), x)


def test_losses_with_deprecated_arguments_warn() -> None:
    with pytest.warns(UserWarning, match="reduction='none'"):
        assert ours.L1Loss(reduce=False).reduction == "none"
    with pytest.raises(TypeError, match=r"size_average.*reduction='sum'"):  # PyTorch takes it for True
        ours.MSELoss("sum")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_argument_of_an_optimizer(name: str) -> None:
    mine, theirs = getattr(ours, name), getattr(torch.optim, name)
    assert_same_parameters(mine, theirs)
    for parameter, described in parameters(theirs).items():
        if parameter == "params":
            continue
        computed, refused = values(parameter, OF_OPTIMIZERS)
        for arguments in [{parameter: described.default}, *computed]:
            paths = [trained(lib, name, {**OPTIMIZERS[name], **arguments}) for lib in (ours, torch)]
            np.testing.assert_allclose(*paths, 1e-12, 1e-12, err_msg=str(arguments))
        for value in refused:
            assert_refused(lambda **more: mine([ours.ones(1)], **more), parameter, value)


def trained(lib: Any, name: str, arguments: Mapping[str, Any]) -> np.ndarray:
    """A parameter after some steps, in the middle of which another optimiser continues from the state."""
    rng = np.random.default_rng(0)
    x = lib.tensor(rng.standard_normal(6), requires_grad=True)
    given = {key: lib.tensor(np.array(0.01)) if value == "tensor" else value for key, value in arguments.items()}
    make = getattr(ours if lib is ours else torch.optim, name)
    optimizer = make([x], **given)
    for number in range(8):
        if number == 4:
            before, optimizer = optimizer, make([x])
            optimizer.load_state_dict(before.state_dict())
        optimizer.zero_grad()
        (x * x * lib.tensor(rng.standard_normal(6))).sum().backward()
        optimizer.step()
    return np.array(x.detach().numpy())


@pytest.mark.parametrize("method", ["step", "zero_grad", "add_param_group", "load_state_dict"])
def test_a_method_of_an_optimizer_has_the_parameters_of_torch(method: str) -> None:
    assert_same_parameters(getattr(ours.SGD, method), getattr(torch.optim.SGD, method))


def test_arguments_of_the_methods_of_an_optimizer() -> None:
    for lib, optim in ((ours, ours), (torch, torch.optim)):
        x = lib.tensor([1.0, 2.0], requires_grad=True)
        optimizer = optim.SGD([("x", x)], lr=0.5)

        def closure(optimizer=optimizer, x=x):
            optimizer.zero_grad(set_to_none=False)
            loss = (x * x).sum()
            loss.backward()
            return loss

        assert (optimizer.step(closure).item(), x.tolist(), x.grad.tolist()) == (5.0, [0.0, 0.0], [2.0, 4.0])
        optimizer.zero_grad(set_to_none=False)
        assert x.grad.tolist() == [0.0, 0.0]
        assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["x"]


# ------------------------------------------------------------------------------------------- data loader

DATA = [(np.float32(i), i) for i in range(7)]
LOADED: dict[str, list[Any]] = {
    "batch_size": [3],
    "shuffle": [None, False],
    "sampler": [[4, 0, 2, 2, 1], {"sampler": [4, 0, 2, 2, 1], "batch_size": 2, "drop_last": True}],
    "batch_sampler": [[[4, 0], [2], [1, 5, 6]]],
    "collate_fn": [len, {"collate_fn": list, "batch_size": 4}],
    "drop_last": [True, {"drop_last": True, "batch_size": 3}],
    "num_workers": [REFUSED, 2],
    "pin_memory": [REFUSED, True],
    "timeout": [REFUSED, 5],
    "worker_init_fn": [REFUSED, len],
    "multiprocessing_context": [REFUSED, "spawn"],
    "prefetch_factor": [REFUSED, 2],
    "persistent_workers": [REFUSED, True],
    "pin_memory_device": [REFUSED, "cuda"],
    "in_order": [REFUSED, False],
    "generator": [],
}


def test_each_argument_of_a_data_loader() -> None:
    assert_same_parameters(ours.DataLoader, torch.utils.data.DataLoader)
    for parameter, described in parameters(torch.utils.data.DataLoader).items():
        if parameter == "dataset":
            continue
        computed, refused = values(parameter, LOADED)
        for arguments in [{parameter: described.default}, *computed]:
            for dataset in (DATA, tuple(np.array(column) for column in zip(*DATA, strict=True))):
                mine = ours.DataLoader(dataset, **arguments)
                theirs = torch.utils.data.DataLoader(DATA, **arguments)
                assert plain(list(mine)) == plain(list(theirs))
                assert len(mine) == len(theirs)
        for value in refused:
            assert_refused(lambda **more: ours.DataLoader(DATA, **more), parameter, value)
    assert_refused(lambda **more: ours.DataLoader(DATA, **more), "batch_size", None)


def plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


def test_a_data_loader_with_a_generator_of_its_own() -> None:
    orders = [
        plain(list(ours.DataLoader(DATA, shuffle=True, generator=np.random.default_rng(seed)))) for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1] != orders[2]


MEANINGLESS = {  # arguments that have no meaning, or none together: the one that the message names
    "nn.Conv2d(1, 1, 3, padding=1, padding_mode='mirror')": "padding",
    "nn.Conv2d(1, 1, 3, padding='most')": "padding",
    "nn.Conv2d(1, 1, 3, padding='same', stride=2)": "padding",
    "data.DataLoader(DATA, sampler=[0], shuffle=True)": "sampler",
    "data.DataLoader(DATA, batch_sampler=[[0]], batch_size=2)": "batch_sampler",
    "data.DataLoader(DATA, batch_sampler=[[0]], shuffle=True)": "batch_sampler",
    "data.DataLoader(DATA, batch_sampler=[[0]], sampler=[0])": "batch_sampler",
    "data.DataLoader(DATA, batch_sampler=[[0]], drop_last=True)": "batch_sampler",
}


@pytest.mark.parametrize("code", MEANINGLESS)
def test_arguments_without_a_meaning_are_refused(code: str) -> None:
    for nn, data in ((ours, ours), (torch.nn, torch.utils.data)):
        with pytest.raises(ValueError, match=MEANINGLESS[code]):
            eval(code, {"nn": nn, "data": data, "DATA": DATA})


# --------------------------------------------------------------------------------- tensors and modules

OTHER_NAMES = {"value": "other", "tensor2": "other", "mat2": "other"}  # names that only PyTorch's texts use
METHODS = [
    *("add", "sub", "mul", "div", "pow", "matmul", "mm", "maximum", "minimum", "clip", "clamp", "softmax"),
    *("sum", "mean", "var", "std", "max", "min", "argmax", "argmin", "all", "any", "size", "numpy", "clone", "to"),
    *("float", "double", "long", "requires_grad_", "reshape", "view", "transpose", "permute", "flatten", "squeeze"),
    *("unsqueeze", "expand", "add_", "sub_", "mul_", "div_", "zero_", "exp", "tanh", "item", "tolist", "numel"),
]
FUNCTIONS = ["cat", "stack", "where", "zeros", "ones", "randn", "arange", "tensor"]


@pytest.mark.parametrize("name", [*METHODS, *FUNCTIONS])
def test_a_function_has_the_arguments_of_torchs_text(name: str) -> None:
    ours_, theirs = (ours, torch) if name in FUNCTIONS else (ours.Tensor, torch.Tensor)
    signature = re.match(r"\w+\((.*?)\) ->", getattr(theirs, name).__doc__.strip().replace("\n", " "))
    assert signature, name
    documented = re.findall(r"(?:^|, )(?!\*)(\w+)", signature[1])
    assert {OTHER_NAMES.get(word, word) for word in documented} - {"start", *parameters(getattr(ours_, name))} == set()


@pytest.mark.parametrize(
    "method",
    [
        *("named_modules", "modules", "named_parameters", "parameters", "buffers", "state_dict", "register_buffer"),
        *("load_state_dict", "train", "zero_grad"),
    ],
)
def test_a_method_of_a_module_has_the_parameters_of_torch(method: str) -> None:
    assert_same_parameters(getattr(ours.Module, method), getattr(torch.nn.Module, method))


def test_backward_has_the_parameters_of_torch() -> None:
    assert_same_parameters(ours.Tensor.backward, torch.Tensor.backward)


X = RNG.standard_normal((3, 4))
Y = RNG.standard_normal((3, 4))
PROGRAMS = {
    "x.add(y, alpha=2)": (X, Y),
    "x.sub(other=y, alpha=-0.5)": (X, Y),
    "x.add(y[0], alpha=2)": (X, Y),
    "x.add(3, alpha=2)": (X,),
    "x.add(y, alpha=2) ": (np.arange(3), np.arange(3)),
    "x.clone().sub_(y, alpha=3)": (X, Y),
    "x.clone().add_(other=2, alpha=3)": (X,),
    "x.mul(other=y).div(other=y).pow(exponent=2)": (X, Y),
    "x.maximum(other=y) @ y.minimum(other=x).T": (X, Y),
    "x.max(y) + x.min(y)": (X, Y),
    "x.sum(dim=1, keepdim=True, dtype=lib.float32)": (X,),
    "x.sum(dim=1, dtype=lib.int32)": (np.arange(6).reshape(2, 3),),
    "x.mean(dtype=lib.float32)": (np.arange(6).reshape(2, 3),),
    "x.mean(0, True, dtype=lib.float64)": (X.astype(np.float32),),
    "x.softmax(dim=1, dtype=lib.float64)": (X.astype(np.float32),),
    "x.log_softmax(1, dtype=lib.float64)": (np.arange(6).reshape(2, 3),),
    "x.var(False)": (X,),
    "x.std(unbiased=False)": (X,),
    "x.var(1, correction=0, keepdim=True)": (X,),
    "x.to('cpu', lib.float32)": (X,),
    "x.to(dtype=lib.float32, device='cpu', non_blocking=True, copy=True)": (X,),
    "x.to(y)": (X, Y.astype(np.float32)),
    "lib.zeros(2, 3, dtype=None) + lib.ones(3, dtype=None, requires_grad=True)": (),
    "lib.where(condition=x > 0, input=x, other=y)": (X, Y),
}


class Dtypes:
    """A library with dtypes under PyTorch's names."""

    def __init__(self, lib: Any) -> None:
        self.lib = lib

    def __getattr__(self, name: str) -> Any:
        if self.lib is ours and name in ("float32", "float64", "int32"):
            return name
        return getattr(self.lib, name)


@pytest.mark.parametrize("code", PROGRAMS)
def test_arguments_of_methods(code: str) -> None:
    names = "xy"[: len(PROGRAMS[code])]

    def program(lib, *tensors):
        return eval(code, {"lib": Dtypes(lib), **dict(zip(names, tensors, strict=True))})

    assert_as_torch(program, *PROGRAMS[code], rtol=1e-6, atol=1e-6)


REFUSALS = {  # code: the argument that the message names
    "x.div(2, rounding_mode='floor')": "rounding_mode='floor'",
    "x.div_(2, rounding_mode='trunc')": "rounding_mode='trunc'",
    "x.mul_(2, alpha=3)": "alpha=3",
    "x.clone(memory_format='channels_last')": "memory_format",
    "x.to('float64', memory_format='channels_last')": "memory_format",
    "x.float(memory_format='channels_last')": "memory_format",
    "x.sum().backward(create_graph=True)": "create_graph=True",
    "x.sum().backward(inputs=[x])": "inputs",
    "x.clip(x, 1)": "min",
    "x.clip(max=x)": "max",
    "lib.cat([x], out=x)": "out",
    "lib.stack([x], out=x)": "out",
    "lib.where(x > 0, x, x, out=x)": "out",
    "lib.zeros(2, out=x)": "out",
    "lib.ones(2, layout='sparse')": "layout='sparse'",
    "lib.randn(2, pin_memory=True)": "pin_memory=True",
    "lib.arange(3, layout='sparse')": "layout='sparse'",
    "lib.tensor([1], pin_memory=True)": "pin_memory=True",
    "lib.Linear(2, 2).register_buffer('b', x, persistent=False)": "persistent=False",
    "lib.Linear(2, 2).load_state_dict({}, assign=True)": "assign=True",
    "lib.Linear(2, 2).state_dict(destination={})": "destination",
    "list(lib.Linear(2, 2).named_modules(memo={1}))": "memo",
    "lib.Linear(2, 2).to('cpu', memory_format='channels_last')": "memory_format",
}


@pytest.mark.parametrize("code", REFUSALS)
def test_what_methods_refuse(code: str) -> None:
    with pytest.raises(NotImplementedError, match=re.escape(REFUSALS[code])):
        eval(code, {"lib": ours, "x": ours.ones(2, requires_grad=True)})


def test_arguments_of_the_methods_of_a_module() -> None:
    for lib, layers in ((ours, ours), (torch, torch.nn)):
        shared = layers.Linear(2, 3)
        model = layers.Sequential(shared, layers.Sequential(shared, layers.BatchNorm1d(3)))
        model.register_buffer("extra", tensor=lib.zeros(1))
        assert [name for name, _ in model.named_parameters(prefix="m", remove_duplicate=False)] == [
            *("m.0.weight", "m.0.bias", "m.1.0.weight", "m.1.0.bias", "m.1.1.weight", "m.1.1.bias")
        ]
        assert (len(list(model.parameters(recurse=False))), len(list(shared.parameters(recurse=False)))) == (0, 2)
        assert len(list(model.buffers(recurse=False))) == 1
        assert len(list(model.modules(remove_duplicate=False))) == 5
        assert next(iter(model.named_modules(prefix="m")))[0] == "m"
        assert shared.state_dict(prefix="a.", keep_vars=True)["a.weight"] is shared.weight
        shared(lib.ones(1, 2)).sum().backward()
        model.zero_grad(set_to_none=False)
        assert shared.weight.grad.tolist() == [[0.0, 0.0]] * 3
        model.zero_grad()
        assert shared.weight.grad is None
    double = ours.ones(1, dtype="float64")
    assert ours.Linear(2, 3).to(double).weight.dtype == ours.Linear(2, 3).to(dtype="float64").weight.dtype == np.float64
    assert double.to(double) is double is not double.to("float64", copy=True)
    assert ours.ones(2, requires_grad=True).numpy(force=True).tolist() == [1.0, 1.0]
    draws = [ours.randn(3, generator=np.random.default_rng(1)).tolist() for _ in range(2)]
    assert draws[0] == draws[1]
    with pytest.raises(RuntimeError, match=r"alpha.*0\.5"):
        ours.arange(3).add(ours.arange(3), alpha=0.5)
