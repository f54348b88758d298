package tasker

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

// fakeEvents is the events' side of a service: each subscription is answered by the next script.
type fakeEvents struct {
	taskerpb.UnimplementedEventServiceServer
	requests chan *taskerpb.SubscribeRequest
	scripts  chan []*taskerpb.SubscribeResponse
	// What a subscription ends with after its script; nil in it: not before the caller ends it.
	ends chan error
	// What was acknowledged.
	acknowledged chan *taskerpb.AcknowledgeRequest
}

func (f *fakeEvents) Acknowledge(_ context.Context, request *taskerpb.AcknowledgeRequest) (*taskerpb.AcknowledgeResponse, error) {
	f.acknowledged <- request
	return &taskerpb.AcknowledgeResponse{Cursor: request.Cursor}, nil
}

func (f *fakeEvents) Subscribe(request *taskerpb.SubscribeRequest, call taskerpb.EventService_SubscribeServer) error {
	f.requests <- request
	for _, each := range <-f.scripts {
		if err := call.Send(each); err != nil {
			return err
		}
	}
	if end := <-f.ends; end != nil {
		return end
	}
	<-call.Context().Done()
	return nil
}

func newFakeEvents(t *testing.T) (*fakeEvents, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeEvents{
		requests: make(chan *taskerpb.SubscribeRequest, 9),
		scripts:  make(chan []*taskerpb.SubscribeResponse, 9),
		ends:     make(chan error, 9),

		acknowledged: make(chan *taskerpb.AcknowledgeRequest, 9),
	}
	server := grpc.NewServer()
	taskerpb.RegisterEventServiceServer(server, f)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return f, listener.Addr().String()
}

func response(cursor string, names ...string) *taskerpb.SubscribeResponse {
	r := &taskerpb.SubscribeResponse{Cursor: cursor}
	for _, name := range names {
		r.Events = append(r.Events, &taskerpb.Event{
			Name: name, Cursor: cursor + "/" + name, TaskId: "t", StepName: "s", Timestamp: timestamppb.Now(),
			Payload: []byte(`{"n":9007199254740993,"text":"x"}`),
		})
	}
	return r
}

// notes are what was called, in order.
type notes struct{ seen chan string }

func (n notes) HandleTaskCompleted(_ context.Context, event *Event) error {
	n.seen <- "completed " + SafeGet(event, "step_name", "none")
	return errors.New("one event's trouble is not the next one's")
}

func (n notes) HandleTaskStarted(context.Context, *Event) error {
	n.seen <- "started"
	panic("nor is a panic")
}

func (n notes) HandleOrderPaid(context.Context, *Event) error {
	n.seen <- "paid"
	return nil
}

func (n notes) HandleEvent(_ context.Context, event *Event) error {
	n.seen <- "other " + event.Name
	return nil
}

