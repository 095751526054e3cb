"""Probes of the visible tests: they call the framework and return arrays and plain values."""

import contextlib
import json
import os
import tempfile

import numpy as np


def values(framework, code, lines):
    """Run a program with the framework's names and return the values of expressions, rounded to four decimals.

    Shown as:
        from your_framework import *
        {code}
        print({lines:failing})
    """
    names = names_of(framework)
    exec(code, names)
    return {line: plain(framework, eval(line, names)) for line in lines}


def gradients(framework, x, lines):
    """Compute each expression of x, and the gradient of x if backward starts from ones.

    Shown as:
        from your_framework import *
        x = Tensor({x}, requires_grad=True)
        y = {lines:failing}
        y.backward(Tensor(np.ones(tuple(y.shape), np.float32)))
        print(y, x.grad)
    """
    found = {}
    for line in lines:
        leaf = framework.Tensor(x, requires_grad=True)
        y = eval(line, names_of(framework) | {"x": leaf})
        y.backward(framework.Tensor(np.ones(tuple(y.shape), np.float32)))
        found[line] = [plain(framework, y), plain(framework, leaf.grad)]
    return found


def refusals(framework, code, expected):
    """Run a program, then report what each expression raises: the expected exception, another one, or none.

    Shown as:
        # {code}
        # {expected:failing}
    """
    names = names_of(framework)
    exec(code, names)
    found = {}
    for line, exception in expected.items():
        try:
            eval(line, names)
            found[line] = "nothing raised"
        except NotImplementedError:
            raise
        except Exception as fault:  # noqa: BLE001 (any exception is reported)
            classes = [base.__name__ for base in type(fault).__mro__]
            found[line] = exception if set(exception.split(" or ")) & set(classes) else classes[0]
    return found


def message(framework, line):
    """Return the message of the exception that an expression raises.

    Shown as:
        # {line}
    """
    try:
        eval(line, names_of(framework))
    except NotImplementedError:
        raise
    except Exception as fault:  # noqa: BLE001 (any exception is reported)
        return str(fault)
    return "nothing raised"


def seed(framework):
    """Seed the framework's generator, if there is a manual_seed: a diagnosis compares random numbers, too."""
    with contextlib.suppress(Exception):
        framework.manual_seed(0)


def names_of(framework):
    """Return the names that a program may use: the framework's, NumPy, and whether there is a manual_seed."""
    own = {name: getattr(framework, name) for name in dir(framework) if not name.startswith("_")}
    return {"manual_seed": lambda _: None} | own | {"np": np, "seeded": "manual_seed" in own}


def numbers(tensor):
    """Return a copy of a tensor's array."""
    return np.array(tensor.data)


def plain(framework, value):
    """Convert tensors and arrays to lists, round numbers to four decimals, and give dtypes by name."""
    if isinstance(value, framework.Tensor):
        value = np.array(value.data)
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return np.dtype(value).name
    if isinstance(value, float):
        return round(value, 4) + 0.0
    if isinstance(value, dict):
        return {key: plain(framework, item) for key, item in value.items()}
    return [plain(framework, item) for item in value] if isinstance(value, list | tuple) else value


# --------------------------------------------------------------------------------------------- 1 tensor


def a_matrix(framework):
    """Make a matrix of floats and compute with it."""
    x = framework.Tensor([[1.0, 2.0], [3.0, 4.0]])
    return {
        "shape": tuple(x.shape),
        "dtype": np.dtype(x.dtype).name,
        "values": x.numpy(),
        "x + 1": (x + 1).numpy(),
        "2 / x": (2 / x).numpy(),
        "x * x": (x * x).numpy(),
        "x @ x": (x @ x).numpy(),
        "x > 2": (x > 2).numpy(),
    }


def dtypes(framework):
    """Return the dtypes of tensors and results, by name."""
    counts, numbers = framework.Tensor([1, 2, 3]), framework.Tensor(np.array([0.5, 1.5, 2.5]))
    results = {
        "Tensor([1, 2, 3])": counts,
        "Tensor([True])": framework.Tensor([True]),
        "Tensor(float64 array)": numbers,
        "counts + 1": counts + 1,
        "counts / counts": counts / counts,
        "numbers + 1.5": numbers + 1.5,
        "numbers.float()": numbers.float(),
        "zeros(2)": framework.zeros(2),
    }
    return {line: np.dtype(result.dtype).name for line, result in results.items()}


