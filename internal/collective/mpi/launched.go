// Package mpi joins the ranks of a run by MPI, in builds with the tag mpi (make mpi).
// Other builds only tell when a launcher has started several.
package mpi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/collective"
)

// Ranks is a group that is joined by MPI, or a process alone: without a Group.
type Ranks struct {
	*collective.Group
	Neighbours int // the ranks on this machine
	CPUs       int // those of this rank for itself
	Processors int // those that the system gives a process alone

	link *link
}

// launchers lists the variables that launchers set, number of ranks and rank.
var launchers = [][2]string{
	{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"}, // Open MPI
	{"PMI_SIZE", "PMI_RANK"},                         // MPICH
	{"SLURM_STEP_NUM_TASKS", "SLURM_PROCID"},         // srun
	{"SLURM_NTASKS", "SLURM_PROCID"},
}

// array is set in tasks of a Slurm array, each with work of its own, however many of them
// there are. What srun starts within one are ranks all the same, and have a variable that
// the task itself has not.
const array = "SLURM_ARRAY_TASK_ID"

// Launched returns how many ranks a launcher has started, 1 if none has, and the
// variable that tells.
func Launched(getenv func(string) string) (ranks int, variable string) {
	for _, names := range launchers {
		n, err := strconv.Atoi(getenv(names[0]))
		if err != nil {
			continue
		}
		if names[1] == "SLURM_PROCID" && getenv(names[1]) == "" { // a shell of salloc, which starts nothing
			continue
		}
		if names[0] == "SLURM_NTASKS" && getenv(array) != "" {
			break
		}
		return max(n, 1), names[0]
	}
	return 1, ""
}

// LaunchedAs returns the rank that a launcher has started this process as, 0 if none
// has.
func LaunchedAs(getenv func(string) string) int {
	ranks, variable := Launched(getenv)
	for _, names := range launchers {
		if rank, err := strconv.Atoi(getenv(names[1])); ranks > 1 && names[0] == variable && err == nil {
			return rank
		}
	}
	return 0
}

// Variables returns the names of the variables that Launched reads.
func Variables() []string {
	var all []string
	for _, names := range launchers {
		all = append(all, names[0])
	}
	return all
}

// boundUnasked reports whether a launcher has bound this process to CPUs that nobody has
// asked for. Open MPI 4 gives each of one or two ranks a single core, whatever the
// machine has, unless it is told otherwise; what it is told it hands on.
func boundUnasked(getenv func(string) string) bool {
	asked := slices.ContainsFunc([]string{
		"hwloc_base_binding_policy", "hwloc_base_cpu_set", "hwloc_base_slot_list",
		"rmaps_base_cpus_per_rank", "orte_rankfile", "rmaps_rank_file_path",
	}, func(name string) bool { return getenv("OMPI_MCA_"+name) != "" })
	mapping := strings.ToLower(getenv("OMPI_MCA_rmaps_base_mapping_policy"))
	return getenv("OMPI_MCA_orte_bound_at_launch") != "" && !asked && !strings.Contains(mapping, "pe=")
}
