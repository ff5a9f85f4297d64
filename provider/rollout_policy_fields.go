package provider

import "github.com/knative-provider/terraform-provider-knative/internal/fields"

// policyField is a RolloutPolicy as it is applied. The API's levels metadata and spec are left out; all other names are the
// API's in snake_case. What v1alpha1's Validate checks is left to it.
var policyField = fields.Compile(fields.Field{Kind: fields.Object, Fields: []fields.Field{
	metadataOf("policy"),
	{Key: "spec", Kind: fields.Object, Fields: []fields.Field{
		{Name: "selector", Key: "selector", Kind: fields.Object, Fields: selectorFields,
			Doc: "Which Services of the namespace the policy governs, by their labels. Left out or empty, it governs all of them: so it is when whoever may change a Service must not be able to leave the policy with a label."},
		{Name: "enforcement", Key: "enforcement", Doc: "What happens to a change that breaks a rule: `Enforce` refuses it (default), `Warn` lets it in with a warning to whoever makes it, `Audit` lets it in and writes it down."},
		{Name: "require_ready", Key: "requireReady", Kind: fields.Bool, Doc: "Rule target-ready: a Revision that is not Ready gets no larger share of requests."},
		{Name: "max_step_percent", Key: "maxStepPercent", Kind: fields.Int, Doc: "Rule max-step: how many percent of all requests one change may move to Revisions that are not stable, 1–100. A changed template under `latest_revision = true` counts as a step of the new Revision from 0."},
		wholeSpan("min_step_interval", "minStepInterval", "Rule step-interval: the shortest time between two forward steps, for example `10m` or `1h30m`, in whole seconds."),
		wholeSpan("bake_time", "bakeTime", "Rule bake: how long a Revision must have had a part of the requests before it may have all of them, for example `1h`, in whole seconds. A Revision that then has all of them for as long is the stable one."),
		{Name: "freeze", Key: "freeze", Kind: fields.List, MergeKey: "name", Elem: &fields.Field{Kind: fields.Object, Fields: freezeFields}, ListValidators: atMostItems(32),
			Doc: "Rule freeze: a window of time in which no forward step is allowed: one that comes back (`schedule`, `duration` and `time_zone`), or a single one (`from` and `to`). At most 32. Windows of other names that others add, with kubectl in an emergency, are left alone."},
		{Name: "keep_rollback_target", Key: "keepRollbackTarget", Kind: fields.Bool, Doc: "Rule keep-rollback-target: no forward step while there is no Ready stable Revision to go back to."},
		{Name: "no_return", Key: "noReturn", Kind: fields.Bool, Doc: "Rule no-return: a Revision that was rolled back from gets no requests again."},
		{Name: "protect_from_deletion", Key: "protectFromDeletion", Kind: fields.Bool, Doc: "Rule deletion: the Services may not be deleted. Deleting their namespace is not held up."},
	}},
}})

var selectorFields = []fields.Field{
	{Name: "match_labels", Key: "matchLabels", Kind: fields.Map, Elem: &fields.Field{}, Doc: "Labels that a Service must have, all of them."},
	{Name: "match_expressions", Key: "matchExpressions", Kind: fields.List, Elem: &fields.Field{Kind: fields.Object, Fields: []fields.Field{
		{Name: "key", Key: "key", Required: true, Doc: "The label's key."},
		{Name: "operator", Key: "operator", Required: true, Doc: "`In`, `NotIn`, `Exists` or `DoesNotExist`."},
		{Name: "values", Key: "values", Kind: fields.List, Elem: &fields.Field{}, Doc: "The values of `In` and `NotIn`; none with the others."},
	}}, Doc: "What else a Service's labels must be like, all of it."},
}

var freezeFields = []fields.Field{
	{Name: "name", Key: "name", Required: true, Doc: "What the freeze is called in messages, 1–63 characters.", Validators: atMost(63)},
	{Name: "schedule", Key: "schedule", Doc: "When the window starts: minute, hour, day of month, month and day of week, as in crontab(5). `0 18 * * FRI` is every Friday at 18:00.", Validators: atMost(100)},
	wholeSpan("duration", "duration", "How long a window with a `schedule` lasts, from `1m` to `8784h` (366 days): `62h` from Friday 18:00 is Monday 08:00, an hour off when clocks change in between."),
	{Name: "time_zone", Key: "timeZone", Doc: "Whose clock `schedule` goes by: a name of the IANA data base, for example `Asia/Shanghai`. Default: UTC.", Validators: atMost(64)},
	moment("from", "The first moment of a single window, with its offset: `2026-12-24T18:00:00+08:00`."),
	moment("to", "The first moment after a single window, with its offset."),
}
