"""A side that is stopped where it is, its kernel still acknowledging: only the Hold Timer can tell (RFC 4271 §6.5).

    truewired ──── each peer in turn, hold time 6 s

The running side ends the session when the hold time is over, and not before; both are back once the other runs on.
"""
import time

from harness.case import case
from harness.lab import NODE, PEER, PEERS
from harness.waiting import until

HOLD = 6


@case(peer=PEERS, seconds=180)
def a_peer_that_falls_silent_is_given_up_after_the_hold_time(lab, peer):
    node, other = lab.pair(peer, hold=HOLD, families=["ipv4"])
    node.wait_established(PEER["ipv4"])
    assert node.neighbor(PEER["ipv4"])["negotiated"]["hold_time"] == f"{HOLD}s"
    other.pause()
    stopped = time.monotonic()
    try:
        node.wait_down(PEER["ipv4"], seconds=HOLD + 4)
        waited = time.monotonic() - stopped
        node.wait_error(PEER["ipv4"], "hold timer")
    finally:
        other.resume()
    assert waited > HOLD * 2 / 3 - 1, f"given up after {waited:.1f} s"  # the last keepalive is up to a third old
    node.wait_established(PEER["ipv4"], seconds=90)


@case(peer=PEERS, seconds=180)
def a_peer_gives_us_up_when_we_stop_and_takes_us_back(lab, peer):
    node, other = lab.pair(peer, hold=HOLD, families=["ipv4"])
    node.wait_established(PEER["ipv4"])
    other.wait_established(NODE["ipv4"])
    node.pause()
    try:
        other.wait_down(NODE["ipv4"], seconds=HOLD * 2 + 4)
    finally:
        node.resume()
    until(lambda: int(node.neighbor(PEER["ipv4"])["flaps"]) == 1, "the lost session to be counted", 10)
    node.wait_established(PEER["ipv4"], seconds=90)


@case(peer=PEERS)
def an_idle_session_outlives_many_hold_times(lab, peer):
    node, _ = lab.pair(peer, hold=3, families=["ipv4"])
    node.wait_established(PEER["ipv4"])
    counts = int(node.neighbor(PEER["ipv4"])["received"]["keepalive"])
    until(lambda: int(node.neighbor(PEER["ipv4"])["received"]["keepalive"]) >= counts + 10, "ten more keepalives", 40)
    assert node.neighbor(PEER["ipv4"])["flaps"] in (0, "0")
