"""Whether the capture sees what it is there to see: speakers that do it wrong, made of plain sockets.

    the wrong one ──── its peer

Without these, a capture that sees nothing would pass every other case of this topology.
"""
from harness.case import case
from harness.lab import NODE, PEER
from harness.raw_peer import RawPeer, tcp_socket
from harness.waiting import until
from wire.capture import SignedCapture
from wire.raw_segment import ACK, inject, set_key

FAMILIES = ["ipv4", "ipv6"]
KEY = "the-key"


def listening(namespace, family, key=None):
    listener = tcp_socket(namespace, PEER[family], None, key)
    listener.bind((NODE[family], 179))
    listener.listen()
    return listener


def attempt(namespace, address, key):
    """A connection attempt that is not waited for."""
    client = tcp_socket(namespace, address, key=key)
    client.setblocking(False)
    client.connect_ex((address, 179))


def watched(lab, family):
    node, peer = lab.linked()
    return node, peer, SignedCapture(lab, node, {PEER[family]: KEY})


def violations(capture):
    """Ends the capture, which must have failed: what it found."""
    code, summary = capture.finish()
    found = [f["what"] for f in capture.findings() if f["violation"]]
    assert code == 1 and summary["violations"] == len(found) > 0, (code, summary, found)
    return found


@case(family=FAMILIES)
def a_well_keyed_conversation_passes(lab, family):
    node, peer, capture = watched(lab, family)
    listener = listening(node, family, KEY)
    client = RawPeer.connect(peer, NODE[family], PEER[family], key=KEY)
    server, _ = listener.accept()
    server.sendall(b"x" * 50000)
    until(lambda: client.socket.recv(65536), "data")
    server.close()
    capture.assert_all_signed(PEER[family], at_least=30)


@case(family=FAMILIES)
def an_unsigned_conversation_is_seen(lab, family):
    node, peer, capture = watched(lab, family)
    listener = listening(node, family)
    RawPeer.connect(peer, NODE[family], PEER[family])
    listener.accept()
    until(capture.findings, "the capture to find it")
    assert set(violations(capture)) == {"unsigned"}


@case(family=FAMILIES)
def an_unsigned_connection_attempt_is_seen(lab, family):
    node, _, capture = watched(lab, family)
    attempt(node, PEER[family], None)
    until(capture.findings, "the capture to find it")
    assert set(violations(capture)) == {"unsigned"}


@case(family=FAMILIES)
def another_key_than_the_peers_is_seen(lab, family):
    node, _, capture = watched(lab, family)
    attempt(node, PEER[family], "another-key")
    until(capture.findings, "the capture to find it")
    assert set(violations(capture)) == {"bad digest"}


@case(family=FAMILIES)
def a_key_set_after_connecting_is_seen(lab, family):
    """The kernel then signs what is to be segmented later, and every segment gets the same digest."""
    node, peer = lab.linked()
    listener = listening(node, family)
    client = RawPeer.connect(peer, NODE[family], PEER[family])
    server, _ = listener.accept()
    capture = SignedCapture(lab, node, {PEER[family]: KEY})
    for one, other in ((server, PEER[family]), (client.socket, NODE[family])):
        set_key(one, other, KEY)
    server.setblocking(False)
    server.send(b"x" * 60000)
    until(capture.findings, "the capture to find it")
    assert set(violations(capture)) <= {"bad digest", "signed and still to be segmented"}


@case(family=FAMILIES)
def a_firewall_that_rejects_with_a_reset_is_seen(lab, family):
    node, peer, capture = watched(lab, family)
    done = node.run("nft", "add table inet t; add chain inet t c { type filter hook input priority 0; }; "
                           "add rule inet t c tcp dport 179 reject with tcp reset")
    assert done.returncode == 0, done.stderr
    attempt(peer, NODE[family], KEY)
    until(capture.findings, "the capture to find it")
    assert set(violations(capture)) == {"unsigned"}


@case(family=FAMILIES)
def a_reset_that_answers_an_unsigned_segment_is_excused(lab, family):
    node, peer, capture = watched(lab, family)
    listener = listening(node, family, KEY)
    inject(peer, PEER[family], 179, NODE[family], 40000, ACK)
    until(lambda: any(f["direction"] == "out" for f in capture.findings()), "the kernel's reset")
    RawPeer.connect(peer, NODE[family], PEER[family], key=KEY)
    listener.accept()
    summary = capture.assert_all_signed(PEER[family])
    assert summary["peers"][PEER[family]]["excused"] == 1, summary
