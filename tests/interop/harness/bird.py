"""BIRD 2 as a peer."""
import re

from .speaker import Speaker, as_path, is_v6


class Bird(Speaker):
    implementation = "bird"
    extra_session_lines = ()  # further lines for every session, e.g. "ttl security on;"

    def command(self):
        return ["/usr/sbin/bird", "-f", "-c", self.path("bird.conf"), "-s", self.path("bird.ctl")]

    def configure(self):
        self.write("bird.conf", self._text())

    def _text(self):
        lines = ["log stderr all;", f"router id {self.router_id};", "protocol device { }"]
        for family, channel in ((False, "ipv4"), (True, "ipv6")):
            routes = "".join(f"  route {p} unreachable;\n" for p in self.originated if is_v6(p) == family)
            lines.append(f"protocol static originated_{channel} {{\n  {channel};\n{routes}}}")
        for number, neighbor in enumerate(self.neighbors):
            lines += self._session(number, neighbor)
        return "\n".join(lines) + "\n"

    def _session(self, number, neighbor):
        yield f"protocol bgp n{number} {{"
        yield f"  local {neighbor.local_address} as {self.asn};"
        yield f"  neighbor {neighbor.address} as {neighbor.asn};"
        yield f"  hold time {neighbor.hold};"
        yield "  connect delay time 1; connect retry time 2; error wait time 1, 2; startup hold time 60;"
        if neighbor.key:
            yield f'  password "{neighbor.key}";'
        if neighbor.passive:
            yield "  passive on;"
        if neighbor.two_octet_as:
            yield "  enable as4 off;"
        if neighbor.reflector_client:
            yield "  rr client;"
        for line in self.extra_session_lines:
            yield "  " + line
        for family in neighbor.families:
            channel = family.split("-")[0]
            yield f"  {channel} {{ import all; import table on; next hop self;"
            yield f'    export where source = RTS_STATIC || proto != "n{number}"; }};'
        yield "}"

    def control(self, *words):
        """birdc WORDS…, its answer without the greeting."""
        done = self.namespace.run("/usr/sbin/birdc", "-s", self.path("bird.ctl"), *words)
        return "\n".join(done.stdout.splitlines()[1:])

    def protocol(self, address):
        return next(f"n{i}" for i, neighbor in enumerate(self.neighbors) if neighbor.address == address)

    def details(self, address):
        return self.control("show", "protocols", "all", self.protocol(address))

    def established(self, address):
        return "BGP state:          Established" in self.details(address)

    def received_routes(self, address):
        routes, prefix = {}, None
        channel = "ipv6" if is_v6(address) else "ipv4"
        families = next(n.families for n in self.neighbors if n.address == address)
        for family in families or (channel,):
            table = family.split("-")[0]
            text = self.control("show", "route", "import", "table", f"{self.protocol(address)}.{table}", "all")
            for line in text.splitlines():
                if match := re.match(r"(\S+/\d+)\s", line):
                    prefix = match.group(1)
                    routes[prefix] = []
                elif match := re.match(r"\s+BGP\.as_path:(.*)", line):
                    routes[prefix] = as_path(match.group(1))
        return routes

    def reconfigure(self):
        self.configure()
        answer = self.control("configure")
        assert "Reconfigured" in answer or "Reconfiguration in progress" in answer, answer

    def announce(self, prefix):
        self.originated.append(prefix)
        self.reconfigure()

    def withdraw(self, prefix):
        self.originated.remove(prefix)
        self.reconfigure()
