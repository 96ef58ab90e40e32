"""Octets that are no BGP, too much, too little, or too slow: each ends the connection it came on and nothing else.

    BIRD AS 64496 ── truewired AS 112 ── plain sockets, as the neighbour 192.0.2.2 and as strangers

BIRD's session is the witness: throughout every case it keeps its TCP connection, and no keepalive is missed.
"""
import os
import socket
import time

from harness.case import case
from harness.lab import NODE, PEER, Bird, add_address
from harness.raw_peer import KEEPALIVE, MARKER, OPEN, RawPeer, message, open_message, tcp_socket, update
from harness.speaker import Neighbor
from harness.waiting import throughout, until

US, WITNESS, ROGUE, STRANGER = NODE["ipv4"], PEER["ipv4"], "192.0.2.2", "192.0.2.66"
ROGUE_AS = 64498


def with_witness(lab, extra=None):
    """truewired with BIRD's session up and a passive neighbour for the case to play."""
    node, bird = lab.pair(Bird, families=["ipv4"], hold=9, start=False)
    for address in (ROGUE, STRANGER):
        add_address(bird.namespace, "eth0", address, 24)
    node.neighbors.append(Neighbor(ROGUE, US, ROGUE_AS, passive=True, hold=9, extra=extra or {}))
    bird.originated = ["203.0.113.0/24"]
    bird.start()
    node.start()
    node.wait_received(WITNESS, "203.0.113.0/24")
    witness = node.neighbor(WITNESS)

    def unharmed():
        now = node.neighbor(WITNESS)
        assert node.process.running(), node.process.log()[-2000:]
        assert now["since"] == witness["since"] and now["local_endpoint"] == witness["local_endpoint"], now
        assert "203.0.113.0/24" in node.received_routes(WITNESS)

    lab.at_end(unharmed)
    return node, bird


def rogue(lab, bird):
    peer = RawPeer.connect(bird.namespace, US, ROGUE)
    lab.at_end(peer.close)
    return peer


@case
def garbage_is_answered_as_a_header_error(lab):
    node, bird = with_witness(lab)
    peer = rogue(lab, bird)
    peer.send(bytes(range(256)) * 4)
    assert peer.notification()[:2] == (1, 1)  # connection not synchronized
    peer.wait_closed()
    assert node.last_error(ROGUE)


@case
def an_oversize_message_is_refused_from_its_header_alone(lab):
    _, bird = with_witness(lab)
    peer = rogue(lab, bird)
    peer.establish(ROGUE_AS, "10.0.0.2")
    peer.send(MARKER + (4097).to_bytes(2, "big") + b"\x02")  # and not one octet of the body
    assert peer.notification() == (1, 2, (4097).to_bytes(2, "big"))
    peer.wait_closed()


@case
def a_message_shorter_than_its_header_is_refused(lab):
    _, bird = with_witness(lab)
    peer = rogue(lab, bird)
    peer.send(MARKER + (18).to_bytes(2, "big") + b"\x01")
    assert peer.notification() == (1, 2, (18).to_bytes(2, "big"))
    peer.wait_closed()


@case
def a_truncated_message_then_the_end_is_just_a_lost_connection(lab):
    node, bird = with_witness(lab)
    peer = rogue(lab, bird)
    peer.establish(ROGUE_AS, "10.0.0.2")
    peer.send(update(["10.9.0.0/24"], [ROGUE_AS], ROGUE)[:-3])
    peer.close()
    node.wait_down(ROGUE)
    assert node.received_routes(ROGUE) == {}
    second = rogue(lab, bird)
    second.establish(ROGUE_AS, "10.0.0.2")
    node.wait_established(ROGUE)


@case
def a_valid_message_that_drips_in_octet_by_octet_is_taken(lab):
    node, bird = with_witness(lab)
    peer = rogue(lab, bird)
    peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for octet in open_message(ROGUE_AS, "10.0.0.2", hold=9):
        peer.send(bytes([octet]))
    assert peer.pump(10, {OPEN})
    for octet in message(KEEPALIVE):
        peer.send(bytes([octet]))
    node.wait_established(ROGUE)
    for octet in update(["10.9.0.0/24"], [ROGUE_AS], ROGUE):
        peer.send(bytes([octet]))
    node.wait_received(ROGUE, "10.9.0.0/24", [ROGUE_AS])


