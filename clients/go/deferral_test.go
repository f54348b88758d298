package tasker_test

import (
	"context"
	"testing"
	"time"

	tasker "github.com/tasker/tasker/clients/go"
	"github.com/tasker/tasker/clients/go/taskerpb"
	"github.com/tasker/tasker/clients/go/testkit"
)

const (
	applied        = taskerpb.AcknowledgementOutcome_ACKNOWLEDGEMENT_OUTCOME_APPLIED
	alreadyApplied = taskerpb.AcknowledgementOutcome_ACKNOWLEDGEMENT_OUTCOME_ALREADY_APPLIED
)

func TestADeferredStepEndsByItsToken(t *testing.T) {
	service := testkit.StartTaskerd(t)
	apply(t, service, two)
	tokens := make(chan string, 9)
	service.RunWorker(tasker.WorkerConfig{}, func(worker *tasker.Worker) {
		worker.HandleFunc("First", func(_ context.Context, _ *tasker.Task, _ *tasker.Sequence, step *tasker.Step) (any, error) {
			step.Defer(time.Hour)
			tokens <- step.Token()
			return nil, nil
		})
		worker.HandleFunc("Second", returns(nil))
	})
	complete := func(token string, call func(string) (taskerpb.AcknowledgementOutcome, error), want taskerpb.AcknowledgementOutcome) {
		t.Helper()
		if outcome, err := call(token); err != nil || outcome != want {
			t.Errorf("%v, %v", outcome, err)
		}
	}
	fail := func(token string) (taskerpb.AcknowledgementOutcome, error) {
		return service.Client.FailStep(within(t), token, tasker.NewRetryableError("not this time", 0), "test")
	}
	succeed := func(token string) (taskerpb.AcknowledgementOutcome, error) {
		return service.Client.CompleteStep(within(t), token, map[string]any{"n": int64(9007199254740993)}, "test")
	}
	id := create(t, service, "two")
	complete(<-tokens, fail, applied)
	second := <-tokens
	complete(second, succeed, applied)
	complete(second, succeed, alreadyApplied)
	task, err := service.Client.WaitForTask(within(t), id)
	if err != nil || task.State != taskerpb.TaskState_TASK_STATE_COMPLETE {
		t.Fatalf("%v, %v", task, err)
	}
	if first := task.Steps[0]; first.Attempts != 2 || string(first.Results) != `{"n":9007199254740993}` ||
		first.LastFailure.Message != "not this time" {
		t.Errorf("the step is %v", first)
	}
	if _, err := service.Client.CompleteStep(within(t), "no token!", nil, ""); err == nil {
		t.Error("what is no token was taken")
	}
}

func TestEventsOfHandlersAndCallersReachSubscribers(t *testing.T) {
	service := testkit.StartTaskerd(t)
	apply(t, service, two)
	service.RunWorker(tasker.WorkerConfig{}, func(worker *tasker.Worker) {
		worker.HandleFunc("First", func(_ context.Context, _ *tasker.Task, _ *tasker.Sequence, step *tasker.Step) (any, error) {
			return nil, step.PublishStepCompleted(map[string]any{"by": "handler"})
		})
		worker.HandleFunc("Second", returns(nil))
	})
	seen := make(chan string, 9)
	subscriber := tasker.NewSubscriber(tasker.SubscriberConfig{
		Addresses: []string{service.Address}, Start: tasker.StartEarliest, Logger: tasker.DiscardLogs,
	})
	for _, name := range []string{"custom.step_completed", "order.paid"} {
		subscriber.On(name, func(_ context.Context, event *tasker.Event) error {
			seen <- event.Name + " " + tasker.SafeGet(event, "by", "nobody")
			return nil
		})
	}
	service.RunTask(context.Background(), tasker.NewTask{Name: "two"})
	if err := service.Client.PublishEvent(within(t), "order.paid", map[string]any{"by": "caller"}, ""); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(within(t))
	ended := make(chan error, 1)
	go func() { ended <- subscriber.Run(ctx) }()
	// They may be of different partitions, whose events have no order among each other.
	got := map[string]bool{<-seen: true, <-seen: true}
	if !got["custom.step_completed handler"] || !got["order.paid caller"] {
		t.Errorf("it saw %v", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
