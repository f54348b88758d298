package tasker

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

const invalidResults = "Tasker::InvalidResults"

// successOf is the result of an attempt that returned results: a failure instead if they are not JSON, or
// longer than the service takes.
func successOf(token []byte, results any, bytesMax uint64) *taskerpb.StepResult {
	payload, err := Encode(results)
	if err != nil {
		return failedBecause(token, invalidResults, "the results are not JSON: "+err.Error())
	}
	if string(payload) == "null" {
		payload = []byte("{}")
	}
	if bytesMax > 0 && uint64(len(payload)) > bytesMax {
		return failedBecause(token, invalidResults,
			fmt.Sprintf("the results have %d bytes, the limit is %d", len(payload), bytesMax))
	}
	return &taskerpb.StepResult{
		Token:   token,
		Outcome: &taskerpb.StepResult_Success{Success: &taskerpb.StepSuccess{Results: payload}},
	}
}

// failedBecause is a permanent failure that this package itself found.
func failedBecause(token []byte, class, message string) *taskerpb.StepResult {
	retryable := false
	return failureResult(token, &taskerpb.Failure{ErrorClass: class, Message: valid(message), Retryable: &retryable})
}

func failureResult(token []byte, failure *taskerpb.Failure) *taskerpb.StepResult {
	return &taskerpb.StepResult{Token: token, Outcome: &taskerpb.StepResult_Failure{Failure: failure}}
}

// failureOf is how the service is told of an error. place is the handler's function, for errors that do
// not know where they arose.
func failureOf(err error, place string) *taskerpb.Failure {
	retryable := true
	failure := &taskerpb.Failure{
		ErrorClass: valid(errorClass(err)),
		Message:    valid(orElse(err.Error(), errorClass(err))),
		Backtrace:  valid(backtraceOf(err, place)),
	}
	var understood errUnderstood
	if errors.As(err, &understood) {
		switch known := understood.(type) {
		case *RetryableError:
			if known.RetryAfter > 0 {
				failure.RetryAfter = durationpb.New(known.RetryAfter)
			}
		case *PermanentError:
			retryable = false
		case *BusinessError:
			retryable = false
			failure.Business = true
			setDetails(failure, known.Details)
		}
	}
	failure.Retryable = &retryable
	return failure
}

// What the service takes.
const detailsBytesMax = 64 << 10

// setDetails leaves out what cannot be sent, and says so in the message.
func setDetails(failure *taskerpb.Failure, details any) {
	if details == nil {
		return
	}
	data, err := encodeObject(details)
	switch {
	case err != nil:
		failure.Message += fmt.Sprintf(" (its details are left out: %s)", valid(err.Error()))
	case len(data) > detailsBytesMax:
		failure.Message += fmt.Sprintf(" (its details are left out: %d bytes, the limit is %d)", len(data), detailsBytesMax)
	default:
		failure.Details = data
	}
}

// errorClass is the name of the first type in the error's chain that says something: not those of errors.New
// and fmt.Errorf. An error may choose it by a method `ErrorClass() string`.
func errorClass(err error) string {
	for each := err; each != nil; each = causeOf(each) {
		if named, ok := each.(interface{ ErrorClass() string }); ok {
			return named.ErrorClass()
		}
		kind := reflect.TypeOf(each)
		for kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		switch kind.PkgPath() {
		case "errors", "fmt", "github.com/pkg/errors":
			continue
		}
		if kind.Name() != "" {
			return kind.Name()
		}
	}
	return "error"
}

// causeOf is what an error wraps; of several, the first.
func causeOf(err error) error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		if all := several.Unwrap(); len(all) > 0 {
			return all[0]
		}
		return nil
	}
	return errors.Unwrap(err)
}

// backtraceOf is where the error arose, by a method `Backtrace() string` of one in its chain, innermost call
// first. Go's errors mostly do not know: then it is what they wrap, innermost first, and the handler.
func backtraceOf(err error, place string) string {
	var lines []string
	for each := err; each != nil; each = causeOf(each) {
		if traced, ok := each.(interface{ Backtrace() string }); ok {
			if text := traced.Backtrace(); text != "" {
				return text
			}
		}
		lines = append([]string{fmt.Sprintf("%T: %s", each, each.Error())}, lines...)
	}
	if place != "" {
		lines = append(lines, place)
	}
	return strings.Join(lines, "\n")
}

// placeOf says where a handler's method, or the function that it is, stands.
func placeOf(handler any, method string) string {
	value := reflect.ValueOf(handler)
	if value.Kind() != reflect.Func {
		found, ok := value.Type().MethodByName(method)
		if !ok {
			return ""
		}
		value = found.Func
	}
	function := runtime.FuncForPC(value.Pointer())
	if function == nil {
		return ""
	}
	file, line := function.FileLine(function.Entry())
	return fmt.Sprintf("%s\n\t%s:%d", function.Name(), file, line)
}

// panicError is a handler's panic.
type panicError struct {
	value any
	stack string
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

func (e *panicError) ErrorClass() string {
	if err := e.Unwrap(); err != nil {
		return errorClass(err)
	}
	return "panic"
}

func (e *panicError) Backtrace() string { return e.stack }

// valid is the text as it can be sent: UTF-8.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
