"""The registry of cases: a case is a function that gets a Lab, and fails by raising."""
import dataclasses
import itertools
import os


@dataclasses.dataclass
class Case:
    name: str  # topology/file:function[parameters]
    function: callable
    parameters: dict
    seconds: int  # after which it is ended


CASES = []


def case(function=None, *, seconds=120, **parameters):
    """Registers a case; with parameters (name → values), one for each combination of their values.

    The function's name is a sentence about what is expected. It is called with the Lab and one value of each parameter.
    """
    if function is None:
        return lambda f: case(f, seconds=seconds, **parameters)
    topology = os.path.basename(os.path.dirname(function.__code__.co_filename))
    for values in itertools.product(*parameters.values()):
        chosen = dict(zip(parameters, values))
        words = ",".join(getattr(v, "implementation", str(v)) for v in values)
        name = f"{topology}/{function.__name__}" + (f"[{words}]" if words else "")
        CASES.append(Case(name, function, chosen, seconds))
    return function
