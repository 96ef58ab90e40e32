"""A NIC damages what we send while one of its offloads is on: is that offload found, turned off, and no other?

    truewired ── TAP eth0 ── software NIC ── mirror port (with "wire") ── TAP ── BIRD

The faults are models, gated on the live feature bit; both vantages, both families. With a wire copy the damage must be
stopped within 5 s of its first segment, without one within 60 s; proven within two minutes. At the end the session is
up, and of all features only the guilty one is off, with what cannot be on without it.
"""
from harness.case import case
from harness.lab import BOTH
from rig.judging import Expected, assert_found
from rig.scene import BUSY

TSO, SG, TX, GRO = "tso", "sg", "tx-checksum", "gro"
OUTBOUND = {
    "copy-previous-digest": Expected({TSO}),
    "copy-previous-digest,different=1": Expected({TSO}),
    "coalesce-resplit": Expected({TSO}, wire_fault="copied-digest"),
    "flip-digest": Expected({TSO}),
    "flip-payload,at=mss": Expected({SG}, inseparable={TSO}),
    "flip-payload,at=page": Expected({SG}, inseparable={TSO}),
    "bad-checksum": Expected({TX}),
    "drop-option,mode=nop": Expected({TX}),
    "drop-option,mode=cut": Expected({TX}),
    "rewrite-window": Expected({TX}),
    "rewrite-flags": Expected({TSO}),
}
ONE_FAMILY_ONLY = ("copy-previous-digest", "flip-payload,at=mss", "bad-checksum")


@case(fault=OUTBOUND, vantage=["wire", "none"], family=BOTH, seconds=240)
def the_guilty_knob_is_found_and_no_other_is_left_changed(bench, fault, vantage, family):
    assert_found(bench, [family], [fault], vantage, OUTBOUND[fault])


@case(fault=ONE_FAMILY_ONLY, vantage=["wire", "none"], seconds=240)
def a_fault_of_ipv6_alone_is_found_beside_a_healthy_ipv4_session(bench, fault, vantage):
    assert_found(bench, ["ipv4", "ipv6"], [f"{fault},family=6"], vantage, OUTBOUND[fault], damaged="ipv6")


@case(vantage=["wire", "none"], family=BOTH, seconds=240)
def a_merging_receiver_is_healed_by_turning_gro_off(bench, vantage, family):
    """GRO stands in for LRO, which no TAP has; the inbound tap sees it without a wire copy."""
    assert_found(bench, [family], ["merge-inbound-gro"], vantage, Expected({GRO}), inbound=True)


@case(family=BOTH, seconds=240)
def one_damaged_segment_in_ten_is_traced_to_its_knob_with_a_wire_copy(bench, family):
    assert_found(bench, [family], ["flip-digest,one-in=10"], "wire", Expected({TSO}), churn=BUSY)


@case(family=BOTH, seconds=240)
def one_damaged_segment_in_ten_of_few_is_traced_to_its_knob_with_a_wire_copy(bench, family):
    """Four segments a second: the second damaged one is seconds away, and as many must then get through to tell."""
    expected = Expected({TSO}, limit=60, proof=False)
    assert_found(bench, [family], ["flip-digest,one-in=10"], "wire", expected)


@case(vantage=["wire", "none"], family=BOTH, seconds=300)
def of_two_faults_both_knobs_are_found_and_nothing_else(bench, vantage, family):
    faults = ["flip-payload,at=mss", "bad-checksum,one-in=2"]
    assert_found(bench, [family], faults, vantage, Expected({SG, TX}, inseparable={TSO}))
