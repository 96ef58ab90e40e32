"""Keys that do not agree: no session comes up, and the operator is told what the host can know.

    truewired, key A ──── each peer in turn, with key B, with no key, or with a key where we have none

When we connect, all that we see is silence; it is called what it may be. When the peer connects, our kernel refuses its
segments and counts why; the counters are reported. Once the keys agree, the session comes up by itself.
"""
from harness.case import case
from harness.lab import NODE, PEER, PEERS, Bird
from harness.waiting import until

SILENCE = "unreachable, or wrong or missing key"
KEYS = {  # name → (ours, the peer's, the counter of our kernel that grows when the peer connects)
    "wrong": ("key-a", "key-b", "TCPMD5Failure"),
    "missing-at-peer": ("key-a", None, "TCPMD5NotFound"),
    "missing-here": (None, "key-b", "TCPMD5Unexpected"),
}
REASON = {"TCPMD5Failure": "failure", "TCPMD5NotFound": "not-found", "TCPMD5Unexpected": "unexpected"}


def never_established(node):
    for address in PEER.values():
        assert int(node.neighbor(address).get("established_count", 0)) == 0, node.neighbor(address)


@case(peer=PEERS, keys=list(KEYS))
def silence_from_a_peer_that_we_connect_to_names_the_key(lab, peer, keys):
    ours, theirs, _ = KEYS[keys]
    node, _ = lab.pair(peer, key=ours, peer_key=theirs, connects="node")
    for address in PEER.values():
        node.wait_error(address, SILENCE)
    never_established(node)


@case(peer=PEERS, keys=list(KEYS))
def what_the_kernel_refuses_from_a_connecting_peer_is_counted(lab, peer, keys):
    ours, theirs, counter = KEYS[keys]
    node, _ = lab.pair(peer, key=ours, peer_key=theirs, connects="peer")
    until(lambda: node.namespace.tcp_counters()[counter] > 0, f"the kernel to count {counter}")

    sample = f'truewire_md5_refused_segments_total{{reason="{REASON[counter]}"}}'
    until(lambda: node.metric(sample) > 0, "the metrics to tell it")
    never_established(node)


@case
def refused_signatures_are_logged_with_the_neighbours_that_may_be_meant(lab):
    node, _ = lab.pair(Bird, key="key-a", peer_key="key-b", connects="peer", families=["ipv4"])
    until(lambda: node.namespace.tcp_counters()["TCPMD5Failure"] > 0, "the kernel to refuse a segment")
    until(lambda: any(PEER["ipv4"] in line and "TCPMD5Failure" in line for line in node.process.log().splitlines()),
          "a log line that names counter and neighbour")


@case
def a_neighbour_that_signs_though_it_has_no_key_here_is_named(lab):
    node, _ = lab.pair(Bird, key=None, peer_key="key-b", connects="peer", families=["ipv4"])
    words = "signs with TCP-MD5 and no key is configured for it"
    until(lambda: any(PEER["ipv4"] in line and words in line for line in node.process.log().splitlines()),
          "a log line that names the neighbour")
    assert int(node.neighbor(PEER["ipv4"]).get("established_count", 0)) == 0, node.neighbor(PEER["ipv4"])


@case(peer=PEERS)
def once_the_keys_agree_the_session_comes_up(lab, peer):
    node, other = lab.pair(peer, key="key-a", peer_key="key-b", connects="node")
    for address in PEER.values():
        node.wait_error(address, SILENCE)
    for session in other.neighbors:
        session.key = "key-a"
    other.restart()
    node.wait_established(*PEER.values())
    other.wait_established(*NODE.values())


@case
def a_key_of_eighty_octets_works_and_one_of_eighty_one_is_refused(lab):
    node, other = lab.pair(Bird, key="k" * 80)
    node.wait_established(*PEER.values())
    node.neighbors[0].key = "k" * 81
    node.process.stop()
    node.configure()
    node.process.start()
    until(lambda: "80" in node.process.log() and PEER["ipv4"] in node.process.log(), "the log to name the limit")
    assert not node.established(PEER["ipv4"])
    assert "kkkk" not in node.process.log(), "the key is in the log"
    other.wait_established(NODE["ipv6"])
