package tasker

import (
	"context"
	"math/rand"
	"time"
)

const (
	backoffFirst = 50 * time.Millisecond
	backoffMost  = 5 * time.Second
)

// backoff is the pauses between attempts to connect: jittered, doubling from 50 ms to 5 s. Not safe for
// use by several goroutines.
type backoff struct {
	next time.Duration
	// draw gives numbers in [0, 1).
	draw func() float64
}

func newBackoff() *backoff {
	// A source of its own: the package's is the same in every process with Go 1.19.
	return &backoff{next: backoffFirst, draw: rand.New(rand.NewSource(time.Now().UnixNano())).Float64}
}

func (b *backoff) pause() time.Duration {
	pause := time.Duration(float64(b.next) * (0.5 + b.draw()/2))
	if b.next *= 2; b.next > backoffMost {
		b.next = backoffMost
	}
	return pause
}

func (b *backoff) reset() { b.next = backoffFirst }

// wait sleeps out the next pause, or until ctx ends: then it says false.
func (b *backoff) wait(ctx context.Context) bool { return sleep(ctx, b.pause()) }

// sleep waits for a time, or until ctx ends: then it says false.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
