package system

import "os"

// PeakMemory returns the largest resident size of this process so far, in
// bytes, 0 where the system does not tell. (Getrusage would tell that of the program
// that started this one, if it had more: it counts on over exec.)
func PeakMemory() int64 { return readFields(os.DirFS("/"), "proc/self/status")["VmHWM:"] << 10 }
