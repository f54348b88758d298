package tasker

import (
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

// frameBytes is how long a frame may be before the next one is begun.
const frameBytes = 1 << 20

// outbox is what waits to be sent on one stream. What is ready together leaves in one frame. It never
// blocks whoever puts something in; a slow engine makes frames longer, not more: of heartbeats, progress
// and checkpoints it holds the newest of each attempt. Safe for use by several goroutines.
type outbox struct {
	mutex  sync.Mutex
	frames []*frame
	// Has an element while something may be there to take.
	wake   chan struct{}
	closed bool
}

// frame is a message in the making, and where in it things stand by token.
type frame struct {
	message     *taskerpb.ConnectRequest
	bytes       int
	beats       map[string]bool
	checkpoints map[string]*taskerpb.Checkpoint
	progress    map[string]*taskerpb.Progress
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// register puts in the first message, which is on its own.
func (o *outbox) register(register *taskerpb.Register) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.begin().message.Register = register
	o.signal()
}

// add lets change put something of about bytes length into the frame that leaves next, or into a new one
// if that is full or fits says that it must not go in there.
func (o *outbox) add(bytes int, fits func(*frame) bool, change func(*frame)) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.closed {
		return
	}
	var last *frame
	if len(o.frames) > 0 {
		last = o.frames[len(o.frames)-1]
	}
	if last == nil || last.message.Register != nil || last.bytes > 0 && last.bytes+bytes > frameBytes ||
		fits != nil && !fits(last) {
		last = o.begin()
	}
	last.bytes += bytes
	change(last)
	o.signal()
}

// result adds what became of an attempt, with the credits that go with it; zero: none.
func (o *outbox) result(result *taskerpb.StepResult, credits uint64) {
	// Results count before the heartbeat of the same frame, so the attempt's checkpoint has to leave
	// before.
	fits := func(f *frame) bool { return f.checkpoints[string(result.Token)] == nil }
	o.add(proto.Size(result), fits, func(f *frame) {
		f.message.Results = append(f.message.Results, result)
		f.credit(credits)
	})
}

// credits adds a new running total.
func (o *outbox) credits(total uint64) {
	o.add(8, nil, func(f *frame) { f.credit(total) })
}

func (f *frame) credit(total uint64) {
	if total > 0 {
		f.message.Credits = &total
	}
}

// confirm adds tokens of assignments that have arrived.
func (o *outbox) confirm(tokens [][]byte) {
	o.add(32*len(tokens), nil, func(f *frame) {
		f.message.ConfirmedTokens = append(f.message.ConfirmedTokens, tokens...)
	})
}

// heartbeat adds a sign of life of attempts.
func (o *outbox) heartbeat(tokens [][]byte) {
	o.add(0, nil, func(f *frame) {
		beat := f.heartbeat()
		if f.beats == nil {
			f.beats = map[string]bool{}
		}
		for _, token := range tokens {
			if !f.beats[string(token)] {
				f.beats[string(token)] = true
				f.bytes += len(token)
				beat.Tokens = append(beat.Tokens, token)
			}
		}
	})
}

// checkpoint adds how far an attempt is, in place of an older word of it.
func (o *outbox) checkpoint(token, checkpoint []byte) {
	o.add(len(checkpoint), nil, func(f *frame) {
		if known := f.checkpoints[string(token)]; known != nil {
			f.bytes -= len(known.Checkpoint)
			known.Checkpoint = checkpoint
			return
		}
		if f.checkpoints == nil {
			f.checkpoints = map[string]*taskerpb.Checkpoint{}
		}
		added := &taskerpb.Checkpoint{Token: token, Checkpoint: checkpoint}
		f.checkpoints[string(token)] = added
		f.heartbeat().Checkpoints = append(f.heartbeat().Checkpoints, added)
	})
}

// progress adds how far an attempt is for people, in place of an older word of it.
func (o *outbox) progress(added *taskerpb.Progress) {
	o.add(len(added.Message), nil, func(f *frame) {
		if known := f.progress[string(added.Token)]; known != nil {
			f.bytes -= len(known.Message)
			known.Fraction, known.Message = added.Fraction, added.Message
			return
		}
		if f.progress == nil {
			f.progress = map[string]*taskerpb.Progress{}
		}
		f.progress[string(added.Token)] = added
		f.heartbeat().Progress = append(f.heartbeat().Progress, added)
	})
}

func (f *frame) heartbeat() *taskerpb.Heartbeat {
	if f.message.Heartbeat == nil {
		f.message.Heartbeat = &taskerpb.Heartbeat{}
	}
	return f.message.Heartbeat
}

// drain adds that no more assignments are wanted.
func (o *outbox) drain(reason string) {
	o.add(len(reason), nil, func(f *frame) { f.message.Drain = &taskerpb.DrainRequested{Reason: reason} })
}

// accessToken adds a token in place of the one that is known.
func (o *outbox) accessToken(token string) {
	o.add(len(token), nil, func(f *frame) { f.message.AccessToken = token })
}

// close ends our side of the stream behind what was put in before. Later additions are dropped.
func (o *outbox) close() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.closed = true
	o.signal()
}

// next waits for the next frame; nil: there is none any more, or done is closed.
func (o *outbox) next(done <-chan struct{}) *taskerpb.ConnectRequest {
	for {
		if message, over := o.take(); message != nil || over {
			return message
		}
		select {
		case <-o.wake:
		case <-done:
			return nil
		}
	}
}

func (o *outbox) take() (message *taskerpb.ConnectRequest, over bool) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if len(o.frames) == 0 {
		return nil, o.closed
	}
	message = o.frames[0].message
	o.frames = o.frames[1:]
	return message, false
}

func (o *outbox) begin() *frame {
	begun := &frame{message: &taskerpb.ConnectRequest{}}
	o.frames = append(o.frames, begun)
	return begun
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}
