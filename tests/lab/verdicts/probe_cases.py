"""A remote probe where the peer is: its copies prove what the NIC did, and it comes and goes without harm.

    truewired ── TAP eth0 ── software NIC ── TAP eth0 ── BIRD, truewire probe
"""
from harness.case import case
from harness.lab import BOTH, NODE, PEER
from harness.waiting import until
from rig.judging import PROVEN_WITHIN, STAYS_UP, all_culprits, assert_nothing_blamed, assert_only_off, latest
from rig.nic import turn
from rig.remote_probe import NAME, RemoteProbe
from rig.scene import Scene
from rig.verdicts import neighbor

TX = "tx-checksum"


def with_probe(bench, family, **options):
    """A scene whose only vantage is the probe: (scene, probe), both started, the probe connected."""
    scene = Scene(bench, [family], vantage="none", start=False, **options)
    probe = RemoteProbe(bench, NODE[family], scene.peer.namespace)
    scene.node.sections.append(f'wire = ["probe:{NAME}"]\n' + probe.configuration())
    scene.start()
    probe.start().connected(scene.node)
    return scene, probe


def source(scene):
    """The probe as truewired sees it."""
    return next(s for s in scene.node.listed("sources", "verify") if s["name"] == f"probe:{NAME}")


@case(family=BOTH, seconds=240)
def a_probes_copies_prove_which_offload_is_guilty(bench, family):
    scene, _ = with_probe(bench, family, faults=["bad-checksum"])

    def proven():
        verdict = latest(scene, PEER[family])
        return verdict if verdict and verdict.confidence == "proven" else None

    verdict = scene.watch(proven, f"{TX} to be proven guilty", PROVEN_WITHIN + 30)
    scene.note(verdict)
    assert all_culprits(scene) == {TX}, verdict
    assert neighbor(scene.node, PEER[family]).vantage == f"probe:{NAME}"
    assert int(source(scene)["frames"]) > 0, source(scene)
    scene.established(settle=STAYS_UP)
    assert_only_off(scene, {TX})


@case(family=BOTH, seconds=150)
def a_probe_that_was_killed_comes_back_and_blames_nothing(bench, family):
    scene, probe = with_probe(bench, family)
    scene.established()
    for _ in range(2):
        probe.process.kill()
        until(lambda: not source(scene).get("working"), "truewired to miss the probe", 30)
        assert "no probe of this name is connected" in source(scene)["problem"], source(scene)
        before = int(source(scene)["frames"])
        probe.process.start()
        probe.connected(scene.node)
        scene.watch(lambda before=before: int(source(scene)["frames"]) > before, "new copies from the probe", 30)
    assert_nothing_blamed(scene, 5)


@case(seconds=150)
def a_probe_outlives_its_daemon(bench):
    scene, probe = with_probe(bench, "ipv4")
    scene.node.process.kill()
    probe.process.wait_for_log("lost the connection", 30)
    scene.begin_anew()
    scene.node.start()
    probe.connected(scene.node)
    assert probe.process.log().count("connected to") == 2, probe.process.log()


@case(seconds=150)
def a_probe_where_frames_are_merged_is_no_vantage_until_that_ends(bench):
    scene, probe = with_probe(bench, "ipv4")
    turn(scene.peer.namespace, "eth0", "gro", True)
    until(lambda: not source(scene).get("working"), "the probe to refuse to look", 20)
    assert "ethtool -K eth0 gro off" in source(scene)["problem"], source(scene)
    probe.process.wait_for_log("ethtool -K eth0 gro off")
    turn(scene.peer.namespace, "eth0", "gro", False)
    probe.connected(scene.node)


@case(seconds=60)
def a_probe_of_another_authority_or_name_is_refused_and_told_why(bench):
    scene, _ = with_probe(bench, "ipv4")
    stranger = RemoteProbe(bench, NODE["ipv4"], scene.peer.namespace, name="stranger")
    stranger.start().process.wait_for_log("cannot connect", 20)
    assert source(scene)["working"], source(scene)
