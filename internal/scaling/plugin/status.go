package plugin

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// slack is how long a policy's status may be behind in what nobody waits for: a value that moves all the time is not worth a write
// each time.
const slack = time.Minute

// Due says whether what plugins last said is to be written over what a policy's status has, and if not yet, when; zero is not at all.
//
//	what differs                                     written
//	a plugin is new, gone, went bad or came back     at once
//	a floor                                          at once
//	a value, or the words of a problem               a minute after the last answer that was written
//	only when it was heard                           after half of its keepLast, and a minute at least: so that a guard which
//	                                                 starts anew knows what still counts
func Due(written, now []v1alpha1.PluginStatus, plugins []v1alpha1.ScalingPlugin, at time.Time) (due bool, in time.Duration) {
	if len(written) != len(now) {
		return true, 0
	}
	for i := range now {
		was, is := &written[i], &now[i]
		if was.Name != is.Name || was.Replicas != is.Replicas || (was.Problem == "") != (is.Problem == "") || (was.LastAnswer == nil) != (is.LastAnswer == nil) {
			return true, 0
		}
		if is.LastAnswer == nil || equality.Semantic.DeepEqual(was, is) {
			continue
		}
		wait := slack
		if was.Value == is.Value && was.Problem == is.Problem {
			wait = max(slack, keepLastOf(plugins, is.Name)/2)
		}
		left := was.LastAnswer.Add(wait).Sub(at)
		if left <= 0 {
			return true, 0
		}
		if in == 0 || left < in {
			in = left
		}
	}
	return false, in
}

func keepLastOf(plugins []v1alpha1.ScalingPlugin, name string) time.Duration {
	if i := slices.IndexFunc(plugins, func(p v1alpha1.ScalingPlugin) bool { return p.Name == name }); i >= 0 {
		return spanOf(plugins[i].KeepLast, defaultKeepLast)
	}
	return defaultKeepLast
}
