# Lists inside, arrays at the end
# independent
# lists of lists everywhere; pairs are lists, too


def neighbours(ids):
    return [ids[k : k + 2] for k in range(len(ids) - 1)]


def put_together(ids, pair, new):
    ids = list(ids)
    k = 0
    while k < len(ids) - 1:
        if ids[k : k + 2] == pair:
            ids[k : k + 2] = [new]
        k += 1
    return ids


def train(text, n_merges):
    ids, merges = list(text.encode("utf8")), []
    while len(merges) != n_merges:
        pairs = sorted(neighbours(ids))
        best, most, start = None, 1, 0
        for k in range(len(pairs)):
            if pairs[k] != pairs[start]:
                start = k
            if k - start + 1 > most:
                best, most = pairs[k], k - start + 1
        if best is None:
            return merges
        ids = put_together(ids, best, 256 + len(merges))
        merges += [best]
    return merges


def encode(text, merges):
    ids = list(text.encode("utf8"))
    for number in range(len(merges)):
        ids = put_together(ids, list(merges[number]), number + 256)
    return ids


def decode(ids, merges):
    # replace ids by their pairs until only bytes are left
    stack, numbers = list(ids)[::-1], []
    while stack:
        top = stack.pop()
        if top < 256:
            numbers.append(top)
        else:
            left, right = merges[top - 256]
            stack += [right, left]
    return str(bytes(numbers), "utf8", "replace")
