package tasker

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

// Event is something that happened, once.
type Event struct {
	// ID is the same whenever the event is read again.
	ID string
	// Name is dotted, such as `step.completed`.
	Name string
	// Category is `task`, `step`, `workflow`, `observability`, `registry` or `custom`.
	Category string
	// Timestamp is when the change was made.
	Timestamp time.Time
	// Cursor is where to go on behind this event.
	Cursor string
	// TaskID, TaskName, Namespace and Version are the task concerned and its template; empty: none.
	TaskID string
	// TaskName is its template's name.
	TaskName string
	// Namespace is its template's.
	Namespace string
	// Version is its template's.
	Version string
	// StepID and StepName are the step concerned; empty: none.
	StepID string
	// StepName is its name.
	StepName string
	// AttemptNumber is the step's attempt, from 1; 0: none is concerned.
	AttemptNumber int
	// RawPayload is the event's own fields: a JSON object; empty: none.
	RawPayload json.RawMessage
}

func eventOf(event *taskerpb.Event) *Event {
	return &Event{
		ID:            event.EventId,
		Name:          event.Name,
		Category:      event.Category,
		Timestamp:     event.Timestamp.AsTime(),
		Cursor:        event.Cursor,
		TaskID:        event.TaskId,
		TaskName:      event.TaskName,
		Namespace:     event.Namespace,
		Version:       event.Version,
		StepID:        event.StepId,
		StepName:      event.StepName,
		AttemptNumber: int(event.AttemptNumber),
		RawPayload:    event.Payload,
	}
}

// Payload reads the event's own fields into v; see Decode.
func (e *Event) Payload(v any) error { return Decode(e.RawPayload, v) }

// Get is what stands under key in the payload, numbers as json.Number, or the event's own field of that
// name (`task_id`, `step_name`, ...); nil where there is nothing.
func (e *Event) Get(key string) any {
	if value := memberOf(e.RawPayload, key); value != nil {
		return value
	}
	field := map[string]string{
		"event_id": e.ID, "name": e.Name, "category": e.Category, "cursor": e.Cursor, "task_id": e.TaskID,
		"task_name": e.TaskName, "namespace": e.Namespace, "version": e.Version, "step_id": e.StepID,
		"step_name": e.StepName,
	}[key]
	switch {
	case field != "":
		return field
	case key == "attempt_number" && e.AttemptNumber > 0:
		return e.AttemptNumber
	case key == "timestamp" && !e.Timestamp.IsZero():
		return e.Timestamp
	default:
		return nil
	}
}

// SafeGet is event.Get(key) as a T, or fallback where there is nothing or it is no T. It never panics.
func SafeGet[T any](event *Event, key string, fallback T) T {
	if event == nil {
		return fallback
	}
	value := event.Get(key)
	if value == nil {
		return fallback
	}
	if known, ok := value.(T); ok {
		return known
	}
	// As encoding/json would read it: a number is an int64 or a float64, if it fits.
	data, err := Encode(value)
	if err != nil {
		return fallback
	}
	read := reflect.New(reflect.TypeOf(&fallback).Elem())
	if err := Decode(data, read.Interface()); err != nil {
		return fallback
	}
	return read.Elem().Interface().(T)
}

// EventFunc handles an event. An error, or a panic, is logged, and the next event follows.
type EventFunc func(ctx context.Context, event *Event) error
