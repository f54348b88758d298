package tasker

import (
	"strings"
	"testing"
	"time"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

// drained is all frames that an outbox has.
func drained(o *outbox) []*taskerpb.ConnectRequest {
	o.close()
	var all []*taskerpb.ConnectRequest
	for {
		message := o.next(nil)
		if message == nil {
			return all
		}
		all = append(all, message)
	}
}

func success(token, results string) *taskerpb.StepResult {
	return successOf([]byte(token), results, 0)
}

func TestWhatIsReadyTogetherLeavesInOneFrameBehindTheRegistration(t *testing.T) {
	o := newOutbox()
	o.register(&taskerpb.Register{Name: "test"})
	o.credits(4)
	o.confirm([][]byte{[]byte("a"), []byte("b")})
	o.result(success("a", "x"), 5)
	o.result(success("b", "x"), 6)
	o.heartbeat([][]byte{[]byte("c")})
	o.drain("done")
	frames := drained(o)
	if len(frames) != 2 || frames[0].Register == nil || frames[0].Credits != nil {
		t.Fatalf("the frames are %v", frames)
	}
	if f := frames[1]; len(f.ConfirmedTokens) != 2 || len(f.Results) != 2 || f.GetCredits() != 6 ||
		len(f.Heartbeat.Tokens) != 1 || f.Drain == nil {
		t.Errorf("the frame is %v", f)
	}
}

func TestOnlyTheNewestOfEachAttemptWaits(t *testing.T) {
	o := newOutbox()
	for i := 0; i < 1000; i++ {
		fraction := float64(i)
		o.heartbeat([][]byte{[]byte("a"), []byte("b")})
		o.checkpoint([]byte("a"), []byte(strings.Repeat("1", 1+i)))
		o.progress(&taskerpb.Progress{Token: []byte("a"), Fraction: &fraction})
	}
	frames := drained(o)
	if len(frames) != 1 {
		t.Fatalf("%d frames", len(frames))
	}
	beat := frames[0].Heartbeat
	if len(beat.Tokens) != 2 || len(beat.Checkpoints) != 1 || len(beat.Checkpoints[0].Checkpoint) != 1000 ||
		len(beat.Progress) != 1 || beat.Progress[0].GetFraction() != 999 {
		t.Errorf("the heartbeat is %v", beat)
	}
}

func TestACheckpointIsNotInTheFrameOfItsResult(t *testing.T) {
	o := newOutbox()
	o.checkpoint([]byte("a"), []byte("1"))
	o.result(success("b", "x"), 0)
	o.result(success("a", "x"), 0)
	frames := drained(o)
	if len(frames) != 2 || len(frames[0].Results) != 1 || len(frames[0].Heartbeat.Checkpoints) != 1 || len(frames[1].Results) != 1 {
		t.Errorf("the frames are %v", frames)
	}
}

func TestFramesHaveABound(t *testing.T) {
	o := newOutbox()
	for _, token := range []string{"a", "b", "c", "d"} {
		o.result(success(token, strings.Repeat("x", frameBytes/2)), 0)
	}
	o.result(success("large", strings.Repeat("x", 3*frameBytes)), 0)
	for i, frame := range drained(o) {
		if len(frame.Results) != 1 {
			t.Errorf("frame %d has %d results", i, len(frame.Results))
		}
	}
}

func TestPausesDoubleWithJitterUpToTheirMost(t *testing.T) {
	for _, draw := range []float64{0, 0.999999} {
		pauses := &backoff{next: backoffFirst, draw: func() float64 { return draw }}
		want := backoffFirst
		for i := 0; i < 12; i++ {
			pause := pauses.pause()
			if pause < want/2 || pause > want {
				t.Errorf("pause %d is %v, not %v to %v", i, pause, want/2, want)
			}
			if want *= 2; want > backoffMost {
				want = backoffMost
			}
		}
		pauses.reset()
		if pause := pauses.pause(); pause > 50*time.Millisecond {
			t.Errorf("after a reset it is %v", pause)
		}
	}
}
