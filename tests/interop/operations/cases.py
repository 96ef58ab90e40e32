"""An operator at work: reloading, taking out of service, refreshing, watching, asking for health.

    truewired AS 112 ──── BIRD or FRR AS 64496, IPv4 and IPv6
"""
import json
import os
import signal

from harness.case import case
from harness.lab import NODE, PEER, Bird, Frr, add_address
from harness.process import Process
from harness.raw_peer import RawPeer
from harness.speaker import Neighbor
from harness.waiting import throughout, until

V4, V6 = PEER["ipv4"], PEER["ipv6"]
US = NODE["ipv4"]


def endpoints(node, *addresses):
    """Ports and all: the same TCP connections as long as this stays the same."""
    return [(node.neighbor(a)["local_endpoint"], node.neighbor(a)["remote_endpoint"]) for a in addresses]


@case(how=["command", "SIGHUP"])
def a_reload_touches_only_the_neighbour_that_changed(lab, how):
    node, _ = lab.pair(Bird, key="a-key")
    node.wait_established(V4, V6)
    kept, changed = endpoints(node, V4), endpoints(node, V6)
    node.neighbors[1].hold = 45
    node.neighbors[1].extra["extended-messages"] = False
    if how == "command":
        assert node.reload().returncode == 0
    else:
        node.configure()
        node.process.send(signal.SIGHUP)
    until(lambda: node.established(V6) and endpoints(node, V6) != changed, "the changed neighbour's new connection")
    assert endpoints(node, V4) == kept
    assert node.neighbor(V4).get("flaps", "0") in (0, "0")


@case
def a_reload_without_a_change_touches_nothing(lab):
    node, other = lab.pair(Bird, key="a-key", start=False)
    node.originated = ["198.51.100.0/24"]
    other.start()
    node.start()
    node.wait_established(V4, V6)
    other.wait_received(US, "198.51.100.0/24")
    kept = endpoints(node, V4, V6)
    updates = node.neighbor(V4)["sent"]["update"]
    for _ in range(5):
        assert node.reload().returncode == 0
    assert endpoints(node, V4, V6) == kept
    assert node.neighbor(V4)["sent"]["update"] == updates, "UPDATEs were sent though nothing changed"


@case(how=["command", "SIGHUP"])
def a_bad_file_changes_nothing_and_is_explained(lab, how):
    node, _ = lab.pair(Bird, key="a-key")
    node.wait_established(V4, V6)
    kept = endpoints(node, V4, V6)
    node.neighbors[1].hold = 45
    node.neighbors[1].extra["extended-messages"] = False
    node.sections = ["[speeker]"]
    if how == "command":
        done = node.reload()
        assert done.returncode != 0
        told = done.stdout + done.stderr
    else:
        node.configure()
        node.process.send(signal.SIGHUP)
        until(lambda: "speeker" in node.process.log(), "the log to explain")
        told = node.process.log()
    assert "truewire.toml:" in told and "speeker" in told and "speaker" in told, told
    throughout(lambda: endpoints(node, V4, V6) == kept, "both connections", 1)


@case
def a_bad_file_at_the_start_is_explained_and_nothing_runs(lab):
    node, _ = lab.pair(Bird, start=False)
    node.neighbors[0].extra["pasive"] = True
    code, log = node.start_expecting_failure()
    assert code > 0
    assert "truewire.toml:" in log and "pasive" in log and "passive" in log, log
    done = node.namespace.run(node.command()[0].removesuffix("d"), "check", node.path("truewire.toml"))
    assert done.returncode != 0 and "pasive" in done.stdout + done.stderr, done


@case
def neighbours_are_added_and_removed_by_reload(lab):
    node, other = lab.pair(Bird, key="a-key")
    node.wait_established(V4, V6)
    kept = endpoints(node, V4)
    removed = node.neighbors.pop()
    assert node.reload().returncode == 0
    until(lambda: node.neighbor(V6) is None, "the neighbour to be gone")
    other.wait_down(NODE["ipv6"])
    assert endpoints(node, V4) == kept
    node.neighbors.append(removed)
    assert node.reload().returncode == 0
    node.wait_established(V6)
    assert endpoints(node, V4) == kept


