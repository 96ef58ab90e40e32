"""A peer that stops reading: what it is owed stays bounded, the others do not wait, and in the end it is let go.

    BIRD AS 64496 (announces much) ── truewired AS 112 ── a plain socket that stops reading
"""
from harness.case import case
from harness.lab import NODE, PEER, Bird, add_address
from harness.raw_peer import KEEPALIVE, RawPeer, message
from harness.speaker import Neighbor
from harness.waiting import until

US, FEEDER, SLOW, OTHER = NODE["ipv4"], PEER["ipv4"], "192.0.2.2", "192.0.2.3"
COUNT = 40_000


@case(seconds=200)
def a_peer_that_stops_reading_is_let_go_and_delays_nobody(lab):
    node, feeder = lab.pair(Bird, families=["ipv4"], start=False)
    for address in (SLOW, OTHER):
        add_address(feeder.namespace, "eth0", address, 24)
        node.neighbors.append(Neighbor(address, US, 64498, passive=True, hold=6, extra={"send-hold-time": 8}))
    node.namespace.sysctl("net/ipv4/tcp_wmem", "4096 8192 16384")  # or the kernel would hold it all
    feeder.start()
    node.start()
    node.wait_established(FEEDER)
    slow = RawPeer.connect(feeder.namespace, US, SLOW, receive_buffer=4096)
    slow.establish(64498, "10.0.0.2", hold=6)
    other = RawPeer.connect(feeder.namespace, US, OTHER)
    other.establish(64498, "10.0.0.3", hold=6)
    node.wait_established(SLOW, OTHER)

    feeder.originated = [f"10.{n >> 8}.{n & 255}.0/24" for n in range(COUNT)]
    feeder.reconfigure()
    # The other neighbour gets everything while the slow one takes nothing; both go on saying that they live.
    seen, queued = set(), [0]

    def alive():
        other.pump(0.5)
        for octets in other.received:
            seen.update(prefixes_of(octets))
        other.received.clear()
        slow.send(message(KEEPALIVE))
        queued.append(int(node.neighbor(SLOW)["send_queue_bytes"]))
        assert other.send(message(KEEPALIVE)), "the neighbour that reads lost its session"

    def all_here():
        alive()
        return len(seen) == COUNT

    def let_go():
        alive()
        return not node.established(SLOW)

    until(all_here, f"{COUNT} prefixes at the neighbour that reads", 60, interval=0)
    until(let_go, "the slow neighbour's session to end", 40, interval=0)
    node.wait_error(SLOW, "send hold")
    assert 0 < max(queued) < 4 * 1024 * 1024, queued
    assert node.established(OTHER) and node.established(FEEDER)


def prefixes_of(octets):
    """The announced IPv4 prefixes of an UPDATE, as octets."""
    if octets[18] != 2:
        return
    at = 21 + int.from_bytes(octets[19:21], "big")
    at += 2 + int.from_bytes(octets[at:at + 2], "big")
    while at < len(octets):
        length = 1 + (octets[at] + 7) // 8
        yield octets[at:at + length]
        at += length
