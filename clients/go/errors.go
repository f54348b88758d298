package tasker

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
)

// RetryableError says that the attempt failed and may be tried again: what any error means that is
// not one of this package's others. Make it with NewRetryableError to have it know where it arose.
type RetryableError struct {
	// Message is what went wrong, for a person.
	Message string
	// RetryAfter is how long to wait before the next attempt, in place of the template's backoff, up to
	// the service's maximum. Zero or less: the template's backoff.
	RetryAfter time.Duration
	// Err is the cause, if there is one.
	Err error

	origin
}

// NewRetryableError makes a RetryableError; retryAfter of zero leaves the pause to the template.
func NewRetryableError(message string, retryAfter time.Duration) *RetryableError {
	return &RetryableError{Message: message, RetryAfter: retryAfter, origin: here()}
}

// Error is the message, and the cause if there is one.
func (e *RetryableError) Error() string { return withCause(e.Message, e.Err) }

// Unwrap gives the cause.
func (e *RetryableError) Unwrap() error { return e.Err }

func (e *RetryableError) verdict() {}

// PermanentError says that the step failed for good: it is never tried again.
type PermanentError struct {
	// Message is what went wrong, for a person.
	Message string
	// Class is the failure's kind as the service keeps it; empty: `PermanentError`.
	Class string
	// Err is the cause, if there is one.
	Err error

	origin
}

// NewPermanentError makes a PermanentError that knows where it arose.
func NewPermanentError(message string) *PermanentError {
	return &PermanentError{Message: message, origin: here()}
}

// Error is the message, and the cause if there is one.
func (e *PermanentError) Error() string { return withCause(e.Message, e.Err) }

// Unwrap gives the cause.
func (e *PermanentError) Unwrap() error { return e.Err }

// ErrorClass is Class, or `PermanentError`.
func (e *PermanentError) ErrorClass() string { return orElse(e.Class, "PermanentError") }

func (e *PermanentError) verdict() {}

// BusinessError is an outcome that the business knows (the card was declined) rather than a fault of
// the technics (the bank did not answer). It is never tried again, and is counted apart.
type BusinessError struct {
	// Class is the failure's kind, such as `CardDeclined`; empty: `BusinessError`.
	Class string
	// Message is what happened, for a person.
	Message string
	// Details belong to the failure, for programs: what JSON holds as an object of at most 64 KiB; nil:
	// none.
	Details any
	// Err is the cause, if there is one.
	Err error

	origin
}

// NewBusinessError makes a BusinessError that knows where it arose.
func NewBusinessError(class, message string, details any) *BusinessError {
	return &BusinessError{Class: class, Message: message, Details: details, origin: here()}
}

// Error is the message, and the cause if there is one.
func (e *BusinessError) Error() string { return withCause(e.Message, e.Err) }

// Unwrap gives the cause.
func (e *BusinessError) Unwrap() error { return e.Err }

// ErrorClass is Class, or `BusinessError`.
func (e *BusinessError) ErrorClass() string { return orElse(e.Class, "BusinessError") }

func (e *BusinessError) verdict() {}

// CancelledError is what Step.CheckCancelled returns once the attempt's work is no longer wanted.
type CancelledError struct {
	// Reason is why, as whoever cancelled it said.
	Reason string
}

// Error names the reason.
func (e *CancelledError) Error() string {
	if e.Reason == "" {
		return "the attempt was cancelled"
	}
	return "the attempt was cancelled: " + e.Reason
}

// ErrDrainTimeout is what Worker.Run returns if steps were left when its drain timeout ended. They
// count as lost, and are tried again elsewhere.
var ErrDrainTimeout = errors.New("the drain timeout ended before all steps had")

// errUnderstood is an error that says how its failure is to be taken. The first one in an error's chain
// counts.
type errUnderstood interface {
	error
	verdict()
}

// origin is where an error was made.
type origin struct{ frames []uintptr }

// here is the origin of an error whose constructor called it.
func here() origin {
	frames := make([]uintptr, 32)
	return origin{frames: frames[:runtime.Callers(3, frames)]}
}

// Backtrace is where the error was made, innermost call first; empty if that is not known.
func (o origin) Backtrace() string {
	if len(o.frames) == 0 {
		return ""
	}
	var text strings.Builder
	frames := runtime.CallersFrames(o.frames)
	for {
		frame, more := frames.Next()
		fmt.Fprintf(&text, "%s\n\t%s:%d\n", frame.Function, frame.File, frame.Line)
		if !more {
			return text.String()
		}
	}
}

func withCause(message string, cause error) string {
	switch {
	case cause == nil:
		return message
	case message == "":
		return cause.Error()
	default:
		return message + ": " + cause.Error()
	}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func isUnderstood(err error) bool {
	var understood errUnderstood
	return errors.As(err, &understood)
}
