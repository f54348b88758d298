package tasker

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func apiStep(t *testing.T, config map[string]any) *Step {
	t.Helper()
	data, err := Encode(config)
	if err != nil {
		t.Fatal(err)
	}
	return &Step{Name: "call", RawConfig: data, Traceparent: "00-trace-span-01"}
}

func callAPI(step *Step) (any, error) {
	return (&APIStepHandler{}).Process(context.Background(), &Task{}, NewSequence(nil, nil), step)
}

func TestMakesTheRequestThatTheSettingsDescribe(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Answer", "yes")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery, "body": string(body),
			"key": r.Header.Get("X-Key"), "kind": r.Header.Get("Content-Type"), "trace": r.Header.Get("Traceparent"),
		})
	}))
	defer server.Close()
	results, err := callAPI(apiStep(t, map[string]any{
		"url": server.URL + "/orders?a=1", "method": "post", "params": map[string]any{"b": 9007199254740993, "c": []any{"x", "y"}},
		"headers": map[string]any{"X-Key": "k"}, "body": map[string]any{"n": 9007199254740993},
	}))
	if err != nil {
		t.Fatal(err)
	}
	got := results.(map[string]any)
	if got["status"] != 201 || got["headers"].(map[string]any)["x-answer"] != "yes" {
		t.Errorf("the results are %v", got)
	}
	seen := map[string]any{}
	if err := Decode(got["body"].(json.RawMessage), &seen); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"method": "POST", "path": "/orders", "query": "a=1&b=9007199254740993&c=x&c=y", "body": `{"n":9007199254740993}`,
		"key": "k", "kind": "application/json", "trace": "00-trace-span-01",
	} {
		if seen[key] != want {
			t.Errorf("%s is %v, not %s", key, seen[key], want)
		}
	}
}

func TestAnswersBecomeFailures(t *testing.T) {
	tests := []struct {
		status     int
		retryAfter string
		permanent  bool
		after      time.Duration
	}{
		{status: 400, permanent: true},
		{status: 404, permanent: true},
		{status: 304, permanent: true},
		{status: 429, retryAfter: "7", after: 7 * time.Second},
		{status: 503, retryAfter: "1.5", after: 1500 * time.Millisecond},
		{status: 503, retryAfter: "soon"},
		{status: 500, retryAfter: "7"},
		{status: 502},
	}
	for _, each := range tests {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if each.retryAfter != "" {
				w.Header().Set("Retry-After", each.retryAfter)
			}
			w.WriteHeader(each.status)
		}))
		_, err := callAPI(apiStep(t, map[string]any{"url": server.URL + "/p", "params": map[string]any{"key": "secret"}}))
		server.Close()
		var permanent *PermanentError
		var retryable *RetryableError
		if errors.As(err, &permanent) != each.permanent || errors.As(err, &retryable) == each.permanent {
			t.Errorf("%d: %v", each.status, err)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%d: the message shows the query: %v", each.status, err)
		}
		if retryable != nil && retryable.RetryAfter != each.after {
			t.Errorf("%d: again after %v, not %v", each.status, retryable.RetryAfter, each.after)
		}
	}
}

func TestTriesAgainWithinAnAttemptAsTheSettingsSay(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) < 3 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write([]byte("plain"))
	}))
	defer server.Close()
	settings := map[string]any{"url": server.URL, "retries": 2, "retry_delay": 0.001, "enable_exponential_backoff": true}
	results, err := callAPI(apiStep(t, settings))
	if err != nil || results.(map[string]any)["body"] != "plain" || calls.Load() != 3 {
		t.Errorf("%v, %v after %d calls", results, err, calls.Load())
	}
}

func TestNetworkErrorsAndTimeoutsAreTriedAgain(t *testing.T) {
	hangs := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hangs }))
	defer server.Close()
	defer close(hangs)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, settings := range map[string]map[string]any{
		"a timeout":       {"url": server.URL + "/?key=secret", "timeout": 0.01},
		"nobody answers":  {"url": gone.URL + "/?key=secret"},
		"no such machine": {"url": "http://no-such-host.invalid/?key=secret"},
	} {
		_, err := callAPI(apiStep(t, settings))
		var retryable *RetryableError
		if !errors.As(err, &retryable) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACertificateIsCheckedUnlessTheSettingsSayNo(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"a":1}`)) }))
	// It tells of the handshake that is refused.
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	if _, err := callAPI(apiStep(t, map[string]any{"url": server.URL})); err == nil {
		t.Error("a stranger's certificate was taken")
	}
	for _, ssl := range []any{false, map[string]any{"verify": false}} {
		if _, err := callAPI(apiStep(t, map[string]any{"url": server.URL, "ssl": ssl})); err != nil {
			t.Errorf("ssl: %v: %v", ssl, err)
		}
	}
}

func TestSettingsThatMakeNoSenseArePermanentFailures(t *testing.T) {
	for name, settings := range map[string]map[string]any{
		"no url":         {},
		"another scheme": {"url": "file:///etc/passwd"},
		"a text as time": {"url": "http://localhost", "timeout": "soon"},
		"ssl":            {"url": "http://localhost", "ssl": 7},
	} {
		var permanent *PermanentError
		if _, err := callAPI(apiStep(t, settings)); !errors.As(err, &permanent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "-5": 0, "NaN": 0, "12": 12 * time.Second, " 3 ": 3 * time.Second,
		"Fri, 02 Jan 2026 03:05:05 GMT": time.Minute, "Fri, 02 Jan 2026 03:00:00 GMT": 0, "tomorrow": 0,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %v, not %v", header, got, want)
		}
	}
}

func TestAConnectionAppendsPaths(t *testing.T) {
	config := &apiConfig{URL: "http://host/api/?v=1", Params: map[string]any{"p": "q"}}
	for path, want := range map[string]string{
		"":                   "http://host/api/?p=q&v=1&x=y",
		"users/7":            "http://host/api/users/7?p=q&v=1&x=y",
		"/users?sort=a":      "http://host/api/users?p=q&sort=a&v=1&x=y",
		"https://other/path": "https://other/path?p=q&x=y",
	} {
		got, err := config.address(path, map[string]any{"x": "y"})
		if err != nil || got != want {
			t.Errorf("%q: %s, %v, not %s", path, got, err, want)
		}
	}
}
