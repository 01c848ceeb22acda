//go:build linux

// Command cable joins two network namespaces by a cable of a rate and a delay, where the
// kernel has no netem: it opens an Ethernet device "cable" in each and carries frames
// between them. With -probe it measures a cable that has addresses.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	rate := flag.Float64("rate", 1e9, "bits a second each way")
	delay := flag.Duration("delay", 100*time.Microsecond, "what a frame takes beside the time of its bits")
	probe := flag.String("probe", "", "measure with the address of the second namespace")
	flag.Parse()
	if flag.NArg() != 2 || *rate <= 0 || *delay < 0 {
		fmt.Fprintln(os.Stderr, "usage: cable [flags] NAMESPACE NAMESPACE")
		flag.PrintDefaults()
		os.Exit(2)
	}
	var err error
	if *probe != "" {
		err = measure(flag.Arg(0), flag.Arg(1), *probe)
	} else {
		err = join(flag.Arg(0), flag.Arg(1), *rate, *delay)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cable:", err)
		os.Exit(1)
	}
}

// within calls a function on a thread in a namespace; the thread ends with it.
func within(namespace string, do func() error) error {
	ended := make(chan error)
	go func() {
		runtime.LockOSThread()
		fd, err := unix.Open("/var/run/netns/"+namespace, unix.O_RDONLY, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			unix.Close(fd)
		}
		if err != nil {
			ended <- fmt.Errorf("namespace %s: %w", namespace, err)
			return
		}
		ended <- do()
	}()
	return <-ended
}

// join carries frames until one cannot be read.
func join(a, b string, rate float64, delay time.Duration) error {
	var ends [2]int
	for i, namespace := range []string{a, b} {
		if err := within(namespace, func() (err error) { ends[i], err = device(); return err }); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	ended := make(chan error)
	for i := range ends {
		go func() { ended <- carry(ends[i], ends[1-i], rate, delay) }()
	}
	return <-ended
}

// device makes an Ethernet device that leaves it to the cable to cut TCP's data into
// packets, which does not: up to 64 KiB are one frame.
func device() (int, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR, 0)
	if err != nil {
		return 0, fmt.Errorf("/dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq("cable")
	if err != nil {
		return 0, err
	}
	request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return 0, fmt.Errorf("TUNSETIFF: %w", err)
	}
	const checksums, tso4, tso6 = 1, 2, 4
	if err := unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, checksums|tso4|tso6); err != nil {
		return 0, fmt.Errorf("TUNSETOFFLOAD: %w", err)
	}
	return fd, nil
}

type frame struct {
	due  time.Time
	data []byte
}

// carry carries frames one way: the bits of one follow those of the one before.
func carry(from, to int, rate float64, delay time.Duration) error {
	const most = 128
	frames, buffers := make(chan frame, most), make(chan []byte, most)
	for range most {
		buffers <- make([]byte, 1<<16+1<<10)
	}
	go deliver(to, frames, buffers)
	var free time.Time
	for {
		buffer := <-buffers
		n, err := unix.Read(from, buffer)
		if err != nil {
			return fmt.Errorf("device: %w", err)
		}
		if now := time.Now(); free.Before(now) {
			free = now
		}
		free = free.Add(time.Duration(float64(8*n) / rate * 1e9))
		frames <- frame{free.Add(delay), buffer[:n]}
	}
}

// deliver writes frames when they are due. The kernel's sleep is used for its precision:
// Go's timers come up to a millisecond late.
func deliver(to int, frames <-chan frame, buffers chan<- []byte) {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // later by 50 us without
	for f := range frames {
		for wait := time.Until(f.due); wait > 0; wait = time.Until(f.due) {
			nap := unix.NsecToTimespec(int64(wait))
			_ = unix.Nanosleep(&nap, nil) // a signal ends it: it is asked again
		}
		_, _ = unix.Write(to, f.data) // lost while the other end is down
		buffers <- f.data[:cap(f.data)]
	}
}

// measure prints the median time of a byte there and back, and the rate of a transfer.
func measure(from, to, address string) error {
	var listener *net.TCPListener
	var connection *net.TCPConn
	at := &net.TCPAddr{IP: net.ParseIP(address), Port: 7777}
	if err := within(to, func() (err error) { listener, err = net.ListenTCP("tcp", at); return err }); err != nil {
		return err
	}
	go func() {
		if peer, err := listener.AcceptTCP(); err == nil {
			answer(peer)
		}
	}()
	if err := within(from, func() (err error) { connection, err = net.DialTCP("tcp", nil, at); return err }); err != nil {
		return err
	}
	var trips []time.Duration
	one := make([]byte, 1)
	for range roundTrips {
		begin := time.Now()
		if _, err := connection.Write(one); err != nil {
			return err
		}
		if _, err := io.ReadFull(connection, one); err != nil {
			return err
		}
		trips = append(trips, time.Since(begin))
	}
	begin := time.Now()
	if _, err := connection.Write(make([]byte, transfer)); err != nil {
		return err
	}
	if _, err := io.ReadFull(connection, one); err != nil {
		return err
	}
	seconds := time.Since(begin).Seconds()
	slices.Sort(trips)
	fmt.Printf("a byte there and back %.3f ms, %d MB at %.2f Gbit/s\n", trips[len(trips)/2].Seconds()*1000, transfer/1000000, transfer*8e-9/seconds)
	return nil
}

// What is measured.
const (
	roundTrips = 500
	transfer   = 100 * 1000 * 1000
)

// answer sends the bytes of the trips back, and one for a transfer.
func answer(peer *net.TCPConn) {
	one := make([]byte, 1)
	for range roundTrips {
		if _, err := io.ReadFull(peer, one); err != nil {
			return
		}
		_, _ = peer.Write(one)
	}
	if _, err := io.CopyN(io.Discard, peer, transfer); err == nil {
		_, _ = peer.Write(one)
	}
}
