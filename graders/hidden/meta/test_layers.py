"""Compare layers and modules with torch.nn. twin.py derives the tolerance."""

import numpy as np
from torch import nn

from graders.checks import (
    assert_bernoulli,
    assert_independent,
    assert_normal,
    assert_uniform,
    away_from_kinks,
    cases,
    task,
)
from graders.checks.mismatch import fail
from graders.hidden.meta.twin import MLP, check, check_refusals, dedented, outcome, ran

FLOATS = ("float32", "float64")


def check_layer(kata, probes, draw, make, x, parameters=(), kind="float32", numerically=True):
    lines = [f"layer = {make}", *([f"layer.to({kind})"] if kind != "float32" else [])]
    rng = np.random.default_rng(draw.seed())
    shapes = outcome("\n".join(lines), {}, {}, [f"layer.{name}" for name in parameters], wide=False).values
    constants = {}
    for name in parameters:
        constants[f"raw_{name}"] = rng.standard_normal(shapes[f"layer.{name}"].shape).astype(kind)
        lines.append(f"put(layer.{name}, raw_{name})")
    lines.append("y = layer(x)")
    report = ["y", "x.grad", *(f"layer.{name}.grad" for name in parameters)]
    function = torchs_layer(make, parameters)
    inputs = dict(zip(report[1:], [x, *constants.values()], strict=True))
    numeric = (function, inputs) if numerically else None
    check(kata, probes, "\n".join(lines), {"x": x}, constants, report, draw=draw, numerically=numeric)


def torchs_layer(make, parameters):
    """Return PyTorch's layer as a function of the input and the parameters."""
    layer = eval(make, dict(vars(nn))).double()

    def function(x, *values):
        layer._parameters.update(zip(parameters, values, strict=True))
        return layer(x)

    return function


