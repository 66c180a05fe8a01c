# shellcheck shell=bash
# list: every listing, saving and restoring, daemons, timeouts; all kinds of services and servers.
director_up </dev/null
modprobe ipip
printf '10.0.1.100 www.example.org\n10.0.2.11 rs1.example.org\n10.0.2.12 rs2.example.org\nfd01::100 www6.example.org\n' >>/etc/hosts
v -A -t 10.0.1.100:80 -s wrr
v -a -t 10.0.1.100:80 -r 10.0.2.11:80 -m -w 1
v -a -t 10.0.1.100:80 -r 10.0.2.12:8080 -m -w 2
v -a -t 10.0.1.100:80 -r 10.0.2.13 -m -w 0
v -A -u 10.0.1.100:80 -s rr
three -u 10.0.1.100:80 10.0.2.1 80 -m
v -A -t 10.0.1.101:80 -s wlc -p 600
three -t 10.0.1.101:80 10.0.1.1 80 -g
v -A -t 10.0.1.102:80 -s sh -b sh-port,sh-fallback -p 120 -M 255.255.255.0
three -t 10.0.1.102:80 10.0.1.1 80 -i
v -A -t 10.0.1.103:0 -s lc -p
three -t 10.0.1.103:0 10.0.1.1 0 -g
v -A -u 10.0.1.104:80 -s rr -o
three -u 10.0.1.104:80 10.0.2.1 80 -m
v -A -t 10.0.1.105:80 -s mh -b mh-port,mh-fallback
three -t 10.0.1.105:80 10.0.1.1 80 -g
v -A -t '[fd01::100]:80' -s wrr
for i in 1 2 3; do v -a -t '[fd01::100]:80' -r "[fd02::1$i]:80" -m -w $i; done
v -A -t '[fd01::101]:80' -s rr -p 360 -M 64
for i in 1 2 3; do v -a -t '[fd01::101]:80' -r "[fd01::1$i]:80" -g; done
v -A -u '[fd01::100]:80' -s rr
for i in 1 2 3; do v -a -u '[fd01::100]:80' -r "[fd02::1$i]:80" -m; done
v -A -f 7 -s rr
three -f 7 10.0.2.1 '' -m
v -A -f 8 -6 -s rr -p 300
v -a -f 8 -6 -r '[fd01::11]' -g
v -a -f 8 -6 -r '[fd01::11]:0' -g
v -a -f 8 -6 -r fd01::12 -g
v -a -6 -f 8 -r '[fd01::13]:0' -g
v -a -6 -f 8 -r '[fd01::13]' -g
v -A -t 10.0.1.106:80 -s wlc
v -a -t 10.0.1.106:80 -r 10.0.2.11:80 -m -x 100 -y 50
v -a -t 10.0.1.106:80 -r 10.0.2.12:80 -m -x 5
v -a -t 10.0.1.106:80 -r 10.0.2.13:80 -m
v -A -t 10.0.1.107:80 -s rr
v -a -t 10.0.1.107:80 -r 10.0.1.11:80 -i --tun-type ipip
v -a -t 10.0.1.107:80 -r 10.0.1.12:80 -i --tun-type gue --tun-port 6080
v -a -t 10.0.1.107:80 -r 10.0.1.13:80 -i --tun-type gre
v -A -t 10.0.1.107:81 -s rr
v -a -t 10.0.1.107:81 -r 10.0.1.11 -i --tun-type gue --tun-port 6080 --tun-nocsum
v -a -t 10.0.1.107:81 -r 10.0.1.12 -i --tun-type gue --tun-port 6081 --tun-csum
v -a -t 10.0.1.107:81 -r 10.0.1.13 -i --tun-type gue --tun-port 6082 --tun-remcsum
v -a -t 10.0.1.107:81 -r 10.0.1.14 -i --tun-type gre --tun-csum
v -A -u 10.0.1.107:5060 -s rr -p 60 --pe sip
v -a -u 10.0.1.107:5060 -r 10.0.2.11:5060 -m
v -A --sctp-service 10.0.1.107:80 -s rr
v -a --sctp-service 10.0.1.107:80 -r 10.0.2.11:80 -m

