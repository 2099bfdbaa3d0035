#!/bin/sh
# peers.sh FOLDER UPDATE: two hosts joined by a wire, in fresh namespaces, each with a real charon and
# the files of FOLDER/NAME/etc. FOLDER/NAME.said is what charon says once its connections are up.
# Then a connection is taken away from the first, UPDATE told of it, and charon asked again:
# FOLDER/closed, FOLDER/later. The kernel need not know ESP: an IKE_SA is up without a CHILD_SA.
set -eu
folder=$1
update=$2

if [ $# = 3 ]; then # one of them, in its own network
    name=$3
    mount --make-rprivate /
    mkdir -p "/mnt/$name"
    mount -t tmpfs tmpfs "/mnt/$name"
    mkdir "/mnt/$name/upper" "/mnt/$name/work"
    mount -t overlay -o "lowerdir=/etc,upperdir=/mnt/$name/upper,workdir=/mnt/$name/work" overlay /etc
    mount -t tmpfs tmpfs /run
    cp -r "$folder/$name/etc/." /etc/
    nice ipsec start --nofork >"$folder/$name.log" 2>&1 &
    for _ in $(seq 100); do
        ipsec statusall >"$folder/$name.said" 2>&1 || :
        [ "$(grep -Eo '^ +[a-z0-9_]+\[[0-9]+\]: ESTABLISHED' "$folder/$name.said" | cut -d'[' -f1 | sort -u | wc -l)" -lt 2 ] || break
        sleep 0.2
    done
    ipsec listcacerts >>"$folder/$name.said"
    # the other one looks too
    touch "$folder/$name.seen"
    for _ in $(seq 100); do
        [ "$(ls "$folder" | grep -c 'seen$')" -lt 2 ] || break
        sleep 0.2
    done
    if [ "$name" = cp0001 ]; then
        rm /etc/ipsec.d/connections/cp0101_v6.conf
        /usr/bin/python3 "$update" /etc/ipsec.d/connections >"$folder/closed" 2>&1 || :
        for _ in $(seq 50); do
            ipsec statusall >"$folder/later" 2>&1 || :
            grep -q 'cp0101_v6' "$folder/later" || break
            sleep 0.2
        done
        touch "$folder/updated"
    fi
    for _ in $(seq 100); do
        [ ! -e "$folder/updated" ] || break
        sleep 0.2
    done
    ipsec stop >/dev/null 2>&1
    exit
fi

mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /mnt
for name in cp0001 cp0101; do
    ip netns add $name
    ip -n $name link set lo up
done
ip link add wire netns cp0001 type veth peer name wire netns cp0101
ip -n cp0001 address add 192.0.2.1/32 dev wire
ip -n cp0001 address add 2001:db8:1::1/128 dev wire nodad
ip -n cp0101 address add 198.51.100.1/32 dev wire
ip -n cp0101 address add 2001:db8:2::1/128 dev wire nodad
for name in cp0001 cp0101; do
    ip -n $name link set wire up
    ip -n $name route add default dev wire
    ip -n $name -6 route add default dev wire
    ip netns exec $name unshare --mount sh "$0" "$folder" "$update" $name &
done
wait