@case
def originated_prefixes_are_added_and_removed_by_reload(lab):
    node, other = lab.pair(Bird, families=["ipv4"])
    node.wait_established(V4)
    kept = endpoints(node, V4)
    node.originated = ["198.51.100.0/24"]
    assert node.reload().returncode == 0
    other.wait_received(US, "198.51.100.0/24", [112])
    node.originated = []
    assert node.reload().returncode == 0
    other.wait_withdrawn(US, "198.51.100.0/24")
    assert endpoints(node, V4) == kept


@case(peer=[Bird, Frr])
def the_reason_of_a_shutdown_reaches_the_peer(lab, peer):
    node, other = lab.pair(peer, families=["ipv4"])
    node.wait_established(V4)
    node.neighbors[0].extra["shutdown"] = "maintenance until noon"
    assert node.reload().returncode == 0
    other.wait_down(US)
    if peer is Bird:
        other.process.wait_for_log("maintenance until noon")
    else:
        until(lambda: "maintenance until noon" in json.dumps(other.details(US)) + other.process.log(),
              "FRR to know why")
    assert node.neighbor(V4)["admin_down"]
    throughout(lambda: not node.established(V4), "the session staying down", 3)
    del node.neighbors[0].extra["shutdown"]
    assert node.reload().returncode == 0
    node.wait_established(V4)


@case
def shutdown_and_enable_take_a_neighbour_out_of_service_and_back(lab):
    node, other = lab.pair(Bird)
    node.wait_established(V4, V6)
    kept = endpoints(node, V6)
    node.ok("shutdown", V4, "--message", "cleaning the fibre")
    other.wait_down(US)
    other.process.wait_for_log("cleaning the fibre")
    throughout(lambda: node.neighbor(V4)["admin_down"] and not node.established(V4), "the session staying down", 3)
    node.ok("enable", V4)
    node.wait_established(V4)
    assert endpoints(node, V6) == kept
    assert node.cli("shutdown", "198.51.100.1").returncode == 1, "an unknown neighbour is shut down"


@case
def a_hard_reset_tells_why_and_comes_back(lab):
    node, other = lab.pair(Bird, families=["ipv4"])
    node.wait_established(V4)
    before = endpoints(node, V4)
    node.ok("reset", V4, "--message", "trying again")
    other.process.wait_for_log("trying again")
    until(lambda: node.established(V4) and endpoints(node, V4) != before, "a new connection")


@case
def a_soft_reset_asks_for_the_routes_again_and_keeps_the_session(lab):
    node, other = lab.pair(Frr, families=["ipv4"], start=False)
    other.originated = ["203.0.113.0/24"]
    other.start()
    node.start()
    node.wait_received(V4, "203.0.113.0/24")
    before, counts = endpoints(node, V4), node.neighbor(V4)
    node.ok("reset", V4, "--soft")
    until(lambda: int(node.neighbor(V4)["received"]["update"]) > int(counts["received"]["update"]), "the routes again")
    assert int(node.neighbor(V4)["sent"]["route_refresh"]) >= 1
    assert endpoints(node, V4) == before
    assert not [r for r in node.routes("--table", "adj-in", "--neighbor", V4) if r.get("stale")]
    assert "203.0.113.0/24" in node.received_routes(V4)


@case
def the_peers_reason_for_a_shutdown_is_shown(lab):
    node, other = lab.pair(Bird, families=["ipv4"])
    node.wait_established(V4)
    other.control("disable", "n0", '"replacing the line card"')
    node.wait_error(V4, "replacing the line card")
    other.control("enable", "n0")
    node.wait_established(V4)


@case
def a_peer_that_asks_again_gets_all_routes_again(lab):
    node, other = lab.pair(Frr, families=["ipv4"], start=False)
    other.keeps_what_it_received = False  # or it would not have to ask
    node.originated = ["198.51.100.0/24", "198.51.101.0/24"]
    other.start()
    node.start()
    other.wait_received(US, "198.51.101.0/24")
    before = node.neighbor(V4)
    other.shell(f"clear bgp ipv4 unicast {US} soft in")
    until(lambda: int(node.neighbor(V4)["received"].get("route_refresh", 0)) == 1, "the request")
    until(lambda: int(node.neighbor(V4)["sent"]["update"]) > int(before["sent"]["update"]), "the routes again")
    assert node.neighbor(V4)["local_endpoint"] == before["local_endpoint"]
    assert set(other.received_routes(US)) == {"198.51.100.0/24", "198.51.101.0/24"}


