# KPA by concurrency: a Pod for each 10 requests at once, none while there are none.
resource "knative_scaling_policy" "api" {
  name = "api"
  min  = 0
  max  = 30

  target {
    kind = "Service"
    name = "api"
  }

  metric {
    type   = "concurrency"
    target = 10
  }
}
