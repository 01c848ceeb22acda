//go:build mpi

package mpi

/*
#define _GNU_SOURCE
#include <mpi.h>
#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// What exchange and barrier return beside the codes of MPI.
enum { lost = -1 };

static MPI_Comm world, beats;
static int rank = 0, size = 1, leaving = 0;
static MPI_Request beat_out = MPI_REQUEST_NULL, beat_in = MPI_REQUEST_NULL;
static char out, in;
static double beaten, sent, silence, interval, patience;

static int start(double every, double limit) {
	int provided, code;
	if ((code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided)) != MPI_SUCCESS) return code;
	if (provided < MPI_THREAD_FUNNELED) return MPI_ERR_OTHER;
	if ((code = MPI_Comm_dup(MPI_COMM_WORLD, &world)) != MPI_SUCCESS) return code;
	if ((code = MPI_Comm_dup(MPI_COMM_WORLD, &beats)) != MPI_SUCCESS) return code;
	MPI_Comm_set_errhandler(world, MPI_ERRORS_RETURN);
	MPI_Comm_set_errhandler(beats, MPI_ERRORS_RETURN);
	MPI_Comm_rank(world, &rank);
	MPI_Comm_size(world, &size);
	beaten = MPI_Wtime();
	interval = every;
	patience = limit;
	return MPI_SUCCESS;
}

// beat tells the next rank at every interval that this one lives, and returns lost if
// the rank before has been silent for too long. It is called twice an interval or more
// often: of a longer time this process was stopped too, as a suspended job is.
static int beat(void) {
	int done, code;
	if (size == 1) return MPI_SUCCESS; // not yet started, or stopped
	double now = MPI_Wtime();
	if ((code = MPI_Test(&beat_out, &done, MPI_STATUS_IGNORE)) != MPI_SUCCESS) return code;
	if (done && !leaving && now - sent >= interval) {
		if ((code = MPI_Isend(&out, 1, MPI_BYTE, (rank + 1) % size, 0, beats, &beat_out)) != MPI_SUCCESS) return code;
		sent = now;
	}
	silence += now - beaten < interval ? now - beaten : interval;
	beaten = now;
	for (;;) {
		if ((code = MPI_Test(&beat_in, &done, MPI_STATUS_IGNORE)) != MPI_SUCCESS) return code;
		if (!done) return silence > patience ? lost : MPI_SUCCESS;
		silence = 0;
		if ((code = MPI_Irecv(&in, 1, MPI_BYTE, (rank + size - 1) % size, 0, beats, &beat_in)) != MPI_SUCCESS) return code;
	}
}

// finish waits for requests: at first it does nothing else, then it sleeps between, for
// other threads may compute on the same CPU.
static int finish(int n, MPI_Request *requests) {
	MPI_Status statuses[2];
	int done, code;
	double begin = MPI_Wtime(), next = begin + interval / 2;
	for (;;) {
		if ((code = MPI_Testall(n, requests, &done, statuses)) != MPI_SUCCESS || done) return code;
		double now = MPI_Wtime();
		if (now > next) {
			if ((code = beat()) != MPI_SUCCESS) return code;
			next = now + interval / 2;
		}
		if (now - begin > 5e-5) {
			struct timespec nap = {0, 50000};
			nanosleep(&nap, NULL);
		}
	}
}

static int exchange(int peer, void *send, int sends, void *recv, int recvs) {
	MPI_Request requests[2];
	int code;
	if ((code = MPI_Irecv(recv, recvs, MPI_BYTE, peer, 0, world, &requests[0])) != MPI_SUCCESS) return code;
	if ((code = MPI_Isend(send, sends, MPI_BYTE, peer, 0, world, &requests[1])) != MPI_SUCCESS) return code;
	return finish(2, requests);
}

static int barrier(void) {
	MPI_Request request;
	int code = MPI_Ibarrier(world, &request);
	return code != MPI_SUCCESS ? code : finish(1, &request);
}

// stop ends MPI once all ranks have come to a barrier. Before another one they send no
// beats: what is on its way then is received, or libraries complain of it or wait for it.
static void stop(void) {
	leaving = 1;
	if (barrier() == MPI_SUCCESS) {
		beat();
		if (beat_out != MPI_REQUEST_NULL) MPI_Wait(&beat_out, MPI_STATUS_IGNORE);
	}
	size = 1;
	if (beat_in != MPI_REQUEST_NULL) {
		MPI_Cancel(&beat_in);
		MPI_Request_free(&beat_in);
	}
	if (beat_out != MPI_REQUEST_NULL) MPI_Request_free(&beat_out);
	MPI_Finalize();
}

static int own_rank(void) { return rank; }
static int ranks(void) { return size; }

static void abort_all(int code) { MPI_Abort(MPI_COMM_WORLD, code); }

static void library(char *text) {
	int length;
	MPI_Get_library_version(text, &length);
}

static int text_limit(void) { return MPI_MAX_LIBRARY_VERSION_STRING; }

static void describe(int code, char *text) {
	int length;
	MPI_Error_string(code, text, &length);
}

#ifdef __linux__
// bind binds all threads of this process, and so those that they start.
static void bind(const cpu_set_t *set) {
	DIR *tasks = opendir("/proc/self/task");
	for (struct dirent *task; tasks && (task = readdir(tasks));)
		if (atoi(task->d_name) > 0) sched_setaffinity(atoi(task->d_name), sizeof *set, set);
	if (tasks) closedir(tasks);
}
#endif

// unbind gives this process all CPUs that the system lets it have, and returns how many.
static int unbind(void) {
#ifdef __linux__
	cpu_set_t all;
	memset(&all, 0xff, sizeof all);
	bind(&all);
	return sched_getaffinity(0, sizeof all, &all) == 0 ? CPU_COUNT(&all) : 0;
#else
	return 0;
#endif
}

// share_cpus returns how many CPUs this rank has for itself, and sets neighbours to how many
// ranks its node has. Ranks of a node that may all run on the same CPUs, not bound by a
// launcher, get a part of them each.
static int share_cpus(int *neighbours) {
	MPI_Comm node;
	int nodes, place;
	MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
	MPI_Comm_size(node, &nodes);
	MPI_Comm_rank(node, &place);
	*neighbours = nodes;
#ifdef __linux__
	int same = 1;
	cpu_set_t own, part, *all = malloc(nodes * sizeof own);
	CPU_ZERO(&own);
	sched_getaffinity(0, sizeof own, &own);
	MPI_Allgather(&own, sizeof own, MPI_BYTE, all, sizeof own, MPI_BYTE, node);
	for (int i = 0; i < nodes; i++) same = same && CPU_EQUAL(&all[i], &own);
	free(all);
	MPI_Comm_free(&node);
	int n = CPU_COUNT(&own);
	if (!same || nodes == 1) return n;
	if (n < nodes) return 1;
	CPU_ZERO(&part);
	for (int cpu = 0, i = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &own)) continue;
		if (i >= place * n / nodes && i < (place + 1) * n / nodes) CPU_SET(cpu, &part);
		i++;
	}
	bind(&part);
	return CPU_COUNT(&part);
#else
	return 0;
#endif
}
*/
import "C"

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"github.com/meada-cpu/meada-cpu/internal/collective"
)

