# Loops, as a physicist writes them
# independent
# byte-pair encoding with plain loops


def replace_pair(ids, left, right, new):
    result = []
    n = len(ids)
    i = 0
    while i < n:
        if i + 1 < n and ids[i] == left and ids[i + 1] == right:
            result.append(new)
            i += 2
        else:
            result.append(ids[i])
            i += 1
    return result


def train(text, n_merges):
    ids = []
    for byte in text.encode("utf-8"):
        ids.append(byte)
    merges = []
    for step in range(n_merges):
        counts = {}
        for i in range(len(ids) - 1):
            pair = (ids[i], ids[i + 1])
            if pair not in counts:
                counts[pair] = 0
            counts[pair] += 1
        best = None
        for pair in counts:
            if best is None:
                best = pair
            elif counts[pair] > counts[best]:
                best = pair
            elif counts[pair] == counts[best] and pair < best:
                best = pair
        if best is None or counts[best] < 2:
            break
        merges.append(best)
        ids = replace_pair(ids, best[0], best[1], 256 + step)
    return merges


def encode(text, merges):
    ids = []
    for byte in text.encode("utf-8"):
        ids.append(byte)
    for i in range(len(merges)):
        ids = replace_pair(ids, merges[i][0], merges[i][1], 256 + i)
    return ids


def decode(ids, merges):
    table = []
    for byte in range(256):
        table.append([byte])
    for i in range(len(merges)):
        table.append(table[merges[i][0]] + table[merges[i][1]])
    data = []
    for each in ids:
        for byte in table[each]:
            data.append(byte)
    return bytes(data).decode("utf-8", errors="replace")
