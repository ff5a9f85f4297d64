package provider

import "github.com/knative-provider/terraform-provider-knative/internal/fields"

// scalingField is a ScalingPolicy as it is applied. The API's levels metadata and spec are left out; all other names are the API's in
// snake_case. What v1alpha1's Validate checks is left to it.
var scalingField = fields.Compile(fields.Field{Kind: fields.Object, Fields: []fields.Field{
	metadataOf("policy"),
	{Key: "spec", Kind: fields.Object, Fields: []fields.Field{
		{Name: "target", Key: "target", Kind: fields.Object, Fields: targetFields,
			Doc: "Whose Pods the policy counts: a Knative Service or a plain Deployment of the policy's namespace. One policy a target. A change makes a new policy."},
		{Name: "min", Key: "min", Kind: fields.Int, IntValidators: between(0, 10000),
			Doc: "The floor at all times, 0–10000. Left out, what the target itself asks for."},
		{Name: "max", Key: "max", Kind: fields.Int, IntValidators: between(0, 10000),
			Doc: "The most Pods, whatever floors ask for, 0–10000; 0 is no limit. Left out, what the target itself asks for."},
		{Name: "metric", Key: "metric", Kind: fields.Object, Fields: metricFields,
			Doc: "What is scaled by. Left out, what the target itself asks for."},
		{Name: "schedules", Key: "schedules", Kind: fields.List, MergeKey: "name", Elem: &fields.Field{Kind: fields.Object, Fields: scheduleFields}, ListValidators: atMostItems(64),
			Doc: "A floor in windows of time: those that come back (`start` with `end` or `duration`), those that take place once (`one_offs`), or both. Where several hold at once, the largest counts. At most 64. Schedules of other names that others add are left alone."},
		{Name: "event", Key: "event", Kind: fields.Object, Fields: eventFields,
			Doc: "As many Pods as events in flight, each event alone in its Pod: for a Knative Service, whose events are sent to the guard's event gateway, at the address in the policy's status. An empty block is enough."},
		{Name: "plugins", Key: "plugins", Kind: fields.List, MergeKey: "name", Elem: &fields.Field{Kind: fields.Object, Fields: pluginFields}, ListValidators: atMostItems(16),
			Doc: "A metric of somebody else's: ⌈value / target⌉ Pods are a floor. At most 16. Plugins of other names that others add are left alone."},
		{Name: "suspend", Key: "suspend", Kind: fields.Bool, Doc: "Let go of the target, as if the policy were not there, until it is `false` again. Left out, whoever suspends the policy by hand is left alone."},
		{Name: "dry_run", Key: "dryRun", Kind: fields.Bool, Doc: "Work everything out and show it in the policy's status, and write nothing on the target."},
	}},
}})

var targetFields = []fields.Field{
	{Name: "kind", Key: "kind", Required: true, Doc: "`Service`: a Knative Service, whose live Revisions are scaled. `Deployment`: a plain one, of apps/v1.", Validators: oneOf("Service", "Deployment")},
	{Name: "name", Key: "name", Required: true, Doc: "Its name.", Validators: ofLength(1, 253)},
}

var metricFields = []fields.Field{
	{Name: "type", Key: "type", Required: true, Validators: oneOf("concurrency", "rps", "cpu", "memory"),
		Doc: "`concurrency` and `rps`: Knative's autoscaler, the KPA; on a plain Deployment its Pods get a queue-proxy. `cpu` and `memory`: an HPA."},
	{Name: "target", Key: "target", Kind: fields.Int, Required: true, IntValidators: between(1, 1000000),
		Doc: "How much of it a Pod should have, from 1: requests at once, requests a second, percent of the CPU that it requests, or of memory MiB on a Knative Service and percent of its request on a Deployment."},
}

var scheduleFields = []fields.Field{
	{Name: "name", Key: "name", Required: true, Doc: "What the window is called in status and Events, 1–63 characters.", Validators: ofLength(1, 63)},
	{Name: "start", Key: "start", Doc: "When the window starts: minute, hour, day of month, month and day of week, as in crontab(5). `0 8 * * MON-FRI` is each weekday at 8:00.", Validators: ofLength(6, 100)},
	{Name: "end", Key: "end", Doc: "When it ends, in the same form: at the first match after a start.", Validators: ofLength(6, 100)},
	wholeSpan("duration", "duration", "How long it lasts, where it has no `end`: `10h`, `90m`."),
	{Name: "time_zone", Key: "timeZone", Doc: "Whose clock: a name of the IANA data base, for example `Asia/Shanghai`. Default: UTC.", Validators: atMost(64)},
	{Name: "replicas", Key: "replicas", Kind: fields.Int, Required: true, Doc: "The floor in the window, 0–10000.", IntValidators: between(0, 10000)},
	{Name: "excluded_dates", Key: "excludedDates", Kind: fields.List, Elem: &fields.Field{Validators: atMost(10)}, ListValidators: atMostItems(366),
		Doc: "Days of the zone, as `2026-12-24`, on which no window that comes back starts. At most 366."},
	{Name: "one_offs", Key: "oneOffs", Kind: fields.List, Elem: &fields.Field{Kind: fields.Object, Fields: oneOffFields}, ListValidators: atMostItems(366),
		Doc: "Windows that take place once, on the schedule's clock. At most 366."},
	wholeSpan("lead_time", "leadTime", "How long before each start the floor holds already, so that Pods are Ready in time: `2m`."),
}

var oneOffFields = []fields.Field{
	localMoment("start", "The window's first moment on the schedule's clock: `2026-11-11T00:00`."),
	localMoment("end", "The first moment after it."),
}

var eventFields = []fields.Field{
	{Name: "max_queue", Key: "maxQueue", Kind: fields.Int, IntValidators: between(0, 100000),
		Doc: "How many events may wait beyond `max`, before more get a 503 with Retry-After, 0–100000. Default 1000."},
	wholeSpan("timeout", "timeout", "How long an event may take, its wait for a Pod included. Default `10m`."),
	wholeSpan("idle_time", "idleTime", "How long a Pod that is idle is kept for the next event. Default `30s`."),
}
