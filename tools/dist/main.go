// Command dist builds a release into a new folder: one archive for each
// platform with the static binary, its documents and the licences of what is
// linked into it, an inventory of these parts (a CycloneDX SBOM), and SHA256SUMS.
//
//	go run ./tools/dist [-out dist] [os/arch...]
//
// The same commit and the same Go release give the same bytes, whatever the
// folder, the clock and the settings of whoever builds. The version is the
// tag or the commit, as Go's tools stamp it into the binary.
package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	name        = "meada-cpu"
	mainPackage = "./cmd/meada-cpu"
)

// platforms are those that a release has archives for.
var platforms = []string{
	"linux/amd64", "linux/arm64", "linux/riscv64", "linux/s390x",
	"darwin/amd64", "darwin/arm64",
	"windows/amd64", "windows/arm64",
	"freebsd/amd64", "freebsd/arm64",
}

// documents go into every archive: what README links to is among them.
var documents = []string{
	"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "RELEASING.md", "RELIABILITY.md",
	"docs/architecture.md", "docs/clusters.md", "docs/formats.md", "docs/glossary.md", "docs/methods.md", "docs/mpi.md", "docs/performance.md",
	"docs/synthetic-digits.png", "bench/results/gonum-avx512-1t.svg",
	"examples/mpijob.yaml", "examples/sweep.slurm", "examples/sweep.yaml", "examples/train.slurm",
}

func main() {
	out := flag.String("out", "dist", "the new `folder`")
	flag.Parse()
	targets := flag.Args()
	if len(targets) == 0 {
		targets = platforms
	}
	if err := release(*out, targets); err != nil {
		fmt.Fprintf(os.Stderr, "dist: %v\n", err)
		os.Exit(1)
	}
}

// release writes the whole release to the folder out, which must not exist.
func release(out string, targets []string) (err error) {
	if err := os.Mkdir(out, 0o777); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(out)
		}
	}()
	scratch, err := os.MkdirTemp("", name)
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	var all []part
	var info build
	for _, target := range targets {
		goos, goarch, ok := strings.Cut(target, "/")
		if !ok {
			return fmt.Errorf("platform %q: expected os/arch, such as linux/amd64", target)
		}
		parts, err := linked(goos, goarch)
		if err != nil {
			return err
		}
		all = append(all, parts...)
		var packed file
		if packed, info, err = archive(scratch, goos, goarch, parts); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, packed.name), packed.data, 0o666); err != nil {
			return err
		}
		fmt.Println(packed.name)
	}
	bom, err := sbom(info, all)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, name+"-"+info.version+".cdx.json"), bom, 0o666); err != nil {
		return err
	}
	return checksums(out)
}

// archive compiles the program for a platform, in the folder scratch, and packs it
// with the documents and the licences of its parts.
func archive(scratch, goos, goarch string, parts []part) (packed file, info build, err error) {
	executable := name
	if goos == "windows" {
		executable += ".exe"
	}
	path := filepath.Join(scratch, executable)
	if info, err = compile(path, goos, goarch); err != nil {
		return file{}, build{}, err
	}
	var files []file
	for _, from := range append([]string{path}, documents...) {
		data, err := os.ReadFile(from)
		if err != nil {
			return file{}, build{}, err
		}
		to := from
		if from == path {
			to = executable
		}
		files = append(files, file{to, data, from == path})
	}
	licences, err := licenceTexts(parts)
	if err != nil {
		return file{}, build{}, err
	}
	files = append(files, file{"THIRD_PARTY_LICENSES", licences, false})

	stem := fmt.Sprintf("%s-%s-%s-%s", name, info.version, goos, goarch)
	packed, err = pack(stem, goos == "windows", info.time, files)
	return packed, info, err
}

// build is what Go's tools stamped into a binary.
type build struct {
	version string
	time    time.Time // of the commit; 1980, the first that zip knows, without one
}

// compile builds the command for a platform at path.
func compile(path, goos, goarch string) (build, error) {
	// Stripped: stack traces keep their names and lines, debuggers lose theirs.
	if _, err := goTool(goos, goarch, "build", "-trimpath", "-buildvcs=auto", "-ldflags=-s -w", "-o", path, mainPackage); err != nil {
		return build{}, err
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return build{}, err
	}
	return stamped(info)
}

func stamped(info *debug.BuildInfo) (build, error) {
	b := build{
		version: strings.Trim(info.Main.Version, "()"), // "(devel)" without a repository
		time:    time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	for _, s := range info.Settings {
		if s.Key != "vcs.time" {
			continue
		}
		t, err := time.Parse(time.RFC3339, s.Value)
		if err != nil {
			return build{}, fmt.Errorf("time of the commit: %w", err)
		}
		b.time = t
	}
	return b, nil
}

// ofBuilder are the settings of Go that say where modules and what was built lie, not what
// is built.
var ofBuilder = []string{"GOPROXY", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOINSECURE", "GOPATH", "GOMODCACHE", "GOCACHE"}

// builder returns them as variables: all else that `go env -w` has set is left out.
var builder = sync.OnceValues(func() ([]string, error) {
	out, err := exec.Command("go", append([]string{"env"}, ofBuilder...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	var variables []string
	for i, value := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		variables = append(variables, ofBuilder[i]+"="+strings.TrimSuffix(value, "\r"))
	}
	return variables, nil
})

// goTool runs the go command for a platform and returns what it prints.
// Settings that change a binary are the same for everybody: the oldest CPU of
// each architecture, no experiments, no flags.
func goTool(goos, goarch string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	theirs, err := builder()
	if err != nil {
		return nil, err
	}
	cmd.Env = append(append(os.Environ(), theirs...),
		"GOENV=off", "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0",
		"GOAMD64=v1", "GOARM64=v8.0", "GORISCV64=rva20u64",
		"GOFLAGS=-mod=readonly", "GOWORK=off", "GOFIPS140=off", "GOEXPERIMENT=")
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s for %s/%s: %w: %s", args[0], goos, goarch, err, bytes.TrimSpace(errors.Bytes()))
	}
	return out, nil
}

// checksums writes SHA256SUMS over the files of a folder, in the format of
// sha256sum.
func checksums(dir string) error {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), e.Name())
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o666)
}

// part is a module that is linked into the command.
type part struct {
	path, version string // "std" and Go's version for the standard library
	dir           string // its source, with its licence
}

// linked lists what the command for a platform is made of, the project itself
// aside: Go's standard library, then the modules by path.
func linked(goos, goarch string) ([]part, error) {
	out, err := goTool(goos, goarch, "env", "GOVERSION", "GOROOT")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	parts := []part{{"std", strings.TrimPrefix(lines[0], "go"), lines[1]}}

	out, err = goTool(goos, goarch, "list", "-deps",
		"-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", mainPackage)
	if err != nil {
		return nil, err
	}
	lines = strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	for _, line := range slices.Compact(lines) {
		if f := strings.Split(line, "\t"); len(f) == 3 {
			parts = append(parts, part{f[0], f[1], f[2]})
		}
	}
	return parts, nil
}
