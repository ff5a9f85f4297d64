# Whoever moves traffic in this namespace, and with whatever tool, does it in steps of at most 20 %, ten minutes apart; a Revision
# bakes for an hour before it gets everything. A rollback is never held up.
resource "knative_rollout_policy" "careful" {
  name = "careful"

  require_ready        = true
  max_step_percent     = 20
  min_step_interval    = "10m"
  bake_time            = "1h"
  keep_rollback_target = true
  no_return            = true

  # Nothing moves forward from Friday evening to Monday morning.
  freeze {
    name      = "weekend"
    schedule  = "0 18 * * FRI"
    duration  = "62h"
    time_zone = "Asia/Shanghai"
  }

  # Nor during the sale.
  freeze {
    name = "double eleven"
    from = "2026-11-10T00:00:00+08:00"
    to   = "2026-11-12T00:00:00+08:00"
  }
}

# Services with this label cannot be deleted.
resource "knative_rollout_policy" "payment" {
  name                  = "payment"
  protect_from_deletion = true

  selector {
    match_labels = { tier = "payment" }
  }
}
