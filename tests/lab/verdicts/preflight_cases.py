"""Before any neighbour is up: can this NIC be trusted with signed segments, and is it healed if not?

    truewired ── TAP eth0 ── software NIC ── TAP eth0 ── truewire probe

A decoy stream under a key of its own runs through the NIC that damages what is signed, while one of its offloads is on.
"""
import json
import time

from harness.case import case
from harness.lab import BOTH, NODE, NODE_AS, PEER
from harness.truewire import Truewire
from harness.waiting import until
from rig.judging import all_culprits, assert_only_off, latest
from rig.nic import features
from rig.remote_probe import NAME, RemoteProbe
from rig.scene import Scene
from rig.verdicts import KNOB_WORDS

TSO, SG, TX = "tso", "sg", "tx-checksum"
GATED = {
    "copy-previous-digest": {TSO},
    "coalesce-resplit": {TSO},
    "flip-payload,at=mss": {SG},
    "flip-payload,at=page": {SG},
    "bad-checksum": {TX},
    "drop-option,mode=nop": {TX},
}
TRUSTED_WITHIN, HEALED_WITHIN = 30, 150  # seconds


class Site:
    """truewired without a neighbour, and a probe where its peers would be."""

    def __init__(self, bench, *, faults=(), mode="heal", macvlan=False):
        bench.faults = [*bench.faults, *faults]
        self.node_space, self.peer_space = bench.linked_through_macvlan() if macvlan else bench.linked()
        self.bench, self.nic = bench, bench.nic
        self.before = features(*self.nic.speaker)
        self.node = bench.speaker(Truewire, "node", self.node_space, NODE_AS, NODE["ipv4"])
        self.probe = RemoteProbe(bench, self.node_space, self.peer_space)
        self.node.sections.append(f'[verify]\nmode = "{mode}"\nwire = ["probe:{NAME}"]\n' + self.probe.configuration())
        self.node.start()
        self.probe.start().connected(self.node)

    def changed(self):
        now = features(*self.nic.speaker)
        return {name: on for name, on in now.items() if self.before[name] != on}

    def preflight(self, family, *options, seconds=HEALED_WITHIN):
        """(exit code, report or None, what it printed)."""
        began = time.monotonic()
        done = self.node.cli("preflight", "--to", NAME, "--family", family, "--json", *options, timeout=seconds + 60)
        took = time.monotonic() - began
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        report = next((line for line in lines if "outcome" in line), None)
        said = "\n".join([line.get("progress", str(line)) for line in lines] + [done.stderr])
        self.bench.notes["touched"] = sorted({change["knob"] for change in self.nic.knob_changes()})
        if report:
            self.bench.notes["verdict"] = f"preflight: {report['outcome']} in {took:.0f} s"
            assert took <= seconds, f"{took:.1f} s\n{said}"
        return done.returncode, report, said


def culprits(report):
    return {KNOB_WORDS[word] for family in report["families"] for word in family["culprits"]}


@case(family=[*BOTH, "both"], seconds=120)
def a_healthy_nic_is_trusted_and_nothing_is_touched(bench, family):
    site = Site(bench)
    code, report, said = site.preflight(family, seconds=TRUSTED_WITHIN)
    assert (code, report["outcome"]) == (0, "trusted"), said
    assert len(report["families"]) == (2 if family == "both" else 1), said
    assert all(f["valid"] >= 200 and f["invalid"] == 0 for f in report["families"]), said
    assert_only_off(site, set())
    assert bench.notes["touched"] == []


@case(fault=GATED, family=BOTH, seconds=300)
def a_fault_is_healed_before_any_neighbor_is_up(bench, fault, family):
    site = Site(bench, faults=[fault])
    code, report, said = site.preflight(family)
    assert (code, report["outcome"]) == (0, "healed"), said
    assert culprits(report) == GATED[fault], said
    assert {KNOB_WORDS[word] for word in report["families"][0]["proven"]} == GATED[fault], said
    assert_only_off(site, GATED[fault])
    code, report, said = site.preflight(family, seconds=TRUSTED_WITHIN)
    assert (code, report["outcome"]) == (0, "trusted"), f"the second time: {said}"


@case(family=BOTH, seconds=240)
def a_fault_below_the_vnic_is_named_and_nothing_is_claimed_healed(bench, family):
    site = Site(bench, faults=["drop-option"], macvlan=True)
    code, report, said = site.preflight(family)
    assert (code, report["outcome"]) == (1, "damaged"), said
    assert "below the vNIC" in report["families"][0]["text"], said
    assert_only_off(site, set())
    assert bench.notes["touched"] == []


@case(seconds=240)
def watching_says_what_would_be_done_and_does_nothing(bench):
    site = Site(bench, faults=["bad-checksum"], mode="watch")
    code, report, said = site.preflight("ipv4")
    assert (code, report["outcome"]) == (1, "damaged"), said
    assert "ethtool -K eth0" in report["families"][0]["text"], said
    assert bench.notes["touched"] == []


@case(seconds=120)
def a_preflight_is_refused_with_the_reason(bench):
    site = Site(bench)
    done = site.node.cli("preflight", "--to", "nobody")
    assert done.returncode == 1 and "nobody" in done.stderr, done.stderr
    site.probe.process.stop()
    until(lambda: "rack" in site.node.cli("preflight", "--to", NAME).stderr, "the probe to be missed", 30)


@case(seconds=120)
def a_probe_without_decoys_says_so(bench):
    site = Site(bench)
    site.probe.process.stop()
    site.probe.options = ["--no-decoys"]
    site.probe.start().connected(site.node)
    code, report, said = site.preflight("both", seconds=TRUSTED_WITHIN)
    assert (code, report["outcome"]) == (1, "not-tested"), said


@case(fault=["flip-payload,at=mss", "flip-payload,at=1000"], family=BOTH, seconds=300)
def a_quiet_sessions_fault_is_proven_with_the_decoys_help(bench, fault, family):
    """One burst shows the fault; from then on the session sends nothing but keepalives."""
    scene = Scene(bench, [family], faults=[fault], vantage="wire", start=False)
    probe = RemoteProbe(bench, scene.node.namespace, scene.nic.process.namespace)
    scene.node.sections[-1] = ('[verify]\nmode = "heal"\nwire = ["mirror:mir0", "probe:rack"]\n'
                               + probe.configuration())
    scene.start()
    probe.start().connected(scene.node)
    until(lambda: scene.node.established(PEER[family]), "the session", 60)
    scene.stimulate()

    def proven():
        verdict = latest(scene, PEER[family])
        return verdict if verdict and verdict.confidence == "proven" else None

    verdict = until(proven, "the proof", 150)
    scene.note(verdict)
    assert all_culprits(scene) == {SG}, verdict
    assert scene.node.established(PEER[family])
    assert_only_off(scene, all_culprits(scene))
