"""Task layers: modules, and layers that you can compute by hand."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, task


@task("layers", title="The worked example: layers")
def test_the_worked_example_of_layers(kata, probes):
    # W = [[2, -1]], b = 0.5; rows [1, 2] and [3, 4]; the gradients of the outputs are 1 and 10
    expected = {
        "y": [[0.5], [2.5]],
        "x.grad": [[2.0, -1.0], [20.0, -10.0]],
        "weight.grad": [[31.0, 42.0]],
        "bias.grad": [11.0],
    }
    for (name, values), found in zip(expected.items(), kata.run(probes.a_linear_layer), strict=True):
        with about(name):
            assert_close(found, np.array(values), dtype=np.float32)
    expected = {"Linear(3, 1)(Tensor([1.0, 2.0, 3.0])).shape": [1]}
    assert_equal(kata.run(probes.values, "", list(expected)), expected)


@task("layers", title="The README's model, without super().__init__()")
def test_the_readmes_model_without_super_init(kata, probes):
    parameters, state, shape = kata.run(probes.the_readmes_model)
    shapes = {"fc1.weight": (128, 784), "fc1.bias": (128,), "fc2.weight": (10, 128), "fc2.bias": (10,)}
    assert_equal(parameters, shapes)
    assert_equal(state, sorted(shapes))
    assert_equal(shape, (3, 10))


@task("layers")
def test_dropout(kata, probes):
    zeros, others, untouched = kata.run(probes.dropout)
    with about("the fraction of zeros should be about 0.25"):
        assert_equal(0.22 < zeros < 0.28, True)
    with about("the other elements should be divided by 0.75"):
        assert_close(others, np.array([4 / 3]), dtype=np.float32)
    with about("evaluation should change nothing"):
        assert_equal(untouched, True)


@task("layers")
def test_batch_norm(kata, probes):
    # 1 and 5 have mean 3 and variance 4 (divided by n) or 8 (divided by n - 1); the running statistics, initially 0 and
    # 1, move a tenth of the way to 3 and 8
    y, running, later = kata.run(probes.batch_norm)
    assert_close(y, np.array([[-1.0], [1.0]]), dtype=np.float32)
    assert_close(np.array(running), np.array([0.3, 1.7]), scale=4 * 2**30)  # the running statistics are float32
    assert_close(later, np.array([[0.0]]), dtype=np.float32, scale=1.0)


@task("layers")
def test_activations(kata, probes):
    # the value, and the gradient of x for a gradient of ones
    expected = {
        "ReLU()(x)": [[0.0, 2.0], [0.0, 1.0]],
        "LeakyReLU()(x)": [[-0.01, 2.0], [0.01, 1.0]],
        "LeakyReLU(0.2)(x)": [[-0.2, 2.0], [0.2, 1.0]],
        "ELU()(x)": [[-0.6321, 2.0], [0.3679, 1.0]],
        "ELU(alpha=0.5)(x)": [[-0.3161, 2.0], [0.1839, 1.0]],
        "GELU()(x)": [[-0.1587, 1.9545], [-0.0833, 1.0852]],
        "GELU(approximate='tanh')(x)": [[-0.1588, 1.9546], [-0.083, 1.0861]],
        "Sigmoid()(x)": [[0.2689, 0.8808], [0.1966, 0.105]],
        "Tanh()(x)": [[-0.7616, 0.964], [0.42, 0.0707]],
        "Softmax(dim=0)(x)": [[0.0474, 0.9526], [0.0, 0.0]],
    }
    assert_equal(kata.run(probes.gradients, [-1.0, 2.0], list(expected)), expected)


@task("layers")
def test_layer_norm_flatten_and_embedding(kata, probes):
    code = """
x = Tensor([[1.0, 3.0], [2.0, 8.0]], requires_grad=True)
y = LayerNorm(2, eps=3.0)(x)
y.backward(Tensor([[1.0, 0.0], [0.0, 0.0]]))
table = Embedding(100, 100)
rows = table(Tensor([[3, 3, 5]]))
numbers = table.weight.detach().numpy()
"""
    expected = {
        "y": [[-0.5, 0.5], [-0.866, 0.866]],  # 1 and 3: (x - 2) / √(1 + 3)
        "x.grad": [[0.1875, -0.1875], [0.0, 0.0]],
        "Flatten()(Tensor(np.zeros((2, 3, 4)))).shape": [2, 12],
        "rows.shape": [1, 3, 100],
        "np.array_equal(rows.detach().numpy()[0, 1], numbers[3])": True,
        "abs(numbers.mean()) < 0.05": True,
        "0.95 < numbers.std() < 1.05": True,
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("layers", title="BatchNorm: gradients, statistics and evaluation")
def test_batch_norm_in_full(kata, probes):
    code = """
