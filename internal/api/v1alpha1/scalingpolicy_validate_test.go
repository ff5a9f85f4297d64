package v1alpha1

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestValidateScalingPolicy says of each spec which attribute is wrong, and what is said of it.
func TestValidateScalingPolicy(t *testing.T) {
	n := func(n int32) *int32 { return &n }
	d := func(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }
	service, deployment := ScalingTarget{Kind: TargetService, Name: "hello"}, ScalingTarget{Kind: TargetDeployment, Name: "hello"}
	day := ScalingSchedule{Name: "day", Start: "0 8 * * MON-FRI", End: "0 18 * * MON-FRI", TimeZone: "Asia/Shanghai", Replicas: 3, LeadTime: d(time.Minute), ExcludedDates: []string{"2026-12-24"}}
	sale := ScalingSchedule{Name: "sale", OneOffs: []OneOffWindow{{"2026-11-11T00:00", "2026-11-12T00:00"}}, Replicas: 20}
	with := func(change func(*ScalingPolicySpec)) ScalingPolicySpec {
		s := ScalingPolicySpec{Target: service}
		change(&s)
		return s
	}
	scheduled := func(change func(*ScalingSchedule)) ScalingPolicySpec {
		own := day
		change(&own)
		return ScalingPolicySpec{Target: service, Schedules: []ScalingSchedule{sale, own}}
	}
	metric := func(target ScalingTarget, m MetricType, change func(*ScalingPolicySpec)) ScalingPolicySpec {
		return with(func(s *ScalingPolicySpec) {
			s.Target, s.Metric = target, &ScalingMetric{Type: m, Target: 50}
			change(s)
		})
	}
	none := func(*ScalingPolicySpec) {}
	plugin := func(change func(*ScalingPlugin)) ScalingPolicySpec {
		p := ScalingPlugin{Name: "queue", External: &ExternalScaler{Address: "queue.scalers:9090"}}
		change(&p)
		return ScalingPolicySpec{Target: service, Plugins: []ScalingPlugin{p}}
	}
	prometheus := func(p *ScalingPlugin) {
		p.External, p.Prometheus, p.Target = nil, &PrometheusScaler{Address: "http://prometheus:9090", Query: "up"}, "5"
	}
	for name, tc := range map[string]struct {
		spec  ScalingPolicySpec
		wants []string // of one error each; none where it is valid
	}{
		"a target alone":             {with(none), nil},
		"no kind":                    {with(func(s *ScalingPolicySpec) { s.Target.Kind = "" }), []string{"spec.target.kind"}},
		"no name":                    {with(func(s *ScalingPolicySpec) { s.Target.Name = "" }), []string{"spec.target.name"}},
		"min and max":                {with(func(s *ScalingPolicySpec) { s.Min, s.Max = n(1), n(1) }), nil},
		"min, and no limit":          {with(func(s *ScalingPolicySpec) { s.Min, s.Max = n(5), n(0) }), nil},
		"min above max":              {with(func(s *ScalingPolicySpec) { s.Min, s.Max = n(5), n(4) }), []string{"spec.min: Invalid value: 5: min must not be larger than max, 4"}},
		"min below 0, max too large": {with(func(s *ScalingPolicySpec) { s.Min, s.Max = n(-1), n(10_001) }), []string{"spec.min: Invalid value: -1", "spec.max: Invalid value: 10001"}},

		"schedules":                        {ScalingPolicySpec{Target: service, Schedules: []ScalingSchedule{day, sale}}, nil},
		"an hour of 25":                    {scheduled(func(s *ScalingSchedule) { s.Start = "0 25 * * *" }), []string{`spec.schedules[1].start: Invalid value: Field 2 (hour) of "0 25 * * *" has "25" at column 3`}},
		"a day that never comes":           {scheduled(func(s *ScalingSchedule) { s.Start = "0 0 31 2 *" }), []string{"never fires"}},
		"a zone that is none":              {scheduled(func(s *ScalingSchedule) { s.TimeZone = "Beijing" }), []string{`spec.schedules[1].timeZone: Invalid value: "Beijing" is no time zone`}},
		"both an end and a duration":       {scheduled(func(s *ScalingSchedule) { s.Duration = d(time.Hour) }), []string{"spec.schedules[1].duration"}},
		"no end":                           {scheduled(func(s *ScalingSchedule) { s.End = "" }), []string{"spec.schedules[1].end"}},
		"a lead time of a fraction":        {scheduled(func(s *ScalingSchedule) { s.LeadTime = d(time.Millisecond) }), []string{"spec.schedules[1].leadTime"}},
		"a date that is none":              {scheduled(func(s *ScalingSchedule) { s.ExcludedDates = []string{"2026-02-30"} }), []string{"spec.schedules[1].excludedDates[0]"}},
		"a one-off that ends before":       {scheduled(func(s *ScalingSchedule) { s.OneOffs = []OneOffWindow{{"2026-11-12T00:00", "2026-11-11T00:00"}} }), []string{"spec.schedules[1].oneOffs[0].end"}},
		"a name twice":                     {scheduled(func(s *ScalingSchedule) { s.Name = "sale" }), []string{"spec.schedules[1].name"}},
		"too many replicas":                {scheduled(func(s *ScalingSchedule) { s.Replicas = 10_001 }), []string{"spec.schedules[1].replicas"}},
		"fewer than none":                  {scheduled(func(s *ScalingSchedule) { s.Replicas = -1 }), []string{"spec.schedules[1].replicas"}},
		"a floor above max":                {with(func(s *ScalingPolicySpec) { s.Max, s.Schedules = n(5), []ScalingSchedule{sale} }), nil}, // it is clamped
		"two things wrong in one schedule": {scheduled(func(s *ScalingSchedule) { s.Start, s.TimeZone = "soon", "here" }), []string{"spec.schedules[1].timeZone", "spec.schedules[1].start"}},

		"concurrency":                   {metric(service, Concurrency, none), nil},
		"cpu":                           {metric(service, CPU, none), nil},
		"a metric that is none":         {metric(service, "requests", none), []string{"spec.metric.type"}},
		"a target of 0":                 {metric(service, RPS, func(s *ScalingPolicySpec) { s.Metric.Target = 0 }), []string{"spec.metric.target"}},
		"cpu of a Deployment":           {metric(deployment, CPU, func(s *ScalingPolicySpec) { s.Max = n(5) }), nil},
		"cpu of a Deployment, no max":   {metric(deployment, CPU, none), []string{"spec.max: Required value: cpu on a Deployment is scaled by an HPA"}},
		"memory of a Deployment, max 0": {metric(deployment, Memory, func(s *ScalingPolicySpec) { s.Max = n(0) }), []string{"spec.max"}},
		"rps of a Deployment":           {metric(deployment, RPS, none), nil},
		"rps of a Deployment, to 0":     {metric(deployment, RPS, func(s *ScalingPolicySpec) { s.Min = n(0) }), []string{"spec.min"}},
		"events": {with(func(s *ScalingPolicySpec) {
			s.Event = &EventScaling{MaxQueue: n(0), Timeout: d(time.Second), IdleTime: d(0)}
		}), nil},
		"events and their own metric":     {metric(service, Concurrency, func(s *ScalingPolicySpec) { s.Metric.Target, s.Event = 1, &EventScaling{} }), nil},
		"events and another metric":       {metric(service, CPU, func(s *ScalingPolicySpec) { s.Event = &EventScaling{} }), []string{"spec.metric"}},
		"events of a Deployment":          {with(func(s *ScalingPolicySpec) { s.Target, s.Event = deployment, &EventScaling{} }), []string{"spec.event"}},
		"a queue below 0, and no timeout": {with(func(s *ScalingPolicySpec) { s.Event = &EventScaling{MaxQueue: n(-1), Timeout: d(0)} }), []string{"spec.event.maxQueue", "spec.event.timeout"}},

		"an external scaler": {plugin(func(*ScalingPlugin) {}), nil},
		"one with all its settings": {plugin(func(p *ScalingPlugin) {
			p.Target, p.Interval, p.Timeout, p.Stabilization, p.KeepLast = "0.5", d(time.Second), d(time.Second), d(0), d(0)
		}), nil},
		"an address without a port":    {plugin(func(p *ScalingPlugin) { p.External.Address = "queue" }), []string{"spec.plugins[0].external.address"}},
		"neither":                      {plugin(func(p *ScalingPlugin) { p.External = nil }), []string{"spec.plugins[0]"}},
		"a Prometheus":                 {plugin(prometheus), nil},
		"a Prometheus, and no target":  {plugin(func(p *ScalingPlugin) { prometheus(p); p.Target = "" }), []string{"spec.plugins[0].target: Required"}},
		"a Prometheus without a query": {plugin(func(p *ScalingPlugin) { prometheus(p); p.Prometheus.Query = "" }), []string{"spec.plugins[0].prometheus.query"}},
		"an address that is no URL":    {plugin(func(p *ScalingPlugin) { prometheus(p); p.Prometheus.Address = "prometheus:9090" }), []string{"spec.plugins[0].prometheus.address"}},
		"a target of 0 of a plugin":    {plugin(func(p *ScalingPlugin) { p.Target = "0" }), []string{"spec.plugins[0].target"}},
		"a target that is no quantity": {plugin(func(p *ScalingPlugin) { p.Target = "5 messages" }), []string{"spec.plugins[0].target"}},
		"an interval too short":        {plugin(func(p *ScalingPlugin) { p.Interval = d(time.Millisecond) }), []string{"spec.plugins[0].interval"}},
		"durations below 0":            {plugin(func(p *ScalingPlugin) { p.Stabilization, p.KeepLast = d(-1), d(-1) }), []string{"spec.plugins[0].stabilization", "spec.plugins[0].keepLast"}},
		"two plugins of one name": {with(func(s *ScalingPolicySpec) {
			p := plugin(func(*ScalingPlugin) {}).Plugins[0]
			s.Plugins = []ScalingPlugin{p, p}
		}), []string{"spec.plugins[1].name"}},
	} {
		t.Run(name, func(t *testing.T) {
			errs := tc.spec.Validate()
			if len(errs) != len(tc.wants) {
				t.Fatalf("got %v, want %d errors", errs, len(tc.wants))
			}
			for i, want := range tc.wants {
				if !strings.Contains(errs[i].Error(), want) {
					t.Errorf("got %v, want it to say %q", errs[i], want)
				}
			}
		})
	}
}
