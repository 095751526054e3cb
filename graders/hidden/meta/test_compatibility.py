"""Modules and tensors from PyTorch and back; here a worker has torch. See twin.py for the allowance."""

import re

import numpy as np

from graders.checks import cases, task
from graders.checks.mismatch import fail
from graders.hidden.meta.twin import check, check_refusals, outcome

# as PyTorch and the framework both spell them; the shape of an input
LAYERS = (
    ("Linear(4, 3)", (5, 4)),
    ("Linear(4, 3, bias=False)", (5, 4)),
    ("Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 0), groups=2)", (2, 2, 6, 5)),
    ("Conv2d(2, 3, 2, dilation=2, bias=False)", (2, 2, 6, 5)),
    ("MaxPool2d((2, 3), stride=2, padding=(1, 1))", (2, 3, 6, 7)),
    ("MaxPool2d(3, stride=1, dilation=2)", (2, 3, 6, 7)),
    ("AvgPool2d(3, stride=2, padding=1)", (2, 3, 6, 7)),
    ("Flatten(start_dim=0, end_dim=1)", (2, 3, 4)),
    ("ReLU()", (3, 4)),
    ("LeakyReLU(negative_slope=0.3)", (3, 4)),
    ("ELU(alpha=0.7)", (3, 4)),
    ("GELU()", (3, 4)),
    ("GELU(approximate='tanh')", (3, 4)),
    ("Sigmoid()", (3, 4)),
    ("Tanh()", (3, 4)),
    ("Softmax(dim=0)", (3, 4)),
    ("LayerNorm((3, 4), eps=0.01)", (2, 3, 4)),
    ("LayerNorm(4, elementwise_affine=False)", (3, 4)),
    ("BatchNorm1d(4, eps=0.01, momentum=0.3)", (5, 4)),
    ("BatchNorm2d(3, affine=False)", (2, 3, 4, 4)),
)
NETWORK = (
    "Sequential(Conv2d(1, 3, 3, padding=1), BatchNorm2d(3), ReLU(), MaxPool2d(2), Flatten(), "
    "Sequential(Linear(27, 5), Tanh(), Dropout(0.3)), Linear(5, 4))"
)
NAMES = sorted({make.partition("(")[0] for make, _ in LAYERS} | {"Dropout", "Embedding", "Sequential", "ModuleList"})


def in_torch(make):
    """The same expression with PyTorch's classes."""
    return re.sub(rf"\b({'|'.join(NAMES)})\(", r"nn.\1(", make)


def given(draw, make, shape):
    x = draw.normal(*shape)
    y = outcome(f"y = {make}.double()(x)", {"x": x}, {}, ["y"], wide=False).values["y"]
    return {"x": x}, {"g": np.random.default_rng(draw.seed()).standard_normal(y.shape), "seed": draw.seed()}