@case
def a_message_that_never_ends_is_cut_off_by_the_hold_timer(lab):
    node, bird = with_witness(lab)
    peer = rogue(lab, bird)
    peer.establish(ROGUE_AS, "10.0.0.2", hold=3)
    node.wait_established(ROGUE)
    whole = update([f"10.9.{n}.0/24" for n in range(200)], [ROGUE_AS], ROGUE)
    begun = time.monotonic()
    for octet in whole:  # an octet every 50 ms: each arrives in time, the message does not
        if not peer.send(bytes([octet])) or peer.pump(0.05, {3}):
            break
    assert time.monotonic() - begun < 8, "a drip of octets kept the session up"
    assert peer.notification()[0] == 4
    node.wait_down(ROGUE)


@case
def a_neighbour_that_connects_and_says_nothing_is_let_go(lab):
    node, bird = with_witness(lab, {"open-hold-time": 3})
    peer = rogue(lab, bird)
    assert peer.pump(5, {OPEN})
    peer.pump(8)
    assert peer.closed, "still connected"
    assert peer.notification(0)[0] == 4
    assert node.last_error(ROGUE)


@case
def strangers_are_turned_away_without_a_word(lab):
    node, bird = with_witness(lab)
    for _ in range(20):
        stranger = RawPeer.connect(bird.namespace, US, STRANGER)
        stranger.send(open_message(64499, "10.0.0.66"))
        stranger.wait_closed()
        assert not stranger.received, stranger.received
        stranger.close()
    assert STRANGER in node.process.log(), "the log does not name the stranger"
    assert node.neighbor(STRANGER) is None


@case(seconds=240)
def ten_thousand_connection_attempts_leave_no_trace(lab):
    node, bird = with_witness(lab)

    def attempts(count):
        for _ in range(count):
            attempt = tcp_socket(bird.namespace, US, STRANGER)
            # Gone at once, without TIME_WAIT, so that source ports do not run out.
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            attempt.connect((US, 179))
            attempt.close()

    def descriptors():
        return len(os.listdir(f"/proc/{node.process.pid}/fd"))

    attempts(500)  # what is allocated once is allocated
    until(lambda: descriptors() < 60, "the first connections to be closed")
    memory, files = node.memory_kib(), descriptors()
    attempts(10_000)
    until(lambda: descriptors() <= files, "every connection to be closed")
    assert node.memory_kib() < memory + 1024, f"{memory} KiB grew to {node.memory_kib()} KiB"
    assert node.process.log().count("\n") < 2_000, "every attempt is logged by itself"


@case
def a_connection_while_one_is_established_changes_nothing(lab):
    node, bird = with_witness(lab)
    first = rogue(lab, bird)
    first.establish(ROGUE_AS, "10.0.0.2")
    node.wait_established(ROGUE)
    second = rogue(lab, bird)
    second.send(open_message(ROGUE_AS, "10.0.0.2"))
    second.pump(10)
    assert second.closed
    throughout(lambda: node.established(ROGUE) and not first.closed, "the first session", 1)
    assert first.send(message(KEEPALIVE))


@case(seconds=240)
def thousands_of_refused_sessions_leave_no_memory_behind(lab):
    node, bird = with_witness(lab, {"idle-hold-min": 0, "idle-hold-max": 0})

    def sessions(count):
        for _ in range(count):
            peer = RawPeer.connect(bird.namespace, US, ROGUE)
            peer.send(open_message(64000, "10.0.0.2"))  # a wrong AS: refused after OPEN
            peer.pump(10)
            assert peer.closed
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            peer.close()

    sessions(200)
    memory = node.memory_kib()
    sessions(2_000)
    assert node.memory_kib() < memory + 2048, f"{memory} KiB grew to {node.memory_kib()} KiB"
