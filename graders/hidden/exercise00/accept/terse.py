# One lambda for each function.
# independent
import numpy as np

N = None
add_row = lambda table, row: table + row
add_column = lambda table, column: (table.T + column).T
outer_product = lambda a, b: a[:, N] * b
centre_columns = lambda table: table - table.mean(0)
normalise_rows = lambda table: table / table.sum(1)[:, N]
largest_columns = lambda table: table.argmax(1)
one_hot = lambda labels, n_classes: labels[:, N] == np.r_[:n_classes]
pick_one_per_row = lambda table, columns: table[np.r_[: len(table)], columns]
take_rows = lambda table, ids: table[ids]
windows = lambda x, size: x[np.r_[: len(x) - size + 1][:, N] + np.r_[:size]]
keep_where = lambda x, mask, otherwise: np.where(mask, x, otherwise)
causal_mask = lambda n: np.tri(n)
swap_last_axes = lambda x: x.swapaxes(-1, -2)
into_heads = lambda x, n_heads: x.reshape(len(x), n_heads, -1).swapaxes(0, 1)
multiply_each = lambda a, b: a @ b
