#!/usr/bin/env python3
"""Captures kernel_segments.tsv: TCP segments that a Linux kernel signed, as they left a network interface.

Two network namespaces joined by a veth pair without any offload; keyed connections over IPv4 and IPv6 with keys of 1,
7 and 80 octets; small, odd and full-size payloads; orderly and abortive ends. Root; writes to stdout.
"""
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys

KEYS = [b"k", b"FooBar7", bytes(range(33, 113))]  # the last: 80 octets
ADDRESSES = {socket.AF_INET: ("192.0.2.1", "192.0.2.2"), socket.AF_INET6: ("2001:db8::1", "2001:db8::2")}
TCP_MD5SIG = 14
SIOCETHTOOL = 0x8946
ETHTOOL_OFF = {"tx": 0x17, "sg": 0x19, "tso": 0x1F, "gso": 0x24, "gro": 0x2C}
LIBC = ctypes.CDLL(None, use_errno=True)


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Namespace:
    def __init__(self, name):
        self.name = name
        ip("netns", "add", name)
        self.file = open(f"/run/netns/{name}", "rb")

    def enter(self):
        if LIBC.setns(self.file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def set_up(self, side):
        self.enter()
        ip("link", "set", "lo", "up")
        for family, pair in ADDRESSES.items():
            length = "24" if family == socket.AF_INET else "64"
            ip("address", "add", f"{pair[side]}/{length}", "dev", "wire", *(["nodad"] if family == socket.AF_INET6 else []))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            for command in ETHTOOL_OFF.values():
                value = ctypes.create_string_buffer(struct.pack("II", command, 0))
                fcntl.ioctl(control, SIOCETHTOOL, struct.pack("16sP", b"wire", ctypes.addressof(value)))
        ip("link", "set", "wire", "up")


def set_key(sock, address, key):
    """struct tcp_md5sig: a sockaddr_storage, flags, prefix length, key length, ifindex, key."""
    packed = socket.inet_pton(sock.family, address)
    where = struct.pack("H2x", sock.family) + (packed if len(packed) == 4 else bytes(4) + packed)
    rest = struct.pack("BBHi80s", 0, 0, len(key), 0, key)
    sock.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, where.ljust(128, b"\0") + rest)


def converse(left, right, family, key, port, abort):
    """One keyed connection from its SYN to its end."""
    left.enter()
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    set_key(listener, ADDRESSES[family][1], key)
    listener.bind((ADDRESSES[family][0], port))
    listener.listen()
    right.enter()
    client = socket.socket(family, socket.SOCK_STREAM)
    set_key(client, ADDRESSES[family][0], key)
    client.connect((ADDRESSES[family][0], port))
    server, _ = listener.accept()
    for size in (1, 19, 1440):
        client.sendall(bytes(i % 251 for i in range(size)))
        left_to_read = size
        while left_to_read:
            left_to_read -= len(server.recv(left_to_read))
    server.sendall(b"odd")
    client.recv(3)
    if abort:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    if not abort:
        server.recv(1)
    server.close()
    listener.close()


def drain(tap):
    """The TCP frames that the tap has seen, until it has been silent for a while."""
    tap.settimeout(0.3)
    while True:
        try:
            frame = tap.recv(65536)
        except TimeoutError:
            return
        protocol = {b"\x08\x00": frame[23], b"\x86\xdd": frame[20]}.get(frame[12:14])
        if protocol == socket.IPPROTO_TCP:
            yield frame


def main():
    names = [f"segments-{os.getpid()}-{side}" for side in "ab"]
    spaces = []
    try:
        for name in names:
            spaces.append(Namespace(name))
        ip("link", "add", "wire", "netns", names[0], "type", "veth", "peer", "name", "wire", "netns", names[1])
        for side, space in enumerate(spaces):
            space.set_up(side)
        spaces[0].enter()
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        tap.bind(("wire", 0))
        print("# key (hex)\tframe from Ethernet on (hex)")
        for family in ADDRESSES:
            for number, key in enumerate(KEYS):
                converse(*spaces, family, key, 179, abort=number == 1)
                for frame in drain(tap):
                    print(f"{key.hex()}\t{frame.hex()}")
    finally:
        for name in names[:len(spaces)]:
            subprocess.run(["ip", "netns", "delete", name], check=False)


if __name__ == "__main__":
    sys.exit(main())
