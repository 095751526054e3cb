# My tensor class. Every result remembers the name of the operation (op) and the tensors it came from (parents).
# The function step_back at the end is one long if / elif over the names of the operations.

import numpy as np

grad_is_on = [True]


class MaxResult:
    def __init__(self, values, indices):
        self.values = values
        self.indices = indices

    def __iter__(self):
        return iter([self.values, self.indices])

    def __getitem__(self, i):
        return [self.values, self.indices][i]


def is_float(array):
    return array.dtype in (np.float16, np.float32, np.float64)


def make(array, op, parents, saved=None):
    """Makes the result of an operation."""
    result = Tensor(array)
    needed = False
    for parent in parents:
        if parent.requires_grad:
            needed = True
    if needed and grad_is_on[0] and is_float(result.data):
        result.requires_grad = True
        result.op = op
        result.parents = parents
        result.saved = saved
    return result


def to_tensor(x):
    if isinstance(x, Tensor):
        return x
    return Tensor(x)


def two_tensors(a, b):
    """Both operands as tensors of the same dtype."""
    if isinstance(a, Tensor) and isinstance(b, (int, float)) and not isinstance(b, np.generic):
        if is_float(a.data) or (isinstance(b, int) and not isinstance(b, bool) and a.dtype != bool):
            b = Tensor(np.array(b, dtype=a.dtype))
    if isinstance(b, Tensor) and isinstance(a, (int, float)) and not isinstance(a, np.generic):
        if is_float(b.data) or (isinstance(a, int) and not isinstance(a, bool) and b.dtype != bool):
            a = Tensor(np.array(a, dtype=b.dtype))
    a = to_tensor(a)
    b = to_tensor(b)
    if a.dtype == b.dtype:
        return a, b
    # NumPy makes float64 of int64 and float32, PyTorch makes float32
    if is_float(a.data) and not is_float(b.data):
        return a, b.to(a.dtype)
    if is_float(b.data) and not is_float(a.data):
        return a.to(b.dtype), b
    both = np.result_type(a.dtype, b.dtype)
    return a.to(both), b.to(both)


def check_shapes(name, a, b):
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise RuntimeError(name + ": shapes " + str(a.shape) + " and " + str(b.shape) + " do not broadcast")


def as_float(t):
    if is_float(t.data):
        return t
    return t.to("float32")


def get_shape(shape):
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        return tuple(shape[0])
    return tuple(shape)


def get_axes(dim, ndim):
    """A list of axes from 0 on."""
    if dim is None:
        return list(range(ndim))
    if isinstance(dim, int):
        dim = [dim]
    axes = []
    for d in dim:
        if d < -ndim or d >= max(ndim, 1):
            raise IndexError("there is no axis " + str(d) + " in a tensor of " + str(ndim) + " axes")
        if d < 0:
            d = d + ndim
        axes.append(d)
    return axes


