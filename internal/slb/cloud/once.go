package cloud

import "context"

// Once makes something by a call that takes no ClientToken. Where the reply of create is lost, or it did not go through for a reason
// that may pass, find looks whether it is there before it is made again; find gives an empty ID for what is not there.
func Once(ctx context.Context, find, create func(context.Context) (id string, err error)) (string, error) {
	const most = 5
	for tries := 1; ; tries++ {
		id, err := create(ctx)
		if err == nil || KindOf(err) != Lost || ctx.Err() != nil || tries == most {
			return id, err
		}
		if id, err := find(ctx); err != nil || id != "" {
			return id, err
		}
	}
}
