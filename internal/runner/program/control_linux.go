package program

import (
	"runtime"
	"syscall"
)

// attributes put the program into a process group of its own, which dies with
// the runner.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// lockThread keeps the thread alive: Pdeathsig fires when it ends.
func lockThread() func() {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}
