package cloud

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// backoff is how long to wait between tries: a pause, twice as long each time, and at most twenty times as long.
func backoff(pause time.Duration) wait.Backoff {
	return wait.Backoff{Duration: pause, Factor: 2, Jitter: 0.5, Steps: 64, Cap: 20 * pause}
}

// wayBusy are the codes that say: not now, something is under way ("Error codes" of ALB and CLB).
var wayBusy = []string{
	// ALB
	"SystemBusy", "IdempotenceProcessing", "IncorrectStatus.", "IncorrectBusinessStatus.", "ResourceInConfiguring.", "ResourceInUse.ServerGroup",
	"VipStatusNotSupport", "Conflict.Lock",
	// CLB
	"ServiceIsConfiguring", "BackendServer.configuring", "OperationFailed.ListenerStatusNotSupport", "VServerGroupProcessing",
	"ServiceIsStopping", "RspoolVipExist", "OperationBusy", "ObtainIpFail", "OperationFailed.TokenIsProcessing", "OperationConflict",
	"LastTokenProcessing",
}

func busy(code string) bool {
	return slices.ContainsFunc(wayBusy, func(prefix string) bool { return strings.HasPrefix(code, prefix) })
}

// verdict is what to do about a try that failed.
type verdict int

const (
	giveUp verdict = iota
	again          // it was not carried out, or can be carried out twice
	lost           // it may have been carried out, and cannot be twice
)

// judge decides about a try. Status 0 is no answer at all.
//
//	answer                               the call can be sent twice  it cannot
//	it was not sent: no key, no time     give up                     give up
//	none, or 5xx                         again                       lost
//	refused: too often, or busy          again                       again
//	refused: its nonce was used          again                       lost: something between sent it twice
//	refused for anything else            give up                     give up
func judge(e *Error, twice bool) verdict {
	switch {
	case e.unsent:
		return giveUp
	case e.Kind == Throttled, busy(e.Code):
		return again
	case e.Status == 0 || e.Status >= 500 || e.Kind == Unavailable || e.Code == "SignatureNonceUsed":
		if twice {
			return again
		}
		return lost
	}
	return giveUp
}

// reads says whether an action changes nothing.
func reads(action string) bool { return begins(action, "Describe", "List", "Get", "Query") }

// idempotent says whether a write that takes no ClientToken leaves the same when it is sent twice. What is deleted twice is gone
// the second time, which the caller has to expect.
func idempotent(action string) bool {
	return begins(action, "Delete", "Set", "Tag", "Untag", "UnTag", "AssumeRole")
}

// takesToken says whether an action takes a ClientToken: all of ALB's writes but those of tags; of CLB's only CreateLoadBalancer.
func takesToken(p Product, action string) bool {
	switch p.Name {
	case ALB.Name:
		return !reads(action) && !begins(action, "Tag", "UnTag")
	case CLB.Name:
		return action == "CreateLoadBalancer"
	}
	return false
}

func begins(action string, with ...string) bool {
	return slices.ContainsFunc(with, func(prefix string) bool { return strings.HasPrefix(action, prefix) })
}
