package system

import (
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// AvailableMemory returns the bytes of memory that this process can hold in all,
// 0 if the system does not tell.
func AvailableMemory() int64 {
	root := os.DirFS("/")
	free := freeMemory(root)
	if free == 0 {
		return 0
	}
	return free + readFields(root, "proc/self/status")["RssAnon:"]<<10 // which counts as taken
}

// cgroupFiles names the files that hold the memory of control groups of one version.
type cgroupFiles struct {
	root, limit, usage string
	caches             []string // the lines of memory.stat that can be reclaimed
}

var (
	cgroupV1 = cgroupFiles{"sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
		[]string{"total_active_file", "total_inactive_file"}}
	cgroupV2 = cgroupFiles{"sys/fs/cgroup", "memory.max", "memory.current", []string{"active_file", "inactive_file"}}
)

// freeMemory returns the bytes of memory that this process can still take, on a
// root file system: the least of what the whole machine has available and what
// each of the control groups that contain the process has left. It is 0 if the
// system does not tell.
func freeMemory(root fs.FS) int64 {
	least := int64(math.MaxInt64)
	if kib, ok := readFields(root, "proc/meminfo")["MemAvailable:"]; ok {
		least = kib << 10
	}
	groups, _ := fs.ReadFile(root, "proc/self/cgroup")
	for line := range strings.Lines(string(groups)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3) // number:controllers:path
		if len(fields) < 3 {
			continue
		}
		files := cgroupV2
		if fields[1] != "" {
			files = cgroupV1
			if !strings.Contains(","+fields[1]+",", ",memory,") {
				continue
			}
		}
		// In a container the path may be that of the machine outside, and the
		// root the container's own group.
		for group := path.Clean("/" + fields[2]); ; group = path.Dir(group) {
			if left, ok := files.left(root, path.Join(files.root, group)); ok {
				least = min(least, max(left, 1))
			}
			if group == "/" {
				break
			}
		}
	}
	if least == math.MaxInt64 {
		return 0
	}
	return least
}

// left returns what a group may still take, if it has a limit.
func (c *cgroupFiles) left(root fs.FS, dir string) (int64, bool) {
	limit, ok1 := readNumber(root, path.Join(dir, c.limit))
	usage, ok2 := readNumber(root, path.Join(dir, c.usage))
	if !ok1 || !ok2 {
		return 0, false
	}
	stat := readFields(root, path.Join(dir, "memory.stat"))
	for _, name := range c.caches {
		usage -= stat[name]
	}
	return limit - usage, true
}

// readNumber reads a file that consists of a number.
func readNumber(root fs.FS, name string) (int64, bool) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	v, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return v, err == nil
}

// readFields reads a file of lines that begin with a name and a number.
func readFields(root fs.FS, name string) map[string]int64 {
	text, _ := fs.ReadFile(root, name)
	values := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) >= 2 {
			if v, err := strconv.ParseInt(words[1], 10, 64); err == nil {
				values[words[0]] = v
			}
		}
	}
	return values
}
