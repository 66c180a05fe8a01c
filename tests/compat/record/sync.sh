# shellcheck shell=bash
# sync: what kernel IPVS tells other directors. The datagrams go to /out/SCENARIO/sync.pcap; their UDP
# payloads, in order, are tests/compat/ipvs/sync/datagrams.txt.
modprobe ip_vs_pe_sip
director_up </dev/null
v --start-daemon master --mcast-interface eth0 --syncid 5
lb tcpdump -Z root -i eth0 -w "$out/sync.pcap" -U -s 0 'udp port 8848' 2>/dev/null &
capture=$!
sleep 1
lb nft -f - <<<'table ip m { chain p { type filter hook prerouting priority -150; ip daddr 10.0.1.106 tcp dport 8080 meta mark set 1; }; }'
v -A -t 10.0.1.100:80 -s rr; v -a -t 10.0.1.100:80 -r 10.0.2.11:8080 -m
v -A -t 10.0.1.101:80 -s rr; v -a -t 10.0.1.101:80 -r 10.0.1.12:80 -g
v -A -t 10.0.1.102:80 -s rr; v -a -t 10.0.1.102:80 -r 10.0.1.13:80 -i
v -A -u 10.0.1.100:80 -s rr; v -a -u 10.0.1.100:80 -r 10.0.2.11:80 -m
v -A -t '[fd01::100]:80' -s rr; v -a -t '[fd01::100]:80' -r '[fd02::11]:80' -m
v -A -t 10.0.1.103:80 -s rr -p 600 -M 255.255.255.0; v -a -t 10.0.1.103:80 -r 10.0.2.12:80 -m
v -A -t 10.0.1.104:0 -s rr -p 300; v -a -t 10.0.1.104:0 -r 10.0.1.12:0 -g
v -A -f 1 -s rr -p 400; v -a -f 1 -r 10.0.1.12:0 -g
v -A -u 10.0.1.107:80 -s rr -p 60 --pe sip; v -a -u 10.0.1.107:80 -r 10.0.2.11:80 -m
modprobe ipip
rs 3 ip link set tunl0 up
rs 3 sh -c 'for d in all tunl0; do echo 0 > /proc/sys/net/ipv4/conf/$d/rp_filter; done'
# A datagram is sent two seconds after its first connection.
cl cli -n 1 -b 10.0.1.50 -p 40001 10.0.1.100 80; sleep 3
cl cli -n 1 -b 10.0.1.50 -p 40002 10.0.1.101 80; sleep 3
cl cli -n 1 -b 10.0.1.50 -p 40003 10.0.1.102 80; sleep 3
cl cli -u -n 1 -x 60 -b 10.0.1.50 -p 40004 10.0.1.100 80; sleep 3
cl cli -n 1 -b fd01::50 -p 40005 fd01::100 80; sleep 3
cl cli -n 1 -b 10.0.1.50 -p 40006 10.0.1.103 80; sleep 3
cl cli -n 1 -b 10.0.1.50 -p 40007 10.0.1.104 80; sleep 3
cl cli -n 1 -b 10.0.1.51 -p 40008 10.0.1.106 8080; sleep 3
printf 'INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.1.50:5060\r\nCall-ID: call-0815@10.0.1.50\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n' >/tmp/invite
cl sh -c 'nc -u -w 1 -s 10.0.1.50 -p 40009 10.0.1.107 80 < /tmp/invite'
sleep 3
kill $capture
wait $capture
