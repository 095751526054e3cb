"""Compare the optimisers with torch.optim, clip_grad_norm_, and LinearLR followed by CosineAnnealingLR.

The tolerance of a path is derived as follows. Replace every number of the recursion by its magnitude: with
G = |grad| + weight_decay |param|, the velocity has the magnitude V = momentum V + G, and the running averages M and S
are those of G and G². A sum of t terms is off by at most about t eps times its magnitude, and so is its update:

- sgd: |error| <= c eps t lr V;
- Adam: the numerator is off by c eps t M, and the denominator, relatively, by c eps t S / v, where v is the average
  itself. 1 - beta^t is off by eps t, which is relatively eps / (1 - beta). Together,
  |error| <= c eps (t + 1 / (1 - beta1) + 1 / (1 - beta2)) lr M / (√v + eps) (1 + S / v).

A path sums its updates, so its scale is |param| in the beginning and the sum of these bounds.

The functions torch.optim.sgd.sgd and so on are what the classes of the same names call.
"""

import warnings

import numpy as np
import torch
from torch.optim.adam import adam as torch_adam
from torch.optim.adamw import adamw as torch_adamw
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
from torch.optim.sgd import sgd as torch_sgd

from graders.checks import Mismatch, about, assert_close, assert_equal, assert_near, assert_parts, cases, task

DEFAULTS = {
    "sgd": {"lr": 0.01, "momentum": 0.0, "weight_decay": 0.0},
    "adam": {"lr": 0.001, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0},
    "adamw": {"lr": 0.001, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01},
}
BETAS = ((0.9, 0.999), (0.9, 0.95), (0.5, 0.9), (0.0, 0.99), (0.8, 0.8), (0.95, 0.5))


def torch_path(name, param, grads, settings):
    """Return param after each step of PyTorch's optimiser."""
    param, buffers = torch.tensor(param, dtype=torch.float64), [None]
    m, v, step = torch.zeros_like(param), torch.zeros_like(param), torch.tensor(0.0)
    path = []
    for grad, setting in zip(grads, settings, strict=True):
        grad, setting = torch.tensor(grad, dtype=torch.float64), DEFAULTS[name] | setting
        if name == "sgd":
            torch_sgd([param], [grad], buffers, foreach=False, dampening=0.0, nesterov=False, maximize=False, **setting)
        else:
            beta1, beta2 = setting.pop("betas")
            settled = {"beta1": beta1, "beta2": beta2, "foreach": False, "amsgrad": False, "maximize": False, **setting}
            (torch_adam if name == "adam" else torch_adamw)([param], [grad], [m], [v], [], [step], **settled)
        path.append(param.numpy().copy())
    return path


def tolerances(name, param, grads, settings, path):
    """Return scale and number of terms after each step, as derived above."""
    before, scale, velocity = [np.asarray(param, dtype=np.float64), *path], abs(param).astype(np.float64), 0.0
    M = S = v = 0.0
    for t, (grad, param, setting) in enumerate(zip(grads, before, settings, strict=False), start=1):
        setting = DEFAULTS[name] | setting
        decay = setting["weight_decay"] * param if name != "adamw" else 0.0
        magnitude = abs(grad) + abs(decay)
        if name == "sgd":
            velocity = setting["momentum"] * velocity + magnitude
            scale = scale + setting["lr"] * velocity
            yield scale, t
            continue
        beta1, beta2 = setting["betas"]
        M = beta1 * M + (1 - beta1) * magnitude
        S = beta2 * S + (1 - beta2) * magnitude**2
        v = beta2 * v + (1 - beta2) * (grad + decay) ** 2
        root = np.sqrt(v / (1 - beta2**t)) + setting["eps"]
        relative = 1 + np.divide(S, v, out=np.zeros_like(scale), where=v > 0)
        scale = scale + setting["lr"] * M / (1 - beta1**t) / root * relative
        yield scale, t + 1 / (1 - beta1) + 1 / (1 - beta2)


def assert_paths(path, name, params, grads, settings, dtype=np.float64):
    """Compare the paths of parameters that take turns; grads[i] are the gradients of params[i]."""
    if type(path) is dict:
        assert_parts(path["answer"], "new_param", "new_state")
        path = path["path"]
    if type(path) is not list or len(path) != len(params) * len(settings):
        raise Mismatch(f"expected {len(params) * len(settings)} parameters, one after each call", None, path)
    for i, (param, of) in enumerate(zip(params, grads, strict=True)):
        expected = torch_path(name, param, of, settings)
        for k, (scale, terms) in enumerate(tolerances(name, param, of, settings, expected)):
            call = k * len(params) + i
            subject = f"new_param of call {call + 1}"
            assert_close(path[call], expected[k], scale=scale, terms=terms, dtype=dtype, name=subject)


