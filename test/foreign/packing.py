"""msgpack, as much of it as coldpool speaks: nil, flags, numbers, text, bytes, lists and maps."""

import struct


def pack(value):
    """In the forms that hold any size: whoever reads takes all forms."""
    if isinstance(value, int):
        return struct.pack('>BQ', 0xCF, value)
    if isinstance(value, float):
        return struct.pack('>Bd', 0xCB, value)
    if isinstance(value, str):
        return struct.pack('>BI', 0xDB, len(value.encode())) + value.encode()
    if isinstance(value, bytes):
        return struct.pack('>BI', 0xC6, len(value)) + value
    if isinstance(value, list):
        return struct.pack('>BI', 0xDD, len(value)) + b''.join(map(pack, value))
    return struct.pack('>BI', 0xDF, len(value)) + b''.join(pack(key) + pack(item) for key, item in value.items())


def unpack(packed):
    return Unpacking(packed).value()


class Unpacking:
    NUMBERS = dict(zip(range(0xCA, 0xD4), ['>f', '>d', '>B', '>H', '>I', '>Q', '>b', '>h', '>i', '>q']))

    def __init__(self, packed):
        self.packed = packed
        self.at = 0

    def value(self):
        head = self.number('>B')
        if head < 0x80 or head >= 0xE0:
            return head if head < 0x80 else head - 0x100
        if head < 0x90:
            return self.map(head & 0x0F)
        if head < 0xA0:
            return self.list(head & 0x0F)
        if head < 0xC0:
            return self.take(head & 0x1F).decode()
        if head in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[head]
        if head in self.NUMBERS:
            return self.number(self.NUMBERS[head])
        if 0xC4 <= head <= 0xC6:
            return self.take(self.size(head - 0xC4))
        if 0xD9 <= head <= 0xDB:
            return self.take(self.size(head - 0xD9)).decode()
        if head in (0xDC, 0xDD):
            return self.list(self.size(head - 0xDC + 1))
        if head in (0xDE, 0xDF):
            return self.map(self.size(head - 0xDE + 1))
        raise ValueError(f'byte {head:#x} begins nothing that coldpool sends')

    def size(self, power):
        return self.number(('>B', '>H', '>I')[power])

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def list(self, size):
        return [self.value() for _ in range(size)]

    def map(self, size):
        return {self.value(): self.value() for _ in range(size)}

    def take(self, size):
        taken = self.packed[self.at : self.at + size]
        self.at += size
        return taken
