package main

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// terminalWidth returns the columns of the console that f is, 0 if it is none
// or too old to redraw a line.
func terminalWidth(f *os.File) int {
	console := windows.Handle(f.Fd())
	var mode uint32
	if windows.GetConsoleMode(console, &mode) != nil ||
		windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) != nil {
		return 0
	}
	var info windows.ConsoleScreenBufferInfo
	if windows.GetConsoleScreenBufferInfo(console, &info) != nil {
		return 0
	}
	return int(info.Window.Right-info.Window.Left) + 1
}

// processMemoryCounters is PROCESS_MEMORY_COUNTERS of psapi.h.
type processMemoryCounters struct {
	size               uint32
	pageFaults         uint32
	peakWorkingSetSize uintptr
	_                  [7]uintptr
}

var getProcessMemoryInfo = windows.NewLazySystemDLL("psapi.dll").NewProc("GetProcessMemoryInfo")

// peakMemory returns the largest resident size of this process so far, in
// bytes, 0 where the system does not tell.
func peakMemory() int64 {
	counters := processMemoryCounters{}
	counters.size = uint32(unsafe.Sizeof(counters))
	ok, _, _ := getProcessMemoryInfo.Call(uintptr(windows.CurrentProcess()),
		uintptr(unsafe.Pointer(&counters)), uintptr(counters.size))
	if ok == 0 {
		return 0
	}
	return int64(counters.peakWorkingSetSize)
}
