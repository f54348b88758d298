package testkit

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	tasker "github.com/tasker/tasker/clients/go"
	"github.com/tasker/tasker/clients/go/taskerpb"
)

// Far above what anything here takes; only a test that would otherwise hang meets it.
const patience = 60 * time.Second

// Taskerd is a real service on a port and a store of its own, which keeps both over restarts.
type Taskerd struct {
	// Address is where it listens: host:port.
	Address string
	// Client is connected to it.
	Client *tasker.Client

	t       testing.TB
	program string
	folder  string
	process *exec.Cmd
	ended   chan struct{}
	log     *logBook
}

// Option changes how a Taskerd is started.
type Option func(*options)

type options struct {
	templates []string
	program   string
	settings  string
}

// Templates has the service begin with these files applied.
func Templates(paths ...string) Option {
	return func(o *options) { o.templates = append(o.templates, paths...) }
}

// Program is the service's program; otherwise it is what the environment's TASKERD says, or `taskerd` of the
// search path.
func Program(path string) Option {
	return func(o *options) { o.program = path }
}

// Settings are lines of YAML to be added to the service's settings.
func Settings(yaml string) Option {
	return func(o *options) { o.settings = yaml }
}

// StartTaskerd starts a service, and ends it when the test does. Retries come after 50 ms.
func StartTaskerd(t testing.TB, with ...Option) *Taskerd {
	t.Helper()
	var o options
	for _, each := range with {
		each(&o)
	}
	if o.program == "" {
		o.program = os.Getenv("TASKERD")
	}
	if o.program == "" {
		found, err := exec.LookPath("taskerd")
		if err != nil {
			t.Fatal("no taskerd: set TASKERD to the program, or put it on the search path")
		}
		o.program = found
	}
	folder := t.TempDir()
	templates := filepath.Join(folder, "templates")
	if err := os.Mkdir(templates, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, each := range o.templates {
		source, err := os.ReadFile(each)
		if err == nil {
			err = os.WriteFile(filepath.Join(templates, fmt.Sprintf("%d-%s", i, filepath.Base(each))), source, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s := &Taskerd{t: t, program: o.program, folder: folder}
	s.settle("127.0.0.1:0", o.settings)
	s.launch()
	// It keeps its port from now on.
	s.settle(s.Address, o.settings)
	var err error
	if s.Client, err = tasker.NewClient(tasker.ClientConfig{Addresses: []string{s.Address}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Client.Close()
		s.Kill()
		if t.Failed() {
			t.Logf("taskerd's log:\n%s", s.log.text())
		}
	})
	return s
}

func (s *Taskerd) settle(address, more string) {
	s.t.Helper()
	settings := fmt.Sprintf("listen: %q\nmetrics: {listen: \"\"}\ndata: %q\nenvironment: test\ntemplates: %q\n"+
		"retry: {backoff: [50ms], jitter: 0}\n%s\n",
		address, filepath.Join(s.folder, "data"), filepath.Join(s.folder, "templates"), more)
	if err := os.WriteFile(filepath.Join(s.folder, "tasker.yaml"), []byte(settings), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// Restart kills the service, as a crash would, and starts it again on the same store and port.
func (s *Taskerd) Restart() {
	s.t.Helper()
	s.Kill()
	s.launch()
}

// Kill ends the service at once. It may be dead already.
func (s *Taskerd) Kill() {
	_ = s.process.Process.Kill()
	<-s.ended
}

// Terminate has the service stop in an orderly way, and waits until it has.
func (s *Taskerd) Terminate() {
	s.t.Helper()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatal("taskerd did not stop")
	}
}

// Of a whole line: the port may come in two pieces.
var listening = regexp.MustCompile(`listening on (\S+:\d+).*\n`)

func (s *Taskerd) launch() {
	s.t.Helper()
	s.log = &logBook{ready: make(chan string, 1)}
	s.process = exec.Command(s.program, "--config", filepath.Join(s.folder, "tasker.yaml"))
	s.process.Stdout, s.process.Stderr = s.log, s.log
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan struct{})
	s.ended = ended
	process := s.process
	go func() {
		_ = process.Wait()
		close(ended)
	}()
	select {
	case s.Address = <-s.log.ready:
	case <-ended:
		s.t.Fatalf("taskerd did not start:\n%s", s.log.text())
	case <-time.After(patience):
		s.Kill()
		s.t.Fatalf("taskerd does not listen:\n%s", s.log.text())
	}
}

// RunWorker runs a worker of the service until the test ends, and fails the test if it ends badly. register
// registers its handlers. config's addresses, and its name unless given, are filled in.
func (s *Taskerd) RunWorker(config tasker.WorkerConfig, register func(*tasker.Worker)) *tasker.Worker {
	s.t.Helper()
	config.Addresses = []string{s.Address}
	if config.Name == "" {
		config.Name = "test-worker"
	}
	if config.Logger == nil {
		config.Logger = tasker.DiscardLogs
	}
	worker := tasker.NewWorker(config)
	register(worker)
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(context.Background()) }()
	s.t.Cleanup(func() {
		worker.Stop()
		if err := <-ended; err != nil {
			s.t.Errorf("the worker: %v", err)
		}
	})
	return worker
}

// RunTask creates a task and waits until it has finished.
func (s *Taskerd) RunTask(ctx context.Context, task tasker.NewTask) *taskerpb.Task {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	created, err := s.Client.CreateTask(ctx, task)
	if err != nil {
		s.t.Fatal(err)
	}
	ended, err := s.Client.WaitForTask(ctx, created.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return ended
}

// logBook keeps what the service says, and tells once where it listens.
type logBook struct {
	mutex sync.Mutex
	all   bytes.Buffer
	told  bool
	ready chan string
}

func (b *logBook) Write(data []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.all.Write(data)
	if b.told {
		return len(data), nil
	}
	if found := listening.FindSubmatch(b.all.Bytes()); found != nil {
		b.told = true
		b.ready <- string(found[1])
	}
	return len(data), nil
}

func (b *logBook) text() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.all.String()
}
