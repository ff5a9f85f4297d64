resource "knative_service" "hello" {
  name = "hello"

  template {
    containers {
      image = "ghcr.io/knative/helloworld-go:latest"

      env {
        name  = "TARGET"
        value = "hello"
      }
    }
  }
}

data "knative_revisions" "ready" {
  service = knative_service.hello.name
  ready   = true
}

# The newest Revision that is Ready, and the images of each.
output "newest" {
  value = data.knative_revisions.ready.names[0]
}

output "images" {
  value = { for r in data.knative_revisions.ready.revisions : r.name => r.images[*].digest }
}
