"""Recompute the worked examples in the READMEs of all katas with their solutions.

An example states claims about the section's text, in which line breaks count as spaces. In `says("h = {}", h)`, `{}`
stands for a number or an array in the text, which must be equal to h, rounded to the digits that are shown. The rest of
the phrase is compared literally. Chains of plain arithmetic, such as `0.5 * [1, -4] + [1, 2] = [1.5, -0]`, are computed
without a claim. Each number in the section must belong to a claim or to a chain.
"""

from __future__ import annotations

import ast
import importlib
import math
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
NUMBER = (
    r"(?<![\w.])-?(?:\d+/\d+|√\d+|∞|\d{1,3}(?: \d{3})+|\d+(?:\.\d+)?(?:e-?\d+)?)(?![\w.]*\w)|(?<!=)\b(?:True|False)\b"
)
ARRAY = r"\[(?:[^\[\]=]|\[(?:[^\[\]=]|\[[^\[\]=]*\])*\])*\]"
REFERENCE = re.compile(r"(?i)(exercises?|milestone|`[^`]*`|extras?) \d+( and \d+)?")
TERM = r"(?:" + NUMBER + r"|\[|\]|sqrt|log|ln|exp|[-+*·/(),^²√ ])+"
CHAIN = re.compile(rf"(?={TERM}=){TERM}(?:={TERM})+")


def section(readme: str) -> str:
    """Return the worked examples of a README, and what it shows of a derivation, on one line, without pictures."""
    blocks = r"^## (?:Worked example|Derive it)\n((?:(?!## ).*\n)*)|^(Worked example.*\n(?:.+\n)*\n(?:    .*\n|\n)+)"
    found = re.findall(blocks, readme, re.MULTILINE)
    text = re.sub(r"^!\[.*$", "", "\n".join(map("".join, found)), flags=re.MULTILINE)
    return re.sub(r"\s+", " ", text.replace("−", "-"))


class Section:
    """The text of a worked example, the parts of it that were recomputed, and what is wrong with it."""

    def __init__(self, readme: str) -> None:
        self.text = section(readme)
        self.covered = [False] * len(self.text)
        self.faults: list[str] = []

    def says(self, phrase: str, *values: Any) -> None:
        """Compare the numbers in the first place that has this phrase, and isn't covered, with the values."""
        parts = [re.escape(part).replace(r"\ ", " +") for part in re.sub(r"\s+", " ", phrase.strip()).split("{}")]
        pattern = parts[0] + "".join(f"({ARRAY}|{NUMBER}){part}" for part in parts[1:])
        places = list(re.finditer(pattern, self.text))
        place = next((each for each in places if not self.covered[each.start()]), places[0] if places else None)
        if place is None:
            self.faults.append(f"the README doesn't say: {phrase}")
            return
        self._cover(place)
        for shown, value in zip(place.groups(), values, strict=True):
            if not agrees(shown, value):
                self.faults.append(f"{place[0]!r}: {shown} should be {np.round(np.asarray(value, float), 7).tolist()}")

    def compute_chains(self) -> None:
        """Compare the sides of every equation that holds plain arithmetic only."""
        for place in CHAIN.finditer(self.text):
            sides = [side.strip(" ,(") for side in place[0].split("=")]
            if re.match(r"[-+] |[*/·)^²]|$", sides[0]):  # the rest of an expression with names
                sides = sides[1:]
            try:
                values = [computed(side) for side in sides]
            except (SyntaxError, TypeError, ValueError, ZeroDivisionError):
                continue  # not an equation: a claim has to cover it
            if len(values) > 1 and np.shape(values[0]) != np.shape(values[1]):  # as in y[0, 0] = 6
                sides, values = sides[1:], values[1:]
            if len({np.shape(value) for value in values}) != 1 or len(values) < 2:
                continue
            self._cover(place)
            loose = 2 if re.search(r"\.\d{3}", " ".join(sides[:-1])) else 0  # rounded numbers went in
            for side, value in zip(sides[1:], values, strict=False):
                if not agrees(side, value, loose) if re.fullmatch(f"{ARRAY}|{NUMBER}", side) else False:
                    self.faults.append(f"{place[0].strip()!r}: {side} should be {np.asarray(value).tolist()}")

    def all_faults(self) -> list[str]:
        """Return what differs, and the numbers that nothing recomputed, with their surroundings."""
        for place in REFERENCE.finditer(self.text):
            self._cover(place)
        return self.faults + [
            "not recomputed: …" + self.text[max(0, place.start() - 50) : place.end() + 20]
            for place in re.finditer(NUMBER, self.text)
            if not all(self.covered[k] or self.text[k] == " " for k in range(place.start(), place.end()))
        ]

    def _cover(self, place: re.Match[str]) -> None:
        self.covered[place.start() : place.end()] = [True] * (place.end() - place.start())


def agrees(shown: str, value: Any, loose: float = 0) -> bool:
    """Return whether the shown number or array is the value, rounded to the digits shown (give or take `loose`)."""
    tokens = re.findall(NUMBER, shown)
    shape = np.shape(ast.literal_eval(re.sub(NUMBER, "0", shown)))
    values = np.ravel(value).tolist()
    if shape != np.shape(value) or len(tokens) != len(values):
        return False
    for token, each in zip(tokens, values, strict=True):
        decimals = len(token.partition(".")[2]) if "e" not in token else 12
        if not (computed(token) == each or abs(computed(token) - each) <= (0.501 + loose) * 10**-decimals):
            return False
        if "." not in token and not loose and math.isfinite(each) and abs(computed(token) - each) > 1e-4:
            return False  # a whole number is exact, up to a tiny eps
    return True


def computed(expression: str) -> Any:
    """Return the value of plain arithmetic."""
    code = re.sub(r"(?<=\d) (?=\d{3}\b)", "", expression.replace("·", "*").replace("²", "**2").replace("^", "**"))
    code = re.sub(r"√(\d+)", r"sqrt(\1)", code).replace("∞", "inf")
    code = re.sub(r"\b(?:log|ln) (\d+(?:/\d+)?)", r"log(\1)", code)
    code = re.sub(r"(?<=\.\d\d\d\d) (?=\[)|(?<=\d) (?=\()", " * ", code)
    code = re.sub(ARRAY, lambda place: f"array({place[0]})", code)
    names = {"sqrt": np.sqrt, "log": np.log, "exp": np.exp, "array": np.array, "inf": math.inf}
    return eval(code, {"__builtins__": {}}, names)


@contextmanager
def imported(*slugs: str) -> Iterator[Callable[[str], Any]]:
    """Make the solutions of katas importable, the last one first, and forget their modules at the end."""
    before, path = set(sys.modules), list(sys.path)
    folders = [ROOT / top / slug for slug in slugs for top in ("katas", "solutions")]
    sys.path[:0] = [str(folder) for folder in reversed(folders)]
    try:
        yield importlib.import_module
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - before:
            if Path(getattr(sys.modules[name], "__file__", None) or "").parent in folders:
                del sys.modules[name]


def recomputed(slug: str, readme: str = "") -> Section:
    """Return the worked example of a kata's README, or of another text, after all claims about it were checked."""
    found = Section(readme or (ROOT / "katas" / slug / "README.md").read_text(encoding="utf-8"))
    kata = tomllib.loads((ROOT / "katas" / slug / "kata.toml").read_text(encoding="utf-8"))
    with imported(*kata.get("builds_on", ()), slug) as module:
        EXAMPLES[slug](found.says, module)
    found.compute_chains()
    return found


