# How many Pods the Service has: by its requests, and at least so many while a window is open.
variable "windows" {
  description = "Times with a floor."
  type        = list(object({ start = string, end = string, replicas = number }))
  default     = []
}

resource "knative_scaling_policy" "hello" {
  name = "hello"
  min  = 1
  max  = 5

  target {
    kind = "Service"
    name = knative_service.hello.name
  }

  metric {
    type   = "concurrency"
    target = 1
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
