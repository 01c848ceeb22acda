package attack

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Call is a system call of a process that changes what files there are or that they
// are on the disk.
type Call string

// calls names the system calls, but for opening: that counts where it may create a file.
var calls = map[uint64]Call{
	unix.SYS_RENAMEAT2: "rename", unix.SYS_UNLINKAT: "remove", unix.SYS_MKDIRAT: "make a folder",
	unix.SYS_FSYNC: "sync", unix.SYS_FTRUNCATE: "truncate", unix.SYS_OPENAT: "create",
}

// A Process is a program to run, and the files for its output.
type Process struct {
	Path   string
	Args   []string
	Dir    string
	Env    []string
	Output *os.File // standard output and error
}

// Killed stands for the exit code of a process that was killed.
const Killed = -1

// Run runs the process. It is killed with SIGKILL when at asks for it: before and after
// each Call, with its number from 0 on. Run returns the calls that it saw, and the exit
// code.
func (p *Process) Run(t testing.TB, at func(n int, call Call, after bool) bool) (seen []Call, code int) {
	t.Helper()
	// All that concerns a traced process comes from one thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	process, err := os.StartProcess(p.Path, append([]string{p.Path}, p.Args...), &os.ProcAttr{
		Dir: p.Dir, Env: p.Env, Files: []*os.File{nil, p.Output, p.Output}, Sys: &unix.SysProcAttr{Ptrace: true, Setpgid: true},
	})
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) {
		t.Skipf("processes can't be traced here: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	pid := process.Pid
	defer func() { _ = process.Release() }()
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, 0, nil); err != nil || !status.Stopped() {
		t.Fatalf("the process can't be traced: %v, status %#x", err, status)
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(pid, options); err != nil {
		t.Fatal(err)
	}
	under := map[int]int{} // the number of the call that a thread is in
	stopped, signal := pid, 0
	for {
		_ = unix.PtraceSyscall(stopped, signal) // fails for a thread that is gone
		signal = 0
		stopped, err = unix.Wait4(-pid, &status, unix.WALL, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			t.Fatalf("waiting for the process: %v", err)
		case status.Signaled() && stopped == pid:
			return seen, Killed
		case status.Exited() && stopped == pid:
			return seen, status.ExitStatus()
		case !status.Stopped():
			continue
		case status.StopSignal() == unix.SIGTRAP|0x80:
			n, inside := under[stopped]
			if inside {
				delete(under, stopped)
			} else if call := callOf(stopped); call != "" {
				n = len(seen)
				under[stopped] = n
				seen = append(seen, call)
			} else {
				continue
			}
			if at(n, seen[n], inside) {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		case status.StopSignal() != unix.SIGTRAP && status.StopSignal() != unix.SIGSTOP:
			signal = int(status.StopSignal())
		}
	}
}

// callOf returns the call that a thread enters, "" if it is another or is left.
func callOf(thread int) Call {
	const entry = 1
	var info struct {
		op                 byte
		_                  [3]byte
		arch               uint32
		instruction, stack uint64
		number             uint64
		arguments          [6]uint64
		_                  [16]byte
	}
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(thread), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno == unix.ESRCH { // it is gone, as all threads are when one ends the process
		return ""
	}
	if errno != 0 {
		panic(fmt.Sprintf("attack: what a system call is, is not known: %v", errno))
	}
	if info.op != entry || info.number == unix.SYS_OPENAT && info.arguments[2]&unix.O_CREAT == 0 {
		return ""
	}
	return calls[info.number]
}
