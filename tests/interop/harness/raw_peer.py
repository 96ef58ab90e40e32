"""A BGP peer made of plain sockets: says exactly the octets that a case wants, and judges what comes back.

It speaks just enough BGP to bring a session up; everything beyond is octets of the case's own.
"""
import ipaddress
import select
import socket
import struct
import time

OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE_REFRESH = 1, 2, 3, 4, 5
MARKER = b"\xff" * 16
IPV4_UNICAST, IPV6_UNICAST = (1, 1), (2, 1)
PORT = 179
_TCP_MD5SIG = 14


def message(kind, body=b""):
    return MARKER + struct.pack(">HB", 19 + len(body), kind) + body


def capability(code, value=b""):
    return bytes([code, len(value)]) + value


def open_message(asn, router_id, hold=90, families=(IPV4_UNICAST,), capabilities=b"", four_octet_as=True):
    offered = b"".join(capability(1, struct.pack(">HBB", afi, 0, safi)) for afi, safi in families) + capability(2)
    if four_octet_as:
        offered += capability(65, struct.pack(">I", asn))
    offered += capabilities
    parameters = bytes([2, len(offered)]) + offered
    return message(OPEN, struct.pack(">BHH", 4, asn if asn < 65536 else 23456, hold) + socket.inet_aton(router_id) +
                   bytes([len(parameters)]) + parameters)


def nlri(prefix):
    network = ipaddress.ip_network(prefix)
    return bytes([network.prefixlen]) + network.network_address.packed[:(network.prefixlen + 7) // 8]


def attribute(flags, code, value):
    if len(value) > 255:
        return struct.pack(">BBH", flags | 0x10, code, len(value)) + value
    return bytes([flags, code, len(value)]) + value


def update(prefixes=(), path=(), next_hop="0.0.0.0", withdrawn=(), attributes=b""):
    """An UPDATE of IPv4 unicast with the mandatory attributes, then `attributes` as they are."""
    gone = b"".join(nlri(p) for p in withdrawn)
    carried = b""
    if prefixes:
        segment = bytes([2, len(path)]) + b"".join(struct.pack(">I", n) for n in path) if path else b""
        carried = attribute(0x40, 1, b"\0") + attribute(0x40, 2, segment)
        carried += attribute(0x40, 3, socket.inet_aton(next_hop)) + attributes
    return message(UPDATE, struct.pack(">H", len(gone)) + gone + struct.pack(">H", len(carried)) + carried +
                   b"".join(nlri(p) for p in prefixes))


def _md5_option(address, key):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if family == socket.AF_INET:
        where = struct.pack("=HH4s", family, 0, socket.inet_aton(address))
    else:
        where = struct.pack("=HHI16sI", family, 0, 0, socket.inet_pton(family, address), 0)
    return where.ljust(128, b"\0") + struct.pack("=BBHi", 0, 0, len(key), 0) + key.encode().ljust(80, b"\0")


def tcp_socket(namespace, address, source=None, key=None, receive_buffer=None):
    """A TCP socket inside a namespace, bound to source, keyed towards address; not connected yet."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with namespace.entered():
        made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if receive_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    if key:
        made.setsockopt(socket.IPPROTO_TCP, _TCP_MD5SIG, _md5_option(address, key))
    if source:
        made.bind((source, 0))
    made.settimeout(10)
    return made


class RawPeer:
    """One connection to a speaker."""

    def __init__(self, connected):
        self.socket = connected
        self.received = []  # whole messages, in order
        self.closed = False  # by the other side
        self._buffer = b""

    @classmethod
    def connect(cls, namespace, address, source=None, key=None, port=PORT, receive_buffer=None):
        made = tcp_socket(namespace, address, source, key, receive_buffer)
        made.connect((address, port))
        return cls(made)

    @classmethod
    def accept(cls, namespace, address, source, key=None, port=PORT, seconds=20):
        """Listens on source, and takes the first connection of address."""
        listener = tcp_socket(namespace, address, None, key)
        listener.bind((source, port))
        listener.listen(4)
        listener.settimeout(seconds)
        try:
            connected, _ = listener.accept()
        finally:
            listener.close()
        return cls(connected)

    def send(self, octets):
        """False: the other side has closed the connection."""
        try:
            self.socket.sendall(octets)
            return True
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True
            return False

    def pump(self, seconds, kinds=()):
        """Reads for so long, or until a message of one of the kinds comes (which is returned), or the end."""
        deadline = time.monotonic() + seconds
        while not self.closed:
            for taken in self._messages():
                self.received.append(taken)
                if taken[18] in kinds:
                    return taken
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            try:
                octets = self.socket.recv(65536)
            except ConnectionResetError:
                octets = b""
            self.closed = not octets
            self._buffer += octets
        for taken in self._messages():
            self.received.append(taken)
            if taken[18] in kinds:
                return taken
        return None

    def _messages(self):
        while len(self._buffer) >= 19:
            length = int.from_bytes(self._buffer[16:18], "big")
            if len(self._buffer) < length:
                return
            taken, self._buffer = self._buffer[:length], self._buffer[length:]
            yield taken

    def establish(self, asn, router_id, seconds=10, **options):
        """Exchanges OPEN and KEEPALIVE: the peer's OPEN."""
        self.send(open_message(asn, router_id, **options))
        theirs = self.pump(seconds, {OPEN, NOTIFICATION})
        assert theirs and theirs[18] == OPEN, f"no OPEN, but {theirs!r}"
        self.send(message(KEEPALIVE))
        answer = self.pump(seconds, {KEEPALIVE, NOTIFICATION})
        assert answer and answer[18] == KEEPALIVE, f"no KEEPALIVE, but {answer!r}"
        return theirs

    def notification(self, seconds=10):
        """(code, subcode, data) of the NOTIFICATION that comes, or None when none does."""
        seen = next((m for m in self.received if m[18] == NOTIFICATION), None) or self.pump(seconds, {NOTIFICATION})
        return (seen[19], seen[20], seen[21:]) if seen else None

    def wait_closed(self, seconds=10):
        self.pump(seconds)
        assert self.closed, "the connection is still open"

    def close(self):
        self.socket.close()
