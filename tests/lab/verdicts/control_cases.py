"""Trouble that no offload causes. Where any knob is blamed, or left changed, the verifier has failed.

    truewired ── TAP eth0 ── software NIC ── mirror port (with "wire") ── middlebox ── TAP ── BIRD
"""
import time

from harness.case import case
from harness.lab import BOTH, NODE, PEER
from harness.raw_peer import IPV4_UNICAST, IPV6_UNICAST, RawPeer
from rig.bench import SPEAKER_MAC
from rig.judging import assert_nothing_blamed, assert_only_off
from rig.nic import turn
from rig.scene import KEY, Scene
from rig.verdicts import neighbor, verdicts

VANTAGES = ["wire", "none"]
WATCHED = 15  # seconds with traffic
MIDDLEBOXES = {
    "strip-option": ["strip-option"],
    "strip-option-before-the-mirror": ["strip-option,place=before-mirror"],
    "strip-on-syn-only": ["strip-option,syn-only=1"],
    "randomize-sequence": ["randomize-sequence"],
    "randomize-sequence-before-the-mirror": ["randomize-sequence,place=before-mirror"],
    "pmtu-black-hole": ["lose-above,octets=1000"],
    "pmtu-black-hole-before-the-mirror": ["lose-above,octets=1000,place=before-mirror"],
    "dead": ["dead"],
    "bad-line": ["impair,loss=0.05,duplicate=0.05,reorder=0.1"],
    "bad-line-before-the-mirror": ["impair,loss=0.05,duplicate=0.05,reorder=0.1,place=before-mirror"],
    "bad-peer": ["flip-digest,gate=none,ways=in"],
    "nothing": [],
}


@case(middlebox=MIDDLEBOXES, vantage=VANTAGES, seconds=150)
def no_knob_is_blamed_for_what_others_do(bench, middlebox, vantage):
    scene = Scene(bench, BOTH, faults=MIDDLEBOXES[middlebox], vantage=vantage)
    assert_nothing_blamed(scene, WATCHED)


@case(middlebox=["strip-option", "dead", "lose-above,octets=1000", "randomize-sequence"], vantage=VANTAGES, seconds=150)
def no_knob_is_blamed_when_it_begins_while_the_session_is_up(bench, middlebox, vantage):
    scene = Scene(bench, BOTH, faults=[f"{middlebox},label=later"], vantage=vantage, start=False)
    scene.nic.switch("later", False)
    scene.start()
    scene.established()
    scene.nic.switch("later", True)
    assert_nothing_blamed(scene, WATCHED)


@case(vantage=VANTAGES, family=BOTH, seconds=150)
def no_knob_is_blamed_for_nat(bench, vantage, family):
    outside = {"ipv4": "192.0.2.200", "ipv6": "2001:db8::200"}[family]
    scene = Scene(bench, [family], faults=[f"translate-address,inside={NODE[family]},outside={outside}"],
                  vantage=vantage, start=False)
    scene.peer.namespace.ip("neigh", "add", outside, "lladdr", SPEAKER_MAC, "dev", "eth0")
    scene.peer.neighbors[0].address = outside
    scene.start()
    assert_nothing_blamed(scene, WATCHED)


@case(wrong=["ours", "theirs-missing", "ours-missing"], vantage=VANTAGES, seconds=150)
def no_knob_is_blamed_for_a_wrong_or_missing_key(bench, wrong, vantage):
    keys = {"ours": ("another-key", KEY), "theirs-missing": (KEY, None), "ours-missing": (None, KEY)}[wrong]
    scene = Scene(bench, BOTH, vantage=vantage, key=keys[0], peer_key=keys[1])
    assert_nothing_blamed(scene, WATCHED)


@case(vantage=VANTAGES, seconds=150)
def no_knob_is_blamed_for_a_peer_that_reboots(bench, vantage):
    scene = Scene(bench, BOTH, vantage=vantage)
    scene.established()
    scene.peer.kill()
    assert_nothing_blamed(scene, WATCHED / 2)
    scene.peer.start()
    scene.established()
    assert_nothing_blamed(scene, WATCHED / 2)


