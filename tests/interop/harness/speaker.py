"""What every speaker in the tests has in common, whoever wrote it."""
import abc
import dataclasses
import ipaddress
import os

from .process import Process
from .waiting import until


def is_v6(text):
    return ":" in text


def family_of(text):
    return "ipv6-unicast" if is_v6(text) else "ipv4-unicast"


def as_path(text):
    """"64500 {64501 64502}" → [64500, 64501, 64502]."""
    return [int(word.strip("{},()[]")) for word in text.replace(",", " ").split() if word.strip("{},()[]").isdigit()]


@dataclasses.dataclass
class Neighbor:
    """A session as one side configures it."""

    address: str  # of the other side
    local_address: str
    asn: int  # of the other side
    key: str | None = None
    passive: bool = False  # does not connect
    hold: int = 90  # seconds
    families: tuple = ()  # default: the family of the address
    two_octet_as: bool = False  # does not offer RFC 6793
    reflector_client: bool = False
    extra: dict = dataclasses.field(default_factory=dict)  # further settings; Truewire's own names

    def __post_init__(self):
        self.families = self.families or (family_of(self.address),)


class Speaker(abc.ABC):
    """A BGP speaker in a namespace: configured by `neighbors` and `originated`, then started."""

    implementation = ""  # for case names

    def __init__(self, lab, label, namespace, asn, router_id):
        self.lab = lab
        self.label = label
        self.namespace = namespace
        self.asn = asn
        self.router_id = router_id
        self.neighbors = []
        self.originated = []  # prefixes announced to every neighbour, as text
        self.directory = os.path.join(lab.directory, label)
        os.makedirs(self.directory, mode=0o755)
        self.process = Process(label, namespace, self.command(), self.path("log"), self.environment(), self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text, mode=0o600):
        """Writes a file of this speaker, whole or not at all."""
        path = self.path(name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def environment(self):
        return {}

    @abc.abstractmethod
    def command(self):
        """The argv that runs it in the foreground."""

    @abc.abstractmethod
    def configure(self):
        """Writes its configuration from neighbors and originated."""

    @abc.abstractmethod
    def established(self, address):
        """Whether the session with the neighbour of that address is Established."""

    @abc.abstractmethod
    def received_routes(self, address):
        """{prefix: [AS path]} of what that neighbour announces now."""

    @abc.abstractmethod
    def announce(self, prefix):
        """Originates a prefix while running."""

    @abc.abstractmethod
    def withdraw(self, prefix):
        """Takes back what announce() or originated said."""

    def start(self):
        self.configure()
        self.process.start()
        return self

    def kill(self):
        self.process.kill()

    def restart(self):
        """Killed without goodbye, and started again."""
        self.process.kill()
        self.start()

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()

    def close(self):
        self.process.stop(seconds=3)

    def wait_established(self, *addresses, seconds=40):
        for address in addresses:
            until(lambda address=address: self.established(address), f"{self.label}'s session with {address}", seconds)

    def wait_down(self, *addresses, seconds=40):
        for address in addresses:
            until(lambda address=address: not self.established(address),
                  f"{self.label}'s session with {address} to end", seconds)

    def wait_received(self, address, prefix, path=None, seconds=30):
        """Waits until the neighbour's announcement of prefix is here, with this AS path if one is given."""
        prefix = str(ipaddress.ip_network(prefix))

        def here():
            routes = self.received_routes(address)
            if path is None:
                return prefix in routes or None
            assert routes.get(prefix) == path, f"{prefix} of {routes}"
            return True

        until(here, f"{self.label} to receive {prefix} from {address}", seconds)

    def wait_withdrawn(self, address, prefix, seconds=30):
        prefix = str(ipaddress.ip_network(prefix))
        until(lambda: prefix not in self.received_routes(address),
              f"{self.label} to lose {prefix} from {address}", seconds)
