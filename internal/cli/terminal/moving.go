package terminal

// Erase takes away the line that moves, the last one of a terminal.
const Erase = "\r\x1b[K"

var frames = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

// Frame is what turns in a line that moves, drawn for the nth time.
func Frame(n int) rune { return frames[n%len(frames)] }
