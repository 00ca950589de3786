#!/usr/bin/env bash
# The nodes: one network namespace each, the process that holds it, the cables between them, and the end of it all.

nodes() { echo inet srv gw; client_nodes; }
client_nodes() { local i; for (( i = 1; i <= LAB_CLIENTS; i++ )); do echo "client$i"; done; }
namespace() { echo "$LAB_NAME-$1"; }

# start_node NODE: makes the namespace and starts node/hold.sh in it. gw gets its own process numbers too, because
# openNDS ends processes by name.
start_node() {
	local node=$1 ns deadline=$(( SECONDS + PATIENCE_SEC )) share=(unshare --mount --propagation private)
	ns=$(namespace "$node")
	ip netns add "$ns"
	ip -n "$ns" link set lo up
	ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 \
		2>/dev/null || true                  # a kernel without IPv6 is as good
	[ "$node" != gw ] || share+=(--pid --fork --kill-child)
	setsid ip netns exec "$ns" "${share[@]}" bash "$LAB_STATE/node/hold.sh" "$LAB_STATE" "$node" \
		</dev/null >"$LAB_STATE/log/hold-$node.log" 2>&1 &
	until [ -s "$LAB_STATE/$node.pid" ]; do
		sleep 0.05
		if (( SECONDS >= deadline )) || ! kill -0 $! 2>/dev/null; then
			cat "$LAB_STATE/log/hold-$node.log" >&2
			die "node $node did not start"
		fi
	done
}

# holder NODE: the process that holds a node. The number counts only if that process really sits in the namespace: one
# left over from before a reboot may belong to anybody.
holder() {
	local pid
	read -r pid 2>/dev/null <"$LAB_STATE/$1.pid" || return 1
	[ "/proc/$pid/ns/net" -ef "/run/netns/$(namespace "$1")" ] || return 1
	echo "$pid"
}

# enter NODE [COMMAND...]: becomes COMMAND inside NODE and never returns. The process number stays, so a test can signal
# what it started there. Only gw has its own numbers: a helper stays in between and hands its own end on as SIGTERM.
enter() {
	local node=$1 pid path=$PATH; shift
	pid=$(holder "$node") || die "lab '$LAB_NAME' has no running '$node'; is it up?"
	[ $# -gt 0 ] || set -- "${SHELL:-/bin/bash}"
	local command=(nsenter --target "$pid" --net --mount)
	if [ "$node" = gw ]; then
		command+=(--pid -- setpriv --pdeathsig TERM)
		path=$LAB_STATE/node/gw-bin:$path
	fi
	# shellcheck disable=SC2016  # that bash expands it
	exec env LAB_NODE="$node" LAB_STATE="$LAB_STATE" PATH="$path" "${command[@]}" -- \
		bash -c 'cd "$1" 2>/dev/null || cd /; shift; exec "$@"' opennds-lab "$PWD" "$@"
}
run_in() { ( enter "$@" ); }               # the same, but comes back

# background NODE LOG COMMAND...: starts a service. It lives in the node's namespace, which is how it is found again.
background() {
	local node=$1 log=$LAB_STATE/log/$2.log; shift 2
	LAB_NAME=$LAB_NAME LAB_STATE=$LAB_STATE setsid "$LAB_PROGRAM" "$node" "$@" </dev/null >>"$log" 2>&1 &
}

# lay_cables: both ends of every cable are made inside the namespaces; the machine's own network never sees one.
lay_cables() {
	local inet gw srv node i=0
	inet=$(namespace inet) gw=$(namespace gw) srv=$(namespace srv)

	ip -n "$inet" link add wan type bridge                     # the switch of the WAN stands in inet
	ip -n "$inet" link set wan up
	ip -n "$inet" addr add "$INET_WAN/24" dev wan
	ip -n "$inet" addr add "$SITE_IP/32" dev lo
	cable "$inet" to-gw "$gw" wan
	cable "$inet" to-srv "$srv" eth0
	ip -n "$inet" link set to-gw master wan
	ip -n "$inet" link set to-srv master wan
	ip netns exec "$inet" sysctl -qw net.ipv4.ip_forward=1
	ip -n "$srv" addr add "$SRV_WAN/24" dev eth0
	ip -n "$srv" route add default via "$INET_WAN"

	ip -n "$gw" addr add "$GW_WAN/24" dev wan
	ip -n "$gw" route add default via "$INET_WAN"
	ip -n "$gw" link add br-lan address 02:00:5e:10:00:01 type bridge
	ip -n "$gw" addr add "$GW_LAN/24" dev br-lan
	ip -n "$gw" link set br-lan up
	ip netns exec "$gw" sysctl -qw net.ipv4.ip_forward=1
	run_in gw iptables -t nat -A POSTROUTING -o wan -j MASQUERADE

	for node in $(client_nodes); do
		i=$(( i + 1 ))
		cable "$gw" "lan$i" "$(namespace "$node")" eth0 "$(printf '02:00:5e:20:00:%02x' "$i")"
		ip -n "$gw" link set "lan$i" master br-lan
	done
}

# cable NAMESPACE INTERFACE NAMESPACE INTERFACE [MAC of the second]: without giant packets, because openNDS holds a
# visitor to a rate by counting packets of the usual size.
cable() {
	ip -n "$1" link add "$2" type veth peer name "$4" ${5:+address "$5"} netns "$3"
	ip -n "$1" link set "$2" gso_max_size 1514 gso_max_segs 1 up
	ip -n "$3" link set "$4" gso_max_size 1514 gso_max_segs 1 up
}

# remove_lab: ends what runs inside this lab's namespaces, and nothing else; then removes namespaces and state folder.
remove_lab() {
	local file ns pids turn mine=()
	for file in "/run/netns/$LAB_NAME-"*; do
		[[ ${file##*/"$LAB_NAME"-} =~ ^(inet|srv|gw|client[0-9]+)$ ]] && mine+=("${file##*/}")
	done
	for ns in "${mine[@]}"; do end_processes TERM "$ns"; done
	for ns in "${mine[@]}"; do
		for (( turn = 0; turn < 30; turn++ )); do
			pids=$(ip netns pids "$ns" 2>/dev/null) || true
			[ -n "$pids" ] || break
			(( turn < 5 )) || end_processes KILL "$ns"
			sleep 0.1
		done
		ip netns del "$ns" || say "warning: cannot remove the namespace $ns (still there: ${pids:-nothing})"
	done
	[ ! -e "$LAB_STATE/.opennds-lab" ] || rm -rf --one-file-system -- "$LAB_STATE"
}
end_processes() {
	local pid
	for pid in $(ip netns pids "$2" 2>/dev/null); do kill "-$1" "$pid" 2>/dev/null || true; done
}
