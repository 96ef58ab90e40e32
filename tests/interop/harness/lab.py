"""What a case works in: namespaces, a directory, and the speakers in them, all gone when the case ends."""
import os
import shutil
import tempfile

from .bird import Bird
from .exabgp import ExaBgp
from .frr import Frr
from .gobgp import GoBgp
from .network import Namespace, link
from .openbgpd import OpenBgpd
from .speaker import Neighbor
from .truewire import Truewire

PEERS = (Bird, Frr, GoBgp, OpenBgpd, ExaBgp)

# The usual link: 192.0.2.0/24 and 2001:db8::/64, we are .112, the peer is .1.
NODE = {"ipv4": "192.0.2.112", "ipv6": "2001:db8::112"}
PEER = {"ipv4": "192.0.2.1", "ipv6": "2001:db8::1"}
BOTH = ("ipv4", "ipv6")
LENGTH = {"ipv4": 24, "ipv6": 64}
NODE_AS, PEER_AS = 112, 64496
AS_OF_PEER = object()  # the peer has the same key as we


class Lab:
    """Use as a context manager; kind and label of what it makes name logs and namespaces."""

    def __init__(self):
        # A Unix socket's path has at most 107 characters, so this stays short.
        self.directory = tempfile.mkdtemp(prefix=f"twi-{os.getpid()}-", dir="/tmp")
        os.chmod(self.directory, 0o755)
        self.speakers = []
        self.notes = {}  # what is kept of this case besides whether it passed; see results.table
        self._namespaces = []
        self._closing = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for close in reversed(self._closing):
            close()
        for speaker in reversed(self.speakers):
            speaker.close()
        for namespace in self._namespaces:
            namespace.remove()

    def explain(self):
        """Tells what helps to understand a failure, while all is still there."""

    def remove_directory(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    def at_end(self, close):
        """Calls close() when the case ends, before the speakers are stopped."""
        self._closing.append(close)

    def namespace(self, label):
        namespace = Namespace(label)
        self._namespaces.append(namespace)
        return namespace

    def speaker(self, kind, label, namespace, asn, router_id):
        """A speaker, not started yet."""
        speaker = kind(self, label, namespace, asn, router_id)
        self.speakers.append(speaker)
        return speaker

    def linked(self):
        """Two namespaces joined by the usual link: ours and the peer's."""
        node, peer = self.namespace("node"), self.namespace("peer")
        link(node, "eth0", peer, "eth0")
        for side, addresses in ((node, NODE), (peer, PEER)):
            for family in BOTH:
                add_address(side, "eth0", addresses[family], LENGTH[family])
        return node, peer

    def pair(self, kind, *, key=None, peer_key=AS_OF_PEER, connects="both", families=BOTH, node_as=NODE_AS,
             peer_as=PEER_AS, hold=90, node_hold=None, extra=None, start=True):
        """Truewire and one peer on the usual link, one session for each family.

        key: ours; peer_key: the peer's. connects: who does, "node", "peer" or "both". extra: further settings of our
        neighbours. Returns (node, peer), started unless told otherwise.
        """
        node_space, peer_space = self.linked()
        node = self.speaker(Truewire, "node", node_space, node_as, NODE["ipv4"])
        peer = self.speaker(kind, "peer", peer_space, peer_as, PEER["ipv4"])
        for family in families:
            node.neighbors.append(Neighbor(PEER[family], NODE[family], peer_as, key, passive=connects == "peer",
                                           hold=node_hold or hold, extra=dict(extra or {})))
            peer.neighbors.append(Neighbor(NODE[family], PEER[family], node_as,
                                           key if peer_key is AS_OF_PEER else peer_key, passive=connects == "node",
                                           hold=hold))
        if start:
            # Who is to connect comes second: OpenBGPD, once refused, waits for two minutes.
            for speaker in (node, peer) if connects == "peer" else (peer, node):
                speaker.start()
        return node, peer


def add_address(namespace, interface, address, length):
    """Usable at once: IPv6 duplicate address detection is skipped."""
    namespace.ip("addr", "add", f"{address}/{length}", "dev", interface, *(["nodad"] if ":" in address else []))
