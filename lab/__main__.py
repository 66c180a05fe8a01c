"""`./dev lab`: a network to try things in, kept until it is taken down."""
import argparse
import os
import pathlib
import sys
import tempfile

from lab import payload, servers
from lab.director import Director
from lab.host import environment
from lab.network import Lab
from lab.topology import TOPOLOGIES
from lab.tutorial import Tutorial


def pick(wanted):
    """The lab that is meant: the one with this id, or of this mode, or the only one."""
    known = [s for s in Lab.known() if wanted in (None, s["id"], s["mode"])]
    if len(known) == 1:
        return Lab.load(known[0]["id"])
    if not known:
        sys.exit("no lab is up" if wanted is None else f"no lab {wanted} is up" " (./dev lab up nat|dr|tun)")
    sys.exit("several labs are up, name one with --lab: " + ", ".join(s["id"] for s in known))


def up(args):
    lab = Lab(args.mode, args.mtu)
    try:
        lab.up()
        large = lab.directory / "large"
        payload.write(large)
        servers.start_all(lab, large)
        print(f"lab {lab.id}: {lab.topology.about}")
        for host in lab.hosts.values():
            addresses = [host.address(f, i) for i in range(len(host.plan.ports)) for f in (4, 6)]
            print(f"  {host.name:9} {'  '.join(addresses)}")
        if not args.bare:
            for host in (h for h in lab.hosts.values() if h.plan.role == "director"):
                tutorial = Tutorial(lab, Director(host).start(), lab.mode.removesuffix("-pair"),
                                    say=lambda name, line: print(f"  {name}# {line}"))
                if host.name == "director":  # the one that stands by has no virtual address yet
                    tutorial.prepare()
                tutorial.service(4)
                tutorial.service(6)
        target = lab.servers[0].address(4) if args.bare else lab.vip(4)
        print(f"Try: ./dev lab exec client -- curl -s http://{target}/    ./dev lab shell director")
    except BaseException:
        lab.down()
        raise


def program(lab, host, argv):
    if host not in lab.hosts:
        sys.exit(f"no host {host} in lab {lab.id}: {', '.join(lab.hosts)}")
    run_dir = lab.directory / f"{host}-{Director.kind}" / "run"
    env = environment(PLENUM_RUN_DIR=run_dir, PLENUM_LAB=lab.id)
    argv = lab[host].argv(*argv)
    os.execvpe(argv[0], argv, env)


def shell(args):
    lab = pick(args.lab)
    with tempfile.NamedTemporaryFile("w", dir=lab.directory, suffix=".bashrc", delete=False) as rc:
        rc.write(f"PS1='{args.host}@{lab.id}# '\n")
    program(lab, args.host, ["bash", "--rcfile", rc.name])


def execute(args):
    argv = args.argv[1:] if args.argv[:1] == ["--"] else args.argv
    program(pick(args.lab), args.host, argv or ["true"])


def down(args):
    # Without a name, not those that a test or a demo is just using.
    known = [s["id"] for s in Lab.known()
             if args.lab in (s["id"], s["mode"]) or (args.lab is None and not in_use(s))]
    for lab_id in known:
        Lab.load(lab_id).down()
        print(f"lab {lab_id} is down")
    if not known:
        print("no lab is up")


def in_use(state):
    """Whether the program that made it still runs; `lab up` ends and leaves it standing."""
    try:
        return b"python" in pathlib.Path(f"/proc/{state['pid']}/cmdline").read_bytes()
    except OSError:
        return False


def show(_):
    for state in Lab.known():
        lab = Lab.load(state["id"])
        print(f"{state['id']}  {lab.topology.about}\n  hosts: {', '.join(lab.hosts)}")


def main():
    parser = argparse.ArgumentParser(prog="./dev lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("up", help="make a network, with nginx on the servers and a service on the director")
    add.add_argument("mode", choices=TOPOLOGIES)
    add.add_argument("--mtu", type=int, default=1500, help="of every link")
    add.add_argument("--bare", action="store_true", help="no plenum-lbd, no service: only hosts and web servers")
    add.set_defaults(run=up)
    for name, function, about in (("shell", shell, "a shell on a host"), ("exec", execute, "run a command on a host")):
        add = commands.add_parser(name, help=about)
        add.add_argument("--lab", help="which, if several are up")
        add.add_argument("host")
        if name == "exec":
            add.add_argument("argv", nargs=argparse.REMAINDER)
        add.set_defaults(run=function)
    commands.add_parser("list", help="labs that are up").set_defaults(run=show)
    add = commands.add_parser("down", help="take labs down, crashed ones too")
    add.add_argument("lab", nargs="?", help="one of them; without it all but those a test just uses")
    add.set_defaults(run=down)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
