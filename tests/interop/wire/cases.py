"""Towards a keyed peer, nothing unsigned or wrongly signed leaves the host, whatever happens to the session.

    truewired AS 112 ──── BIRD, or a peer of plain sockets, AS 64496: keyed, IPv4 and IPv6
        └ signed_capture looks at every segment on the link

What is said on our own initiative or in answer to signed input counts; a reset that answers an unsigned segment does not,
because the kernel sends it without asking (etc/truewire.nft stops it). That the capture sees faults is shown in
capture_cases.py.
"""
import signal

from harness.case import case
from harness.lab import BOTH, LENGTH, NODE, NODE_AS, PEER, PEER_AS, Bird, Truewire, add_address
from harness.raw_peer import IPV4_UNICAST, IPV6_UNICAST, KEEPALIVE, RawPeer, message
from harness.speaker import Neighbor
from harness.waiting import throughout, until
from wire.capture import SignedCapture
from wire.raw_segment import ACK, FIN, PSH, inject

KEY, OTHER_KEY = "the-key", "the-other-key"
PEERS_KEYED = {address: KEY for address in PEER.values()}
FAMILY = {"ipv4": IPV4_UNICAST, "ipv6": IPV6_UNICAST}
# Enough for many full-size segments in each family.
MANY = [f"10.{i // 256}.{i % 256}.0/24" for i in range(3000)] + [f"2001:db8:{i:x}::/48" for i in range(1, 1500)]


def watched_pair(lab, **options):
    """A pair that is not started yet, and a capture that watches already."""
    node, other = lab.pair(Bird, start=False, **{"key": KEY, **options})
    key = options.get("key", KEY)
    return node, other, SignedCapture(lab, node.namespace, {address: key for address in PEER.values()})


def start(*speakers):
    for speaker in speakers:
        speaker.start()


def watched_node(lab, **extra):
    """truewired that waits for its peer, a capture, and the peer's namespace, where a case makes its own connections."""
    node_space, peer_space = lab.linked()
    node = lab.speaker(Truewire, "node", node_space, NODE_AS, NODE["ipv4"])
    for family in BOTH:
        node.neighbors.append(Neighbor(PEER[family], NODE[family], PEER_AS, KEY, passive=True, extra=dict(extra)))
    capture = SignedCapture(lab, node_space, PEERS_KEYED)
    node.start()
    return node, peer_space, capture


def connect(peer_space, family, key=KEY):
    return RawPeer.connect(peer_space, NODE[family], PEER[family], key=key)


def establish(peer_space, family, key=KEY):
    peer = connect(peer_space, family, key)
    peer.establish(PEER_AS, PEER["ipv4"], families=(FAMILY[family],))
    return peer


def ports(peer):
    """The peer's port and ours."""
    return peer.socket.getsockname()[1], peer.socket.getpeername()[1]


def sequence_after_close(peer_space, peer, family):
    """A segment of the old connection, rightly signed, long after its end on our side."""
    theirs, ours = ports(peer)
    for flags in (ACK, ACK | PSH, FIN | ACK):
        inject(peer_space, PEER[family], theirs, NODE[family], ours, flags, sequence=77, acknowledgment=99, payload=b"late",
               key=KEY)


@case(connects=["node", "peer", "both"])
def a_session_is_signed_from_the_first_segment_to_the_last(lab, connects):
    node, other, capture = watched_pair(lab, connects=connects)
    node.originated = MANY
    start(other, node)
    node.wait_established(*PEER.values())
    for family, last in (("ipv4", MANY[2999]), ("ipv6", MANY[-1])):
        other.wait_received(NODE[family], last)
    node.process.stop()
    other.wait_down(*NODE.values())
    capture.assert_all_signed(*PEER.values(), at_least=20)


@case
def nothing_unsigned_answers_a_peer_with_another_key(lab):
    node, other, capture = watched_pair(lab, peer_key=OTHER_KEY)
    start(other, node)
    until(lambda: node.namespace.tcp_counters()["TCPMD5Failure"] >= 2, "the kernel to refuse segments of the peer")
    for address in PEER.values():
        node.wait_error(address, "key")
    capture.assert_all_signed(*PEER.values())


