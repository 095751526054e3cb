# Lists of lists and comprehensions.
# independent
import numpy as np


def add_row(table, row):
    return np.array([[x + y for x, y in zip(line, row)] for line in table.tolist()])


def add_column(table, column):
    return np.array([[x + c for x in line] for line, c in zip(table.tolist(), column)])


def outer_product(a, b):
    return np.array([[x * y for y in b] for x in a])


def centre_columns(table):
    columns = [list(c) for c in zip(*table.tolist())]
    means = [sum(c) / len(c) for c in columns]
    return np.array([[x - m for x, m in zip(line, means)] for line in table.tolist()])


def normalise_rows(table):
    return np.array([[x / sum(line) for x in line] for line in table.tolist()])


def largest_columns(table):
    return np.array([line.index(max(line)) for line in table.tolist()])


def one_hot(labels, n_classes):
    result = []
    for label in labels:
        line = [0] * n_classes
        line[label] = 1
        result.append(line)
    return np.array(result)


def pick_one_per_row(table, columns):
    return np.array([line[c] for line, c in zip(table.tolist(), columns.tolist())])


def take_rows(table, ids):
    lines = table.tolist()
    return np.array([lines[i] for i in ids])


def windows(x, size):
    x = x.tolist()
    return np.array([x[i : i + size] for i in range(len(x) - size + 1)])


def keep_lists(x, mask, otherwise):
    if isinstance(x, list):
        return [keep_lists(a, b, otherwise) for a, b in zip(x, mask)]
    return x if mask else otherwise


def keep_where(x, mask, otherwise):
    return np.array(keep_lists(x.tolist(), mask.tolist(), otherwise))


def causal_mask(n):
    return np.array([[True] * (i + 1) + [False] * (n - i - 1) for i in range(n)])


def swap_lists(x):
    if isinstance(x[0][0], list):
        return [swap_lists(part) for part in x]
    return [list(c) for c in zip(*x)]


def swap_last_axes(x):
    return np.array(swap_lists(x.tolist()))


def into_heads(x, n_heads):
    lines = x.tolist()
    d = len(lines[0]) // n_heads
    return np.array([[line[h * d : h * d + d] for line in lines] for h in range(n_heads)])


def multiply_each(a, b):
    result = []
    for left, right in zip(a.tolist(), b.tolist()):
        columns = list(zip(*right))
        result.append([[sum(x * y for x, y in zip(line, c)) for c in columns] for line in left])
    return np.array(result)
