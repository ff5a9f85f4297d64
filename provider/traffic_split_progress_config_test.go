package provider

import (
	"testing"
)

// What can be known of steps and gates without a cluster is refused without one, at the attribute.
func TestProgressRefusedAtPlan(t *testing.T) {
	split := func(more string) string {
		return config(serviceConfig{Namespace: "default", Name: "hello", Revision: "hello-v1", Image: "example.com/app"},
			splitConfig{Namespace: "default", Service: "hello", Targets: []string{pin("hello-v1", 100)}, More: more})
	}
	steps := func(steps ...string) string { return split(progressConf(steps)) }
	gate := func(lines ...string) string {
		return split(progressConf([]string{"10 0s"}, gateConf(lines...)))
	}
	http := func(lines string) string { return gate("http {\n" + lines + "\n}") }
	prometheus := func(lines string) string { return gate("prometheus {\n" + lines + "\n}") }
	const address = "address = \"http://prometheus:9090\"\n"
	for name, tc := range map[string]struct{ config, says string }{
		"no step":                  {steps(), "progress has no step. Write at least one step block"},
		"percent 101":              {steps("101 0s"), "value must be between 0 and 100, got: 101"},
		"percent -1":               {steps("-1 0s"), "value must be between 0 and 100, got: -1"},
		"steps that go down":       {steps("50 0s", "10 0s"), "progress.step[1].percent: The percent is 10, and that of the step before is 50."},
		"one step twice":           {steps("50 0s", "50 0s"), "Steps go up: write them in ascending order."},
		"a pause of no unit":       {steps("10 5"), `progress.step[0].pause: "5" is written; a span of time such as "90s"`},
		"a negative pause":         {steps("10 -5s"), `"-5s" is written`},
		"pauses beyond the limit":  {split("timeouts {\n create = \"10m\"\n }\n" + progressConf([]string{"10 5m", "50 5m"})), "timeouts.create: The pauses of progress take 10m0s, and the timeout is 10m0s. Let it be 15m0s or more"},
		"steps without waiting":    {split("wait_for_ready = false\n" + progressConf([]string{"10 0s"})), "each step of progress has to be waited for"},
		"on_failure":               {split(progressConf([]string{"10 0s"}, `on_failure = "explode"`)), `value must be one of: ["return" "hold"]`},
		"no question":              {gate(`name = "x"`), "progress.gate[0]: Write an http or a prometheus block into the gate."},
		"two questions":            {gate("http {\n url = \"http://a\"\n }\n prometheus {\n query = \"up\"\n }"), "Write one gate for each."},
		"a gate that cannot fail":  {gate("count = 2\nfailure_limit = 2\nhttp {\n url = \"http://a\"\n }"), "progress.gate[0].failure_limit: It is asked 2 times, and 2 answers may be bad."},
		"two gates of one name":    {split(progressConf([]string{"10 0s"}, gateConf("name = \"a\"\nhttp {\n url = \"http://a\"\n }"), gateConf("name = \"a\"\nhttp {\n url = \"http://a\"\n }"))), `progress.gate[1].name: Another gate is called "a" too.`},
		"asked never":              {gate("count = 0\nhttp {\n url = \"http://a\"\n }"), "value must be between 1 and 1000, got: 0"},
		"neither URL nor tag":      {http(`path = "/"`), "progress.gate[0].http: Write either url, or tag"},
		"both URL and tag":         {http("url = \"http://a\"\ntag = \"b\""), "progress.gate[0].http: Write either url, or tag"},
		"a path beside a URL":      {http("url = \"http://a\"\npath = \"/\""), "Write it into url."},
		"a path that is none":      {http("tag = \"canary\"\npath = \"healthz\""), `The path is "healthz". A path begins with /.`},
		"a URL that is none":       {http(`url = "hello.example.com/x"`), "progress.gate[0].http.url: A URL begins with http:// or https://"},
		"a status that is none":    {http("url = \"http://a\"\nexpect_status = [20]"), "value must be between 100 and 599, got: 20"},
		"a body that is no regexp": {http("url = \"http://a\"\nexpect_body = \"(\""), "progress.gate[0].http.expect_body: error parsing regexp"},
		"a method that writes":     {http("url = \"http://a\"\nmethod = \"DELETE\""), `value must be one of: ["GET" "HEAD"]`},
		"no time to answer":        {http("url = \"http://a\"\ntimeout = \"0s\""), "at least 1ms"},
		"no query":                 {prometheus(address + "max = 1"), "progress.gate[0].prometheus: query is not written"},
		"no address":               {prometheus("query = \"up\"\nmax = 1"), "progress.gate[0].prometheus: address is not written"},
		"no bounds":                {prometheus(address + "query = \"up\""), "Write min, max or both"},
		"bounds the wrong way":     {prometheus(address + "query = \"up\"\nmin = 2\nmax = 1"), "progress.gate[0].prometheus.min: min is 2 and max is 1."},
	} {
		t.Run(name, func(t *testing.T) { refusedAtPlan(t, tc.config, tc.says) })
	}
}
