package main

import (
	"context"
	_ "embed"
	"fmt"
	"time"
)

//go:embed policy.tf
var policy string

// guard plays what it is to be held to a policy: a jump that Terraform and kubectl are both refused, a step that is allowed, a freeze
// that refuses the next one, and a rollback inside the freeze.
func guard(ctx context.Context, t *theater) error {
	there, err := t.HasGuard(ctx)
	if err != nil {
		return err
	}
	if !there {
		fmt.Println("there is no guard in this cluster, so this act is left out: install webhook/chart with Helm to see it")
		return nil
	}
	headline("A policy: one change moves at most 20 %% of the requests")
	if err := t.tf.add(ctx, "policy.tf", policy); err != nil {
		return err
	}
	if err := t.policyApplies(ctx, nil); err != nil {
		return err
	}

	jump := step{"All requests to v2 at once, by Terraform: refused", "v2", map[string]int{"v2": 100}}
	if err := t.tf.refused(ctx, jump, "Refused by the guard: max-step", "RolloutPolicy careful, rule max-step: This change gives hello-v2 100 % more", "Give hello-v2 20 % now"); err != nil {
		return err
	}
	headline("All requests to v2 at once, by kubectl: refused")
	patch := `{"spec": {"traffic": [{"revisionName": "hello-v2", "percent": 100}]}}`
	if err := t.kubectlRefused(ctx, "RolloutPolicy careful, rule max-step", "patch", "services.serving.knative.dev/hello", "--type=merge", "--patch", patch); err != nil {
		return err
	}
	canary := step{"20 % of the requests to v2: allowed", "v2", map[string]int{"v1": 80, "v2": 20}}
	if _, err := tell(ctx, t.tf, canary); err != nil {
		return err
	}

	headline("A freeze begins: nothing goes forward until it ends")
	now := time.Now().UTC()
	freeze := map[string]string{"name": "peak", "from": now.Add(-time.Hour).Format(time.RFC3339), "to": now.Add(time.Hour).Format(time.RFC3339)}
	if err := t.policyApplies(ctx, freeze); err != nil {
		return err
	}
	further := step{"40 % of the requests to v2, inside the freeze: refused", "v2", map[string]int{"v1": 60, "v2": 40}}
	if err := t.tf.refused(ctx, further, "Refused by the guard: freeze", `The freeze "peak" is on until`); err != nil {
		return err
	}
	rollback := step{"v2 fails, inside the freeze: a rollback passes, whatever it is", "v2", map[string]int{"v1": 100}}
	if _, err := tell(ctx, t.tf, rollback); err != nil {
		return err
	}
	headline("What the guard remembers, and the end of the freeze")
	if err := t.kubectl(ctx, "get", "rolloutpolicies,rolloutrecords"); err != nil {
		return err
	}
	return t.policyApplies(ctx, nil)
}

// policyApplies applies the policy, with a freeze or without one, and waits until the guard decides by it.
func (t *theater) policyApplies(ctx context.Context, freeze map[string]string) error {
	windows := []map[string]string{}
	if freeze != nil {
		windows = append(windows, freeze)
	}
	if err := t.tf.apply(ctx, map[string]any{"freeze": windows}); err != nil {
		return err
	}
	return t.PolicySeen(ctx, namespace, "careful")
}
