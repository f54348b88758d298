package tasker

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Decode reads JSON into v, as encoding/json does, but keeps numbers as they are written: where v has
// no type for them they become json.Number, so that integers of 64 bits survive. Empty data leaves v
// as it is.
func Decode(data []byte, v any) error {
	if len(data) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(v); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind the JSON value")
	}
	return nil
}

// Encode writes v as JSON. It fails for what JSON cannot hold: NaN, infinities, cycles, functions,
// channels.
func Encode(v any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(text.Bytes(), "\n"), nil
}

// encodeObject is Encode for what must be a JSON object; nil is an empty one.
func encodeObject(v any) ([]byte, error) {
	data, err := Encode(v)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(data, []byte("null")) {
		return []byte("{}"), nil
	}
	if data[0] != '{' {
		return nil, fmt.Errorf("%T is no JSON object", v)
	}
	return data, nil
}

// valueOf is the value of a payload, numbers as json.Number; nil if it is empty or no JSON.
func valueOf(data []byte) any {
	var value any
	if Decode(data, &value) != nil {
		return nil
	}
	return value
}

// memberOf is what stands under key in a payload's object; nil where there is nothing.
func memberOf(data []byte, key string) any {
	object, _ := valueOf(data).(map[string]any)
	return object[key]
}
