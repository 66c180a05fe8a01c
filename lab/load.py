"""The client's program: loads a service and counts what went wrong. Run in the client's
namespace as `python3 -m lab.load COMMAND ...`; prints one JSON object.

Nothing is tried twice: a refused, reset, late or wrong answer is a failure and is named.
"""
import argparse
import asyncio
import collections
import errno
import hashlib
import itertools
import json
import resource
import signal
import socket
import struct
import sys
import time


def endpoint(text):
    """192.0.2.10:80 or [2001:db8::10]:80."""
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


def why(error):
    """A short name for a failure, to count by."""
    if isinstance(error, asyncio.TimeoutError):
        return "timeout"
    if isinstance(error, OSError) and error.errno:
        return errno.errorcode.get(error.errno, str(error.errno))
    return f"{type(error).__name__}: {error}"


# -- http: many short requests ----------------------------------------------------------
async def request(reader, writer, host, path, close):
    bracketed = f"[{host}]" if ":" in host else host
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {bracketed}\r\n"
                 f"Connection: {'close' if close else 'keep-alive'}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    if " 200 " not in lines[0]:
        raise ValueError(f"answered {lines[0]}")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    await reader.readexactly(int(fields["content-length"]))
    return fields["x-server"]


async def http(args):
    """--requests N (or until SIGTERM, or --seconds), --concurrency at a time, a connection each.
    --source N: from ports N, N + 1 ..., so that none of them meets an old connection. "ports" then says
    from which of them each server was reached."""
    host, port = endpoint(args.target)
    servers, errors, done = collections.Counter(), collections.Counter(), 0
    ports = collections.defaultdict(list)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    end = time.monotonic() + args.seconds if args.seconds else None
    own = args.bind or ("::" if ":" in host else "0.0.0.0")
    tickets = iter(range(args.requests)) if args.requests else itertools.count()

    async def worker():
        nonlocal done
        for ticket in tickets:
            if stop.is_set() or (end and time.monotonic() > end):
                return
            writer = None
            source = args.source + ticket if args.source else 0
            local = (own, source) if source or args.bind else None
            try:
                async with asyncio.timeout(args.timeout):
                    reader, writer = await asyncio.open_connection(host, port, local_addr=local)
                    server = await request(reader, writer, host, args.path, True)
                    servers[server] += 1
                    if source:
                        ports[server].append(source)
            except (OSError, ValueError, KeyError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
                errors[why(error)] += 1
            finally:
                if writer:
                    writer.close()
            done += 1
            if args.pause:
                await asyncio.sleep(args.pause)

    if args.announce:
        print("started", flush=True)
    await asyncio.gather(*[worker() for _ in range(args.concurrency)])
    return {"requests": done, "failed": sum(errors.values()), "errors": errors, "servers": servers, "ports": ports}


# -- hold: many connections at once, kept open ------------------------------------------
async def hold(args):
    """Opens --count echo connections and keeps them. Each line on standard input is one
    round: a message on every connection, and a line of JSON when all have answered. The
    end of standard input closes them all."""
    host, port = endpoint(args.target)
    limit = asyncio.Semaphore(200)

    async def connect():
        try:
            async with limit, asyncio.timeout(args.timeout):
                return await asyncio.open_connection(host, port)
        except (OSError, asyncio.TimeoutError) as error:
            return error

    async def say(number, stream, turn):
        reader, writer = stream
        message = f"{turn} {number} ".encode().ljust(64, b".")
        try:
            async with limit, asyncio.timeout(args.timeout):
                writer.write(message)
                if await reader.readexactly(len(message)) != message:
                    return "wrong answer"
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
            return why(error)
        return None

    opened = await asyncio.gather(*[connect() for _ in range(args.count)])
    streams = [s for s in opened if isinstance(s, tuple)]
    errors = collections.Counter(why(s) for s in opened if not isinstance(s, tuple))
    print(json.dumps({"open": len(streams), "failed": sum(errors.values()), "errors": errors}), flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    turn = 0
    while await lines.readline():
        turn += 1
        answers = await asyncio.gather(*[say(i, s, turn) for i, s in enumerate(streams)])
        errors = collections.Counter(a for a in answers if a)
        print(json.dumps({"round": turn, "answered": len(answers) - sum(errors.values()),
                          "failed": sum(errors.values()), "errors": errors}), flush=True)
    for _, writer in streams:
        writer.close()
    return {"rounds": turn}


# -- bulk -------------------------------------------------------------------------------
def connected(args):
    host, port = endpoint(args.target)
    s = socket.create_connection((host, port), timeout=args.timeout)
    return s, host


def download(args):
    """GET of --path; bytes and SHA-256 of the body."""
    s, host = connected(args)
    bracketed = f"[{host}]" if ":" in host else host
    s.sendall(f"GET {args.path} HTTP/1.1\r\nHost: {bracketed}\r\nConnection: close\r\n\r\n".encode())
    stream, digest, size, start = s.makefile("rb", 1 << 20), hashlib.sha256(), 0, time.monotonic()
    status, server = stream.readline().decode(), None
    while (line := stream.readline().decode("latin-1").strip()):
        if line.lower().startswith("x-server: "):
            server = line.split(": ", 1)[1]
    if " 200 " not in status:
        raise ValueError(f"answered {status.strip()}")
    if args.announce:
        print("started", flush=True)
    while block := stream.read1(1 << 20):
        digest.update(block)
        size += len(block)
    return {"bytes": size, "sha256": digest.hexdigest(), "server": server,
            "seconds": round(time.monotonic() - start, 3)}


async def downloads(args):
    """--count downloads of --path at once, each over a connection of its own: how many came of each SHA-256, and why
    the others did not. `started` is printed when all of them are answered."""
    host, port = endpoint(args.target)
    bracketed = f"[{host}]" if ":" in host else host
    digests, errors, begun = collections.Counter(), collections.Counter(), 0
    limit = asyncio.Semaphore(50)

    async def one():
        nonlocal begun
        writer = None
        try:
            async with limit:
                reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), args.timeout)
            writer.write(f"GET {args.path} HTTP/1.1\r\nHost: {bracketed}\r\nConnection: close\r\n\r\n".encode())
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), args.timeout)
            if b" 200 " not in head.split(b"\r\n")[0]:
                raise ValueError(f"answered {head[:40]}")
            begun += 1
            if begun == args.count and args.announce:
                print("started", flush=True)
            digest = hashlib.sha256()
            while block := await asyncio.wait_for(reader.read(1 << 16), args.timeout):
                digest.update(block)
            digests[digest.hexdigest()] += 1
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
            errors[why(error)] += 1
        finally:
            if writer:
                writer.close()

    start = time.monotonic()
    await asyncio.gather(*[one() for _ in range(args.count)])
    return {"count": args.count, "digests": digests, "errors": errors, "seconds": round(time.monotonic() - start, 3)}


