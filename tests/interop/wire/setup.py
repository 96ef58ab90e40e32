"""What the cases of this topology start from: truewired, a capture on its link, and a peer."""
from harness.lab import BOTH, NODE, NODE_AS, PEER, PEER_AS, Bird, Truewire
from harness.raw_peer import IPV4_UNICAST, IPV6_UNICAST, RawPeer
from harness.speaker import Neighbor
from wire.capture import SignedCapture
from wire.raw_segment import ACK, FIN, PSH, inject

KEY, OTHER_KEY = "the-key", "the-other-key"
FAMILY = {"ipv4": IPV4_UNICAST, "ipv6": IPV6_UNICAST}


def towards_the_peer(key):
    return {address: key for address in PEER.values()}


def watched_pair(lab, *, key=KEY, **options):
    """truewired and BIRD, neither started, and a capture that watches already."""
    node, other = lab.pair(Bird, key=key, start=False, **options)
    return node, other, SignedCapture(lab, node.namespace, towards_the_peer(key))


def watched_node(lab, *, key=KEY):
    """truewired that waits for its peer, the peer's namespace, and a capture."""
    node_space, peer_space = lab.linked()
    node = lab.speaker(Truewire, "node", node_space, NODE_AS, NODE["ipv4"])
    for family in BOTH:
        node.neighbors.append(Neighbor(PEER[family], NODE[family], PEER_AS, key, passive=True))
    capture = SignedCapture(lab, node_space, towards_the_peer(key))
    node.start()
    return node, peer_space, capture


def connect(peer_space, family, key=KEY, source=None):
    """A peer with one connection; its `ports` are the peer's and ours, and stay known when the connection is gone."""
    peer = RawPeer.connect(peer_space, NODE[family], source or PEER[family], key=key)
    peer.ports = peer.socket.getsockname()[1], peer.socket.getpeername()[1]
    return peer


def establish(peer_space, family, key=KEY, source=None, **options):
    peer = connect(peer_space, family, key, source)
    peer.establish(PEER_AS, PEER["ipv4"], families=(FAMILY[family],), **options)
    return peer


def late_segments(peer_space, family, ports, key=KEY):
    """What may still come of a connection that is over at our side: rightly signed, out of place."""
    theirs, ours = ports
    for flags in (ACK, ACK | PSH, FIN | ACK):
        inject(peer_space, PEER[family], theirs, NODE[family], ours, flags, sequence=77, acknowledgment=99,
               payload=b"late", key=key)
