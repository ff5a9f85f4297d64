// Command terraform-provider-knative serves the Terraform provider for Knative.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/knative-provider/terraform-provider-knative/provider"
)

// version is set when a release is built.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger: print TF_REATTACH_PROVIDERS and wait")
	flag.Parse()
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: "registry.terraform.io/knative-provider/knative",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
