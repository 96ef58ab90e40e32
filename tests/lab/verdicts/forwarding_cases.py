"""A router with LRO below it: noticed by its storm of "fragmentation needed", and told apart from ordinary GRO.

    BIRD, peer ── TAP ── software NIC ── TAP eth0 (truewired, forwards) lan0 ── veth ── host of the LAN
"""
from harness.case import case
from harness.lab import BOTH
from rig.forwarding import oversize_frame, send_to_lan, too_big, with_lan
from rig.judging import all_culprits, assert_nothing_blamed, assert_only_off
from rig.scene import Scene
from rig.verdicts import verdicts


@case(family=BOTH, seconds=150)
def lro_below_a_router_is_named_with_the_hypervisors_settings(bench, family):
    scene = Scene(bench, [family], vantage="none")
    with_lan(bench, scene.node.namespace, scene.nic.process.namespace)
    frame = oversize_frame(family)

    def named():
        for _ in range(5):
            scene.nic.inject(frame)
        return next((v for v in verdicts(scene.node) if "lro" in v.text.lower()), None)

    verdict = scene.watch(named, "LRO below to be named", 60)
    scene.note(verdict)
    assert "Vmxnet" in verdict.text, verdict.text
    assert too_big(scene.node.namespace, family) > 0
    assert all_culprits(scene) == frozenset(), verdict
    assert_only_off(scene, set())


@case(family=BOTH, seconds=150)
def no_knob_is_blamed_where_a_router_merges_as_it_should(bench, family):
    scene = Scene(bench, [family], faults=["merge-inbound,signed=0,unsigned=1,metadata=1"], vantage="none")
    host = with_lan(bench, scene.node.namespace, scene.nic.process.namespace)
    scene.established()
    send_to_lan(scene.nic.process.namespace, host, family)
    assert scene.nic.fired() > 0 and too_big(scene.node.namespace, family) == 0
    assert_nothing_blamed(scene, 10)