def start(draw, dtype=np.float64):
    """Draw a parameter with one to three axes and its gradients, some of them 0, large or tiny."""
    k, m, n = draw.sizes("k m n", low=1, high=4)
    steps = draw.sizes("steps", low=1, high=12)
    steps = {3: 100, 4: 100, 7: 1}.get(draw.case, steps)
    shape = ((n,), (m, n), (k, m, n))[draw.case % 3]
    scale = (1.0, 1e-3, 1.0, 100.0)[draw.case // 2 % 4]
    grads = [draw.normal(*shape, scale=scale, dtype=dtype) for _ in range(steps)]
    if draw.case % 5 == 4:
        grads = [grad * draw.mask(*shape, keep=0.6).astype(dtype) for grad in grads]
    return draw.normal(*shape, dtype=dtype), grads


def rates(draw, setting, steps):
    """Return the settings of each step: the learning rate changes in every third case and is the default in others."""
    if draw.case % 3 == 0:
        return [setting | {"lr": draw.uniform(0.001, 0.1)} for _ in range(steps)]
    return [setting if draw.case % 3 == 1 else setting | {"lr": (0.03, 0.2)[draw.case % 2]}] * steps


def sgd_setting(draw):
    momentum, decay = (0.9, 0.0, 0.5, 0.99)[draw.case % 4], (0.0, 0.1, 0.02)[draw.case // 4 % 3]
    return {key: value for key, value in (("momentum", momentum), ("weight_decay", decay)) if value}


def adam_setting(draw, decays):
    """Return settings, which are the defaults in some cases."""
    keywords = (
        ("betas", BETAS[draw.case // 2 % 6]),
        ("eps", (1e-8, 1e-8, 1e-3, 1e-8, 1.0)[draw.case % 5]),
        ("weight_decay", decays[draw.case % len(decays)]),
    )
    return {key: value for key, value in keywords if value not in ((0.9, 0.999), 1e-8, None)}


def one_path(kata, draw, probes, name, setting):
    param, grads = start(draw)
    settings = rates(draw, setting, len(grads))
    assert_paths(kata.run(probes.path, name, param, grads, settings), name, [param], [grads], settings)


def turns(kata, draw, probes, name, setting):
    """Let two or three parameters take turns. Two have the same shape."""
    n, steps = draw.sizes("n steps", low=2, high=5)
    shapes = ((n,), (n,), (2, n))[: 2 + draw.case % 2]
    params = [draw.normal(*shape) for shape in shapes]
    grads = [[draw.normal(*shape) for shape in shapes] for _ in range(steps)]
    settings = rates(draw, setting, steps)
    path = kata.run(probes.paths_in_turns, name, params, grads, settings)
    assert_paths(path, name, params, list(zip(*grads, strict=True)), settings)


@task("sgd", title="Up to 100 steps of sgd")
@cases(16)
def test_sgd_takes_the_steps_of_pytorch(kata, draw, probes):
    one_path(kata, draw, probes, "sgd", sgd_setting(draw))


@task("adam", title="Up to 100 steps of Adam")
@cases(20)
def test_adam_takes_the_steps_of_pytorch(kata, draw, probes):
    one_path(kata, draw, probes, "adam", adam_setting(draw, (None, 0.1, None, 0.02)))


@task("adamw", title="Up to 100 steps of AdamW")
@cases(20)
def test_adamw_takes_the_steps_of_pytorch(kata, draw, probes):
    one_path(kata, draw, probes, "adamw", adam_setting(draw, (None, 0.5, 0.0, 0.1)))


@task("sgd", title="Parameters of sgd that take turns")
@cases(4)
def test_parameters_of_sgd_take_turns(kata, draw, probes):
    turns(kata, draw, probes, "sgd", {"momentum": 0.9})


@task("adam", title="Parameters of Adam that take turns")
@cases(4)
def test_parameters_of_adam_take_turns(kata, draw, probes):
    turns(kata, draw, probes, "adam", {"betas": (0.9, 0.99)})


@task("adamw", title="Parameters of AdamW that take turns")
@cases(4)
def test_parameters_of_adamw_take_turns(kata, draw, probes):
    turns(kata, draw, probes, "adamw", {"betas": (0.9, 0.99)})


@task("clip", title="One factor for all gradients, and the norm before")
@cases(20)
def test_all_gradients_get_the_same_factor(kata, draw):
    k, n, arrays = draw.sizes("k n arrays", low=1, high=4)
    scale = (1.0, 30.0, 0.2)[draw.case % 3]
    grads = [draw.normal(*((n,), (k, n), (k, 2, n))[i % 3], scale=scale) for i in range(arrays)]
    grads[0].flat[0] += 2 * scale  # keeps the norm well above 1e-6
    if draw.case % 4 == 3 and arrays > 1:
        grads[1][...] = 0
    norm = float(np.sqrt(sum((grad**2).sum() for grad in grads)))
    max_norm = norm * (0.5, 0.1, 0.9, 2.0, 1.1)[draw.case % 5]
    clipped, before = assert_parts(kata.clip_by_norm(grads, max_norm), "clipped", "norm")
    tensors = [torch.zeros(grad.shape, dtype=torch.float64) for grad in grads]
    for tensor, grad in zip(tensors, grads, strict=True):
        tensor.grad = torch.tensor(grad)
    assert_close(before, float(torch.nn.utils.clip_grad_norm_(tensors, max_norm)), terms=8 * k * n, name="norm")
    clipped = assert_parts(clipped, *(f"clipped[{i}]" for i in range(len(grads))))
    for i, (actual, tensor) in enumerate(zip(clipped, tensors, strict=True)):
        # PyTorch adds 1e-6 to the norm; an answer without it is relatively larger by 1e-6 / norm
        assert_near(actual, tensor.grad, relative=1.1e-6 / norm, name=f"clipped[{i}]")


def torch_rates(lr, warmup, total, lr_min, steps):
    """Return the learning rates of so many steps."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SequentialLR passes a step's number to its schedules, which is deprecated
        rate = torch.optim.SGD([torch.zeros(1)], lr=lr)
        parts = [CosineAnnealingLR(rate, max(total - warmup, 1), lr_min)]
        if warmup:
            parts.insert(0, LinearLR(rate, 1 / warmup, total_iters=max(warmup - 1, 1)))
        schedule = SequentialLR(rate, parts, [warmup] if warmup else [])
        rates = []
        for step in range(steps):
            if step <= total:  # PyTorch's cosine would rise again
                rates.append(rate.param_groups[0]["lr"])
                rate.step()
                schedule.step()
            else:
                rates.append(lr_min)
    return rates


@task("schedule", title="The learning rates of a whole run")
@cases(16)
def test_the_learning_rate_of_every_step(kata, draw):
    warmup, rest = draw.sizes("warmup rest", low=2, high=8)
    warmup, rest = {3: (0, rest), 5: (1, rest), 7: (warmup, 1), 9: (0, 1), 11: (30, 70)}.get(draw.case, (warmup, rest))
    lr, lr_min = draw.uniform(0.1, 2.0), (None, 0.0, draw.uniform(0.0, 0.1))[draw.case % 3]
    total, given = warmup + rest, () if lr_min is None else (lr_min,)
    rates = torch_rates(lr, warmup, total, lr_min or 0.0, total + 3)
    for step in range(0, total + 3, 1 + total // 20):
        with about(f"step {step} of {total}, {warmup} of them warm-up"):
            rate = kata.warmup_cosine(step, lr, warmup, total, *given)
            assert_near(rate, rates[step], absolute=1e-9 * lr)  # may be an integer, such as 0


@task("types", title="float32 stays float32")
@cases(6)
def test_float32_stays_float32(kata, draw, probes):
    name = ("sgd", "adam", "adamw")[draw.case % 3]
    param, grads = start(draw, np.float32)
    param, grads = param[..., :3], [grad[..., :3] for grad in grads[:3]]
    settings = [
        {"momentum": 0.9, "weight_decay": 0.1} if name == "sgd" else {"weight_decay": 0.1, "lr": 0.1, "eps": 0.0}
    ]
    settings *= len(grads)
    path = kata.run(probes.path, name, param, grads, settings)
    assert_paths(path, name, [param], [grads], settings, dtype=np.float32)
    grad = abs(param) + np.float32(5)  # the norm is large, so that 1e-6 added to it doesn't matter
    clipped, _ = assert_parts(kata.clip_by_norm([grad, -grad], 1.0), "clipped", "norm")
    expected = grad / np.sqrt(2 * (grad.astype(np.float64) ** 2).sum())
    for i, actual in enumerate(assert_parts(clipped, "clipped[0]", "clipped[1]")):
        sign = (1, -1)[i]
        assert_close(actual, sign * expected, dtype=np.float32, terms=param.size + 10, name=f"clipped[{i}]")


@task("inputs", title="The parameter and the gradient are left alone")
@cases(6)
def test_the_parameter_and_the_gradient_are_left_alone(kata, draw, probes):
    name = ("sgd", "adam", "adamw")[draw.case % 3]
    n, steps = draw.sizes("n steps", low=3, high=4)  # the velocity is that of a third step
    param, grads = draw.normal(n, 2), [draw.normal(n, 2) for _ in range(steps)]
    settings = [{"weight_decay": 0.1} | ({"momentum": 0.9} if name == "sgd" else {"eps": 1e-3})] * steps
    params, left = kata.run(probes.arguments_and_results, name, param, grads, settings)
    with about(f"the first param, after the last step of {name}"):
        assert_equal(params[0], param)
    with about(f"grad, after a step of {name}"):
        assert_equal(left, grads)
    with about(f"{name}, with all gradients in the same array"):
        assert_paths(params[1:], name, [param], [grads], settings)


@task("inputs")
@cases(3)
def test_clipping_leaves_the_gradients_alone(kata, draw, probes):
    grads = [draw.normal(2, 3), draw.normal(draw.sizes("n"))]
    _, after = kata.run(probes.clipped, grads, (0.1, 100.0, 1.0)[draw.case])
    with about("grads, after clip_by_norm"):
        assert_equal(after, grads)
