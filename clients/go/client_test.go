package tasker_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tasker "github.com/tasker/tasker/clients/go"
	"github.com/tasker/tasker/clients/go/taskerpb"
	"github.com/tasker/tasker/clients/go/testkit"
)

const two = `
name: two
task_handler_class: Two
step_templates:
  - name: first
    handler_class: First
  - name: second
    handler_class: Second
    depends_on_step: first
`

const signalled = `
name: signalled
task_handler_class: Signalled
step_templates:
  - {name: wait, wait_for_signal: go}
`

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func apply(t *testing.T, service *testkit.Taskerd, yaml string) {
	t.Helper()
	if _, err := service.Client.ApplyTemplate(within(t), []byte(yaml), "test.yaml"); err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, service *testkit.Taskerd, name string) string {
	t.Helper()
	created, err := service.Client.CreateTask(within(t), tasker.NewTask{Name: name, Initiator: "test", Tags: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	return created.ID
}

func returns(value any) tasker.StepHandlerFunc {
	return func(context.Context, *tasker.Task, *tasker.Sequence, *tasker.Step) (any, error) { return value, nil }
}

func TestErrorsHaveTheServicesCodeAndMessage(t *testing.T) {
	service := testkit.StartTaskerd(t)
	_, err := service.Client.CreateTask(within(t), tasker.NewTask{Name: "nothing"})
	if status.Code(err) != codes.NotFound || !strings.Contains(status.Convert(err).Message(), "nothing") {
		t.Error(err)
	}
	if _, err := service.Client.CreateTask(within(t), tasker.NewTask{Name: "nothing", Context: []int{1}}); err == nil {
		t.Error("a context that is no object was taken")
	}
	_, err = service.Client.WaitForTask(within(t), "00000000-0000-4000-8000-000000000001")
	if status.Code(err) != codes.NotFound {
		t.Error(err)
	}
}

func TestTasksAreListedPageByPage(t *testing.T) {
	service := testkit.StartTaskerd(t)
	apply(t, service, two)
	want := map[string]bool{}
	for i := 0; i < 5; i++ {
		want[create(t, service, "two")] = true
	}
	tasks := service.Client.ListTasks(tasker.TaskFilter{Name: "two", PageSize: 2})
	for tasks.Next(within(t)) {
		if !want[tasks.Task().TaskId] {
			t.Errorf("%s is unknown, or came twice", tasks.Task().TaskId)
		}
		delete(want, tasks.Task().TaskId)
	}
	if tasks.Err() != nil || len(want) > 0 {
		t.Errorf("%v; left out: %v", tasks.Err(), want)
	}
}

func TestATaskCanBeCancelledAndTheStepIsTold(t *testing.T) {
	service := testkit.StartTaskerd(t)
	apply(t, service, two)
	begun := make(chan struct{})
	reason := make(chan string, 1)
	service.RunWorker(tasker.WorkerConfig{}, func(worker *tasker.Worker) {
		worker.HandleFunc("First", func(ctx context.Context, _ *tasker.Task, _ *tasker.Sequence, step *tasker.Step) (any, error) {
			close(begun)
			<-ctx.Done()
			reason <- step.CancelReason()
			return nil, step.CheckCancelled()
		})
		worker.HandleFunc("Second", returns(nil))
	})
	id := create(t, service, "two")
	<-begun
	if err := service.Client.CancelTask(within(t), id, tasker.By{Actor: "test", Reason: "no longer wanted"}); err != nil {
		t.Fatal(err)
	}
	task, err := service.Client.WaitForTask(within(t), id)
	if err != nil || task.State != taskerpb.TaskState_TASK_STATE_CANCELLED {
		t.Errorf("%v, %v", task.GetState(), err)
	}
	if got := <-reason; !strings.Contains(got, "no longer wanted") {
		t.Errorf("the reason was %q", got)
	}
}

func TestFailedTasksAreRetriedAndResolved(t *testing.T) {
	service := testkit.StartTaskerd(t)
	apply(t, service, two)
	var broken atomic.Bool
	broken.Store(true)
	service.RunWorker(tasker.WorkerConfig{}, func(worker *tasker.Worker) {
		worker.HandleFunc("First", returns(map[string]any{"n": 1}))
		worker.HandleFunc("Second", func(context.Context, *tasker.Task, *tasker.Sequence, *tasker.Step) (any, error) {
			if broken.Load() {
				return nil, tasker.NewPermanentError("broken")
			}
			return nil, nil
		})
	})
	by := tasker.By{Actor: "test", Reason: "repaired"}
	failed := func() string {
		task := service.RunTask(context.Background(), tasker.NewTask{Name: "two"})
		if task.State != taskerpb.TaskState_TASK_STATE_ERROR || task.Steps[1].LastFailure.Message != "broken" {
			t.Fatalf("the task is %v", task)
		}
		return task.TaskId
	}
	byHand := failed()
	if err := service.Client.ResolveStep(within(t), byHand, "second", map[string]any{"by": "hand"}, by); err != nil {
		t.Fatal(err)
	}
	if task, err := service.Client.WaitForTask(within(t), byHand); err != nil ||
		task.State != taskerpb.TaskState_TASK_STATE_COMPLETE || string(task.Steps[1].Results) != `{"by":"hand"}` {
		t.Errorf("%v, %v", task, err)
	}
	given := failed()
	if err := service.Client.ResolveTask(within(t), given, by); err != nil {
		t.Fatal(err)
	}
	again := failed()
	broken.Store(false)
	if err := service.Client.RetryStep(within(t), again, "second", true, by); err != nil {
		t.Fatal(err)
	}
	if task, err := service.Client.WaitForTask(within(t), again); err != nil || task.State != taskerpb.TaskState_TASK_STATE_COMPLETE {
		t.Errorf("%v, %v", task, err)
	}
}

func TestASignalEndsAWait(t *testing.T) {
	service := testkit.StartTaskerd(t)
	apply(t, service, signalled)
	id := create(t, service, "signalled")
	ctx, cancel := context.WithCancel(within(t))
	cancel()
	if _, err := service.Client.WaitForTask(ctx, id); !errors.Is(err, context.Canceled) {
		t.Errorf("the wait ended with %v", err)
	}
	if err := service.Client.SignalTask(within(t), id, "go", map[string]any{"n": int64(9007199254740993)}, "test"); err != nil {
		t.Fatal(err)
	}
	task, err := service.Client.WaitForTask(within(t), id)
	if err != nil || string(task.Steps[0].Results) != `{"n":9007199254740993}` {
		t.Errorf("%v, %v", task, err)
	}
}

func TestNothingRunsTwiceWhenTheServiceIsKilledMidStep(t *testing.T) {
	service := testkit.StartTaskerd(t)
	apply(t, service, two)
	var runs atomic.Int32
	begun, gate := make(chan struct{}, 9), make(chan struct{})
	lost, back := make(chan struct{}, 9), make(chan struct{}, 9)
	metrics := tasker.Metrics{
		Connected:    func(string) { back <- struct{}{} },
		Disconnected: func(string, error) { lost <- struct{}{} },
	}
	service.RunWorker(tasker.WorkerConfig{Metrics: metrics}, func(worker *tasker.Worker) {
		worker.HandleFunc("First", func(context.Context, *tasker.Task, *tasker.Sequence, *tasker.Step) (any, error) {
			runs.Add(1)
			begun <- struct{}{}
			<-gate
			return nil, nil
		})
		worker.HandleFunc("Second", returns(nil))
	})
	id := create(t, service, "two")
	<-begun
	<-back
	service.Restart()
	<-lost
	<-back
	close(gate)
	task, err := service.Client.WaitForTask(within(t), id)
	if err != nil || task.State != taskerpb.TaskState_TASK_STATE_COMPLETE {
		t.Fatalf("%v, %v", task, err)
	}
	if runs.Load() != 1 || task.Steps[0].Attempts != 1 {
		t.Errorf("the step ran %d times in %d attempts", runs.Load(), task.Steps[0].Attempts)
	}
}

func TestASubscriberSeesATaskFromItsBeginningToItsEnd(t *testing.T) {
	service := testkit.StartTaskerd(t)
	apply(t, service, two)
	service.RunWorker(tasker.WorkerConfig{}, func(worker *tasker.Worker) {
		worker.HandleFunc("First", returns(nil))
		worker.HandleFunc("Second", returns(nil))
	})
	seen := make(chan string, 99)
	subscriber := tasker.NewSubscriber(tasker.SubscriberConfig{Addresses: []string{service.Address}, TaskName: "two", Logger: tasker.DiscardLogs})
	for _, name := range []string{"step.completed", "task.completed"} {
		subscriber.On(name, func(_ context.Context, event *tasker.Event) error {
			seen <- event.Name + " " + event.StepName
			return nil
		})
	}
	ctx, cancel := context.WithCancel(within(t))
	ended := make(chan error, 1)
	go func() { ended <- subscriber.Run(ctx) }()
	<-subscriber.Subscribed()
	service.RunTask(ctx, tasker.NewTask{Name: "two"})
	for _, want := range []string{"step.completed first", "step.completed second", "task.completed "} {
		if got := <-seen; got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