def _exercise00(says, module):
    m = module("shapes")
    table = np.array([[1, 2, 5], [5, 4, 1]])
    three, heads = np.arange(1, 4), np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    a, b = np.array([[[1, 2]], [[0, 1]]]), np.array([[[1], [10]], [[3], [4]]])
    x, mask = np.array([1, 2, 5]), np.array([True, False, True])
    says("table = [{}, {}]", *table)
    says("with {}: {} |", 10 * three, m.add_row(table, 10 * three))
    says("with {}: {} |", np.array([10, 20]), m.add_column(table, np.array([10, 20])))
    says("of {} and {}: {}", three[:2], 10 * three, m.outer_product(three[:2], 10 * three))
    says("the means are 3, 3, 3: {}", m.centre_columns(table))
    assert table.mean(axis=0).tolist() == [3, 3, 3]
    says("the sums are 8, 10: {}", m.normalise_rows(table))
    assert table.sum(axis=1).tolist() == [8, 10]
    says("5 is in column 2, and 5 in column 0: {}", m.largest_columns(table))
    says("of {} with 3 classes: {}", np.array([2, 0]), m.one_hot(np.array([2, 0]), 3))
    says("with columns {}: {}", np.array([1, 2]), m.pick_one_per_row(table, np.array([1, 2])))
    says("with ids {}: {}", np.array([1, 0, 1]), m.take_rows(table, np.array([1, 0, 1])))
    says("(n - size + 1, size)` | of {} with size 2: {}", np.array([1, 2, 5, 4]), m.windows(np.array([1, 2, 5, 4]), 2))
    says("of {}, mask {}, otherwise 0: {}", x, mask, m.keep_where(x, mask, 0))
    says("for 3: {}", m.causal_mask(3))
    says("of table: {}", m.swap_last_axes(table))
    says("of {} with 2: {}", heads, m.into_heads(heads, 2))
    says("of {} and {}: {}", a, b, m.multiply_each(a, b))
    says("may be 1.")
    says("shape `(5, n, m)`")
    says("even -∞")


def _exercise01(says, module):
    affine = module("affine").affine
    W, x, b = np.array([[1.0, 0.0], [0.5, -1.0]]), np.array([[1, 2], [0, 0], [-2, 4]]), np.array([0.1, 0.2])
    z = affine(W, x, b)
    says("W = [{}, x = {} b = {} {}]", W[0], x[0], b, W[1])
    says("returns the array `{}`", z[0])
    says("x = [{}, affine(W, x, b) = [{}, {}, {}, {}] {}]", x[0], z[0], x[1], z[1], x[2], z[2])


def _exercise02(says, module):
    relu, z = module("relu"), np.array([-1.0, 0.0, 2.0])
    says("z = {} relu(z) = {} relu_derivative(z) = {}", z, relu.relu(z), relu.relu_derivative(z))
    says("relu(np.array({}))` is `np.array({})", z, relu.relu(z))
    says(r"1 & z > 0 \\ 0 & z \le 0")


def _exercise03(says, module):
    W1, W2, x = np.eye(2), np.ones((1, 2)), np.array([1.0, -1.0])
    h, y = module("two_layer").two_layer_forward(x, W1, W2)
    says("x = {} W1 = [{}, W2 = {} {}]", x, W1[0], W2, W1[1])
    says("W1 x = {} h = {} ReLU replaces -1 with 0 y = [1 · 1 + 1 · 0] = {}", W1 @ x, h, y)
    says("the array `{}`, then the array `{}`", h, y)


def _exercise04(says, module):
    logits = np.array([2.0, 1.0, 0.0])
    m = module("softmax_cross_entropy")
    p = m.softmax(logits)
    says("is class 0: logits = {} target = 0", logits)
    says("exp(logits) = {} sum {}", np.exp(logits), np.exp(logits).sum())
    says("p = {}", p)
    says("loss = -log({}) = {}", p[0], m.cross_entropy(logits, 0))


def _exercise05(says, module):
    m, W = module("affine_gradient"), np.array([[1, 0], [0.5, -1]])
    dz, x = np.array([[2.0, -1.0], [1.0, 2.0]]), np.array([[3.0, 4.0], [0.0, 1.0]])
    dW, dx, db = m.affine_backward(dz[0], x[0], W)
    says("W = {} x = {} dz = {}", W, x[0], dz[0])
    says("dW = {} dx = {} db = {}", dW, dx, db)
    says("dz = {} and x = {}", dz[1], x[1])
    both = m.affine_backward(dz, x, W)
    says("dW = {} dx = {} db = {}", *both)
    says("dW = [[2 · 3, 2 · 4], [-1 · 3, -1 · 4]] = {} dx = [1 · 2 +", dW)
    says("1 · (-1)] = {} db = dz = {}", dx, db)
    says("0.5 · (-1), 0 · 2 -")
    says("dW = {} + {} = {}", dW, np.outer(dz[1], x[1]), both[0])
    says("db = {} + {} = {}", dz[0], dz[1], both[2])


def _exercise06(says, module):
    m, a, b = module("gradient_check"), np.array([1, 2, 0.0]), np.array([1, 2.5, 0])
    slope = m.numerical_gradient(lambda w: w * w, 3.0)
    says("w = 3 with a step of eps = 1e-5: f({}) = {} f({}) = {}", 3.00001, 3.00001**2, 2.99999, 2.99999**2)
    says("From these two numbers, `numerical_gradient` finds {}.", slope)
    says("f(w) = w² at")
    says("gradients {} and {}", a, b)
    says("are 0, 0.5 / 4.5 and 0 / 1e-8")
    says("largest of them, {}", m.relative_error(a, b))
    says(r"e_i)}{2 \varepsilon}")
    says("e_i$ is 1 at element i and 0 elsewhere")
    says("({} - {}) / 0.00002 = {}", 3.00001**2, 2.99999**2, slope)
    says("about ε² f‴ / 6.")
    says("about ε f″ / 2,")
    says("rounds f to about 16 digits")
    says("near ε = 1e-5.")


def _exercise07(says, module):
    m = module("initialization")
    W = m.initialize(100, 200, "he", np.random.default_rng(0))
    says("has 100 inputs and 200 outputs")
    says("around 0: fan_in = 100 fan_out = 200")
    says("xavier_std(100, 200) = {}", m.xavier_std(100, 200))
    says("he_std(100) = {}", m.he_std(100))
    says('`initialize(100, 200, "he", rng)`')
    says("shape ({}, {})", *W.shape)
    says("{} numbers", W.size)
    says("mean 0 and standard deviation {}", m.he_std(100))
    says("have mean 0, so only the squares remain")
    says(r"\sum_{j=1}^{n} W_{ij}\, x_j, \qquad \mathrm{E}\, z_i^2 = n\, \sigma^2\, \mathrm{E}\, x^2$$")
    says(r"the inputs if $\sigma^2 = 1/\mathrm")
    says(r"its size if $\sigma^2 = 1/\mathrm")
    says("half of the $z_i$ to 0")
    says(r"Xavier}} = \sqrt{2 / (\mathrm{fan}")
    says(r"He}} = \sqrt{2 / \mathrm{fan}")
    says("xavier_std(100, 200) = sqrt(2 / 300) = {}", m.xavier_std(100, 200))
    says("he_std(100) = sqrt(2 / 100) = {}", m.he_std(100))


def _exercise08(says, module):
    h, mask = np.ones(3), np.array([1, 0, 1])
    says("p = 1/3. Here")
    says("by 1 - p: h = {} mask = {} p = 1/3", h, mask)
    says("/ (1 - p) = [1, 0, 1] / (2/3) = {}", module("dropout").dropout(h, mask, 1 / 3))