layer = BatchNorm1d(1, momentum=0.5)
x = Tensor([[1.0], [2.0], [6.0]], requires_grad=True)
before = layer.running_var.tolist()
y = layer(x)
y.backward(Tensor([[1.0], [0.0], [0.0]]))
layer.eval()
z = layer(Tensor([[1.0], [5.0]]))
"""
    expected = {
        "before": [1.0],
        "y": [[-0.9258], [-0.4629], [1.3887]],  # mean 3, variance 14 / 3
        "x.grad": [[0.1763], [-0.2204], [0.0441]],
        "layer.running_mean": [1.5],
        "layer.running_var": [4.0],  # half of 1 plus half of 7 = 14 / 2
        "int(layer.num_batches_tracked.item())": 1,
        "z": [[-0.25], [1.75]],
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("layers")
def test_initial_weights(kata, probes):
    code = """
manual_seed(0)
layer = Linear(25, 400)
again = Linear(25, 400)
manual_seed(0)
same = Linear(25, 400)
weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
"""
    expected = {
        "weight.shape": [400, 25],
        "0.19 < weight.max() <= 0.2001": True,  # uniform within 1 / √25
        "-0.2001 <= weight.min() < -0.19": True,
        "0.11 < weight.std() < 0.12": True,
        "0.18 < bias.max() <= 0.2001": True,
        "-0.2001 <= bias.min() < -0.18": True,
        "np.array_equal(weight, same.weight.detach().numpy()) or not seeded": True,
        "np.array_equal(weight, again.weight.detach().numpy())": False,
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("layers")
def test_nested_modules(kata, probes):
    code = """
class Tied(Module):
    def __init__(self):
        self.body = Sequential(Linear(2, 2), BatchNorm1d(2), Sequential(Dropout(0.5)))
        self.last = Linear(2, 2)
        self.last.weight = self.body[0].weight
        self.register_buffer("calls", Tensor([0.0]))

    def forward(self, x):
        return self.last(self.body(x))

model = Tied()
x = Tensor(np.ones((4, 2), "float32"))
model(x).backward(x)
some = [p.grad is not None for p in model.parameters()]
model.zero_grad()
cleared = [p.grad is None for p in model.parameters()]
model.eval()
modes = [model.training, model.body.training, model.body[2][0].training]
model.train()
modes += [model.training, model.body[2][0].training]
model.to(np.float64)
"""
    expected = {
        "sorted(name for name, _ in model.named_parameters())": [
            *("body.0.bias", "body.0.weight", "body.1.bias", "body.1.weight", "last.bias")
        ],
        "sorted(model.state_dict())": [
            *("body.0.bias", "body.0.weight", "body.1.bias", "body.1.num_batches_tracked", "body.1.running_mean"),
            *("body.1.running_var", "body.1.weight", "calls", "last.bias", "last.weight"),
        ],
        "len(list(model.modules()))": 7,
        "len(model.body)": 3,
        "some": [True] * 5,
        "cleared": [True] * 5,
        "modes": [False, False, False, True, True],
        "model.last.weight.dtype": "float64",
        "model.body[1].num_batches_tracked.dtype": "int64",
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("layers")
def test_a_state_is_loaded(kata, probes):
    code = """
one, two = Linear(2, 1), Linear(2, 1)
weight = two.weight
two.load_state_dict(one.state_dict())
same = [np.array_equal(a.detach().numpy(), b.detach().numpy()) for a, b in zip(one.parameters(), two.parameters())]
before = one.bias.item()
one.bias.data[...] += 1
kept = two.bias.item() == before
two.load_state_dict({"bias": one.bias.detach(), "other": Tensor([0.0])}, strict=False)
"""
    expected = {
        "same": [True, True],
        "weight is two.weight": True,
        "kept": True,
        "two.bias.item() == one.bias.item()": True,
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)
