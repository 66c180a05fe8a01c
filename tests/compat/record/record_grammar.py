#!/usr/bin/env python3
"""Records what the real ipvsadm makes of many command lines: ../ipvs/grammar.txt.

Needs ipvsadm 1.31 (Debian 12's package) and libnl's headers, but no IPVS in the kernel:
ipvs_stub.c stands in for it. Usage: record_grammar.py > ../ipvs/grammar.txt
"""
import os
import pathlib
import shlex
import subprocess
import tempfile

HERE = pathlib.Path(__file__).parent

# Every option with an argument that is good for something.
OPTIONS = """-n|--numeric|-c|--connection|-t 10.0.0.1:80|--tcp-service 10.0.0.1:80|-u 10.0.0.1:53|--udp-service=10.0.0.1:53
--sctp-service 10.0.0.1:80|-f 7|--fwmark-service 7|-f 7 -6|-s rr|--scheduler rr|-p|-p 60|--persistent 60|-M 255.255.255.0
--netmask 255.255.255.0|-r 10.0.0.2:80|--real-server 10.0.0.2|-m|--masquerading|-i|--ipip|-g|--gatewaying|-w 3|--weight 3
-x 10|--u-threshold 10|-y 5|--l-threshold 5|--mcast-interface eth0|--syncid 1|--timeout|--daemon|--stats|--rate
--thresholds|--persistent-conn|--nosort|--sort|-X|--exact|-6|--ipv6|-o|--ops|--pe sip|-b flag-1|--sched-flags flag-1
--mcast-group 224.0.0.1|--mcast-port 8848|--mcast-ttl 1|--sync-maxlen 1000|--tun-info|--tun-type ipip|--tun-port 6080
--tun-nocsum|--tun-csum|--tun-remcsum|-A|-E|-D|-C|-L|-l|-Z|-a|-e|-d|-R|-S|-h|-v|--set|--start-daemon master
--stop-daemon backup|extra|--nosuch|-j""".replace("\n", "|").split("|")

# Commands with what they cannot do without.
COMMANDS = """-A -t 10.0.0.1:80|--add-service -u 10.0.0.1:53|-E -t 10.0.0.1:80|--edit-service -f 3|-D -t 10.0.0.1:80
--delete-service -f 3|-C|--clear|-L|-l|--list|-a -t 10.0.0.1:80 -r 10.0.0.2:8080|--add-server -f 3 -r 10.0.0.2
-e -t 10.0.0.1:80 -r 10.0.0.2:8080|--edit-server -f 3 -r 10.0.0.2|-d -t 10.0.0.1:80 -r 10.0.0.2:8080
--delete-server -f 3 -r 10.0.0.2|--set 1 2 3|--start-daemon master|--stop-daemon backup|-S|--save|-Z|--zero""".replace(
    "\n", "|").split("|")