@case
def routes_added_through_the_api_are_announced_and_survive_a_kill_if_asked_to(lab):
    node, other = lab.pair(Bird, families=["ipv4"])
    node.wait_established(V4)
    for number in range(20):
        node.ok("route", "add", f"10.1.{number}.0/24", "--persistent")
    node.ok("route", "delete", "10.1.7.0/24")
    node.kill()  # right after the last acknowledgement
    node.start()
    expected = {f"10.1.{n}.0/24" for n in range(20)} - {"10.1.7.0/24"}
    assert {r["prefix"] for r in node.routes()} == expected
    node.wait_established(V4)
    until(lambda: set(other.received_routes(US)) == expected, "exactly the persistent routes")
    assert node.cli("route", "delete", "10.99.0.0/16").returncode == 1, "deleting what is not there succeeds"
    assert node.cli("route", "add", "10.1.0.1/24").returncode in (1, 2), "host bits are accepted"
    node.process.stop()
    assert node.cli("routes").returncode == 3  # no daemon answers


@case
def watch_tells_what_happens(lab):
    node, other = lab.pair(Bird, families=["ipv4"], start=False)
    node.start()
    watcher = Process("watcher", node.namespace, [node.command()[0].removesuffix("d"), "--socket",
                                                  f"unix:{node.socket()}", "watch", "neighbors", "--json"],
                      node.path("watch.log"))
    watcher.start()
    lab.at_end(watcher.kill)
    other.start()
    node.wait_established(V4)
    watcher.wait_for_log("ESTABLISHED")
    other.announce("203.0.113.0/24")
    node.wait_received(V4, "203.0.113.0/24")
    other.kill()
    down = ("IDLE", "CONNECT", "ACTIVE")
    until(lambda: watcher.log().rfind("ESTABLISHED") < max(watcher.log().rfind(state) for state in down),
          "the loss to be told")


@case
def health_is_told_over_http(lab):
    node, other = lab.pair(Bird, families=["ipv4"], start=False)
    node.start()
    assert node.http_get("/livez")[0] == 200
    status, reasons = node.http_get("/readyz")
    assert status == 503 and reasons.strip(), (status, reasons)
    assert node.cli("status").returncode == 4  # not ready
    other.start()
    node.wait_established(V4)
    until(lambda: node.http_get("/readyz")[0] == 200, "readiness")
    assert node.metric("truewire_neighbors_established") == 1
    assert node.cli("status").returncode == 0
    assert node.http_get("/nothing-here")[0] == 404


@case
def sigterm_says_goodbye_and_leaves_no_socket(lab):
    node, other = lab.pair(Bird, key="a-key")
    node.wait_established(V4, V6)
    node.process.send(signal.SIGTERM)
    assert node.process.exit_code(10) == 0
    other.wait_down(US, NODE["ipv6"], seconds=5)
    assert "Administrative shutdown" in other.process.log() or "Received: " in other.details(US), other.details(US)
    assert not os.path.exists(node.socket())


@case
def a_rolling_reload_of_many_neighbours_keeps_the_others(lab):
    node, other = lab.pair(Bird, families=["ipv4"], start=False)
    peers = []
    for host in range(20, 40):
        add_address(other.namespace, "eth0", f"192.0.2.{host}", 24)
        node.neighbors.append(Neighbor(f"192.0.2.{host}", US, 64500, passive=True, hold=0))
    other.start()
    node.start()
    for host in range(20, 40):
        peer = RawPeer.connect(other.namespace, US, f"192.0.2.{host}")
        peer.establish(64500, f"10.0.0.{host}", hold=0)
        peers.append(peer)
    node.wait_established(V4, "192.0.2.39")
    node.neighbors = node.neighbors[:11]
    assert node.reload().returncode == 0
    for peer in peers[10:]:
        assert peer.notification()[:2] == (6, 3)  # Cease, peer de-configured
        peer.wait_closed()
    for peer in peers[:10]:
        peer.pump(0)
        assert not peer.closed
    assert node.metric("truewire_neighbors_established") == 11
