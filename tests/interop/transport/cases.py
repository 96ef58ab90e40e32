"""Where sessions run: several hops away, with GTSM, between link-local addresses, and from neighbour ranges.

    truewired ──── router ──── BIRD             multihop
    truewired ──── BIRD or FRR                  GTSM, link-local, ranges
"""
from harness.case import case
from harness.lab import NODE, PEER, Bird, Frr, Truewire, add_address
from harness.network import link
from harness.raw_peer import RawPeer, open_message
from harness.speaker import Neighbor
from harness.waiting import throughout, until

V4 = PEER["ipv4"]
US = NODE["ipv4"]


class BirdWithGtsm(Bird):
    extra_session_lines = ("ttl security on;",)


class BirdMultihop(Bird):
    extra_session_lines = ("multihop 2;",)


class FrrWithGtsm(Frr):
    def session_lines(self, neighbor):
        return ("ttl-security hops 1",)


@case(peer=[BirdWithGtsm, FrrWithGtsm], connects=["node", "peer"])
def gtsm_on_both_sides_comes_up(lab, peer, connects):
    node, _ = lab.pair(peer, key="a-key", connects=connects, extra={"ttl-security": 1})
    node.wait_established(*PEER.values())


@case
def gtsm_refuses_what_comes_with_a_low_ttl(lab):
    node, other = lab.pair(Bird, families=["ipv4"], connects="peer", extra={"ttl-security": 1})
    until(lambda: other.namespace.run("ss", "-Htn", "dst", US).stdout or "Connect" in other.details(US), "an attempt")
    throughout(lambda: not node.established(V4), "the session staying down", 4)


def far_apart(lab, extra):
    """truewired and BIRD with a router between them."""
    near, router, far = lab.namespace("node"), lab.namespace("router"), lab.namespace("peer")
    link(near, "eth0", router, "eth0")
    link(far, "eth0", router, "eth1")
    for space, interface, address in ((near, "eth0", "10.1.0.1"), (router, "eth0", "10.1.0.2"),
                                      (router, "eth1", "10.2.0.2"), (far, "eth0", "10.2.0.1")):
        add_address(space, interface, address, 24)
    router.sysctl("net/ipv4/ip_forward", 1)
    near.ip("route", "add", "default", "via", "10.1.0.2")
    far.ip("route", "add", "default", "via", "10.2.0.2")
    node = lab.speaker(Truewire, "node", near, 112, "10.1.0.1")
    other = lab.speaker(BirdMultihop, "peer", far, 64496, "10.2.0.1")
    node.neighbors.append(Neighbor("10.2.0.1", "10.1.0.1", 64496, "a-key", extra=extra))
    other.neighbors.append(Neighbor("10.1.0.1", "10.2.0.1", 112, "a-key", passive=True))
    other.start()
    node.start()
    return node, other


@case
def multihop_reaches_a_peer_behind_a_router(lab):
    node, other = far_apart(lab, {"multihop": 2})
    node.wait_established("10.2.0.1")
    node.announce("198.51.100.0/24")
    other.wait_received("10.1.0.1", "198.51.100.0/24", [112])


@case
def without_multihop_a_peer_behind_a_router_stays_out_of_reach(lab):
    node, _ = far_apart(lab, {})
    until(lambda: node.last_error("10.2.0.1"), "an attempt to fail")
    assert not node.established("10.2.0.1")


@case(connects=["node", "peer"])
def link_local_neighbours_are_bound_to_their_interface(lab, connects):
    node_space, peer_space = lab.linked()
    for space, address in ((node_space, "fe80::112"), (peer_space, "fe80::1")):
        space.ip("addr", "add", f"{address}/64", "dev", "eth0", "nodad")
    node = lab.speaker(Truewire, "node", node_space, 112, US)
    other = lab.speaker(Bird, "peer", peer_space, 64496, V4)
    node.neighbors.append(Neighbor("fe80::1", "fe80::112", 64496, "a-key", passive=connects == "peer",
                                   extra={"interface": "eth0"}))
    other.neighbors.append(Neighbor("fe80::112%eth0", "fe80::1", 112, "a-key", passive=connects == "node",
                                    families=("ipv6-unicast",)))
    other.start()
    node.start()
    node.wait_established("fe80::1")
    assert node.neighbor("fe80::1")["interface"] == "eth0"
    node.announce("2001:db8:100::/48")
    other.wait_received("fe80::112%eth0", "2001:db8:100::/48", [112])


def range_node(lab, **settings):
    """truewired with a neighbour range over the usual link, and the peer's namespace with ten addresses more."""
    node_space, peer_space = lab.linked()
    for host in range(10, 20):
        add_address(peer_space, "eth0", f"192.0.2.{host}", 24)
    node = lab.speaker(Truewire, "node", node_space, 112, US)
    node.ranges.append({"prefix": "192.0.2.0/28", "as": [64496, 64497], **settings})
    return node, peer_space


@case
def neighbours_from_a_range_share_its_key_and_vanish_with_their_session(lab):
    node, peer_space = range_node(lab)
    node.ranges[0]["md5-key"] = {"file": node.write("range-key", "range-key\n")}
    other = lab.speaker(Bird, "peer", peer_space, 64497, V4)
    other.neighbors.append(Neighbor(US, V4, 112, "range-key"))
    other.originated = ["203.0.113.0/24"]
    node.start()
    other.start()
    node.wait_established(V4)
    status = node.neighbor(V4)
    assert status["dynamic"] and status["keyed"] and status["as"] == 64497, status
    node.wait_received(V4, "203.0.113.0/24", [64497])
    node.announce("198.51.100.0/24")
    other.wait_received(US, "198.51.100.0/24", [112])
    other.kill()
    until(lambda: node.neighbor(V4) is None, "the neighbour to be forgotten")
    assert node.routes("--family", "ipv4-unicast") and not [r for r in node.routes() if r["source"] == V4]


@case
def a_range_refuses_other_keys_and_other_as_numbers(lab):
    node, peer_space = range_node(lab)
    node.ranges[0]["md5-key"] = {"file": node.write("range-key", "range-key\n")}
    node.start()
    try:
        unsigned = RawPeer.connect(peer_space, US, "192.0.2.10")
        raise AssertionError(f"an unsigned connection was accepted: {unsigned}")
    except (TimeoutError, ConnectionRefusedError):
        pass
    stranger = RawPeer.connect(peer_space, US, "192.0.2.11", key="range-key")
    stranger.send(open_message(65099, "10.0.0.9"))
    assert stranger.notification()[:2] == (2, 2)  # OPEN: bad peer AS
    assert node.neighbor("192.0.2.10") is None


@case
def a_range_accepts_no_more_neighbours_than_it_may(lab):
    node, peer_space = range_node(lab, **{"max-neighbors": 2})
    node.start()
    peers = []
    for host in (10, 11):
        one = RawPeer.connect(peer_space, US, f"192.0.2.{host}")
        one.establish(64496, f"10.0.0.{host}")
        peers.append(one)
    third = RawPeer.connect(peer_space, US, "192.0.2.12")
    third.wait_closed()
    node.wait_established("192.0.2.10", "192.0.2.11")
    assert node.neighbor("192.0.2.12") is None
    peers[0].close()
    until(lambda: node.neighbor("192.0.2.10") is None, "the first to be forgotten")
    RawPeer.connect(peer_space, US, "192.0.2.12").establish(64496, "10.0.0.12")
