"""Waiting for something to become true, with a deadline instead of a guess at how long it takes."""
import time


class TimedOut(AssertionError):
    """What was waited for did not happen."""


def until(condition, what, seconds=30, interval=0.1):
    """Calls condition() until it returns something true, and returns that.

    what: completes the sentence "waited N s for …". An AssertionError or OSError that the condition raises counts as
    not yet; the last one is told when time is up.
    """
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            seen = condition()
            if seen:
                return seen
            last = seen
        except (AssertionError, OSError) as error:
            last = error
        if time.monotonic() >= deadline:
            raise TimedOut(f"waited {seconds} s for {what}; last seen: {last!r}")
        time.sleep(interval)


def throughout(condition, what, seconds, interval=0.1):
    """Fails as soon as condition() is not true within the given time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = condition()
        if not seen:
            raise AssertionError(f"{what} did not stay true for {seconds} s: {seen!r}")
        time.sleep(interval)
