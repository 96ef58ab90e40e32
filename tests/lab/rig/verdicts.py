"""What truewired's verifier says, read from its command line: the one place that knows the form of that JSON."""
import dataclasses

# The command's words for knobs → the rig's.
KNOB_WORDS = {"tso": "tso", "gso": "gso", "tx": "tx-checksum", "sg": "sg", "gro": "gro", "rx-gro-hw": "gro-hardware",
              "lro": "lro", "gso-max-segs": "gso-max-segs"}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One verdict; what the fields mean is said in proto/truewire/v1/verify.proto."""

    number: int
    neighbor: str
    device: str
    fault: str
    confidence: str  # "reported", "undecidable", "suspected", "mitigated", "proven"
    culprits: frozenset
    consequences: frozenset
    text: str
    evidence: str
    mitigated: float | None  # seconds from the first damage
    proven: float | None


def _knobs(words):
    return frozenset(KNOB_WORDS.get(word, word) for word in words or ())


def _verdict(value):
    return Verdict(number=int(value.get("id", 0)), neighbor=value.get("neighbor", ""), device=value.get("device", ""),
                   fault=value.get("fault", ""), confidence=value.get("confidence", ""),
                   culprits=_knobs(value.get("culprits")), consequences=_knobs(value.get("consequences")),
                   text=value.get("text", ""), evidence=value.get("evidence", ""),
                   mitigated=value.get("seconds_to_mitigated"), proven=value.get("seconds_to_proven"))


def verdicts(node):
    """All verdicts so far, oldest first."""
    listed = node.listed("verdicts", "verify", "history")
    return sorted((_verdict(v) for v in listed), key=lambda v: v.number)


@dataclasses.dataclass(frozen=True)
class Seen:
    """What the verifier has seen of one neighbour."""

    vantage: str = ""
    checked: int = 0
    valid: int = 0
    invalid: int = 0
    trial: bool = False


def neighbor(node, address):
    """Of a neighbour that has no key: nothing."""
    listed = node.listed("neighbors", "verify")
    found = next((n for n in listed if n["address"] == address), {})
    return Seen(vantage=found.get("vantage", ""), checked=int(found.get("segments_checked", 0)),
                valid=int(found.get("valid", 0)), invalid=int(found.get("invalid", 0)),
                trial=bool(found.get("trial_running")))
