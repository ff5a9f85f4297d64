# A Service with nothing to do: one request at a time to a Pod, and no Pod without one.
variable "event_gateway" {
  description = "Whether events come by the gateway."
  type        = bool
  default     = false
}

resource "knative_service" "work" {
  name = "work"

  template {
    container_concurrency = 1

    containers {
      image = var.image
    }

    scaling {
      max_scale = 5
      window    = "6s"
    }
  }
}

resource "knative_scaling_policy" "work" {
  count = var.event_gateway ? 1 : 0

  name = "work"
  max  = 20

  target {
    kind = "Service"
    name = knative_service.work.name
  }

  event {
    idle_time = "10s"
  }
}

output "work_url" {
  value = knative_service.work.url
}