def _exercise09(says, module):
    m, x, one = module("layer_norm"), np.array([1.0, 2.0, 3.0]), np.ones(3)
    gamma, beta = np.array([1.0, 2, 3]), np.array([10.0, 20, 30])
    y, root = m.layer_norm(x, one, 0 * one), np.sqrt(x.var() + 1e-5)
    says("A row goes in, and a row with mean 0 and a variance of almost 1")
    says("eps = {}, x = {} y = {}", 0.00001, x, y)
    says("gamma = {} and beta = {}: y = {}", gamma, beta, m.layer_norm(x, gamma, beta))
    says("y would be {}", (x - 2) / x.std())
    says("mean = {} variance = (1 + 0 + 1) / 3 = {}", x.mean(), x.var())
    says("root = sqrt({} + 0.00001) = {} y = [-1, 0, 1] / {} = {}", x.var(), root, root, y)
    says(r"\sqrt{\sigma^2 +")
    says(r"variance $\sigma^2 / (\sigma^2 +")


def _exercise10(says, module):
    m = module("diagnostics")
    network = module("network").Network([2, 2, 2], "relu", np.random.default_rng(0))
    x, W1, W2 = np.array([3.0, 4.0]), np.eye(2), np.diag([1, 0.75])
    network.weights, network.biases = [W1, W2], [np.zeros(2), np.zeros(2)]
    norms, (_, dW, _) = m.gradient_norms(network, x[None], np.array([0])), network.loss_and_gradients(x[None], [0])
    p = np.array([0.5, 0.5])
    dz2 = p - [1, 0]
    says("sample of class 0.")
    says("x = {} W1 = {} W2 = {}", x, W1, W2)
    says("h = relu(W1 x) = {} logits = W2 h = {} p = {}", W1 @ x, network.forward(x[None])[0], p)
    says("dz2 = p - [1, 0] = {} dW2 = dz2 h^T = {} norm {}", dz2, dW[1], norms[1])
    says("dz1 = W2^T dz2 = {} dW1 = dz1 x^T = {} norm {}", W2.T @ dz2, dW[0], norms[0])
    says("gradient_norms = {}", norms)


def _exercise11(says, module):
    m, p = module("optimizers"), np.array([1.0, 2.0])
    grads = [np.array([1.0, -4.0]), np.array([1.0, 2.0])]
    says("learning rate 0.1: param = {} grad in step 1 = {} grad in step 2 = {}", p, *grads)
    path = {}
    for name, options in (
        ("sgd", {"momentum": 0.5}),
        ("adam", {"betas": (0.5, 0.75), "eps": 0.0}),
        ("adamw", {"betas": (0.5, 0.75), "eps": 0.0, "weight_decay": 0.5}),
    ):
        state, param, path[name] = None, p, []
        for grad in grads:
            param, state = getattr(m, name)(param, grad, state, 0.1, **options)
            path[name].append(param)
    sgd, adam, adamw = path.values()
    says("momentum 0.5, for **adam** with betas (0.5, 0.75) and eps 0, and for")
    says("weight decay 0.5: sgd: {} {} adam: {} {} adamw: {} {}", *sgd, *adam, *adamw)
    clipped, norm = m.clip_by_norm([np.array([3.0]), np.array([[0.0], [4.0]])], 1)
    says("norm of 3, 0 and 4 is 5: clip_by_norm([[3], [[0], [4]]], 1) = [{}, {}], {}", *clipped, norm)
    rates = [m.warmup_cosine(step, 0.8, 4, 8) for step in range(9)]
    says("lr = 0.8, four")
    says("step 0 1 2 3 4 5 6 7 8 rate " + "{} " * 9, *rates)
    says(r"\beta_1^{t-k} (1 - \beta_1)$")
    says(r"add up to $1 - \beta_1^t$")
    says(r"\hat m_t = \frac{m_t}{1 - \beta_1^t}, \qquad \hat v_t = \frac{v_t}{1 - \beta_2^t}")
    says("step 1: velocity = {} param = [1, 2] - 0.1 * [1, -4] = {}", grads[0], sgd[0])
    says("step 2: velocity = 0.5 * [1, -4] + [1, 2] = {} param = {} - 0.1 * [1.5, 0] = {}", [1.5, 0], sgd[0], sgd[1])
    mean, square = [0.5 * g for g in grads], 0.25 * grads[0] ** 2
    second = 0.5 * mean[0] + mean[1]
    squares = 0.75 * square + 0.25 * grads[1] ** 2
    says("step 1: m = 0.5 * [1, -4] = {} m / (1 - 0.5) = {}", mean[0], mean[0] / 0.5)
    says("v = 0.25 * [1, 16] = {} v / (1 - 0.75) = {}", square, square / 0.25)
    says("param = [1, 2] - 0.1 * [1, -4] / sqrt([1, 16]) = {}", adam[0])
    says("step 2: m = 0.5 * [0.5, -2] + 0.5 * [1, 2] = {} m / (1 - 0.5²) = {}", second, second / 0.75)
    says("v = 0.75 * [0.25, 4] + 0.25 * [1, 4] = {} v / (1 - 0.75²) = {}", squares, squares / 0.4375)
    says("param = {} - 0.1 * [1, 0] / sqrt([1, 9.14]) = {}", adam[0], adam[1])
    says("gradients 1 and -4 both led to a step of 0.1")
    says("gradient but 0.")
    says("by the factor 1 - 0.1 * 0.5")
    says("step 1: param = 0.95 * [1, 2] - 0.1 * [1, -1] = {}", adamw[0])
    says("step 2: param = 0.95 * {} - 0.1 * [1, 0] = {}", adamw[0], adamw[1])


def _exercise12(says, module):
    m = module("convolution")
    x, kernel = np.array([[1.0, 2, 0], [3, 1, -1], [0, 2, 1]]), np.array([[1.0, 0], [2, -1]])
    dy, batch, weight = np.array([[1.0, 2], [0, -1]]), x[None, None], kernel[None, None]
    y = m.conv2d(batch, weight, np.zeros(1))[0, 0]
    says("picture x kernel result y [{}, [{}, [{}, {}, {}] {}] {}]", x[0], kernel[0], y[0], x[1], kernel[1], y[1], x[2])
    for k, products in enumerate(("+ 2 · 3 - 1 · 1", "+ 2 · 1 - 1 · (-1)")):
        says(f"y[0, {k}]")
        says(products + " = {}", y[0, k])
    says("bias 0.5, the result is {}", y + 0.5)
    dx, dweight, dbias = (each.squeeze() for each in m.conv2d_gradient(dy[None, None], batch, weight))
    gradients = "dx = [{}, dweight = [{}, dbias = {} {}, {}] {}]"
    says("For dy = {}", dy)
    says(gradients, dx[0], dweight[0], dbias, dx[1], dweight[1], dx[2])
    padded, half = np.pad(x, 1), m.conv2d(batch, weight, np.zeros(1), 2, 1)[0, 0]
    says("Padding 1 adds")
    says("Stride 2 moves")
    says("[{}, {}, {}, result [{}, {}, {}] {}]", *padded[:3], half[0], padded[3], half[1], padded[4])
    says("at rows 0 and 2 and at columns 0 and 2. At a place that begins at column 4")
    says("covers {}, which gives -1 · 1 = {}", padded[:2, :2], half[0, 0])
    strided = [each.squeeze() for each in m.conv2d_gradient(dy[None, None], batch, weight, 2, 1)]
    says(gradients, strided[0][0], strided[1][0], strided[2], strided[0][1], strided[1][1], strided[0][2])
    parts = []
    for i, j in ((0, 0), (0, 1), (1, 1)):
        parts.append(np.zeros((3, 3)))
        parts[-1][i : i + 2, j : j + 2] = kernel
    says("dx = 1 · [{}, + 2 · [{}, {}, {}, {}] {}]", *(each[row] for row in range(3) for each in parts[:2]))
    says("- 1 · [{}, = [{}, {}, {}, {}] {}]", *(each[row] for row in range(3) for each in (parts[2], dx)))
    covers = x[:2, :2], x[:2, 1:], x[1:, 1:]
    says("dweight = 1 · {} + 2 · {} - 1 · {} = {} dbias = 1 + 2 + 0 - 1 = {}", *covers, dweight, dbias)
    x = np.array([[1.0, -2, 5, 3], [4, 0, 2, 6], [-1, -3, -7, -4], [-5, -2, -8, -6]])
    pooled, dy = m.max_pool2d(x[None, None], 2), np.array([[1.0, 2], [3, 4]])
    dx = m.max_pool2d_gradient(dy[None, None], x[None, None], 2)[0, 0]
    says("windows of 2 by 2, and its gradient for dy = {}", dy)
    says("x = [{}, dx = [{}, {}, {}, {}, {}, {}] {}]", *(each[row] for row in range(4) for each in (x, dx)))
    says("y = [{}, {}]", *pooled[0, 0])


