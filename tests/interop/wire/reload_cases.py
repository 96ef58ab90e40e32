"""Keys come, change and go by reload; each connection is signed as its time demands.

    truewired AS 112 ──── BIRD, or a peer of plain sockets, AS 64496, IPv4 and IPv6
        └ signed_capture, which is told of each change just before truewired is
"""
import os
import resource
import signal
import time

from harness.case import case
from harness.lab import BOTH, LENGTH, NODE, NODE_AS, PEER, PEER_AS, Truewire, add_address
from harness.raw_peer import UPDATE, nlri, open_message
from harness.speaker import Neighbor
from harness.waiting import until
from wire.capture import SignedCapture
from wire.raw_segment import set_key
from wire.setup import (FAMILY, KEY, OTHER_KEY, connect, establish, late_segments, towards_the_peer, watched_node,
                        watched_pair)


def reload(node):
    done = node.reload()
    assert done.returncode == 0, done


def change_key(key, node, other, capture):
    """Both sides, and what the capture expects of connections from now on."""
    capture.change_keys(towards_the_peer(key))
    for session in node.neighbors + other.neighbors:
        session.key = key
    reload(node)
    other.reconfigure()


def wait_keyed(node, keyed, seconds):
    def all_are():
        seen = [node.neighbor(a) for a in PEER.values()]
        assert all(bool(n.get("keyed")) == keyed and node.established(n["address"]) for n in seen), seen
        return True

    until(all_are, f"sessions {'with' if keyed else 'without'} a key", seconds)


def in_time_wait(node, address):
    return node.namespace.run("ss", "-Htn", "state", "time-wait", "dst", f"[{address}]" if ":" in address else address).stdout.strip()


@case(family=BOTH)
def a_neighbour_removed_and_added_again_within_time_wait_stays_signed(lab, family):
    node, peer_space, capture = watched_node(lab)
    peer = establish(peer_space, family)
    removed, node.neighbors = node.neighbors, []
    node.configure()
    node.process.send(signal.SIGHUP)  # the command would return when the peer has closed, too
    peer.wait_closed()
    peer.close()
    until(lambda: node.neighbor(PEER[family]) is None, "the neighbour to be gone")
    until(lambda: in_time_wait(node, PEER[family]), "our end to be in TIME_WAIT")
    late_segments(peer_space, family, peer.ports)
    node.neighbors = removed
    reload(node)
    assert in_time_wait(node, PEER[family])
    late_segments(peer_space, family, peer.ports)
    establish(peer_space, family)
    capture.assert_all_signed(PEER[family], at_least=10)


@case
def a_real_peer_comes_back_after_its_neighbour_was_removed_and_added_again(lab):
    node, other, capture = watched_pair(lab)
    other.start()
    node.start()
    node.wait_established(*PEER.values())
    removed, node.neighbors = node.neighbors, []
    reload(node)
    other.wait_down(*NODE.values())
    node.neighbors = removed
    reload(node)
    node.wait_established(*PEER.values())
    capture.assert_all_signed(*PEER.values(), at_least=8)


@case(family=BOTH)
def late_segments_of_a_removed_neighbour_are_answered_signed_or_not_at_all(lab, family):
    node, peer_space, capture = watched_node(lab)
    peer = establish(peer_space, family)
    node.neighbors = []
    reload(node)
    peer.wait_closed()
    late_segments(peer_space, family, peer.ports)
    late_segments(peer_space, family, (179, 45000))  # of a connection that we might have made
    refused = connect(peer_space, family)  # its key is still there, the neighbour is not
    refused.wait_closed()
    capture.assert_all_signed(PEER[family], at_least=6)


@case(seconds=200)
def once_a_removed_neighbours_sockets_are_gone_so_is_its_key(lab):
    node, peer_space, _ = watched_node(lab)
    node.neighbors = []
    reload(node)
    until(lambda: "md5keys" not in node.namespace.run("ss", "-Htlni", "sport", "=", ":179").stdout, "the keys to be gone",
          seconds=150)
    for family in BOTH:
        connect(peer_space, family, key=None).wait_closed()


@case
def a_key_added_by_reload_binds_the_next_connection(lab):
    node, other, capture = watched_pair(lab, key=None)
    other.start()
    node.start()
    node.wait_established(*PEER.values())
    change_key(KEY, node, other, capture)
    wait_keyed(node, True, 60)
    capture.assert_all_signed(*PEER.values(), at_least=4)


@case(seconds=300)
def keyed_to_unkeyed_and_back_is_signed_wherever_it_must_be(lab):
    node, other, capture = watched_pair(lab)
    other.start()
    node.start()
    node.wait_established(*PEER.values())
    change_key(None, node, other, capture)
    wait_keyed(node, False, 100)
    change_key(KEY, node, other, capture)
    wait_keyed(node, True, 100)
    capture.assert_all_signed(*PEER.values(), at_least=8)


