// Package attack is what tests that attack the program share: seeds that can be given
// again, time to spend, and damage to files.
package attack

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// Seed returns MEADA_SEED, or a random seed, and logs it.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("MEADA_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("MEADA_SEED is %q, expected a number", text)
		}
	}
	t.Logf("MEADA_SEED=%d", seed)
	return seed
}

// Duration returns how long an attack lasts: ATTACK_TIME, such as 10m, or what is
// usual in a run of all tests.
func Duration(t testing.TB, usual time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv("ATTACK_TIME")
	if text == "" {
		return usual
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("ATTACK_TIME is %q, expected a duration such as 10m", text)
	}
	return d
}

// Damage returns a damaged copy of a file's content, which is not empty, and what was
// done to it. The copy differs from the content.
func Damage(random *rand.Rand, content []byte) (damaged []byte, what string) {
	for {
		kind := kinds[random.IntN(len(kinds))]
		damaged, what = kind(random, bytes.Clone(content))
		if !bytes.Equal(damaged, content) {
			return damaged, what
		}
	}
}

// kinds are the ways to damage a file's content, which they may change in place.
var kinds = []func(random *rand.Rand, content []byte) ([]byte, string){flip, cut, zero, swap, repeat, number}

// place draws an offset below n; often one near the beginning or the end, where
// formats keep their headers and directories.
func place(random *rand.Rand, n int) int {
	const near = 64
	switch random.IntN(4) {
	case 0:
		return random.IntN(min(n, near))
	case 1:
		return n - 1 - random.IntN(min(n, near))
	}
	return random.IntN(n)
}

func flip(random *rand.Rand, content []byte) ([]byte, string) {
	what := "flipped"
	for range 1 + random.IntN(3) {
		at, bit := place(random, len(content)), random.IntN(8)
		content[at] ^= 1 << bit
		what += fmt.Sprintf(" bit %d of byte %d", bit, at)
	}
	return content, what
}

func cut(random *rand.Rand, content []byte) ([]byte, string) {
	n := place(random, len(content))
	return content[:n], fmt.Sprintf("%s%d of %d bytes", Cut, n, len(content))
}

// Cut is how the description of a file that was cut begins.
const Cut = "cut to "

func zero(random *rand.Rand, content []byte) ([]byte, string) {
	at := place(random, len(content))
	n := min(1<<random.IntN(10), len(content)-at)
	clear(content[at:][:n])
	return content, fmt.Sprintf("%d bytes at %d zeroed", n, at)
}

func swap(random *rand.Rand, content []byte) ([]byte, string) {
	n := min(1<<random.IntN(10), len(content)/2)
	a := random.IntN(len(content) - 2*n + 1)
	b := a + n + random.IntN(len(content)-2*n-a+1)
	first := bytes.Clone(content[a:][:n])
	copy(content[a:], content[b:][:n])
	copy(content[b:], first)
	return content, fmt.Sprintf("%d bytes at %d and at %d swapped", n, a, b)
}

func repeat(random *rand.Rand, content []byte) ([]byte, string) {
	at := place(random, len(content))
	n := min(1<<random.IntN(10), len(content)-at)
	return append(content[:at+n:at+n], content[at:]...), fmt.Sprintf("%d bytes at %d repeated", n, at)
}

// number writes a number that a size or an offset must not be.
func number(random *rand.Rand, content []byte) ([]byte, string) {
	extremes := []uint64{1<<64 - 1, 1<<63 - 1, 1 << 63, 1 << 62, 1<<32 - 1, 1<<31 - 1, 1 << 31, 1 << 30, 1<<16 - 1, 1 << 15, 1, 0}
	value, width := extremes[random.IntN(len(extremes))], 1<<random.IntN(4)
	at := place(random, len(content))
	if random.IntN(2) == 0 {
		at &^= width - 1
	}
	var number [8]byte
	order := "little"
	if random.IntN(2) == 0 {
		binary.LittleEndian.PutUint64(number[:], value)
		copy(content[at:], number[:width])
	} else {
		order = "big"
		binary.BigEndian.PutUint64(number[:], value)
		copy(content[at:], number[8-width:])
	}
	return content, fmt.Sprintf("%d bytes at %d set to the %s-endian number %d", width, at, order, value)
}
