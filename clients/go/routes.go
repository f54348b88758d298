package tasker

import (
	"context"
	"fmt"
	"reflect"
	"runtime/debug"
	"strings"
)

// route is which events a function is for.
type route struct {
	pattern string
	handle  EventFunc
}

// matches says whether the event is meant by the route's name or pattern, in which `*` stands for any
// characters.
func (r route) matches(name string) bool {
	alias, ok := eventAliases[name]
	return like(r.pattern, name) || ok && like(r.pattern, alias)
}

func like(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	name = name[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(name, part)
		if at < 0 {
			return false
		}
		name = name[at+len(part):]
	}
	return strings.HasSuffix(name, last)
}

// methodRoutes are a value's methods named Handle..., by name.
type methodRoutes map[string]EventFunc

// methodsOf finds the methods `HandleTaskCompleted(context.Context, *Event) error` of a value, for
// `task.completed`, and `HandleEvent` for what has none of its own. It fails for one of another form.
func methodsOf(value any) (methodRoutes, error) {
	found := methodRoutes{}
	reflected := reflect.ValueOf(value)
	if !reflected.IsValid() {
		return nil, fmt.Errorf("nil handles no events")
	}
	for i := 0; i < reflected.NumMethod(); i++ {
		name := reflected.Type().Method(i).Name
		if !strings.HasPrefix(name, "Handle") || name == "Handle" {
			continue
		}
		method, ok := reflected.Method(i).Interface().(func(context.Context, *Event) error)
		if !ok {
			return nil, fmt.Errorf("%T.%s must be a func(context.Context, *tasker.Event) error", value, name)
		}
		found[name] = method
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%T has no method such as HandleTaskCompleted", value)
	}
	return found, nil
}

// methodName makes HandleTaskStartRequested of `task.start_requested`.
func methodName(event string) string {
	name := strings.Builder{}
	name.WriteString("Handle")
	for _, word := range strings.FieldsFunc(event, func(r rune) bool { return r == '.' || r == '_' || r == '-' }) {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String()
}

// of gives the methods for an event.
func (m methodRoutes) of(event string) []EventFunc {
	var found []EventFunc
	names := []string{event}
	if alias, ok := eventAliases[event]; ok {
		names = append(names, alias)
	}
	for _, name := range names {
		if method, ok := m[methodName(name)]; ok {
			found = append(found, method)
		}
	}
	if method, ok := m["HandleEvent"]; ok && len(found) == 0 {
		found = append(found, method)
	}
	return found
}

// isolate calls a function; a panic becomes an error.
func isolate(ctx context.Context, handle EventFunc, event *Event) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value: value, stack: string(debug.Stack())}
		}
	}()
	return handle(ctx, event)
}
