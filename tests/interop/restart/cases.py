"""One side is killed without a goodbye and started again.

    truewired ──── each peer in turn

The other side notices, forgets the routes, and both are back by themselves. truewired brings back what its
configuration and its persistent API routes say.
"""
from harness.case import case
from harness.lab import NODE, PEER, PEERS

CONFIGURED = {"ipv4": "192.175.48.0/24", "ipv6": "2620:4f:8000::/48"}
THEIRS = {"ipv4": "203.0.113.0/24", "ipv6": "2001:db8:203::/48"}


@case(peer=PEERS, seconds=150)
def a_killed_peer_comes_back_with_its_routes(lab, peer):
    node, other = lab.pair(peer, key="a-key", start=False)
    node.originated = list(CONFIGURED.values())
    other.originated = list(THEIRS.values())
    other.start()
    node.start()
    for family, address in PEER.items():
        node.wait_received(address, THEIRS[family], [other.asn])
        other.wait_received(NODE[family], CONFIGURED[family], [node.asn])
    other.kill()
    for address in PEER.values():
        node.wait_down(address)
        assert node.received_routes(address) == {}
        assert node.last_error(address), "the neighbour does not say why it is down"
    other.start()
    for family, address in PEER.items():
        node.wait_received(address, THEIRS[family], [other.asn], seconds=60)
        other.wait_received(NODE[family], CONFIGURED[family], [node.asn])
        assert int(node.neighbor(address)["flaps"]) == 1


@case(peer=PEERS, seconds=150)
def truewired_killed_comes_back_with_its_routes(lab, peer):
    node, other = lab.pair(peer, key="a-key", start=False)
    node.originated = list(CONFIGURED.values())
    other.start()
    node.start()
    node.wait_established(*PEER.values())
    node.ok("route", "add", "198.51.100.0/24", "--persistent")
    node.ok("route", "add", "198.51.101.0/24")
    other.wait_received(NODE["ipv4"], "198.51.101.0/24")
    node.kill()
    node.start()
    node.wait_established(*PEER.values(), seconds=90)
    for family, prefix in CONFIGURED.items():
        other.wait_received(NODE[family], prefix, [node.asn])
    other.wait_received(NODE["ipv4"], "198.51.100.0/24", [node.asn])
    other.wait_withdrawn(NODE["ipv4"], "198.51.101.0/24")