def upload(args):
    """Sends --file to a sink (lab/peer.py); the SHA-256 that it answers."""
    s, _ = connected(args)
    start, size = time.monotonic(), 0
    with open(args.file, "rb") as source:
        size = s.sendfile(source)
    s.shutdown(socket.SHUT_WR)
    answer = b""
    while block := s.recv(4096):
        answer += block
    return {"bytes": size, "sha256": answer.decode(), "seconds": round(time.monotonic() - start, 3)}


# -- udp, and the errors a socket is told of ----------------------------------------------
_IP_RECVERR, _IPV6_RECVERR, _IP_MTU, _IPV6_MTU = 11, 25, 14, 24
_IP_MTU_DISCOVER, _IPV6_MTU_DISCOVER, _PMTUDISC_DO = 10, 23, 2


def _udp(args, errors=False, whole=False, source=0):
    host, port = endpoint(args.target)
    six = ":" in host
    s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    level = socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP
    if errors:
        s.setsockopt(level, _IPV6_RECVERR if six else _IP_RECVERR, 1)
    if whole:
        s.setsockopt(level, _IPV6_MTU_DISCOVER if six else _IP_MTU_DISCOVER, _PMTUDISC_DO)
    if source or args.bind:
        s.bind((args.bind or ("::" if six else "0.0.0.0"), source))
    s.connect((host, port))
    s.settimeout(args.timeout)
    return s, six


def echoed(answer, message):
    """The server's name when answer is its echo of message (see lab/peer.py), else None."""
    name, _, rest = answer.partition(b" ")
    return name.decode() if rest and len(answer) == len(message) and message.startswith(rest) else None


