"""Towards a keyed peer, nothing unsigned or wrongly signed leaves the host, whatever happens to the session.

    truewired AS 112 ──── BIRD, or a peer of plain sockets, AS 64496: keyed, IPv4 and IPv6
        └ signed_capture looks at every segment on the link

What is said on our own initiative or in answer to signed input counts; a reset that answers an unsigned segment does not,
because the kernel sends it whatever we do (etc/truewire.nft keeps such segments out: nft_cases.py). That the capture sees
faults is shown in capture_cases.py; changes of the configuration are in reload_cases.py.
"""
import socket
import struct

from harness.case import case
from harness.lab import BOTH, NODE, PEER
from harness.raw_peer import KEEPALIVE, UPDATE, message, open_message
from harness.waiting import until
from wire.setup import (OTHER_KEY, connect, establish, late_segments, watched_node, watched_pair)

# Enough for many full-size segments in each family.
MANY = [f"10.{i // 256}.{i % 256}.0/24" for i in range(3000)] + [f"2001:db8:{i:x}::/48" for i in range(1, 1500)]


@case(connects=["node", "peer", "both"])
def a_session_is_signed_from_its_first_segment_to_its_last(lab, connects):
    node, other, capture = watched_pair(lab, connects=connects)
    node.originated = MANY
    other.start()
    node.start()
    node.wait_established(*PEER.values())
    other.wait_received(NODE["ipv4"], MANY[2999])
    other.wait_received(NODE["ipv6"], MANY[-1])
    node.process.stop()
    other.wait_down(*NODE.values())
    capture.assert_all_signed(*PEER.values(), at_least=12)


@case
def nothing_unsigned_answers_a_peer_with_another_key(lab):
    node, other, capture = watched_pair(lab, peer_key=OTHER_KEY)
    other.start()
    node.start()
    until(lambda: node.namespace.tcp_counters()["TCPMD5Failure"] >= 2, "the kernel to refuse segments of the peer")
    for address in PEER.values():
        node.wait_error(address, "key")
    capture.assert_all_signed(*PEER.values())


@case
def nothing_unsigned_is_sent_on_our_initiative_to_a_peer_without_a_key(lab):
    node, other, capture = watched_pair(lab, peer_key=None)
    other.start()
    node.start()
    until(lambda: node.namespace.tcp_counters()["TCPMD5NotFound"] >= 2, "the kernel to refuse segments of the peer")
    for address in PEER.values():
        node.wait_error(address, "key")
    capture.assert_all_signed(*PEER.values())


@case(family=BOTH)
def a_refused_second_connection_ends_signed(lab, family):
    node, peer_space, capture = watched_node(lab)
    first = establish(peer_space, family)
    second = connect(peer_space, family)
    second.send(open_message(64496, PEER["ipv4"]))
    second.wait_closed()
    assert node.established(PEER[family]) and not first.closed
    capture.assert_all_signed(PEER[family], at_least=6)


@case(family=BOTH, flaw=["marker", "as-number"])
def a_notification_and_what_follows_it_are_signed(lab, family, flaw):
    _, peer_space, capture = watched_node(lab)
    peer = connect(peer_space, family)
    peer.send(b"\0" * 64 if flaw == "marker" else open_message(65099, PEER["ipv4"]))
    code = peer.notification()
    assert code and code[0] == {"marker": 1, "as-number": 2}[flaw], code
    peer.wait_closed()
    late_segments(peer_space, family, peer.ports)
    peer.close()
    establish(peer_space, family)
    capture.assert_all_signed(PEER[family], at_least=8)


@case(family=BOTH)
def a_hold_timer_that_expires_ends_the_session_signed(lab, family):
    node, peer_space, capture = watched_node(lab)
    peer = establish(peer_space, family, hold=3)
    assert peer.notification(seconds=15)[0] == 4
    peer.wait_closed()
    node.wait_down(PEER[family])
    capture.assert_all_signed(PEER[family], at_least=4)


@case(family=BOTH, how=["close", "reset"])
def a_peer_that_goes_away_is_answered_signed(lab, family, how):
    node, peer_space, capture = watched_node(lab)
    peer = establish(peer_space, family)
    if how == "reset":
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    node.wait_down(PEER[family])
    late_segments(peer_space, family, peer.ports)
    establish(peer_space, family)
    capture.assert_all_signed(PEER[family], at_least=8)


@case(family=BOTH)
def a_connection_that_the_kernel_resets_is_reset_signed(lab, family):
    node, peer_space, capture = watched_node(lab)
    peer = establish(peer_space, family)
    # What an operator does to a hanging session: the kernel destroys the socket.
    node.namespace.run("ss", "-K", "dport", "=", f":{peer.ports[0]}")
    peer.wait_closed()
    node.wait_down(PEER[family])
    late_segments(peer_space, family, peer.ports)
    establish(peer_space, family)
    capture.assert_all_signed(PEER[family], at_least=8)


@case(how=["SIGTERM", "SIGKILL"], seconds=240)
def restarts_are_signed_before_and_after(lab, how):
    node, other, capture = watched_pair(lab)
    other.start()
    node.start()
    for _ in range(2):
        node.wait_established(*PEER.values(), seconds=90)
        if how == "SIGTERM":
            node.process.stop()
        else:
            node.kill()
        node.start()  # while the peer still speaks to the old connection, or tries new ones
    node.wait_established(*PEER.values(), seconds=90)
    capture.assert_all_signed(*PEER.values(), at_least=12)


@case(family=BOTH, seconds=180)
def what_a_killed_daemon_left_open_is_answered_signed_by_its_successor(lab, family):
    node, peer_space, capture = watched_node(lab)
    peer = establish(peer_space, family)
    node.kill()
    peer.send(message(KEEPALIVE))  # nobody is there: the kernel keeps silent, or resets with a signature
    late_segments(peer_space, family, peer.ports)
    node.start()
    late_segments(peer_space, family, peer.ports)
    until(lambda: peer.send(message(KEEPALIVE)) is False or peer.pump(0.2) or peer.closed, "the reset", seconds=90)
    establish(peer_space, family)
    capture.assert_all_signed(PEER[family], at_least=8)


@case(family=BOTH)
def a_connection_under_load_is_signed_when_it_is_torn_down(lab, family):
    node, peer_space, capture = watched_node(lab)
    node.process.stop()
    node.originated = MANY
    node.start()
    peer = establish(peer_space, family)
    assert peer.pump(20, {UPDATE}) is not None
    node.kill()  # with data in flight and unread
    peer.close()
    node.start()
    establish(peer_space, family)
    capture.assert_all_signed(PEER[family], at_least=8)
