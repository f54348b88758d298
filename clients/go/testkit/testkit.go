// Package testkit is for tests of handlers and subscribers: tasks, sequences and events that are made
// without a service, and a real service of the test's own.
package testkit

import (
	"fmt"
	"os"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	tasker "github.com/tasker/tasker/clients/go"
)

// NewTask makes a task with a context: what JSON holds as an object.
func NewTask(t testing.TB, context any) *tasker.Task {
	t.Helper()
	return &tasker.Task{
		ID:         "00000000-0000-4000-8000-000000000001",
		Name:       "test_task",
		Namespace:  "default",
		Version:    "0.1.0",
		RawContext: encode(t, "the context", context),
	}
}

// NewTaskRequest makes the request that a TaskHandler is given, with a context: what JSON holds as an object.
func NewTaskRequest(t testing.TB, context any) *tasker.TaskRequest {
	t.Helper()
	return &tasker.TaskRequest{
		TaskID:       "00000000-0000-4000-8000-000000000001",
		Name:         "test_task",
		Namespace:    "default",
		Version:      "0.1.0",
		RawContext:   encode(t, "the context", context),
		Initiator:    "test",
		SourceSystem: "test",
		Reason:       "test",
		RequestedAt:  time.Now(),
	}
}

// NewStep makes the step to be processed, in its first attempt of three, with a handler_config: what JSON
// holds as an object, nil for none. What it would tell the service is kept: see Step.Published, Deferral and
// CheckpointData.
func NewStep(t testing.TB, name string, config any) *tasker.Step {
	t.Helper()
	step := &tasker.Step{
		ID:            "00000000-0000-4000-8000-000000000001.0",
		Name:          name,
		State:         "in_progress",
		AttemptNumber: 1,
		RetryLimit:    3,
		RawConfig:     []byte("{}"),
		ItemIndex:     -1,
		RawToken:      []byte("test-token"),
	}
	if config != nil {
		step.RawConfig = encode(t, "the handler_config", config)
	}
	return step
}

// BuildSequenceFor makes a sequence of steps that are complete, with their results: what JSON holds, by the
// steps' names.
func BuildSequenceFor(t testing.TB, task *tasker.Task, results map[string]any) *tasker.Sequence {
	t.Helper()
	var steps []*tasker.Step
	for name, each := range results {
		steps = append(steps, &tasker.Step{
			ID:            fmt.Sprintf("%s.%d", task.ID, len(steps)),
			Name:          name,
			State:         "complete",
			AttemptNumber: 1,
			RetryLimit:    3,
			RawConfig:     []byte("{}"),
			RawResults:    encode(t, "the results of "+name, each),
			ItemIndex:     -1,
		})
	}
	return tasker.NewSequence(steps, nil)
}

// BuildSequenceFromTemplate makes a sequence of all steps of a template, a YAML file, in its order: those with
// results are complete, the others pending. Each has the template's handler_class and handler_config. It
// fails the test if results has a step that the template has not.
func BuildSequenceFromTemplate(t testing.TB, task *tasker.Task, path string, results map[string]any) *tasker.Sequence {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		StepTemplates []struct {
			Name         string         `yaml:"name"`
			HandlerClass string         `yaml:"handler_class"`
			Config       map[string]any `yaml:"handler_config"`
			RetryLimit   int            `yaml:"default_retry_limit"`
		} `yaml:"step_templates"`
	}
	if err := yaml.Unmarshal(source, &template); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	unknown := map[string]bool{}
	for name := range results {
		unknown[name] = true
	}
	var steps []*tasker.Step
	for i, each := range template.StepTemplates {
		step := NewStep(t, each.Name, nil)
		step.ID = fmt.Sprintf("%s.%d", task.ID, i)
		step.HandlerClass = each.HandlerClass
		step.State, step.AttemptNumber = "pending", 0
		if each.RetryLimit > 0 {
			step.RetryLimit = each.RetryLimit
		}
		if each.Config != nil {
			step.RawConfig = encode(t, "the handler_config of "+each.Name, each.Config)
		}
		if result, ok := results[each.Name]; ok {
			delete(unknown, each.Name)
			step.State, step.AttemptNumber = "complete", 1
			step.RawResults = encode(t, "the results of "+each.Name, result)
		}
		steps = append(steps, step)
	}
	for name := range unknown {
		t.Fatalf("%s has no step %q", path, name)
	}
	return tasker.NewSequence(steps, nil)
}

// FakeEvent makes an event of that name. Those of fields that are an event's own (`task_id`, `task_name`,
// `namespace`, `version`, `step_id`, `step_name`) become so, the others its payload.
func FakeEvent(t testing.TB, name string, fields map[string]any) *tasker.Event {
	t.Helper()
	event := &tasker.Event{
		ID:        "test-event",
		Name:      name,
		Category:  "custom",
		Timestamp: time.Now(),
		Cursor:    "test-cursor",
		Namespace: "default",
	}
	own := map[string]*string{
		"event_id": &event.ID, "category": &event.Category, "cursor": &event.Cursor, "task_id": &event.TaskID,
		"task_name": &event.TaskName, "namespace": &event.Namespace, "version": &event.Version,
		"step_id": &event.StepID, "step_name": &event.StepName,
	}
	payload := map[string]any{}
	for key, value := range fields {
		text, isText := value.(string)
		number, isNumber := value.(int)
		switch field := own[key]; {
		case field != nil && isText:
			*field = text
		case key == "attempt_number" && isNumber:
			event.AttemptNumber = number
		default:
			payload[key] = value
		}
	}
	event.RawPayload = encode(t, "the payload", payload)
	return event
}

func encode(t testing.TB, what string, value any) []byte {
	t.Helper()
	data, err := tasker.Encode(value)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return data
}
