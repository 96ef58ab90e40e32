"""Routes that pass through: what truewired hands on from one neighbour to another.

    plain socket AS 64501 ──── truewired AS 112 ──── plain socket AS 64502
    BIRD AS 64496 ──────────── truewired AS 112 ──── FRR AS 64497

Attributes that everybody is to see arrive as they were sent; what concerns one hop only does not; what truewired does
not know is kept and marked Partial if it is transitive (RFC 4271 §5, §9).
"""
import socket
import struct

from harness.case import case
from harness.lab import NODE, Bird, Frr, Truewire, add_address
from harness.network import link
from harness.raw_peer import UPDATE, RawPeer, attribute, capability, nlri, update
from harness.speaker import Neighbor
from harness.waiting import until

US = NODE["ipv4"]
GIVER, TAKER = "192.0.2.11", "192.0.2.12"
PREFIX = "203.0.113.0/24"
TRANSITIVE, OPTIONAL, PARTIAL = 0x40, 0x80, 0x20
AS_PATH, NEXT_HOP, MED, LOCAL_PREF, ATOMIC, COMMUNITIES, EXTENDED, LARGE = 2, 3, 4, 5, 6, 8, 16, 32
UNKNOWN = 250


def between(lab):
    """truewired between two plain sockets, both sessions up: (node, giver, taker)."""
    node, other = lab.pair(Bird, families=["ipv4"], start=False)
    node.neighbors = []
    for address, asn in ((GIVER, 64501), (TAKER, 64502)):
        add_address(other.namespace, "eth0", address, 24)
        node.neighbors.append(Neighbor(address, US, asn, passive=True))
    node.start()
    peers = []
    for address, asn in ((GIVER, 64501), (TAKER, 64502)):
        peer = RawPeer.connect(other.namespace, US, address)
        peer.establish(asn, address)
        peers.append(peer)
    node.wait_established(GIVER, TAKER)
    return (node, *peers)


def attributes_of(octets):
    """{type: (flags, value)} of an UPDATE."""
    at = 21 + int.from_bytes(octets[19:21], "big")
    end = at + 2 + int.from_bytes(octets[at:at + 2], "big")
    at, found = at + 2, {}
    while at < end:
        flags, kind = octets[at], octets[at + 1]
        width = 2 if flags & 0x10 else 1
        length = int.from_bytes(octets[at + 2:at + 2 + width], "big")
        at += 2 + width
        found[kind] = (flags & 0xE0, octets[at:at + length])
        at += length
    return found


def next_update(peer, prefix, seconds=10):
    """The next UPDATE that has the prefix in it, announced or withdrawn."""
    while (octets := peer.pump(seconds, {UPDATE})) is not None:
        if nlri(prefix) in octets[19:]:
            return octets
    raise AssertionError(f"no UPDATE about {prefix}")


def path(*numbers):
    return bytes([2, len(numbers)]) + b"".join(struct.pack(">I", n) for n in numbers)


@case
def what_concerns_everybody_is_handed_on_and_what_concerns_one_hop_is_not(lab):
    _, giver, taker = between(lab)
    communities = struct.pack(">HHHH", 64501, 100, 64501, 200)
    extended, large = bytes.fromhex("0002fbf500000064"), struct.pack(">III", 64501, 1, 2)
    giver.send(update([PREFIX], [64501, 64999], GIVER, attributes=b"".join((
        attribute(OPTIONAL, MED, struct.pack(">I", 50)), attribute(TRANSITIVE, ATOMIC, b""),
        attribute(OPTIONAL | TRANSITIVE, COMMUNITIES, communities),
        attribute(OPTIONAL | TRANSITIVE, EXTENDED, extended), attribute(OPTIONAL | TRANSITIVE, LARGE, large),
        attribute(OPTIONAL | TRANSITIVE, UNKNOWN, b"kept"), attribute(OPTIONAL, UNKNOWN + 1, b"dropped")))))
    got = attributes_of(next_update(taker, PREFIX))
    assert got[AS_PATH] == (TRANSITIVE, path(112, 64501, 64999)), got
    assert got[NEXT_HOP] == (TRANSITIVE, socket.inet_aton(US)), got
    assert got[COMMUNITIES] == (OPTIONAL | TRANSITIVE, communities), got
    assert got[EXTENDED] == (OPTIONAL | TRANSITIVE, extended), got
    assert got[LARGE] == (OPTIONAL | TRANSITIVE, large), got
    assert got[UNKNOWN] == (OPTIONAL | TRANSITIVE | PARTIAL, b"kept"), got
    assert ATOMIC in got
    assert MED not in got and LOCAL_PREF not in got and UNKNOWN + 1 not in got, got


@case
def no_export_stops_here(lab):
    node, giver, taker = between(lab)
    no_export = attribute(OPTIONAL | TRANSITIVE, COMMUNITIES, bytes.fromhex("ffffff01"))
    giver.send(update(["198.51.100.0/24"], [64501], GIVER, attributes=no_export))
    giver.send(update([PREFIX], [64501], GIVER))
    next_update(taker, PREFIX)
    assert not any(nlri("198.51.100.0/24") in m for m in taker.received)
    assert "198.51.100.0/24" in {r["prefix"] for r in node.routes()}


