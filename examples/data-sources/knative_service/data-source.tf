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

# Whoever did not make the Service writes its name: name = "hello".
data "knative_service" "hello" {
  name = knative_service.hello.name
}

output "url" {
  value = data.knative_service.hello.url
}

output "image" {
  value = data.knative_service.hello.template.containers[0].image
}
