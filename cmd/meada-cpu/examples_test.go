package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert/yaml"
	"github.com/stretchr/testify/require"
)

var examples = filepath.Join("..", "..", "examples")

// checkSweep requires arguments that make a sweep of as many runs, an equal part
// of them for each of the array's tasks.
func checkSweep(t *testing.T, args []string, env map[string]string, tasks int) {
	t.Helper()
	require.Equal(t, "sweep", args[0])
	s := sweepSettings{}
	require.NoError(t, s.parse(args[1:]))
	all := s.members()
	require.Len(t, all, 30)
	for _, m := range all {
		var one settings
		require.NoError(t, one.parse(m.Flags))
		require.Equal(t, "digits", one.Dataset)
	}
	require.NoError(t, s.shard.Resolve(func(name string) string { return env[name] }, 0))
	require.Equal(t, tasks, s.shard.Count)
	lo, hi := s.shard.Of(len(all))
	require.Equal(t, 3, hi-lo)
	require.Equal(t, all[lo].Seed, all[hi-1].Seed)
}

func TestSlurmExample(t *testing.T) {
	t.Parallel()
	path := filepath.Join(examples, "sweep.slurm")
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash to run the script")
	}
	// A stand-in for meada-cpu prints what it is called with.
	bin := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bin, "meada-cpu"), []byte("#!/bin/sh\nprintf '%s\\n' \"$@\"\n"), 0o777))
	c := exec.Command(bash, path, "/my data", "/my runs")
	c.Env = append(os.Environ(), "SLURM_CPUS_PER_TASK=8", "SLURM_ARRAY_TASK_ID=3", "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := c.CombinedOutput()
	require.NoError(t, err, string(out))
	args := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Contains(t, args, "/my data")
	require.Contains(t, args, "4/10", "whichever tasks the array has")
	checkSweep(t, args, nil, 10)

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "#SBATCH --array=0-9\n")
	beforeFirstCommand, _, _ := strings.Cut(string(text), "\nset -euo")
	require.Equal(t, strings.Count(string(text), "#SBATCH"), strings.Count(beforeFirstCommand, "#SBATCH"), "Slurm reads no option after a command")
	require.Error(t, exec.Command(bash, path).Run(), "without folders")
}

func TestKubernetesExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(examples, "sweep.yaml"))
	require.NoError(t, err)
	var job struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   struct{ Name string }
		Spec       struct {
			CompletionMode           string `yaml:"completionMode"`
			Completions, Parallelism int
			Template                 struct {
				Spec struct {
					RestartPolicy string `yaml:"restartPolicy"`
					Containers    []struct {
						Name, Image   string
						Command, Args []string
						VolumeMounts  []struct {
							Name      string
							MountPath string `yaml:"mountPath"`
						} `yaml:"volumeMounts"`
					}
					Volumes []struct{ Name string }
				}
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &job))
	require.Equal(t, []string{"batch/v1", "Job", "Indexed", "Never"},
		[]string{job.APIVersion, job.Kind, job.Spec.CompletionMode, job.Spec.Template.Spec.RestartPolicy})
	pod := job.Spec.Template.Spec
	require.Len(t, pod.Containers, 1)
	container := pod.Containers[0]
	require.Equal(t, []string{"meada-cpu"}, container.Command)
	require.Equal(t, pod.Volumes[0].Name, container.VolumeMounts[0].Name)
	require.Equal(t, "/shared", container.VolumeMounts[0].MountPath)
	require.NotEmpty(t, job.Metadata.Name)
	checkSweep(t, container.Args, map[string]string{"JOB_COMPLETION_INDEX": "9"}, job.Spec.Completions)
}
