// Package collective lets the ranks of a run compute together: values are added in one
// fixed tree, blocks gathered in the order of the ranks, whatever carries the bytes.
// What that costs over MPI is in docs/mpi.md.
package collective

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// Link carries bytes between the ranks of a run.
type Link interface {
	Rank() int // of this process, from 0
	Size() int // the number of ranks

	// Exchange sends to a peer while it receives from it. Each side knows what the
	// other sends; either may be empty. An error is the end of the link.
	Exchange(peer int, send, recv []byte) error
}

// Group is the ranks of a run, as one of them sees them. A nil Group is a process
// alone. All ranks call the same methods in the same order.
type Group struct {
	link    Link
	scratch []float32
	steps   []byte

	// Sums that go on while the rank computes.
	jobs    chan sum
	ended   chan error
	work    func() // does the jobs
	working bool
}

// sum is what a Sum is of. The zero sum ends the work.
type sum struct {
	values []float32
	add    func(dst, src []float32)
}

// New returns the group of the ranks that a link joins, whose number must be a power
// of two.
func New(link Link) (*Group, error) {
	if n := link.Size(); n < 1 || n&(n-1) != 0 {
		return nil, fmt.Errorf("%d ranks, expected a power of two", n)
	}
	g := &Group{link: link, steps: make([]byte, link.Size()), jobs: make(chan sum, 64), ended: make(chan error)}
	g.work = g.do
	return g, nil
}

// Rank returns the number of this process, from 0.
func (g *Group) Rank() int {
	if g == nil {
		return 0
	}
	return g.link.Rank()
}

// Size returns the number of ranks.
func (g *Group) Size() int {
	if g == nil {
		return 1
	}
	return g.link.Size()
}

// Exchange makes a Group a Link.
func (g *Group) Exchange(peer int, send, recv []byte) error {
	return g.link.Exchange(peer, send, recv)
}

// Sum sets values to the sum of those of all ranks, on every rank: added in a binary
// tree, rank 0 to 1, 2 to 3, then these pairs, and so on. add adds src to dst.
//
// Each step of a reduce-scatter halves the part of the values that a rank has the sum
// of: with the neighbour first, so that the tree is the same for every part. The sums
// come back the other way.
func (g *Group) Sum(values []float32, add func(dst, src []float32)) error {
	if g.Size() == 1 {
		return nil
	}
	if half := (len(values) + 1) / 2; len(g.scratch) < half {
		g.scratch = make([]float32, half)
	}
	for bit := 1; bit < g.Size(); bit *= 2 {
		own, other := g.halves(len(values), bit)
		scratch := g.scratch[:own.hi-own.lo]
		if err := g.exchange(bit, bytesOf(values[other.lo:other.hi]), bytesOf(scratch)); err != nil {
			return err
		}
		add(values[own.lo:own.hi], scratch)
	}
	for bit := g.Size() / 2; bit > 0; bit /= 2 {
		own, other := g.halves(len(values), bit)
		if err := g.exchange(bit, bytesOf(values[own.lo:own.hi]), bytesOf(values[other.lo:other.hi])); err != nil {
			return err
		}
	}
	return nil
}

// Piece is the least number of values that a sum begins with while others are still
// computed: a message of 256 KiB takes longer than it takes to begin.
const Piece = 1 << 16

// Cuts returns where n values, of which those from each stage on are there one after the
// other, are cut into pieces of at least so many. Stages fall, down to 0.
func Cuts(stages []int, n, least int) []int {
	var cuts []int
	for _, from := range stages {
		if from == 0 || n-from >= least {
			cuts = append(cuts, from)
			n = from
		}
	}
	return cuts
}

// Begin is Sum that goes on while the caller does other things than with the group: add
// is called on a goroutine of its own. Sums are computed in the order in which they begin,
// on all ranks the same. Finish ends them.
func (g *Group) Begin(values []float32, add func(dst, src []float32)) {
	if g.Size() == 1 || len(values) == 0 {
		return
	}
	if !g.working {
		g.working = true
		go g.work()
	}
	g.jobs <- sum{values, add}
}

// Finish waits for the sums that have begun.
func (g *Group) Finish() error {
	if g == nil || !g.working {
		return nil
	}
	g.jobs <- sum{}
	g.working = false
	return <-g.ended
}

// do computes sums until there is an error, and takes them to the last.
func (g *Group) do() {
	var err error
	for job := range g.jobs {
		if job.add == nil {
			break
		}
		if err == nil {
			err = g.Sum(job.values, job.add)
		}
	}
	g.ended <- err
}

type part struct{ lo, hi int }

// halves returns which part of n values this rank and its peer keep when they halve
// what both have after the steps below bit.
func (g *Group) halves(n, bit int) (own, other part) {
	own = part{0, n}
	for b := 1; b <= bit; b *= 2 {
		middle := own.lo + (own.hi-own.lo)/2
		lower, upper := part{own.lo, middle}, part{middle, own.hi}
		own, other = lower, upper
		if g.Rank()&b != 0 {
			own, other = upper, lower
		}
	}
	return own, other
}

// exchange is with the peer whose number differs in a bit.
func (g *Group) exchange(bit int, send, recv []byte) error {
	return g.link.Exchange(g.Rank()^bit, send, recv)
}

// Gather completes a buffer of one block for each rank, in their order, of which every
// rank has set its own. The last blocks are short, or empty, where the buffer ends.
func (g *Group) Gather(buffer []byte, block int) error {
	for bit := 1; bit < g.Size(); bit *= 2 {
		first := g.Rank() &^ (bit - 1) // of the ranks whose blocks are here
		ranks := func(first int) []byte {
			return buffer[min(first*block, len(buffer)):min((first+bit)*block, len(buffer))]
		}
		if err := g.exchange(bit, ranks(first), ranks(first^bit)); err != nil {
			return err
		}
	}
	return nil
}

// GatherOf is Gather of values without pointers, so many a block.
func GatherOf[T any](g *Group, values []T, block int) error {
	size := int(unsafe.Sizeof(*new(T)))
	return g.Gather(bytesOf(values), size*block)
}

// Largest returns the largest of the numbers that the ranks give.
func (g *Group) Largest(own byte) (byte, error) {
	if g.Size() == 1 {
		return own, nil
	}
	g.steps[g.Rank()] = own
	if err := g.Gather(g.steps, 1); err != nil {
		return 0, err
	}
	for _, n := range g.steps {
		own = max(own, n)
	}
	return own, nil
}

// Texts returns what every rank has to say, by rank.
func (g *Group) Texts(own string) ([]string, error) {
	size := g.Size()
	lengths := make([]byte, 8*size)
	binary.LittleEndian.PutUint64(lengths[8*g.Rank():], uint64(len(own)))
	if err := g.Gather(lengths, 8); err != nil {
		return nil, err
	}
	longest := 0
	for rank := range size {
		longest = max(longest, int(binary.LittleEndian.Uint64(lengths[8*rank:])))
	}
	buffer := make([]byte, longest*size)
	copy(buffer[longest*g.Rank():], own)
	if err := g.Gather(buffer, longest); err != nil {
		return nil, err
	}
	texts := make([]string, size)
	for rank := range texts {
		texts[rank] = string(buffer[longest*rank:][:binary.LittleEndian.Uint64(lengths[8*rank:])])
	}
	return texts, nil
}

// bytesOf returns the memory of values.
func bytesOf[T any](values []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(*new(T))))
}