NEWS = {"ipv4": "198.51.100.0/24", "ipv6": "2001:db8:100::/48"}


def hears_of(peer, prefix, seconds=30):
    """Reads until an UPDATE tells of the prefix."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = peer.pump(deadline - time.monotonic(), {UPDATE})
        if seen is None or nlri(prefix) in seen:
            return seen is not None
    return False


@case
def a_changed_key_replaces_the_old_one_on_the_running_session(lab):
    node, peer_space, capture = watched_node(lab)
    peers = {family: establish(peer_space, family) for family in BOTH}
    capture.change_keys(towards_the_peer(OTHER_KEY))
    for session in node.neighbors:
        session.key = OTHER_KEY
    reload(node)
    for family, peer in peers.items():
        set_key(peer.socket, NODE[family], OTHER_KEY)
        node.announce(NEWS[family])
        assert hears_of(peer, NEWS[family]), "no UPDATE under the new key"
        assert node.established(PEER[family])
        connect(peer_space, family, OTHER_KEY).wait_closed()  # refused, but under the new key
    capture.assert_all_signed(*PEER.values(), at_least=8)


IN_RANGE = {"ipv4": ("192.0.2.0/28", "192.0.2.9"), "ipv6": ("2001:db8::/120", "2001:db8::9")}


@case(family=BOTH, seconds=240)
def range_to_single_neighbour_and_back_is_signed_with_the_key_of_the_hour(lab, family):
    node_space, peer_space = lab.linked()
    node = lab.speaker(Truewire, "node", node_space, NODE_AS, NODE["ipv4"])
    prefix, another = IN_RANGE[family]
    add_address(peer_space, "eth0", another, LENGTH[family])
    node.ranges.append({"prefix": prefix, "as": [PEER_AS], "md5-key": {"file": node.write("range-key", KEY + "\n")}})
    capture = SignedCapture(lab, node_space, {prefix: KEY})
    node.start()
    dynamic = establish(peer_space, family)
    unconcerned = establish(peer_space, family, source=another)

    capture.change_keys({prefix: KEY, PEER[family]: OTHER_KEY})
    node.neighbors.append(Neighbor(PEER[family], NODE[family], PEER_AS, OTHER_KEY, passive=True))
    reload(node)
    dynamic.wait_closed()
    single = establish(peer_space, family, OTHER_KEY)
    assert not node.neighbor(PEER[family]).get("dynamic")

    capture.change_keys({prefix: KEY, PEER[family]: [KEY, OTHER_KEY]})
    node.neighbors = []
    reload(node)
    single.wait_closed()
    single.close()
    again = until(lambda: establish(peer_space, family), "the range's key to hold again", seconds=150, interval=1)
    assert node.neighbor(PEER[family])["dynamic"]
    assert node.established(another) and not unconcerned.closed and not again.closed
    capture.assert_all_signed(PEER[family], another, at_least=4)


def descriptors(node, limit):
    """Changes how many descriptors the running daemon may have."""
    resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE, (limit, 4096))


def kept_descriptors(node):
    """How many it keeps open; others, for files that it reads now and then, come and go."""
    return min(len(os.listdir(f"/proc/{node.process.pid}/fd")) for _ in range(100))


@case(family=BOTH)
def a_connection_that_was_queued_before_its_key_is_discarded(lab, family):
    node, peer_space, capture = watched_node(lab, key=None)
    # Out of descriptors, the daemon leaves connections in the queue and looks again a second later.
    descriptors(node, kept_descriptors(node))
    queued = connect(peer_space, family, key=None)  # the kernel completes the handshake without the daemon
    node.process.wait_for_log("accept-failed")
    descriptors(node, 1024)
    capture.change_keys(towards_the_peer(KEY))
    for session in node.neighbors:
        session.key = KEY
    node.configure()
    node.process.send(signal.SIGHUP)
    queued.send(open_message(PEER_AS, PEER["ipv4"], families=(FAMILY[family],)))
    queued.wait_closed()
    assert not queued.received, f"it was spoken to: {queued.received}"
    establish(peer_space, family)
    assert node.neighbor(PEER[family])["keyed"]
    capture.assert_all_signed(PEER[family])


@case
def what_was_paused_during_a_reload_wakes_up_with_the_new_key(lab):
    node, peer_space, _ = watched_node(lab, key=None)
    node.process.pause()
    queued = connect(peer_space, "ipv4", key=None)
    for session in node.neighbors:
        session.key = KEY
    node.configure()
    node.process.send(signal.SIGHUP)
    node.process.resume()
    queued.wait_closed()
    establish(peer_space, "ipv4")
    assert node.neighbor(PEER["ipv4"])["keyed"]
