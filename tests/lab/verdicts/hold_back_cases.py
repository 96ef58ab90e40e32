"""A table that is sent once, and nothing after it: is that enough to prove a knob guilty?

What is to be sent anyway is held back and metered while a trial runs, so that the damage has something to show itself on.
"""
import re

from harness.case import case
from harness.lab import BOTH, PEER
from harness.waiting import until
from rig.judging import assert_only_off, latest
from rig.scene import Scene

ROUTES = {"ipv4": [f"10.{n // 256}.{n % 256}.0/24" for n in range(60000)],
          "ipv6": [f"2001:db8:{n // 65536:x}:{n % 65536:x}::/64" for n in range(30000)]}


@case(fault=["flip-payload,at=mss", "copy-previous-digest"], family=BOTH, seconds=180)
def a_knob_is_proven_guilty_with_a_table_that_is_sent_once(bench, fault, family):
    scene = Scene(bench, [family], faults=[fault], vantage="wire", start=False)
    scene.node.originated = ROUTES[family]
    scene.start()
    verdict = until(lambda: proven(scene, PEER[family]), "the proof", 120)
    scene.note(verdict)
    assert_only_off(scene, verdict.culprits)
    until(lambda: arrived(scene) == len(ROUTES[family]), "the whole table", 30, interval=1)


def proven(scene, address):
    verdict = latest(scene, address)
    return verdict if verdict and verdict.confidence == "proven" else None


def arrived(scene):
    counted = re.search(r"Total: (\d+) of", scene.peer.control("show", "route", "count"))
    return int(counted.group(1)) if counted else 0
