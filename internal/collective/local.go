package collective

import (
	"errors"
	"sync"
)

// ErrLost is the error of a link whose other end is gone.
var ErrLost = errors.New("a rank is gone")

// local is a link between goroutines.
type local struct {
	rank  int
	world *world
}

type world struct {
	sent [][]chan []byte   // by sender and receiver
	read [][]chan struct{} // likewise: the bytes have been copied
	gone chan struct{}
	once sync.Once
}

// Local returns the links of n ranks within this process, one for each goroutine that
// is a rank, and a function that cuts them.
func Local(n int) (links []Link, cut func()) {
	w := &world{gone: make(chan struct{})}
	for from := range n {
		w.sent, w.read = append(w.sent, nil), append(w.read, nil)
		for range n {
			w.sent[from] = append(w.sent[from], make(chan []byte, 1))
			w.read[from] = append(w.read[from], make(chan struct{}, 1))
		}
		links = append(links, &local{from, w})
	}
	return links, func() { w.once.Do(func() { close(w.gone) }) }
}

func (l *local) Rank() int { return l.rank }
func (l *local) Size() int { return len(l.world.sent) }

func (l *local) Exchange(peer int, send, recv []byte) error {
	w := l.world
	w.sent[l.rank][peer] <- send // there is room: the last one has been read
	select {
	case bytes := <-w.sent[peer][l.rank]:
		if len(bytes) != len(recv) {
			panic("collective: ranks differ in what they exchange")
		}
		copy(recv, bytes)
		w.read[peer][l.rank] <- struct{}{}
	case <-w.gone:
		return ErrLost
	}
	select {
	case <-w.read[l.rank][peer]:
		return nil
	case <-w.gone:
		return ErrLost
	}
}
