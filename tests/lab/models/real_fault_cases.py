"""What is real and not a model: kernels that do it themselves, given the chance.

    the speaker's kernel ── TAP ── software NIC ── TAP ── the peer's kernel
"""
from harness.case import case
from harness.lab import BOTH, NODE, PEER
from rig.late_key import LateKey
from rig.nic import KNOBS, features
from rig.transfer import KEY, assert_damaged, assert_healthy, refusals


def send_with_late_key(bench, node, peer, family, label, octets=15_000):
    """(the outcome, segments that the receiver refused for their digest)."""
    before = refusals(peer)["bad digest"]
    outcome = LateKey(bench, (node, NODE[family]), (peer, PEER[family]), KEY, octets=octets, label=label).finish()
    return outcome, refusals(peer)["bad digest"] - before


@case(family=BOTH)
def no_knob_heals_a_key_that_was_set_too_late(bench, family):
    node, peer = bench.linked()
    _, refused = send_with_late_key(bench, node, peer, family, "all-on")
    assert refused > 0 and bench.nic.stats()["out"]["super_segments"] > 0, (refused, bench.nic.stats())
    for knob in KNOBS:
        bench.nic.turn(knob, False)
        _, refused = send_with_late_key(bench, node, peer, family, f"without-{knob}")
        assert refused > 0, f"{knob} off healed it"
    assert_healthy(node, peer, family)


@case(family=BOTH)
def a_receiver_with_gro_takes_what_a_wire_would_have_shown_broken(bench, family):
    """NAPI merges segments with one digest into the super-segment that they once were: its digest is right."""
    bench.napi = ["peer"]
    node, peer = bench.linked()
    for name, value in (("gro_flush_timeout", 5_000_000), ("napi_defer_hard_irqs", 50)):
        done = peer.run("sh", "-c", f"echo {value} > /sys/class/net/eth0/{name}")
        assert done.returncode == 0, done.stderr
    outcome, merged = send_with_late_key(bench, node, peer, family, "merging", octets=100_000)
    assert outcome["received"] == 100_000, outcome
    done = peer.run("ethtool", "-K", "eth0", "gro", "off")
    assert done.returncode == 0, done.stderr
    _, apart = send_with_late_key(bench, node, peer, family, "not-merging", octets=100_000)
    assert apart > 4 * merged, (merged, apart)


@case(family=BOTH)
def ordinary_gro_leaves_signed_segments_alone(bench, family):
    bench.napi = ["speaker", "peer"]
    node, peer = bench.linked()
    for backwards in (False, True):
        assert_healthy(node, peer, family, bench.nic, octets=3_000_000, backwards=backwards)


@case(family=BOTH)
def a_fault_below_a_macvlan_is_out_of_its_knobs_reach(bench, family):
    bench.faults = ["drop-option"]
    node, peer = bench.linked_through_macvlan()
    before = features(node, "eth0")
    node.run("ethtool", "-K", "eth0", *(word for knob in KNOBS.values() for word in (knob, "off")))
    guilty = "tx-checksum-ip-generic"
    assert features(node, "eth0")[guilty] and before[guilty], "it could be turned off"
    assert_damaged(node, peer, family, "unsigned", bench.nic)
    bench.nic.turn("tx-checksum", False)  # in the hypervisor
    assert_healthy(node, peer, family, bench.nic)
