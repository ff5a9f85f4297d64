package testenv

import (
	"fmt"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// GuardCloud is the environment of a guard whose cloud is an emulator that answers at a URL. The addresses of the bed's Pods belong to an
// interface in it from now on, as Terway has them: many to an interface.
func GuardCloud(sim *slbsim.Sim, url string) []string {
	pods := slbsim.Interface{ID: "eni-pods"}
	for i := 2; i < 255; i++ {
		pods.IPs = append(pods.IPs, fmt.Sprintf("10.244.0.%d", i))
	}
	sim.PutInterface(pods)
	env := []string{"ALIBABA_CLOUD_ACCESS_KEY_ID=sim", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=sim", "ALIBABA_CLOUD_REGION=cn-hangzhou"}
	for _, name := range cloud.Products() {
		env = append(env, strings.ToUpper(name)+"_ENDPOINT="+url)
	}
	return env
}