@case
def a_route_goes_when_its_giver_goes(lab):
    _, giver, taker = between(lab)
    giver.send(update([PREFIX], [64501], GIVER))
    next_update(taker, PREFIX)
    giver.close()
    gone = next_update(taker, PREFIX)
    assert int.from_bytes(gone[19:21], "big") == len(nlri(PREFIX)), gone.hex()


@case
def what_did_not_change_is_not_sent_again(lab):
    _, giver, taker = between(lab)
    giver.send(update([PREFIX], [64501], GIVER))
    next_update(taker, PREFIX)
    giver.send(update([PREFIX], [64501], GIVER))  # the same again
    giver.send(update(["198.51.100.0/24"], [64501], GIVER))
    taker.received.clear()
    next_update(taker, "198.51.100.0/24")
    assert not any(nlri(PREFIX) in m[19:] for m in taker.received), "an UPDATE was sent though nothing changed"


@case
def a_message_longer_than_4096_octets_is_taken_where_it_was_agreed(lab):
    node, other = lab.pair(Bird, families=["ipv4"], connects="peer", start=False)
    node.start()
    peer = RawPeer.connect(other.namespace, US)
    peer.establish(64496, "192.0.2.1", capabilities=capability(6))  # RFC 8654
    prefixes = [f"10.{n >> 8}.{n & 255}.0/24" for n in range(3000)]
    long = update(prefixes, [64496], "192.0.2.1")
    assert len(long) > 12_000
    peer.send(long)
    until(lambda: len(node.received_routes("192.0.2.1")) == len(prefixes), "all its routes")
    # And back, to the same peer: one message again, longer than 4096 octets.
    node.ok("route", "add", *(f"10.100.{n >> 1}.{(n & 1) * 128}/25" for n in range(500)),
            *(f"10.101.{n >> 2}.{(n & 3) * 64}/26" for n in range(1000)))
    announced = set()

    def all_announced():
        peer.pump(0.2, {UPDATE})
        for octets in peer.received:
            announced.add(len(octets))
        return max(announced, default=0) > 4096

    until(all_announced, "a message longer than 4096 octets")


@case
def our_own_as_in_the_path_is_a_loop(lab):
    node, giver, taker = between(lab)
    giver.send(update(["198.51.100.0/24"], [64501, 112, 64999], GIVER))
    giver.send(update([PREFIX], [64501], GIVER))
    next_update(taker, PREFIX)
    assert not any(nlri("198.51.100.0/24") in m for m in taker.received)
    assert {r["prefix"] for r in node.routes()} == {PREFIX}


@case
def the_shorter_path_wins_and_the_other_takes_over(lab):
    node, giver, taker = between(lab)
    giver.send(update([PREFIX], [64501, 64999, 64998], GIVER))
    taker.send(update([PREFIX], [64502], TAKER))
    until(lambda: len(node.routes(PREFIX)) == 2, "both paths")
    best = [r for r in node.routes(PREFIX) if r.get("best")]
    assert [r["source"] for r in best] == [TAKER], best
    taker.send(update(withdrawn=[PREFIX]))
    until(lambda: [r["source"] for r in node.routes(PREFIX) if r.get("best")] == [GIVER],
          "the longer path to take over")


@case
def bird_and_frr_hear_of_each_other(lab):
    spaces = {name: lab.namespace(name) for name in ("node", "left", "right")}
    node = lab.speaker(Truewire, "node", spaces["node"], 112, US)
    ends = []
    for number, (kind, name, asn) in enumerate(((Bird, "left", 64496), (Frr, "right", 64497))):
        link(spaces["node"], f"eth{number}", spaces[name], "eth0")
        here, there = f"10.{number}.0.112", f"10.{number}.0.1"
        here6, there6 = f"2001:db8:{number + 1}::112", f"2001:db8:{number + 1}::1"
        for address, other, length in ((here, there, 24), (here6, there6, 64)):
            add_address(spaces["node"], f"eth{number}", address, length)
            add_address(spaces[name], "eth0", other, length)
        end = lab.speaker(kind, name, spaces[name], asn, there)
        for ours, theirs in ((here, there), (here6, there6)):
            node.neighbors.append(Neighbor(theirs, ours, asn, f"key-{name}"))
            end.neighbors.append(Neighbor(ours, theirs, 112, f"key-{name}"))
        ends.append(end)
    left, right = ends
    left.originated = ["203.0.113.0/24", "2001:db8:203::/48"]
    right.originated = ["198.51.100.0/24", "2001:db8:198::/48"]
    for speaker in (left, right, node):
        speaker.start()
    left.wait_received("10.0.0.112", "198.51.100.0/24", [112, 64497])
    left.wait_received("2001:db8:1::112", "2001:db8:198::/48", [112, 64497])
    right.wait_received("10.1.0.112", "203.0.113.0/24", [112, 64496])
    right.wait_received("2001:db8:2::112", "2001:db8:203::/48", [112, 64496])
    left.withdraw("203.0.113.0/24")
    right.wait_withdrawn("10.1.0.112", "203.0.113.0/24")