def _exercise13(says, module):
    m, ids = module("words"), np.array([0, 1, 2, 0, 1])
    table = np.array([[1.0, 0.0], [0.5, 2.0], [-1.0, 1.0], [3.0, 3.0]])
    dy = np.array([[1.0, 2], [3, 0], [0, 1], [10, 20], [-1, 4]])
    y, dtable, counts = m.embed(table, ids), m.embed_gradient(dy, ids, 4), m.bigram_counts(ids, 4)
    p = m.bigram_probabilities(counts)
    says("the = 0, cat = 1, saw = 2, dog = 3.")
    says("ids = {}", ids)
    says(
        "table = [{}, the embed(table, ids) = [{}, {}, cat {}, {}, saw {},",
        table[0],
        y[0],
        table[1],
        y[1],
        table[2],
        y[2],
    )
    says("{}] dog {}, {}]", table[3], y[3], y[4])
    says("dy = {}", dy)
    says("`embed_gradient(dy, ids, 4)` then returns the gradient with respect to the table: dtable = {}", dtable)
    says('in places 0 and 3, "cat" in places 1 and 4.')
    says("dtable = [{}, the: {} + {} {}, cat: {} + {}", dtable[0], dy[0], dy[3], dtable[1], dy[1], dy[4])
    says("{}, saw {}] dog", *dtable[2:])
    says(
        "with smoothing 1: the [{}, [{}, cat {}, {}, saw {}, {}, dog {}] {}]",
        *(r for k in range(4) for r in (counts[k], p[k])),
    )
    says("adds 1 to")
    for (one, two, three), root in (((0, 1, 2), "(3/6 · 2/5)^(-1/2) = √5"), ((0, 3, 2), "(1/6 · 1/4)^(-1/2) = √24")):
        found = m.perplexity(p, np.array([one, two, three]))
        says("p = {}, {} perplexity {}", p[one, two], p[two, three], found)
        says(root + " = {}", found)
    says("p_{w_{t-1} w_t}")
    says("geometric mean of $1/p$")
    says("perplexity of {} means that the model was as unsure as if it had to guess among {}", 5**0.5, 5**0.5)
    says("has perplexity {}", m.perplexity(np.full((4, 4), 0.25), ids))


def _exercise14(says, module):
    m, inf = module("attention"), np.inf
    q, k = np.array([[1.0, 1, 0, 0], [1, 0, 1, 0]]), np.array([[1.0, 0, 1, 0], [0, 3, 0, 1]])
    v = np.array([[1.0, 0, 2, 0], [0, 1, 0, -1]])
    y, weights = m.attention(q, k, v, causal=False)
    says("q = {} k = {} v = {}", q, k, v)
    says("q kᵀ = {}", q @ k.T)
    says("scores = {} divided by √4", q @ k.T / 2)
    says("softmax of rows = {}", weights)
    says("y = {}", y)
    y, weights = m.attention(q, k, v, causal=True)
    says("token 1 may only")
    says("scores = {} weights = {} y = {}", np.array([[0.5, -inf], [1, 0]]), weights, y)
    dy = np.zeros((2, 4))
    dy[1, 0] = 1
    a, b = weights[1]
    dscores = np.array([[0, 0], [a * b, -a * b]])
    says("has a 1 there")
    says("dy = {} dq = {} dk = {} dv = {}", dy, *m.attention_gradient(dy, q, k, v, weights))
    says("dweights = {}", dy @ v.T)
    says("dscores = [[0, 0], [{} (1 - {}), {} (0 - {})]] = {}", a, a, b, a, dscores)
    x = np.arange(1.0, 9).reshape(2, 4)
    says("{} → {}", x, m.split_heads(x, 2))


def _exercise15(says, module):
    m, x, dy, one = module("transformer_block"), np.array([1.0, 2, 3]), np.array([1.0, 0, 0]), np.ones(3)
    z, root = m.normalise(x)
    dx, dgamma, dbeta = m.layer_norm_gradient(dy, x, one)
    says("gamma = 1:")
    says("x = {}, mean {}, root = √(variance + eps) = {}, z = (x - mean) / root = {}", x, x.mean(), root[0], z)
    says("dy has a 1 there")
    says("dy = {} dx = {}, dgamma = {}, dbeta = {}", dy, dx, dgamma, dbeta)
    says(r"\frac{1 + t}{2} + \frac x2\, (1 - t^2)\,")
    says("the mean of dy is {}, and the mean of dy · z is {} / 3 = {}.", dy.mean(), z[0], (dy * z).mean())
    says("dx = (dy - {} - z · ({})) / {} =", dy.mean(), (dy * z).mean(), root[0])
    says("= ({} - {} - {}) / {} = {}", dy, dy.mean() * one, z * (dy * z).mean() * -1 * -1, root[0], dx)
    says("dgamma = dy · z = {} dbeta = dy = {}", dgamma, dbeta)
    x = np.array([1.0, -1, 0])
    says("close to 0 for negative")
    says("gelu({}) = {} with the slopes {}", x, m.gelu(x), m.gelu_gradient(np.ones(3), x))
    eye, none, params = np.eye(2), np.zeros(2), {}
    for name in ("ln1", "ln2"):
        params |= {f"{name}_gamma": np.ones(2), f"{name}_beta": none}
    params |= {"qkv_weight": np.concatenate([0 * eye, 0 * eye, eye]), "qkv_bias": np.zeros(6)}
    for name in ("proj", "mlp_in", "mlp_out"):
        params |= {f"{name}_weight": eye, f"{name}_bias": none}
    x = np.array([[3.0, 1.0]])
    y, (_, normed, *_, merged, middle, middle_normed, hidden) = m.block(x, params, 1)
    says("attention is 1, so")
    says("biases 0: x = {} normalised = {} attention, then proj_weight = {}", x[0], normed[0], merged[0])
    says("added to x = {} normalised = {}", middle[0], middle_normed[0])
    says("MLP: gelu({}) = {} added to {} y = {}", hidden[0], m.gelu(hidden)[0], middle[0], y[0])
    says("(eps makes [1, -1] a little smaller, the first time {}.", normed[0])


