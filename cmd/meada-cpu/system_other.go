//go:build !unix && !windows

package main

import "os"

// terminalWidth returns 0: no terminal is known here.
func terminalWidth(*os.File) int { return 0 }

// peakMemory returns 0: the system does not tell.
func peakMemory() int64 { return 0 }