def changes_in_place(framework):
    """Change a tensor in place; return its values, those of a second name for it, and whether both are one object."""
    x = framework.Tensor([1.0, 2.0, 3.0])
    same = x
    x += 1
    x *= framework.Tensor([1.0, 0.0, 2.0])
    x.add_(5)
    return [x.numpy(), same.numpy(), same is x]


# ------------------------------------------------------------------------------------------- 2 autograd


def a_small_graph(framework):
    """Compute y = (w x + b)² and its gradients at w = 2, x = 3, b = 1."""
    w, x, b = (framework.Tensor(value, requires_grad=True) for value in (2.0, 3.0, 1.0))
    y = (w * x + b) ** 2
    y.backward()
    return [y.item(), w.grad.item(), x.grad.item(), b.grad.item()]


def a_tensor_used_twice(framework):
    """Compute the gradient of x x + x at 3 after one call of backward, and its sum with that of a second call."""
    x = framework.Tensor(3.0, requires_grad=True)
    (x * x + x).backward()
    first = x.grad.item()
    (x * x + x).backward()
    return [first, x.grad.item()]


def flags(framework):
    """Return requires_grad and is_leaf of several tensors."""
    x, c = framework.Tensor([1.0], requires_grad=True), framework.Tensor([2.0])
    y = x * c
    with framework.no_grad():
        z = x * c
    return {
        "x": (x.requires_grad, x.is_leaf),
        "c": (c.requires_grad, c.is_leaf),
        "x * c": (y.requires_grad, y.is_leaf),
        "x * c in no_grad": (z.requires_grad, z.is_leaf),
        "c * c": ((c * c).requires_grad, (c * c).is_leaf),
        "(x * c).detach()": (y.detach().requires_grad, y.detach().is_leaf),
    }


# --------------------------------------------------------------------------------------- 3 broadcasting


def gradients_of_a_product(framework, a, b, g):
    """Compute a * b and the gradients of both, for a gradient g of the product."""
    a, b = (framework.Tensor(each, requires_grad=True) for each in (a, b))
    y = a * b
    y.backward(framework.Tensor(g))
    return [numbers(y), numbers(a.grad), numbers(b.grad)]


# ------------------------------------------------------------------------------------------- 4 indexing


def taken(framework, x, index, g):
    """Compute x[index] and the gradient of x, for a gradient g of the selection."""
    x = framework.Tensor(x, requires_grad=True)
    y = x[index]
    y.backward(framework.Tensor(g))
    return [numbers(y), numbers(x.grad)]


# --------------------------------------------------------------------------------------------- 5 shapes


def gradient_of(framework, method, x, g, arguments):
    """Compute x.method(*arguments) and the gradient of x, for a gradient g of the result."""
    x = framework.Tensor(x, requires_grad=True)
    y = getattr(x, method)(*arguments)
    y.backward(framework.Tensor(g))
    return [numbers(y), numbers(x.grad)]


def largest(framework):
    """Find the largest element of each row and its index."""
    found = framework.Tensor([[1.0, 5.0, 2.0], [8.0, 3.0, 4.0]]).max(dim=1)
    return [numbers(found.values), numbers(found.indices)]


def joined(framework):
    """Join two rows with cat and with stack; return the result of cat and the gradient of the first row."""
    a = framework.Tensor([1.0, 2.0], requires_grad=True)
    b = framework.Tensor([3.0, 4.0])
    framework.stack([a, b * 1]).backward(framework.Tensor([[5.0, 6.0], [7.0, 8.0]]))
    return [numbers(framework.cat([a, b])), numbers(a.grad)]


# --------------------------------------------------------------------------------------------- 6 layers


def a_linear_layer(framework):
    """Run a layer with two inputs and one output; return its output and all gradients."""
    layer = framework.Linear(2, 1)
    layer.weight.data[...] = [[2.0, -1.0]]
    layer.bias.data[...] = 0.5
    x = framework.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = layer(x)
    y.backward(framework.Tensor([[1.0], [10.0]]))
    return [numbers(each) for each in (y, x.grad, layer.weight.grad, layer.bias.grad)]


