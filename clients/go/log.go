package tasker

import (
	"fmt"
	"log"
	"strings"
)

// Logger takes log entries: a message, and keys each followed by its value. *slog.Logger is one. Safe for
// use by several goroutines.
type Logger interface {
	Debug(message string, args ...any)
	Info(message string, args ...any)
	Warn(message string, args ...any)
	Error(message string, args ...any)
}

// DiscardLogs is a Logger that keeps nothing.
var DiscardLogs Logger = discard{}

type discard struct{}

func (discard) Debug(string, ...any) {}
func (discard) Info(string, ...any)  {}
func (discard) Warn(string, ...any)  {}
func (discard) Error(string, ...any) {}

// plainLogger writes through the standard library's log, without what is only for debugging.
type plainLogger struct{}

func (plainLogger) Debug(string, ...any)              {}
func (plainLogger) Info(message string, args ...any)  { plainLogger{}.write("INFO", message, args) }
func (plainLogger) Warn(message string, args ...any)  { plainLogger{}.write("WARN", message, args) }
func (plainLogger) Error(message string, args ...any) { plainLogger{}.write("ERROR", message, args) }

func (plainLogger) write(level, message string, args []any) {
	var line strings.Builder
	fmt.Fprintf(&line, "%s tasker: %s", level, message)
	for i := 0; i+1 < len(args); i += 2 {
		value := fmt.Sprint(args[i+1])
		if strings.ContainsAny(value, " \t\n\"=") || value == "" {
			value = fmt.Sprintf("%q", value)
		}
		fmt.Fprintf(&line, " %v=%s", args[i], value)
	}
	log.Print(line.String())
}

func loggerOr(logger Logger) Logger {
	if logger == nil {
		return plainLogger{}
	}
	return logger
}
