"""What outlives the daemon: old bits after kill -9 in the middle of a trial, remedies after a restart, and their end.

    truewired ── TAP eth0 ── software NIC, which drops option 19 while TX checksum is on ── mirror port ── TAP ── BIRD
"""
import os
import signal

from harness.case import case
from harness.lab import PEER
from harness.truewire import BINARIES
from harness.waiting import until
from rig.judging import assert_only_off
from rig.nic import turn
from rig.scene import Scene
from rig.verdicts import verdicts

FAULT = "drop-option,mode=nop"


def kill(scene):
    os.kill(scene.node.process.pid, signal.SIGKILL)
    until(lambda: not scene.node.process.running(), "truewired to be gone")


def start_again(scene):
    scene.node.process.start()
    scene.node.wait_ready()
    scene.begin_anew()


def proven(scene):
    return [v for v in verdicts(scene.node) if v.confidence == "proven"]


def killed_during_the_trial(bench):
    scene = Scene(bench, ["ipv4"], faults=[FAULT])
    scene.watch(lambda: any(v.confidence == "mitigated" for v in verdicts(scene.node)) and scene.changed(),
                "the trial to mitigate, and hold a knob off", 60)
    kill(scene)
    assert scene.changed(), "the trial left nothing behind to be put back"
    return scene


@case(seconds=120)
def a_restore_by_hand_puts_back_what_a_killed_trial_left(bench):
    scene = killed_during_the_trial(bench)
    done = scene.node.namespace.run(os.path.join(BINARIES, "truewire"), "verify", "restore", "--state-dir",
                                    scene.node.state_directory)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tx-checksum-ip-generic on" in done.stdout, done.stdout
    assert not scene.changed(), scene.changed()


@case(seconds=120)
def the_next_start_puts_back_what_a_killed_trial_left_and_finds_it_again(bench):
    scene = killed_during_the_trial(bench)
    start_again(scene)
    scene.watch(lambda: proven(scene), "the knob to be proven guilty after all", 90)
    assert proven(scene)[-1].culprits == {"tx-checksum"}
    assert_in_the_end_only_off(scene, {"tx-checksum"})


@case(seconds=120)
def a_remedy_is_in_force_before_the_first_session_of_the_next_life_and_can_be_undone(bench):
    scene = Scene(bench, ["ipv4"], faults=[FAULT])
    scene.watch(lambda: proven(scene), "the knob to be proven guilty", 90)
    kill(scene)
    turn(*scene.nic.speaker, "tx-checksum", True)
    turn(*scene.nic.speaker, "tso", True)
    start_again(scene)
    assert_in_the_end_only_off(scene, {"tx-checksum"})
    until(lambda: scene.node.established(PEER["ipv4"]), "the session to come up at once", 20)
    assert scene.node.ok("verify", "undo", "eth0")
    assert_in_the_end_only_off(scene, set())
    assert scene.node.cli("verify", "undo", "eth0").returncode != 0, "there was nothing left to undo"


def assert_in_the_end_only_off(scene, culprits):
    """The NIC looks at its bits when a frame comes. ethtool -K tso on turns a bit on that was off before: not ours."""
    mangled = "tx-tcp-mangleid-segmentation"
    scene.before[mangled] = scene.changed().get(mangled, scene.before.get(mangled))
    until(lambda: assert_only_off(scene, culprits) or True, "the bits to be as they should", 20)
