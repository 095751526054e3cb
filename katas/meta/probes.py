"""What the visible tests have done beside the framework; arrays and plain values come back."""

import os
import tempfile

import numpy as np

# --------------------------------------------------------------------------------------------- 1 tensor


def a_matrix(framework):
    """A matrix of floats: what it is, and what arithmetic makes of it."""
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
    """The dtypes of tensors and results, by name."""
    counts, numbers = framework.Tensor([1, 2, 3]), framework.Tensor(np.array([0.5, 1.5, 2.5]))
    results = {
        "Tensor([1, 2, 3])": counts,
        "Tensor([True])": framework.Tensor([True]),
        "Tensor(float64 array)": numbers,
        "counts + 1": counts + 1,
        "counts + 1.5": counts + 1.5,
        "counts / counts": counts / counts,
        "numbers + 1.5": numbers + 1.5,
        "counts + numbers": counts + numbers,
        "numbers.float()": numbers.float(),
        "zeros(2)": framework.zeros(2),
    }
    return {line: np.dtype(result.dtype).name for line, result in results.items()}


def changes_in_place(framework):
    """A tensor and another name for it, after changes in place."""
    x = framework.Tensor([1.0, 2.0, 3.0])
    same = x
    x += 1
    x *= framework.Tensor([1.0, 0.0, 2.0])
    x.add_(5)
    return [x.numpy(), same.numpy(), same is x]


# ------------------------------------------------------------------------------------------- 2 autograd


def a_small_graph(framework):
    """y = (w x + b)² and its gradients at w = 2, x = 3, b = 1."""
    w, x, b = (framework.Tensor(value, requires_grad=True) for value in (2.0, 3.0, 1.0))
    y = (w * x + b) ** 2
    y.backward()
    return [y.item(), w.grad.item(), x.grad.item(), b.grad.item()]


def a_tensor_used_twice(framework):
    """The gradient of x x + x at 3, after one call of backward and after another."""
    x = framework.Tensor(3.0, requires_grad=True)
    (x * x + x).backward()
    first = x.grad.item()
    (x * x + x).backward()
    return [first, x.grad.item()]


def flags(framework):
    """What requires grad, and what is a leaf."""
    x, c = framework.Tensor([1.0], requires_grad=True), framework.Tensor([2.0])
    y = x * c
    with framework.no_grad():
        z = x * c
    return {
        "x": (x.requires_grad, x.is_leaf),
        "c": (c.requires_grad, c.is_leaf),
        "x * c": (y.requires_grad, y.is_leaf),
        "x * c in no_grad": (z.requires_grad, z.is_leaf),
        "(x * c).detach()": (y.detach().requires_grad, y.detach().is_leaf),
    }


def backward_again(framework):
    """A second backward through the same graph."""
    x = framework.Tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    y.backward(framework.Tensor([1.0, 1.0]))
    y.backward(framework.Tensor([1.0, 1.0]))


def a_long_chain(framework, length):
    """The gradient of x + 1 + 1 + …, so many operations deep."""
    x = framework.Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(length):
        y = y + 1
    y.backward()
    return x.grad.item()


# --------------------------------------------------------------------------------------- 3 broadcasting


def gradients_of_a_product(framework, a, b, g):
    """a * b and the gradients of both, for a gradient g of the product."""
    a, b = (framework.Tensor(each, requires_grad=True) for each in (a, b))
    y = a * b
    y.backward(framework.Tensor(g))
    return [y.detach().numpy(), a.grad.numpy(), b.grad.numpy()]


def shapes_that_do_not_fit(framework):
    """(2, 3) + (4,)."""
    return framework.zeros(2, 3) + framework.zeros(4)


# ------------------------------------------------------------------------------------------- 4 indexing


def taken(framework, x, index, g):
    """x[index] and the gradient of x, for a gradient g of what was taken."""
    x = framework.Tensor(x, requires_grad=True)
    y = x[index]
    y.backward(framework.Tensor(g))
    return [y.detach().numpy(), x.grad.numpy()]


def a_slice_changed(framework):
    """A tensor after a change of a slice of it, and after an assignment."""
    x = framework.Tensor([[1.0, 2.0], [3.0, 4.0]])
    row = x[1]
    row += 10
    x[:, 0] = 7
    return [x.numpy(), row.numpy()]