@case(vantage=VANTAGES, seconds=150)
def no_knob_is_blamed_for_a_peer_that_closes(bench, vantage):
    scene = Scene(bench, BOTH, vantage=vantage)
    for _ in range(3):
        scene.established()
        for family in BOTH:
            scene.peer.control("disable", scene.peer.protocol(NODE[family]))
        for family in BOTH:
            scene.peer.control("enable", scene.peer.protocol(NODE[family]))
    assert_nothing_blamed(scene, WATCHED / 2)


@case(vantage=VANTAGES, family=BOTH, seconds=150)
def no_knob_is_blamed_for_a_peer_that_does_not_read(bench, vantage, family):
    """Its window closes and stays closed; it still answers."""
    scene = Scene(bench, [family], vantage=vantage, peer=None, rhythm=0.2)
    scene.node.neighbors[0].passive = True
    peer_space = scene.nic.process.namespace
    peer = RawPeer.connect(peer_space, NODE[family], PEER[family], key=KEY, receive_buffer=4096)
    peer.establish(64496, "192.0.2.1", families=((IPV6_UNICAST if family == "ipv6" else IPV4_UNICAST),))
    assert_nothing_blamed(scene, WATCHED)


@case(vantage=VANTAGES, seconds=150)
def no_knob_is_blamed_where_gro_is_healthy(bench, vantage):
    bench.napi = ["speaker"]
    scene = Scene(bench, BOTH, vantage=vantage, inbound=True)
    scene.established()
    assert_nothing_blamed(scene, WATCHED)
    scene.established()


@case(seconds=150)
def no_knob_is_blamed_while_another_program_flips_them(bench):
    scene = Scene(bench, BOTH, vantage="wire")
    scene.established()
    knobs = ("tx-tcp-segmentation", "gso", "gro")  # "tso on" would turn on more than "tso off" turned off
    for number in range(12):
        turn(*scene.nic.speaker, knobs[number % 3], number % 2 == 1)
        until = time.monotonic() + 0.7
        scene.watch(lambda until=until: time.monotonic() > until, "the time to pass", 30)
    for knob in knobs:
        turn(*scene.nic.speaker, knob, True)
    scene.established()
    assert_nothing_blamed(scene, 5)


@case(defects=["drop=0.2", "duplicate=0.5", "truncate=96", "lag=300", "lag=3000", "drop=0.1,duplicate=0.1,lag=100"],
      seconds=150)
def no_knob_is_blamed_for_a_bad_mirror(bench, defects):
    bench.mirror_defects = defects
    scene = Scene(bench, BOTH, vantage="wire")
    scene.established()
    assert_nothing_blamed(scene, WATCHED)
    scene.established()


@case(defects=["corrupt=1", "corrupt=0.3"], seconds=150)
def a_mirror_that_corrupts_its_copies_is_told_and_nothing_is_touched(bench, defects):
    """The peer takes what the copies show as damaged."""
    bench.mirror_defects = defects
    scene = Scene(bench, BOTH, vantage="wire")
    scene.established()
    assert_nothing_blamed(scene, WATCHED)
    scene.established()
    assert scene.touched() == [], scene.touched()
    assert any("the vantage shows them wrong" in v.text for v in verdicts(scene.node)), verdicts(scene.node)


@case(encapsulation=["gre", "erspan1", "erspan2", "erspan3", "vxlan"], seconds=150)
def a_mirror_inside_a_tunnel_shows_a_healthy_wire(bench, encapsulation):
    bench.mirror_defects = f"encapsulation={encapsulation}"
    scene = Scene(bench, BOTH, vantage="wire")
    scene.established()
    assert_nothing_blamed(scene, 5)
    for family in BOTH:
        seen = neighbor(scene.node, PEER[family])
        assert seen.vantage and seen.valid and not seen.invalid, (seen, scene.node.ok("verify"))
    assert_only_off(scene, set())
