#!/usr/bin/env python3
"""Writes seeds for fuzz_capture into the directory given: every kind of file, block and tunnel once, around segments
that a kernel signed (tests/vectors/tcpmd5).

What is in tests/fuzz/corpus/capture was made by this.
"""
import pathlib
import struct
import sys

root = pathlib.Path(__file__).resolve().parents[2]
out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)

frames = [bytes.fromhex(line.split("\t")[1]) for line in
          (root / "tests/vectors/tcpmd5/kernel_segments.tsv").read_text().splitlines() if not line.startswith("#")]
four = min((f for f in frames if f[12:14] == b"\x08\x00"), key=len)
six = min((f for f in frames if f[12:14] == b"\x86\xdd"), key=len)


def pcap(order, magic, link, *packets, extra=b""):
    header = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 262144, link)
    return header + b"".join(struct.pack(order + "IIII", 1, 2, len(p), len(p)) + extra + p for p in packets)


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def option(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order):
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order, link, options=b"", snap=0):
    return block(order, 1, struct.pack(order + "HHI", link, 0, snap) + options)


def enhanced(order, number, packet, options=b""):
    data = packet + bytes(-len(packet) % 4)
    return block(order, 6, struct.pack(order + "IIIII", number, 1, 2, len(packet), len(packet)) + data + options)


def ethernet(kind, payload):
    return bytes(12) + struct.pack(">H", kind) + payload


def ipv4(protocol, payload):
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, b"\xcb\0q\1",
                       b"\xcb\0q\2") + payload


def ipv6(kind, payload):
    return struct.pack(">IHBB", 0x60000000, len(payload), kind, 64) + bytes(32) + payload


def gre(flags, kind, payload):
    fields = sum(4 for bit in (0x8000, 0x2000, 0x1000) if flags & bit)
    return struct.pack(">HH", flags, kind) + bytes(fields) + payload


tunnels = {
    "gre": ethernet(0x0800, ipv4(47, gre(0xB000, 0x6558, four))),
    "erspan1": ethernet(0x0800, ipv4(47, gre(0, 0x88BE, four))),
    "erspan2": ethernet(0x86DD, ipv6(47, gre(0x1000, 0x88BE, b"\x10\5\4\1\0\0\0\1" + six))),
    "erspan3": ethernet(0x0800, ipv4(47, gre(0x1000, 0x22EB, b"\x20\5\0\1" + bytes(7) + b"\1" + bytes(8) + four))),
    "vxlan": ethernet(0x0800, ipv4(17, struct.pack(">HHHH", 5, 4789, 16 + len(six), 0) + b"\x08" + bytes(7) + six)),
    "ip6gre": ethernet(0x86DD, ipv6(60, b"\x2f\0\4\1\4\1\1\0" + gre(0, 0x0800, four[14:]))),
    "qinq": four[:12] + b"\x88\xa8\0\1\x81\0\0\2" + four[12:],
}
seeds = {"pcap_" + name: pcap("<", 0xA1B2C3D4, 1, packet) for name, packet in tunnels.items()}
seeds["pcap_big"] = pcap(">", 0xA1B2C3D4, 1, four, six)
seeds["pcap_nano"] = pcap("<", 0xA1B23C4D, 101, four[14:], six[14:])
seeds["pcap_long"] = pcap("<", 0xA1B2CD34, 1, four, extra=bytes(8))
seeds["pcap_sll"] = pcap("<", 0xA1B2C3D4, 113, bytes(14) + b"\x08\0" + four[14:])
seeds["pcap_sll2"] = pcap("<", 0xA1B2C3D4, 276, b"\x86\xdd" + bytes(18) + six[14:])
seeds["pcap_null"] = pcap("<", 0xA1B2C3D4, 0, b"\2\0\0\0" + four[14:])
seeds["pcap_cut"] = pcap("<", 0xA1B2C3D4, 1, four[:60], four)[:-9]
for order, name in (("<", "little"), (">", "big")):
    seeds["pcapng_" + name] = (
        section(order) + interface(order, 1, option(order, 9, b"\x09") + option(order, 14, bytes(8)))
        + interface(order, 276, option(order, 9, b"\x8a"), 96)
        + enhanced(order, 0, four, option(order, 1, b"why") + option(order, 2, bytes(4)) + bytes(4))
        + block(order, 3, struct.pack(order + "I", len(six)) + six)
        + block(order, 2, struct.pack(order + "HHIIII", 0, 0, 1, 2, len(four), len(four)) + four)
        + block(order, 0x0BAD, b"unknown!") + enhanced(order, 7, four))
seeds["pcapng_sections"] = section("<") + interface("<", 1) + enhanced("<", 0, six) + section(">") + interface(">", 1) \
    + enhanced(">", 0, four)
for name, octets in seeds.items():
    (out / name).write_bytes(octets)
