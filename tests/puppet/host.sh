#!/bin/sh
# host.sh FOLDER: a host of its own, for `puppet apply`, in fresh namespaces (mounts, network,
# processes) and as their first process, whose file is called systemd, so that Puppet takes it
# for one. What is written stays in it. Of strongSwan and systemd there are programs that note
# what they are told, in FOLDER/told. Each FOLDER/steps/N has a site.yaml, and maybe a script
# `before`; N.status, N.told, N.said and N.left say what came of it.
set -eu
folder=$1
work=$(mktemp -d)
mount -t tmpfs tmpfs "$work"
for lower in /etc /usr/local; do
    mkdir -p "$work$lower/upper" "$work$lower/work"
    mount -t overlay -o "lowerdir=$lower,upperdir=$work$lower/upper,workdir=$work$lower/work" overlay $lower
done
mount -t tmpfs tmpfs /run
for program in systemctl ipsec; do
    mount --bind "$folder/$program" "$(command -v $program)"
done

ip link set lo up
ip address add 192.0.2.1/32 dev lo
ip address add 2001:db8:1::1/128 dev lo nodad
ip route add 198.51.100.0/24 dev lo
ip route add 2001:db8:2::/64 dev lo

mkdir -p /etc/own /run/active /run/enabled
touch "$folder/told" /run/active/nagios-nrpe-server
echo cert >/etc/own/cert.pem
echo the-key-itself >/etc/own/key.pem
echo ca >/etc/own/ca.pem
echo $$ >/run/starter.charon.pid
# a charon that notes its HUPs
sh -c 'trap "echo charon HUP >>$0" HUP; while :; do sleep 0.05; done' "$folder/told" &
echo $! >/run/charon.pid
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/charon.ctl")'

for step in "$folder"/steps/[0-9]; do
    ln -sfn "$step" "$folder/last"
    if [ -e "$step/before" ]; then
        sh "$step/before"
    fi
    : >"$folder/told"
    puppet apply --detailed-exitcodes --certname cp0001.example.org \
        --modulepath "$folder/modules:/usr/share/puppet/modules" --hiera_config "$folder/hiera.yaml" \
        --confdir "$folder/puppet" --vardir "$folder/var" --publicdir "$folder/public" \
        --rundir /run/puppet --logdir "$folder/log" \
        --execute "lookup('classes').include" >"$step.said" 2>&1 && status=0 || status=$?
    sleep 0.1
    echo "$status" >"$step.status"
    cp "$folder/told" "$step.told"
    {
        find "$work/etc/upper" "$work/usr/local/upper" -newer "$folder/hiera.yaml" ! -type d ! -type c -printf '/%P %m\n'
        ip -o route show proto 118
        ip -6 -o route show proto 118
    } >"$step.left"

done
