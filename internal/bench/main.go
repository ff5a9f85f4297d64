// Command bench measures the provider on the bed, with the real CLI: side by side with the CLI's own floor and with another
// provider. `make bench` runs it with all that it needs; docs/benchmarks.md holds a run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

func main() {
	debug.SetGCPercent(400) // what is collected here is measured as the time of others: there are two cores
	sizes := flag.String("n", "500,1000", "how many Services to plan, a list")
	only := flag.String("only", "plan,apply,ready,rollback,admission,crowd,events,scaling,slb", "which of the measurements")
	address := flag.String("allow-all", "", "be the handler that does nothing, at this address")
	certificates := flag.String("certificates", "", "where its certificate is")
	flag.Parse()
	if *address != "" {
		fmt.Fprintln(os.Stderr, "bench:", allowAll(*address, *certificates))
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, strings.Split(*sizes, ","), strings.Split(*only, ","))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, sizes, only []string) error {
	if slices.Equal(only, []string{"slb"}) { // it needs no cluster
		return measureSLB(ctx)
	}
	cluster, err := testenv.Connect(ctx)
	if err != nil {
		return err
	}
	fmt.Println(machine(ctx))
	for _, what := range only {
		switch what {
		case "plan":
			for _, size := range sizes {
				n, err := strconv.Atoi(size)
				if err != nil {
					return err
				}
				if err := withoutController(ctx, cluster, func() error { return comparePlans(ctx, cluster, n) }); err != nil {
					return fmt.Errorf("plan of %d: %w", n, err)
				}
			}
		case "apply":
			err = withoutController(ctx, cluster, func() error { return compareApplies(ctx, cluster, 100) })
		case "ready":
			err = withoutController(ctx, cluster, func() error { return measureReady(ctx, cluster, 100) })
		case "rollback":
			err = measureRollback(ctx, cluster, 5)
		case "admission":
			err = withoutController(ctx, cluster, func() error { return measureAdmission(ctx, cluster) })
		case "crowd":
			err = measureCrowd(ctx, cluster)
		case "events":
			err = measureEvents(ctx, cluster, []int{1, 5, 20, 50})
		case "scaling":
			err = measurePolicies(ctx, cluster)
		case "slb":
			err = measureSLB(ctx)
		default:
			err = fmt.Errorf("there is no measurement of that name")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
