"""Damage that no knob of this host heals, or that cannot be told apart: named, and nothing is left changed.

    truewired ── TAP eth0 ── software NIC ── mirror port (with "wire") ── TAP ── BIRD
"""
from harness.case import case
from harness.lab import BOTH, NODE, PEER
from rig.judging import all_culprits, assert_only_off, latest
from rig.late_key import LateKey
from rig.nic import turn
from rig.scene import KEY, Scene
from rig.verdicts import verdicts

REAPPLIED = 3  # times that a knob which somebody turned on again is turned off once more


def wait_for_verdict(scene, address, confidences, seconds, *texts):
    """Until a verdict about this neighbour has one of these confidences, and its words say one of the texts."""
    def said():
        for verdict in verdicts(scene.node):
            words = f"{verdict.fault} {verdict.text} {verdict.evidence}".lower()
            if (verdict.neighbor == address and verdict.confidence in confidences and not verdict.culprits
                    and (not texts or any(text in words for text in texts))):
                return verdict
        return None

    verdict = scene.watch(said, f"a verdict on {address} that says {texts}", seconds)
    scene.note(verdict)
    return verdict


def assert_nothing_left(scene):
    assert all_culprits(scene) == frozenset(), [v.text for v in verdicts(scene.node)]
    assert_only_off(scene, set())


@case(vantage=["wire", "none"], family=BOTH, seconds=180)
def a_key_set_too_late_is_named_as_a_software_cause(bench, vantage, family):
    """A program of the lab opens the connection; truewired knows the neighbour and its key, and sees the segments."""
    scene = Scene(bench, [family], vantage=vantage, peer=None)
    peer_space = scene.nic.process.namespace
    late = LateKey(bench, (scene.node.namespace, NODE[family]), (peer_space, PEER[family]), KEY, seconds=60)
    wait_for_verdict(scene, PEER[family], {"reported"}, 60, "key")
    late.process.stop()
    assert_nothing_left(scene)
    assert scene.touched() == []


@case(vantage=["wire", "none"], family=BOTH, seconds=240)
def a_fault_below_a_macvlan_is_named_and_not_claimed_healed(bench, vantage, family):
    scene = Scene(bench, [family], faults=["drop-option"], vantage=vantage, macvlan=True)
    if vantage == "wire":
        wait_for_verdict(scene, PEER[family], {"reported", "undecidable"}, 90, "below")
    else:
        wait_for_verdict(scene, PEER[family], {"undecidable", "reported"}, 120, "below", "middlebox")
    assert_nothing_left(scene)
    assert scene.touched() == []


@case(fault=["copy-previous-digest", "bad-checksum", "flip-payload,at=mss"], vantage=["wire", "none"], family=BOTH,
      seconds=240)
def a_driver_that_says_yes_and_does_nothing_is_named_and_all_is_put_back(bench, fault, vantage, family):
    """The bits read off, and the hardware goes on: what was turned off did not help. Bits that stay on: a unit test."""
    scene = Scene(bench, [family], faults=[f"{fault},gate=none"], vantage=vantage)
    confidence = {"reported"} if vantage == "wire" else {"undecidable"}
    verdict = wait_for_verdict(scene, PEER[family], confidence, 150, "turning offloads off changes nothing")
    if vantage == "wire":
        assert "the device ignores its settings" in verdict.text, verdict.text
    assert_nothing_left(scene)
    assert scene.touched(), "nothing was tried"


@case(vantage=["wire", "none"], metadata=[0, 1], family=BOTH, seconds=180)
def a_merge_below_the_nic_is_named_with_the_hypervisors_settings(bench, vantage, metadata, family):
    scene = Scene(bench, [family], faults=[f"merge-inbound,metadata={metadata}"], vantage=vantage, inbound=True)
    verdict = wait_for_verdict(scene, PEER[family], {"reported", "undecidable"}, 120, "lro")
    assert "Net.Vmxnet3HwLRO" in verdict.text or "Vmxnet" in verdict.text, verdict.text
    assert_nothing_left(scene)


@case(family=BOTH, seconds=180)
def one_damaged_segment_in_ten_looks_like_loss_without_a_wire_copy(bench, family):
    scene = Scene(bench, [family], faults=["flip-digest,one-in=10"], vantage="none")
    scene.watch(lambda: "lossy" in [v.fault for v in verdicts(scene.node)], "what was seen to be told", 90)
    assert_nothing_left(scene)
    assert {(v.fault, v.confidence) for v in verdicts(scene.node)} == {("lossy", "undecidable")}, verdicts(scene.node)
    assert scene.touched() == []
    scene.note(latest(scene, PEER[family]))


@case(vantage=["wire", "none"], family=BOTH, seconds=300)
def a_knob_that_somebody_turns_on_again_is_turned_off_a_few_times_and_then_left(bench, vantage, family):
    scene = Scene(bench, [family], faults=["bad-checksum"], vantage=vantage)
    scene.watch(lambda: latest(scene, PEER[family]) and latest(scene, PEER[family]).confidence == "proven",
                "the proof", 150)
    turned_on = 0

    def left_on():
        nonlocal turned_on
        if not scene.nic.knobs()["tx-checksum-ip-generic"]:
            turn(*scene.nic.speaker, "tx-checksum-ip-generic", True)
            turned_on += 1
        return next((v for v in verdicts(scene.node) if "gives way" in v.text), None)

    scene.note(scene.watch(left_on, "the verifier to give in, and to say so", 120))
    assert turned_on == REAPPLIED + 1
