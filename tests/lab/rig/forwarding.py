"""A router's bench: the speaker's host forwards between the NIC and a LAN behind it.

    peer ── TAP ── software NIC ── TAP eth0 (node, forwards) lan0 ── veth ── host of the LAN
"""
import ipaddress
import struct

from harness.lab import NODE, PEER, add_address
from harness.network import link
from harness.raw_peer import tcp_socket
from harness.waiting import until

from .bench import PEER_MAC, SPEAKER_MAC

ROUTER_ADDRESS = {"ipv4": "198.51.100.1", "ipv6": "2001:db8:99::1"}
LAN_HOST = {"ipv4": "198.51.100.2", "ipv6": "2001:db8:99::2"}
LAN = {"ipv4": "198.51.100.0/24", "ipv6": "2001:db8:99::/64"}
OCTETS = 400_000  # of a transfer to the LAN
TOO_BIG = {"ipv4": ("snmp", "FragFails"), "ipv6": ("snmp6", "Ip6InTooBigErrors")}


def with_lan(bench, node, peer):
    """Adds the LAN to a bench that is linked already: its host's namespace."""
    host = bench.namespace("lan")
    link(node, "lan0", host, "eth0")
    node.sysctl("net/ipv4/ip_forward", 1)
    node.sysctl("net/ipv6/conf/all/forwarding", 1)
    for family, address in LAN_HOST.items():
        length = LAN[family].split("/")[1]
        add_address(node, "lan0", ROUTER_ADDRESS[family], length)
        add_address(host, "eth0", address, length)
        six = ["-6"] if family == "ipv6" else []
        host.ip(*six, "route", "add", "default", "via", ROUTER_ADDRESS[family])
        peer.ip(*six, "route", "add", LAN[family], "via", NODE[family])
    return host


def too_big(namespace, family):
    """How many packets this namespace could not forward because they were too big."""
    file, name = TOO_BIG[family]
    with namespace.entered(), open(f"/proc/thread-self/net/{file}", encoding="ascii") as lines:
        rows = [line.split() for line in lines]
    if file == "snmp6":
        return next(int(row[1]) for row in rows if row[0] == name)
    names, values = [row for row in rows if row[0] == "Ip:"][:2]
    return int(values[names.index(name)])


def oversize_frame(family, octets=9000):
    """A TCP packet of so many octets from the peer to the LAN's host, not to be fragmented, as LRO below would make."""
    source, destination = (ipaddress.ip_address(a[family]).packed for a in (PEER, LAN_HOST))
    tcp = struct.pack(">HHIIBBHHH", 40000, 8080, 1, 1, 0x50, 0x10, 1000, 0, 0)
    if family == "ipv4":
        header = struct.pack(">BBHHHBBH", 0x45, 0, octets, 7, 0x4000, 64, 6, 0) + source + destination
        total = sum(struct.unpack(">10H", header))
        total = (total & 0xffff) + (total >> 16)
        header = header[:10] + struct.pack(">H", 0xffff - ((total & 0xffff) + (total >> 16))) + header[12:]
    else:
        header = struct.pack(">IHBB", 6 << 28, octets - 40, 6, 64) + source + destination
    mac = bytes.fromhex((SPEAKER_MAC + PEER_MAC).replace(":", ""))
    kind = struct.pack(">H", 0x0800 if family == "ipv4" else 0x86DD)
    return mac + kind + header + tcp + bytes(octets - len(header) - len(tcp))


def send_to_lan(peer, host, family, seconds=30):
    """An unsigned connection through the router: how much of OCTETS arrived in the time."""
    listener = tcp_socket(host, LAN_HOST[family])
    listener.bind((LAN_HOST[family], 8080))
    listener.listen()
    client = tcp_socket(peer, LAN_HOST[family])
    client.connect((LAN_HOST[family], 8080))
    accepted, _ = listener.accept()
    for one in (client, accepted):
        one.setblocking(False)
    state = {"sent": 0, "received": 0}

    def moved():
        try:
            state["sent"] += client.send(b"x" * min(65536, OCTETS - state["sent"])) if state["sent"] < OCTETS else 0
        except BlockingIOError:
            pass
        try:
            state["received"] += len(accepted.recv(1 << 20))
        except BlockingIOError:
            pass
        return state["received"] >= OCTETS

    try:
        until(moved, "all to arrive", seconds, interval=0.001)
    finally:
        for one in (client, accepted, listener):
            one.close()
