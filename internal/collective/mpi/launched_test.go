package mpi

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLaunched(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		environment map[string]string
		ranks, rank int
		variable    string
	}{
		{nil, 1, 0, ""},
		{map[string]string{"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3"}, 4, 3, "OMPI_COMM_WORLD_SIZE"},
		{map[string]string{"PMI_SIZE": "2", "PMI_RANK": "1"}, 2, 1, "PMI_SIZE"},
		{map[string]string{"SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "5"}, 8, 5, "SLURM_STEP_NUM_TASKS"},
		{map[string]string{"SLURM_NTASKS": "2", "SLURM_PROCID": "0"}, 2, 0, "SLURM_NTASKS"},
		{map[string]string{"SLURM_NTASKS": "1", "SLURM_PROCID": "0"}, 1, 0, "SLURM_NTASKS"},
		{map[string]string{"SLURM_NTASKS": "10", "SLURM_PROCID": "2", "SLURM_ARRAY_TASK_ID": "7"}, 1, 0, ""},
		{map[string]string{"SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "2", "SLURM_ARRAY_TASK_ID": "7"}, 4, 2, "SLURM_STEP_NUM_TASKS"},
		{map[string]string{"SLURM_NTASKS": "4"}, 1, 0, ""},
		{map[string]string{"OMPI_COMM_WORLD_SIZE": "many"}, 1, 0, ""},
	} {
		getenv := func(name string) string { return c.environment[name] }
		ranks, variable := Launched(getenv)
		require.Equal(t, c.ranks, ranks, "%v", c.environment)
		require.Equal(t, c.variable, variable, "%v", c.environment)
		require.Equal(t, c.rank, LaunchedAs(getenv), "%v", c.environment)
	}
}

func TestBoundUnasked(t *testing.T) {
	t.Parallel()
	for policy, expected := range map[string]bool{
		"":                                      true,
		"rmaps_base_mapping_policy=ppr:1:node":  true,
		"rmaps_base_mapping_policy=socket:PE=4": false,
		"hwloc_base_binding_policy=core":        false,
		"hwloc_base_cpu_set=0,1":                false,
		"orte_rankfile=hosts":                   false,
	} {
		name, value, _ := strings.Cut(policy, "=")
		environment := map[string]string{"OMPI_MCA_" + name: value}
		require.False(t, boundUnasked(func(name string) string { return environment[name] }), "%s, not bound", policy)
		environment["OMPI_MCA_orte_bound_at_launch"] = "1"
		require.Equal(t, expected, boundUnasked(func(name string) string { return environment[name] }), "%s", policy)
	}
}