@case
def nothing_unsigned_is_sent_on_our_initiative_to_a_peer_without_a_key(lab):
    node, other, capture = watched_pair(lab, peer_key=None)
    start(other, node)
    until(lambda: node.namespace.tcp_counters()["TCPMD5NotFound"] >= 2, "the kernel to refuse segments of the peer")
    for address in PEER.values():
        node.wait_error(address, "key")
    capture.assert_all_signed(*PEER.values())


@case(family=BOTH)
def a_refused_second_connection_ends_signed(lab, family):
    node, peer_space, capture = watched_node(lab)
    first = establish(peer_space, family)
    second = connect(peer_space, family)
    second.wait_closed()
    assert not first.closed and node.established(PEER[family])
    capture.assert_all_signed(PEER[family])


@case(family=BOTH, flaw=["marker", "as"])
def a_notification_and_what_follows_it_are_signed(lab, family, flaw):
    _, peer_space, capture = watched_node(lab)
    peer = connect(peer_space, family)
    if flaw == "marker":
        peer.send(b"\0" * 64)
        assert peer.notification()[0] == 1
    else:
        peer.send(b"".join(RawPeerOpen(family)))
        assert peer.notification()[:2] == (2, 2)
    peer.wait_closed()
    sequence_after_close(peer_space, peer, family)
    peer.close()
    capture.assert_all_signed(PEER[family], at_least=4)


@case(family=BOTH)
def a_hold_timer_that_expires_ends_the_session_signed(lab, family):
    node, peer_space, capture = watched_node(lab)
    peer = connect(peer_space, family)
    peer.establish(PEER_AS, PEER["ipv4"], hold=3, families=(FAMILY[family],))
    assert peer.notification(seconds=15)[0] == 4
    peer.wait_closed()
    node.wait_down(PEER[family])
    capture.assert_all_signed(PEER[family], at_least=4)


@case(family=BOTH, how=["close", "reset"])
def a_peer_that_goes_away_is_answered_signed(lab, family, how):
    node, peer_space, capture = watched_node(lab)
    peer = establish(peer_space, family)
    if how == "reset":
        import socket
        import struct
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    node.wait_down(PEER[family])
    sequence = throughout(lambda: True, "the link", 0.5)
    assert sequence is None
    capture.assert_all_signed(PEER[family], at_least=4)


@case(how=["SIGTERM", "SIGKILL"])
def a_restart_is_signed_before_and_after(lab, how):
    node, other, capture = watched_pair(lab)
    start(other, node)
    for _ in range(2):
        node.wait_established(*PEER.values(), seconds=90)
        if how == "SIGTERM":
            node.process.stop()
        else:
            node.kill()
        # While nobody listens, the peer goes on talking to the old connection or tries new ones.
        other.wait_down(*NODE.values(), seconds=100) if how == "SIGTERM" else None
        node.start()
    node.wait_established(*PEER.values(), seconds=90)
    capture.assert_all_signed(*PEER.values(), at_least=10)


@case(family=BOTH)
def what_a_killed_daemon_left_open_is_answered_signed_by_its_successor(lab, family):
    node, peer_space, capture = watched_node(lab)
    peer = establish(peer_space, family)
    node.kill()
    peer.send(message(KEEPALIVE))  # nobody there: the kernel keeps silent or resets, signed
    node.start()
    peer.send(message(KEEPALIVE))
    sequence_after_close(peer_space, peer, family)
    until(lambda: peer.pump(0.1) is None and peer.closed, "the old connection to be reset", seconds=60)
    establish(peer_space, family)
    capture.assert_all_signed(PEER[family], at_least=6)


