"""Are the controls controls? What a middlebox does to a signed connection, no knob of ours undoes.

    the speaker's kernel ── NIC ── mirror port ── middlebox ── the peer's kernel
"""
from harness.case import case
from harness.lab import BOTH, NODE, PEER
from rig.bench import SPEAKER_MAC
from rig.nic import KNOBS
from rig.transfer import Transfer, assert_damaged, assert_healthy, refusals

OUTSIDE = {"ipv4": "192.0.2.200", "ipv6": "2001:db8::200"}
REFUSED = {  # specification → how the receiving kernel counts the damage
    "strip-option": "unsigned",
    "strip-option,mode=cut": "unsigned",
    "strip-option,syn-only=1": "unsigned",
    "randomize-sequence": "bad digest",
}


@case(middlebox=REFUSED, family=BOTH)
def no_knob_heals_what_a_middlebox_does(bench, middlebox, family):
    bench.faults = [middlebox]
    node, peer = bench.linked()
    assert_damaged(node, peer, family, REFUSED[middlebox], bench.nic)
    for knob in KNOBS:
        bench.nic.turn(knob, False)
        assert_damaged(node, peer, family, REFUSED[middlebox], bench.nic)


@case(family=BOTH)
def no_knob_heals_nat(bench, family):
    """The peer knows us by our outside address: what it gets from there was signed under another."""
    bench.faults = [f"translate-address,inside={NODE[family]},outside={OUTSIDE[family]}"]
    node, peer = bench.linked()
    peer.ip("neigh", "add", OUTSIDE[family], "lladdr", SPEAKER_MAC, "dev", "eth0")
    for knob in (None, *KNOBS):
        if knob:
            bench.nic.turn(knob, False)
        assert_damaged(node, peer, family, "bad digest", bench.nic, seen_as=OUTSIDE[family])


@case(family=BOTH)
def a_pmtu_black_hole_passes_small_segments_only(bench, family):
    bench.faults = ["lose-above,octets=1000"]
    node, peer = bench.linked()
    assert_healthy(node, peer, family, bench.nic, octets=600)
    for knob in (None, *KNOBS):
        if knob:
            bench.nic.turn(knob, False)
        before = bench.nic.fired()
        with Transfer(node, peer, family) as transfer:
            transfer.until(lambda t: bench.nic.fired() >= before + 3, "long segments to vanish")
            assert not transfer.received and not transfer.refused()


@case(family=BOTH)
def a_bad_line_damages_nothing(bench, family):
    bench.faults = ["impair,loss=0.02,duplicate=0.02,reorder=0.05"]
    node, peer = bench.linked()
    with Transfer(node, peer, family) as transfer:
        transfer.until(lambda t: t.complete, "the transfer to end", seconds=60)
        assert not transfer.refused()
    assert bench.nic.fired() > 0


@case(family=BOTH)
def a_line_can_die_and_come_back(bench, family):
    bench.faults = ["dead"]
    node, peer = bench.linked()
    bench.nic.switch("dead", False)
    assert_healthy(node, peer, family, bench.nic)
    bench.nic.switch("dead", True)
    with Transfer(node, peer, family) as transfer:
        transfer.until(lambda t: bench.nic.fired() > 0, "the first segment to vanish")
        assert transfer.received == 0
        bench.nic.switch("dead", False)
        transfer.until(lambda t: t.complete, "the transfer to end")
    assert not any(refusals(peer).values())