@task("layers")
@cases(8)
def test_linear(kata, draw, probes):
    n, m, inputs, outputs = draw.sizes("n m inputs outputs", low=1, high=6)
    kind = FLOATS[draw.case % 2]
    shape = ((n, inputs), (inputs,), (n, m, inputs), (1, inputs))[draw.case // 2]
    x = draw.normal(*shape).astype(kind)
    check_layer(kata, probes, draw, f"Linear({inputs}, {outputs})", x, ["weight", "bias"], kind)
    check_layer(kata, probes, draw, f"Linear({inputs}, {outputs}, bias=False)", x, ["weight"], kind)
    code = f"layer = Linear({inputs}, {outputs}, bias=False)\nnames = [name for name, _ in layer.named_parameters()]"
    report = ["layer.bias", "names", "layer.weight.shape", "layer.weight.dtype", "layer.weight.is_leaf"]
    check(kata, probes, code, report=report)
    if draw.case == 0:
        arrays = {"raw": draw.normal(n, inputs, dtype=np.float32), "raw_w": draw.normal(outputs, inputs)}
        code = f"layer = Linear({inputs}, {outputs}, bias=False)\nput(layer.weight, raw_w)\ny = layer(raw)"
        check(kata, probes, code, constants=arrays, report=["y"], reference=code.replace("(raw)", "(Tensor(raw))"))


ACTIVATIONS = (
    *("ReLU()", "LeakyReLU()", "LeakyReLU(0.2)", "LeakyReLU(negative_slope=0.5)", "ELU()", "ELU(alpha=0.5)", "GELU()"),
    *(
        "GELU(approximate='tanh')",
        "GELU(approximate='none')",
        "Sigmoid()",
        "Tanh()",
        "Softmax(dim=-1)",
        "Softmax(dim=0)",
    ),
    *("Flatten()", "Flatten(start_dim=0)", "Flatten(0, 1)", "Flatten(start_dim=1, end_dim=2)"),
)


@task("layers")
@cases(4)
def test_activations_and_flatten(kata, draw, probes):
    a, b, c = draw.sizes("a b c", low=2, high=4)
    kind = FLOATS[draw.case % 2]
    x = away_from_kinks(draw.normal(a, b, c, scale=2), distance=1e-2).astype(kind)
    for make in ACTIVATIONS:
        check_layer(kata, probes, draw, make, x, kind=kind)


@task("corners", title="Activations for large inputs")
@cases(2)
def test_activations_of_large_numbers(kata, draw, probes):
    kind = FLOATS[draw.case]
    far = np.array([-300.0, -40.0, -9.0, -5.0, -1e-3, 1e-3, 5.0, 9.0, 40.0, 300.0], kind)
    for make in ACTIVATIONS[:-4]:
        check_layer(kata, probes, draw, make, far, kind=kind, numerically=False)


@task("refusals", title="Errors raised by layers")
@cases(1)
def test_errors_of_layers(kata, probes):
    x = {"x": np.ones((2, 5), np.float32)}
    why, allowed = "the layer has 4 inputs, x has 5", ["Linear(5, 3)(x)"]
    check_refusals(kata, probes, ["Linear(4, 3)(x)"], {}, x, ["RuntimeError"], why, allowed=allowed)
    outside = {"i": np.array([0, 4]), "j": np.array([-1, 0])}
    lines = ["Embedding(4, 2)(i)", "Embedding(4, 2)(j)"]
    check_refusals(
        kata, probes, lines, {}, outside, ["IndexError"], "the table has 4 rows", allowed=["Embedding(5, 2)(i)"]
    )
    lines, allowed = ["Dropout(-0.1)", "Dropout(1.5)"], ["Dropout(0.1)", "Dropout(0.5)"]
    check_refusals(kata, probes, lines, {}, {}, ["ValueError"], "p must be a probability", allowed=allowed)


@task("corners", title="Dropout with p = 0 and p = 1")
@cases(2)
def test_dropout_with_p_0_and_p_1(kata, draw, probes):
    given = {"x": draw.normal(3, 3, dtype=np.float32)}
    code = f"y = Dropout({float(draw.case)})(x)\ny.backward(g)"
    check(kata, probes, code, given, {"g": draw.normal(3, 3, dtype=np.float32)})


def spaced(draw, rows, *shape, level=1.0):
    """Return an array (rows, *shape) of shuffled numbers 0.3 to 0.7 apart, in which each row has its own mean.

    So no variance is small compared with the squares of the numbers, which would magnify rounding errors.
    """
    rng, size = np.random.default_rng(draw.seed()), int(np.prod(shape))
    numbers = np.stack([rng.permutation(size) / 2 for _ in range(rows)]) + rng.uniform(-0.1, 0.1, (rows, size))
    return (numbers + level * rng.standard_normal((rows, 1)) - size / 4).reshape(rows, *shape)


@task("layers")
@cases(6)
def test_layer_norm(kata, draw, probes):
    n, m, features = draw.sizes("n m features", low=2, high=6)
    kind = FLOATS[draw.case % 2]
    x = spaced(draw, n * m, features).reshape(n, m, features).astype(kind)
    makes = {f"LayerNorm({features})": 2, f"LayerNorm(({m}, {features}))": 2, f"LayerNorm({features}, eps=0.1)": 2}
    makes[f"LayerNorm({features}, elementwise_affine=False)"] = 0
    for make, count in makes.items():
        check_layer(kata, probes, draw, make, x, ["weight", "bias"][:count], kind)
    code = f"layer = LayerNorm(({m}, {features}))"
    check(kata, probes, code, report=["layer.weight", "layer.bias", "sorted(layer.state_dict())"])


@task("layers")
@cases(8)
def test_batch_norm(kata, draw, probes):
    """Training uses the batch's statistics and updates the running statistics, which evaluation uses."""
    n, channels, length, width = draw.sizes("n channels length width", low=2, high=5)
    kind = FLOATS[draw.case % 2]
    name, shape = (
        ("BatchNorm1d", (n, channels)),
        ("BatchNorm1d", (n, channels, length)),
        ("BatchNorm2d", (n, channels, length, width)),
        ("BatchNorm2d", (1, channels, length, width)),
    )[draw.case // 2]
    options = ("", ", momentum=0.3", ", eps=0.1", "")[(draw.case + 1) // 2 % 4]
    batches = [spaced(draw, channels, shape[0], *shape[2:]).swapaxes(0, 1).astype(kind) for _ in range(3)]
    constants = {"raw_w": draw.normal(channels), "raw_b": draw.normal(channels), "v": batches[1], "u": batches[2]}
    constants["g"] = draw.normal(*shape).astype(kind)
    code = f"""
        layer = {name}({channels}{options})
        layer.to({kind})
        first = [snapshot(layer.running_mean), snapshot(layer.running_var), int(snapshot(layer.num_batches_tracked))]
        put(layer.weight, raw_w)
        put(layer.bias, raw_b)
        y = layer(x)
        y.backward(g)
        second = [snapshot(layer.running_mean), snapshot(layer.running_var), int(snapshot(layer.num_batches_tracked))]
        z = layer(v)
        layer.eval()
        p = layer(u)
        third = [snapshot(layer.running_mean), snapshot(layer.running_var), int(snapshot(layer.num_batches_tracked))]
        q = Tensor(snapshot(x), requires_grad=True)
        r = layer(q)
        r.backward(g)
        layer.train()
        s = layer(u)
    """
    report = ["first", "y", "x.grad", "second", "z", "p", "third", "r", "q.grad", "s", "layer.weight.grad"]
    report += ["layer.bias.grad", "sorted(layer.state_dict())"]
    check(kata, probes, code, {"x": batches[0]}, constants, report)
    plain = f"layer = {name}({channels}, affine=False)\nlayer.to({kind})\ny = layer(x)\ny.backward(g)"
    names = ["sorted(layer.state_dict())", "len(list(layer.parameters()))"]
    numeric = torchs_layer(f"{name}({channels}, affine=False)", ()), {"x.grad": batches[0]}
    given = {"g": constants["g"]}
    check(kata, probes, plain, {"x": batches[0]}, given, ["y", "x.grad", *names], numerically=numeric)


@task("layers")
@cases(4)
def test_embedding(kata, draw, probes):
    rows, features, n, m = draw.sizes("rows features n m", low=2, high=6)
    kind = FLOATS[draw.case % 2]
    shape = ((n, m), (n,), (n, m, 2), ())[draw.case]
    index = np.asarray(draw.integers(0, rows, *shape))
    constants = {"i": index, "raw_w": draw.normal(rows, features), "g": draw.normal(*shape, features).astype(kind)}
    code = f"layer = Embedding({rows}, {features})\nlayer.to({kind})\nput(layer.weight, raw_w)\n"
    code += "y = layer(i)\ny.backward(g)"
    check(kata, probes, code, constants=constants, report=["y", "layer.weight.grad"])


@task("layers")
@cases(2)
def test_initial_weights(kata, draw, probes):
    """Linear draws weights and biases uniformly within ±1/√inputs. Embedding draws standard normal weights."""
    seed = draw.seed()
    code = """
        manual_seed(seed)
        layers = [Linear(inputs, 60) for _ in range(20)]
        table = Embedding(80, 50)
        again = [Linear(inputs, 60) for _ in range(2)]
        manual_seed(seed)
        same = Linear(inputs, 60)
        weights = [layer.weight for layer in layers]
        biases = [layer.bias for layer in layers]
    """
    inputs = (30, 7)[draw.case]
    report = ["weights", "biases", "table.weight", "again[0].weight", "same.weight", "same.bias", "seeded"]
    found = ran(kata, probes, code, {}, {"seed": seed, "inputs": inputs}, report)
    bound = 1 / np.sqrt(inputs) * (1 + 1e-6)
    for name in ("weights", "biases"):
        samples = np.stack(found[name]).astype(np.float64)
        with_about = f"{name} of Linear({inputs}, 60)"
        assert_about(with_about, assert_uniform, samples, -bound, bound)
        assert_about(with_about, assert_independent, samples, 0.0)
    assert_about("weight of Embedding(80, 50)", assert_normal, found["table.weight"], 0, 1)
    repeated = np.array_equal(found["same.weight"], found["weights"][0])
    if found["seeded"] and not (repeated and np.array_equal(found["same.bias"], found["biases"][0])):
        fail("the same manual_seed should give a layer the same weights", found["weights"][0], found["same.weight"])


def assert_about(subject, check_samples, *arguments):
    """Check a distribution. If it is wrong, the message starts with the subject."""
    from graders.checks import about

    with about(subject):
        check_samples(*arguments)


@task("layers")
@cases(4)
def test_dropout(kata, draw, probes):
    """In training, elements and gradients are zeroed with probability p, and the others are divided by 1 - p."""
    p = (0.5, 0.2, 0.7, 0.5)[draw.case]
    make = "Dropout()" if draw.case == 3 else f"Dropout(p={p})" if draw.case else f"Dropout({p})"
    n, m = 60, 70
    x, g = draw.uniform(1, 2, n, m, dtype=np.float32), draw.uniform(1, 2, n, m, dtype=np.float32)
    code = f"""
        layer = {make}
        manual_seed(seed)
        y = layer(x)
        y.backward(g)
        z = layer(x)
        manual_seed(seed)
        again = layer(x)
        layer.eval()
        e = layer(x)
        layer.train()
        t = layer(x)
    """
    report = ["y", "x.grad", "z", "again", "e", "t", "seeded"]
    found = ran(kata, probes, code, {"x": x}, {"g": g, "seed": draw.seed()}, report)
    for name, factor in (("y", x), ("x.grad", g), ("z", x), ("t", x)):
        ratio = found[name] / factor
        masked = np.where(ratio == 0, 0.0, 1.0)
        subject = f"{make}, {'gradient' if name == 'x.grad' else 'output'}"
        if found[name].dtype != np.float32 or not np.allclose(ratio, masked / (1 - p), rtol=1e-5):
            fail(f"{subject}: elements should be 0, or multiplied by 1 / (1 - {p})", None, ratio)
        assert_about(f"{subject}, fraction of elements kept", assert_bernoulli, masked, 1 - p)
        assert_about(subject, assert_independent, masked, 1 - p)
    if not np.array_equal(found["y"] == 0, found["x.grad"] == 0):
        fail(f"{make}: the gradient should be 0 exactly where the output is", None, None)
    if np.mean((found["y"] == 0) == (found["z"] == 0)) > 0.95:
        fail(f"{make}: a second call should drop different elements", None, None)
    if found["seeded"] and not np.array_equal(found["y"], found["again"]):
        fail(f"{make}: the same manual_seed should drop the same elements", None, None)
    if not np.array_equal(found["e"], x):
        fail(f"{make}.eval() should change nothing", x, found["e"])


# ----------------------------------------------------------------------------------------------- modules

MODEL = """
class Scale(Module):
    def __init__(self, features):
        self.factor = Parameter(np.ones(features, "float32"))
        self.register_buffer("calls", Tensor(np.zeros(1, "float32")))

    def forward(self, x, power=1):
        return x * self.factor ** power

class MyModel(Module):
    def __init__(self, inputs=4, hidden=5):
        self.fc1 = Linear(inputs, hidden)
        self.middle = Sequential(Tanh(), Linear(hidden, hidden), ReLU(), BatchNorm1d(hidden))
        self.name = "mine"
        self.scale = Scale(hidden)
        self.fc2 = Linear(hidden, 3)
        self.nothing = None

    def forward(self, x):
        return self.fc2(self.scale(self.middle(self.fc1(x)), power=2))
"""


def as_torch(code):
    """Insert calls to super().__init__(), which PyTorch's modules need."""
    for line in (
        "    def __init__(self, features):\n",
        "    def __init__(self, inputs=4, hidden=5):\n",
        "    def __init__(self):\n",
    ):
        code = code.replace(line, f"{line}        super().__init__()\n")
    return code


def check_model(kata, probes, code, leaves=None, constants=None, report=(), model=MODEL):
    code = model + dedented(code)
    check(kata, probes, code, leaves, constants, report, reference=as_torch(code))


@task("layers", title="Modules find their parameters and submodules")
@cases(1)
def test_modules_find_their_parameters(kata, draw, probes):
    """Modules needn't call super().__init__(), and a parameter with two names counts only once."""
    code = """
        model = MyModel()
        names = sorted(name for name, _ in model.named_parameters())
        shapes = {name: p.shape for name, p in model.named_parameters()}
        count = len(list(model.parameters()))
        keys = sorted(model.state_dict())
        kinds = [len(list(model.modules())), sum(isinstance(module, Linear) for module in model.modules())]
        paths = sorted(path for path, _ in model.named_modules())
        inner = [len(list(model.children())), all(isinstance(module, Module) for module in model.children())]
        leaves = [p.is_leaf and p.requires_grad for p in model.parameters()]
        model.fc2 = Linear(5, 2, bias=False)
        later = sorted(name for name, _ in model.named_parameters())
    """
    report = ["names", "shapes", "count", "keys", "kinds", "paths", "inner", "leaves", "later"]
    check_model(kata, probes, code, report=report)
    code = """
        stack = Sequential(Linear(2, 3), ReLU(), Sequential(Linear(3, 4), Tanh()))
        names = sorted(name for name, _ in stack.named_parameters())
        found = [len(stack), len(list(stack)), stack[0] is list(stack)[0], stack[-1] is stack[2]]
        found.append(isinstance(stack[2][0], Linear))
        empty = len(list(ReLU().parameters()))
        held = ModuleList([Linear(2, 2) for _ in range(3)])
        more = [len(held), sorted(name for name, _ in held.named_parameters()), held[1] is list(held)[1]]
    """
    check(kata, probes, code, report=["names", "found", "empty", "more"])
    code = """
class Tied(Module):
    def __init__(self):
        self.first = Linear(3, 3)
        self.last = Linear(3, 3)
        self.last.weight = self.first.weight

    def forward(self, x):
        return self.last(self.first(self.first(x)))

model = Tied()
count = [len(list(model.parameters())), len(list(model.modules()))]
keys = sorted(model.state_dict())
put(model.first.weight, raw_w)
put(model.first.bias, raw_b)
put(model.last.bias, raw_b)
y = model(x)
"""
    rng = np.random.default_rng(draw.seed())
    given = {"raw_w": rng.standard_normal((3, 3)), "raw_b": rng.standard_normal(3)}
    x = {"x": rng.standard_normal((2, 3)).astype(np.float32)}
    report = ["count", "keys", "y", "x.grad", "model.last.weight.grad", "model.first.bias.grad"]
    check(kata, probes, code, x, given, report, reference=as_torch(code), draw=draw)


@task("layers")
@cases(2)
def test_a_models_output_and_gradients(kata, draw, probes):
    x = draw.normal(6, 4).astype(FLOATS[draw.case])
    shapes = outcome(
        as_torch(MODEL) + "s = {name: p for name, p in MyModel().named_parameters()}", {}, {}, ["s"], wide=False
    )
    values = [draw.normal(*array.shape) for _, array in sorted(shapes.values["s"].items())]
    constants = {f"raw{i}": value for i, value in enumerate(values)} | {"g": draw.normal(6, 3).astype(x.dtype)}
    code = f"""
        model = MyModel()
        model.to({FLOATS[draw.case]})
        named = dict(model.named_parameters())
        for name, value in zip(sorted(named), [{", ".join(f"raw{i}" for i in range(len(values)))}]):
            put(named[name], value)
        y = model(x)
        y.backward(g)
        gradients = {{name: snapshot(p.grad) for name, p in named.items()}}
        model.zero_grad()
        cleared = [p.grad is None for p in model.parameters()]
        model.eval()
        states = [module.training for module in model.modules()]
        z = model(x)
        model.train()
        states += [module.training for module in model.modules()]
        model.middle.eval()
        states += [model.training, model.middle[3].training, model.scale.training]
        for p in model.fc2.parameters():
            p.requires_grad = False
        model(x).backward(g)
        frozen = [model.fc2.weight.grad is None, model.fc1.weight.grad is None]
    """
    report = ["y", "x.grad", "gradients", "cleared", "states", "z", "frozen"]
    check_model(kata, probes, code, {"x": x}, constants, report)


@task("layers", title="Module state can be saved and loaded")
@cases(1)
def test_state_can_be_saved_and_loaded(kata, draw, probes):
    """A model that loads a state computes the same outputs, has its own memory, and keeps its Parameter objects."""
    x = draw.normal(6, 4, dtype=np.float32)
    code = """
        one, two = MyModel(), MyModel()
        one(x)
        one.eval()
        two.eval()
        before = [id(p) for p in two.parameters()]
        weight = two.fc1.weight
        two.load_state_dict(one.state_dict())
        same = bool(np.array_equal(one(x).detach().numpy(), two(x).detach().numpy()))
        kept = [weight is two.fc1.weight, before == [id(p) for p in two.parameters()]]
        kept += [weight.requires_grad, weight.is_leaf]
        tracked = int(snapshot(two.middle[3].num_batches_tracked))
        p = snapshot(two.fc2.bias).tolist()
        put(one.fc2.bias, [9.0, 9.0, 9.0])
        own = p == snapshot(two.fc2.bias).tolist()
    """
    check_model(kata, probes, code, constants={"x": x}, report=["same", "kept", "tracked", "own"])
    loose = """
        model = MyModel()
        state = dict(model.state_dict())
        before = snapshot(model.fc2.bias)
        less = {name: value for name, value in state.items() if name not in ("fc1.bias", "scale.calls")}
        more = state | {"fc3.weight": state["fc1.weight"]}
        for each in (less, more):
            each["fc2.bias"] = state["fc2.bias"] + 1
        model.load_state_dict(less, strict=False)
        model.load_state_dict(more, strict=False)
        changed = bool(np.allclose(before + 1, snapshot(model.fc2.bias)))
    """
    if ran(kata, probes, MODEL + dedented(loose), {}, {}, ["changed"])["changed"] is not True:
        fail("load_state_dict(state, strict=False) should load the names that match", None, None)


@task("refusals", title="An incompatible state raises an error and changes nothing")
@cases(1)
def test_errors_for_states_that_do_not_fit(kata, probes):
    wrong = """
        model = MyModel()
        state = dict(model.state_dict())
        larger = dict(MyModel(inputs=7).state_dict())
        before = snapshot(model.fc2.bias)
        less = {name: value for name, value in state.items() if name not in ("fc1.bias", "scale.calls")}
        more = state | {"fc3.weight": state["fc1.weight"]}
        other = state | {"fc1.weight": larger["fc1.weight"]}
        for each in (less, more, other):
            each["fc2.bias"] = state["fc2.bias"] + 1
        faults = [attempt(lambda: model.load_state_dict(each)) for each in (less, more, other)]
        faults.append(attempt(lambda: model.load_state_dict(other, strict=False)))
        unchanged = bool(np.array_equal(before, snapshot(model.fc2.bias)))
    """
    code = MODEL + dedented(wrong)
    found = ran(kata, probes, code, {}, {}, ["faults", "unchanged"])
    cases_of = (
        ("missing", ["fc1.bias", "scale.calls"]),
        ("unknown", ["fc3.weight"]),
        ("of another shape", ["fc1.weight"]),
        ("of another shape, with strict=False", ["fc1.weight"]),
    )
    for fault, (what, names) in zip(found["faults"], cases_of, strict=True):
        if fault is None or "RuntimeError" not in fault[0]:
            said = "nothing was raised" if fault is None else f"got {fault[0][0]}: {fault[1]}"
            fail(
                f"load_state_dict with {', '.join(names)} {what}: expected RuntimeError; {said}", "RuntimeError", fault
            )
        elif not all(name in fault[1] for name in names):
            fail(
                f"load_state_dict with {', '.join(names)} {what}: the message should list them, but it is: {fault[1]}",
                names,
                fault,
            )
    if found["unchanged"] is not True:
        fail("load_state_dict should change nothing if it raises an error", None, None)


@task("layers")
@cases(1)
def test_dtypes_and_buffers(kata, draw, probes):
    """to(dtype) converts only floating-point tensors. A buffer belongs to the state but isn't a parameter."""
    code = """
        model = MyModel()
        model.to(float64)
        kinds = sorted({snapshot(p.dtype) for p in model.parameters()})
        counter = snapshot(model.middle[3].num_batches_tracked.dtype)
        mean = snapshot(model.middle[3].running_mean.dtype)
        calls = [snapshot(model.scale.calls.dtype), model.scale.calls.requires_grad]
        y = model(x).dtype
        model.scale.calls += 1
        stored = [float(each) for each in np.asarray(model.scale.calls.detach().numpy())]
        returned = [model.train() is model, model.eval() is model, model.to(float32) is model]
    """
    report = ["kinds", "counter", "mean", "calls", "stored", "returned"]
    code_text = MODEL + dedented(code)
    found = ran(kata, probes, code_text, {}, {"x": draw.normal(6, 4)}, [*report, "y"])
    expected = {
        "kinds": ["float64"],
        "counter": "int64",
        "mean": "float64",
        "calls": ["float64", False],
        "stored": [1.0],
        "returned": [True, True, True],
        "y": "float64",
    }
    for path, value in expected.items():
        if found[path] != value:
            fail(f"after model.to(float64), {path}: expected {value}, got {found[path]}", value, found[path])


@task("layers", title="The README's model")
@cases(1)
def test_the_readmes_model(kata, draw, probes):
    x = draw.normal(3, 784, dtype=np.float32)
    constants = {
        "raw1": draw.normal(128, 784, scale=0.03),
        "raw2": draw.normal(10, 128, scale=0.1),
        "g": draw.normal(3, 10, dtype=np.float32),
    }
    code = """
        model = MyModel()
        put(model.fc1.weight, raw1)
        put(model.fc2.weight, raw2)
        put(model.fc1.bias, np.zeros(128))
        put(model.fc2.bias, np.ones(10))
        names = sorted(name for name, _ in model.named_parameters())
        y = model(x)
        y.backward(g)
    """
    report = ["names", "y", "x.grad", "model.fc1.weight.grad", "model.fc2.bias.grad"]
    check_model(kata, probes, code, {"x": x}, constants, report, model=MLP)
