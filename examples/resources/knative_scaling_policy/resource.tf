# Schedule + HPA: as many Pods as the CPU asks for, and on weekdays from 8 to 20 at least ten of them. The larger counts: at 20 by
# CPU there are 20, at 2 by CPU there are 10, and after 20:00 there are 2. Pods for the morning are there at 8:00, not on their way.
resource "knative_scaling_policy" "shop" {
  name = "shop"
  min  = 1
  max  = 50

  target {
    kind = "Service"
    name = "shop"
  }

  metric {
    type   = "cpu"
    target = 70 # percent of the CPU that a Pod requests
  }

  schedules {
    name           = "office hours"
    start          = "0 8 * * MON-FRI"
    end            = "0 20 * * MON-FRI"
    time_zone      = "Asia/Shanghai"
    replicas       = 10
    lead_time      = "2m"
    excluded_dates = ["2026-10-01", "2026-10-02"]
  }

  schedules {
    name      = "double eleven"
    time_zone = "Asia/Shanghai"
    replicas  = 40

    one_offs {
      start = "2026-11-10T20:00"
      end   = "2026-11-12T00:00"
    }
  }
}