def model_of(framework):
    """Build the README's model."""

    class MyModel(framework.Module):
        def __init__(self):
            self.fc1 = framework.Linear(784, 128)
            self.relu = framework.ReLU()
            self.fc2 = framework.Linear(128, 10)

        def forward(self, x):
            return self.fc2(self.relu(self.fc1(x)))

    return MyModel()


def the_readmes_model(framework):
    """Build the README's model; return its parameters' shapes, its state's names and its output's shape."""
    model = model_of(framework)
    parameters = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    answer = model(framework.Tensor(np.ones((3, 784), np.float32)))
    return [parameters, sorted(model.state_dict()), tuple(answer.shape)]


def dropout(framework):
    """Run Dropout; return the fraction of zeros, the other values, and whether evaluation changes anything."""
    seed(framework)
    layer, x = framework.Dropout(0.25), framework.Tensor(np.ones((100, 100), np.float32))
    y = numbers(layer(x))
    return [float((y == 0).mean()), np.unique(y[y != 0]), bool((numbers(layer.eval()(x)) == 1).all())]


def batch_norm(framework):
    """Normalise two numbers in training and one in evaluation; return them with the running statistics."""
    layer = framework.BatchNorm1d(1, eps=0.0)
    y = layer(framework.Tensor([[1.0], [5.0]]))
    state = {name: np.asarray(getattr(value, "data", value)) for name, value in layer.state_dict().items()}
    means = [float(state[name].item()) for name in ("running_mean", "running_var")]
    return [numbers(y), means, numbers(layer.eval()(framework.Tensor([[0.3]])))]


# ---------------------------------------------------------------------------------------- 7 convolution


def a_small_convolution(framework):
    """Convolve a 3 x 3 image with a 2 x 2 kernel; return the output and the gradients of both."""
    layer = framework.Conv2d(1, 1, 2, bias=False)
    layer.weight.data[...] = [[1.0, 0.0], [0.0, -1.0]]
    x = framework.Tensor(np.arange(1.0, 10.0, dtype=np.float32).reshape(1, 1, 3, 3), requires_grad=True)
    y = layer(x)
    y.backward(framework.Tensor(np.ones((1, 1, 2, 2), np.float32)))
    return [numbers(each)[0, 0] for each in (y, x.grad, layer.weight.grad)]


def sizes_of_convolutions(framework):
    """Return the output shapes of several layers for an input (2, 4, 9, 8)."""
    x = framework.Tensor(np.zeros((2, 4, 9, 8), np.float32))
    layers = {
        "Conv2d(4, 6, 3)": framework.Conv2d(4, 6, 3),
        "Conv2d(4, 6, 3, stride=2, padding=1)": framework.Conv2d(4, 6, 3, stride=2, padding=1),
        "Conv2d(4, 6, (3, 2), dilation=2, groups=2)": framework.Conv2d(4, 6, (3, 2), dilation=2, groups=2),
        "MaxPool2d(2)": framework.MaxPool2d(2),
        "AvgPool2d(3, stride=1)": framework.AvgPool2d(3, stride=1),
    }
    return {line: tuple(layer(x).shape) for line, layer in layers.items()}


def a_small_pooling(framework):
    """Apply max pooling in 2 x 2 windows to a 4 x 4 image; return the output and the gradient."""
    x = framework.Tensor(np.arange(16.0, dtype=np.float32).reshape(1, 1, 4, 4), requires_grad=True)
    y = framework.MaxPool2d(2)(x)
    y.backward(framework.Tensor([[[[1.0, 2.0], [3.0, 4.0]]]]))
    return [numbers(y)[0, 0], numbers(x.grad)[0, 0]]


# --------------------------------------------------------------------------------------------- 8 losses


def loss_and_gradient(framework, name, x, t):
    """Compute a loss and the gradient of its input."""
    x = framework.Tensor(x, requires_grad=True)
    loss = getattr(framework, name)()(x, framework.Tensor(t))
    loss.backward()
    return [loss.item(), numbers(x.grad)]


# ----------------------------------------------------------------------------------------- 9 optimizers


