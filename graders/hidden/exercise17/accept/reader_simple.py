# Plain loops with indices and a dictionary of bytes.
# independent
def train(text, n_merges):
    ids = list(text.encode("utf-8"))
    merges = []
    for step in range(n_merges):
        counts = {}
        for i in range(len(ids) - 1):
            pair = (ids[i], ids[i + 1])
            counts[pair] = counts.get(pair, 0) + 1
        best = None
        for pair, c in counts.items():
            if c < 2:
                continue
            if best is None or c > counts[best] or (c == counts[best] and pair < best):
                best = pair
        if best is None:
            break
        merges.append(best)
        new_ids = []
        i = 0
        while i < len(ids):
            if i + 1 < len(ids) and (ids[i], ids[i + 1]) == best:
                new_ids.append(256 + step)
                i += 2
            else:
                new_ids.append(ids[i])
                i += 1
        ids = new_ids
    return merges


def encode(text, merges):
    ids = list(text.encode("utf-8"))
    for step, (a, b) in enumerate(merges):
        i = 0
        out = []
        while i < len(ids):
            if i < len(ids) - 1 and ids[i] == a and ids[i + 1] == b:
                out.append(256 + step)
                i = i + 2
            else:
                out.append(ids[i])
                i = i + 1
        ids = out
    return ids


def decode(ids, merges):
    table = {}
    for i in range(256):
        table[i] = bytes([i])
    for i, (a, b) in enumerate(merges):
        table[256 + i] = table[a] + table[b]
    data = b""
    for i in ids:
        if i not in table:
            raise ValueError("unknown id " + str(i))
        data += table[i]
    return data.decode("utf-8", errors="replace")