def _exercise16(says, module):
    m, log = module("lstm"), math.log
    W_x, x = np.array([log(3), 0, log(2), log(4)])[:, None], np.array([1.0, 0])
    W_h, b, h0, c0 = np.zeros((4, 1)), np.zeros(4), np.zeros((1, 1)), np.full((1, 1), 0.5)
    outputs, h, c, _ = m.lstm(x.reshape(2, 1, 1), h0, c0, W_x, W_h, b)
    outputs = outputs.ravel()
    says("h0 = 0, c0 = 0.5, and `W_h` and `b` are 0: x = {} W_x = [ln 3, 0, ln 2, ln 4]", x)
    says("(the shapes are (2, 1, 1) and (4, 1))")
    first = 0.5 * 0.5 + 0.75 * 0.6
    says("x = 1: i = sigmoid(ln 3) = {} f = sigmoid(0) = {} g = tanh(ln 2) = {}", 0.75, 0.5, math.tanh(log(2)))
    says("o = sigmoid(ln 4) = {} c = f * 0.5 + i * g = 0.25 + 0.45 = {}", 4 / 5, first)
    says("h = o * tanh(0.7) = 0.8 * {} = {}", math.tanh(0.7), outputs[0])
    says("x = 0: i = 0.5 f = 0.5 g = 0 o = 0.5 c = f * 0.7 + i * g = {}", c.item())
    says("h = o * tanh(0.35) = 0.5 * {} = {}", math.tanh(0.35), outputs[1])
    says("outputs = {}, h = {} and c = {}.", outputs, h.item(), c.item())
    cache = m.lstm(x[:1].reshape(1, 1, 1), h0, c0, W_x, W_h, b)[3]
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    dx, dh0, dc0, dW_x, dW_h, db = m.lstm_gradient(zero[None], one, zero, cache, W_x, W_h)
    dz = dW_x.ravel()
    says("dh = 1. `lstm_gradient` then returns dW_x = db = {} dx = {} dc0 = {}", dz, dx.item(), dc0.item())
    assert np.allclose(db, dz)
    assert not np.any(dW_h)
    assert not np.any(dh0)
    says("because h0 and `W_h` are 0.")
    says(r"\odot (1 - \mathrm{tanh}^2(c_t))")
    says(r"i (1 - i), \qquad \bar z_f = \bar c \odot c_{t-1} \odot f (1 - f)")
    says(r"\odot (1 - g^2)")
    says(r"\odot o (1 - o)")
    says("h_{t-1}")
    says("dc = o * (1 - tanh(0.7)²) = {}", dc0.item() / 0.5)
    says("dz = [dc * g * 0.75 * 0.25, i: {} dc * 0.5 * 0.5 * 0.5, f: {} (the first 0.5 is c0)", *dz[:2])
    says("dc * i * (1 - 0.6²), g: {} tanh(0.7) * 0.8 * 0.2] o: {} dc0 = dc * f = {}", *dz[2:], dc0.item())
    says("x = 1, and")
    says("W_x * dz, {}.", dx.item())


def _exercise17(says, module):
    m, text = module("byte_pairs"), "banana bandana"
    merges = m.train(text, 3)
    byte = {letter: ord(letter) for letter in "ban d"}
    says(
        '"banana bandana" has {} bytes. As ids, they are {} for b, {} for a, {} for n, {} for the space and {} for d',
        len(text),
        *byte.values(),
    )
    says("new id, 256. (Here, ids below 256")
    pairs = [tuple(map(int, pair)) for pair in merges]
    assert pairs == [(97, 110), (98, 256), (256, 97)]
    ids = list(text.encode())
    lines = (
        "(a, n) in 4 places, (n, a) in 3, (b, a) in 2: (97, 110) becomes 256",
        "(b, 256) and (256, a) in 2 places each: (98, 256) becomes 257",
        "(256, a) in 2 places: (256, 97) becomes 258",
    )
    for number, shown in enumerate(lines, start=256):
        says(_spelled(ids) + " " + shown)
        found = list(pairwise(ids))
        assert f"{max(map(found.count, found))} places" in shown
        assert f"becomes {number}" in shown
        ids = m.encode(text, merges[: number - 255])
    says(_spelled(ids) + " no pair")
    says("merges = [(97, 110), (98, 256), (256, 97)]")
    says('98 is smaller than 256. So 256 means "an", 257 means "ban" and 258 means "ana"')
    says("UTF-8")
    assert [m.decode([each], merges) for each in (256, 257, 258)] == ["an", "ban", "ana"]
    for each in (text, "bandanna"):
        says(f'encode("{each}", merges) = {{}}', m.encode(each, merges))


def _spelled(ids):
    return " ".join(str(each) if each > 255 else chr(each).replace(" ", "␣") for each in ids)


def _exercise18(says, module):
    m, odds = module("writing"), np.array([1.0, 8, 2, 5])
    logits = np.log(odds)
    p = m.next_probabilities
    says("logits = [log 1, log 8, log 2, log 5] = {}", logits)
    for name, temperature in (("1", 1.0), ("1/2", 0.5), ("2", 2.0), ("0", 0)):
        says(f"temperature {name} {{}}", p(logits, temperature))
    says("top_k = 2 [0, 8, 0, 5] / 13 = {}", p(logits, top_k=2))
    assert np.array_equal(p(logits, top_p=0.6), p(logits, top_k=2))
    says("top_p = 0.6 0.5 + 0.3125 is enough")
    says("top_p = 0.9 0.5 + 0.3125 + 0.125 is enough: [0, 8, 2, 5] / 15 = {}", p(logits, top_p=0.9))
    says("top_k = 2, top_p = 0.6 after top-k, {} alone is enough: {}", 8 / 13, p(logits, top_k=2, top_p=0.6))
    head = np.ones((1, 1, 1))
    one, cache = m.attend_with_cache(head, 0 * head, 4 * head, None)
    two, _ = m.attend_with_cache(head, math.log(3) * head, 8 * head, cache)
    says("q = 1, k = 0, v = 4 y = {} second token: q = 1, k = log 3, v = 8 y = {}", one.item(), two.item())
    says(
        "temperature 0, `write(step, [3], 3, rng, 0)` returns `{}`",
        m.write(lambda ids, _: (np.eye(5)[[(ids[-1] + 1) % 5]], None), [3], 3, np.random.default_rng(0), 0),
    )
    says("called `step([3], None)`, then `step([4], cache)`, then `step([0], cache)`")
    says("here they are 1, 8, 2 and 5.")
    says("temperature 1 {} / {} = {}", odds, odds.sum(), p(logits))
    says("temperature 1/2 {} / {} = {}", odds**2, (odds**2).sum(), p(logits, 0.5))
    says("temperature 2 [1, √8, √2, √5] / {} = {}", np.sqrt(odds).sum(), p(logits, 2.0))
    says("With 5 tokens in the cache and 2 new ones, the first new token sees 6 tokens and the second sees 7.")
    says("it sees only itself: y = {}; the cache now holds k = {}, v = {}", one.item(), [0], [4])
    says("scores q · k = [0, log 3], weights [1, 3] / 4, y = (1 · 4 + 3 · 8) / 4 = {}", two.item())


def _milestone1(says, module):
    m, sm = module("network"), module("softmax_cross_entropy")
    W1, W2 = np.array([[1, 0.5], [-1, 0]]), np.array([[1.0, 1], [2, -1]])
    parameters = {"W1": W1, "b1": np.zeros(2), "W2": W2, "b2": np.array([2.0, 0])}
    x = np.array([1.0, 2])
    z1 = W1 @ x
    h = np.maximum(z1, 0)
    logits = W2 @ h + parameters["b2"]
    p = sm.softmax(logits)
    says("sample x of class 0: W1 = {} b1 = {} W2 = {} b2 = {} x = {}", *parameters.values(), x)
    says("z1 = W1 x + b1 = {} h = relu(z1) = {}", z1, h)
    says("logits = W2 h + b2 = {} p = softmax(logits) = {}", logits, p)
    d = m.backward(parameters, {"x": x[None], "z1": z1[None], "h": h[None], "logits": logits[None]}, np.array([0]))
    says("W1: {} b1: {} W2: {} b2: {}", d["W1"], d["b1"], d["W2"], d["b2"])
    new = m.update(parameters, d, 0.1)
    says("learning rate 0.1 changes W1 to {}.", new["W1"])
    says("probability of class 0")
    assert sm.softmax(new["W2"] @ np.maximum(new["W1"] @ x + new["b1"], 0) + new["b2"])[0] > 0.5
    says("is 1 for the right class and 0 for the others")
    says("the factor $1/n$")
    says("which 1 is subtracted")
    says("dlogits = [0.5 - 1, 0.5] = {}", p - [1, 0])
    says("dW2 = [[-0.5 · 2, -0.5 · 0], [0.5 · 2, 0.5 · 0]] = {} db2 = {}", d["W2"], d["b2"])
    dh = W2.T @ (p - [1, 0])
    says("dh = [1 · (-0.5) + 2 · 0.5, 1 · (-0.5) - 1 · 0.5] = {}", dh)
    says("dz1 = [0.5 · 1, -1 · 0] = {} dW1 = [[0.5 · 1, 0.5 · 2], [0, 0]] = {} db1 = {}", d["b1"], d["W1"], d["b1"])
    says("W1 to [[1 - 0.05, 0.5 - 0.1], [-1, 0]] = {}.", new["W1"])


