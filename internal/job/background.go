package job

// Background says what becomes of processes that still run when the program
// itself has ended.
type Background string

// The ways to treat work in the background.
const (
	BackgroundFail Background = "fail" // they are ended, and the job fails; the default
	BackgroundWait Background = "wait" // the job ends when they do
	BackgroundKill Background = "kill" // they are ended, and the job has succeeded if its program has
)

// Valid reports whether b is one of them, or none.
func (b Background) Valid() bool {
	return b == "" || b == BackgroundFail || b == BackgroundWait || b == BackgroundKill
}
