package tasker

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// apiBodyBytesMax is the longest answer that is read; no step's results may be longer.
const apiBodyBytesMax = 64 << 20

// APIStepHandler does steps that are one HTTP request, described by handler_config: `url`, `method` (GET),
// `params`, `headers`, `body` or `payload`, `ssl` (false: any certificate will do), `timeout` (30 s), and,
// for attempts within one attempt of the step, `retries` (0), `retry_delay` (1 s) and
// `enable_exponential_backoff`.
//
// An answer of 2xx becomes the results `{"status": ..., "headers": {...}, "body": ...}`, the body as JSON if
// it is JSON, else as text. 429 and 503 are RetryableErrors, after the time that `Retry-After` says; other
// 5xx, timeouts and network errors are RetryableErrors; everything else is a PermanentError.
//
// Embed it, write a Process of your own and call Connection there, for more than that. Its zero value is
// ready for use.
type APIStepHandler struct {
	// Transport makes the requests; nil: http.DefaultTransport.
	Transport http.RoundTripper
}

// Process makes the request that handler_config describes.
func (h *APIStepHandler) Process(ctx context.Context, _ *Task, _ *Sequence, step *Step) (any, error) {
	connection, err := h.Connection(step)
	if err != nil {
		return nil, err
	}
	var body any
	if len(connection.config.Body) > 0 {
		body = connection.config.Body
	}
	response, err := connection.Do(ctx, connection.config.Method, "", nil, body)
	if err != nil {
		return nil, err
	}
	return response.Results(), nil
}

// Connection makes requests as the step's handler_config says.
func (h *APIStepHandler) Connection(step *Step) (*APIConnection, error) {
	config, err := apiConfigOf(step)
	if err != nil {
		return nil, err
	}
	transport := h.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	verifies, err := config.verifies()
	if err != nil {
		return nil, err
	}
	if standard, ok := transport.(*http.Transport); ok && !verifies {
		lenient := standard.Clone()
		if lenient.TLSClientConfig == nil {
			lenient.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		lenient.TLSClientConfig.InsecureSkipVerify = true
		// It lives as long as the step: no connection may stay behind.
		lenient.DisableKeepAlives = true
		transport = lenient
	}
	return &APIConnection{
		config: config,
		step:   step,
		client: &http.Client{Transport: transport, Timeout: config.timeout()},
	}, nil
}

// APIConnection makes requests as a step's handler_config says. Safe for use by several goroutines.
type APIConnection struct {
	config *apiConfig
	step   *Step
	client *http.Client
}

// APIResponse is an answer of 2xx.
type APIResponse struct {
	// Status is its code.
	Status int
	// Header is as it came.
	Header http.Header
	// Body is as it came.
	Body []byte
}

// Decode reads a JSON body into v; see Decode.
func (r *APIResponse) Decode(v any) error { return Decode(r.Body, v) }

// Results is the answer as a step's results.
func (r *APIResponse) Results() map[string]any {
	headers := map[string]any{}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	var body any = string(r.Body)
	if json.Valid(r.Body) {
		body = json.RawMessage(r.Body)
	}
	return map[string]any{"status": r.Status, "headers": headers, "body": body}
}

// Get makes a GET. path is appended to the url of the settings, or is a URL of its own; params become its
// query, with those of the settings.
func (c *APIConnection) Get(ctx context.Context, path string, params map[string]any) (*APIResponse, error) {
	return c.Do(ctx, http.MethodGet, path, params, nil)
}

// Post makes a POST: see Do.
func (c *APIConnection) Post(ctx context.Context, path string, body any) (*APIResponse, error) {
	return c.Do(ctx, http.MethodPost, path, nil, body)
}

// Put makes a PUT: see Do.
func (c *APIConnection) Put(ctx context.Context, path string, body any) (*APIResponse, error) {
	return c.Do(ctx, http.MethodPut, path, nil, body)
}

// Delete makes a DELETE.
func (c *APIConnection) Delete(ctx context.Context, path string, params map[string]any) (*APIResponse, error) {
	return c.Do(ctx, http.MethodDelete, path, params, nil)
}

// Do makes a request, again if the settings' `retries` say so. body: nil for none, a string or []byte as it
// stands, anything else as JSON. Its errors are those that APIStepHandler tells of.
func (c *APIConnection) Do(ctx context.Context, method, path string, params map[string]any, body any) (*APIResponse, error) {
	address, err := c.config.address(path, params)
	if err != nil {
		return nil, err
	}
	content, kind, err := contentOf(body)
	if err != nil {
		return nil, &PermanentError{Message: "the body of the request", Err: err}
	}
	for attempt := 1; ; attempt++ {
		response, err := c.once(ctx, method, address, content, kind)
		var retryable *RetryableError
		// A time that the server gave is for the service to wait out.
		if err == nil || attempt > c.config.Retries || !errors.As(err, &retryable) || retryable.RetryAfter > 0 {
			return response, err
		}
		if !sleep(ctx, c.config.delay(attempt+1)) {
			return nil, err
		}
	}
}

func contentOf(body any) (content []byte, kind string, err error) {
	switch known := body.(type) {
	case nil:
		return nil, "", nil
	case []byte:
		return known, "application/octet-stream", nil
	case string:
		return []byte(known), "text/plain; charset=utf-8", nil
	case json.RawMessage:
		// A text in the settings is sent as it stands.
		var text string
		if Decode(known, &text) == nil {
			return []byte(text), "text/plain; charset=utf-8", nil
		}
	}
	content, err = Encode(body)
	return content, "application/json", err
}

func (c *APIConnection) once(ctx context.Context, method, address string, content []byte, kind string) (*APIResponse, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(content))
	if err != nil {
		return nil, &PermanentError{Message: "the request", Err: err}
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	if c.step.Traceparent != "" {
		request.Header.Set("Traceparent", c.step.Traceparent)
		if c.step.Tracestate != "" {
			request.Header.Set("Tracestate", c.step.Tracestate)
		}
	}
	for name, value := range c.config.Headers {
		request.Header.Set(name, textOf(value))
		if strings.EqualFold(name, "host") {
			request.Host = textOf(value)
		}
	}
	answer, err := c.client.Do(request)
	if err != nil {
		// Its text has the whole URL, with what may be secret in the query.
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, &RetryableError{Message: shown(request), Err: err, origin: here()}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, apiBodyBytesMax+1))
	if err != nil {
		return nil, &RetryableError{Message: "the answer broke off", Err: err}
	}
	if len(body) > apiBodyBytesMax {
		return nil, &PermanentError{Message: fmt.Sprintf("the answer has more than %d bytes", apiBodyBytesMax)}
	}
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		return &APIResponse{Status: answer.StatusCode, Header: answer.Header, Body: body}, nil
	}
	return nil, failedAnswer(answer, body, time.Now())
}

// failedAnswer is the error for an answer that is not of 2xx.
func failedAnswer(answer *http.Response, body []byte, now time.Time) error {
	message := shown(answer.Request) + ": " + answer.Status
	if start := strings.TrimSpace(string(body)); start != "" {
		if len(start) > 500 {
			start = start[:500] + "..."
		}
		message += ": " + valid(start)
	}
	switch code := answer.StatusCode; {
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		return NewRetryableError(message, retryAfter(answer.Header.Get("Retry-After"), now))
	case code >= 500:
		return NewRetryableError(message, 0)
	default:
		return NewPermanentError(message)
	}
}

// shown is a request without what may be secret of its URL.
func shown(request *http.Request) string {
	return fmt.Sprintf("%s %s://%s%s", request.Method, request.URL.Scheme, request.URL.Host, request.URL.EscapedPath())
}
