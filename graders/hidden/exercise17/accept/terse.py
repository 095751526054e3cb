# As short as possible
# independent
# an id is a character here, so that str.replace merges from the left to the right
from collections import Counter as C

u = lambda t: t.encode().decode("latin-1")


def train(t, n):
    t, m = u(t), []
    while len(m) < n:
        c = C(zip(t, t[1:]))
        p = min(c, key=lambda p: (-c[p], p), default=0)
        if c[p] < 2:
            break
        t = t.replace("".join(p), chr(256 + len(m)))
        m += [(*map(ord, p),)]
    return m


def encode(t, m):
    t = u(t)
    for i, (a, b) in enumerate(m, 256):
        t = t.replace(chr(a) + chr(b), chr(i))
    return [*map(ord, t)]


def decode(s, m):
    v = [bytes([i]) for i in range(256)]
    for a, b in m:
        v += [v[a] + v[b]]
    return b"".join(v[i] for i in s).decode(errors="replace")
