package tasker

import (
	"context"
	"encoding/json"
	"time"
)

// Task is the task that a step belongs to. It is not changed while a handler has it.
type Task struct {
	// ID is a UUID in its usual text form.
	ID string
	// Name is the template's.
	Name string
	// Namespace is the template's.
	Namespace string
	// Version is the template's.
	Version string
	// Priority is how urgent it is, 0 to 9.
	Priority int
	// RawContext is the input as it came: a JSON object.
	RawContext json.RawMessage
	// Initiator is who asked for the task, and Tags are its labels: known only to task handlers.
	Initiator string
	// Tags are free labels: see Initiator.
	Tags []string
	// Traceparent and Tracestate are the trace that it belongs to, as in W3C Trace Context; empty: none.
	Traceparent string
	// Tracestate is told with Traceparent.
	Tracestate string
}

// Context reads the input into v; see Decode.
func (t *Task) Context(v any) error { return Decode(t.RawContext, v) }

// Get is what stands under key in the input, numbers as json.Number; nil where there is nothing.
func (t *Task) Get(key string) any { return memberOf(t.RawContext, key) }

// TaskRequest is what a task was asked for with, as a TaskHandler sees it.
type TaskRequest struct {
	// TaskID is the id of the task that waits for the handler.
	TaskID string
	// Name is the template's.
	Name string
	// Namespace is the template's.
	Namespace string
	// Version is the template's.
	Version string
	// RawContext is the input as it came: a JSON object.
	RawContext json.RawMessage
	// Initiator is who asked; `unknown` unless given.
	Initiator string
	// SourceSystem is the system that asked; `unknown` unless given.
	SourceSystem string
	// Reason is why; `unknown` unless given.
	Reason string
	// Tags are free labels.
	Tags []string
	// BypassSteps names steps to leave out.
	BypassSteps []string
	// RequestedAt is when the service accepted the request.
	RequestedAt time.Time
	// Traceparent and Tracestate are the trace that the task belongs to; empty: none.
	Traceparent string
	// Tracestate is told with Traceparent.
	Tracestate string
}

// Context reads the input into v; see Decode.
func (r *TaskRequest) Context(v any) error { return Decode(r.RawContext, v) }

// Get is what stands under key in the input, numbers as json.Number; nil where there is nothing.
func (r *TaskRequest) Get(key string) any { return memberOf(r.RawContext, key) }

// TaskHandler takes new tasks of a template before any of their steps begins. Embed BaseTaskHandler and
// write only what is needed. One value serves many tasks, from several goroutines at once.
type TaskHandler interface {
	// ValidateTaskRequest refuses a task by an error, which ends it for good, unless it is a
	// RetryableError: then it is asked again later.
	ValidateTaskRequest(ctx context.Context, request *TaskRequest) error
	// InitializeTaskContext gives the task's context from now on: what JSON holds as an object. It is
	// called after ValidateTaskRequest. An error is taken as a step's.
	InitializeTaskContext(ctx context.Context, request *TaskRequest) (any, error)
}

// BaseTaskHandler accepts every task, with the context that it was asked for with.
type BaseTaskHandler struct{}

// ValidateTaskRequest accepts the task.
func (BaseTaskHandler) ValidateTaskRequest(context.Context, *TaskRequest) error { return nil }

// InitializeTaskContext leaves the context as it is.
func (BaseTaskHandler) InitializeTaskContext(_ context.Context, request *TaskRequest) (any, error) {
	if len(request.RawContext) == 0 {
		return map[string]any{}, nil
	}
	return request.RawContext, nil
}
