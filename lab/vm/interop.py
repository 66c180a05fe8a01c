"""Kernel IPVS and Plenum as directors of one network that keep their connections in step, on Debian's kernel:
plays tests/vm/interop.sh and judges what it recorded."""
import json

from lab.host import REPO
from lab.vm import recorder

WAYS = ("nat", "dr", "tun")
DIRECTORS = ("ipvs", "plenum")
# What forwards packets by each.
_REASONS = {"nat": ("nat", "nat_reply"), "dr": ("dr",), "tun": ("tunnel",)}


def play(results, ways=WAYS, echo=None, started=None):
    """The directory of its steps, below `results`."""
    return recorder.play("interop", "plenum", results, echo=echo, started=started, script=REPO / "tests/vm/interop.sh",
                         environment={"WAYS": " ".join(ways)})


class _Played:
    def __init__(self, directory):
        self.directory, self.steps, self.problems = directory, recorder.steps(directory), []

    def lines(self, name):
        """What a step printed; nothing, if there is no such step or it failed."""
        text = self.steps.get(name, "")
        if not text.endswith("[exit 0]\n"):
            self.problems.append(f"{name}: {text or 'no such step'}")
            return []
        return text.splitlines()[1:-1]

    def check(self, good, sentence):
        if not good:
            self.problems.append(sentence)

    def alike(self, name):
        """Both directors list the same connections; their rows."""
        lists = [self.lines(f"{name}-{d}") for d in DIRECTORS]
        texts = ["\n".join(lines) for lines in lists]
        self.check(recorder.same(*texts), f"{name}: the lists differ\n" + "\n".join(texts))
        return [lines[2:] for lines in lists]

    def in_step(self, name, expected):
        """Both list the same, and `expected`: (protocol, state), ..."""
        rows, _ = self.alike(name)
        listed = sorted((row.split()[0], row.split()[2]) for row in rows)
        self.check(listed == sorted(expected), f"{name}: expected {expected}\n{rows}")

    def answers(self, name, asked, greeted):
        """One server answered all that was asked."""
        said = self.lines(name)
        servers = {line.split()[0] for line in said if line}
        self.check(len(servers) == 1 and next(iter(servers)).startswith("rs"), f"{name}: answered by {servers}: {said}")
        if greeted:
            self.check([line.partition(" ")[2] for line in said[1:]] == asked, f"{name}: {said}")
        else:
            self.check(len(said) == len(asked), f"{name}: {said}")


def _replaced(played):
    """A kernel director was replaced in service, and came back; three connections never noticed."""
    before, after = (played.lines(f"replace-{name}")[1:] for name in ("old-list", "restored"))
    loads_left = [[row.split()[:4] for row in rows if ":" in row] for rows in (before, after)]
    played.check(loads_left[0] == loads_left[1], "replace: services differ\n" + "\n".join(before + after))
    played.check([row.split()[4] for row in after[2:] if "->" in row] == ["0"] * 3, "replace: nobody told it yet")
    silent = [row for row in played.lines("replace-silent") if ":1000" in row]
    played.check(len(silent) == 2, f"replace: who is silent is not told: {silent}")
    for name, connections in (("waiting", 2), ("all", 3)):
        played.in_step(f"replace-{name}", [("TCP", "ESTABLISHED")] * connections)
    said = played.lines("replace-answers")
    words = ["before", "daemons", "late", "moved", "back"]
    for i in range(3):
        mine = [word for word in words if word != ("late", "late", "daemons")[i]]
        own, said = said[:1 + len(mine)], said[1 + len(mine):]
        servers = {line.split()[0] for line in own}
        played.check(len(servers) == 1 and [line.split()[1] for line in own[1:]] == mine, f"replace: {own}")
    played.check(not said, f"replace: {said}")
    loads = sorted((row.split()[1], row.split()[4]) for row in played.lines("replace-new-list")[3:] if "Masq" in row)
    played.check(sum(int(active) for _, active in loads) == 3, f"replace: the connections count: {loads}")


def _stayed(played, name, is_sip):
    """A client keeps its server through the other director, and both list its template."""
    first, then = (played.lines(f"{name}-{when}") for when in ("first", "then"))
    server, flows = (first or [""])[-1].split("=")[0], 3
    each = 3 if is_sip else 1
    played.check(first == [f"{server}={each}"] and server.startswith("rs"), f"{name}: {first}")
    played.check(then == [f"{server}={flows * each}"], f"{name}: {first}, then {then}")
    for when in ("template", "template-then"):
        for rows in played.alike(f"{name}-{when}"):
            played.check(len(rows) == 1, f"{name}-{when}: one template: {rows}")
            played.check(not is_sip or all("sip" in row and "@10.0.1" in row for row in rows), f"{name}: {rows}")


def wrong(directory, ways=WAYS):
    """What went wrong, as a list of sentences."""
    played = _Played(directory)
    _replaced(played)
    digest = (directory / "digest").read_text().strip()
    for way in ways:
        for family in (4, 6):
            for first in DIRECTORS:
                name = f"{first}-{way}-{family}"
                played.in_step(f"{name}-tcp", [("TCP", "ESTABLISHED")])
                played.answers(f"{name}-tcp-answers", ["a", "b", "c", *map(str, range(1, 61))], greeted=True)
                played.in_step(f"{name}-tcp-closed", [("TCP", "TIME_WAIT" if way == "nat" else "FIN_WAIT")])
                played.in_step(f"{name}-udp", [("UDP", "UDP")])
                played.answers(f"{name}-udp-answers", ["a", "b", "c", "1", "2", "3"], greeted=False)
                known = (directory / f"{name}-download.known").read_text()
                played.check("ESTABLISHED" in known, f"{name}-download: the other director knew nothing of it")
                played.check(played.lines(f"{name}-download") == [digest], f"{name}-download is not what was sent")
                played.in_step(f"{name}-download-closed", [("TCP", "TIME_WAIT" if way == "nat" else "FIN_WAIT")])
    for first in DIRECTORS:
        for what in ("persistent-4", "persistent-6", "mark", "sip-4", "sip-6"):
            _stayed(played, f"{first}-{what}", what.startswith("sip"))
    reasons = {row["name"]: row for row in json.loads((directory / "drops.json").read_text())["reasons"]}
    for name in [reason for way in ways for reason in _REASONS[way]]:
        played.check(reasons[name]["packets"] > 0, f"no packet was forwarded by {name}")
    return played.problems
