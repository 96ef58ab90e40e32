"""What a lab case works in: the harness's Lab with a software NIC where the veth pair would be."""
from harness.lab import BOTH, LENGTH, NODE, PEER, Lab, add_address

from .nic import SoftwareNic

SPEAKER_MAC, PEER_MAC = "02:00:00:00:01:70", "02:00:00:00:01:01"
MIRROR = "mir0"


class Bench(Lab):
    """linked(), and so pair(), join the two namespaces by TAP devices named eth0 with the NIC between them.

    Set what the NIC is to be like before that: faults, mirrored, mirror_defects, napi, mtu.
    """

    def __init__(self):
        super().__init__()
        self.faults = []  # specifications
        self.mirrored = False  # a mirror port, mir0, in the speaker's namespace
        self.mirror_defects = ""
        self.napi = []  # "speaker", "peer": who may merge what it receives
        self.mtu = 1500
        self.nic = None

    def explain(self):
        if self.nic and self.nic.process.running():
            print(f"the NIC: {self.nic.stats()}")

    def linked(self):
        node, peer = self.namespace("node"), self.namespace("peer")
        self.nic = self._nic(node, peer, node)
        self.join(node, peer)
        return node, peer

    def linked_through_macvlan(self):
        """The speaker's eth0 is a macvlan on the NIC's TAP, which stays behind in a "hypervisor": its bits are fixed."""
        host, node, peer = self.namespace("host"), self.namespace("node"), self.namespace("peer")
        self.nic = self._nic(host, peer, node)
        host.ip("link", "set", "eth0", "up", "txqueuelen", "10000")
        host.ip("link", "add", "link", "eth0", "name", "mac0", "address", SPEAKER_MAC, "type", "macvlan", "mode",
                "bridge")
        host.ip("link", "set", "mac0", "netns", node.name, "name", "eth0")
        self.join(node, peer)
        return node, peer

    def _nic(self, speaker, peer, mirror_space):
        return SoftwareNic(self, (speaker, "eth0"), (peer, "eth0"), faults=self.faults, napi=self.napi,
                           mirror=(mirror_space, MIRROR) if self.mirrored else None,
                           mirror_defects=self.mirror_defects)

    def join(self, node, peer):
        for space, mac, addresses in ((node, SPEAKER_MAC, NODE), (peer, PEER_MAC, PEER)):
            # A new interface would first ask the link for routers and other users of its address.
            for key, value in (("accept_ra", 0), ("router_solicitations", 0), ("accept_dad", 0)):
                space.sysctl(f"net/ipv6/conf/eth0/{key}", value)
            space.ip("link", "set", "eth0", "address", mac, "mtu", str(self.mtu), "txqueuelen", "10000")
            space.ip("link", "set", "eth0", "up")
            for family in BOTH:
                add_address(space, "eth0", addresses[family], LENGTH[family])
        if self.mirrored:
            node.sysctl(f"net/ipv6/conf/{MIRROR}/disable_ipv6", 1)
            node.ip("link", "set", MIRROR, "up")
