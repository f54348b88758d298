package tasker

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// CursorStore keeps how far a subscriber has come, so that it goes on there after a restart.
type CursorStore interface {
	// Load gives the cursor; empty: there is none yet.
	Load(ctx context.Context) (string, error)
	// Save replaces it.
	Save(ctx context.Context, cursor string) error
}

// MemoryCursorStore keeps the cursor as long as the process lives. Its zero value is ready for use, and safe
// for use by several goroutines.
type MemoryCursorStore struct {
	mutex  sync.Mutex
	cursor string
}

// Load gives the cursor.
func (s *MemoryCursorStore) Load(context.Context) (string, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.cursor, nil
}

// Save replaces it.
func (s *MemoryCursorStore) Save(_ context.Context, cursor string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.cursor = cursor
	return nil
}

// FileCursorStore keeps the cursor in a file of that name, which is replaced as a whole. One subscriber may
// have it.
type FileCursorStore string

// Load reads the file; one that is not there is no error.
func (s FileCursorStore) Load(context.Context) (string, error) {
	data, err := os.ReadFile(string(s))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(data)), err
}

// Save writes the file anew.
func (s FileCursorStore) Save(_ context.Context, cursor string) error {
	file, err := os.CreateTemp(filepath.Dir(string(s)), filepath.Base(string(s))+".*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(cursor + "\n")
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), string(s))
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return err
}