# What the tables above do not reach.
MORE = r"""
-A -t10.0.0.1:80 -srr
-At 10.0.0.1:80
-At10.0.0.1:80
-Ln
-LnX
-Lnc
-lcn
-L -nXc
-L=n
-L -n=
-L -n==
-L --numeric=
-L --numeric=1
-L --=
-L -=
-L -
-L --
-L -- -n
-L -n -- x
-Lj
-Lnj
-LA
-L -nA
- -L
-- -L
foo -L
-L ''
''
-t 10.0.0.1:80 -A
-n -L
--numeric
-list
--lis
--List
-A -t=10.0.0.1:80
-A -t==10.0.0.1:80
-A --tcp-service=10.0.0.1:80
-A --tcp-service==10.0.0.1:80
-A --tcp-service=
-A -t
-A -t=
-A -t ''
-A -t -s
-A --tcp 10.0.0.1:80
-A -t 10.0.0.1:80 -p -s rr
-A -t 10.0.0.1:80 -s rr -p
-A -t 10.0.0.1:80 -p60
-A -t 10.0.0.1:80 -p=60
-A -t 10.0.0.1:80 -p=
-A -t 10.0.0.1:80 -p ''
-A -t 10.0.0.1:80 -ps rr
-A -t 10.0.0.1:80 -sp
-A -t 10.0.0.1:80 -p -60
-A -t 10.0.0.1:80 -p --
-A -t 10.0.0.1:80 -p -- 60
-A -t 10.0.0.1:80 --persistent
-A -t 10.0.0.1:80 --persistent=60
-A -t 10.0.0.1:80 --persistent=
-A -t 10.0.0.1:80 -p 1
-A -t 10.0.0.1:80 -p 2678400
-A -t 10.0.0.1:80 -p 2678401
-A -t 10.0.0.1:80 -p 0
-A -t 10.0.0.1:80 -p ' 5'
-A -t 10.0.0.1:80 -p +5
-A -t 10.0.0.1:80 -p 5s
-A -t 10.0.0.1:80 -p 0x10
-A -t 10.0.0.1:80 -p 010
-A -t 10.0.0.1:80 -p -p
-A -t 10.0.0.1:80 -s rr -s rr
-A -t 10.0.0.1:80 -s averyveryverylongschedulername
-A -t 10.0.0.1:80 -s ''
-A -t 10.0.0.1:80 -M 255.255.255.0
-A -t 10.0.0.1:80 -p -M 255.255.255.0
-A -t 10.0.0.1:80 -p -M 24
-A -t 10.0.0.1:80 -p -M 0xffffff00
-A -t 10.0.0.1:80 -p -M 255.255
-A -t 10.0.0.1:80 -p -M 0.0.0.0
-A -t 10.0.0.1:80 -p -M 255.255.255.300
-A -t 10.0.0.1:80 -p -M ''
-A -t 10.0.0.1:80 -p -M nohost.invalid
-A -M 255.255.255.0 -p -t 10.0.0.1:80
-A -M 255.255.255.0 -p -t [fd00::1]:80
-A -M 64 -p -t [fd00::1]:80
-A -t [fd00::1]:80 -p -M 64
-A -t [fd00::1]:80 -p -M 128
-A -t [fd00::1]:80 -p -M 129
-A -t [fd00::1]:80 -p -M 0
-A -t [fd00::1]:80 -p -M -1
-A -t [fd00::1]:80 -p -M 64x
-A -t [fd00::1]:80 -p -M x
-A -t [fd00::1]:80 -p -M 255.255.255.0
-A -t [fd00::1]:80 -p
-A -f 7 -p -M 255.255.255.0
-A -f 7 -6 -p
-A -f 7 -6 -p -M 64
-A -f 7 -M 255.0.0.0 -6 -p
-A -f 7 -M 255.0.0.0 -p -6
-A -6 -f 7
-A -f 7 -6 -6
-A -t [fd00::1]:80 -6
-A -f7
-A -f 07
-A -f ' 7'
-A -f +7
-A -f 0x7
-A -f 4294967295
-A -f 4294967296
-A -f 99999999999999999999
-A -f -1
-A -f 7 -f 8
-A -f 7 -t 10.0.0.1:80
-A -t 10.0.0.1:80 -u 10.0.0.1:80
-A -t 10.0.0.1:http
-A -u 10.0.0.1:domain
-A -u 10.0.0.1:http
-A -t 10.0.0.1:ssh
--add-service --sctp-service 10.0.0.1:80
-A -t 10.0.0.1:nosuch
-A -t 10.0.0.1:
-A -t 10.0.0.1
-A -t 10.0.0.1 -p
-A -t 10.0.0.1:0
-A -t 10.0.0.1:0 -p
-A -t 10.0.0.1:65535
-A -t 10.0.0.1:65536
-A -t 10.0.0.1:-1
-A -t 10.0.0.1:+80
-A -t '10.0.0.1: 80'
-A -t 10.0.0.1:080
-A -t 10.0.0.1:0x50
-A -t 10.0.0.1:80:80
-A -t :80
-A -t 80
-A -t 10.1:80
-A -t 0x0a000001:80
-A -t 012.0.0.1:80
-A -t 167772161:80
-A -t 167772161
-A -t 1.2.3.4.5:80
-A -t 10.0.0.256:80
-A -t [10.0.0.1]:80
-A -t [10.0.0.1]:80 -p
-A -t [fd00::1]
-A -t [fd00::1]x
-A -t [fd00::1]:
-A -t [fd00::1]:http
-A -t [fd00::1]:nosuch
-A -t [fd00::1
-A -t []
-A -t []:80
-A -t [fd00::1]]:80
-A -t [::]:80
-A -t [::ffff:10.0.0.1]:80
-A -t [fe80::1%lo]:80
-A -t fd00::1 -p
-A -t fd00::1:80
-A -t fd00::1
-A -t nohost.invalid:80
-A -t nohost.invalid
-A -t 10.0.0.1:80 -o
-A -u 10.0.0.1:53 -o
-A --sctp-service 10.0.0.1:53 -o
-A -f 7 -o
-A -u 10.0.0.1:0 -o
-A -t 10.0.0.1:0 -o
-A -u 10.0.0.1:53 -p --pe sip
-A -u 10.0.0.1:53 --pe sip -p 60
-A -u 10.0.0.1:53 -p --pe averyveryverylongenginename
-A -u 10.0.0.1:53 --pe
-A -t 10.0.0.1:80 -b flag-1
-A -t 10.0.0.1:80 -b flag-1,flag-2,flag-3
-A -t 10.0.0.1:80 -b flag-3,flag-3
-A -t 10.0.0.1:80 -b ,flag-1,,flag-2,
-A -t 10.0.0.1:80 -b ''
-A -t 10.0.0.1:80 -b flag-4
-A -t 10.0.0.1:80 -b 'flag-1, flag-2'
-A -t 10.0.0.1:80 -b sh-port
-A -t 10.0.0.1:80 -s sh -b sh-port,sh-fallback
-A -t 10.0.0.1:80 -b sh-port -s sh
-A -t 10.0.0.1:80 -s sh -b mh-port
-A -t 10.0.0.1:80 -s mh -b mh-fallback,mh-port
-A -t 10.0.0.1:80 -s sh -b flag-3
-A -t 10.0.0.1:80 -b flag-1,nosuch,sh-port
-A -t 10.0.0.1:80 -b flag-1 -b flag-2
-D -t 10.0.0.1:80 -b nosuch
-C -b nosuch
-A -s rr
-A
-E
-D
-a
-e
-d
-a -t 10.0.0.1:80
-a -r 10.0.0.2:80
-a -t 10.0.0.1:80 -r 10.0.0.2
-a -t 10.0.0.1:80 -r 10.0.0.2 -m
-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -m
-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -g
-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -i
-a -t 10.0.0.1:80 -r 10.0.0.2:http-alt -m
-a -r 10.0.0.2:8080 -t 10.0.0.1:80 -m
-a -r 10.0.0.2 -t 10.0.0.1:80 -m
-a -r 10.0.0.2 -t 10.0.0.1:80
-a -r 10.0.0.2:http -t 10.0.0.1:80 -m
-a -r [fd00::2]:80 -t [fd00::1]:80 -m
-a -t 10.0.0.1:80 -r nohost.invalid -m
-a -t 10.0.0.1:80 -r '' -m
-a -t 10.0.0.1:80 -r 80 -m
-a -t 10.0.0.1:80 -r 10.0.0.2: -m
-a -t 10.0.0.1:80 -r [10.0.0.2]:8080 -m
-a -t 10.0.0.1:80 -r fd00::2 -m
-a -t 10.0.0.1:80 -r fd00::2 -g
-a -t 10.0.0.1:80 -r fd00::2 -i
-a -t [fd00::1]:80 -r 10.0.0.2 -i
-a -t [fd00::1]:80 -r 10.0.0.2 -m
-a -t [fd00::1]:80 -r fd00::2 -m
-a -t [fd00::1]:80 -r [fd00::2] -m
-a -t [fd00::1]:80 -r [fd00::2]:8080 -m
-a -f 7 -r 10.0.0.2
-a -f 7 -r 10.0.0.2:80
-a -f 7 -r 10.0.0.2:80 -g
-a -f 7 -r 10.0.0.2:80 -i
-a -f 7 -r fd00::2
-a -f 7 -6 -r fd00::2
-a -f 7 -6 -r 10.0.0.2
-a -f 7 -6 -r [fd00::2]:80 -m
-a -f 7 -r 10.0.0.2 -6
-a -t 10.0.0.1:80 -r 10.0.0.2 -m -g
-a -t 10.0.0.1:80 -r 10.0.0.2 -mgi
-a -t 10.0.0.1:80 -r 10.0.0.2 -m -m
-a -t 10.0.0.1:80 -r 10.0.0.2 -r 10.0.0.3
-a -t 10.0.0.1:80 -r 10.0.0.2 -w 0
-a -t 10.0.0.1:80 -r 10.0.0.2 -w -1
-a -t 10.0.0.1:80 -r 10.0.0.2 -w=-1
-a -t 10.0.0.1:80 -r 10.0.0.2 -w-1
-a -t 10.0.0.1:80 -r 10.0.0.2 -w 65535
-a -t 10.0.0.1:80 -r 10.0.0.2 -w 65536
-a -t 10.0.0.1:80 -r 10.0.0.2 -w 2147483647
-a -t 10.0.0.1:80 -r 10.0.0.2 -w 2147483648
-a -t 10.0.0.1:80 -r 10.0.0.2 -w 99999999999999999999
-a -t 10.0.0.1:80 -r 10.0.0.2 -w ''
-a -t 10.0.0.1:80 -r 10.0.0.2 -w
-a -t 10.0.0.1:80 -r 10.0.0.2 -w 1 -w 2
-a -t 10.0.0.1:80 -r 10.0.0.2 -x 0 -y 0
-a -t 10.0.0.1:80 -r 10.0.0.2 -x 2147483647 -y 2147483647
-a -t 10.0.0.1:80 -r 10.0.0.2 -x 2147483648
-a -t 10.0.0.1:80 -r 10.0.0.2 -y -1
-a -t 10.0.0.1:80 -r 10.0.0.2 -y 5 -x 2
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue --tun-port 6080
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type=gue --tun-port=6080 --tun-nocsum
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue --tun-port 6080 --tun-csum
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue --tun-port 6080 --tun-remcsum
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue --tun-port 6080 --tun-csum --tun-remcsum
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue --tun-port 6080 --tun-nocsum --tun-csum
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue --tun-csum
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue --tun-port 0
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue --tun-port 65536
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gre
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gre --tun-csum
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gre --tun-nocsum --tun-csum
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gre --tun-remcsum
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gre --tun-port 1
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type ipip --tun-csum
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type vxlan
-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type ipip --tun-type ipip
-a -t 10.0.0.1:80 -r 10.0.0.2 -m --tun-type ipip
-a -t 10.0.0.1:80 -r 10.0.0.2 -g --tun-csum
-a -t 10.0.0.1:80 -r fd00::2 -m --tun-type ipip
-d -t 10.0.0.1:80 -r 10.0.0.2
-d -t 10.0.0.1:80 -r 10.0.0.2:8080
-d -t 10.0.0.1:80 -r fd00::2
-d -t 10.0.0.1:80 -r 10.0.0.2 -m
-d -f 7 -6 -r fd00::2
-e -t 10.0.0.1:80 -r 10.0.0.2:8080 -w 5
-e -t 10.0.0.1:80 -r fd00::2
-D -t 10.0.0.1
-D -f 7 -6
-Z -t 10.0.0.1:80
-Z -f 7
-Z -t 0.0.0.0:0
-Z -t 0.0.0.0:80
-Z -t [::]:0
-Z extra
-L -t 10.0.0.1:80
-L -t 10.0.0.1
-L -f 7 -6
-L -u 10.0.0.1:53 -n
-L -c -t 10.0.0.1:80
-L -c --timeout
-L --timeout --daemon
-L -t 10.0.0.1:80 --daemon
-L -c --stats
-L -c --rate
-L -c --thresholds
-L -c --persistent-conn
-L --timeout --stats
-L --timeout --persistent-conn
-L --daemon --persistent-conn
-L --daemon --exact --nosort -n
-L --stats --rate
-L --stats --thresholds
-L --rate --persistent-conn
-L --thresholds --tun-info
-L --persistent-conn --tun-info
-L --stats --stats
-L -n -n
-L -X -X
-L --sort --sort
-L --sort --nosort
-L --syncid 5
-L --syncid x
-S -n
-Sn
-S -n -X
-S -t 10.0.0.1:80
-S -c
--set
--set 1
--set 1 2
--set 1 2 3 4
--set 0 0 0
--set 2678400 1 1
--set 2678401 1 1
--set a 1 1
--set 1 b 1
--set 1 1 c
--set 1 1 ''
--set -1 0 0
--set -- -1 0 0
--set 1 2 -n 3
--set=1 2 3
--set ' 1' +2 03
--start-daemon
--start-daemon foo
--start-daemon ''
--stop-daemon foo
--stop-daemon
--start-daemon master --syncid 255
--start-daemon master --syncid 256
--start-daemon master --syncid -1
--start-daemon master --mcast-group 224.0.0.81
--start-daemon master --mcast-group ff02::1
--start-daemon master --mcast-group 10.0.0.1
--start-daemon master --mcast-group fd00::1
--start-daemon master --mcast-group 224.1
--start-daemon master --mcast-group :
--start-daemon master --mcast-group ''
--start-daemon master --mcast-port 0
--start-daemon master --mcast-port 65535
--start-daemon master --mcast-port 65536
--start-daemon master --mcast-ttl 0
--start-daemon master --mcast-ttl 256
--start-daemon master --sync-maxlen 0
--start-daemon master --sync-maxlen 65507
--start-daemon master --sync-maxlen 65508
--start-daemon master --mcast-interface
--start-daemon=master
--start-daemon backup --syncid 1 --syncid 2
-L --start-daemon master
-h
--help
-h foo
-h --nosuch
-hn
-h -L
-v
--version
-v -L
--help=1
-L -h
-L -v
-R -n
-R extra
-C -C
-C -L
-CL
-Cx
-C extra
-C -- -x
""".strip().split("\n")


def main() -> None:
    lines = [""]
    for command in COMMANDS:
        lines.append(command)
        lines += [f"{command} {option}" for option in OPTIONS]
    lines += MORE
    with tempfile.TemporaryDirectory() as work:
        stub = os.path.join(work, "ipvs_stub.so")
        sent = os.path.join(work, "sent")
        subprocess.run(["gcc", "-shared", "-fPIC", "-I/usr/include/libnl3", HERE / "ipvs_stub.c", "-o", stub], check=True)
        env = {"PATH": os.environ["PATH"], "LD_PRELOAD": stub, "IPVS_STUB_SENT": sent}
        for line in dict.fromkeys(lines):
            open(sent, "w").close()
            run = subprocess.run(["/usr/sbin/ipvsadm"] + shlex.split(line), env=env, stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True, errors="surrogateescape")
            # The program's own name stands in some texts.
            out, err = (text.replace("/usr/sbin/ipvsadm", "ipvsadm") for text in (run.stdout, run.stderr))
            print(f"$ ipvsadm {line}")
            print(out, end="")
            if err:
                print(f"[stderr]\n{err}", end="")
            for told in open(sent).read().splitlines():
                print(f"[sent] {told}")
            print(f"[exit {run.returncode & 255}]")


main()
