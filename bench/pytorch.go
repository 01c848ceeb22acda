package main

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/benchmark"
	"github.com/meada-cpu/meada-cpu/internal/timing"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

//go:embed pytorch.py
var pytorchProgram string

// pytorch is a Python process that times PyTorch; see pytorch.py.
type pytorch struct {
	label   string
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

// pytorchModes are the ways to run PyTorch, by the words of pytorch.py.
var pytorchModes = []string{"", "channels_last", "compile", "compile channels_last", "bf16 channels_last", "bf16 compile channels_last"}

// modeNames returns what -modes calls pytorchModes.
func modeNames() []string { return append([]string{"default"}, pytorchModes[1:]...) }

// chooseModes returns the modes that a list names, by commas; "" is all of them.
func chooseModes(list string) ([]string, error) {
	if list == "" {
		return pytorchModes, nil
	}
	names := modeNames()
	var chosen []string
	for name := range strings.SplitSeq(list, ",") {
		i := slices.Index(names, strings.TrimSpace(name))
		if i < 0 {
			return nil, fmt.Errorf("-modes: %q is no mode of PyTorch, expected some of %s", name, strings.Join(names, ", "))
		}
		if slices.Contains(chosen, pytorchModes[i]) {
			return nil, fmt.Errorf("-modes: %s is there twice", names[i])
		}
		chosen = append(chosen, pytorchModes[i])
	}
	return chosen, nil
}

// keepers are allocators that keep memory, where Debian puts them. Without one
// PyTorch pays in every step for pages that it gave back in the one before.
var keepers = []string{
	"/usr/lib/*/libtcmalloc_minimal.so.4", "/usr/lib/*/libtcmalloc.so.4", "/usr/lib/*/libjemalloc.so.2",
}

// keeper returns the allocator to preload, the file given or the first found.
func keeper(preload string) string {
	if preload != "" {
		return preload
	}
	for _, pattern := range keepers {
		if found, _ := filepath.Glob(pattern); found != nil {
			return found[0]
		}
	}
	return ""
}

// startPyTorch starts a Python on that many threads, over the allocator
// preload unless it is empty. The name of the rival says the mode.
func startPyTorch(python, preload string, threads int, mode string) (*pytorch, error) {
	p := &pytorch{command: exec.Command(python, "-c", pytorchProgram)}
	p.command.Args = append(p.command.Args, strings.Fields(mode)...)
	p.command.Env = append(os.Environ(), fmt.Sprintf("OMP_NUM_THREADS=%d", threads))
	if preload != "" {
		p.command.Env = append(p.command.Env, "LD_PRELOAD="+preload, "TCMALLOC_RELEASE_RATE=0", "MALLOC_CONF=dirty_decay_ms:-1,muzzy_decay_ms:-1")
	}
	p.command.Stderr = os.Stderr
	var err error
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	version, err := p.answer()
	if err != nil {
		p.close()
		return nil, fmt.Errorf("%s does not start, expected a Python with PyTorch (-python): %w", python, err)
	}
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	p.label = "PyTorch " + major + "." + minor
	if mode != "" {
		p.label += " " + strings.ReplaceAll(mode, "channels_last", "cl")
	}
	return p, nil
}

func (p *pytorch) name() string { return p.label }

func (p *pytorch) gemm(g *benchmark.Product) (timing.Sampler, error) {
	return p.prepare("ok", "gemm", g.M, g.N, g.K, g.Images)
}

func (p *pytorch) conv(c *benchmark.Convolution, pass benchmark.Pass) (timing.Sampler, error) {
	s := c.Shape
	return p.prepare("ok", "conv", pass, s.N, s.C, s.H, s.W, s.K, s.R, s.Stride, s.PadH, s.Groups)
}

// step also holds the number of parameters there against ours.
func (p *pytorch) step(s step, mode string) (timing.Sampler, error) {
	network, err := zoo.New(s.model, 10)
	if err != nil {
		return nil, err
	}
	return p.prepare(fmt.Sprint("ok ", network.NumParams()), "step", s.model, mode, s.batch)
}

func (p *pytorch) operator(o benchmark.Operator) (timing.Sampler, error) {
	words := []any{o.Kind, o.Pass}
	for _, size := range o.Shape {
		words = append(words, size)
	}
	return p.prepare("ok", words...)
}

// prepare makes the process ready to time a piece of work. The sampler is nil
// if its mode has none of the kind.
func (p *pytorch) prepare(want string, words ...any) (timing.Sampler, error) {
	if err := p.say(words...); err != nil {
		return nil, err
	}
	got, err := p.answer()
	if err != nil {
		return nil, fmt.Errorf("pytorch.py does not answer to %v: %w", words, err)
	}
	if got == "none" {
		return nil, nil
	}
	if got != want {
		return nil, fmt.Errorf("pytorch.py answers %q to %v, expected %q", got, words, want)
	}
	return p.sample, nil
}

// sample takes one sample there. A process that has died shows at the next
// prepare or at close, before anything is printed.
func (p *pytorch) sample() time.Duration {
	if err := p.say("sample"); err != nil {
		return 0
	}
	got, err := p.answer()
	if err != nil {
		return 0
	}
	seconds, _ := strconv.ParseFloat(got, 64)
	return time.Duration(seconds * float64(time.Second))
}

func (p *pytorch) say(words ...any) error {
	_, err := fmt.Fprintln(p.in, words...)
	return err
}

func (p *pytorch) answer() (string, error) {
	if !p.out.Scan() {
		return "", errors.Join(p.out.Err(), io.ErrUnexpectedEOF)
	}
	return strings.TrimSpace(p.out.Text()), nil
}

func (p *pytorch) close() error {
	p.in.Close()
	return p.command.Wait()
}
