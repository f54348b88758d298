package taskerpb

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What is checked in here has to be what the contract gives.
func TestTheGeneratedCodeIsThatOfTheProtos(t *testing.T) {
	fresh := t.TempDir()
	if output, err := exec.Command("../generate", fresh).CombinedOutput(); err != nil {
		t.Fatalf("clients/go/generate: %v (does clients/go/setup have to run first?)\n%s", err, output)
	}
	want, err := filepath.Glob(filepath.Join(fresh, "*.pb.go"))
	if err != nil || len(want) == 0 {
		t.Fatalf("nothing was generated: %v", err)
	}
	have, err := filepath.Glob("*.pb.go")
	if err != nil || len(have) != len(want) {
		t.Errorf("%d files are checked in, %d generated: run clients/go/generate", len(have), len(want))
	}
	for _, path := range want {
		generated, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := os.ReadFile(filepath.Base(path))
		if err != nil || string(kept) != string(generated) {
			t.Errorf("%s is not what protos/ gives: run clients/go/generate", filepath.Base(path))
		}
	}
}
