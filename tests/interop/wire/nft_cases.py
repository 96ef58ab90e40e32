"""The firewall rule in etc/: unsigned segments of keyed peers do not even reach the TCP stack.

    truewired with etc/truewire.nft ──── the keyed peer, and a neighbour without a key
"""
import os

from harness.case import case
from harness.lab import BOTH, LENGTH, NODE, NODE_AS, PEER, PEER_AS, Truewire, add_address
from harness.raw_peer import RawPeer
from harness.speaker import Neighbor
from harness.truewire import ROOT
from harness.waiting import until
from wire.capture import SignedCapture
from wire.raw_segment import ACK, SYN, inject
from wire.setup import FAMILY, KEY, establish, towards_the_peer

UNKEYED = {"ipv4": "192.0.2.7", "ipv6": "2001:db8::7"}
RULES = os.path.join(ROOT, "etc", "truewire.nft")


def nft(namespace, *words):
    done = namespace.run("nft", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def dropped(node):
    """How many packets the rule has dropped."""
    text = nft(node.namespace, "list", "chain", "inet", "truewire", "unsigned")
    return sum(int(line.split("packets ")[1].split()[0]) for line in text.splitlines() if "packets " in line)


def guarded_node(lab):
    node_space, peer_space = lab.linked()
    node = lab.speaker(Truewire, "node", node_space, NODE_AS, NODE["ipv4"])
    for family in BOTH:
        add_address(peer_space, "eth0", UNKEYED[family], LENGTH[family])
        node.neighbors.append(Neighbor(PEER[family], NODE[family], PEER_AS, KEY, passive=True))
        node.neighbors.append(Neighbor(UNKEYED[family], NODE[family], PEER_AS, passive=True))
    capture = SignedCapture(lab, node_space, towards_the_peer(KEY))
    node.start()
    nft(node_space, "-f", RULES)
    nft(node_space, "add", "element", "inet", "truewire", "keyed4", f"{{ {PEER['ipv4']} }}")
    nft(node_space, "add", "element", "inet", "truewire", "keyed6", f"{{ {PEER['ipv6']} }}")
    return node, peer_space, capture


@case(family=BOTH)
def unsigned_segments_of_a_keyed_peer_are_dropped_and_not_answered(lab, family):
    node, peer_space, capture = guarded_node(lab)
    us, them = NODE[family], PEER[family]
    for theirs, ours, flags in ((179, 45000, ACK), (179, 45000, SYN), (45000, 179, ACK), (45000, 179, SYN)):
        inject(peer_space, them, theirs, us, ours, flags)
    until(lambda: dropped(node) == 4, "four segments to be dropped")
    assert node.namespace.tcp_counters()["TCPMD5NotFound"] == 0, "one of them reached TCP"
    establish(peer_space, family)
    summary = capture.assert_all_signed(them)
    assert summary["peers"][them]["excused"] == 0, "an unsigned reset left the host"


@case(family=BOTH)
def without_the_rule_the_kernel_answers_one_of_them_unsigned(lab, family):
    node, peer_space, capture = guarded_node(lab)
    nft(node.namespace, "delete", "table", "inet", "truewire")
    inject(peer_space, PEER[family], 179, NODE[family], 45000, ACK)
    until(lambda: any(f["direction"] == "out" for f in capture.findings()), "the unsigned reset")


@case(family=BOTH)
def signed_sessions_and_unkeyed_neighbours_pass(lab, family):
    node, peer_space, capture = guarded_node(lab)
    signed = establish(peer_space, family)
    unsigned = RawPeer.connect(peer_space, NODE[family], UNKEYED[family])
    unsigned.establish(PEER_AS, "10.0.0.7", families=(FAMILY[family],))
    assert node.established(PEER[family]) and node.established(UNKEYED[family])
    assert dropped(node) == 0
    signed.close()
    unsigned.close()
    node.wait_down(PEER[family], UNKEYED[family])
    assert dropped(node) == 0
    capture.assert_all_signed(PEER[family], at_least=4)


@case
def loading_the_rules_again_keeps_one_table(lab):
    node, _, _ = guarded_node(lab)
    for _ in range(2):
        nft(node.namespace, "-f", RULES)
    tables = nft(node.namespace, "list", "tables")
    assert tables.split() == ["table", "inet", "truewire"], tables
