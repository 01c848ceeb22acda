#!/usr/bin/env bash
# Two ranks in two network namespaces of this machine, joined by a virtual cable of 1 and
# of 10 Gbit/s, against one process: the weights must be the same. Prints the images/s of
# each ten steps and the bytes that went over the cable.
#
#   make mpi && sudo bench/netns.sh ./meada-cpu-mpi [arguments of train]
#
# MPIRUN names the launcher of the library that the program is built with, mpirun by
# default. Needs root, ip, tc and Go. The cable delays by 0.1 ms each way: tc's netem does
# where the kernel has it, elsewhere the program in bench/cable.
set -euo pipefail
[[ $# -ge 1 && $EUID == 0 ]] || { sed -n '2,12s/^# \?//p' "$0" >&2; exit 2; }
program=$(realpath "$1"); shift
arguments=("$@")
[[ $# -gt 0 ]] || arguments=(--preset cifar10 --model wrn --dataset synthetic-digits --algorithm erm --epochs 2
	--test-every 2 --test-images 64 --max-steps "${STEPS:-20}")
mpirun=${MPIRUN:-mpirun}
scratch=$(mktemp -d)
spaces=(meada-a meada-b)
carrier=
cleanup() {
	[[ -z $carrier ]] || kill "$carrier" 2>/dev/null || true
	for space in "${spaces[@]}"; do ip netns del "$space" 2>/dev/null || true; done
	rm -rf "$scratch"
}
trap cleanup EXIT

for space in "${spaces[@]}"; do ip netns add "$space"; done
(cd "$(dirname "$0")" && go build -o "$scratch/cable" ./cable)

# cable GBITS joins the namespaces by a cable of a rate, and measures it.
cable() {
	if [[ -n $carrier ]]; then
		kill "$carrier"
		wait "$carrier" 2>/dev/null || true
		carrier=
	fi
	ip -n meada-a link del cable 2>/dev/null || true
	ip link add cable netns meada-a type veth peer name cable netns meada-b
	for space in "${spaces[@]}"; do
		tc -n "$space" qdisc add dev cable root netem delay 100us rate "$1gbit" limit 100000 2>/dev/null || carrier=needed
	done
	if [[ -n $carrier ]]; then
		ip -n meada-a link del cable
		rm -f "$scratch/ready"
		chrt -f 10 "$scratch/cable" -rate "${1}e9" -delay 100us "${spaces[@]}" >"$scratch/ready" &
		carrier=$!
		until [[ -s $scratch/ready ]]; do
			kill -0 "$carrier"
			sleep 0.1
		done
	fi
	for i in 0 1; do
		ip -n "${spaces[i]}" address add 10.77.0.$((i + 1))/24 dev cable
		ip -n "${spaces[i]}" link set cable up
		ip -n "${spaces[i]}" link set lo up
	done
	sleep 0.5
	for _ in 1 2 3; do "$scratch/cable" -probe 10.77.0.2 "${spaces[@]}"; done
}

# The launchers' rsh: a rank's namespace by its address, with half of the CPUs.
cat >"$scratch/agent" <<'AGENT'
#!/usr/bin/env bash
while [[ $1 == -* ]]; do shift; done
half=$(($(nproc --all) / 2)) host=$1
shift
case $host in
*.1) exec ip netns exec meada-a taskset -c 0-$((half - 1)) sh -c "$*" ;;
*.2) exec ip netns exec meada-b taskset -c $half-$((2 * half - 1)) sh -c "$*" ;;
esac
AGENT
chmod +x "$scratch/agent"

if "$mpirun" --version | grep -q 'Open MPI\|OpenRTE'; then
	launch=("$mpirun" --allow-run-as-root --bind-to none --mca plm_rsh_agent "$scratch/agent" --mca pml ob1 --mca btl tcp,self
		--mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 --host 10.77.0.1:1,10.77.0.2:1)
else
	export UCX_TLS=tcp,self UCX_NET_DEVICES=cable
	launch=("$mpirun" -launcher ssh -launcher-exec "$scratch/agent" -iface cable -hosts 10.77.0.1,10.77.0.2)
fi

speeds() { sed -n 's/.*"type":"train".*"step":\([0-9]*\).*"images_per_second":\([0-9.]*\).*/  to step \1: \2 images\/s/p' "$1/metrics.jsonl"; }

threads=$(($(nproc --all) / 2))
common=(train "${arguments[@]}" --shards 2 --http 0 --quiet)
echo "one process, $((2 * threads)) threads"
"$program" "${common[@]}" --threads $((2 * threads)) --out "$scratch/alone" >/dev/null
speeds "$scratch/alone"
for rate in ${RATES:-10 1}; do
	cable $rate
	before=$(ip netns exec meada-a cat /sys/class/net/cable/statistics/tx_bytes)
	ip netns exec meada-a timeout "${LIMIT:-600}" "${launch[@]}" -n 2 "$program" "${common[@]}" --threads $threads --out "$scratch/$rate" >/dev/null
	after=$(ip netns exec meada-a cat /sys/class/net/cable/statistics/tx_bytes)
	cmp "$scratch/alone/last.safetensors" "$scratch/$rate/last.safetensors"
	echo "two ranks of $threads threads, $rate Gbit/s, 0.2 ms there and back: the same weights; $(((after - before) / 1000000)) MB each way"
	speeds "$scratch/$rate"
done
sha256sum <"$scratch/alone/last.safetensors"
