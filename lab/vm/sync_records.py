"""Datagrams of synchronisation as the scenario `sync` records them: the connections they tell of, and whether
two directors told the same of a client. Knows where a record begins and ends, and what names it."""

_HEADER = 8


class _Broken(Exception):
    pass


def _records(text):
    """[(syncid, version, record)] of a step: the datagrams' headers spread over the connections in them."""
    out = []
    for line in text.splitlines():
        if line.startswith(("$", "[")):
            continue
        data = bytes.fromhex(line)
        if len(data) < _HEADER or int.from_bytes(data[2:4], "big") != len(data):
            raise _Broken(line)
        rest = data[_HEADER:]
        for _ in range(data[4]):
            length = int.from_bytes(rest[2:4], "big")
            if not 36 <= length <= len(rest):
                raise _Broken(line)
            out.append((data[1], data[5], rest[:length]))
            rest = rest[length + -length % 4:]
        if rest:
            raise _Broken(line)
    return out


def _name(record):
    """What is one connection: its protocol, ports and addresses, and whether it is a template."""
    syncid, version, data = record
    addresses = data[24:72] if data[0] & 1 else data[24:36]
    return syncid, version, data[1], data[6] & 0x10, data[10:20], addresses


def _assured(record):
    """A template's record as it is told once an answer was seen; of no template none."""
    syncid, version, data = record
    return (syncid, version, data[:8] + b"\0\1" + data[10:]) if data[6] & 0x10 and data[8:10] == b"\0\0" else record


def same(recorded, played):
    """Whether both told of the same connections and ended with the same word of each; all that was said on the
    way there must have been said in the recording, too. Who sends sooner says more, and how many connections
    share a datagram is a matter of time; so is whether a template is told before or after the first answer."""
    try:
        then, now = _records(recorded), _records(played)
    except (_Broken, ValueError):
        return False
    last = [dict((_name(r), _assured(r)) for r in records) for records in (then, now)]
    said = set(then) | {_assured(r) for r in then}
    return bool(then) and last[0] == last[1] and set(now) <= said
