package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
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

// mpiJob is what the MPI operator's v2beta1 has of an MPIJob: the names of
// pkg/apis/kubeflow/v2beta1 of github.com/kubeflow/mpi-operator, a pod's as in TestKubernetesExample.
type mpiJob struct {
	APIVersion string `json:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		SlotsPerWorker int `json:"slotsPerWorker"`
		RunPolicy      struct {
			CleanPodPolicy string `json:"cleanPodPolicy"`
			BackoffLimit   int    `json:"backoffLimit"`
		} `json:"runPolicy"`
		MPIReplicaSpecs map[string]mpiReplica `json:"mpiReplicaSpecs"`
	}
}

type mpiReplica struct {
	Replicas      int
	RestartPolicy string `json:"restartPolicy"`
	Template      struct {
		Spec struct {
			Containers []struct {
				Name, Image   string
				Command, Args []string
				Resources     struct{ Requests, Limits map[string]string }
				VolumeMounts  []struct {
					Name      string
					MountPath string `json:"mountPath"`
				} `json:"volumeMounts"`
			}
			Volumes []struct {
				Name                  string
				PersistentVolumeClaim struct {
					ClaimName string `json:"claimName"`
				} `json:"persistentVolumeClaim"`
			}
		}
	}
}

// The manifest has no field that the operator does not know, and its command starts as many
// ranks as there are slots, with settings that train takes.
func TestMPIJobExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(examples, "mpijob.yaml"))
	require.NoError(t, err)
	var tree map[string]any
	require.NoError(t, yaml.Unmarshal(text, &tree))
	text, err = json.Marshal(tree)
	require.NoError(t, err)
	var job mpiJob
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&job))
	require.Len(t, job.Spec.MPIReplicaSpecs, 2)
	launcher, worker := job.Spec.MPIReplicaSpecs["Launcher"], job.Spec.MPIReplicaSpecs["Worker"]
	require.Equal(t, []string{"kubeflow.org/v2beta1", "MPIJob", "Running", "Never", "Never"},
		[]string{job.APIVersion, job.Kind, job.Spec.RunPolicy.CleanPodPolicy, launcher.RestartPolicy, worker.RestartPolicy})
	require.Equal(t, 1, launcher.Replicas)

	command := launcher.Template.Spec.Containers[0]
	require.Equal(t, []string{"mpirun"}, command.Command)
	at := slices.Index(command.Args, "meada-cpu-mpi")
	require.Equal(t, []string{"--allow-run-as-root", "-n", strconv.Itoa(worker.Replicas * job.Spec.SlotsPerWorker)}, command.Args[:at])
	require.Equal(t, "train", command.Args[at+1])
	var s settings
	require.NoError(t, s.parse(command.Args[at+2:]))
	require.Zero(t, s.Shards%worker.Replicas)

	pod := worker.Template.Spec
	require.Equal(t, pod.Volumes[0].Name, pod.Containers[0].VolumeMounts[0].Name)
	for _, path := range []string{s.Data, s.Out} {
		require.True(t, strings.HasPrefix(path, pod.Containers[0].VolumeMounts[0].MountPath+"/"), path)
	}
	require.NotEmpty(t, pod.Volumes[0].PersistentVolumeClaim.ClaimName)
	require.Empty(t, pod.Containers[0].Command, "the operator starts sshd")
}
