# Event gateway: as many Pods as events in flight, each event alone in its Pod, and no Pod without one. Events are sent to the address
# in the policy's status: kubectl get scalingpolicy render -o jsonpath={.status.eventAddress}
resource "knative_scaling_policy" "render" {
  name = "render"
  max  = 50

  target {
    kind = "Service"
    name = "render"
  }

  event {
    max_queue = 500
    timeout   = "5m"
    idle_time = "1m"
  }
}
