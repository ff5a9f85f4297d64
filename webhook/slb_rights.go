package main

import (
	"context"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// allowed says whether the guard may read the Secrets that it is told to, of a namespace or, with "", of all. Else it would wait for
// them without end, and nothing would reach a load balancer meanwhile: no rollback either.
func (b *balancers) allowed(ctx context.Context, c client.Client, namespace string) error {
	if !b.enabled || !b.secrets {
		return nil
	}
	for _, verb := range []string{"list", "watch"} {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: verb, Resource: "secrets"},
		}}
		if err := c.Create(ctx, review); err != nil {
			return fmt.Errorf("-slb-secrets: asking whether the guard may %s Secrets: %w", verb, err)
		}
		if !review.Status.Allowed {
			where := "of all namespaces"
			if namespace != "" {
				where = "of namespace " + namespace
			}
			return fmt.Errorf("-slb-secrets: the guard may not %s the Secrets %s. Let its service account get, list and watch them, as slb.secrets does in its chart, or start it without -slb-secrets: hosts have their listener's certificate then", verb, where)
		}
	}
	return nil
}
