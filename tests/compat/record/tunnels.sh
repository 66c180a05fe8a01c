# shellcheck shell=bash
# tunnels: the server's ends of ipip, gre, gue, and of IPv6 around either family.
director_up </dev/null
modprobe -a ipip ip_gre fou ip6_tunnel
for k in 1 2 3; do
  rs $k sh -c "
    ip link set tunl0 up
    ip link add gre1 type gre local 10.0.1.1$k remote any
    ip link set gre1 up
    ip fou add port 6080 gue
    for d in all tunl0 gre1 gre0; do echo 0 >/proc/sys/net/ipv4/conf/\$d/rp_filter; done"
done

# through TYPE ADDRESS SERVER-OPTION...: a service with three servers behind a tunnel
through() {
  local name=$1 address=$2 i
  shift 2
  v -A -t "$address:80" -s rr
  for i in 1 2 3; do v -a -t "$address:80" -r "10.0.1.1$i:80" -i "$@"; done
  on_client "$name" cli -n 6 -s -t 1500 "$address" 80
  on_director "$name-list" ipvsadm -Ln
}

through ipip 10.0.1.100
through gre 10.0.1.101 --tun-type gre
through gue 10.0.1.102 --tun-type gue --tun-port 6080
rs 1 timeout 3 tcpdump -Z root -nni eth0 -c 4 -vv 'proto 4 or proto 47 or udp port 6080' >/run/seen 2>/dev/null &
watcher=$!
sleep 1
for address in 100 101 102; do cl cli -n 3 -t 500 10.0.1.$address 80 >/dev/null; done
wait $watcher
as tcpdump "[rs1] tcpdump -nni eth0 -c 4 -vv 'proto 4 or proto 47 or udp port 6080'" cat /run/seen
for k in 1 2 3; do
  rs $k sh -c "
    ip link set ip6tnl0 up
    ip link add t46 type ip6tnl mode any local fd01::1$k remote ::
    ip link set t46 up
    echo 0 >/proc/sys/net/ipv4/conf/t46/rp_filter"
done
v -A -t '[fd01::100]:80' -s rr
for i in 1 2 3; do v -a -t '[fd01::100]:80' -r "[fd01::1$i]:80" -i; done
on_client ip6ip6 cli -n 6 -s -t 1500 fd01::100 80
on_director ip6-list ipvsadm -Ln
v -A -t 10.0.1.103:80 -s rr
for i in 1 2 3; do v -a -t 10.0.1.103:80 -r "[fd01::1$i]:80" -i; done
on_director mixed46-list ipvsadm -Ln
on_client mixed46 cli -n 6 -s -t 1500 10.0.1.103 80

# Checksums over all that is inside: the servers' ends drop what is wrong.
for k in 1 2 3; do rs $k ip link change gre1 type gre local 10.0.1.1$k remote any icsum; done
# wire NAME ADDRESS: the outer headers of one packet to the first server, without what is another each time
wire() {
  rs 1 timeout 5 tcpdump -Z root -nni eth0 -c 1 -vv 'proto 47 or udp port 6080' >/run/seen 2>/dev/null &
  watcher=$!
  sleep 1
  cl cli -n 3 -t 500 "$2" 80 >/dev/null
  wait $watcher
  as "$1-wire" "[rs1] tcpdump -nni eth0 -c 1 -vv 'proto 47 or udp port 6080'" sed -En -e '1,2!d' \
    -e 's/^[0-9:.]+ //; s/, id [0-9]+//; s/(10\.0\.1\.1)\.[0-9]+ >/\1.PORT >/; s/sum 0x[0-9a-f]+/sum N/; p' /run/seen
}
through gre-csum 10.0.1.104 --tun-type gre --tun-csum
wire gre-csum 10.0.1.104
through gue-csum 10.0.1.105 --tun-type gue --tun-port 6080 --tun-csum
wire gue-csum 10.0.1.105
through gue-remcsum 10.0.1.106 --tun-type gue --tun-port 6080 --tun-remcsum
wire gue-remcsum 10.0.1.106
on_director save ipvsadm -Sn
on_director Lnc ipvsadm -Lnc
