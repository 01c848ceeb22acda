#!/usr/bin/env bash
# Runs on 4 ranks, of which one is killed with SIGKILL at a random moment; resumed on 2
# or 4 ranks, killed again and resumed: the weights must be those of the static binary.
#
#   make mpi && bench/kills.sh DIGITS ./meada-cpu ./meada-cpu-mpi [RUNS]
#
# DIGITS is the data of --dataset digits; a few images are enough. MPIRUN is the launcher of
# the library that the program is built with, with its flags. Prints how long the ranks and
# the launcher lasted after each kill.
set -euo pipefail
[[ $# -ge 3 ]] || { sed -n '2,9s/^# \?//p' "$0" >&2; exit 2; }
data=$1 static=$(realpath "$2") program=$(realpath "$3") runs=${4:-20}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
arguments=(train --dataset digits --data "$data" --algorithm me-ada --k 2 --loops-train "${STEPS:-48}" --loops-min 24
	--loops-adv 4 --test-every 16 --checkpoint-every 4 --http 0 --quiet --shards 4 --threads 1)
"$static" "${arguments[@]}" --out "$scratch/static" >/dev/null

# launch RANKS ARGUMENT... is the program on so many ranks.
launch() { timeout 1200 ${MPIRUN:-mpirun} -n "$1" "$program" "${@:2}" >/dev/null 2>&1; }

# ranks prints the process numbers of this script's ranks: they have its folder among their arguments.
ranks() { pgrep -f "^$program train .*$scratch/run" || true; }

moment() { awk -v most="$1" -v seed="$RANDOM$RANDOM" 'BEGIN { srand(seed); print most * rand() }'; }

begin=$(date +%s%N)
launch 4 "${arguments[@]}" --out "$scratch/run"
took=$((($(date +%s%N) - begin) / 1000000))
cmp "$scratch/static/last.safetensors" "$scratch/run/last.safetensors"
rm -r "$scratch/run"
echo "a run without a kill takes $took ms"

# killed RANKS ARGUMENT... kills a random rank of a run at a random moment. It fails if the
# run was complete before.
killed() {
	local launcher victims at ended
	launch "$@" &
	launcher=$!
	sleep "$(moment "${took}e-3")"
	while mapfile -t victims < <(ranks) && ((!${#victims[@]})) && kill -0 $launcher 2>/dev/null; do sleep 0.05; done
	((${#victims[@]})) || {
		wait $launcher || { echo "a run failed before a rank was killed" >&2; exit 1; }
		return 1
	}
	kill -KILL "${victims[RANDOM % ${#victims[@]}]}" 2>/dev/null || true
	at=$(date +%s%N)
	while [[ -n $(ranks) ]]; do sleep 0.05; done
	ended=$(date +%s%N)
	! wait $launcher || return 1
	kills=$((kills + 1))
	echo "  one of $1 ranks killed: all ended after $(((ended - at) / 1000000)) ms, the launcher after $((($(date +%s%N) - at) / 1000000)) ms"
}

kills=0 same=0
for ((run = 1; run <= runs; run++)); do
	rm -rf "$scratch/run"
	killed 4 "${arguments[@]}" --out "$scratch/run" || {
		echo "run $run was complete before its first kill: once more"
		run=$((run - 1))
		continue
	}
	# A run whose settings are not written yet begins again.
	again=(train --resume "$scratch/run" --quiet --http 0)
	[[ -e $scratch/run/config.json ]] || again=("${arguments[@]}" --out "$scratch/run")
	killed $((RANDOM % 2 ? 2 : 4)) "${again[@]}" || true
	if [[ ! -e $scratch/run/summary.json ]]; then
		[[ ! -e $scratch/run/config.json ]] || again=(train --resume "$scratch/run" --quiet --http 0)
		launch $((RANDOM % 2 ? 2 : 4)) "${again[@]}"
	fi
	cmp "$scratch/static/last.safetensors" "$scratch/run/last.safetensors"
	same=$((same + 1))
	echo "run $run: the same weights"
done
echo "$same of $runs runs ended with the same weights, $kills kills"
