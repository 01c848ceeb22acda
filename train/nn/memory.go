package nn

import "slices"

// placement says where the values of a network (or their gradients) lie, in
// elements of one image. Values that are views of each other share a storage,
// that of the value at the root.
type placement struct {
	link    []link
	storage []storage // of the roots
}

// link leads from a value to the one it is part of.
type link struct {
	to     Value // itself at a root
	offset int
}

// storage is memory that is in use from time first to time last.
type storage struct {
	size, offset int
	first, last  int
	used         bool
}

func newPlacement(nodes []node) placement {
	p := placement{link: make([]link, len(nodes)), storage: make([]storage, len(nodes))}
	for v := range nodes {
		p.link[v].to = Value(v)
		p.storage[v].size = padded(nodes[v].size())
	}
	return p
}

// aliased reports whether a value already lies in another.
func (p *placement) aliased(x Value) bool { return p.link[x].to != x }

// alias makes x the part of to that begins at offset.
func (p *placement) alias(x, to Value, offset int) {
	if p.aliased(x) {
		panic("nn: a value takes part in two concatenations")
	}
	p.link[x] = link{to, offset}
}

// find returns the root of a value and its place there.
func (p *placement) find(x Value) (root Value, offset int) {
	for p.aliased(x) {
		offset += p.link[x].offset
		x = p.link[x].to
	}
	return x, offset
}

// same reports whether two values lie in the same storage.
func (p *placement) same(a, b Value) bool {
	x, _ := p.find(a)
	y, _ := p.find(b)
	return x == y
}

// touch notes that a value is in use at a time.
func (p *placement) touch(x Value, time int) {
	root, _ := p.find(x)
	s := &p.storage[root]
	if !s.used {
		s.used, s.first, s.last = true, time, time
		return
	}
	s.first, s.last = min(s.first, time), max(s.last, time)
}

// forget says that a value's memory comes from outside.
func (p *placement) forget(x Value) {
	root, _ := p.find(x)
	p.storage[root].used = false
}

// storages lists the storages that need a place.
func (p *placement) storages() []*storage {
	var list []*storage
	for v := range p.storage {
		if p.storage[v].used {
			list = append(list, &p.storage[v])
		}
	}
	return list
}

// arrange gives each storage a place that no other has at the same time, the
// largest first, each as low as possible. It returns the memory needed.
func arrange(list []*storage) int {
	slices.SortStableFunc(list, func(a, b *storage) int { return b.size - a.size })
	total := 0
	var placed []*storage // by offset
	for _, s := range list {
		s.offset = 0
		for _, o := range placed {
			if o.last < s.first || s.last < o.first {
				continue
			}
			if s.offset+s.size <= o.offset {
				break
			}
			s.offset = max(s.offset, o.offset+o.size)
		}
		total = max(total, s.offset+s.size)
		at, _ := slices.BinarySearchFunc(placed, s, func(a, b *storage) int { return a.offset - b.offset })
		placed = slices.Insert(placed, at, s)
	}
	return total
}
