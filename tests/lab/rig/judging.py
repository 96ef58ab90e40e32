"""The judgement on verdicts: what must have been found, by when, and what may be left changed."""
import dataclasses
import time
from fnmatch import fnmatch

from harness.lab import PEER

from .nic import BITS, FALLS_WITH, LISTED_AS
from .scene import Scene
from .verdicts import neighbor, verdicts

MITIGATED_WITHIN = {"wire": 5.0, "none": 60.0}  # seconds from the first damaged segment
PROVEN_WITHIN = 120.0
STAYS_UP = 3.0  # seconds that the session is watched for at the end


@dataclasses.dataclass(frozen=True)
class Expected:
    """What is guilty. inseparable: may be blamed along with it where there is no wire copy."""

    culprits: set
    inseparable: set = frozenset()
    wire_fault: str | None = None  # the class that a wire copy must lead to
    limit: float | None = None  # seconds to mitigated, where the fault is rare by itself
    proof: bool = True  # asked for; where damage is rare, an "on" phase is over before it comes, and suspected is enough


def allowed_culprits(expected, vantage):
    extra = expected.inseparable if vantage == "none" else set()
    return expected.culprits, expected.culprits | extra


def latest(scene, address):
    """The last verdict about this neighbour that a knob was blamed in, or that is the last at all."""
    about = [v for v in verdicts(scene.node) if v.neighbor == address]
    blaming = [v for v in about if v.culprits]
    return (blaming or about or [None])[-1]


def all_culprits(scene):
    """Every knob that any verdict so far has blamed."""
    return frozenset().union(*(v.culprits for v in verdicts(scene.node)))


def bits_off_with(culprits):
    """The feature bits that are off when these knobs are."""
    knobs = set(culprits).union(*(FALLS_WITH[knob] for knob in culprits))
    return {bit for knob in knobs for bit in BITS[knob]}


def assert_only_off(scene, culprits):
    """Of all features, these knobs are off and what cannot be on without them; everything else is as it was."""
    assert {bit for bit, on in scene.nic.knobs().items() if not on} == bits_off_with(culprits), scene.changed()
    may_be_off = set(culprits).union(*(FALLS_WITH[knob] for knob in culprits))
    for name, on in scene.changed().items():
        assert not on and any(fnmatch(name, p) for knob in may_be_off for p in LISTED_AS[knob]), f"{name}: {on}"


def assert_found(bench, families, faults, vantage, expected, *, damaged=None, inbound=False, churn=None):
    """Brings up the scene with these faults, and judges what the verifier makes of them."""
    scene = Scene(bench, families, faults=faults, vantage=vantage, inbound=inbound, churn=churn)
    address = PEER[damaged or families[0]]
    least, most = allowed_culprits(expected, vantage)

    def proven():
        verdict = latest(scene, address)
        enough = {"proven"} if expected.proof else {"proven", "suspected"}
        return verdict if verdict and verdict.confidence in enough and least <= all_culprits(scene) else None

    try:
        verdict = scene.watch(proven, f"{sorted(least)} to be proven guilty", PROVEN_WITHIN + 30)
        scene.note(verdict)
    except BaseException:
        scene.note(latest(scene, address))
        raise
    assert all_culprits(scene) <= most, f"{sorted(all_culprits(scene))}: {verdict.text}"
    assert verdict.mitigated <= (expected.limit or MITIGATED_WITHIN[vantage]), verdict
    assert verdict.confidence != "proven" or verdict.proven <= PROVEN_WITHIN, verdict
    if vantage == "wire" and expected.wire_fault:
        assert verdict.fault == expected.wire_fault, verdict
    scene.established(settle=STAYS_UP)
    assert_only_off(scene, all_culprits(scene))
    return scene


def assert_nothing_blamed(scene, seconds):
    """Watches for so long, with traffic; then nothing may be blamed, and every feature must be as it was."""
    end = time.monotonic() + seconds
    scene.watch(lambda: time.monotonic() >= end, "the time to pass", seconds + 30)
    settled = [v for v in verdicts(scene.node) if v.culprits]
    assert not settled, [v.text for v in settled]
    scene.watch(lambda: not any(running(scene)), "the last trial to end", 60)
    scene.note(latest(scene, PEER[scene.families[0]]))
    assert all_culprits(scene) == frozenset(), [v.text for v in verdicts(scene.node)]
    assert_only_off(scene, set())


def running(scene):
    return [neighbor(scene.node, PEER[family]).trial for family in scene.families]