def _milestone2(says, module):
    m, z, mask = module("blocks"), np.array([[1.0, 1, 3, 3]]), np.array([[1.0, 1, 0, 1]])
    gamma, beta, dh = np.array([1.0, 1, 1, 2]), np.array([2.0, 0, 0, 0]), np.array([[1.0, 2, 3, 1]])
    h, _ = m.block_forward(z, gamma, beta, 0.5, np.random.default_rng(0), training=False)
    dz, dgamma, dbeta = m.block_backward(dh, z, gamma, beta, mask, 0.5)
    normal = (z - z.mean()) / z.std()
    dy = 2 * dh * mask * (gamma * normal + beta > 0)
    dnormal = dy * gamma
    says("p = 0.5.")
    says("z = {} mean {}, variance {} x̂ = {}", z[0], z.mean(), z.var(), normal[0])
    says("gamma = {} beta = {} y = gamma · x̂ + beta = {}", gamma, beta, (gamma * normal + beta)[0])
    says(
        "relu(y) = {} in evaluation, this is h mask = {} h = {} · mask / 0.5 = {}",
        h[0],
        mask[0],
        h[0],
        (2 * h * mask)[0],
    )
    says("dh = {} dz = {} dgamma = {} dbeta = {}", dh[0], dz[0], dgamma, dbeta)
    says(r"\frac{m \odot dh}{1 - p}")
    says(r"dz = \frac{1}{\sigma} \Big( d\hat x - \frac{1}{d} \sum_i d\hat x_i - \hat x\, \frac{1}{d}")
    says("dh · mask / 0.5 = {} through dropout dy = {}", (2 * dh * mask)[0], dy[0])
    says("dgamma = dy · x̂ = {} dbeta = dy = {}", dgamma, dbeta)
    says("dx̂ = dy · gamma = {} mean of dx̂ = {}", dnormal[0], dnormal.mean())
    says("mean of dx̂ · x̂ = (-2 + 0 + 0 + 4) / 4 = {}", (dnormal * normal).mean())
    shown = "[2 - 1.5 + 0.5, 0 - 1.5 + 0.5, 0 - 1.5 - 0.5, 4 - 1.5 - 0.5]"
    says(f"dz = dx̂ - 1.5 - 0.5 · x̂ = {shown} = {{}}", dz[0])
    says("which is 1 here. Check it: the sum of dz is 0,")
    says("dz · x̂ is -1 + 1 - 2 + 2 = {}", (dz * normal).sum())


def _small_model():
    tokens, positions = np.array([[1.0, 0], [0, 2], [-1, 1]]), np.array([[1.0, 0], [0, -1]])
    params = {"tokens": tokens, "positions": positions, "gamma": np.ones(2), "beta": np.zeros(2), "blocks": []}
    return params, np.array([[0, 1]]), np.array([[1, 2]])


def _milestone3(says, module):
    m, (params, ids, targets) = module("language_model"), _small_model()
    logits, (x, y, _) = m.forward(params, ids, 1)
    loss, d = m.loss_and_gradients(params, ids, targets, 1)
    p = np.exp(logits[0]) / np.exp(logits[0]).sum(axis=1, keepdims=True)
    right = p[[0, 1], [1, 2]]
    dlogits = (p - np.eye(3)[targets[0]]) / 2
    says("tokens = {}", params["tokens"])
    says("positions = {}", params["positions"])
    says("gamma = {} beta = {}", params["gamma"], params["beta"])
    says("the text 0, 1.")
    says("x = [[1 + 1, 0 + 0], [0 + 0, 2 - 1]] = {}", x[0])
    says("makes {} of the first row, and {} of", *y[0])
    says("logits = y tokensᵀ = {}", logits[0])
    says("are 1 and 2, the softmax gives them the probabilities {} and {}", *right)
    says("({} + {}) / 2 = {}", *-np.log(right), loss)
    says("of tokens = {}", d["tokens"])
    says("dlogits = (softmax - one-hot) / 2 = {}", dlogits)
    last = dlogits.T @ y[0]
    says("dlogitsᵀ y = {}", last)
    says("about {}", np.abs(d["tokens"] - last).max())
    says("nearly ±1")


def _milestone4(says, module):
    framework, (params, ids, targets) = module("your_framework"), _small_model()
    table = framework.Embedding(3, 2)
    table.weight = framework.Parameter(framework.Tensor(params["tokens"].astype(np.float32)))
    norm = framework.LayerNorm(2)
    x = table(framework.Tensor(ids)) + framework.Tensor(params["positions"].astype(np.float32))
    y = norm(x)
    logits = y @ table.weight.transpose(0, 1)
    loss = framework.CrossEntropyLoss()(logits.reshape(-1, 3), framework.Tensor(targets.reshape(-1)))
    loss.backward()
    says("tokens.weight = {}", params["tokens"])
    says("positions.weight = {}", params["positions"])
    says("norm.weight = {} norm.bias = {}", params["gamma"], params["beta"])
    says("the text 0, 1, after which 1 and 2 are")
    says("x = [[1 + 1, 0 + 0], [0 + 0, 2 - 1]] = {}", x.detach().numpy()[0])
    says("y = norm(x) = {}", y.detach().numpy()[0])
    says("logits = y tokens.weightᵀ = {}", logits.detach().numpy()[0])
    says("the loss is {}.", loss.item())
    says("model.positions(arange(2))")
    says("transpose(0, 1)")
    says("logits.reshape(-1, 3), targets.reshape(-1)")
    says("tokens.weight.grad = {}", table.weight.grad.numpy())


def _challenge1(says, module):
    m, x, y = module("vanishing"), np.ones((1, 1), np.float32), np.array([0])
    norms = {}
    for activation in ("sigmoid", "relu"):
        network = m.DeepNetwork(3, activation, n_inputs=1, width=1, n_classes=2)
        weights = np.ones((1, 1)), np.ones((1, 1)), np.array([[1.0], [0.0]])
        network.layers = [(W.astype(np.float32), np.zeros(len(W), np.float32)) for W in weights]
        network.train_step(x, y, 0.0)
        norms[activation] = np.array(network.track_gradients())
    a1 = 1 / (1 + math.exp(-1))
    a2 = 1 / (1 + math.exp(-a1))
    p = math.exp(a2) / (1 + math.exp(a2))
    s2, s1 = a2 * (1 - a2), a1 * (1 - a1)
    d2 = (p - 1) * s2
    says("All weights are 1, except the one that leads to the second logit, which is 0.")
    says("belongs to class 0.")
    says("x = 1 a1 = sigmoid(1) = {} a2 = sigmoid({}) = {}", a1, a1, a2)
    says("logits = [{}, 0] p = {}", a2, [p, 1 - p])
    third = np.array([p - 1, 1 - p])
    says("dz3 = p - [1, 0] = {} dW3 = dz3 · a2 = {} norm {}", third, third * a2, norms["sigmoid"][2])
    says(
        "dz2 = {} · a2(1 - a2) = {} · {} dW2 = {} · a1 = {} norm {}", p - 1, p - 1, s2, d2, d2 * a1, norms["sigmoid"][1]
    )
    says("dz1 = {} · a1(1 - a1) = {} · {} dW1 = {} · x = {} norm {}", d2, d2, s1, d2 * s1, d2 * s1, norms["sigmoid"][0])
    says("last layer = {} 0.25 ** 2 = {}", norms["sigmoid"][0] / norms["sigmoid"][2], 0.25**2)
    says("a(1 - a), which is never more than 0.25.")
    says("slopes here are 1.")
    relu = norms["relu"]
    says("norms are then {}, {} and {}, and the ratio is {}", *relu[::-1], relu[0] / relu[2])