@task("compatibility", title="Layers are converted from and to PyTorch")
@cases(2 * len(LAYERS) + 2)
def test_layers_cross_both_ways(kata, draw, probes):
    """With their arguments, numbers and dtype; the copy has its own memory."""
    make, shape = (*LAYERS, (NETWORK, (2, 1, 6, 6)))[draw.case // 2]
    leaves, constants = given(draw, make, shape)
    mode = "" if "Dropout" not in make and draw.case % 4 < 2 else "\nmodel.eval()\nsource.eval()"
    if draw.case % 2:
        code = (
            f"source = fill({in_torch(make)}.double(), seed)\nmodel = from_torch(source){mode}\nfill(source, seed + 1)"
        )
        run, changed = "y = model(x)\ny.backward(g)", ""
    else:
        code = f"""source = {make}
source.to(float64)
for i, (name, parameter) in enumerate(sorted(source.named_parameters())):
    put(parameter, np.random.default_rng(seed + i).standard_normal(parameter.shape))
model = to_torch(source){mode}
for parameter in source.parameters():
    put(parameter, np.zeros(parameter.shape))"""
        run = "z = torch.tensor(snapshot(x), requires_grad=True)\ny = model(z)\ny.backward(torch.tensor(snapshot(g)))"
        changed = "z.grad"
    report = ["y", changed or "x.grad", "sorted(model.state_dict())", "model.training"]
    report += ["{name: p.grad for name, p in model.named_parameters()}"]
    check(kata, probes, f"{code}\n{run}", leaves, constants, report)


@task("compatibility")
@cases(2)
def test_modes_and_embeddings(kata, draw, probes):
    """Evaluation stays evaluation, in every layer; rows are looked up; running statistics come along."""
    constants = {"i": draw.integers(0, 6, 3, 2), "seed": draw.seed(), "g": draw.normal(3, 2, 4)}
    code = "source = fill(nn.Embedding(6, 4).double(), seed)\nmodel = from_torch(source)\ny = model(i)\ny.backward(g)"
    check(kata, probes, code, constants=constants, report=["y", "model.weight.grad"])
    code = """
        source = fill(nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.25)), seed)
        source(torch.ones(3, 4))
        source[1].eval()
        model = from_torch(source)
        back = to_torch(model)
        modes = [each.training for each in (model, model[0], model[1], back, back[0], back[1])]
        state = snapshot(dict(back.state_dict()))
        kinds = [type(each).__name__ for each in (back, back[0], back[1])]
        p = back[1].p
        torchs = [isinstance(each, nn.Module) for each in (back, back[0], source)]
    """
    check(kata, probes, code, constants=constants, report=["modes", "state", "kinds", "p", "torchs"])


@task("compatibility", title="Tensors are converted from and to PyTorch")
@cases(2)
def test_tensors_cross_both_ways(kata, draw, probes):
    a, b = draw.sizes("a b", low=1, high=5)
    kinds = (np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_, np.float16)
    arrays = {
        f"raw{i}": (draw.normal(a, b, scale=3) > 0 if kind is np.bool_ else abs(draw.normal(a, b, scale=3))).astype(
            kind
        )
        for i, kind in enumerate(kinds)
    }
    arrays["raw7"] = np.asarray(draw.normal())
    values = ", ".join(f"raw{i}" for i in range(8))
    code = f"""
        raws = [{values}]
        ours = [from_torch(torch.tensor(raw)) for raw in raws]
        theirs = [to_torch(Tensor(raw)) for raw in raws]
        source = torch.zeros(3)
        copied = from_torch(source)
        source += 1
        mine = Tensor(raws[0])
        given = to_torch(mine)
        mine += 1
        kinds = [isinstance(each, Tensor) for each in ours] + [isinstance(each, torch.Tensor) for each in theirs]
    """
    reference = code.replace("isinstance(each, Tensor)", "isinstance(each, torch.Tensor)")
    report = ["ours", "theirs", "copied", "given", "kinds"]
    check(kata, probes, code, constants=arrays, report=report, reference=reference)


@task("compatibility", title="States are converted from and to PyTorch")
@cases(2)
def test_states_cross_both_ways(kata, draw, probes):
    """A state_dict of either is taken by the other, as tensors or arrays."""
    x = {"x": draw.normal(2, 1, 6, 6, dtype=np.float32)}
    code = f"""
        source = fill({in_torch(NETWORK)}, seed).eval()
        model = {NETWORK}
        model.load_state_dict(source.state_dict())
        model.eval()
        y = snapshot(model(x))
        back = {in_torch(NETWORK)}
        state = snapshot(dict(model.state_dict()))
        back.load_state_dict({{name: torch.as_tensor(np.array(value)) for name, value in state.items()}})
        same = all(torch.equal(value, back.state_dict()[name]) for name, value in source.state_dict().items())
    """
    check(kata, probes, code, constants=x | {"seed": draw.seed()}, report=["y", "same"])


@task("compatibility", title="What cannot be converted is refused")
@cases(1)
def test_what_cannot_cross(kata, probes):
    lines = ["from_torch(nn.Bilinear(2, 2, 2))", "from_torch(nn.Sequential(nn.Linear(2, 2), nn.LSTM(2, 2)))"]
    texts = check_refusals(kata, probes, lines, {}, {}, ["TypeError"], "there is no such layer here")
    for name, text in zip(("Bilinear", "LSTM"), texts, strict=True):
        if name not in text:
            fail(f"from_torch: the message should name the layer {name}; it says: {text}", name, text)
