# shellcheck shell=bash
# behave: persistence and masks, port 0, services by mark, one packet, thresholds, quiescing, the flags
# of sh and mh, a client on the director, and how connections age.
director_up </dev/null
sources=$(joined 10.0.1.)
sources6=$(joined fd01::)
service=10.0.1.100:80

masqueraded() { # SERVICE BASE PORT: three servers of the usual weight
  local i
  for i in 1 2 3; do v -a "${@:1:2}" -r "$3$i$4" -m; done
}

# Persistence, whole addresses and by prefix.
v -A -t $service -s rr -p 60
three -t $service 10.0.2.1 80 -m
on_client persist cli -n 12 -s -p 40000 -b 10.0.1.50,10.0.1.51,10.0.1.52 10.0.1.100 80
on_director persist-Lnc ipvsadm -Lnc
on_director persist-conn ipvsadm -Ln --persistent-conn
sleep 200
on_director persist-Lnc-after200s ipvsadm -Lnc
on_client persist2 cli -n 3 -s -p 40050 -b 10.0.1.50,10.0.1.51,10.0.1.52 10.0.1.100 80
clear_all
v -A -t $service -s rr -p 60 -M 255.255.255.0
three -t $service 10.0.2.1 80 -m
on_client persist-mask24 cli -n 12 -s -p 40100 -b "$sources" 10.0.1.100 80
on_director persist-mask24-Lnc ipvsadm -Lnc
clear_all
v -A -t $service -s rr -p 60 -M 255.255.255.252
three -t $service 10.0.2.1 80 -m
on_client persist-mask30 cli -n 16 -s -p 40200 -b "$sources" 10.0.1.100 80
clear_all
v -A -t '[fd01::100]:80' -s rr -p 60 -M 124
masqueraded -t '[fd01::100]:80' '[fd02::1' ']:80'
on_client persist6-mask124 cli -n 16 -s -p 40300 -b "$sources6" fd01::100 80
on_director persist6-Lnc ipvsadm -Lnc

# Port 0: all ports of a client to one server.
clear_all
v -A -t 10.0.1.100:0 -s rr -p 60
masqueraded -t 10.0.1.100:0 10.0.2.1 ''
on_client port0-80 cli -n 3 -s -b 10.0.1.50 10.0.1.100 80
on_client port0-8080 cli -n 3 -s -b 10.0.1.50 10.0.1.100 8080
on_client port0-other cli -n 3 -s -b 10.0.1.51 10.0.1.100 80
on_director port0-Lnc ipvsadm -Lnc

# A mark that joins ports 80 and 8080.
clear_all
set_up nft -f - <<<'table ip m { chain p { type filter hook prerouting priority -150; ip daddr 10.0.1.100 tcp dport {80,8080} meta mark set 5; }; }'
v -A -f 5 -s rr -p 60
masqueraded -f 5 10.0.2.1 ''
on_client fwm-80 cli -n 3 -s -b 10.0.1.50,10.0.1.51,10.0.1.52 10.0.1.100 80
on_client fwm-8080 cli -n 3 -s -b 10.0.1.50,10.0.1.51,10.0.1.52 10.0.1.100 8080
on_director fwm-list ipvsadm -Ln
on_director fwm-Lnc ipvsadm -Lnc
set_up nft flush ruleset

# Datagrams: one flow, new flows, one packet at a time.
clear_all
v -A -u $service -s rr
masqueraded -u $service 10.0.2.1 :80
on_client udp-sameport cli -u -n 1 -x 6 -s -b 10.0.1.50 -p 40000 10.0.1.100 80
on_client udp-newports cli -u -n 6 -s -b 10.0.1.50 -p 40010 10.0.1.100 80
on_director udp-Lnc ipvsadm -Lnc
on_director udp-list ipvsadm -Ln
clear_all
v -A -u $service -s rr -o
masqueraded -u $service 10.0.2.1 :80
on_client ops-sameport cli -u -n 1 -x 6 -s -b 10.0.1.50 -p 40100 10.0.1.100 80
on_director ops-Lnc ipvsadm -Lnc
on_director ops-list ipvsadm -Ln
on_director ops-stats ipvsadm -Ln --stats
clear_all
v -A -u '[fd01::100]:80' -s wrr -o
for i in 1 2 3; do v -a -u '[fd01::100]:80' -r "[fd02::1$i]:80" -m -w $i; done
on_client ops6 cli -u -n 1 -x 12 -s -b fd01::50 -p 40100 fd01::100 80

