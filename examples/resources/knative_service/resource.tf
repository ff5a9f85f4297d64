resource "knative_service" "hello" {
  name = "hello"

  template {
    # A name of its own makes the Revision known at plan. Change it with the template.
    name = "hello-v1"

    container_concurrency = 50
    timeout_seconds       = 60

    containers {
      image = "ghcr.io/knative/helloworld-go:latest"

      env {
        name  = "TARGET"
        value = "hello-v1"
      }

      resources {
        requests = { cpu = "100m", memory = "64Mi" }
        limits   = { memory = "128Mi" }
      }
    }

    scaling {
      min_scale = 1
      max_scale = 10
      metric    = "concurrency"
      target    = 40
    }
  }
}

output "url" {
  value = knative_service.hello.url
}