on_director L ipvsadm -L
on_director Ln ipvsadm -Ln
on_director L-nosort ipvsadm -Ln --nosort
on_director L-sort ipvsadm -Ln --sort
on_director Sn ipvsadm -Sn
on_director S ipvsadm -S
on_client traffic-nat cli -n 12 -p 40000 -b 10.0.1.50 -t 1500 10.0.1.100 80
on_client traffic-udp cli -u -n 6 -p 40000 -b 10.0.1.50 -t 1500 10.0.1.100 80
on_client traffic-pers cli -n 6 -p 40100 -b 10.0.1.50,10.0.1.51 -t 1500 10.0.1.101 80
on_client traffic-port0 cli -n 3 -p 40150 -b 10.0.1.50 -t 1500 10.0.1.103 8080
on_client traffic-v6 cli -n 6 -p 40200 -b fd01::50 -t 1500 fd01::100 80
on_client traffic-v6-pers cli -n 6 -p 40300 -b fd01::50,fd01::51 -t 1500 fd01::101 80
on_client traffic-ops cli -u -x 6 -n 1 -p 40400 -b 10.0.1.50 -t 1500 10.0.1.104 80
on_client traffic-hold cli -k -n 3 -p 40500 -b 10.0.1.52 -t 1500 10.0.1.106 80
sleep 2.2
on_director Ln-after ipvsadm -Ln
on_director Ln-stats ipvsadm -Ln --stats
on_director L-stats ipvsadm -L --stats
on_director Ln-rate ipvsadm -Ln --rate
on_director Ln-stats-exact ipvsadm -Ln --stats --exact
on_director Ln-rate-exact ipvsadm -Ln --rate --exact
on_director Ln-thresholds ipvsadm -Ln --thresholds
on_director Ln-persistent ipvsadm -Ln --persistent-conn
on_director Lnc ipvsadm -Lnc
on_director Lc ipvsadm -Lc
on_director Lnc-pe ipvsadm -Lnc --persistent-conn
on_director Lnc-nosort ipvsadm -Lnc --nosort
on_director Ln-tcp ipvsadm -Ln -t 10.0.1.100:80
on_director Ln-udp ipvsadm -Ln -u 10.0.1.100:80
on_director Ln-fwm ipvsadm -Ln -f 7
on_director Ln-fwm6 ipvsadm -Ln -f 8 -6
on_director Ln-v6 ipvsadm -Ln -t '[fd01::100]:80'
on_director Ln-none ipvsadm -Ln -t 10.0.1.99:80
on_director Ln-stats-one ipvsadm -Ln --stats -t 10.0.1.100:80
on_director Ln-tun ipvsadm -Ln -t 10.0.1.107:81
on_director Ln-thr-one ipvsadm -Ln --thresholds -t 10.0.1.106:80
on_director timeout ipvsadm -L --timeout
on_director set ipvsadm --set 1800 60 200
on_director timeout2 ipvsadm -L --timeout
on_director set-keep ipvsadm --set 0 30 0
on_director timeout3 ipvsadm -L --timeout
on_director daemon ipvsadm -L --daemon
on_director daemon-start ipvsadm --start-daemon master --mcast-interface eth0 --syncid 5
on_director daemon-start-b ipvsadm --start-daemon backup --mcast-interface eth0 --syncid 6 --sync-maxlen 1400 \
  --mcast-group 224.0.0.99 --mcast-port 9999 --mcast-ttl 2
on_director daemon2 ipvsadm -L --daemon
on_director daemon-dup ipvsadm --start-daemon master --mcast-interface eth0
on_director daemon-stop ipvsadm --stop-daemon master
on_director daemon-stop2 ipvsadm --stop-daemon backup
on_director daemon-stop3 ipvsadm --stop-daemon backup
on_director daemon3 ipvsadm -L --daemon
for file in ip_vs ip_vs_conn ip_vs_conn_sync ip_vs_stats ip_vs_stats_percpu ip_vs_app; do
  on_director proc-$file cat /proc/net/$file
done
on_director zero ipvsadm -Z
on_director Ln-stats-zeroed ipvsadm -Ln --stats
on_director zero-one ipvsadm -Z -t 10.0.1.100:80
lb ipvsadm -Sn >/run/saved
v -C
as restore "ipvsadm -R < saved(-Sn)" lb sh -c 'ipvsadm -R </run/saved'
lb ipvsadm -Sn >/run/saved2
as roundtrip "diff <(ipvsadm -Sn before) <(ipvsadm -Sn after -C; -R)" diff /run/saved /run/saved2
v -C
on_director empty ipvsadm -Ln