class Tensor:
    __array_ufunc__ = None
    __hash__ = object.__hash__

    def __init__(self, data, requires_grad=False, dtype=None, device="cpu"):
        if device != "cpu":
            raise RuntimeError("only cpu")
        if isinstance(data, Tensor):
            array = data.data.copy()
        elif isinstance(data, np.ndarray) or isinstance(data, np.generic):
            array = np.array(data)
        else:
            array = np.array(data)
            if array.dtype == np.float64:
                array = array.astype(np.float32)
        if dtype is not None:
            array = array.astype(dtype)
        if requires_grad and not is_float(array):
            raise RuntimeError("only floating point tensors can require gradients")
        self.data = array
        self.requires_grad = requires_grad
        self.grad = None
        self.op = None
        self.parents = []
        self.saved = None
        self.gradient_so_far = None
        self.freed = False

    @property
    def shape(self):
        return self.data.shape

    @property
    def ndim(self):
        return len(self.data.shape)

    @property
    def dtype(self):
        return self.data.dtype

    @property
    def device(self):
        return "cpu"

    @property
    def is_leaf(self):
        return self.op is None

    def size(self):
        return self.shape

    def numel(self):
        return self.data.size

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("a number has no length")
        return self.shape[0]

    def __repr__(self):
        if self.requires_grad:
            return "tensor(" + str(self.tolist()) + ", requires_grad=True)"
        return "tensor(" + str(self.tolist()) + ")"

    def numpy(self):
        if self.requires_grad:
            raise RuntimeError("call .detach().numpy()")
        return self.data

    def item(self):
        if self.data.size != 1:
            raise RuntimeError("item needs exactly one element")
        return self.data.item()

    def tolist(self):
        return self.data.tolist()

    def detach(self):
        return Tensor(self.data)

    def clone(self):
        return make(self.data, "clone", [self])

    def to(self, target):
        if isinstance(target, str) and target == "cpu":
            return self
        if isinstance(target, str) and target == "cuda":
            raise RuntimeError("only cpu")
        if np.dtype(target) == self.dtype:
            return self
        return make(self.data.astype(target), "to", [self])

    def float(self):
        return self.to("float32")

    def double(self):
        return self.to("float64")

    def long(self):
        return self.to("int64")

    def requires_grad_(self, requires_grad=True):
        if requires_grad and not is_float(self.data):
            raise RuntimeError("only floating point tensors can require gradients")
        self.requires_grad = requires_grad
        return self

    # ---------------------------------------------------------------- arithmetic

    def __add__(self, other):
        a, b = two_tensors(self, other)
        check_shapes("add", a, b)
        return make(a.data + b.data, "add", [a, b])

    def __radd__(self, other):
        a, b = two_tensors(other, self)
        check_shapes("add", a, b)
        return make(a.data + b.data, "add", [a, b])

    def __sub__(self, other):
        a, b = two_tensors(self, other)
        check_shapes("sub", a, b)
        return make(a.data - b.data, "sub", [a, b])

    def __rsub__(self, other):
        a, b = two_tensors(other, self)
        check_shapes("sub", a, b)
        return make(a.data - b.data, "sub", [a, b])

    def __mul__(self, other):
        a, b = two_tensors(self, other)
        check_shapes("mul", a, b)
        return make(a.data * b.data, "mul", [a, b])

    def __rmul__(self, other):
        a, b = two_tensors(other, self)
        check_shapes("mul", a, b)
        return make(a.data * b.data, "mul", [a, b])

    def __truediv__(self, other):
        a, b = two_tensors(self, other)
        check_shapes("div", a, b)
        a = as_float(a)
        b = as_float(b)
        return make(a.data / b.data, "div", [a, b])

    def __rtruediv__(self, other):
        a, b = two_tensors(other, self)
        check_shapes("div", a, b)
        a = as_float(a)
        b = as_float(b)
        return make(a.data / b.data, "div", [a, b])

    def __pow__(self, other):
        a, b = two_tensors(self, other)
        check_shapes("pow", a, b)
        return make(a.data**b.data, "pow", [a, b])

    def __rpow__(self, other):
        a, b = two_tensors(other, self)
        check_shapes("pow", a, b)
        return make(a.data**b.data, "pow", [a, b])

    def pow(self, exponent):
        return self**exponent

    def __neg__(self):
        return make(-self.data, "neg", [self])

    def __abs__(self):
        return make(np.abs(self.data), "abs", [self])

    def abs(self):
        return abs(self)

    def __matmul__(self, other):
        a, b = two_tensors(self, other)
        if a.ndim == 0 or b.ndim == 0:
            raise RuntimeError("matmul: numbers have no rows")
        # vectors become matrices
        if a.ndim == 1 and b.ndim == 1:
            return (a * b).sum()
        if a.ndim == 1:
            product = a.reshape(1, a.shape[0]) @ b
            return product.reshape(product.shape[:-2] + (product.shape[-1],))
        if b.ndim == 1:
            product = a @ b.reshape(b.shape[0], 1)
            return product.reshape(product.shape[:-1])
        if a.shape[-1] != b.shape[-2]:
            raise RuntimeError("matmul: shapes " + str(a.shape) + " and " + str(b.shape) + " do not fit")
        return make(a.data @ b.data, "matmul", [a, b])

    def __rmatmul__(self, other):
        return to_tensor(other) @ self

    def maximum(self, other):
        a, b = two_tensors(self, other)
        check_shapes("maximum", a, b)
        return make(np.maximum(a.data, b.data), "maximum", [a, b])

    def minimum(self, other):
        a, b = two_tensors(self, other)
        check_shapes("minimum", a, b)
        return make(np.minimum(a.data, b.data), "minimum", [a, b])

    def __eq__(self, other):
        a, b = two_tensors(self, other)
        return Tensor(a.data == b.data)

    def __ne__(self, other):
        a, b = two_tensors(self, other)
        return Tensor(a.data != b.data)

    def __lt__(self, other):
        a, b = two_tensors(self, other)
        return Tensor(a.data < b.data)

    def __le__(self, other):
        a, b = two_tensors(self, other)
        return Tensor(a.data <= b.data)

    def __gt__(self, other):
        a, b = two_tensors(self, other)
        return Tensor(a.data > b.data)

    def __ge__(self, other):
        a, b = two_tensors(self, other)
        return Tensor(a.data >= b.data)

    # ---------------------------------------------------------------- in place

    def check_in_place(self):
        if self.requires_grad and self.is_leaf and grad_is_on[0]:
            raise RuntimeError("a leaf that requires grad cannot be changed outside of no_grad()")

    def change(self, result):
        """Takes the numbers of the result of an ordinary operation, and its place in the graph."""
        if result.shape != self.shape:
            raise RuntimeError("in place the shape " + str(self.shape) + " cannot become " + str(result.shape))
        self.data[...] = result.data
        if result.requires_grad:
            self.requires_grad = True
            self.op = result.op
            self.parents = result.parents
            self.saved = result.saved
        return self

    def before_change(self):
        """A stand-in for the tensor as it was, for the graph."""
        self.check_in_place()
        old = Tensor(self.data)
        if self.requires_grad and grad_is_on[0]:
            old.requires_grad = True
            old.op = self.op
            old.parents = self.parents
            old.saved = self.saved
        return old

    def __iadd__(self, other):
        old = self.before_change()
        return self.change(old + other)

    def __isub__(self, other):
        old = self.before_change()
        return self.change(old - other)

    def __imul__(self, other):
        old = self.before_change()
        return self.change(old * other)

    def __itruediv__(self, other):
        old = self.before_change()
        return self.change(old / other)

    def add_(self, other):
        self += other
        return self

    def sub_(self, other):
        self -= other
        return self

    def mul_(self, other):
        self *= other
        return self

    def zero_(self):
        self *= 0
        return self

    # ---------------------------------------------------------------- functions

    def exp(self):
        a = as_float(self)
        return make(np.exp(a.data), "exp", [a])

    def log(self):
        a = as_float(self)
        return make(np.log(a.data), "log", [a])

    def sqrt(self):
        a = as_float(self)
        return make(np.sqrt(a.data), "sqrt", [a])

    def tanh(self):
        a = as_float(self)
        return make(np.tanh(a.data), "tanh", [a])

    def sigmoid(self):
        a = as_float(self)
        # two formulas, so that exp never gets a large number
        e = np.exp(-np.abs(a.data))
        return make(np.where(a.data >= 0, 1 / (1 + e), e / (1 + e)), "sigmoid", [a])

    def relu(self):
        return make(np.maximum(self.data, 0), "relu", [self])

    def clip(self, min=None, max=None):
        array = self.data
        inside = np.ones(array.shape, bool)
        if min is not None:
            inside = inside & (array >= min)
            array = np.maximum(array, min)
        if max is not None:
            inside = inside & (array <= max)
            array = np.minimum(array, max)
        return make(array, "clip", [self], inside)

    def clamp(self, min=None, max=None):
        return self.clip(min, max)

    # ---------------------------------------------------------------- backward

    def backward(self, gradient=None, retain_graph=False):
        if not self.requires_grad:
            raise RuntimeError("this tensor does not require grad")
        if gradient is None:
            if self.numel() != 1:
                raise RuntimeError("backward needs a gradient if there are several elements")
            gradient = np.ones(self.shape)
        elif isinstance(gradient, Tensor):
            gradient = gradient.data
        gradient = np.array(gradient, dtype=self.dtype)
        if gradient.shape != self.shape:
            raise RuntimeError("the gradient has the wrong shape")

        # all tensors, parents before children
        order = []
        seen = set()

        def visit(t):
            if id(t) in seen:
                return
            seen.add(id(t))
            if t.freed:
                raise RuntimeError("the graph was freed; use retain_graph=True")
            for parent in t.parents:
                if parent.requires_grad:
                    visit(parent)
            order.append(t)

        visit(self)
        self.gradient_so_far = gradient
        for t in reversed(order):
            g = t.gradient_so_far
            t.gradient_so_far = None
            if g is None:
                continue
            if t.op is None:
                if t.grad is None:
                    t.grad = Tensor(g)
                else:
                    t.grad = Tensor(t.grad.data + g)
            else:
                step_back(t, g)
        if not retain_graph:
            for t in order:
                if t.op is not None:
                    t.parents = []
                    t.saved = None
                    t.freed = True

    # ---------------------------------------------------------------- elements

    def find_positions(self, index):
        """Which elements are taken: I index an array of the positions 0, 1, 2, ... in place of the numbers."""
        positions = np.arange(self.numel()).reshape(self.shape)
        if not isinstance(index, tuple):
            index = (index,)
        new = []
        for part in index:
            if isinstance(part, Tensor):
                part = part.data
            if isinstance(part, list):
                if len(part) == 0:
                    part = np.zeros(0, dtype=int)
                else:
                    for i in range(len(part)):
                        if isinstance(part[i], Tensor):
                            part[i] = part[i].tolist()
                    part = np.array(part)
            new.append(part)
        has_int = False
        has_array = False
        for part in new:
            if isinstance(part, np.ndarray) and part.ndim > 0:
                has_array = True
            elif isinstance(part, (int, np.integer)) and not isinstance(part, bool):
                has_int = True
        if has_int and has_array:
            # PyTorch takes the ints first. Which axis each part belongs to, from the front and then from the back:
            used = 0
            for part in new:
                if part is None or part is Ellipsis:
                    continue
                if isinstance(part, np.ndarray) and part.dtype == bool:
                    used = used + part.ndim
                else:
                    used = used + 1
            first = []
            second = []
            for part in new:
                if part is None:
                    second.append(None)
                elif part is Ellipsis:
                    for i in range(self.ndim - used):
                        first.append(slice(None))
                    second.append(Ellipsis)
                elif isinstance(part, (int, np.integer)):
                    first.append(part)
                elif isinstance(part, np.ndarray) and part.dtype == bool:
                    for i in range(part.ndim):
                        first.append(slice(None))
                    second.append(part)
                else:
                    first.append(slice(None))
                    second.append(part)
            return positions[tuple(first)][tuple(second)]
        return positions[tuple(new)]

    def __getitem__(self, index):
        positions = np.array(self.find_positions(index))
        return make(self.data.flatten()[positions], "getitem", [self], positions)

    def __setitem__(self, index, value):
        old = self.before_change()
        positions = np.array(self.find_positions(index))
        if isinstance(value, Tensor):
            value_tensor = value
        else:
            value_tensor = Tensor(value)
        numbers = self.data.flatten()
        numbers[positions] = value_tensor.data
        self.change(make(numbers.reshape(self.shape), "setitem", [old, value_tensor], positions))

    # ---------------------------------------------------------------- reductions

    def sum(self, dim=None, keepdim=False, axis=None):
        if dim is None:
            dim = axis
        axes = get_axes(dim, self.ndim)
        array = self.data
        if not is_float(array):
            array = array.astype(np.int64)
        for a in axes:
            array = np.sum(array, axis=a, keepdims=True) if array.ndim > 0 else array
        kept_shape = array.shape
        if not keepdim:
            array = np.squeeze(array, tuple(axes)) if array.ndim > 0 else array
        return make(array, "sum", [self], kept_shape)

    def mean(self, dim=None, keepdim=False, axis=None):
        if not is_float(self.data):
            raise RuntimeError("mean needs floating point numbers")
        if dim is None:
            dim = axis
        n = 1
        for a in get_axes(dim, self.ndim):
            if self.ndim > 0:
                n = n * self.shape[a]
        return self.sum(dim, keepdim) / n

    def var(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        if dim is None:
            dim = axis
        if unbiased is True:
            correction = 1
        if unbiased is False:
            correction = 0
        n = 1
        for a in get_axes(dim, self.ndim):
            n = n * self.shape[a]
        difference = self - self.mean(dim, keepdim=True)
        return (difference * difference).sum(dim, keepdim) / (n - correction)

    def std(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        return self.var(dim, correction, keepdim, axis, unbiased).sqrt()

    def max(self, dim=None, keepdim=False, axis=None):
        if dim is None:
            dim = axis
        if dim is None:
            largest = self.data.max()
            return make(largest, "max of all", [self], self.data == largest)
        indices = np.argmax(self.data, axis=dim, keepdims=True)
        values = np.take_along_axis(self.data, indices, axis=dim)
        values = make(values, "max along", [self], (indices, dim))
        indices = Tensor(indices)
        if not keepdim:
            values = values.squeeze(dim)
            indices = indices.squeeze(dim)
        return MaxResult(values, indices)

    def min(self, dim=None, keepdim=False, axis=None):
        result = (-self).max(dim, keepdim, axis)
        if isinstance(result, MaxResult):
            return MaxResult(-result.values, result.indices)
        return -result

    def argmax(self, dim=None, keepdim=False, axis=None):
        if dim is None:
            dim = axis
        return Tensor(np.argmax(self.data, axis=dim, keepdims=keepdim))

    def argmin(self, dim=None, keepdim=False, axis=None):
        if dim is None:
            dim = axis
        return Tensor(np.argmin(self.data, axis=dim, keepdims=keepdim))

    def softmax(self, dim):
        largest = np.max(self.data, axis=dim, keepdims=True)
        e = np.exp(self.data - largest)
        return make(e / np.sum(e, axis=dim, keepdims=True), "softmax", [self], dim)

    def log_softmax(self, dim):
        largest = np.max(self.data, axis=dim, keepdims=True)
        shifted = self.data - largest
        return make(shifted - np.log(np.sum(np.exp(shifted), axis=dim, keepdims=True)), "log_softmax", [self], dim)

    # ---------------------------------------------------------------- shapes

    def reshape(self, *shape):
        try:
            array = self.data.reshape(get_shape(shape))
        except ValueError:
            raise RuntimeError("cannot reshape " + str(self.shape) + " to " + str(get_shape(shape)))
        return make(array, "reshape", [self])

    def view(self, *shape):
        return self.reshape(*shape)

    def flatten(self, start_dim=0, end_dim=-1):
        if self.ndim == 0:
            return self.reshape(1)
        if start_dim < 0:
            start_dim = start_dim + self.ndim
        if end_dim < 0:
            end_dim = end_dim + self.ndim
        shape = []
        n = 1
        for i in range(self.ndim):
            if i < start_dim or i > end_dim:
                shape.append(self.shape[i])
            else:
                n = n * self.shape[i]
                if i == end_dim:
                    shape.append(n)
        return self.reshape(shape)

    def transpose(self, dim0, dim1):
        dims = list(range(self.ndim))
        dims[dim0], dims[dim1] = dims[dim1], dims[dim0]
        return self.permute(dims)

    def permute(self, *dims):
        dims = get_axes(get_shape(dims), self.ndim)
        return make(self.data.transpose(dims), "permute", [self], dims)

    @property
    def T(self):
        return self.permute(list(range(self.ndim))[::-1])

    def squeeze(self, dim=None):
        if dim is not None:
            dim = get_axes(dim, self.ndim)
        shape = []
        for i in range(self.ndim):
            if self.shape[i] == 1 and (dim is None or i in dim):
                continue
            shape.append(self.shape[i])
        return self.reshape(shape)

    def unsqueeze(self, dim):
        if dim < 0:
            dim = dim + self.ndim + 1
        shape = list(self.shape)
        shape.insert(dim, 1)
        return self.reshape(shape)

    def expand(self, *shape):
        shape = list(get_shape(shape))
        new = len(shape) - self.ndim
        for i in range(len(shape)):
            if shape[i] == -1:
                shape[i] = self.shape[i - new]
        try:
            array = np.broadcast_to(self.data, shape)
        except ValueError:
            raise RuntimeError("cannot expand " + str(self.shape) + " to " + str(shape))
        return make(array, "expand", [self])


# ==================================================================== the way back


def sum_to_shape(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for i in range(len(shape)):
        if shape[i] == 1 and g.shape[i] != 1:
            g = g.sum(axis=i, keepdims=True)
    return g


def give(t, g):
    """Hands a gradient to a tensor."""
    if not t.requires_grad:
        return
    g = sum_to_shape(np.asarray(g), t.shape).astype(t.dtype)
    if t.gradient_so_far is None:
        t.gradient_so_far = g
    else:
        t.gradient_so_far = t.gradient_so_far + g


def step_back(y, g):
    op = y.op
    a = y.parents[0]
    if len(y.parents) == 2:
        b = y.parents[1]

    if op == "add":
        give(a, g)
        give(b, g)
    elif op == "sub":
        give(a, g)
        give(b, -g)
    elif op == "mul":
        give(a, g * b.data)
        give(b, g * a.data)
    elif op == "div":
        give(a, g / b.data)
        give(b, -g * a.data / (b.data * b.data))
    elif op == "pow":
        if a.requires_grad:
            slope = b.data * a.data ** np.where(b.data == 0, 1, b.data - 1)
            give(a, g * np.where(b.data == 0, 0, slope))
        if b.requires_grad:
            base = np.where(a.data > 0, a.data, 1)
            give(b, g * y.data * np.log(base))
    elif op == "neg":
        give(a, -g)
    elif op == "abs":
        give(a, g * np.sign(a.data))
    elif op == "matmul":
        give(a, g @ np.swapaxes(b.data, -1, -2))
        give(b, np.swapaxes(a.data, -1, -2) @ g)
    elif op == "maximum":
        give(a, np.where(a.data > b.data, g, np.where(a.data == b.data, g / 2, 0)))
        give(b, np.where(b.data > a.data, g, np.where(a.data == b.data, g / 2, 0)))
    elif op == "minimum":
        give(a, np.where(a.data < b.data, g, np.where(a.data == b.data, g / 2, 0)))
        give(b, np.where(b.data < a.data, g, np.where(a.data == b.data, g / 2, 0)))
    elif op == "clone" or op == "to":
        give(a, g)
    elif op == "exp":
        give(a, g * y.data)
    elif op == "log":
        give(a, g / a.data)
    elif op == "sqrt":
        give(a, g / (2 * y.data))
    elif op == "tanh":
        give(a, g * (1 - y.data**2))
    elif op == "sigmoid":
        give(a, g * y.data * (1 - y.data))
    elif op == "relu":
        give(a, np.where(a.data > 0, g, 0))
    elif op == "clip":
        give(a, np.where(y.saved, g, 0))
    elif op == "getitem":
        numbers = np.zeros(a.numel(), g.dtype)
        positions = y.saved.flatten().tolist()
        values = g.flatten().tolist()
        for i in range(len(positions)):
            numbers[positions[i]] += values[i]
        give(a, numbers.reshape(a.shape))
    elif op == "setitem":
        left = g.flatten()
        give(b, left[y.saved])
        left[y.saved] = 0
        give(a, left.reshape(a.shape))
    elif op == "sum":
        give(a, np.broadcast_to(g.reshape(y.saved), a.shape))
    elif op == "max of all":
        give(a, np.where(y.saved, g, 0) / y.saved.sum())
    elif op == "max along":
        indices, dim = y.saved
        numbers = np.zeros(a.shape, g.dtype)
        np.put_along_axis(numbers, indices, g, axis=dim)
        give(a, numbers)
    elif op == "softmax":
        give(a, y.data * (g - (y.data * g).sum(axis=y.saved, keepdims=True)))
    elif op == "log_softmax":
        give(a, g - np.exp(y.data) * g.sum(axis=y.saved, keepdims=True))
    elif op == "reshape":
        give(a, g.reshape(a.shape))
    elif op == "permute":
        back = [0] * len(y.saved)
        for i in range(len(y.saved)):
            back[y.saved[i]] = i
        give(a, g.transpose(back))
    elif op == "expand":
        give(a, g)
    elif op == "cat":
        start = 0
        dim = y.saved
        for t in y.parents:
            end = start + t.shape[dim]
            give(t, np.take(g, range(start, end), axis=dim))
            start = end
    elif op == "where":
        give(a, np.where(y.saved, g, 0))
        give(b, np.where(y.saved, 0, g))
    elif op == "own":
        # layers bring their own function, from g to a list of gradients
        gradients = y.saved(g)
        for i in range(len(y.parents)):
            if gradients[i] is not None:
                give(y.parents[i], gradients[i])
    else:
        raise RuntimeError("unknown operation " + op)


class no_grad:
    def __enter__(self):
        self.old = grad_is_on[0]
        grad_is_on[0] = False

    def __exit__(self, kind, fault, trace):
        grad_is_on[0] = self.old

    def __call__(self, function):
        def wrapper(*arguments, **options):
            with no_grad():
                return function(*arguments, **options)

        return wrapper


def tensor(data, dtype=None, requires_grad=False, device="cpu"):
    return Tensor(data, requires_grad, dtype, device)


def zeros(*shape, requires_grad=False, dtype=None, device="cpu"):
    if dtype is None:
        dtype = "float32"
    return Tensor(np.zeros(get_shape(shape)), requires_grad, dtype, device)


def ones(*shape, requires_grad=False, dtype=None, device="cpu"):
    if dtype is None:
        dtype = "float32"
    return Tensor(np.ones(get_shape(shape)), requires_grad, dtype, device)


def randn(*shape, requires_grad=False, dtype=None, device="cpu"):
    if dtype is None:
        dtype = "float32"
    return Tensor(np.random.randn(*get_shape(shape)), requires_grad, dtype, device)


def arange(start, end=None, step=1, requires_grad=False, dtype=None, device="cpu"):
    if end is None:
        end = start
        start = 0
    if dtype is None:
        if isinstance(start, int) and isinstance(end, int) and isinstance(step, int):
            dtype = "int64"
        else:
            dtype = "float32"
    return Tensor(np.arange(start, end, step), requires_grad, dtype, device)


def manual_seed(seed):
    np.random.seed(seed)


def cat(tensors, dim=0):
    parents = []
    arrays = []
    for t in tensors:
        t = to_tensor(t)
        parents.append(t)
        arrays.append(t.data)
    try:
        array = np.concatenate(arrays, axis=dim)
    except ValueError:
        raise RuntimeError("cat: the shapes do not fit")
    return make(array, "cat", parents, dim)


def stack(tensors, dim=0):
    new = []
    for t in tensors:
        new.append(to_tensor(t).unsqueeze(dim))
    return cat(new, dim)


def where(condition, a, b):
    condition = to_tensor(condition)
    a, b = two_tensors(a, b)
    return make(np.where(condition.data, a.data, b.data), "where", [a, b], condition.data)
