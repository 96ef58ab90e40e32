"""A host that does not give what is needed: a clear message, an honest exit code, and nothing half done.

    truewired alone, or with BIRD AS 64496
"""
import os
import socket
import subprocess

from harness.case import case
from harness.lab import NODE, PEER, Bird, Truewire
from harness.speaker import Neighbor

V4 = PEER["ipv4"]


def alone(lab):
    node = lab.speaker(Truewire, "node", lab.namespace("node"), 112, NODE["ipv4"])
    node.neighbors.append(Neighbor(V4, NODE["ipv4"], 64496))
    node.neighbors[0].extra["local-address"] = None
    return node


def says(log, *words):
    """One line of the log holds all of these."""
    assert any(all(w in line for w in words) for line in log.splitlines()), f"no line with {words} in:\n{log[-3000:]}"


@case
def a_missing_configuration_is_named(lab):
    node = alone(lab)
    node.process.start()
    code = node.process.exit_code(20)
    assert code > 0, code
    says(node.process.log(), "truewire.toml", "No such file")


@case
def a_second_daemon_does_not_take_the_first_ones_api(lab):
    node, _ = lab.pair(Bird, families=["ipv4"])
    node.wait_established(V4)
    second = lab.speaker(Truewire, "second", lab.namespace("second"), 112, "10.0.0.2")
    second.socket = node.socket
    code, log = second.start_expecting_failure()
    assert code > 0, code
    says(log, node.socket(), "another truewired")
    assert node.established(V4), "the first daemon no longer answers"


@case
def a_directory_for_the_api_socket_that_is_not_there_is_named(lab):
    node = alone(lab)
    node.socket = lambda: "/nonexistent/api.sock"
    code, log = node.start_expecting_failure()
    assert code > 0, code
    says(log, "/nonexistent/api.sock")


@case
def a_missing_key_file_is_named_and_only_that_neighbour_stays_down(lab):
    node, other = lab.pair(Bird, key="a-key", start=False)
    node.neighbors[0].key = None
    node.neighbors[0].extra["md5-key"] = {"file": "/nonexistent/key"}
    other.start()
    node.start()
    node.wait_established(PEER["ipv6"])
    says(node.process.log(), V4, "/nonexistent/key")
    assert not node.established(V4)
    node.wait_error(V4, "/nonexistent/key")


@case
def a_key_file_that_others_may_read_is_refused(lab):
    node, other = lab.pair(Bird, key="a-key", start=False)
    other.start()
    path = node.write("open-key", "a-key\n", mode=0o644)
    node.neighbors[0].key = None
    node.neighbors[0].extra["md5-key"] = {"file": path}
    node.start()
    node.wait_established(PEER["ipv6"])
    says(node.process.log(), V4, path)
    assert not node.established(V4)


@case
def a_port_in_use_is_named(lab):
    node = alone(lab)
    with node.namespace.entered():
        blocker = socket.create_server(("0.0.0.0", 179))
    lab.at_end(blocker.close)
    code, log = node.start_expecting_failure()
    assert code > 0, code
    says(log, "179", "use")


@case
def an_http_port_in_use_is_named(lab):
    node = alone(lab)
    with node.namespace.entered():
        blocker = socket.create_server(("127.0.0.1", 9112))
    lab.at_end(blocker.close)
    code, log = node.start_expecting_failure()
    assert code > 0, code
    says(log, "9112", "use")


def as_nobody(node):
    """Makes the speaker run without any privilege; its files become nobody's."""
    node.configure()
    for path, directories, files in os.walk(node.directory):
        for name in (path, *(os.path.join(path, n) for n in directories + files)):
            os.chown(name, 65534, 65534)
    command = Truewire.command(node)
    node.command = lambda: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", *command]
    node.process.argv = node.command()


@case
def no_privileges_for_the_port_is_named_with_the_remedy(lab):
    node = alone(lab)
    as_nobody(node)
    node.process.start()
    code = node.process.exit_code(20)
    assert code > 0, code
    says(node.process.log(), "179", "CAP_NET_BIND_SERVICE")


