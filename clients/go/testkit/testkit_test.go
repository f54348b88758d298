package testkit_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	tasker "github.com/tasker/tasker/clients/go"
	"github.com/tasker/tasker/clients/go/taskerpb"
	"github.com/tasker/tasker/clients/go/testkit"
)

const template = `
name: pair
task_handler_class: Pair
step_templates:
  - {name: one, handler_class: One, handler_config: {n: 9007199254740993}}
  - {name: two, handler_class: Two, depends_on_step: one, default_retry_limit: 7}
`

func templateFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pair.yaml")
	if err := os.WriteFile(path, []byte(template), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestASequenceHasTheStepsOfItsTemplate(t *testing.T) {
	task := testkit.NewTask(t, map[string]any{"order": 1})
	sequence := testkit.BuildSequenceFromTemplate(t, task, templateFile(t), map[string]any{"one": map[string]any{"a": "b"}})
	steps, err := sequence.Steps(context.Background())
	if err != nil || len(steps) != 2 {
		t.Fatalf("%v, %v", steps, err)
	}
	if one := steps[0]; one.State != "complete" || one.ResultValue("a") != "b" || string(one.RawConfig) != `{"n":9007199254740993}` {
		t.Errorf("one is %s %s %s", one.State, one.RawResults, one.RawConfig)
	}
	if two := steps[1]; two.State != "pending" || two.HandlerClass != "Two" || two.RetryLimit != 7 || two.Attempts() != 0 {
		t.Errorf("two is %s %s %d", two.State, two.HandlerClass, two.RetryLimit)
	}
}

func TestAStepKeepsWhatItWouldTellTheService(t *testing.T) {
	step := testkit.NewStep(t, "one", nil)
	if err := step.Publish("order.paid", map[string]any{"n": 1}); err != nil {
		t.Fatal(err)
	}
	if err := step.Checkpoint([]int{3}); err != nil {
		t.Fatal(err)
	}
	step.Progress(0.5, "half")
	step.Defer(time.Hour)
	step.Cancel("enough")
	var left []int
	if known, err := step.CheckpointData(&left); !known || err != nil || left[0] != 3 {
		t.Errorf("the checkpoint is %v, %v", left, err)
	}
	if events := step.Published(); len(events) != 1 || events[0].Name != "order.paid" || string(events[0].Payload) != `{"n":1}` {
		t.Errorf("the events are %v", events)
	}
	if timeout, deferred := step.Deferral(); !deferred || timeout != time.Hour {
		t.Errorf("deferred is %v, for %v", deferred, timeout)
	}
	if !step.WaitCancelled(context.Background(), time.Hour) || step.CancelReason() != "enough" {
		t.Errorf("the reason is %q", step.CancelReason())
	}
}

func TestAFakeEventHasItsFieldsWhereTheyBelong(t *testing.T) {
	event := testkit.FakeEvent(t, "step.failed", map[string]any{"step_name": "one", "attempt_number": 2, "error": "no"})
	if event.StepName != "one" || event.AttemptNumber != 2 || string(event.RawPayload) != `{"error":"no"}` {
		t.Errorf("the event is %+v", event)
	}
}

func TestATemplateRunsOnARealServiceThatStopsAndComesAgain(t *testing.T) {
	service := testkit.StartTaskerd(t, testkit.Templates(templateFile(t)))
	address := service.Address
	register := func(worker *tasker.Worker) {
		for _, class := range []string{"One", "Two"} {
			class := class
			worker.HandleFunc(class, func(context.Context, *tasker.Task, *tasker.Sequence, *tasker.Step) (any, error) {
				return map[string]any{"class": class}, nil
			})
		}
	}
	service.RunWorker(tasker.WorkerConfig{}, register)
	for i := 0; i < 2; i++ {
		task := service.RunTask(context.Background(), tasker.NewTask{Name: "pair"})
		if task.State != taskerpb.TaskState_TASK_STATE_COMPLETE {
			t.Fatalf("the task ended as %v", task.State)
		}
		service.Terminate()
		service.Restart()
		if service.Address != address {
			t.Errorf("it moved from %s to %s", address, service.Address)
		}
	}
}
