variable "prometheus_token" {
  type      = string
  default   = ""
  sensitive = true
}

resource "knative_service" "shop" {
  name = "shop"

  template {
    name = "shop-v1"

    containers {
      image = "ghcr.io/knative/helloworld-go:latest"

      env {
        name  = "TARGET"
        value = "shop-v1"
      }
    }
  }
}

# In steps, through gates. To ship v2, change the template and its name to shop-v2, and let it get everything in the end:
#
#   traffic {
#     revision_name = "shop-v1"
#     percent       = 0
#     tag           = "stable"
#   }
#   traffic {
#     revision_name = "shop-v2"
#     percent       = 100
#     tag           = "canary"
#   }
#
# It then gets 0 % with a URL of its own, 10 %, 50 %, and after the gates of the last step everything. A gate that fails
# brings all requests back to shop-v1. To roll back later, write the traffic block below again: that takes no steps.
resource "knative_traffic_split" "shop" {
  service = knative_service.shop.name

  traffic {
    revision_name = "shop-v1"
    percent       = 100
    tag           = "stable"
  }

  progress {
    step {
      percent = 0
    }
    step {
      percent = 10
      pause   = "5m"
    }
    step {
      percent = 50
      pause   = "10m"
    }

    # The canary itself answers, five times out of five.
    gate {
      name  = "canary answers"
      count = 5

      http {
        tag  = "canary"
        path = "/"
      }
    }

    # Of three looks, one may find more than 1 % of errors.
    gate {
      name          = "error rate"
      count         = 3
      failure_limit = 1
      interval      = "30s"

      prometheus {
        address = "https://prometheus.example.com"
        query   = <<-EOT
          (sum(rate(http_requests_total{revision="shop-v2", code=~"5.."}[2m])) or vector(0))
            / sum(rate(http_requests_total{revision="shop-v2"}[2m]))
        EOT
        max     = 0.01
        headers = { Authorization = "Bearer ${var.prometheus_token}" }
      }
    }
  }
}
