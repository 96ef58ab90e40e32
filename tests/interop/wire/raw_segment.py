"""What no decent speaker does: keys on connected sockets, and segments put on the wire past the host's own TCP."""
import hashlib
import socket
import struct

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def _pseudo_header(source, destination, length):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    addresses = socket.inet_pton(family, source) + socket.inet_pton(family, destination)
    if family == socket.AF_INET:
        return addresses + struct.pack(">BBH", 0, socket.IPPROTO_TCP, length)
    return addresses + struct.pack(">I3xB", length, socket.IPPROTO_TCP)


def _checksum(octets):
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(source, source_port, destination, destination_port, flags, sequence=1, acknowledgment=1, payload=b"", key=None):
    """A TCP segment, signed if there is a key (RFC 2385)."""
    options = struct.pack(">BB16x2B", 19, 18, 1, 1) if key else b""
    offset = (20 + len(options)) // 4
    header = struct.pack(">HHIIBBHHH", source_port, destination_port, sequence, acknowledgment, offset << 4, flags, 8192, 0, 0)
    pseudo = _pseudo_header(source, destination, len(header) + len(options) + len(payload))
    if key:
        digest = hashlib.md5(pseudo + header + payload + key.encode()).digest()
        options = struct.pack(">BB16s2B", 19, 18, digest, 1, 1)
    checksum = _checksum(pseudo + header + options + payload)
    return header[:16] + struct.pack(">H", checksum) + header[18:] + options + payload


def inject(namespace, source, source_port, destination, destination_port, flags, **fields):
    """Sends one segment from inside a namespace that owns the source address."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with namespace.entered():
        raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP)
    with raw:
        raw.bind((source, 0))
        raw.sendto(segment(source, source_port, destination, destination_port, flags, **fields), (destination, 0))


def set_key(connected, address, key):
    """Sets a key on a socket in whatever state (Linux TCP_MD5SIG)."""
    packed = socket.inet_pton(connected.family, address)
    where = struct.pack("=HH", connected.family, 0) + (packed if len(packed) == 4 else bytes(4) + packed)
    rest = struct.pack("=BBHi80s", 0, 0, len(key), 0, key.encode())
    connected.setsockopt(socket.IPPROTO_TCP, 14, where.ljust(128, b"\0") + rest)
