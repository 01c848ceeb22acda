#!/usr/bin/env bash
# The checksums of one run of four shards on 1, 2 and 4 ranks of 1 and 2 threads, and on one
# process of the static binary: of the weights, and of the metrics without times and memory.
#
#   make mpi && bench/ranks.sh DIGITS ./meada-cpu ./meada-cpu-mpi [qemu-aarch64-static meada-cpu-arm64]
#
# DIGITS is the data of --dataset digits; a few images are enough. MPIRUN is the launcher of
# the library that the program is built with, with its flags; MEADA_ISA chooses the kernel set.
set -euo pipefail
[[ $# -ge 3 ]] || { sed -n '2,9s/^# \?//p' "$0" >&2; exit 2; }
data=$1 static=$2 program=$3
shift 3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# row NAME THREADS COMMAND... runs the command and prints the checksums of its run.
row() {
	local name=$1 threads=$2 out=$scratch/run weights metrics
	shift 2
	"$@" train --dataset digits --data "$data" --algorithm me-ada --k 1 --loops-train 2 --loops-min 1 --loops-adv 1 --batch-size 4 \
		--test-images 1 --test-every 2 --http 0 --quiet --shards 4 --threads "$threads" --out "$out" >/dev/null
	weights=$(sha256sum <"$out/last.safetensors") metrics=$(sed -E 's/,?"(images_per_second|peak_rss_bytes|seconds)":[^,}]*//g' "$out/metrics.jsonl" | sha256sum)
	rm -r "$out"
	printf '%-24s %s thread(s)  weights %.12s  metrics %.12s\n' "$name" "$threads" "$weights" "$metrics"
}

for threads in 1 2; do
	row "one process" $threads "$static"
	for ranks in 1 2 4; do
		row "$ranks rank(s)" $threads ${MPIRUN:-mpirun} -n $ranks "$program"
	done
done
[[ $# == 0 ]] || row "$1" 1 "$@"
