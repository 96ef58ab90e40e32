"""What came out of the cases: one JSON object a line in a file that can be continued, and the matrix made of it."""
import collections
import json

MARK = "RESULT "  # before what a case noted, as its process's last line


class Results:
    """The records so far. With a path, what is there already is read, and what is added is appended at once."""

    def __init__(self, path=None):
        self.path = path
        self.records = []
        if path:
            try:
                with open(path, encoding="utf-8") as file:
                    # A line that a killed run has not finished counts as not there.
                    self.records = [json.loads(line) for line in file if line.endswith("}\n")]
            except FileNotFoundError:
                pass

    def has(self, case, number):
        return any(r["case"] == case and r["run"] == number for r in self.records)

    def add(self, record):
        self.records.append(record)
        if self.path:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")


def _span(values):
    """"median (most)" of some seconds; a dash if there are none."""
    values = sorted(v for v in values if v is not None)
    return f"{values[len(values) // 2]:.1f} ({values[-1]:.1f})" if values else "-"


def _seen(values):
    """Each distinct value, how often if there are several."""
    counts = collections.Counter(str(v) for v in values if v not in (None, ""))
    return " / ".join(v if len(counts) == 1 else f"{v} ×{n}" for v, n in counts.most_common()) or "-"


def table(records):
    """Case by case: how many runs passed, the verdicts, seconds to mitigated and proven (median, most), knobs touched."""
    by_case = collections.defaultdict(list)
    for record in records:
        by_case[record["case"]].append(record)
    rows = [("case", "passed", "verdict", "mitigated s", "proven s", "knobs touched")]
    for name, runs in sorted(by_case.items()):
        rows.append((name, f"{sum(r['ok'] for r in runs)}/{len(runs)}", _seen(r.get("verdict") for r in runs),
                     _span(r.get("mitigated") for r in runs), _span(r.get("proven") for r in runs),
                     _seen(" ".join(r.get("touched") or []) for r in runs)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