# --------------------------------------------------------------------------------------------- 5 shapes


def gradient_of(framework, method, x, g, arguments):
    """x.method(*arguments) and the gradient of x, for a gradient g of the result."""
    x = framework.Tensor(x, requires_grad=True)
    y = getattr(x, method)(*arguments)
    y.backward(framework.Tensor(g))
    return [y.detach().numpy(), x.grad.numpy()]


def largest(framework):
    """The largest of each row, and where it is."""
    found = framework.Tensor([[1.0, 5.0, 2.0], [8.0, 3.0, 4.0]]).max(dim=1)
    return [found.values.numpy(), found.indices.numpy()]


def joined(framework):
    """Two rows, one after the other and one above the other; the gradient of the first."""
    a = framework.Tensor([1.0, 2.0], requires_grad=True)
    b = framework.Tensor([3.0, 4.0])
    framework.stack([a, b * 1]).backward(framework.Tensor([[5.0, 6.0], [7.0, 8.0]]))
    return [framework.cat([a, b]).detach().numpy(), a.grad.numpy()]


# --------------------------------------------------------------------------------------------- 6 layers


def a_linear_layer(framework):
    """A layer of two inputs and one output, with given numbers: its answer and all gradients."""
    layer = framework.Linear(2, 1)
    with framework.no_grad():
        for parameter, values in ((layer.weight, [[2.0, -1.0]]), (layer.bias, [0.5])):
            parameter.zero_()
            parameter += framework.Tensor(values)
    x = framework.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = layer(x)
    y.backward(framework.Tensor([[1.0], [10.0]]))
    return [y.detach().numpy(), x.grad.numpy(), layer.weight.grad.numpy(), layer.bias.grad.numpy()]


def model_of(framework):
    """The README's model."""

    class MyModel(framework.Module):
        def __init__(self):
            self.fc1 = framework.Linear(784, 128)
            self.relu = framework.ReLU()
            self.fc2 = framework.Linear(128, 10)

        def forward(self, x):
            return self.fc2(self.relu(self.fc1(x)))

    return MyModel()


def the_readmes_model(framework):
    """Its parameters by name, the names of its state, and the shape of what it answers."""
    model = model_of(framework)
    parameters = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    answer = model(framework.Tensor(np.ones((3, 784), np.float32)))
    return [parameters, sorted(model.state_dict()), tuple(answer.shape)]


def dropout(framework):
    """The share of zeros in training, the values that are left, and what evaluation changes."""
    framework.manual_seed(0)
    layer, x = framework.Dropout(0.25), framework.ones(100, 100)
    y = layer(x).numpy()
    return [float((y == 0).mean()), np.unique(y[y != 0]), bool((layer.eval()(x).numpy() == 1).all())]


def batch_norm(framework):
    """A batch of two numbers, normalised in training; the running statistics; and one number in evaluation."""
    layer = framework.BatchNorm1d(1, eps=0.0)
    y = layer(framework.Tensor([[1.0], [5.0]]))
    state = {name: np.asarray(getattr(value, "data", value)) for name, value in layer.state_dict().items()}
    means = [float(state[name].item()) for name in ("running_mean", "running_var")]
    return [y.detach().numpy(), means, layer.eval()(framework.Tensor([[0.3]])).detach().numpy()]


# ---------------------------------------------------------------------------------------- 7 convolution


def a_small_convolution(framework):
    """A 3 x 3 image and a 2 x 2 kernel: the answer, and the gradients of both."""
    layer = framework.Conv2d(1, 1, 2, bias=False)
    with framework.no_grad():
        layer.weight.zero_()
        layer.weight += framework.Tensor([[[[1.0, 0.0], [0.0, -1.0]]]])
    x = framework.Tensor(np.arange(1.0, 10.0, dtype=np.float32).reshape(1, 1, 3, 3), requires_grad=True)
    y = layer(x)
    y.backward(framework.ones(1, 1, 2, 2))
    return [y.detach().numpy()[0, 0], x.grad.numpy()[0, 0], layer.weight.grad.numpy()[0, 0]]