def udp(args):
    """--count exchanges of --size bytes (16 or more), each from a socket of its own, one after the
    other. --source N: from ports N, N + 1 ..., so that none of them is an old connection."""
    errors, servers, answered = collections.Counter(), collections.Counter(), 0
    for i in range(args.count):
        s, _ = _udp(args, source=args.source + i if args.source else 0)
        message = f"{i} ".encode().ljust(args.size, b"u")
        try:
            s.send(message)
            if server := echoed(s.recv(65535), message):
                answered += 1
                servers[server] += 1
            else:
                errors["wrong answer"] += 1
        except OSError as error:
            errors["timeout" if isinstance(error, TimeoutError) else why(error)] += 1
        finally:
            s.close()
    return {"answered": answered, "failed": sum(errors.values()), "errors": errors, "servers": servers}


def _offender(s, six):
    """Who sent the ICMP error, from the socket's error queue; its type and code."""
    # Level SOL_IP/SOL_IPV6, struct sock_extended_err, then the offender's sockaddr (linux/errqueue.h).
    _, control, _, _ = s.recvmsg(2048, 512, socket.MSG_ERRQUEUE)
    for _, _, data in control:
        number, _, kind, code, _, info, _ = struct.unpack_from("=IBBBBII", data)
        address = data[16:]
        text = (socket.inet_ntop(socket.AF_INET6, address[8:24]) if six
                else socket.inet_ntop(socket.AF_INET, address[4:8]))
        return {"errno": errno.errorcode.get(number), "type": kind, "code": code, "info": info, "from": text}
    return {}


def refused(args):
    """Sends one datagram where nobody listens: what a connected socket is told, and by whom."""
    s, six = _udp(args, errors=True)
    s.send(b"anybody there?")
    try:
        s.recv(2048)
    except TimeoutError:
        return {"error": "timeout"}
    except OSError as error:
        return {"error": errno.errorcode.get(error.errno), "icmp": _offender(s, six)}
    return {"error": None}


def mtu(args):
    """Sends --size bytes that must not be fragmented until the path's MTU is known or
    an answer comes: the MTU learned (of the whole packet), by whose word, and the answer to
    a datagram of exactly that size."""
    s, six = _udp(args, errors=True, whole=True)
    level, option = (socket.IPPROTO_IPV6, _IPV6_MTU) if six else (socket.IPPROTO_IP, _IP_MTU)
    told, size, end = [], args.size, time.monotonic() + args.timeout
    s.settimeout(0.5)
    while time.monotonic() < end:
        try:
            message = b"m" * size
            s.send(message)
            if echoed(s.recv(65535), message):
                return {"mtu": s.getsockopt(level, option), "told": told, "answered": size}
        except TimeoutError:
            continue
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            told.append(_offender(s, six))
            size = s.getsockopt(level, option) - (48 if six else 28)
    return {"mtu": s.getsockopt(level, option), "told": told, "answered": 0}


def connect(args):
    """One TCP connection attempt: connected, ECONNREFUSED, timeout ..."""
    try:
        s, _ = connected(args)
        s.close()
        return {"result": "connected"}
    except TimeoutError:
        return {"result": "timeout"}
    except OSError as error:
        return {"result": errno.errorcode.get(error.errno, str(error.errno))}


COMMANDS = {f.__name__: f for f in (http, hold, download, downloads, upload, udp, refused, mtu, connect)}


def main():
    parser = argparse.ArgumentParser(prog="lab.load", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("target", help="ADDRESS:PORT, IPv6 in brackets")
    parser.add_argument("--requests", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--bind", help="local address of http and udp")
    parser.add_argument("--source", type=int, default=0, help="first local port")
    parser.add_argument("--size", type=int, default=64, help="bytes of UDP payload")
    parser.add_argument("--path", default="/")
    parser.add_argument("--file")
    parser.add_argument("--pause", type=float, default=0, help="seconds each worker rests between requests")
    parser.add_argument("--timeout", type=float, default=10, help="seconds for one request")
    parser.add_argument("--announce", action="store_true", help="print `started` first")
    args = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    command = COMMANDS[args.command]
    result = asyncio.run(command(args)) if asyncio.iscoroutinefunction(command) else command(args)
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
