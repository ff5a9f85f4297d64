resource "knative_service" "hello" {
  name = "hello"

  template {
    name = "hello-v1"

    containers {
      image = "ghcr.io/knative/helloworld-go:latest"

      env {
        name  = "TARGET"
        value = "hello-v1"
      }
    }
  }
}

# To ship v2 as a canary, change the template and its name to hello-v2, and split:
#
#   traffic {
#     revision_name = "hello-v1"
#     percent       = 70
#     tag           = "stable"
#   }
#   traffic {
#     revision_name = "hello-v2"
#     percent       = 30
#     tag           = "canary"
#   }
resource "knative_traffic_split" "hello" {
  service = knative_service.hello.name

  traffic {
    revision_name = "hello-v1"
    percent       = 100
    tag           = "stable"
  }
}

output "stable_url" {
  value = knative_traffic_split.hello.tag_urls["stable"]
}