def _challenge2(says, module):
    m, rows = module("search"), [(0.90, 200_000, 9), (0.85, 100_000, 3), (0.85, 100_000, 4), (0.80, 90_000, 5)]
    tiny = m.Architecture(2, 32, "relu", 0.0, 64)
    trials = [m.Trial(tiny, "", 1, k, accuracy, seconds, size) for k, (accuracy, size, seconds) in enumerate(rows)]
    front = {trial.seed for trial in m.pareto_front(trials)}
    ends = "yes: the most accurate", "yes: the quickest", "no: trial 1 is as", "yes: the smallest, although trial 1 is"
    for trial, (row, end) in enumerate(zip(rows, ends, strict=True)):
        says(f"| {trial} | {{}} | {{}} | {{}} | {end}", *row)
        assert end.startswith("yes") == (trial in front)
    size = m.count_parameters(m.Architecture(2, 32, "relu", 0.0, 64), 3072, 10)
    says("2 layers of 32 units, 3 072 inputs and 10 classes has 3073·32 + 33·32 + 33·10 = {}", size)


def _challenge3(says, module):
    import torch

    attend = module("attention").attend
    H = torch.tensor([[[2.0, 0.0], [0.0, 1.0], [1.0, -1.0]]], dtype=torch.float64)
    query = torch.ones(2, dtype=torch.float64, requires_grad=True)
    context, weights = attend(H, query)
    context[0, 0].backward()
    w, c = weights[0].detach().numpy(), context[0].detach().numpy()
    slopes = w * (H[0, :, 0].numpy() - c[0])
    says("H = {} query = {}", H[0].numpy(), np.ones(2))
    says("scores = {} each word's vector times the query weights = {}", H[0].numpy().sum(axis=1), w)
    says("context = {} [2, 0] + {} [0, 1] + {} [1, -1] = {}", *w, c)
    context, weights = attend(H, query, torch.tensor([[True, True, False]]))
    says("mask = {}", [True, True, False])
    says("weights = {} context = {}", weights[0].detach().numpy(), context[0].detach().numpy())
    says("g = [1, 0]")
    says("dL/ds = {} weights times (2, 0, 1) - {}", slopes, c[0])
    says("dL/dq = {} [2, 0] - {} [0, 1] - {} [1, -1] = {}", *np.abs(slopes), query.grad.numpy())


def _challenge4(says, _module):
    import torch
    from torch import nn

    stages = [nn.Conv2d(3, 2, 3, bias=False), nn.Conv2d(2, 2, 3, bias=False)]
    norm, head = nn.BatchNorm2d(2), nn.Linear(2, 3)

    def size(*modules):
        return sum(p.numel() for each in modules for p in each.parameters())

    for stage, inputs in enumerate((3, 2)):
        says(f"stage {stage} conv {inputs} → 2, 3 × 3, no bias {{}} batch norm 2 + 2", size(stages[stage]))
        says("statistics 2 + 2, and a counter")
    says("head 2 → 3 {} + {}", head.weight.numel(), head.bias.numel())
    first, second = size(stages[0], norm), size(stages[1], norm)
    says("trains {} changes", size(head))
    says("unfrozen=1 trains 9 + 40 = {} changes: head, stage 1", size(head) + second)
    says("trains 49 + 58 = {} changes", size(head) + second + first)
    assert (second, first) == (40, 58)
    one, values = nn.BatchNorm2d(1), torch.arange(4.0)
    one.running_mean.fill_(0.5)
    one(values.reshape(1, 1, 2, 2))
    says("in stage 0 has the running mean 0.5 and the running variance 1, and a batch has the values 0, 1, 2, 3")
    says("mean is {} and their unbiased variance is {}", values.mean().item(), 5 / 3)
    assert math.isclose(values.var().item(), 5 / 3, rel_tol=1e-6)
    says("0.9 · 0.5 + 0.1 · 1.5 = {}", one.running_mean.item())
    says("0.9 · 1 + 0.1 · 5/3 = {}", one.running_var.item())
    says("subtracts 0.5.")