# Thresholds: filled, and again when connections have gone.
clear_all
v -A -t $service -s rr
v -a -t $service -r 10.0.2.11:80 -m -x 2 -y 1
v -a -t $service -r 10.0.2.12:80 -m -x 4
v -a -t $service -r 10.0.2.13:80 -m -x 3
on_client thresholds-hold cli -n 12 -k -s -t 1500 -b 10.0.1.50 -p 40000 10.0.1.100 80
on_director thresholds-list ipvsadm -Ln --thresholds
on_director thresholds-Ln ipvsadm -Ln
sleep 130
on_client thresholds-recovered cli -n 6 -s -t 1500 -b 10.0.1.50 -p 40200 10.0.1.100 80

# Weight 0, servers removed, no server left.
clear_all
v -A -t $service -s rr
masqueraded -t $service 10.0.2.1 :80
v -e -t $service -r 10.0.2.12:80 -m -w 0
on_client quiesce cli -n 6 -s -p 40300 10.0.1.100 80
on_director quiesce-list ipvsadm -Ln
v -d -t $service -r 10.0.2.11:80
v -d -t $service -r 10.0.2.13:80
on_client only-w0 cli -n 2 -s -t 1500 10.0.1.100 80
v -d -t $service -r 10.0.2.12:80
on_client no-servers cli -n 2 -s -t 1500 10.0.1.100 80
on_director no-servers-list ipvsadm -Ln

# Flags of the hashing schedulers.
for flags in '' '-b sh-fallback' '-b sh-port' '-b sh-fallback,sh-port'; do
  clear_all
  # shellcheck disable=SC2086  # an option with its value, or nothing
  v -A -t $service -s sh $flags
  three -t $service 10.0.2.1 80 -m
  v -e -t $service -r 10.0.2.13:80 -m -w 0
  as "sh_$(tr ' ,' '__' <<<"$flags" | tr -d '\n')" \
    "[client] cli -n 16 -s -b 10.0.1.50..65 -p 40000 10.0.1.100 80  # sh $flags, rs3 weight 0" \
    cl cli -n 16 -s -t 1500 -b "$sources" -p 40000 10.0.1.100 80
done
for flags in '' '-b mh-fallback' '-b mh-port' '-b mh-fallback,mh-port'; do
  clear_all
  # shellcheck disable=SC2086  # as above
  v -A -t $service -s mh $flags
  three -t $service 10.0.2.1 80 -m
  as "mh_$(tr ' ,' '__' <<<"$flags" | tr -d '\n')" \
    "[client] cli -n 32 -s -b 10.0.1.50..65 -p 40000 10.0.1.100 80  # mh $flags" \
    cl cli -n 32 -s -t 1500 -b "$sources" -p 40000 10.0.1.100 80
done

# A client on the director itself.
clear_all
v -A -t $service -s rr
masqueraded -t $service 10.0.2.1 :80
on_director from-director cli -n 6 -s -t 1500 -b 10.0.2.1 10.0.1.100 80

# From established to gone.
set_up ipvsadm --set 900 120 300
cl cli -n 2 -K 5 -p 42000 -b 10.0.1.50 10.0.1.100 80 >/dev/null &
sleep 1
on_director state-established ipvsadm -Lnc
sleep 6
on_director state-closed ipvsadm -Lnc
sleep 60
on_director state-60s ipvsadm -Lnc
sleep 70
on_director state-130s ipvsadm -Lnc
