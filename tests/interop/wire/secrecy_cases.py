"""Keys and the process that knows them show nowhere.

    truewired AS 112 ──── BIRD AS 64496
"""
import os
import subprocess

from harness.case import case
from harness.lab import NODE, NODE_AS, PEER, PEER_AS, Bird, Truewire
from harness.speaker import Neighbor
from harness.waiting import until

KEY = "do-not-tell-anybody"
NOBODY = 65534


class UnprivilegedTruewire(Truewire):
    """As nobody, in a namespace where port 179 needs no privilege."""

    def command(self):
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *super().command()]

    def start(self):
        self.namespace.sysctl("net/ipv4/ip_unprivileged_port_start", 0)
        self.configure()
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.directory], check=True)
        self.process.start()
        self.wait_ready()
        return self


@case
def no_key_is_in_a_log_a_metric_an_answer_or_a_command_line(lab):
    node, _ = lab.pair(Bird, key=KEY)
    node.wait_established(*PEER.values())
    told = node.ok("neighbors") + node.ok("neighbors", "--json") + node.ok("neighbors", PEER["ipv4"])
    told += node.http_get("/metrics")[1] + node.http_get("/readyz")[1]
    with open(f"/proc/{node.process.pid}/cmdline", encoding="ascii") as file:
        told += file.read()
    for bad in (KEY * 5, KEY + "\0", {KEY: KEY}):  # too long, unfit, mistyped
        node.neighbors[0].extra["md5-key"] = {"text": bad} if isinstance(bad, str) else bad
        done = node.reload()
        assert done.returncode != 0, bad
        told += done.stdout + done.stderr
    told += node.process.log()
    assert KEY not in told.replace(f'"{KEY}"', ""), [line for line in told.splitlines() if KEY in line]
    assert node.established(PEER["ipv4"])


@case
def an_unprivileged_daemon_is_no_open_book_to_its_own_user(lab):
    node_space, _ = lab.linked()
    node = lab.speaker(UnprivilegedTruewire, "node", node_space, NODE_AS, NODE["ipv4"])
    node.neighbors.append(Neighbor(PEER["ipv4"], NODE["ipv4"], PEER_AS, KEY))
    node.start()
    # The kernel gives the entries of an undumpable process to root: not even its own user reads its memory.
    assert os.stat(f"/proc/{node.process.pid}/mem").st_uid == 0
    as_nobody = subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "head", "-c1",
                                f"/proc/{node.process.pid}/maps"], capture_output=True, text=True, check=False)
    assert as_nobody.returncode != 0 and not as_nobody.stdout, as_nobody
    with open(f"/proc/{node.process.pid}/limits", encoding="ascii") as file:
        limits = file.read()
    assert next(line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core")) == ["0", "0"], limits


@case
def a_daemon_that_crashes_leaves_no_core(lab):
    node, _ = lab.pair(Bird, key=KEY)
    node.wait_established(*PEER.values())
    node.process.send(6)
    assert node.process.exit_code() == -6
    until(lambda: not node.process.running(), "the end")
    left = [name for name in os.listdir(node.directory) + os.listdir(".") if name.startswith("core")]
    assert not left, left