@case
def a_neighbour_removed_and_added_again_within_time_wait_stays_signed(lab):
    node, other, capture = watched_pair(lab)
    start(other, node)
    node.wait_established(*PEER.values())
    removed, node.neighbors = node.neighbors, []
    assert node.reload().returncode == 0
    other.wait_down(*NODE.values())
    until(lambda: node.namespace.tcp_counters()["TCPTimeWaitOverflow"] == 0 and other.process.running(), "both to settle")
    node.neighbors = removed
    assert node.reload().returncode == 0
    node.wait_established(*PEER.values())
    capture.assert_all_signed(*PEER.values(), at_least=8)


@case(family=BOTH, seconds=200)
def late_segments_of_a_removed_neighbour_are_answered_signed_or_not_at_all(lab, family):
    node, peer_space, capture = watched_node(lab)
    peer = establish(peer_space, family)
    node.neighbors = []
    assert node.reload().returncode == 0
    peer.wait_closed()
    for _ in range(3):
        sequence_after_close(peer_space, peer, family)
    peer.close()
    refused = connect(peer_space, family)  # the key is still there, the neighbour is not
    refused.wait_closed()
    refused.close()
    capture.assert_all_signed(PEER[family], at_least=6)


@case(seconds=200)
def once_a_removed_neighbours_sockets_are_gone_so_is_its_key(lab):
    node, peer_space, capture = watched_node(lab)
    node.neighbors = []
    assert node.reload().returncode == 0
    for family in BOTH:
        until(lambda family=family: "md5keys" not in node.namespace.run("ss", "-Hltni", "src", NODE[family]).stdout
              and "md5keys" not in node.namespace.run("ss", "-Hltni", "sport", "=", ":179").stdout,
              "the key to be gone", seconds=130)
        unsigned = RawPeer.connect(peer_space, NODE[family], PEER[family])
        unsigned.wait_closed()
    capture.change_keys({address: None for address in PEER.values()})
    code, summary = capture.finish()
    assert code in (0, 1), summary


@case
def a_key_added_by_reload_binds_the_next_connection(lab):
    node, other, capture = watched_pair(lab, key=None)
    start(other, node)
    node.wait_established(*PEER.values())
    assert not node.neighbor(PEER["ipv4"]).get("keyed", False)
    capture.change_keys(PEERS_KEYED)
    for session in node.neighbors + other.neighbors:
        session.key = KEY
    assert node.reload().returncode == 0
    other.reconfigure()
    until(lambda: all(node.neighbor(a)["keyed"] and node.established(a) for a in PEER.values()), "signed sessions", 60)
    capture.assert_all_signed(*PEER.values(), at_least=4)


@case(seconds=300)
def keyed_to_unkeyed_and_back_is_signed_wherever_it_must_be(lab):
    node, other, capture = watched_pair(lab)
    start(other, node)
    node.wait_established(*PEER.values())
    for key in (None, KEY):
        capture.change_keys({address: key for address in PEER.values()})
        for session in node.neighbors + other.neighbors:
            session.key = key
        assert node.reload().returncode == 0
        other.reconfigure()
        until(lambda key=key: all(bool(node.neighbor(a).get("keyed")) == bool(key) and node.established(a)
                                  for a in PEER.values()), f"sessions {'with' if key else 'without'} a key", 100)
    capture.assert_all_signed(*PEER.values(), at_least=8)


@case
def a_changed_key_replaces_the_old_one_on_the_running_session(lab):
    node, peer_space, capture = watched_node(lab)
    peers = {family: establish(peer_space, family) for family in BOTH}
    capture.change_keys({address: OTHER_KEY for address in PEER.values()})
    for session in node.neighbors:
        session.key = OTHER_KEY
    assert node.reload().returncode == 0
    from wire.raw_segment import set_key
    for family, peer in peers.items():
        set_key(peer.socket, NODE[family], OTHER_KEY)
        node.announce({"ipv4": "198.51.100.0/24", "ipv6": "2001:db8:100::/48"}[family])
        assert peer.pump(10, {2}) is not None, "no UPDATE under the new key"
        assert node.established(PEER[family])
    capture.assert_all_signed(*PEER.values(), at_least=6)


