"""AS numbers above 65535 (RFC 6793), with peers that know them and with peers that do not.

    truewired AS 4200000112 ──── peer AS 4200000001          both know four octets
    truewired AS 4200000112 ──── peer AS 64496, two octets   it sees AS 23456
    truewired AS 112 ──── BIRD AS 64496, two octets towards us ──── BIRD AS 4200000001
                                                               the true path travels in AS4_PATH
"""
from harness.case import case
from harness.lab import LENGTH, NODE, PEER, PEERS, Bird, ExaBgp, add_address
from harness.network import link
from harness.raw_peer import UPDATE, RawPeer, nlri
from harness.speaker import Neighbor

AS_TRANS = 23456
OURS, THEIRS = "198.51.100.0/24", "203.0.113.0/24"


@case(peer=PEERS)
def four_octet_as_numbers_are_exchanged_as_they_are(lab, peer):
    node, other = lab.pair(peer, node_as=4200000112, peer_as=4200000001, families=["ipv4"])
    node.wait_established(PEER["ipv4"])
    status = node.neighbor(PEER["ipv4"])
    assert status["as"] == 4200000001 and status["negotiated"]["four_octet_as"], status
    node.announce(OURS)
    other.wait_received(NODE["ipv4"], OURS, [4200000112])
    other.announce(THEIRS)
    node.wait_received(PEER["ipv4"], THEIRS, [4200000001])


@case
def a_two_octet_peer_sees_as_trans(lab):
    node, other = lab.pair(ExaBgp, node_as=4200000112, families=["ipv4"], start=False)
    other.neighbors[0].asn = AS_TRANS
    other.neighbors[0].two_octet_as = True
    other.start()
    node.start()
    node.wait_established(PEER["ipv4"])
    assert not node.neighbor(PEER["ipv4"])["negotiated"]["four_octet_as"]
    node.announce(OURS)
    other.wait_received(NODE["ipv4"], OURS)
    assert other.received_routes(NODE["ipv4"])[OURS][0] in (AS_TRANS, 4200000112)  # merged or not, as it shows it


@case
def towards_a_two_octet_peer_the_true_path_is_in_as4_path(lab):
    node, other = lab.pair(Bird, node_as=4200000112, families=["ipv4"], connects="peer", start=False)
    node.start()
    peer = RawPeer.connect(other.namespace, NODE["ipv4"])
    peer.establish(other.asn, "192.0.2.1", four_octet_as=False)
    node.announce(OURS)
    update = peer.pump(10, {UPDATE})
    while update and nlri(OURS) not in update:
        update = peer.pump(10, {UPDATE})
    assert update, "no UPDATE"
    assert b"\2\1" + AS_TRANS.to_bytes(2, "big") in update, update.hex()  # AS_PATH
    assert b"\x11\x06\2\1" + (4200000112).to_bytes(4, "big") in update, update.hex()  # AS4_PATH, 6 octets


@case
def the_path_behind_a_two_octet_peer_is_merged_from_as4_path(lab):
    node, middle = lab.pair(Bird, families=["ipv4"], start=False)
    middle.neighbors[0].two_octet_as = True
    far_space = lab.namespace("far")
    link(middle.namespace, "eth1", far_space, "eth0")
    add_address(middle.namespace, "eth1", "10.9.0.1", LENGTH["ipv4"])
    add_address(far_space, "eth0", "10.9.0.2", LENGTH["ipv4"])
    far = lab.speaker(Bird, "far", far_space, 4200000001, "10.9.0.2")
    far.neighbors.append(Neighbor("10.9.0.1", "10.9.0.2", middle.asn))
    far.originated.append(THEIRS)
    middle.neighbors.append(Neighbor("10.9.0.2", "10.9.0.1", far.asn))
    for speaker in (far, middle, node):
        speaker.start()
    node.wait_received(PEER["ipv4"], THEIRS, [middle.asn, far.asn], seconds=40)