// Built reports whether this is a build with MPI.
const Built = true

// Library returns the name and version of the MPI library.
func Library() string {
	text := make([]byte, C.text_limit())
	C.library((*C.char)(unsafe.Pointer(&text[0])))
	line, _, _ := strings.Cut(string(text), "\x00")
	line, _, _ = strings.Cut(strings.TrimSpace(line), "\n")
	line, _, _ = strings.Cut(line, ",")
	return strings.Join(strings.Fields(line), " ")
}

// link is the process's place among the ranks. One thread alone calls MPI: that which
// has started it.
type link struct {
	calls    chan call
	results  chan error
	patience time.Duration
}

type call struct {
	do         func() error // nil for an exchange
	peer       int
	send, recv []byte
}

// Join joins the ranks that a launcher has started, without a Group if there is this
// process alone.
// Each tells the next one twenty times in the time of patience that it lives. One that
// is silent for so long ends the link.
//
// Where nobody has asked the launcher to bind the ranks of a node to CPUs they share them out.
// GOMAXPROCS is one more than the CPUs of this rank: what waits for other ranks takes
// none.
func Join(patience time.Duration) (*Ranks, error) {
	count, variable := Launched(os.Getenv)
	alone := &Ranks{Processors: runtime.NumCPU()}
	if boundUnasked(os.Getenv) {
		all := int(C.unbind())
		runtime.GOMAXPROCS(all)
		alone.Processors = cmp.Or(all, alone.Processors)
	}
	if count < 2 {
		return alone, nil
	}
	l := &link{make(chan call), make(chan error), patience}
	interval := patience / 20
	go l.serve(interval / 2)
	joined := make(chan error, 1)
	go func() {
		joined <- l.call(func() error { return l.failure(C.start(C.double(interval.Seconds()), C.double(patience.Seconds()))) })
	}()
	if err := wait(joined, count); err != nil {
		return nil, err
	}
	if size := l.Size(); size != count {
		return nil, fmt.Errorf("started as %d ranks (%s), but %s has joined %d: start them with the launcher of this library "+
			"(srun: with --mpi=pmix), or unset %s", count, variable, Library(), size, variable)
	}
	cpus, neighbours := 0, C.int(1)
	_ = l.call(func() error { cpus = int(C.share_cpus(&neighbours)); return nil })
	if cpus == 0 {
		cpus = runtime.GOMAXPROCS(0)
	}
	runtime.GOMAXPROCS(cpus + 1)
	group, err := collective.New(l)
	return &Ranks{Group: group, Neighbours: int(neighbours), CPUs: cpus, link: l}, err
}

