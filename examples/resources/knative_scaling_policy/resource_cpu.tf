# HPA: by the CPU of its Pods, on a plain Deployment. An HPA keeps at least one Pod.
resource "knative_scaling_policy" "worker" {
  name = "worker"
  min  = 2
  max  = 20

  target {
    kind = "Deployment"
    name = "worker"
  }

  metric {
    type   = "cpu"
    target = 60 # percent of the CPU that a Pod requests
  }
}
