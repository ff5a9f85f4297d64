package deploy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// most is how many errors are told; a hundred groups that no one may make tell no more than a few of them.
const most = 3

// Join makes one error of many.
func Join(errs []error) error {
	if len(errs) > most {
		return errors.Join(append(slices.Clone(errs[:most]), fmt.Errorf("and %d more errors", len(errs)-most))...)
	}
	return errors.Join(errs...)
}

// LookAgain says whether an error may come of what was known being no more so, so that to read all anew and go on may help.
func LookAgain(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && (e.Kind == cloud.Other || e.Kind == cloud.Conflict || e.Kind == cloud.Gone || e.Kind == cloud.Lost)
}

// Final says whether something was refused for what it is, so that nothing but something else, or more room, helps.
func Final(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && (e.Kind == cloud.Quota || e.Kind == cloud.Other && e.Code != "")
}

// Reason says why a host is left out, and what to do.
func Reason(err error) string {
	e, ok := errors.AsType[*cloud.Error](err)
	if !ok {
		return err.Error()
	}
	if e.Kind != cloud.Quota {
		return fmt.Sprintf("%s refuses it: %s: %s", strings.ToUpper(e.Product.Name), e.Code, e.Message)
	}
	name := e.Quota
	if name == "" {
		name = e.Code
	}
	way := "ask for a larger quota in Alibaba Cloud's Quota Center, use another load balancer for some of the hosts, or serve fewer"
	if strings.Contains(strings.ToLower(name), "server") {
		way += "; a Pod counts once for each rule that leads to it"
	}
	return fmt.Sprintf("the quota %s is used up: %s; %s", name, strings.TrimSuffix(e.Message, "."), way)
}