// arrival is how long ranks may take to join the others.
const arrival = 30 * time.Second

// wait waits for the ranks. It counts its own time, not that in which it was stopped, and
// less of it where this process hardly gets a CPU: to join takes a third of a second of one.
func wait(joined chan error, count int) error {
	const tick = time.Second / 4
	for waited := time.Duration(0); waited < arrival; {
		select {
		case err := <-joined:
			return err
		case <-time.After(tick):
			waited += time.Duration(float64(tick) * pace(os.DirFS("/proc/self/task")))
		}
	}
	return fmt.Errorf("started as %d ranks, but MPI has not joined them in %.0f seconds: "+
		"another may run a program without MPI, with another MPI library, or not at all", count, arrival.Seconds())
}

// pace returns 1, or less for a process whose threads ran for less than a tenth of the
// time in which they could have: by as much, a tenth at least. Linux tells.
func pace(tasks fs.FS) float64 {
	var ran, queued float64
	stats, _ := fs.Glob(tasks, "*/schedstat")
	for _, name := range stats {
		text, _ := fs.ReadFile(tasks, name) // gone with its thread
		var run, wait float64
		if n, _ := fmt.Sscan(string(text), &run, &wait); n == 2 {
			ran, queued = ran+run, queued+wait
		}
	}
	if ran+queued == 0 {
		return 1
	}
	return min(max(10*ran/(ran+queued), 0.1), 1)
}

// serve makes the calls.
func (l *link) serve(beat time.Duration) {
	runtime.LockOSThread()
	tick := time.NewTicker(beat)
	for {
		select {
		case c := <-l.calls:
			if c.do != nil {
				l.results <- c.do()
			} else {
				l.results <- l.exchange(c.peer, c.send, c.recv)
			}
		case <-tick.C:
			C.beat() // the next exchange says what is wrong
		}
	}
}

func (l *link) call(do func() error) error {
	l.calls <- call{do: do}
	return <-l.results
}

func (l *link) Rank() int { return int(C.own_rank()) }
func (l *link) Size() int { return int(C.ranks()) }

func (l *link) Exchange(peer int, send, recv []byte) error {
	l.calls <- call{peer: peer, send: send, recv: recv}
	return <-l.results
}

// most is the most bytes of a message.
const most = 1 << 28

func (l *link) exchange(peer int, send, recv []byte) error {
	for {
		s, r := min(len(send), most), min(len(recv), most)
		err := l.failure(C.exchange(C.int(peer), unsafe.Pointer(unsafe.SliceData(send)), C.int(s), unsafe.Pointer(unsafe.SliceData(recv)), C.int(r)))
		send, recv = send[s:], recv[r:]
		if err != nil || len(send)+len(recv) == 0 {
			return err
		}
	}
}

// failure returns the error of a code.
func (l *link) failure(code C.int) error {
	switch code {
	case C.MPI_SUCCESS:
		return nil
	case C.lost:
		before := (C.own_rank() + C.ranks() - 1) % C.ranks()
		return fmt.Errorf("rank %d has not been heard of for %v: %w", before, l.patience, collective.ErrLost)
	}
	text := make([]byte, C.MPI_MAX_ERROR_STRING)
	C.describe(code, (*C.char)(unsafe.Pointer(&text[0])))
	line, _, _ := strings.Cut(string(text), "\x00")
	return fmt.Errorf("MPI: %s", line)
}

// Leave ends MPI once every rank calls it.
func (r *Ranks) Leave() {
	if err := r.link.call(func() error { return r.link.failure(C.barrier()) }); err != nil {
		r.Abort(1)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- r.link.call(func() error { C.stop(); return nil }) }()
	select {
	case <-stopped:
	case <-time.After(farewell): // the run is complete
	}
}

// farewell is how long the library may take to end.
const farewell = 10 * time.Second

// hearing is how long a launcher has to read what a rank wrote before it aborted: MPICH's
// drops the rest.
const hearing = time.Second / 2

// Abort ends all ranks with an exit code, once what this one wrote has been read.
func (r *Ranks) Abort(code int) {
	time.Sleep(hearing)
	_ = r.link.call(func() error { C.abort_all(C.int(code)); return nil })
}
