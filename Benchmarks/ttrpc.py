"""ttrpc in a page: frames, and protobuf messages as numbered fields (PROTOCOL.md of ttrpc; proto/containerd/task.proto)."""
import socket
import struct

REQUEST, RESPONSE = 1, 2


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def message(fields):
    """The wire form of {field number: int, str, bytes or a list of those}; zero and empty are left out, as proto3 does."""
    out = b""
    for number, values in fields.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, int):
                out += varint(number << 3) + varint(value) if value else b""
            elif value:
                data = value.encode() if isinstance(value, str) else value
                out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def fields(data):
    """The last value of every field: an int for a varint, else bytes."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7f) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(data):
        key = number()
        if key & 7 == 0:
            found[key >> 3] = number()
        else:
            length = {1: 8, 5: 4}.get(key & 7) or number()
            found[key >> 3] = data[at:at + length]
            at += length
    return found


class Refused(Exception):
    pass


class Peer:
    """One connection; a call at a time."""

    def __init__(self, path, service="containerd.task.v2.Task"):
        self.service, self.stream = service, -1
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)

    def begin(self, method, request):
        self.stream += 2
        body = message({1: self.service, 2: method, 3: message(request)})
        self.socket.sendall(struct.pack(">IIBB", len(body), self.stream, REQUEST, 0) + body)

    def answer(self):
        """The fields of the answer to the call that was begun last."""
        while True:
            length, stream, kind, _ = struct.unpack(">IIBB", self.take(10))
            body = fields(self.take(length))
            if (stream, kind) != (self.stream, RESPONSE):
                continue
            status = fields(body.get(1, b""))
            if status.get(1):
                raise Refused(status.get(2, b"").decode())
            return fields(body.get(2, b""))

    def call(self, method, request):
        self.begin(method, request)
        return self.answer()

    def take(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("the shim closed the connection")
            data += part
        return data

    def close(self):
        self.socket.close()