def sizes_of_convolutions(framework):
    """The shapes of what several layers make of a (2, 4, 9, 8)."""
    x = framework.zeros(2, 4, 9, 8)
    layers = {
        "Conv2d(4, 6, 3)": framework.Conv2d(4, 6, 3),
        "Conv2d(4, 6, 3, stride=2, padding=1)": framework.Conv2d(4, 6, 3, stride=2, padding=1),
        "Conv2d(4, 6, (3, 2), dilation=2, groups=2)": framework.Conv2d(4, 6, (3, 2), dilation=2, groups=2),
        "MaxPool2d(2)": framework.MaxPool2d(2),
        "AvgPool2d(3, stride=1)": framework.AvgPool2d(3, stride=1),
    }
    return {line: tuple(layer(x).shape) for line, layer in layers.items()}


def a_small_pooling(framework):
    """The largest of each 2 x 2 window of a 4 x 4 image, and the gradient."""
    x = framework.Tensor(np.arange(16.0, dtype=np.float32).reshape(1, 1, 4, 4), requires_grad=True)
    y = framework.MaxPool2d(2)(x)
    y.backward(framework.Tensor([[[[1.0, 2.0], [3.0, 4.0]]]]))
    return [y.detach().numpy()[0, 0], x.grad.numpy()[0, 0]]


# --------------------------------------------------------------------------------------------- 8 losses


def loss_and_gradient(framework, name, x, t):
    """A loss, with its mean, and the gradient of its input."""
    x = framework.Tensor(x, requires_grad=True)
    loss = getattr(framework, name)()(x, framework.Tensor(t))
    loss.backward()
    return [loss.item(), x.grad.numpy()]


# ----------------------------------------------------------------------------------------- 9 optimizers


def descent(framework, name, options, steps):
    """The parameter w, at first 1, after each of several steps down w²."""
    w = framework.Tensor(np.array([1.0]), requires_grad=True)
    unused = framework.Tensor(np.array([1.0]), requires_grad=True)
    optimizer = getattr(framework, name)([w, unused], **options)
    seen = []
    for _ in range(steps):
        optimizer.zero_grad()
        (w * w).backward()
        optimizer.step()
        seen.append(w.item())
    return [np.array(seen), unused.item()]


# -------------------------------------------------------------------------------------------- 10 saving


def saved_and_loaded(framework):
    """What another model answers that was loaded from a file, what the first one did, and the file's bytes."""
    x = framework.ones(2, 3)
    models = [framework.Sequential(framework.Linear(3, 4), framework.Tanh(), framework.Linear(4, 2)) for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        framework.save(models[0], path)
        models[1].load_state_dict(framework.load(path))
        with open(path, "rb") as file:
            data = file.read()
    return [*(model(x).detach().numpy() for model in models), data]


def a_damaged_file(framework):
    """A file that ends too early is loaded."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        framework.save(framework.Linear(3, 4), path)
        with open(path, "rb+") as file:
            file.truncate(os.path.getsize(path) - 5)
        framework.load(path)


# ------------------------------------------------------------------------------------------ 11 training


def batches(framework):
    """Five rows in batches of two, twice; and how many there are."""
    loader = framework.DataLoader((np.arange(5.0), np.arange(5)), batch_size=2)
    return [[[part.numpy() for part in batch] for batch in loader] for _ in range(2)], len(loader)


def trained_on_digits(framework):
    """The README's training, one epoch over 2 000 digits: its losses, and the share of 1 000 others that it tells."""
    from digits import load_digits

    images, classes = load_digits()
    images = images.reshape(-1, 784)
    framework.manual_seed(0)
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
        logits = model(framework.Tensor(images[3000:])).numpy()
    return [losses, float((logits.argmax(axis=1) == classes[3000:]).mean())]


# ------------------------------------------------------------------------------------- 12 compatibility


def from_and_to_torch(framework):
    """What a network of PyTorch answers, what ours does that was made of it, and PyTorch's that was made of ours."""
    import torch

    torch.manual_seed(0)
    source = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.GELU(), torch.nn.Linear(4, 2))
    ours = framework.from_torch(source)
    back = framework.to_torch(ours)
    x = np.array([[1.0, -2.0, 0.5]], np.float32)
    tensor = torch.tensor(x)
    return [
        source(tensor).detach().numpy(),
        ours(framework.Tensor(x)).detach().numpy(),
        back(tensor).detach().numpy(),
        isinstance(ours, framework.Module),
    ]