@case(family=BOTH)
def range_to_single_neighbour_and_back_is_signed_with_the_key_of_the_hour(lab, family):
    node_space, peer_space = lab.linked()
    node = lab.speaker(Truewire, "node", node_space, NODE_AS, NODE["ipv4"])
    prefix = {"ipv4": "192.0.2.0/28", "ipv6": "2001:db8::/120"}[family]
    neighbour_in_range = {"ipv4": "192.0.2.9", "ipv6": "2001:db8::9"}[family]
    add_address(peer_space, "eth0", neighbour_in_range, LENGTH[family])
    node.ranges.append({"prefix": prefix, "as": [PEER_AS], "md5-key": {"file": node.write("range-key", KEY + "\n")},
                        "families": [f"{family}-unicast"]})
    capture = SignedCapture(lab, node_space, {prefix: KEY})
    node.start()

    def session(address, key):
        peer = RawPeer.connect(peer_space, NODE[family], address, key=key)
        peer.establish(PEER_AS, "10.0.0.9", families=(FAMILY[family],))
        return peer

    dynamic = session(PEER[family], KEY)
    unconcerned = session(neighbour_in_range, KEY)
    capture.change_keys({prefix: KEY, PEER[family]: OTHER_KEY})
    node.neighbors.append(Neighbor(PEER[family], NODE[family], PEER_AS, OTHER_KEY, passive=True))
    assert node.reload().returncode == 0
    dynamic.wait_closed()
    single = session(PEER[family], OTHER_KEY)
    assert not node.neighbor(PEER[family]).get("dynamic", False)

    capture.change_keys({prefix: KEY, PEER[family]: [KEY, OTHER_KEY]})
    node.neighbors = []
    assert node.reload().returncode == 0
    single.wait_closed()
    single.close()

    def range_again():
        again = session(PEER[family], KEY)
        return node.neighbor(PEER[family]).get("dynamic") and again

    until(range_again, "the range's key to hold again", seconds=150, interval=2)
    assert node.established(neighbour_in_range) and not unconcerned.closed
    capture.assert_all_signed(PEER[family], neighbour_in_range, at_least=4)


@case(family=BOTH)
def a_connection_that_was_queued_before_its_key_is_discarded(lab, family):
    node, peer_space, _ = unkeyed_node(lab)
    node.process.pause()
    queued = connect(peer_space, family, key=None)  # the kernel completes the handshake by itself
    for session in node.neighbors:
        session.key = KEY
    node.configure()
    node.process.send(signal.SIGHUP)
    node.process.resume()
    queued.send(message(KEEPALIVE))
    queued.wait_closed()
    assert establish(peer_space, family) and node.neighbor(PEER[family])["keyed"]


def unkeyed_node(lab):
    node_space, peer_space = lab.linked()
    node = lab.speaker(Truewire, "node", node_space, NODE_AS, NODE["ipv4"])
    for family in BOTH:
        node.neighbors.append(Neighbor(PEER[family], NODE[family], PEER_AS, None, passive=True))
    node.start()
    return node, peer_space, None


@case
def no_key_is_in_a_log_a_metric_or_a_command_line(lab):
    node, other, _ = watched_pair(lab)
    start(other, node)
    node.wait_established(*PEER.values())
    with open(f"/proc/{node.process.pid}/cmdline", encoding="ascii") as file:
        told = file.read()
    told += node.process.log() + node.ok("neighbors") + node.ok("neighbors", "--json") + node.http_get("/metrics")[1]
    node.neighbors[0].extra["md5-key"] = {"text": KEY * 20}
    done = node.reload()
    told += done.stdout + done.stderr + node.process.log()
    assert done.returncode != 0 and KEY not in told


@case
def the_daemon_cannot_be_dumped(lab):
    node, _, _ = watched_pair(lab)
    node.start()
    limits = open(f"/proc/{node.process.pid}/limits", encoding="ascii").read()
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"], core
    # What is not dumpable belongs to root in /proc, whoever runs it, and an unprivileged process cannot read its memory.
    node.process.send(signal.SIGABRT)
    node.process.exit_code()
