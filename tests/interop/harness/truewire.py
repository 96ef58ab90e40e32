"""Truewire itself: truewired in a namespace, asked through its command line."""
import http.client
import json
import os

from .speaker import Speaker
from .waiting import until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BINARIES = os.environ.get("TRUEWIRE_BIN", os.path.join(ROOT, "build/release/bin"))


def toml(value):
    """A Python value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }"
    return "[" + ", ".join(toml(v) for v in value) + "]"


def table(header, values):
    return [header] + [f"{key} = {toml(value)}" for key, value in values.items() if value is not None] + [""]


class Truewire(Speaker):
    """truewired with `neighbors`, `ranges` and whatever else `sections` says."""

    implementation = "truewire"

    def __init__(self, lab, label, namespace, asn, router_id):
        self.speaker = {}  # further keys of [speaker]
        self.ranges = []  # dictionaries, one for each [[neighbor-range]]
        self.sections = []  # further TOML, as text
        self.defaults = {"import": "accept-all", "export": "accept-all"}  # of every neighbour
        self.http = "127.0.0.1:9112"
        self.options = []  # further arguments of truewired
        super().__init__(lab, label, namespace, asn, router_id)
        self.state_directory = self.path("state")
        os.makedirs(self.state_directory, mode=0o700, exist_ok=True)

    def command(self):
        return [os.path.join(BINARIES, "truewired"), "--config", self.path("truewire.toml"), "--state-dir",
                self.path("state"), "--foreground", *self.options]

    def configure(self):
        self.process.argv = self.command()
        self.write("truewire.toml", self.text())

    def text(self):
        """The configuration file."""
        lines = table("[speaker]", {"as": self.asn, "router-id": self.router_id, **self.speaker})
        lines += table("[api]", {"listen": [f"unix:{self.socket()}"]})
        if self.http:
            lines += table("[http]", {"listen": self.http})
        for n in self.neighbors:
            lines += table("[[neighbor]]", self._session(n))
        for neighbor_range in self.ranges:
            lines += table("[[neighbor-range]]", {**self.defaults, **neighbor_range})
        if self.originated:
            lines += table("[[originate]]", {"prefixes": self.originated})
        return "\n".join(lines + self.sections) + "\n"

    def _session(self, n):
        key = None
        if n.key:
            key = {"file": self.write(f"key-{n.address.replace(':', '-')}", n.key + "\n")}
        values = {"address": n.address, "as": n.asn, "md5-key": key, "passive": n.passive, "families": list(n.families),
                  "local-address": n.local_address, "hold-time": n.hold, "idle-hold-max": 2, "connect-retry": 2,
                  "connect-timeout": 3, **self.defaults}
        if n.reflector_client:
            values["route-reflector-client"] = True
        values.update(n.extra)
        return values

    def socket(self):
        return self.path("api.sock")

    def start(self):
        """Started, and answering on its API."""
        super().start()
        self.wait_ready()
        return self

    def wait_ready(self, seconds=20):
        def answers():
            if not self.process.running():
                raise RuntimeError(f"truewired ended:\n{self.process.log()[-2000:]}")
            return os.path.exists(self.socket()) and self.cli("neighbors").returncode == 0

        until(answers, "truewired to answer on its API", seconds)

    def start_expecting_failure(self, seconds=20):
        """Starts it with a configuration that it cannot run with: (exit code, log)."""
        self.configure()
        self.process.start()
        return self.process.exit_code(seconds), self.process.log()

    def cli(self, *words, timeout=30):
        """truewire WORDS…, as a finished process."""
        return self.namespace.run(os.path.join(BINARIES, "truewire"), "--socket", f"unix:{self.socket()}", *words,
                                  timeout=timeout)

    def ok(self, *words):
        """truewire WORDS…, which must succeed: its output."""
        done = self.cli(*words)
        assert done.returncode == 0, f"truewire {' '.join(words)}: exit {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def listed(self, kind, *words):
        """The objects that a command prints with --json, whether as one list, as {kind: [...]} or one a line."""
        text = self.ok(*words, "--json")
        decoder, position, values = json.JSONDecoder(), 0, []
        while position < len(text):
            if text[position].isspace():
                position += 1
                continue
            value, position = decoder.raw_decode(text, position)
            if isinstance(value, dict) and kind in value:
                value = value[kind]
            values += value if isinstance(value, list) else [value] if value else []
        return values

    def neighbor(self, address):
        """The status of one neighbour, or None."""
        return next((n for n in self.listed("neighbors", "neighbors") if n["address"] == address), None)

    def state(self, address):
        return (self.neighbor(address) or {}).get("state", "").removeprefix("SESSION_STATE_")

    def established(self, address):
        return self.state(address) == "ESTABLISHED"

    def last_error(self, address):
        return (self.neighbor(address) or {}).get("last_error", "")

    def wait_error(self, address, *texts, seconds=40):
        """Waits until the neighbour's last error contains every one of these texts, or the log says that it did: the
        next attempt may fail, and say something else, before anybody has looked."""
        def says():
            error = self.last_error(address)
            told = [error] + [line for line in self.process.log().splitlines() if f"neighbor {address}:" in line]
            assert any(all(text.lower() in line.lower() for text in texts) for line in told), f"last error is {error!r}"
            return True

        until(says, f"the last error of {address} to contain {texts}", seconds)

    def routes(self, *words):
        return self.listed("routes", "routes", *words)

    def received_routes(self, address):
        routes = self.routes("--table", "adj-in", "--neighbor", address)
        return {r["prefix"]: path_of(r) for r in routes}

    def announce(self, prefix):
        self.ok("route", "add", prefix)

    def withdraw(self, prefix):
        self.ok("route", "delete", prefix)

    def reload(self):
        """Writes the configuration anew and applies it: the finished command."""
        self.configure()
        return self.cli("reload")

    def http_get(self, path):
        """(status, body) of the HTTP endpoint."""
        host, port = self.http.rsplit(":", 1)
        with self.namespace.entered():
            connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=10)
            connection.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        try:
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def metric(self, sample):
        """The value of one sample of /metrics, labels included: 'name{label="value"}'."""
        status, body = self.http_get("/metrics")
        assert status == 200, body
        values = dict(line.rsplit(" ", 1) for line in body.splitlines() if line and not line.startswith("#"))
        assert sample in values, f"no {sample} in {sorted(values)}"
        return float(values[sample])

    def memory_kib(self):
        """Resident memory."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def path_of(route):
    """The AS path of a route of the API as a flat list."""
    return [n for segment in route.get("attributes", {}).get("as_path", []) for n in segment.get("numbers", [])]


