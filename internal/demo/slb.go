package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

var slbStory = []step{
	{"Terraform makes an ALB and binds it, and v1 takes all requests", "v1", map[string]int{"v1": 100}},
	{"v2 ships as a canary: 30 % of the requests", "v2", map[string]int{"v1": 70, "v2": 30}},
	{"v2 was not so good: rollback", "v2", map[string]int{"v1": 100}},
}

// slb plays a canary behind a load balancer of Alibaba Cloud, whose emulator forwards real requests to the Pods of each Revision. It has
// a namespace and a guard of its own, for the emulator ends with the demo.
func slb(ctx context.Context, t *theater) (err error) {
	if !t.OnBed {
		fmt.Println("the emulated load balancer reaches the Pods of the bed only, so this act is left out")
		return nil
	}
	if err := t.GuardCRDs(ctx); err != nil {
		return err
	}
	ns, remove, err := t.Namespace(ctx, namespace+"-slb-")
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "knative-demo-slb-")
	if err != nil {
		return err
	}
	sim := slbsim.New(slbsim.Options{})
	server := httptest.NewServer(sim)
	env := testenv.GuardCloud(sim, server.URL)
	guard := t.NewGuard(ns, work)
	guard.Env = env
	defer func() {
		ctx := context.WithoutCancel(ctx)
		err = errors.Join(err, guard.Stop(ctx), remove(ctx), os.RemoveAll(work))
		server.Close()
		sim.Close()
	}()
	headline("An emulated cloud answers at %s (its state: %[1]s/_sim/), and a guard looks after namespace %s", server.URL, ns)
	if err := guard.Start(ctx); err != nil {
		return err
	}
	tf, err := slbStage(ctx, t.Cluster, filepath.Join(work, "terraform"), ns, env)
	if err != nil {
		return err
	}
	tf.ingress = func() (string, error) {
		id, err := tf.output(ctx, "load_balancer_id")
		return sim.Endpoint(id, 80), err
	}
	for _, s := range slbStory {
		if _, err := tell(ctx, tf, s); err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
	}
	headline("All of it is destroyed, and nothing is left in the cloud")
	if err := tf.Show(ctx, "destroy", "-auto-approve"); err != nil {
		return err
	}
	if left := sim.Resources(); len(left) > 0 {
		return fmt.Errorf("left in the cloud: %+v", left)
	}
	fmt.Println("the emulated cloud is empty")
	return nil
}

// slbStage prepares examples/slb-canary in the emulator's VPC.
func slbStage(ctx context.Context, c *testenv.Cluster, dir, ns string, env []string) (*stage, error) {
	vswitches, err := json.Marshal(map[string]string{"cn-hangzhou-a": slbsim.VSwitchA, "cn-hangzhou-b": slbsim.VSwitchB})
	if err != nil {
		return nil, err
	}
	variables := append([]string{"TF_VAR_vpc_id=" + slbsim.FirstVPC, "TF_VAR_vswitches=" + string(vswitches), "TF_VAR_guard=" + ns}, env...)
	return prepare(ctx, c, dir, "examples/slb-canary/main.tf", ns, variables...)
}
