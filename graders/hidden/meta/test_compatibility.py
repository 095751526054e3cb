"""Convert modules and tensors from PyTorch and back. twin.py derives the tolerance.

Only the conversion itself runs in a worker that has torch. The results of from_torch are used in a worker without
torch, and the arguments of to_torch come from such a worker. So a framework that uses torch itself fails.
"""

import re

import numpy as np

from graders.checks import cases, task
from graders.checks.mismatch import fail
from graders.hidden.meta.twin import Stage, check, check_refusals, outcome

# each expression works in both PyTorch and the framework; its input has the given shape
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
    """Return the same expression with `nn.` in front of the names of layers."""
    return re.sub(rf"\b({'|'.join(NAMES)})\(", r"nn.\1(", make)


def given(draw, make, shape):
    x = draw.normal(*shape)
    y = outcome(f"y = {make}.double()(x)", {"x": x}, {}, ["y"], wide=False).values["y"]
    return {"x": x}, {"g": np.random.default_rng(draw.seed()).standard_normal(y.shape), "seed": draw.seed()}


@task("compatibility", title="Layers convert from and to PyTorch")
@cases(2 * len(LAYERS) + 2)
def test_layers_convert_both_ways(kata, draw, probes):
    """The conversion keeps arguments, numbers and dtypes, and the converted layer has its own memory."""
    make, shape = (*LAYERS, (NETWORK, (2, 1, 6, 6)))[draw.case // 2]
    leaves, constants = given(draw, make, shape)
    mode = "" if "Dropout" not in make and draw.case % 4 < 2 else "\nmodel.eval()\nsource.eval()"
    if draw.case % 2:
        code = (
            f"source = fill({in_torch(make)}.double(), seed)\nmodel = from_torch(source){mode}\nfill(source, seed + 1)"
        )
        stages = [Stage("torch", code, ("model",)), Stage("numpy", "y = model(x)\ny.backward(g)")]
    else:
        code = f"""source = {make}
source.to(float64)
for i, (name, parameter) in enumerate(sorted(source.named_parameters())):
    put(parameter, np.random.default_rng(seed + i).standard_normal(parameter.shape))"""
        run = f"""model = to_torch(source){mode}
for parameter in source.parameters():
    put(parameter, np.zeros(parameter.shape))
z = torch.tensor(snapshot(x), requires_grad=True)
y = model(z)
y.backward(torch.tensor(snapshot(g)))"""
        stages = [Stage("numpy", code, ("source",)), Stage("torch", run)]
    report = ["y", "x.grad" if draw.case % 2 else "z.grad", "sorted(model.state_dict())", "model.training"]
    report += ["{name: p.grad for name, p in model.named_parameters()}"]
    check(kata, probes, "", leaves, constants, report, stages=stages)


@task("compatibility")
@cases(2)
def test_modes_and_embeddings(kata, draw, probes):
    """Layers keep their modes and running statistics, and an embedding keeps its rows."""
    constants = {"i": draw.integers(0, 6, 3, 2), "seed": draw.seed(), "g": draw.normal(3, 2, 4)}
    code = "source = fill(nn.Embedding(6, 4).double(), seed)\nmodel = from_torch(source)"
    stages = [Stage("torch", code, ("model",)), Stage("numpy", "y = model(i)\ny.backward(g)")]
    check(kata, probes, "", constants=constants, report=["y", "model.weight.grad"], stages=stages)
    code = """
        source = fill(nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.25)), seed)
        source(torch.ones(3, 4))
        source[1].eval()
        model = from_torch(source)
    """
    modes = "modes = [each.training for each in (model, model[0], model[1])]"
    back = """
        back = to_torch(model)
        modes = modes + [each.training for each in (back, back[0], back[1])]
        state = snapshot(dict(back.state_dict()))
        kinds = [type(each).__name__ for each in (back, back[0], back[1])]
        p = back[1].p
        torchs = [isinstance(each, nn.Module) for each in (back, back[0])]
    """
    stages = [Stage("torch", code, ("model",)), Stage("numpy", modes, ("model", "modes")), Stage("torch", back)]
    check(kata, probes, "", constants=constants, report=["modes", "state", "kinds", "p", "torchs"], stages=stages)


@task("compatibility", title="Tensors convert from and to PyTorch")
@cases(2)
def test_tensors_convert_both_ways(kata, draw, probes):
    a, b = draw.sizes("a b", low=1, high=5)
    kinds = (np.float32, np.float64, np.int64, np.bool_)
    arrays = {
        f"raw{i}": (draw.normal(a, b, scale=3) > 0 if kind is np.bool_ else abs(draw.normal(a, b, scale=3))).astype(
            kind
        )
        for i, kind in enumerate(kinds)
    }
    arrays["raw4"] = np.asarray(draw.normal())
    values = ", ".join(f"raw{i}" for i in range(5))
    code = f"""
        ours = [from_torch(torch.tensor(raw)) for raw in [{values}]]
        source = torch.zeros(3)
        copied = from_torch(source)
        source += 1
    """
    stages = [Stage("torch", code, ("ours", "copied")), Stage("numpy", "doubled = [each + each for each in ours[1:2]]")]
    check(kata, probes, "", constants=arrays, report=["ours", "copied", "doubled"], stages=stages)
    code = f"tensors = [Tensor(raw) for raw in [{values}]]\nmine = Tensor(raw0)"
    back = """
        theirs = [to_torch(each) for each in tensors]
        given = to_torch(mine)
        mine += 1
        kinds = [isinstance(each, torch.Tensor) for each in theirs]
    """
    stages = [Stage("numpy", code, ("tensors", "mine")), Stage("torch", back)]
    check(kata, probes, "", constants=arrays, report=["theirs", "given", "kinds"], stages=stages)


@task("compatibility", title="State dicts convert from and to PyTorch")
@cases(2)
def test_state_dicts_convert_both_ways(kata, draw, probes):
    x = {"x": draw.normal(2, 1, 6, 6, dtype=np.float32)}
    source = f"source = fill({in_torch(NETWORK)}, seed).eval()"
    code = f"{source}\nmodel = {NETWORK}\nmodel.load_state_dict(source.state_dict())\nmodel.eval()"
    run = "y = snapshot(model(x))\nstate = snapshot(dict(model.state_dict()))"
    back = f"""
        {source}
        back = {in_torch(NETWORK)}
        back.load_state_dict({{name: torch.as_tensor(np.array(value)) for name, value in state.items()}})
        same = all(torch.equal(value, back.state_dict()[name]) for name, value in source.state_dict().items())
    """
    stages = [Stage("torch", code, ("model",)), Stage("numpy", run, ("y", "state")), Stage("torch", back)]
    check(kata, probes, "", constants=x | {"seed": draw.seed()}, report=["y", "same"], stages=stages)


@task("refusals", title="Errors for layers that can't be converted")
@cases(1)
def test_errors_for_layers_that_cannot_be_converted(kata, probes):
    lines = ["from_torch(nn.Bilinear(2, 2, 2))", "from_torch(nn.Sequential(nn.Linear(2, 2), nn.LSTM(2, 2)))"]
    why, allowed = "the framework has no such layer", ["from_torch(nn.Sequential(nn.Linear(2, 2), nn.Tanh()))"]
    texts = check_refusals(kata.beside("torch"), probes, lines, {}, {}, ["TypeError"], why, allowed=allowed)
    for name, text in zip(("Bilinear", "LSTM"), texts, strict=True):
        if name not in text:
            fail(f"from_torch: the message should name the layer {name}; the message is: {text}", name, text)