def descent(framework, name, options, steps):
    """Start at w = 1 and take several steps down w²; return w after each, and a parameter without a gradient."""
    w = framework.Tensor(np.array([1.0]), requires_grad=True)
    unused = framework.Tensor(np.array([1.0]), requires_grad=True)
    optimizer = getattr(framework, name)([w, unused], **options)
    seen = []
    for _ in range(steps):
        optimizer.zero_grad()
        (w * w).backward()
        optimizer.step()
        seen.append(w.item())
    return [np.array(seen, numbers(w).dtype), unused.item()]


# -------------------------------------------------------------------------------------------- 10 saving


def saved_and_loaded(framework):
    """Save a model, load it into another, and return both outputs and the file's bytes."""
    seed(framework)
    x = framework.Tensor(np.ones((2, 3), np.float32))
    models = [framework.Sequential(framework.Linear(3, 4), framework.Tanh(), framework.Linear(4, 2)) for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        framework.save(models[0], path)
        models[1].load_state_dict(framework.load(path))
        with open(path, "rb") as file:
            data = file.read()
    return [*(numbers(model(x)) for model in models), data]


CORE = ("float32", "float64", "int64", "bool")  # the dtypes that the core tasks ask of a Tensor


def file_parts(framework, arrays, transposed=False):
    """Save these arrays, or BatchNorm1d(2) if there are none; return the file's header and numbers.

    Arrays become Tensors if a Tensor keeps their dtype.
    """
    state = framework.BatchNorm1d(2)
    if arrays is not None:
        made = {name: framework.Tensor(each) for name, each in arrays.items() if each.dtype.name in CORE}
        kept = {name: each for name, each in made.items() if numbers(each).dtype == arrays[name].dtype}
        state = arrays | kept
        state = {name: each.T if transposed else each for name, each in state.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        framework.save(state, path)
        with open(path, "rb") as file:
            data = file.read()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    return [header, data[8 + length :]]


def loaded(framework, data):
    """Load a file with these bytes, add 1 to its numbers, and return the arrays as lists with their dtypes."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        with open(path, "wb") as file:
            file.write(data)
        found = framework.load(path)
    arrays = {name: np.asarray(getattr(each, "data", each)) for name, each in found.items()}
    for array in arrays.values():
        if array.dtype != bool:
            array += 1
    return {name: [array.tolist(), array.dtype.name] for name, array in arrays.items()}


def damaged(framework, kind):
    """Load a damaged file: cut off, too long, with overlapping arrays, and so on."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        framework.save({name: np.ones(2, np.float32) for name in "ab"}, path)
        with open(path, "rb") as file:
            data = file.read()
        changed = {
            "cut off": data[:-5],
            "too long": data + bytes(8),
            "overlapping arrays": data.replace(b"8,", b"4,").replace(b"16]", b"12]")[:-4],
            "another format": b"\x89PNG\r\n\x1a\n" + bytes(60),
            "not JSON": data.replace(b"{", b"[", 1),
            "empty": b"",
            "a negative size": bytes([data[0] + 1]) + data[1:].replace(b"2]", b"-2]", 1),
        }
        with open(path, "wb") as file:
            file.write(changed[kind])
        framework.load(path)


# ------------------------------------------------------------------------------------------ 11 training


def batches(framework):
    """Load five rows in batches of two, twice; return them and the number of batches."""
    loader = framework.DataLoader((np.arange(5, dtype=np.float32), np.arange(5)), batch_size=2)
    return [[[numbers(part) for part in batch] for batch in loader] for _ in range(2)], len(loader)


def trained_on_digits(framework):
    """Train the README's model for an epoch on 2 000 digits; return its losses and its accuracy on 1 000 others."""
    from digits import load_digits

    images, classes = load_digits()
    images = images.reshape(-1, 784)
    names_of(framework)["manual_seed"](0)
    model = model_of(framework)
    optimizer = framework.Adam(model.parameters(), lr=0.001)
    criterion = framework.CrossEntropyLoss()
    losses = []
    for x, y in framework.DataLoader((images[:2000], classes[:2000]), batch_size=50, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with framework.no_grad():
        logits = numbers(model(framework.Tensor(images[3000:])))
    return [losses, float((logits.argmax(axis=1) == classes[3000:]).mean())]


# ------------------------------------------------------------------------------------- 12 compatibility


def from_and_to_torch(framework):
    """Convert a PyTorch network to your framework and back; return the outputs of all three."""
    import torch

    torch.manual_seed(0)
    source = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.GELU(), torch.nn.Linear(4, 2))
    ours = framework.from_torch(source)
    back = framework.to_torch(ours)
    x = np.array([[1.0, -2.0, 0.5]], np.float32)
    tensor = torch.tensor(x)
    return [
        source(tensor).detach().numpy(),
        numbers(ours(framework.Tensor(x))),
        back(tensor).detach().numpy(),
        isinstance(ours, framework.Module),
    ]


LAYERS_OF_TORCH = {
    "Linear(4, 3, bias=False)": (5, 4),
    "Linear(4, 3)": (5, 4),
    "Conv2d(2, 4, (3, 2), stride=2, padding=1, dilation=2, groups=2)": (2, 2, 6, 5),
    "MaxPool2d(3, stride=2, padding=1)": (1, 2, 5, 5),
    "AvgPool2d(2, stride=1)": (1, 2, 5, 5),
    "LeakyReLU(0.3)": (3, 4),
    "ELU(alpha=0.7)": (3, 4),
    "Softmax(dim=0)": (3, 4),
    "LayerNorm(4, eps=0.5)": (3, 4),
    "BatchNorm1d(4, eps=0.5).eval()": (5, 4),
    "Sequential(Flatten(), Sequential(Linear(4, 2), GELU()))": (3, 2, 2),
}


def layers_from_torch(framework):
    """Convert PyTorch layers to your framework and back; return the outputs of all three."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    found = {}
    for line, shape in LAYERS_OF_TORCH.items():
        source = eval(line, dict(vars(nn))).double()
        for values in source.state_dict().values():
            if values.is_floating_point():
                values.copy_(torch.rand(values.shape) + 0.5)
        x = torch.rand(shape, dtype=torch.float64) - 0.5
        ours = framework.from_torch(source)
        expected = source(x).detach().numpy().copy()
        found[line] = {
            "y": numbers(ours(framework.Tensor(x.numpy()))),
            "PyTorch's y": expected,
            "y of to_torch": framework.to_torch(ours)(x).detach().numpy(),
            "training": ours.training,
            "PyTorch's training": source.training,
            "names": sorted(ours.state_dict()),
            "PyTorch's names": sorted(source.state_dict()),
            "PyTorch objects in it": torchs_in(ours, "model"),
        }
    return found


def torchs_in(value, path, seen=None):
    """Find the paths at which a module holds PyTorch objects, at any depth."""
    seen = {} if seen is None else seen
    if id(value) in seen or isinstance(value, type | np.ndarray):
        return []
    seen[id(value)] = value
    if any(base.__module__.partition(".")[0] == "torch" for base in type(value).__mro__):
        return [path]
    parts = list(value.items()) if isinstance(value, dict) else []
    parts += list(enumerate(value)) if isinstance(value, list | tuple) else []
    parts += list(getattr(value, "__dict__", {}).items())
    return [found for name, part in parts for found in torchs_in(part, f"{path}.{name}", seen)]


def tensors_and_dropout(framework):
    """Convert tensors and a Dropout layer in both directions."""
    import torch

    ours = framework.from_torch(torch.tensor([1.5, 2.0], dtype=torch.float64))
    theirs = framework.to_torch(framework.Tensor([1, 2]))
    layer = framework.from_torch(torch.nn.Dropout(0.25))
    return {
        "from_torch(tensor)": [ours.tolist(), np.dtype(ours.dtype).name],
        "to_torch(Tensor)": [theirs.tolist(), str(theirs.dtype)],
        "p": [layer.p, framework.to_torch(layer).p],
    }


def an_unknown_layer(framework):
    """Convert a PyTorch layer that the framework doesn't have."""
    from torch import nn

    return framework.from_torch(nn.Bilinear(2, 2, 2))


def own_tests(framework):
    """Run the learner's own tests as bonus.py does, and read the docstring of own_tests.py."""
    from bonus import measure
    from your_framework import own_tests

    failing, report = measure()
    return failing, report, own_tests.__doc__ or ""
