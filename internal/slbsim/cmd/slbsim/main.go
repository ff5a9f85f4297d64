// Command slbsim serves the emulator of Alibaba Cloud's load balancers on loopback, for demos and for tests in another process.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9180", "where the APIs and /_sim/ are; everything else is on loopback too")
	region := flag.String("region", "cn-hangzhou", "the region to be")
	id := flag.String("access-key-id", "sim", "the key that may call")
	secret := flag.String("access-key-secret", "sim", "its secret")
	jobs := flag.Duration("jobs", 500*time.Millisecond, "how long an asynchronous job takes")
	second := flag.Duration("second", time.Second, "how long a second of health checks, drains and request timeouts takes")
	seed := flag.Uint64("seed", 0, "of names and chances")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := serve(ctx, *listen, slbsim.Options{
		Region: *region, Jobs: *jobs, Second: *second, Seed: *seed, Keys: []wire.Key{{ID: *id, Secret: *secret}},
	})
	if err != nil {
		log.Fatal("slbsim: ", err) //nolint:gocritic // the signal handler ends with the process
	}
}

// serve answers until the context ends.
func serve(ctx context.Context, address string, o slbsim.Options) error {
	sim := slbsim.New(o)
	defer sim.Close()
	server := &http.Server{
		Addr: address, Handler: sim, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	log.Printf("slbsim: the APIs are at http://%s, the state at http://%s/_sim/", address, address)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
