"""The random numbers that recorded cases are made of; the tests in C draw the same."""

MASK = (1 << 64) - 1


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & MASK
    return h


def uniform(key, i):
    """The i-th number of the stream `key`, in [0, 1)."""
    z = fnv(key.encode()) + (i + 1) * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return ((z ^ z >> 31) >> 40) / 2**24


class Stream:
    """The same, one after the other."""

    def __init__(self, key):
        self.key, self.i = key, 0

    def uniform(self):
        self.i += 1
        return uniform(self.key, self.i - 1)

    def below(self, n):
        return int(self.uniform() * n)
