package provider

import (
	"context"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

type keyOfTest struct{}

// TestCallIsLetGo would fail with the framework alone, which keeps the context of each call until the process ends: a plan of 1,000
// Services would hold 40 MB of them.
func TestCallIsLetGo(t *testing.T) {
	t.Parallel()
	s := New("test")()
	validate := func() weak.Pointer[[1024]byte] {
		held := &[1024]byte{}
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), keyOfTest{}, held)) // as plugin-go cancels them
		defer cancel()
		if _, err := s.ValidateDataResourceConfig(ctx, &tfprotov6.ValidateDataResourceConfigRequest{TypeName: "knative_none"}); err != nil {
			t.Fatal(err)
		}
		if ctx.Value(keyOfTest{}) != held {
			t.Fatal("the context has lost its value in the call")
		}
		return weak.Make(held)
	}
	left := validate()
	for range 100 {
		runtime.GC()
		if left.Value() == nil {
			runtime.KeepAlive(s)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("what a call brought stays when the call is over")
	runtime.KeepAlive(s)
}

func TestCall(t *testing.T) {
	t.Parallel()
	at := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(context.WithValue(t.Context(), keyOfTest{}, 1), at)
	defer cancel()
	var failed func() error
	var value func(any) any
	got, err := briefly(ctx, func(ctx context.Context, n int) (int, error) {
		failed, value = ctx.Err, ctx.Value
		if deadline, ok := ctx.Deadline(); !ok || !deadline.Equal(at) || ctx.Value(keyOfTest{}) != 1 || ctx.Err() != nil {
			t.Errorf("a call has another context: %v", ctx)
		}
		child, stop := context.WithCancel(ctx)
		defer stop()
		cancel()
		<-child.Done()
		return n + 1, ctx.Err()
	}, 1)
	if got != 2 || err != context.Canceled { //nolint:errorlint // the very one
		t.Errorf("got %d, %v", got, err)
	}
	if failed() == nil || value(keyOfTest{}) != nil {
		t.Errorf("a call that is over goes on: %v", value(keyOfTest{}))
	}
}
