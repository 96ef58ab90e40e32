"""A router below which frames are merged: does the kernel really answer that they are too big?

    peer ── TAP ── software NIC ── TAP eth0 (node, forwards) lan0 ── veth ── host of the LAN
"""
from harness.case import case
from harness.lab import BOTH
from harness.waiting import until
from rig.forwarding import oversize_frame, send_to_lan, too_big, with_lan


@case(family=BOTH)
def oversize_frames_without_metadata_are_too_big_to_forward(bench, family):
    node, peer = bench.linked()
    with_lan(bench, node, peer)
    before = too_big(node, family)
    for _ in range(20):
        bench.nic.inject(oversize_frame(family))
    until(lambda: too_big(node, family) == before + 20, "the kernel to refuse them")


@case(family=BOTH)
def a_merge_below_the_nic_makes_a_router_refuse_what_its_hosts_sent_rightly(bench, family):
    bench.faults = ["merge-inbound,unsigned=1,octets=8900"]
    node, peer = bench.linked()
    host = with_lan(bench, node, peer)
    before = too_big(node, family)
    try:
        send_to_lan(peer, host, family, seconds=3)
    except AssertionError:
        pass  # it crawls
    assert too_big(node, family) > before, bench.nic.stats()


@case(family=BOTH)
def ordinary_gro_on_a_router_is_harmless(bench, family):
    bench.faults = ["merge-inbound,signed=0,unsigned=1,metadata=1"]
    node, peer = bench.linked()
    host = with_lan(bench, node, peer)
    send_to_lan(peer, host, family)
    assert too_big(node, family) == 0 and bench.nic.fired() > 0, bench.nic.stats()
