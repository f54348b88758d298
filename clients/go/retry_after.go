package tasker

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// retryAfter is what the HTTP header of that name says: seconds, or a date, which may be past already. Zero:
// nothing that can be read.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if seconds, err := strconv.ParseFloat(header, 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		return time.Duration(math.Min(seconds, math.MaxInt32) * float64(time.Second))
	}
	if at, err := http.ParseTime(header); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
