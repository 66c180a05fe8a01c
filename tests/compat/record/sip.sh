# shellcheck shell=bash
# sip: calls stay with their server by Call-ID, whoever sends them and from which port; what is no call; and what
# listings say of all that.
director_up </dev/null
if [ "$director" = ipvs ]; then modprobe ip_vs_pe_sip; fi
service=10.0.1.100:80
three_clients=10.0.1.50,10.0.1.51,10.0.1.52

# request FILE HEADER-LINE...: an INVITE with these headers, and a body that looks like another
request() {
  local file=/run/$1
  shift
  printf '%s\r\n' 'INVITE sip:a@b SIP/2.0' 'Via: SIP/2.0/UDP 10.0.1.50:5060' "$@" 'CSeq: 1 INVITE' 'Content-Length: 24' '' \
    'Call-ID: body@10.0.1.50' >"$file"
}
request call1 'Call-ID: one@10.0.1.50'
request call2 'Call-ID: two@10.0.1.51'
request spaced 'Call-ID  :   one@10.0.1.50'
request small 'call-id:one@10.0.1.50'
request compact 'i: one@10.0.1.50'
request none 'Subject: nothing'
request prefix 'X-Call-ID: one@10.0.1.50'

# calls NAME FILE PORT OPTION...: the request once from each of three clients
calls() {
  local name=$1 file=$2 port=$3
  shift 3
  on_client "$name" cli -u -n 3 -s -q "/run/$file" -t 500 -b $three_clients -p "$port" "$@" 10.0.1.100 80
}

v -A -u $service -s rr -p 60 --pe sip
three -u $service 10.0.2.1 80 -m
calls call1 call1 40000
calls call2 call2 40010
calls call1-again call1 40020
calls spaced spaced 40030
calls small small 40040
calls compact compact 40050
calls none none 40060
calls prefix prefix 40070
on_client no-sip cli -u -n 2 -s -t 500 -b 10.0.1.50 -p 40080 10.0.1.100 80
on_director list ipvsadm -Ln
on_director persistent ipvsadm -Ln --persistent-conn
on_director save ipvsadm -Sn
on_director Lnc ipvsadm -Lnc
on_director Lnc-pe ipvsadm -Lnc --persistent-conn
sleep 70
on_director Lnc-after70s ipvsadm -Lnc --persistent-conn
sleep 300
on_director Lnc-after370s ipvsadm -Lnc --persistent-conn
calls call2-anew call2 40090

# Every packet for itself, within its call.
clear_all
v -A -u $service -s rr -p 60 --pe sip -o
three -u $service 10.0.2.1 80 -m
calls ops1 call1 40100
calls ops2 call2 40110
calls ops1-again call1 40120
on_director ops-list ipvsadm -Ln
on_director ops-Lnc ipvsadm -Lnc --persistent-conn

clear_all
v -A -u '[fd01::100]:80' -s rr -p 60 --pe sip
for i in 1 2 3; do v -a -u '[fd01::100]:80' -r "[fd02::1$i]:80" -m; done
on_client six1 cli -u -n 3 -s -q /run/call1 -b fd01::50,fd01::51 -p 40200 fd01::100 80
on_client six2 cli -u -n 3 -s -q /run/call2 -b fd01::50,fd01::51 -p 40210 fd01::100 80
on_director six-Lnc ipvsadm -Lnc --persistent-conn

# Calls are datagrams.
clear_all
v -A -t $service -s rr -p 60 --pe sip
three -t $service 10.0.2.1 80 -m
on_client tcp cli -n 2 -s -t 500 -b 10.0.1.50 -p 40300 10.0.1.100 80
on_director tcp-Lnc ipvsadm -Lnc --persistent-conn
