"""What truewired's verifier says, read from its command line: the one place that knows the form of that JSON."""
import dataclasses

# The command's words for knobs → the rig's.
KNOB_WORDS = {"tso": "tso", "gso": "gso", "tx": "tx-checksum", "sg": "sg", "gro": "gro", "rx-gro-hw": "gro-hardware",
              "lro": "lro", "gso-max-segs": "gso-max-segs"}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One verdict; see proto/truewire/v1/verify.proto for what the fields mean."""

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
                   fault=value.get("fault", ""), confidence=_word(value.get("confidence", "")),
                   culprits=_knobs(value.get("culprits")), consequences=_knobs(value.get("consequences")),
                   text=value.get("text", ""), evidence=value.get("evidence", ""),
                   mitigated=value.get("seconds_to_mitigated"), proven=value.get("seconds_to_proven"))


def _word(confidence):
    return (confidence or "").removeprefix("CONFIDENCE_").lower()


def verdicts(node):
    """All verdicts so far, oldest first."""
    listed = node.listed("verdicts", "verify", "history")
    return sorted((_verdict(v) for v in listed), key=lambda v: v.number)


def neighbor(node, address):
    """{vantage, reference, reference_invalid, wire, wire_valid, wire_invalid, confidence, …} of one neighbour."""
    listed = node.listed("neighbors", "verify")
    found = next(n for n in listed if n["address"] == address)
    counts = {name: int(value) for name, value in found.get("counts", {}).items()}
    return {"vantage": found.get("vantage", ""), "device": found.get("device", ""),
            "confidence": _word(found.get("confidence", "")), "trial": bool(found.get("trial_running")), **counts}
