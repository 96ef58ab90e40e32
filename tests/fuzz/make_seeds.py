#!/usr/bin/env python3
"""Writes the first seeds of the fuzzers from tests/vectors/bgp into the directory given, one folder per target.

What is in tests/fuzz/corpus was made by libFuzzer from these: fuzz_X -merge=1 tests/fuzz/corpus/X DIRECTORY/X.
"""
import hashlib
import json
import pathlib
import sys

root = pathlib.Path(__file__).resolve().parents[2]
out = pathlib.Path(sys.argv[1])


def write(target, octets):
    folder = out / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(octets).hexdigest()[:16]).write_bytes(octets)


def context(row):
    """The first octet of an input, as context_of() in message_invariants.h reads it."""
    session = row.get("session", {})
    bits = 0
    if session.get("type") == "ibgp":
        bits |= 0x01
    if row.get("asn_size") == 2 or session.get("as4") is False:
        bits |= 0x02
    if row.get("addpath") or session.get("addpath"):
        bits |= 0x04
    if "dut_role" in session:
        bits |= 0x20
    return bytes([bits])


for name in ("valid.jsonl", "malformed.jsonl"):
    for line in (root / "tests/vectors/bgp" / name).read_text().splitlines():
        row = json.loads(line)
        message = bytes.fromhex(row["hex"])
        write("stream", context(row) + message)
        if message[18:19] == b"\x01":
            write("open", message[19:])
        elif message[18:19] == b"\x02":
            write("update", context(row) + message[19:])