func TestEventsReachTheMethodsOfTheirNamesAndErrorsStayThere(t *testing.T) {
	n := notes{make(chan string, 99)}
	s := NewSubscriber(SubscriberConfig{Logger: DiscardLogs})
	s.Handle(n)
	s.On("step.*", func(_ context.Context, event *Event) error { n.seen <- "pattern " + event.Name; return nil })
	s.On("step.started", func(context.Context, *Event) error { n.seen <- "alias"; return nil })
	for _, each := range response("c", "task.completed", "task.start_requested", "order.paid", "step.execution_requested").Events {
		s.Dispatch(context.Background(), eventOf(each))
	}
	close(n.seen)
	var got []string
	for each := range n.seen {
		got = append(got, each)
	}
	want := []string{"completed s", "started", "paid", "pattern step.execution_requested", "alias", "other step.execution_requested"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestGoesOnBehindTheLastEventAfterABreakAndARestart(t *testing.T) {
	events, address := newFakeEvents(t)
	store := FileCursorStore(filepath.Join(t.TempDir(), "cursor"))
	config := SubscriberConfig{
		Addresses: []string{address}, SubscribeTo: []string{"task.*"}, Namespace: "shop", Start: StartEarliest, Cursors: store,
		Logger: DiscardLogs,
	}
	seen := make(chan string, 9)
	run := func() (cancel context.CancelFunc, ended chan error) {
		s := NewSubscriber(config)
		s.On("*", func(_ context.Context, event *Event) error { seen <- event.Name; return nil })
		ctx, cancel := context.WithCancel(context.Background())
		ended = make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		return cancel, ended
	}
	cancel, ended := run()
	request := <-events.requests
	if !request.GetFromEarliest() || request.Filter.Namespace != "shop" || request.Filter.Names[0] != "task.*" {
		t.Errorf("it asked for %v", request)
	}
	events.scripts <- []*taskerpb.SubscribeResponse{response("0"), response("1", "task.completed")}
	events.ends <- status.Error(codes.Unavailable, "cut")
	if request = <-events.requests; request.GetAfterCursor() != "1" {
		t.Errorf("after the break it asked for %v", request)
	}
	events.scripts <- []*taskerpb.SubscribeResponse{response("2", "task.failed")}
	events.ends <- nil
	for _, want := range []string{"task.completed", "task.failed"} {
		if got := <-seen; got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}

	cancel, ended = run()
	defer cancel()
	request = <-events.requests
	// The subscriber was ended at the event, or just behind it.
	if at := request.GetAfterCursor(); at != "2" && at != "2/task.failed" {
		t.Errorf("after a restart it asked for %v", request)
	}
	events.scripts <- nil
	events.ends <- status.Error(codes.OutOfRange, "no longer kept")
	if err := <-ended; status.Code(err) != codes.OutOfRange {
		t.Errorf("it ended with %v", err)
	}
}

func TestSafeGetGivesWhatFitsOrTheFallback(t *testing.T) {
	event := eventOf(response("c", "task.completed").Events[0])
	if n := SafeGet(event, "n", int64(0)); n != 9007199254740993 {
		t.Errorf("n is %d", n)
	}
	if n := SafeGet(event, "text", 7); n != 7 {
		t.Errorf("a text as a number is %d", n)
	}
	if text := SafeGet(event, "task_id", ""); text != "t" {
		t.Errorf("task_id is %q", text)
	}
	if text := SafeGet[any](event, "text", nil); text != "x" {
		t.Errorf("text is %v", text)
	}
	if at := SafeGet(event, "timestamp", time.Time{}); at.IsZero() {
		t.Error("there is no timestamp")
	}
	if text := SafeGet(event, "nothing", "fallback"); text != "fallback" {
		t.Errorf("nothing is %q", text)
	}
	if text := SafeGet(nil, "n", "fallback"); text != "fallback" {
		t.Errorf("of nothing it is %q", text)
	}
}

type mistaken struct{}

func (mistaken) HandleTaskCompleted(string) {}

func TestMethodsOfAnotherFormAreRefusedAtOnce(t *testing.T) {
	for _, each := range []any{mistaken{}, struct{}{}, nil} {
		if _, err := methodsOf(each); err == nil {
			t.Errorf("%T was taken", each)
		}
	}
	if _, err := methodsOf(mistaken{}); !strings.Contains(err.Error(), "HandleTaskCompleted") {
		t.Error(err)
	}
}

func TestPatternsMatch(t *testing.T) {
	for pattern, names := range map[string][2]string{
		"task.completed": {"task.completed", "task.completed.again"},
		"step.*":         {"step.", "task.step."},
		"*.failed":       {"step.failed", "step.failed_again"},
		"*":              {"anything", ""},
		"a*b*c":          {"a.b.b.c", "a.c.b"},
		"task.started":   {"task.start_requested", "task.startled"},
	} {
		r := route{pattern: pattern}
		if !r.matches(names[0]) {
			t.Errorf("%s does not match %s", pattern, names[0])
		}
		if names[1] != "" && r.matches(names[1]) {
			t.Errorf("%s matches %s", pattern, names[1])
		}
	}
}

func TestANamedSubscriptionIsAcknowledgedWhenAllThatCameTogetherIsHandled(t *testing.T) {
	events, address := newFakeEvents(t)
	s := NewSubscriber(SubscriberConfig{
		Addresses: []string{address}, Subscription: "mailer", ConsumerName: "one", UnacknowledgedMax: 7, Logger: DiscardLogs,
	})
	s.Handle(notes{make(chan string, 99)})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	request := <-events.requests
	if request.Subscription != "mailer" || request.ConsumerName != "one" || request.UnacknowledgedMax != 7 || request.Filter != nil {
		t.Errorf("it asked for %v", request)
	}
	first := response("0")
	first.ConsumerId = "c-1"
	events.scripts <- []*taskerpb.SubscribeResponse{first, response("1", "task.completed", "order.paid"), response("2", "other")}
	events.ends <- status.Error(codes.Unavailable, "cut")
	for _, want := range []string{"1/order.paid", "2/other"} {
		if got := <-events.acknowledged; got.Subscription != "mailer" || got.Cursor != want || got.ConsumerId != "c-1" {
			t.Errorf("it acknowledged %v, not %s", got, want)
		}
	}
	<-events.requests
	second := response("0")
	second.ConsumerId = "c-2"
	events.scripts <- []*taskerpb.SubscribeResponse{second, response("3", "other")}
	events.ends <- nil
	if got := <-events.acknowledged; got.Cursor != "3/other" || got.ConsumerId != "c-2" {
		t.Errorf("after the break it acknowledged %v", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestANamedSubscriptionAcknowledgesTheEventAtHandWhenItEnds(t *testing.T) {
	events, address := newFakeEvents(t)
	s := NewSubscriber(SubscriberConfig{Addresses: []string{address}, Subscription: "mailer", Logger: DiscardLogs})
	ctx, cancel := context.WithCancel(context.Background())
	s.On("*", func(context.Context, *Event) error { cancel(); return nil })
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	<-events.requests
	events.scripts <- []*taskerpb.SubscribeResponse{response("0"), response("1", "a", "b")}
	events.ends <- nil
	if got := <-events.acknowledged; got.Cursor != "1/a" {
		t.Errorf("it acknowledged %v", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestANamedSubscriptionKeepsItsPlaceItself(t *testing.T) {
	s := NewSubscriber(SubscriberConfig{Subscription: "mailer", Cursors: &MemoryCursorStore{}, Logger: DiscardLogs})
	if err := s.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "leave Cursors nil") {
		t.Errorf("it ended with %v", err)
	}
}
