// Command terraform-provider-knative serves the Terraform provider for Knative.
package main

import (
	"flag"
	"log"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/knative-provider/terraform-provider-knative/provider"
)

// version is set when a release is built.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger: print TF_REATTACH_PROVIDERS and wait")
	flag.Parse()
	var opts []tf6server.ServeOpt
	if *debug {
		opts = append(opts, tf6server.WithManagedDebug())
	} else {
		keepQuiet()
	}
	if err := tf6server.Serve("registry.terraform.io/knative-provider/knative", provider.New(version), opts...); err != nil {
		log.Fatal(err)
	}
}

// keepQuiet turns logging off where nobody asked for it. Else every call is traced line by line, and Terraform reads each line
// only to drop it: a fifth of a plan of many resources.
func keepQuiet() {
	for _, v := range os.Environ() {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "TF_LOG") && value != "" {
			return
		}
	}
	for _, logger := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER"} {
		_ = os.Setenv(logger, "off") // at worst, they trace
	}
}
