"""The extras: they earn points, but you can pass without them."""

from graders.checks import about, assert_equal, task


@task("dtypes", title="Mixed operands have PyTorch's dtypes")
def test_dtypes_of_mixed_operands(kata, probes):
    code = """
counts, flags = Tensor([1, 2, 3]), Tensor([True, False, True])
single, double = Tensor([0.5, 1.5, 2.5]), Tensor(np.array([0.5, 1.5, 2.5]))
bytes = Tensor(np.array([200, 100], dtype="uint8"))
single_before = single
single += double
"""
    expected = {
        "(counts + single).dtype": "float32",
        "(counts + double).dtype": "float64",
        "(counts + 1.5).dtype": "float32",
        "(single + double).dtype": "float64",
        "(single + Tensor(np.array(1.5))).dtype": "float32",
        "(flags + 1).dtype": "int64",
        "(flags / Tensor([True])).dtype": "float32",
        "(3 / counts).dtype": "float32",
        "(counts / np.array([2, 2, 2])).dtype": "float32",
        "(bytes + 1).dtype": "uint8",
        "bytes.sum()": 300,
        "bytes.sum().dtype": "int64",
        "counts.exp().dtype": "float32",
        "cat([counts, single]).dtype": "float32",
        "single.dtype": "float32",
        "single_before": [1.0, 3.0, 5.0],
        "Tensor(np.zeros((0, 3))).shape": [0, 3],
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("depth")
def test_a_long_chain(kata, probes):
    code = "x = Tensor(1.0, requires_grad=True)\ny = x\nfor _ in range(10_000):\n    y = y + 1\ny.backward()"
    assert_equal(kata.run(probes.values, code, ["x.grad"]), {"x.grad": 1.0})


@task("depth")
def test_many_paths(kata, probes):
    # 2⁶⁰ paths lead back through 60 operations; visit each operation once
    code = "x = Tensor(1.0, requires_grad=True)\ny = x\nfor _ in range(60):\n    y = y * 0.5 + y * 0.5\ny.backward()"
    assert_equal(kata.run(probes.values, code, ["x.grad"]), {"x.grad": 1.0})


@task("views")
def test_slices_and_new_shapes_are_views(kata, probes):
    code = """
x = Tensor([[1.0, 2.0], [3.0, 4.0]])
row, column, flat, turned = x[1], x[:, 0], x.reshape(4), x.T
row += 10
column *= 2
flat -= 1
copy = x[[0, 1]]
copy += 100
"""
    expected = {"x": [[1.0, 1.0], [25.0, 13.0]], "row": [25.0, 13.0], "flat": [1.0, 1.0, 25.0, 13.0]}
    expected["turned"] = [[1.0, 25.0], [1.0, 13.0]]
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("views")
def test_backward_detects_changed_values(kata, probes):
    code = """
def changed(use, change):
    w, c = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0])
    y = use(w, c)
    with no_grad():
        change(w, c, y)
    y.backward(Tensor([1.0, 1.0]))

def put(t, place):
    t[place] = 9.0
"""
    expected = {
        "changed(lambda w, c: w * c, lambda w, c, y: c.mul_(2))": "RuntimeError",
        "changed(lambda w, c: w * c, lambda w, c, y: put(c, 0))": "RuntimeError",
        "changed(lambda w, c: w * c, lambda w, c, y: c[1:].add_(1))": "RuntimeError",
        "changed(lambda w, c: w * c, lambda w, c, y: c.reshape(2, 1).add_(1))": "RuntimeError",
        "changed(lambda w, c: w.exp(), lambda w, c, y: y.add_(1))": "RuntimeError",
        "changed(lambda w, c: w + c, lambda w, c, y: c.add_(1))": "nothing raised",
        "Tensor([1.0], requires_grad=True).add_(1)": "RuntimeError",
    }
    assert_equal(kata.run(probes.refusals, code, expected), expected)


@task("views", title="Changing a result in place gives the right gradient or an error")
def test_a_result_changed_in_place(kata, probes):
    code = """
def right(change, expected):
    w = Tensor([1.0, 2.0], requires_grad=True)
    p = w * 1
    try:
        change(p, p[1:]).sum().backward()
    except RuntimeError:
        return True
    return w.grad.tolist() == expected

def first_the_whole(p, part):
    p *= 3
    return part * 5

def first_the_part(p, part):
    part *= 3
    return p * 5
"""
    expected = {"right(first_the_whole, [0.0, 15.0])": True, "right(first_the_part, [5.0, 15.0])": True}
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("views")
def test_a_gradient_belongs_to_its_leaf(kata, probes):
    code = """
x = Tensor([1.0, 2.0], requires_grad=True)
g = Tensor([1.0, 1.0])
v = Tensor([5.0, 6.0], requires_grad=True)
(x + v).backward(g)
with no_grad():
    x.grad += 100
before = x.grad.tolist()
x.grad = None
(x * Tensor(np.array([3.0, 4.0]))).backward(Tensor(np.array([1.0, 1.0])))
"""
    expected = {
        "g": [1.0, 1.0],
        "v.grad": [1.0, 1.0],
        "before": [101.0, 101.0],
        "x.grad": [3.0, 4.0],
        "x.grad.dtype": "float32",
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("corners")
def test_kinks_and_ties(kata, probes):
    # the value, and the gradient of x for a gradient of ones
    expected = {
        "x.relu()": [[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]],
        "x.abs()": [[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]],
        "x.clip(0, 1)": [[0.0, 1.0, 1.0], [1.0, 1.0, 1.0]],
        "x.maximum(Tensor([0.0, 2.0, 1.0]))": [[0.0, 2.0, 1.0], [0.5, 0.0, 0.5]],
        "x.minimum(Tensor([0.0, 2.0, 1.0]))": [[0.0, 1.0, 1.0], [0.5, 1.0, 0.5]],
        "x.max()": [1.0, [0.0, 0.5, 0.5]],
        "x ** 2": [[0.0, 1.0, 1.0], [0.0, 2.0, 2.0]],
        "x ** 0": [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]],
        "BCEWithLogitsLoss(reduction='sum')(x, Tensor([1.0, 1.0, 1.0]))": [1.3197, [-0.5, -0.2689, -0.2689]],
    }
    assert_equal(kata.run(probes.gradients, [0.0, 1.0, 1.0], list(expected)), expected)
    code = (
        "x = Tensor([[5.0, 5.0, 1.0]], requires_grad=True)\nfound = x.max(dim=1)\nfound.values.backward(Tensor([1.0]))"
    )
    code += "\nplace = found.indices.item()"
    expected = {"place in (0, 1)": True, "x.grad.tolist()[0][place]": 1.0, "sum(x.grad.tolist()[0])": 1.0}
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("corners")
def test_equal_numbers_in_a_window(kata, probes):
    expected = {"MaxPool2d(2)(x)": [[[[[5.0]]]], [[[[1.0, 0.0], [0.0, 0.0]]]]]}  # the first of them gets the gradient
    assert_equal(kata.run(probes.gradients, [[[[5.0, 5.0], [5.0, 5.0]]]], list(expected)), expected)


@task("corners")
def test_extreme_numbers(kata, probes):
    # the value, and the gradient of x for a gradient of ones
    expected = {
        "x.sigmoid()": [[1.0, 0.0], [0.0, 0.0]],
        "x.tanh()": [[1.0, -1.0], [0.0, 0.0]],
        "x.softmax(0)": [[1.0, 0.0], [0.0, 0.0]],
        "x.log_softmax(0)": [[0.0, -20000.0], [-1.0, 1.0]],
        "x.reshape(2, 1).softmax(1)": [[[1.0], [1.0]], [0.0, 0.0]],
        "x.reshape(2, 1).log_softmax(1)": [[[0.0], [0.0]], [0.0, 0.0]],
        "GELU()(x)": [[10000.0, 0.0], [1.0, 0.0]],
        "ELU()(x)": [[10000.0, -1.0], [1.0, 0.0]],
        "BCEWithLogitsLoss()(x, Tensor([1.0, 1.0]))": [5000.0, [0.0, -0.5]],
        "BCEWithLogitsLoss()(x, Tensor([0.0, 0.0]))": [5000.0, [0.5, 0.0]],
        "CrossEntropyLoss()(x.reshape(1, 2), Tensor([1]))": [20000.0, [1.0, -1.0]],
        "CrossEntropyLoss()(x.reshape(2, 1) * Tensor([[1.0, 0.5]]), Tensor([0, 0]))": [2500.0, [0.0, -0.25]],
        "Dropout(0.0)(x)": [[10000.0, -10000.0], [1.0, 1.0]],
        "Dropout(1.0)(x)": [[0.0, 0.0], [0.0, 0.0]],
    }
    assert_equal(kata.run(probes.gradients, [10000.0, -10000.0], list(expected)), expected)
    code = "y = Tensor([10000.0, 10001.0, 10002.0]).var()"
    assert_equal(kata.run(probes.values, code, ["y"]), {"y": 1.0})


@task("groups")
def test_groups_have_their_own_options(kata, probes):
    code = """
p, q = Tensor([1.0], requires_grad=True), Tensor([1.0], requires_grad=True)
optimizer = SGD([{"params": iter([p]), "lr": 0.25}, {"params": [q]}], lr=0.1)
(p * p + q * q).backward()
optimizer.step()
optimizer = Adam((each for each in [p, q]), lr=0.1)
optimizer.zero_grad()
"""
    expected = {"p": [0.5], "q": [0.8], "p.grad is None": True}  # 1 - 0.25 · 2 and 1 - 0.1 · 2
    assert_equal(kata.run(probes.values, code, list(expected)), expected)
    code = """
p, q = Tensor([1.0], requires_grad=True), Tensor([1.0], requires_grad=True)
state = SGD([{"params": [p], "lr": 0.25}, {"params": [q]}], lr=0.1).state_dict()
optimizer = SGD([{"params": [p]}, {"params": [q]}])
optimizer.load_state_dict(state)
(p * p + q * q).backward()
optimizer.step()
"""
    assert_equal(kata.run(probes.values, code, ["p", "q"]), {"p": [0.5], "q": [0.8]})


@task("groups")
def test_backward_detects_an_optimizer_step(kata, probes):
    code = """
def late():
    w = Tensor([2.0], requires_grad=True)
    y = w * w
    optimizer = SGD([w], lr=0.1)
    w.grad = Tensor([1.0])
    optimizer.step()
    y.backward()
"""
    expected = {"late()": "RuntimeError"}
    assert_equal(kata.run(probes.refusals, code, expected), expected)


@task("damaged")
def test_damaged_files_raise_an_error(kata, probes):
    for kind in ("cut off", "too long", "overlapping arrays", "another format", "not JSON", "empty", "a negative size"):
        with about(f"a damaged file ({kind})"):
            with kata.raises(ValueError) as caught:
                kata.run(probes.damaged, kind)
            with about("the message must name the file"):
                assert_equal("model.safetensors" in caught.message, True)


@task("refusals", title="Errors for invalid tensors and gradients")
def test_errors_for_tensors_and_gradients(kata, probes):
    code = """
x = Tensor([1.0, 2.0], requires_grad=True)
used = x.exp()
used.backward(Tensor([1.0, 1.0]))
"""
    expected = {
        "Tensor([1, 2], requires_grad=True)": "RuntimeError",
        "x.numpy()": "RuntimeError",
        "len(Tensor(2.5))": "TypeError",
        "Tensor([1.0, 2.0]).item()": "RuntimeError or ValueError",
        "Tensor([[1.0, 2.0], [3.0]])": "ValueError or TypeError",
        "Tensor('four')": "ValueError or TypeError or RuntimeError",
        "Tensor([1, 2]).add_(0.5)": "RuntimeError",
        "Tensor([1, 2]).requires_grad_()": "RuntimeError",
        "(x * 2).backward()": "RuntimeError",
        "(x * 2).backward(Tensor([1.0]))": "RuntimeError",
        "Tensor([1.0]).backward()": "RuntimeError",
        "used.backward(Tensor([1.0, 1.0]))": "RuntimeError",
    }
    assert_equal(kata.run(probes.refusals, code, expected), expected)


@task("refusals", title="Errors for incompatible shapes and invalid indices")
def test_errors_for_shapes_and_indices(kata, probes):
    expected = {
        "zeros(2, 3) + zeros(4)": "RuntimeError",
        "zeros(2, 3) == zeros(4)": "RuntimeError",
        "zeros(2, 3) @ zeros(2, 3)": "RuntimeError",
        "zeros(2, 3)[2]": "IndexError",
        "zeros(2, 3)[:, [0, -4]]": "IndexError",
        "zeros(2, 3)[[True, False, True]]": "IndexError",
        "zeros(2, 3).reshape(4)": "RuntimeError",
        "zeros(2, 3).T.view(6)": "RuntimeError",
        "zeros(2, 3).sum(dim=2)": "IndexError",
        "zeros(2, 3).unsqueeze(5)": "IndexError",
        "cat([zeros(2, 3), zeros(2, 3)], dim=2)": "IndexError",
        "Tensor([1, 2]).mean()": "RuntimeError",
        "cat([zeros(2, 3), zeros(2, 2)])": "RuntimeError or ValueError",
    }
    assert_equal(kata.run(probes.refusals, "", expected), expected)
    said = kata.run(probes.message, "zeros(2, 3) + zeros(4)")
    with about(f"the message must name both shapes; it says: {said}"):
        assert_equal(["(2, 3)" in said, "(4,)" in said], [True, True])


@task("refusals", title="Errors for invalid layers, losses, optimizers and data")
def test_errors_for_layers_losses_optimizers_and_data(kata, probes):
    code = """
p = Tensor([1.0], requires_grad=True)
layer = Linear(2, 3)
larger = {"weight": zeros(3, 4), "bias": ones(3) * 7}

def load(state):
    before = layer.bias.tolist()
    try:
        layer.load_state_dict(state)
    finally:
        assert layer.bias.tolist() == before, "a rejected state must change nothing"
"""
    expected = {
        "Linear(2, 3)(zeros(1, 4))": "RuntimeError",
        "Conv2d(3, 4, 3, groups=2)": "ValueError",
        "Conv2d(2, 3, 3)(zeros(1, 3, 5, 5))": "RuntimeError",
        "Conv2d(1, 1, 3)(zeros(1, 1, 2, 2))": "RuntimeError",
        "Embedding(4, 2)(Tensor([4]))": "IndexError",
        "Embedding(4, 2)(Tensor([-1]))": "IndexError",
        "Dropout(1.5)": "ValueError",
        "load({'weight': zeros(3, 2)})": "RuntimeError",
        "load(larger)": "RuntimeError",
        "MSELoss(reduction='average')(zeros(2), zeros(2))": "ValueError",
        "CrossEntropyLoss(reduction='average')(zeros(1, 2), Tensor([0]))": "ValueError",
        "CrossEntropyLoss()(zeros(1, 2), Tensor([2]))": "IndexError",
        "CrossEntropyLoss()(zeros(1, 2), Tensor([-1]))": "IndexError",
        "CrossEntropyLoss()(zeros(1, 2), Tensor([0, 1]))": "ValueError or RuntimeError or IndexError",
        "SGD([])": "ValueError",
        "SGD([p], lr=-0.1)": "ValueError",
        "SGD([p], nesterov=True)": "ValueError",
        "Adam([p], weight_decay=-1)": "ValueError",
        "Adam([p], betas=(1.0, 0.9))": "ValueError",
        "DataLoader((np.zeros(3), np.zeros(2)))": "ValueError",
        "DataLoader((np.zeros(3), np.zeros(3)), batch_size=0)": "ValueError",
    }
    assert_equal(kata.run(probes.refusals, code, expected), expected)


@task("refusals", title="Errors for layers without a counterpart")
def test_errors_for_layers_without_a_counterpart(kata, probes):
    with_torch = kata.beside("torch")
    with with_torch.raises(TypeError) as caught:
        with_torch.run(probes.an_unknown_layer)
    with about("the message must name the layer"):
        assert_equal("Bilinear" in caught.message, True)


@task("bonus", title="Your own tests pass, and their docstring has bonus.py's report")
def test_own_tests_and_their_report(kata, probes):
    failing, report, docstring = kata.run(probes.own_tests)
    with about("your tests that fail on your framework"):
        assert_equal(failing, [])
    with about("the lines that bonus.py reports and the docstring of own_tests.py lacks"):
        assert_equal([line for line in report if line not in docstring], [])