@case
def an_unprivileged_port_needs_no_privileges_at_all(lab):
    node, other = lab.pair(Bird, key="a-key", connects="node", families=["ipv4"], start=False)
    node.speaker["port"] = 1179
    as_nobody(node)
    other.start()
    node.process.start()
    node.wait_ready()
    node.wait_established(V4)


@case
def without_a_state_directory_only_persistent_routes_are_refused(lab):
    node, other = lab.pair(Bird, families=["ipv4"], start=False)
    os.rmdir(node.state_directory)
    with open(node.state_directory, "w", encoding="ascii"):
        pass
    other.start()
    node.start()
    says(node.process.log(), "error", node.state_directory)
    node.wait_established(V4)
    assert node.cli("route", "add", "198.51.100.0/24", "--persistent").returncode == 1
    node.announce("198.51.101.0/24")
    other.wait_received(NODE["ipv4"], "198.51.101.0/24")
    assert {r["prefix"] for r in node.routes()} == {"198.51.101.0/24"}


@case
def a_full_disk_refuses_persistent_routes_and_nothing_else(lab):
    node, other = lab.pair(Bird, families=["ipv4"], start=False)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", node.state_directory], check=True)
    lab.at_end(lambda: (node.process.stop(), subprocess.run(["umount", "-l", node.state_directory], check=True)))
    other.start()
    node.start()
    node.wait_established(V4)
    node.ok("route", "add", "198.51.100.0/24", "--persistent")
    filler = os.path.join(node.state_directory, "filler")
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 512)
        except OSError:
            pass
    refused = None
    for number in range(400):  # what the store has already may hold some more
        done = node.cli("route", "add", f"10.0.{number % 256}.{number // 256 * 128}/25", "--persistent")
        if done.returncode != 0:
            refused = done
            break
    assert refused, "every persistent route was acknowledged on a full disk"
    told = (refused.stdout + refused.stderr).lower()
    assert "disk" in told or "space" in told, told
    node.ok("route", "add", "198.51.101.0/24")
    other.wait_received(NODE["ipv4"], "198.51.101.0/24")
    assert node.established(V4)
    os.remove(filler)
    node.ok("route", "add", "198.51.102.0/24", "--persistent")
    node.kill()
    node.start()
    prefixes = {r["prefix"] for r in node.routes()}
    assert {"198.51.100.0/24", "198.51.102.0/24"} <= prefixes and "198.51.101.0/24" not in prefixes, prefixes


@case
def a_process_of_an_ordinary_user_is_not_dumpable(lab):
    node, other = lab.pair(Bird, key="the-secret-key", connects="node", families=["ipv4"], start=False)
    node.speaker["port"] = 1179
    as_nobody(node)
    other.start()
    node.process.start()
    node.wait_ready()
    # The owner of /proc/PID tells it: the user of a dumpable process, root of one that is not.
    assert os.stat(f"/proc/{node.process.pid}/mem").st_uid == 0
    read = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat",
                           f"/proc/{node.process.pid}/maps"], capture_output=True, check=False)
    assert read.returncode != 0, "its own user can read its memory map"
    node.process.send(6)  # SIGABRT
    assert node.process.exit_code() == -6
    leftovers = [n for n in os.listdir(node.directory) if "core" in n]
    assert not leftovers, leftovers


@case
def the_key_is_in_nothing_that_is_shown(lab):
    secret = "the-secret-key-of-this-case"
    node, _ = lab.pair(Bird, key=secret, families=["ipv4"])
    node.neighbors[0].extra["md5-key"] = {"text": secret}
    assert node.reload().returncode == 0
    node.wait_established(V4)
    shown = [node.ok("neighbors"), node.ok("neighbors", "--json"), node.http_get("/metrics")[1],
             node.http_get("/readyz")[1], node.process.log()]
    with open(f"/proc/{node.process.pid}/cmdline", encoding="utf-8") as file:
        shown.append(file.read())
    for text in shown:
        assert secret not in text, text