def _meta(says, module):
    f = module("your_framework")

    def leaf(values):
        return f.Tensor(values, requires_grad=True)

    x = f.Tensor([[1.0, 2.0], [3.0, 4.0]])
    says("x = Tensor({}) float32, shape (2, 2)", x.numpy())
    says("x * x = {} elementwise x @ x = {} 1 · 1 + 2 · 3 = 7, 1 · 2 + 2 · 4 = 10", (x * x).numpy(), (x @ x).numpy())
    w, x, b = leaf(2.0), leaf(3.0), leaf(1.0)
    y = (w * x + b) ** 2
    y.backward()
    dw, dx, db = (t.grad.item() for t in (w, x, b))
    says("w, x, b = 2, 3, 1 y = (w x + b)² = {} w.grad = {}, x.grad = {}, b.grad = {}", y.item(), dw, dx, db)
    says("the square passes on 2 · 7 · 1 = 14 the sum {} to b, and {} to w x", db, db)
    says("the product {} · x = {} to w, {} · w = {} to x", db, dw, db, dx)
    says("or has with size 1,")
    says("tanh a, σ(a) | g · (1 - y²), g · y (1 - y)")
    says("relu(a), \\|a\\| | g where a > 0;")
    a, b = leaf([[1.0], [2.0]]), leaf([[10.0, 20.0, 30.0]])
    y = a * b
    y.sum().backward()
    says("a = {} (2, 1) y = a b = {}, g = ones (2, 3)", a.detach().numpy(), y.detach().numpy())
    says("b = {} (1, 3) ∂a = {}", b.detach().numpy(), a.grad.numpy())
    says("∂b = {}", b.grad.numpy())
    x = leaf([10.0, 20.0, 30.0, 40.0])
    y = x[[0, 0, 3]]
    (y * f.Tensor([1.0, 2.0, 3.0])).sum().backward()
    says("[[0, 0, 3]]")
    says(
        "x = {} y = x[[0, 0, 3]] = {} g = [1, 2, 3] ∂x = [1 + 2, 0, 0, 3] = {}",
        x.detach().numpy(),
        y.detach().numpy(),
        x.grad.numpy(),
    )

    a = leaf([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    y = a.mean(1)
    (y * f.Tensor([3.0, 6.0])).sum().backward()
    says("a = {} mean(1) = {} g = [3, 6]: ∂a = {}", a.detach().numpy(), y.detach().numpy(), a.grad.numpy())
    a = leaf([0.0, math.log(3)])
    p = a.softmax(0)
    p[0].backward()
    says("a = [0, ln 3] softmax = {} g = [1, 0]: ∂a = {}", p.detach().numpy(), a.grad.numpy())
    says("Σ p g = {}, ∂a = [1/4 · 3/4, 3/4 · -1/4] = {}", p[0].item(), a.grad.numpy())
    W, b, x = leaf([[2.0, -1.0]]), leaf([0.5]), leaf([[1.0, 2.0], [3.0, 4.0]])
    y = x @ W.transpose(0, 1) + b
    (y * f.Tensor([[1.0], [10.0]])).sum().backward()
    says("W = {}, b = {} x = {} y = {}", *(t.detach().numpy() for t in (W, b, x, y)))
    says("g = [[1], [10]] ∂x = {}", x.grad.numpy())
    says("∂W = {}, ∂b = {}", W.grad.numpy(), b.grad.numpy())
    says("∂W = 1 · [1, 2] + 10 · [3, 4] = {}", W.grad.numpy())
    x, W = f.Tensor(np.arange(1.0, 10, dtype=np.float32).reshape(1, 1, 3, 3)), np.array([[1.0, 0], [0, -1]], np.float32)
    layer = f.Conv2d(1, 1, 2, bias=False)
    layer.load_state_dict({"weight": f.Tensor(W[None, None])})
    y = layer(x)
    y.sum().backward()
    rows, image = y.detach().numpy()[0, 0], x.numpy()[0, 0]
    says("x = [{}, W = [{}, y = [[1 - 5, 2 - 6], [4 - 8, 5 - 9]] = {} {}, {}]", image[0], W[0], rows, image[1], W[1])
    says("g = ones: ∂W = {} {}]", layer.weight.grad.numpy()[0, 0], image[2])
    says("∂W = [[1+2+4+5, 2+3+5+6], [4+5+7+8, 5+6+8+9]] = {}", layer.weight.grad.numpy()[0, 0])
    x = leaf([[0.0, math.log(3)]])
    loss = f.CrossEntropyLoss()(x, f.Tensor([1]))
    loss.backward()
    says("x = [[0, ln 3]], t = [1] softmax = {}", np.array([1, 3]) / 4)
    says("loss = -ln 3/4 = {} ∂x = {}", loss.item(), x.grad.numpy()[0])
    says("∂x = [1/4, 3/4 - 1] = {}", x.grad.numpy()[0])
    w = f.Parameter(f.Tensor([1.0]))
    optimizer, velocity = f.SGD([w], lr=0.1, momentum=0.9), 0.0
    says("w² from w = 1 with lr = 0.1 and momentum = 0.9")
    for shown in (
        "g = 2 w = {} v = {} w = 1 - 0.2 = {}",
        "g = {} v = 0.9 · 2 + 1.6 = {} w = 0.8 - 0.34 = {}",
        "g = {} v = 0.9 · 3.4 + 0.92 = {} w = 0.46 - 0.398 = {}",
    ):
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
        velocity = 0.9 * velocity + w.grad.item()
        says(shown, w.grad.item(), velocity, w.item())
    with tempfile.TemporaryDirectory() as folder:
        f.save({"b": f.Tensor(1.0).reshape(1)}, f"{folder}/b")
        data = Path(folder, "b").read_bytes()
    says("number 1.0 becomes a file of 8 + 54 + 4 bytes")
    header = data[8:-4].strip()  # the solution pads it to a multiple of 8
    assert len(header) == 54
    says(f"{len(header).to_bytes(8, 'little').hex(' ')} {header.decode()} {data[-4:].hex(' ')}")


def _challenge6(says, _):
    n, block, x, y = 5, 4, np.arange(1, 6), 10 * np.arange(1, 6)
    out = np.zeros(n, int)
    says("places = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)")
    says("add_kernel[(2,)](x, y, out, 5, BLOCK=4)")
    for program in range(-(-n // block)):
        places = program * block + np.arange(block)
        inside = places < n
        says(f"program {program} places = {{}} inside = {{}}", places, inside)
        out[places[inside]] = x[places[inside]] + y[places[inside]]
    says("Program 1 must not touch places {} to {}", places[~inside][0], places[~inside][-1])
    says("With x = {} and y = {}, the result is {}", x, y, out)


def _challenge7(says, module):
    m = module("small")
    W, x, b = np.array([[0.5, -1.27, 0.254], [0, 0.254, -0.1]]), np.array([[1.27, 0.3, -0.8]]), np.array([0.1, -0.1])
    q, scale = m.quantize(W)
    says("two units with three inputs")
    says("value of each row becomes 127, so its scale is that value divided by 127:")
    says("W = {}", W)
    says("scale = [1.27 / 127, 0.254 / 127] = {}", scale)
    says("q = round({}) = {}", W / scale[:, None], q)
    says("q · scale = {}. One number is off by {}", m.dequantize(q, scale), 0.004)
    x_q, x_scale = m.quantize(x)
    products = m.integer_product(x_q, q)[0]
    says("x = {} is", x[0])
    says("x_q = {} x_scale = {}", x_q[0], x_scale[0])
    says("50 · 127 - 127 · 30 - 25 · 80 = 6350 - 3810 - 2000 = {}", products[0])
    says("0 · 127 + 127 · 30 + 50 · 80 = 3810 + 4000 = {}", products[1])
    says("product, {}, is already", int(x_q[0, 0]) * int(q[0, 0]))
    says("ends at {}.", np.iinfo(np.int8).max)
    says("b = {} is added", b)
    z = m.integer_layer(x, q, scale, b)[0]
    says("z = [540 · 0.01 · 0.01 + 0.1, 7810 · 0.01 · 0.002 - 0.1] = {}", z)
    says("it would be {}.", (x @ W.T + b)[0])
    matrix, bias = np.zeros((3, 4), np.int8), np.ones(4, np.float32)
    matrix[0, :2] = 1
    says("A matrix (3, 4) in int8 with two weights that aren't 0 takes {} bytes in full", matrix.nbytes)
    says("a mask of {} bits, which is {} bytes, and {} bytes for the two weights:", matrix.size, 2, 2)
    says(": {} bytes. A bias", m.stored_bytes({"W1": matrix}))
    says("takes {} bytes in full, and 1 + 16 = 17 with a mask, so {} count.", bias.nbytes, m.stored_bytes({"b1": bias}))
    says("both takes {} bytes", m.stored_bytes({"W1": matrix, "b1": bias}))
    W1, W2 = np.array([[0.5, -0.1], [0.2, -0.9]]), np.array([[3.0, -1], [2, -4]])
    pruned = m.prune({"W1": W1, "W2": W2}, 0.5)
    says("W1 = {} becomes {}", W1, pruned["W1"])
    says("W2 = {} becomes {}", W2, pruned["W2"])
    says("closest to 0")
    student, teacher = np.zeros((1, 2)), np.array([[2 * math.log(3), 0]])
    loss, gradient = m.distillation_loss(student, teacher, 2.0)
    says("[2 log 3, 0], which is {}, and a student with {}.", teacher[0], student[0])
    says("temperature 2")
    says("p = softmax([log 3, 0]) = {} q = softmax([0, 0]) = {}", [0.75, 0.25], [0.5, 0.5])
    says("loss = 2² · (0.75 · log(0.75 / 0.5) + 0.25 · log(0.25 / 0.5)) = 4 · (0.3041 - 0.1733) = {}", loss)
    says("gradient = 2 · (q - p) / 1 = {}", gradient[0])
    points = [("a", 100, 0.8), ("b", 200, 0.9), ("c", 250, 0.9), ("d", 300, 0.7)]
    says('("a", 100, 0.8), ("b", 200, 0.9), ("c", 250, 0.9) and ("d", 300, 0.7)')
    assert m.pareto_front(points) == points[:2]


EXAMPLES: dict[str, Callable[[Callable[..., None], Callable[[str], Any]], None]] = {
    name[1:]: function
    for name, function in list(globals().items())
    if re.fullmatch(r"_(exercise\d\d|milestone\d|challenge\d|meta)", name)
}
