package tasker

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

// Far above what anything here takes; only a test that would otherwise hang meets it.
const patience = 30 * time.Second

// fakeEngine is the handlers' side of a service, whose part the test plays.
type fakeEngine struct {
	taskerpb.UnimplementedHandlerServiceServer
	taskerpb.UnimplementedTaskServiceServer
	t       *testing.T
	address string
	server  *grpc.Server
	streams chan *fakeStream
	steps   []*taskerpb.Step
}

// fakeStream is one stream to it.
type fakeStream struct {
	t        *testing.T
	call     taskerpb.HandlerService_ConnectServer
	register *taskerpb.Register
	frames   chan *taskerpb.ConnectRequest
	finish   chan error
	once     sync.Once
	// Of the frames that await has passed over.
	credits uint64
	seen    []*taskerpb.ConnectRequest
}

func newFakeEngine(t *testing.T) *fakeEngine {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &fakeEngine{
		t:       t,
		address: listener.Addr().String(),
		server:  grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20)),
		streams: make(chan *fakeStream, 16),
	}
	taskerpb.RegisterHandlerServiceServer(e.server, e)
	taskerpb.RegisterTaskServiceServer(e.server, e)
	go func() { _ = e.server.Serve(listener) }()
	t.Cleanup(e.server.Stop)
	return e
}

// Connect takes a stream and serves it until the test, or the handler, ends it.
func (e *fakeEngine) Connect(call taskerpb.HandlerService_ConnectServer) error {
	first, err := call.Recv()
	if err != nil {
		return err
	}
	s := &fakeStream{t: e.t, call: call, register: first.Register, frames: make(chan *taskerpb.ConnectRequest, 10000), finish: make(chan error, 1)}
	e.streams <- s
	go func() {
		defer close(s.frames)
		for {
			frame, err := call.Recv()
			if err != nil {
				return
			}
			s.frames <- frame
		}
	}()
	select {
	case err := <-s.finish:
		return err
	case <-call.Context().Done():
		return call.Context().Err()
	}
}

// GetTask answers with the steps that the test has set.
func (e *fakeEngine) GetTask(context.Context, *taskerpb.GetTaskRequest) (*taskerpb.GetTaskResponse, error) {
	return &taskerpb.GetTaskResponse{Task: &taskerpb.Task{Steps: e.steps}}, nil
}

// accept waits for a stream.
func (e *fakeEngine) accept() *fakeStream {
	e.t.Helper()
	select {
	case s := <-e.streams:
		return s
	case <-time.After(patience):
		e.t.Fatal("no stream came")
		return nil
	}
}

// welcome waits for a stream and answers it, with all features.
func (e *fakeEngine) welcome(stale ...[]byte) *fakeStream {
	e.t.Helper()
	s := e.accept()
	s.send(&taskerpb.ConnectResponse{Registered: &taskerpb.Registered{
		LeaseDuration:     durationpb.New(time.Minute),
		HeartbeatInterval: durationpb.New(20 * time.Second),
		PayloadBytesMax:   1 << 20,
		Features:          allFeatures,
		StaleTokens:       stale,
		ServiceVersion:    "test",
	}})
	return s
}

func (s *fakeStream) send(message *taskerpb.ConnectResponse) {
	s.t.Helper()
	if err := s.call.Send(message); err != nil {
		s.t.Fatal(err)
	}
}

// end ends the stream with a status; nil: OK.
func (s *fakeStream) end(status error) { s.once.Do(func() { s.finish <- status }) }

// await waits for a frame of which want says true, and returns it.
func (s *fakeStream) await(what string, want func(*taskerpb.ConnectRequest) bool) *taskerpb.ConnectRequest {
	s.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case frame, ok := <-s.frames:
			if !ok {
				s.t.Fatalf("the handler closed its side before %s", what)
			}
			if frame.Credits != nil {
				s.credits = *frame.Credits
			}
			s.seen = append(s.seen, frame)
			if want(frame) {
				return frame
			}
		case <-timeout:
			s.t.Fatalf("%s did not come", what)
		}
	}
}

// awaitResult waits for the result of a token.
func (s *fakeStream) awaitResult(token string) *taskerpb.StepResult {
	s.t.Helper()
	var found *taskerpb.StepResult
	s.await("the result of "+token, func(frame *taskerpb.ConnectRequest) bool {
		for _, each := range frame.Results {
			if string(each.Token) == token {
				found = each
			}
		}
		return found != nil
	})
	return found
}

// awaitHalfClose waits until the handler has closed its side.
func (s *fakeStream) awaitHalfClose() {
	s.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case _, ok := <-s.frames:
			if !ok {
				return
			}
		case <-timeout:
			s.t.Fatal("the handler did not close its side")
		}
	}
}

func (s *fakeStream) assign(assignments ...*taskerpb.Assignment) {
	s.t.Helper()
	s.send(&taskerpb.ConnectResponse{Assignments: assignments})
}

func (s *fakeStream) acknowledge(tokens ...string) {
	s.t.Helper()
	message := &taskerpb.ConnectResponse{}
	for _, token := range tokens {
		message.Acknowledgements = append(message.Acknowledgements, &taskerpb.Acknowledgement{
			Token: []byte(token), Outcome: taskerpb.AcknowledgementOutcome_ACKNOWLEDGEMENT_OUTCOME_APPLIED,
		})
	}
	s.send(message)
}

func (s *fakeStream) drain() {
	s.t.Helper()
	s.send(&taskerpb.ConnectResponse{Drain: &taskerpb.DrainRequested{Reason: "test"}})
}

// metadata is what came with the stream under a key.
func (s *fakeStream) metadata(key string) []string {
	return metadata.ValueFromIncomingContext(s.call.Context(), key)
}

func assignment(token, class string) *taskerpb.Assignment {
	return &taskerpb.Assignment{
		Token: []byte(token), TaskId: "task", TaskName: "test", Namespace: "default", Version: "0.1.0",
		StepId: "task.0", StepName: "step", HandlerClass: class, AttemptNumber: 1, RetryLimit: 3,
	}
}

// running is a worker that a test has started.
type running struct {
	*Worker
	t     *testing.T
	ended chan error
}

// start runs a worker of the engines until the test ends.
func start(t *testing.T, config WorkerConfig, handlers map[string]StepHandlerFunc, engines ...*fakeEngine) *running {
	t.Helper()
	for _, each := range engines {
		config.Addresses = append(config.Addresses, each.address)
	}
	config.Name = "test"
	config.Logger = DiscardLogs
	worker := NewWorker(config)
	for class, handler := range handlers {
		worker.HandleFunc(class, handler)
	}
	return startWorker(t, worker)
}

func startWorker(t *testing.T, worker *Worker) *running {
	r := &running{Worker: worker, t: t, ended: make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.ended <- worker.Run(ctx)
	}()
	t.Cleanup(func() {
		// Whatever it still waits for will not come.
		worker.giveUp()
		cancel()
		<-done
	})
	return r
}

// awaitEnd waits until Run has returned.
func (r *running) awaitEnd() error {
	r.t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(patience):
		r.t.Fatal("the worker did not end")
		return nil
	}
}
