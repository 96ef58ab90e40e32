"""Does the mirror port show the wire? What leaves the speaker's NIC is judged there by a capture.

    the speaker's kernel ── NIC ── mirror port (mir0, the speaker's host) ── the peer's kernel
"""
import json

from harness.case import case
from harness.lab import BOTH, NODE, PEER
from harness.waiting import until
from rig.bench import MIRROR
from rig.transfer import KEY, Transfer, assert_damaged, assert_healthy
from wire.capture import SignedCapture


def captures(bench, node, family):
    """Captures on the mirror and on the interface itself. A mirror's frames are all incoming, so ours are "in" there."""
    keys = {NODE[family]: KEY, PEER[family]: KEY}
    wire = SignedCapture(bench, node, keys, interface=MIRROR, label="wire")
    host = SignedCapture(bench, node, keys, label="host")
    for knob in ("tx-checksum", "sg", "tso", "gso", "gro"):  # which the capture has turned off
        bench.nic.turn(knob, True)
    return wire, host


@case(family=BOTH)
def the_mirror_shows_what_the_host_cannot_see(bench, family):
    bench.faults, bench.mirrored = ["flip-digest"], True
    node, peer = bench.linked()
    wire, host = captures(bench, node, family)
    assert_damaged(node, peer, family, "bad digest", bench.nic)
    fired = bench.nic.fired()
    until(lambda: sum(f["what"] == "bad digest" for f in wire.findings()) >= fired, "the capture to catch up")
    _, seen = wire.finish()
    assert seen["peers"][NODE[family]]["bad_in"] >= fired, seen
    assert seen["peers"][PEER[family]]["bad_in"] == 0, seen
    _, reference = host.finish()
    assert reference["violations"] == 0, reference


@case(place=["before-mirror", "beyond-mirror"], family=BOTH)
def a_middlebox_is_seen_by_the_mirror_only_when_it_stands_before_it(bench, place, family):
    bench.faults, bench.mirrored = [f"strip-option,place={place}"], True
    node, peer = bench.linked()
    wire, _ = captures(bench, node, family)
    assert_damaged(node, peer, family, "unsigned", bench.nic)
    if place == "before-mirror":
        until(lambda: [f for f in wire.findings() if f["what"] == "unsigned" and NODE[family] in f["src"]],
              "the mirror to show unsigned segments of ours")
    else:
        _, seen = wire.finish()
        assert seen["peers"][NODE[family]]["in"] > 0 and seen["peers"][NODE[family]]["bad_in"] == 0, seen


@case(family=BOTH)
def both_directions_are_mirrored_whole_at_speed(bench, family):
    bench.mirrored = True
    node, peer = bench.linked()
    wire, _ = captures(bench, node, family)
    assert_healthy(node, peer, family, octets=5_000_000)
    stats = bench.nic.stats()
    code, seen = wire.finish()
    assert code == 0 and stats["mirror_lost"] == 0, (code, stats, seen)
    ours, theirs = (seen["peers"][a[family]] for a in (NODE, PEER))
    assert ours["in"] >= 5_000_000 // 1440 and theirs["in"] > 0, seen
    assert ours["bad_in"] == theirs["bad_in"] == 0, seen


@case(family=BOTH)
def a_bad_mirror_disturbs_nobody(bench, family):
    bench.mirrored, bench.mirror_defects = True, "drop=0.1,duplicate=0.1,truncate=200,lag=200"
    node, peer = bench.linked()
    assert_healthy(node, peer, family, octets=1_000_000)
    stats = bench.nic.stats()
    assert 0 < stats["mirror_lost"] < stats["out"]["frames"], json.dumps(stats)
    bench.nic.mirror()
    lost = bench.nic.stats()["mirror_lost"]
    assert_healthy(node, peer, family, octets=1_000_000)
    assert bench.nic.stats()["mirror_lost"] == lost
