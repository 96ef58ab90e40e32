"""Is the fault real? For each model of a broken NIC, without any speaker: two kernels and a signed connection.

    the speaker's kernel ── TAP ── software NIC ── TAP ── the peer's kernel

With the fault and its feature on, the receiving kernel drops segments for the reason that the model is about; with that
one feature off, all arrives; with any feature off that does not take it along, the damage is as before.
"""
from harness.case import case
from harness.lab import BOTH
from rig.nic import FALLS_WITH, KNOBS
from rig.transfer import assert_damaged, assert_healthy

# Specification → (the guilty knob, how the receiving kernel counts the damage). The order of the software NIC's table.
OUTBOUND = {
    "copy-previous-digest": ("tso", "bad digest"),
    "copy-previous-digest,different=1": ("tso", "bad digest"),
    "coalesce-resplit": ("tso", "bad digest"),
    "flip-digest": ("tso", "bad digest"),
    "flip-payload,at=mss": ("sg", "bad digest"),
    "flip-payload,at=page": ("sg", "bad digest"),
    "flip-payload,at=100": ("sg", "bad digest"),
    "stale-payload": ("sg", "bad digest"),
    "bad-checksum": ("tx-checksum", "bad checksum"),
    "drop-option,mode=nop": ("tx-checksum", "unsigned"),
    "drop-option,mode=cut": ("tx-checksum", "unsigned"),
    "rewrite-flags": ("tso", "bad digest"),
    "rewrite-window": ("tx-checksum", "bad digest"),
    "rewrite-sequence": ("tso", "bad digest"),
    "rewrite-acknowledgment": ("tso", "bad digest"),
    "rewrite-urgent": ("tx-checksum", "bad digest"),
    "flip-digest,gate=gso": ("gso", "bad digest"),
    "flip-digest,one-in=10": ("tso", "bad digest"),
    "flip-payload,at=mss,probability=0.2,seed=7": ("sg", "bad digest"),
}


def knobs_that_leave(guilty):
    return [knob for knob in KNOBS if knob != guilty and guilty not in FALLS_WITH[knob]]


def only_the_right_knob_heals(bench, family, fault, guilty, reason, **options):
    bench.faults = [fault]
    node, peer = bench.linked()
    assert_damaged(node, peer, family, reason, bench.nic, **options)
    for knob in knobs_that_leave(guilty):
        bench.nic.turn(knob, False)
        assert_damaged(node, peer, family, reason, bench.nic, **options)
        bench.nic.turn(knob, True)
    bench.nic.turn(guilty, False)
    assert_healthy(node, peer, family, bench.nic, **options)
    bench.nic.turn(guilty, True)
    assert_damaged(node, peer, family, reason, bench.nic, **options)


@case(fault=OUTBOUND, family=BOTH)
def only_the_guilty_knob_heals(bench, fault, family):
    guilty, reason = OUTBOUND[fault]
    only_the_right_knob_heals(bench, family, fault, guilty, reason)


@case(metadata=[0, 1], family=BOTH)
def a_merging_receiver_is_healed_by_the_knob_that_stands_in_for_lro(bench, metadata, family):
    only_the_right_knob_heals(bench, family, f"merge-inbound-gro,metadata={metadata}", "gro", "bad digest",
                              backwards=True)


@case(family=BOTH)
def a_fault_of_the_other_family_is_harmless(bench, family):
    other = "4" if family == "ipv6" else "6"
    bench.faults = [f"copy-previous-digest,family={other}", f"flip-payload,family={other}", f"bad-checksum,family={other}"]
    node, peer = bench.linked()
    assert_healthy(node, peer, family, bench.nic)
    guilty_family = next(f for f in BOTH if f != family)
    assert_damaged(node, peer, guilty_family, "bad checksum", bench.nic)


@case(family=BOTH)
def of_two_faults_each_needs_its_own_knob(bench, family):
    bench.faults = ["flip-payload,at=mss", "bad-checksum,one-in=3"]
    node, peer = bench.linked()
    bench.nic.turn("sg", False)
    assert_damaged(node, peer, family, "bad checksum", bench.nic)
    bench.nic.turn("tx-checksum", False)
    assert_healthy(node, peer, family, bench.nic)
    bench.nic.turn("sg", True)
    assert_damaged(node, peer, family, "bad digest", bench.nic)


@case(family=BOTH)
def a_fault_can_begin_and_end_while_a_connection_lives(bench, family):
    bench.faults = ["flip-digest"]
    node, peer = bench.linked()
    bench.nic.switch("flip-digest", False)
    assert_healthy(node, peer, family, bench.nic)
    bench.nic.switch("flip-digest", True)
    assert_damaged(node, peer, family, "bad digest", bench.nic)
    bench.nic.switch("flip-digest", False)
    assert_healthy(node, peer, family, bench.nic)
