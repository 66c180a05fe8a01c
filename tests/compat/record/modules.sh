# shellcheck shell=bash
# modules: an IPVS that nobody has told anything yet.
director_up </dev/null
on_director version ipvsadm --version
on_director help ipvsadm --help
on_director empty-list ipvsadm -Ln
on_director empty-L ipvsadm -L
on_director empty-stats ipvsadm -Ln --stats
on_director empty-rate ipvsadm -Ln --rate
on_director empty-conn ipvsadm -Lnc
on_director empty-save ipvsadm -Sn
on_director timeout ipvsadm -L --timeout
on_director daemon ipvsadm -L --daemon
