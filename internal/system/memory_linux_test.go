package system

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestFreeMemory(t *testing.T) {
	require.Positive(t, AvailableMemory())

	const mib = 1 << 20
	meminfo := "MemTotal:       8388608 kB\nMemFree:         524288 kB\nMemAvailable:   4194304 kB\n" // 4096 MiB
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no group": {map[string]string{"proc/meminfo": meminfo}, 4096 * mib},
		"version 2, a limit further up": {map[string]string{
			"proc/meminfo":                             meminfo,
			"proc/self/cgroup":                         "0::/system/job\n",
			"sys/fs/cgroup/system/job/memory.max":      "max\n",
			"sys/fs/cgroup/system/job/memory.current":  "104857600\n",
			"sys/fs/cgroup/system/memory.max":          "1073741824\n", // 1024 MiB
			"sys/fs/cgroup/system/memory.current":      "524288000\n",  // 500 MiB, of which
			"sys/fs/cgroup/system/memory.stat":         "anon 314572800\ninactive_file 104857600\nactive_file 104857600\n",
			"sys/fs/cgroup/unrelated/memory.max":       "1\n",
			"sys/fs/cgroup/unrelated/memory.current":   "0\n",
			"sys/fs/cgroup/system/memory.swap.current": "0\n",
		}, (1024 - 300) * mib},
		"version 2 in a container": {map[string]string{
			"proc/meminfo":                 meminfo,
			"proc/self/cgroup":             "0::/../outside\n",
			"sys/fs/cgroup/memory.max":     "2147483648\n",
			"sys/fs/cgroup/memory.current": "1048576\n",
		}, 2047 * mib},
		"version 1": {map[string]string{
			"proc/meminfo":     meminfo,
			"proc/self/cgroup": "5:devices:/docker/1\n4:cpu,memory:/docker/1\n0::/\n",
			"sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": "1073741824\n",
			"sys/fs/cgroup/memory/docker/1/memory.usage_in_bytes": "209715200\n",
			"sys/fs/cgroup/memory/docker/1/memory.stat":           "cache 1\ntotal_inactive_file 104857600\ntotal_active_file 0\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":          "9223372036854771712\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes":          "4194304000\n",
		}, (1024 - 100) * mib},
		"nothing left": {map[string]string{
			"proc/meminfo":                 meminfo,
			"proc/self/cgroup":             "0::/\n",
			"sys/fs/cgroup/memory.max":     "1048576\n",
			"sys/fs/cgroup/memory.current": "1048577\n",
		}, 1},
		"unknown": {nil, 0},
	} {
		root := fstest.MapFS{}
		for path, text := range c.files {
			root[path] = &fstest.MapFile{Data: []byte(text)}
		}
		require.Equal(t, c.want, freeMemory(root), name)
	}
}
