# How many Pods a Service has: by its CPU, and at least so many while a window is open.
variable "windows" {
  description = "Times with a floor."
  type        = list(object({ start = string, end = string, replicas = number }))
  default     = []
}

resource "knative_service" "shop" {
  name = "shop"

  template {
    containers {
      image = var.image

      resources {
        requests = { cpu = "50m" }
      }
    }

    scaling {
      class  = "hpa.autoscaling.knative.dev"
      metric = "cpu"
    }
  }
}

resource "knative_scaling_policy" "shop" {
  name = "shop"
  min  = 1
  max  = 5

  target {
    kind = "Service"
    name = knative_service.shop.name
  }

  metric {
    type   = "cpu"
    target = 50
  }

  dynamic "schedules" {
    for_each = var.windows

    content {
      name     = "sale"
      replicas = schedules.value.replicas

      one_offs {
        start = schedules.value.start
        end   = schedules.value.end
      }
    }
  }
}

output "shop_url" {
  value = knative_service.shop.url
}
