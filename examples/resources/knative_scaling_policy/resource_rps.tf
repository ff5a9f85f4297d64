# KPA by requests a second: a Pod for each 100. Short requests are counted better so than by how many are there at once.
resource "knative_scaling_policy" "search" {
  name = "search"
  max  = 30

  target {
    kind = "Service"
    name = "search"
  }

  metric {
    type   = "rps"
    target = 100
  }
}
