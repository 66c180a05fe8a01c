# shellcheck shell=bash
# sync: what a director tells others of: each step is the UDP payloads of what one client did, in hex, a
# datagram a line. sync_threshold is 3 50.
director_up <<'EOF'
  marks: [{ mark: 1, destination: 10.0.1.106, protocol: tcp, ports: [8080] }]
EOF
if [ "$director" = ipvs ]; then modprobe -a ipip ip_vs_pe_sip; else modprobe ipip; fi
rs 3 ip link set tunl0 up
rs 3 sh -c 'for d in all tunl0; do echo 0 > /proc/sys/net/ipv4/conf/$d/rp_filter; done'
v --start-daemon master --mcast-interface eth0 --syncid 5
if [ "$director" = ipvs ]; then
  lb nft -f - <<<'table ip m { chain p { type filter hook prerouting priority -150; ip daddr 10.0.1.106 tcp dport 8080 meta mark set 1; }; }'
fi
v -A -t 10.0.1.100:80 -s rr; v -a -t 10.0.1.100:80 -r 10.0.2.11:8080 -m
v -A -t 10.0.1.101:80 -s rr; v -a -t 10.0.1.101:80 -r 10.0.1.12:80 -g
v -A -t 10.0.1.102:80 -s rr; v -a -t 10.0.1.102:80 -r 10.0.1.13:80 -i
v -A -u 10.0.1.100:80 -s rr; v -a -u 10.0.1.100:80 -r 10.0.2.11:80 -m
v -A -t '[fd01::100]:80' -s rr; v -a -t '[fd01::100]:80' -r '[fd02::11]:80' -m
v -A -t 10.0.1.103:80 -s rr -p 600 -M 255.255.255.0; v -a -t 10.0.1.103:80 -r 10.0.2.12:80 -m
v -A -t 10.0.1.104:0 -s rr -p 300; v -a -t 10.0.1.104:0 -r 10.0.1.12:0 -g
v -A -f 1 -s rr -p 400; v -a -f 1 -r 10.0.1.12:0 -g
v -A -u 10.0.1.107:80 -s rr -p 60 --pe sip; v -a -u 10.0.1.107:80 -r 10.0.2.11:80 -m
printf '%s\r\n' 'INVITE sip:a@b SIP/2.0' 'Via: SIP/2.0/UDP 10.0.1.50:5060' 'Call-ID: call-0815@10.0.1.50' \
  'CSeq: 1 INVITE' 'Content-Length: 0' '' >/run/invite

# The UDP payloads of a capture's frames, IPv4 without options.
payloads() {
  tcpdump -Z root -n -x -r "$1" 2>/run/complained.tcpdump | awk '
    /^\t0x/ { $1 = ""; gsub(/ /, ""); hex = hex $0; next }
    { if (hex) print substr(hex, 57); hex = "" }
    END { if (hex) print substr(hex, 57) }'
}

# told NAME CLI'S ARGUMENTS...: a datagram is sent two seconds after its first connection, at the latest
told() {
  local name=$1 capture
  shift
  rm -f /run/sync.pcap /run/tcpdump
  lb tcpdump -Z root -i eth0 -w /run/sync.pcap -U -s 0 'udp port 8848' 2>/run/tcpdump &
  capture=$!
  until grep -qs listening /run/tcpdump; do sleep 0.1; done
  cl cli -n 1 "$@" >/dev/null
  sleep 4
  kill $capture
  wait $capture
  as "$name" "cli -n 1 $*" payloads /run/sync.pcap
}

told tcp-nat -b 10.0.1.50 -p 40001 10.0.1.100 80
told tcp-dr -b 10.0.1.50 -p 40002 10.0.1.101 80
told tcp-tun -b 10.0.1.50 -p 40003 10.0.1.102 80
told udp-nat -u -x 60 -b 10.0.1.50 -p 40004 10.0.1.100 80
told tcp6-nat -b fd01::50 -p 40005 fd01::100 80
told persistent-mask -b 10.0.1.50 -p 40006 10.0.1.103 80
told persistent-any-port -b 10.0.1.50 -p 40007 10.0.1.104 80
told persistent-mark -b 10.0.1.51 -p 40008 10.0.1.106 8080
told persistent-sip -u -q /run/invite -b 10.0.1.50 -p 40009 10.0.1.107 80
