#!/usr/bin/env bash
# The job of examples/mpijob.yaml without Kubernetes: pods are network, process and mount
# namespaces of this machine. Workers run sshd -De and see the shared folder; the launcher,
# which does not, runs the manifest's command with the hostfile, the variables and the keys
# that the MPI operator gives it. The weights must be those of one process.
#
#   make mpi MPICC=mpicc.openmpi && sudo bench/mpijob.sh ./meada-cpu-mpi DATA [arguments of train]
#
# DATA holds CIFAR-10. The arguments follow those of the manifest: three steps, unless others
# are given. Needs root, ip, Open MPI, openssh-server and a kernel with overlayfs.
set -euo pipefail
[[ $# -ge 2 && $EUID == 0 ]] || { sed -n '2,11s/^# \?//p' "$0" >&2; exit 2; }
program=$(realpath "$1") data=$(realpath "$2")
shift 2
more=("$@")
[[ $# -gt 0 ]] || more=(--max-steps=3 --test-every=3 --test-images=64 --corruptions=none --threads=1)
manifest=$(dirname "$0")/../examples/mpijob.yaml
job=$(sed -n '/^metadata:/,/^spec:/s/^  name: //p' "$manifest")
mapfile -t arguments < <(sed -n '/^ *args:/,/^ *Worker:/s/^ *- \([^#]*\).*/\1/p' "$manifest" | sed 's/ *$//; s/^"\(.*\)"$/\1/')
workers=$(sed -n '/^ *Worker:/,$s/^ *replicas: //p' "$manifest")
pods=(launcher)
for ((i = 0; i < workers; i++)); do pods+=("worker-$i"); done

scratch=$(mktemp -d)
running=()
cleanup() {
	for pid in "${running[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
	sleep 0.5
	for pod in "${pods[@]}" switch; do ip netns del "meada-$pod" 2>/dev/null || true; done
	umount -R "$scratch" 2>/dev/null || true
	rm -rf "$scratch"
}
trap cleanup EXIT
mount -t tmpfs meada "$scratch"
mkdir "$scratch/shared" "$scratch/pods" "$scratch/ssh"
ssh-keygen -q -t ecdsa -N "" -f "$scratch/ssh/id_rsa" # as the operator names it
cp "$scratch/ssh/id_rsa.pub" "$scratch/ssh/authorized_keys"

# A pod's network, and its files: this system's, with changes of its own.
ip netns add meada-switch
ip -n meada-switch link add switch type bridge
ip -n meada-switch link set switch up
for i in "${!pods[@]}"; do
	pod=${pods[i]} name=$job-${pods[i]}
	ip netns add "meada-$pod"
	ip link add eth0 netns "meada-$pod" type veth peer name "pod$i" netns meada-switch
	ip -n meada-switch link set "pod$i" master switch up
	ip -n "meada-$pod" address add "10.78.0.$((i + 1))/24" dev eth0
	ip -n "meada-$pod" link set eth0 up
	ip -n "meada-$pod" link set lo up
	echo "10.78.0.$((i + 1)) $name.$job.default.svc $name" >>"$scratch/hosts"
	[[ $pod == launcher ]] || echo "$name.$job.default.svc slots=1" >>"$scratch/hostfile"

	root=$scratch/pods/$pod/root
	mkdir -p "$scratch/pods/$pod"/{upper,work,root}
	mount -t overlay pod -o "lowerdir=/,upperdir=$scratch/pods/$pod/upper,workdir=$scratch/pods/$pod/work" "$root"
	mkdir -p "$root"/{etc/mpi,root/.ssh,run/sshd,usr/local/bin}
	cp "$program" "$root/usr/local/bin/meada-cpu-mpi"
	cp "$scratch"/ssh/* "$root/root/.ssh"
	# As in the operator's base image.
	sed -i 's/[ #]\(.*StrictHostKeyChecking \).*/ \1no/; s/[ #]\(.*Port \).*/ \12222/' "$root/etc/ssh/ssh_config"
	echo "    UserKnownHostsFile /dev/null" >>"$root/etc/ssh/ssh_config"
	sed -i 's/#\(StrictModes \).*/\1no/; s/#\(Port \).*/\12222/' "$root/etc/ssh/sshd_config"
done
for pod in "${pods[@]}"; do
	root=$scratch/pods/$pod/root
	{
		echo 127.0.0.1 localhost
		cat "$scratch/hosts"
	} >"$root/etc/hosts"
	cp "$scratch/hostfile" "$root/etc/mpi/hostfile"
	[[ $pod == launcher ]] || mkdir "$root/shared"
done
mkdir "$scratch/shared/data"

# inside POD COMMAND... becomes the command in a pod.
cat >"$scratch/inside" <<'INSIDE'
#!/usr/bin/env bash
set -euo pipefail
scratch=$1 data=$2 name=$3 pod=$4
shift 4
root=$scratch/pods/$pod/root
hostname "$name"
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs shm "$root/dev/shm"
mount -t tmpfs tmp "$root/tmp"
if [[ -d $root/shared ]]; then
	mount --bind "$scratch/shared" "$root/shared"
	mount --bind "$data" "$root/shared/data"
fi
exec chroot "$root" "$@"
INSIDE
chmod +x "$scratch/inside"
pod() { exec ip netns exec "meada-$1" unshare --mount --uts --ipc --pid --fork --kill-child "$scratch/inside" "$scratch" "$data" "$job-$1" "$@"; }

for ((i = 0; i < workers; i++)); do
	pod "worker-$i" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /usr/sbin/sshd -De 2>>"$scratch/sshd" &
	running+=($!)
	disown # or the shell says that it was killed
done
echo "launcher: mpirun ${arguments[*]} ${more[*]}"
(pod launcher env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin K_MPI_JOB_ROLE=launcher \
	OMPI_MCA_orte_keep_fqdn_hostnames=true OMPI_MCA_orte_default_hostfile=/etc/mpi/hostfile OMPI_MCA_orte_set_default_slots=1 \
	OMPI_MCA_plm_rsh_args="-o ConnectionAttempts=10" timeout "${LIMIT:-600}" mpirun "${arguments[@]}" "${more[@]}" </dev/null)

[[ ! -e $scratch/pods/launcher/root/shared ]]
run=$(sed -n 's|^--out=/shared/||p' <(printf '%s\n' "${arguments[@]}"))
alone=("${arguments[@]:$(printf '%s\n' "${arguments[@]}" | grep -nx train | cut -d: -f1)-1}")
"$program" "${alone[@]}" "${more[@]}" --data="$data" --out="$scratch/alone" --threads="$(nproc)" --quiet >/dev/null
cmp "$scratch/alone/last.safetensors" "$scratch/shared/$run/last.safetensors"
echo "$workers ranks in pods of their own: the weights of one process, $(sha256sum <"$scratch/alone/last.safetensors" | head -c 12)"
