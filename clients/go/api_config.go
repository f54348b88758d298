package tasker

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// apiConfig is what handler_config says of an HTTP call.
type apiConfig struct {
	URL                string          `json:"url"`
	Method             string          `json:"method"`
	Params             map[string]any  `json:"params"`
	Headers            map[string]any  `json:"headers"`
	Body               json.RawMessage `json:"body"`
	Payload            json.RawMessage `json:"payload"`
	SSL                json.RawMessage `json:"ssl"`
	Timeout            *float64        `json:"timeout"`
	Retries            int             `json:"retries"`
	RetryDelay         *float64        `json:"retry_delay"`
	ExponentialBackoff bool            `json:"enable_exponential_backoff"`
}

const (
	apiTimeout    = 30 * time.Second
	apiRetryDelay = time.Second
)

func apiConfigOf(step *Step) (*apiConfig, error) {
	config := &apiConfig{}
	if err := step.Config(config); err != nil {
		return nil, &PermanentError{Message: "the handler_config of an API step", Err: err}
	}
	config.Method = strings.ToUpper(orElse(config.Method, http.MethodGet))
	if len(config.Body) == 0 {
		config.Body = config.Payload
	}
	return config, nil
}

func (c *apiConfig) timeout() time.Duration { return secondsOr(c.Timeout, apiTimeout) }

// delay is how long to wait before the given attempt within the step's, from 2.
func (c *apiConfig) delay(attempt int) time.Duration {
	delay := secondsOr(c.RetryDelay, apiRetryDelay)
	if c.ExponentialBackoff {
		for ; attempt > 2 && delay < time.Hour; attempt-- {
			delay *= 2
		}
	}
	return delay
}

func secondsOr(seconds *float64, otherwise time.Duration) time.Duration {
	if seconds == nil || *seconds < 0 {
		return otherwise
	}
	return time.Duration(*seconds * float64(time.Second))
}

// verifies says whether the server's certificate is checked: `ssl: false` and `ssl: {verify: false}` say no.
func (c *apiConfig) verifies() (bool, error) {
	if len(c.SSL) == 0 || string(c.SSL) == "null" {
		return true, nil
	}
	var flag bool
	if Decode(c.SSL, &flag) == nil {
		return flag, nil
	}
	var settings struct {
		Verify *bool `json:"verify"`
	}
	if err := Decode(c.SSL, &settings); err != nil {
		return false, &PermanentError{Message: "handler_config: ssl must be true, false or {verify: true or false}"}
	}
	return settings.Verify == nil || *settings.Verify, nil
}

// address is where a path leads: relative to the url of the settings, with the params of both.
func (c *apiConfig) address(path string, params map[string]any) (string, error) {
	full, err := url.Parse(c.URL)
	if err == nil && path != "" {
		var relative *url.URL
		if relative, err = url.Parse(path); err == nil {
			if relative.IsAbs() || relative.Host != "" {
				full = relative
			} else {
				full.Path = strings.TrimRight(full.Path, "/") + "/" + strings.TrimLeft(relative.Path, "/")
				full.RawPath = ""
				full.RawQuery = strings.Trim(full.RawQuery+"&"+relative.RawQuery, "&")
			}
		}
	}
	if err != nil {
		return "", &PermanentError{Message: "handler_config: url", Err: err}
	}
	if full.Scheme != "http" && full.Scheme != "https" || full.Host == "" {
		return "", &PermanentError{Message: fmt.Sprintf("handler_config: url must be http:// or https://, not %q", full.Redacted())}
	}
	query := full.Query()
	for _, each := range []map[string]any{c.Params, params} {
		for name, value := range each {
			query.Del(name)
			if several, ok := value.([]any); ok {
				for _, one := range several {
					query.Add(name, textOf(one))
				}
			} else if value != nil {
				query.Set(name, textOf(value))
			}
		}
	}
	full.RawQuery = query.Encode()
	return full.String(), nil
}

// textOf is a value as it stands in a URL or header.
func textOf(value any) string {
	switch known := value.(type) {
	case string:
		return known
	case json.Number:
		return known.String()
	case map[string]any, []any:
		if data, err := Encode(known); err == nil {
			return string(data)
		}
	}
	return fmt.Sprint(value)
}
